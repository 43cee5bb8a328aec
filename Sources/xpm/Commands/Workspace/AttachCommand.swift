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
            let run = try ExperimentsCommand.newestRun(of: experiment, workspace)
            let signals = try Failure.onDisk { () throws(SystemError) in try Signals() }
            let isTold = json ? try followLog(run, in: place, signals) : try follow(run, in: place, signals)
            guard let end = end(of: run, in: place) else { return }
            if !isTold || end.reason != nil, !json {
                StandardStream.error.write("\(experiment) \(end.text)\n")
            }
            if end.exitCode != 0 { throw Failure.code(end.exitCode) }
        } catch { throw error.reported() }
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
            switch signals.next(milliseconds: 100) {
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
}

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "stop",
        abstract:
            "End a running experiment, as Ctrl-C does: nothing more is launched, running jobs are waited for.",
        discussion: """
            Returns when the run is over; Ctrl-C leaves it ending. With --now the running jobs are stopped too.

            Example:
              xpm stop iris --now
            """)

    @Argument(help: "The experiment.", completion: Completion.experiments) var experiment: String
    @OptionGroup var workspace: WorkspaceOptions

    @Flag(help: "Stop the running jobs too.")
    var now = false

    @Flag(help: "A JSON object, when the run is over.")
    var json = false

    func run() throws {
        do throws(Failure) {
            let place = try ExperimentFiles.existingWorkspace(workspace, experiment: experiment)
            let lock = place.lock(ofExperiment: experiment)
            _ = try ExperimentsCommand.runs(of: experiment, workspace)
            guard FileLock.isHeld(lock) else { throw .message("experiment '\(experiment)' is not running") }
            guard let holder = ProcessRecord.read(lock) else {
                throw .message("\(Paths.shown(lock)): it does not say which process holds it")
            }
            guard holder.isAlive || holder.isElsewhere else {
                throw .message(
                    "\(Paths.shown(lock)) is held, and names \(holder.text), which is gone: xpm cannot tell whom to stop"
                )
            }
            try terminate(holder, lock)
            if now {
                // A second one while the first is being taken would be lost.
                Clock.sleep(milliseconds: 300)
                try terminate(holder, lock)
            }
            StandardStream.error.write(
                "stopping process \(holder.pid)\(now ? " and its jobs" : "; its running jobs are waited for")\n"
            )
            while FileLock.isHeld(lock) { Clock.sleep(milliseconds: 50) }
            if json {
                let line: JSON = [
                    "experiment": .string(experiment), "pid": .int(Int64(holder.pid)), "now": .bool(now),
                ]
                StandardStream.output.write(line.text + "\n")
            }
        } catch { throw error.reported() }
    }

    private func terminate(_ holder: ProcessRecord, _ lock: String) throws(Failure) {
        do throws(SignalRefusal) { try holder.terminate(.holder(lock: lock), record: lock) } catch {
            throw .message("experiment '\(experiment)': \(error.text)")
        }
    }
}
