import Engine
import Inventory
import Model
import Store
import Synchronization
import System
import Text

/// A view on a terminal that is drawn anew ten times a second: counts, rate, time left, and the running jobs.
///
/// A drawing costs as much as the jobs that run, not as those that exist.
final class LiveConsole: Console {
    private static let interval = 100
    private static let mostRunning = 8
    private static let mostFailures = 10
    /// On terminals of fewer columns the tags of a job come before its type.
    private static let narrow = 70

    private let tally: RunTally
    private let report = TextReport(style: .standardError)
    private let output = TextReport(style: .standardOutput)
    private let style = Style.standardError
    private let started: Double
    private let title = Mutex("")
    /// Lines that are to stay, above the view.
    private let drawing = Monitor(Drawing())

    private struct Drawing {
        var pending: [String] = []
        /// The columns of each line of the view that is on the terminal.
        var widths: [Int] = []
        /// How many jobs have failed so far.
        var failures = 0
        var isClosed = false
        /// The run, until it is known what its jobs took before.
        var began: (experiment: String, run: String, folder: String)?
    }

    /// - Parameter started: when the run began, on the clock of `Monotonic`.
    init(tally: RunTally, started: Double = Monotonic.seconds) throws(SystemError) {
        self.tally = tally
        self.started = started
        try NewThread.start { [self] in
            while !drawing.wait(milliseconds: Self.interval, until: { $0.isClosed }) { draw() }
        }
    }

    func observe(_ event: RunEvent) {
        switch event {
        case .began(let experiment, let run, let folder):
            title.withLock { $0 = experiment }
            drawing.withLock { $0.began = (experiment, run, folder) }
        case .status(let spec, .failed(let outcome)): keep(failed: spec, outcome)
        case .retrying(let spec, let outcome):
            keep(TextReport.again(report.name(spec), outcome.text, Int64(outcome.attempt)))
        case .changed(let spec, let change): keep(TextReport.line(change.text, report.name(spec)))
        case .waitingForRelease(let count): keep(style.yellow(TextReport.held(count)))
        case .stopping(let count): keep(style.yellow(StopText.of(count)))
        case .service(let id, let url): keep(TextReport.line("service", style.bold(id), url))
        case .warning(let text): keep("\(style.yellow("warning:")) \(text)")
        default: break
        }
    }

    /// A line for each of the first failures; the view counts them all, and they are told at the end.
    private func keep(failed spec: JobSpec, _ outcome: Outcome) {
        drawing.withLock { drawing in
            drawing.failures += 1
            guard drawing.failures <= Self.mostFailures else { return }
            let name = JobStatus.failed(outcome).name
            drawing.pending.append(
                TextReport.line(
                    outcome.reason == .cancelled ? style.yellow(name) : style.red(name), report.name(spec),
                    outcome.text))
            if drawing.failures == Self.mostFailures {
                drawing.pending.append(style.dim("more of them are counted, and told at the end"))
            }
        }
    }

    private func keep(_ line: String) { drawing.withLock { $0.pending.append(line) } }

    func planned(_ jobs: [PlannedTask]) { StandardStream.output.write(output.planned(jobs)) }

    func close(_ result: RunReport) {
        drawing.change { drawing in
            drawing.isClosed = true
            show([], &drawing)
        }
        let ending = RunEnding(result)
        let isTerminal = StandardStream.output.isTerminal
        if isTerminal { StandardStream.output.write(ending.table ?? output.results(result.results)) }
        StandardStream.error.write(report.failures(result.failures))
        if !result.isUntold { StandardStream.error.write(report.summary(result)) }
        for (index, command) in ending.commands.enumerated() {
            let label = index == 0 ? "next: " : "      "
            StandardStream.error.write(style.dim("\(label)\(command)") + "\n")
        }
        if !isTerminal { StandardStream.output.write(output.results(result.results)) }
    }

    /// Draws no more; what is there stays.
    func leave() { drawing.change { $0.isClosed = true } }

    /// What jobs took in earlier runs: read here, where nobody waits for it.
    private func readEarlier() {
        let began = drawing.withLock { drawing in
            defer { drawing.began = nil }
            return drawing.began
        }
        guard let began else { return }
        let place = Workspace(path: Paths.parent(Paths.parent(Paths.parent(began.folder))))
        let earlier = TaskDurations.beforeRun(began.run, of: began.experiment, in: place)
        tally.expect(earlier)
    }

    private func draw() {
        readEarlier()
        let lines = view()
        drawing.withLock { drawing in if !drawing.isClosed { show(lines, &drawing) } }
    }

