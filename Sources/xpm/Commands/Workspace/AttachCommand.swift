import ArgumentParser
import Engine
import Inventory
import Store
import System
import Text

struct AttachCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "attach",
        abstract: "Follow a running experiment, wherever it was started.",
        discussion: """
            Shows what the run itself shows, until it is over. Ctrl-C leaves the run alone. The exit code is that of `xpm run`: 0: all done, 1: a job \
            failed, 2: the plan or a required service failed, 130: the run was interrupted or killed. For an experiment that does not run, \
            that of its last run.

            Example:
              xpm run --detach full.yaml && xpm attach iris
            """)

    @Argument(help: "The experiment.", completion: Completion.experiments) var experiment: String
    @OptionGroup var workspace: WorkspaceOptions

    @Flag(help: "The lines of the run's event log, as they are.")
    var json = false

    func run() throws {
        do throws(Failure) {
            let place = try ExperimentFiles.existingWorkspace(workspace, experiment: experiment)
            let signals = try Failure.onDisk { () throws(SystemError) in try Signals() }
            var last: RunRecord?
            // A run that goes on as batch jobs is one after the other.
            while try waitForJob(place, signals) || last == nil {
                let run = try nextRun(place, after: last)
                if run.run == last?.run { break }
                let isTold =
                    json ? try followLog(run, in: place, signals) : try follow(run, in: place, signals)
                last = end(of: run, in: place)
                guard let last else { return }
                if !isTold || last.reason != nil, !json {
                    StandardStream.error.write("\(experiment) \(last.text)\n")
                }
            }
            if let last, last.exitCode != 0 { throw Failure.code(last.exitCode) }
        } catch { throw error.reported() }
    }

    /// Waits while the run is in the queue of a batch system.
    ///
    /// - Returns: whether it has begun; false where it is in no queue.
    /// - Throws: exit code 130 where somebody asks to leave.
    private func waitForJob(_ place: Workspace, _ signals: Signals) throws(Failure) -> Bool {
        var queue = RunQueue(experiment, in: place)
        while !FileLock.isHeld(place.lock(ofExperiment: experiment)) {
            switch queue.look() {
            case .over: return false
            case .waits(let text?): StandardStream.error.write("\(experiment): \(text)\n")
            case .waits: break
            }
            try leaveIfAsked(signals, milliseconds: 500) {}
        }
        return true
    }

    /// The run that goes on, or the last one. The lock is taken a moment before the folder of the run is there.
    private func nextRun(_ place: Workspace, after last: RunRecord?) throws(Failure) -> RunRecord {
        while FileLock.isHeld(place.lock(ofExperiment: experiment)) {
            if let live = RunRecord.all(of: experiment, in: place).last(where: { $0.state == "running" }),
                live.run != last?.run
            {
                return live
            }
            Clock.sleep(milliseconds: 20)
        }
        return try ExperimentsCommand.newestRun(of: experiment, workspace)
    }

    private func end(of run: RunRecord, in place: Workspace) -> RunRecord? {
        RunRecord.all(of: experiment, in: place).last { $0.run == run.run }
    }

    /// Shows the run as it shows itself: a view on a terminal, else lines.
    ///
    /// - Returns: whether its end was told too.
    private func follow(_ run: RunRecord, in place: Workspace, _ signals: Signals) throws(Failure) -> Bool {
        let tally = RunTally()
        let began = run.seconds.map { Monotonic.seconds - max(0, Timestamp.now.seconds - $0) }
        let live =
            StandardStream.error.takesEscapes
            ? try? LiveConsole(tally: tally, started: began ?? Monotonic.seconds) : nil
        let console: any Console = live ?? PlainConsole(isQuiet: false, stream: .output)
        console.observe(.began(experiment: experiment, run: run.run, folder: run.path))
        var follower = RunFollower(run, in: place)
        try untilOver(place, signals) {
            follower.follow { event, ago in
                tally.observe(event, ago: ago)
                console.observe(event)
            }
        } onLeaving: {
            live?.leave()
        }
        guard let live else { return false }
        let end = end(of: run, in: place)
        var report = RunReport(
            end: RunEnd(
                tally.read { $0.counts }, problem: end?.reason, isInterrupted: end?.state == "interrupted"))
        report.seconds = Monotonic.seconds - (began ?? Monotonic.seconds)
        report.place = (experiment, workspace.text)
        report.add(tally, values: follower.values) { live.observe(.warning($0)) }
        live.close(report)
        return true
    }

    private func followLog(
        _ run: RunRecord, in place: Workspace, _ signals: Signals
    ) throws(Failure) -> Bool {
        var events = LineReader("\(run.path)/events.jsonl")
        try untilOver(place, signals) {
            for line in events.read() { StandardStream.output.write(bytes: line + [UInt8(ascii: "\n")]) }
        } onLeaving: {
        }
        return true
    }

    /// Looks again and again until the run is over.
    ///
    /// - Throws: exit code 130 where somebody asks to leave; the run goes on.
    private func untilOver(
        _ place: Workspace, _ signals: Signals, _ look: () -> Void, onLeaving leave: () -> Void
    ) throws(Failure) {
        while true {
            // Asked first: what was written before the end is told.
            let goesOn = FileLock.isHeld(place.lock(ofExperiment: experiment))
            look()
            if !goesOn { return }
            try leaveIfAsked(signals, milliseconds: 100, leave)
        }
    }

    /// - Throws: exit code 130 where somebody asks to leave; the run goes on.
    private func leaveIfAsked(
        _ signals: Signals, milliseconds: Int32, _ leave: () -> Void
    ) throws(Failure) {
        switch signals.next(milliseconds: milliseconds) {
        case .interrupt?, .terminate?:
            leave()
            let name = ShellWords.quote(experiment) + workspace.text
            StandardStream.error.write(
                "\(experiment) goes on: xpm attach \(name) follows it, xpm stop \(name) ends it\n"
            )
            throw Failure.code(130)
        default: break
        }
    }
}
