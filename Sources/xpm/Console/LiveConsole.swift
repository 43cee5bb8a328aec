import Engine
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

    private let tally: RunTally
    private let report = TextReport(style: .standardError)
    private let output = TextReport(style: .standardOutput)
    private let style = Style.standardError
    private let started = Monotonic.seconds
    private let title = Mutex("")
    /// Lines that are to stay, above the view.
    private let drawing = Monitor(Drawing())

    private struct Drawing {
        var pending: [String] = []
        var drawnLines = 0
        var isClosed = false
    }

    init(tally: RunTally) throws(SystemError) {
        self.tally = tally
        try NewThread.start { [self] in
            while !drawing.wait(milliseconds: Self.interval, until: { $0.isClosed }) { draw() }
        }
    }

    func observe(_ event: RunEvent) {
        switch event {
        case .began(let experiment, let run, _): title.withLock { $0 = "\(experiment) \(run)" }
        case .status(let spec, .failed(let outcome)):
            keep(TextReport.line(style.red("failed"), report.name(spec), outcome.text))
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

    private func keep(_ line: String) { drawing.withLock { $0.pending.append(line) } }

    func planned(_ jobs: [PlannedTask]) { StandardStream.output.write(output.planned(jobs)) }

    func close(_ result: RunReport) {
        drawing.change { drawing in
            drawing.isClosed = true
            show([], &drawing)
        }
        StandardStream.error.write(report.failures(result.failures))
        if !result.isUntold { StandardStream.error.write(report.summary(result)) }
        StandardStream.output.write(output.results(result.results))
    }

    private func draw() {
        let lines = view()
        drawing.withLock { drawing in if !drawing.isClosed { show(lines, &drawing) } }
    }

    /// Writes the lines that stay, then the view in place of the last one.
    private func show(_ lines: [String], _ drawing: inout Drawing) {
        let back = drawing.drawnLines > 0 ? "\u{1b}[\(drawing.drawnLines)A\r\u{1b}[J" : ""
        var text = ""
        for line in drawing.pending { text += line + "\n" }
        let width = StandardStream.error.columns - 1
        for line in lines { text += line.cut(to: width) + "\n" }
        drawing.pending = []
        drawing.drawnLines = lines.count
        StandardStream.error.write(bytes: Array(back.utf8))
        if !text.isEmpty { StandardStream.error.write(text) }
    }

    private func view() -> [String] {
        let elapsed = Monotonic.seconds - started
        let (counts, isPlanned, secondsLeft, running, queued) = tally.read { state in
            (
                state.counts, state.isPlanned, state.progress.secondsLeft(at: Monotonic.seconds),
                state.running.values.sorted { $0.since < $1.since }.prefix(Self.mostRunning).map { $0 },
                state.queued.values.prefix(Self.mostRunning).sorted {
                    $0.spec.number.index < $1.spec.number.index
                }
            )
        }
        var parts = ["\(counts.cached + counts.done)/\(counts.submitted)\(isPlanned ? "" : "+") done"]
        if counts.running > 0 { parts.append("\(counts.running) running") }
        if counts.failed > 0 { parts.append(style.red("\(counts.failed) failed")) }
        if counts.blocked > 0 { parts.append(style.yellow("\(counts.blocked) blocked")) }
        if counts.cancelled > 0 { parts.append(style.yellow("\(counts.cancelled) cancelled")) }
        let waiting = counts.waiting - counts.held - counts.ready
        if waiting > 0 { parts.append("\(waiting) waiting") }
        if counts.ready > 0 { parts.append("\(counts.ready) ready") }
        if counts.held > 0 { parts.append(style.yellow("\(counts.held) held")) }
        let worked = counts.done + counts.failed + counts.cancelled
        if worked > 0, elapsed > 0.5 {
            let rate = Double(worked) / elapsed
            parts.append(
                rate >= 1 ? "\(Int(rate.rounded())) jobs/s" : "\(NumberText.duration(1 / rate)) a job")
        }
        if isPlanned, let secondsLeft { parts.append("\(NumberText.duration(secondsLeft)) left") }
        parts.append(NumberText.duration(elapsed))
        var lines = ["\(style.bold(title.withLock { $0 }))  \(parts.joined(separator: " · "))"]
        for job in running {
            var line = "  \(report.name(job.spec))  "
            if let progress = JobEvents.lastProgress(in: job.spec.folder) {
                line += "\(Int((progress.fraction * 100).rounded())) %  "
                if let text = progress.text { line += "\(TextReport.printable(text))  " }
            }
            lines.append(line + style.dim(NumberText.duration(Monotonic.seconds - job.since)))
        }
        if counts.running > running.count {
            lines.append(style.dim("  … \(counts.running - running.count) more"))
        }
        for job in queued {
            lines.append("  \(report.name(job.spec))  \(style.yellow(TextReport.printable(job.reason)))")
        }
        return lines
    }
}