    /// Writes the lines that stay, then the view in place of the last one.
    private func show(_ lines: [String], _ drawing: inout Drawing) {
        let columns = max(2, StandardStream.error.columns)
        // A terminal that was made narrower has broken the lines that are there.
        let drawnLines = drawing.widths.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
        let shown = lines.map { $0.cut(to: columns - 1) }
        // Line by line: some terminals keep what a screen held that is cleared in one go.
        var text = drawnLines > 0 ? "\u{1b}[\(drawnLines)A\r" : ""
        for line in drawing.pending + shown {
            text += TerminalText.safe(line, allowsColours: true) + "\u{1b}[K\n"
        }
        let rest = drawnLines - drawing.pending.count - shown.count
        if rest > 0 { text += String(repeating: "\u{1b}[K\n", count: rest) + "\u{1b}[\(rest)A" }
        drawing.pending = []
        drawing.widths = shown.map(\.columns)
        StandardStream.error.write(bytes: Array(text.utf8))
    }

    private func view() -> [String] {
        let elapsed = Monotonic.seconds - started
        let (counts, isPlanned, timeLeft, running, queued) = tally.read { state in
            (
                state.counts, state.isPlanned, state.progress.timeLeft(at: Monotonic.seconds),
                state.running.values.sorted { $0.since < $1.since }.prefix(Self.mostRunning).map { $0 },
                state.queued.values.prefix(Self.mostRunning).sorted {
                    $0.spec.number.index < $1.spec.number.index
                }
            )
        }
        let header = header(counts, isPlanned, isPlanned ? timeLeft : nil, elapsed)
        var lines = ["\(style.bold(title.withLock { $0 }))  \(header.joined(separator: " · "))"]
        for job in running { lines.append(line(job.spec, since: job.since)) }
        if counts.running > running.count {
            lines.append(style.dim("  … \(counts.running - running.count) more"))
        }
        for job in queued {
            lines.append("  \(report.name(job.spec))  \(style.yellow(TextReport.printable(job.reason)))")
        }
        return lines
    }

    /// Counts and times, what matters most first: the end may not fit.
    private func header(
        _ counts: JobCounts, _ isPlanned: Bool, _ timeLeft: TimeLeft?, _ elapsed: Double
    ) -> [String] {
        var parts = ["\(counts.cached + counts.done)/\(counts.submitted)\(isPlanned ? "" : "+") done"]
        if let timeLeft { parts.append(timeLeft.text) }
        if counts.failed > 0 { parts.append(style.red("\(counts.failed) failed")) }
        if counts.running > 0 { parts.append("\(counts.running) running") }
        if counts.blocked > 0 { parts.append(style.yellow("\(counts.blocked) blocked")) }
        if counts.cancelled > 0 { parts.append(style.yellow("\(counts.cancelled) cancelled")) }
        if counts.held > 0 { parts.append(style.yellow("\(counts.held) held")) }
        let waiting = counts.waiting - counts.held - counts.ready
        if waiting > 0 { parts.append("\(waiting) waiting") }
        if counts.ready > 0 { parts.append("\(counts.ready) ready") }
        parts.append(NumberText.duration(elapsed))
        let worked = counts.done + counts.failed + counts.cancelled
        if worked > 0, elapsed > 0.5 {
            let rate = Double(worked) / elapsed
            parts.append(
                rate >= 1 ? "\(Int(rate.rounded())) jobs/s" : "\(NumberText.duration(1 / rate)) a job")
        }
        return parts
    }

    /// A running job: how far and how long, then which.
    private func line(_ spec: JobSpec, since: Double) -> String {
        let time = style.dim(NumberText.duration(Monotonic.seconds - since))
        // What tells it from others comes first where the rest may not fit.
        let isNarrow = StandardStream.error.columns < Self.narrow && !spec.tags.isEmpty
        let tags = isNarrow ? "  \(TextReport.printable(spec.tags))" : ""
        let name =
            isNarrow
            ? report.name(spec.taskID, spec.identifier.short, tags: "") : report.name(spec)
        guard let progress = JobEvents.lastProgress(in: spec.folder) else {
            return "        \(time)\(tags)  \(name)"
        }
        let percent = "\(Int((progress.fraction * 100).rounded())) %"
        let blanks = String(repeating: " ", count: max(0, 6 - percent.count))
        let text = progress.text.map { "  \(TextReport.printable($0))" } ?? ""
        return "\(blanks)\(percent)  \(time)\(tags)\(text)  \(name)"
    }
}
