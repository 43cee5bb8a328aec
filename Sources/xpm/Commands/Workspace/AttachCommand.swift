import ArgumentParser
import Inventory
import Store
import System
import Text

struct AttachCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "attach",
        abstract: "Follow a running experiment, wherever it was started.",
        discussion: """
            Prints what ends, until the run is over. Ctrl-C leaves the run alone. The exit code is that of `xpm run`: 0: all done, 1: a job \
            failed, 2: the plan or a required service failed, 130: the run was interrupted or killed. For an experiment that does not run, \
            that of its last run.

            Example:
              xpm run --detach full.yaml && xpm attach iris
            """)

    @Argument(help: "The experiment.") var experiment: String
    @OptionGroup var workspace: WorkspaceOptions

    @Flag(help: "The lines of the run's event log, as they are.")
    var json = false

    func run() throws {
        do throws(Failure) {
            let place = try ExperimentFiles.existingWorkspace(workspace, experiment: experiment)
            let run = try ExperimentsCommand.newestRun(of: experiment, workspace)
            follow(run, in: place)
            guard let end = RunRecord.all(of: experiment, in: place).last(where: { $0.run == run.run }) else {
                return
            }
            if !json { StandardStream.error.write("\(experiment) \(end.text)\n") }
            if end.exitCode != 0 { throw Failure.code(end.exitCode) }
        } catch { throw error.reported() }
    }

    private func follow(_ run: RunRecord, in place: Workspace) {
        var events = LineReader("\(run.path)/events.jsonl")
        var names = JobNames(run, in: place)
        while true {
            // Asked first: what was written before the end is told.
            let goesOn = FileLock.isHeld(place.lock(ofExperiment: experiment))
            for line in events.read() { tell(line, &names) }
            if !goesOn { return }
            Clock.sleep(milliseconds: 100)
        }
    }

    private func tell(_ line: ArraySlice<UInt8>, _ names: inout JobNames) {
        if json { return StandardStream.output.write(bytes: line + [UInt8(ascii: "\n")]) }
        guard let event = try? JSON.parse(Array(line)) else { return }
        if let text = Self.text(of: event, &names) { StandardStream.output.write(text + "\n") }
    }

    /// The line that the run itself prints.
    private static func text(of event: JSON, _ names: inout JobNames) -> String? {
        let state = event["state"]?.string
        if let service = event["service_id"]?.string, let state {
            return TextReport.line(
                "service", "\(service) \(state)", event["error"]?.string ?? event["url"]?.string)
        }
        guard let task = event["task_id"]?.string, let identifier = event["job_id"]?.string else {
            return nil
        }
        let name = names.name(JobKey(taskID: task, identifier: identifier))
        let reason = event["reason"]?.string
        func line(_ word: String) -> String { TextReport.line(word, name, reason) }
        switch state {
        case nil: return JobChange(event).flatMap { $0 == .hold ? nil : line($0.text) }
        case "done"?: return event["cached"] == nil ? line("done") : nil
        // "error": of an older version.
        case "failed"?, "error"?: return line("failed")
        case "retry"?: return TextReport.again(name, reason ?? "", event["attempt"]?.int ?? 1)
        case "blocked"?, "cancelled"?, "held"?: return state.map(line)
        default: return nil
        }
    }
}

/// What the jobs of a run are called, with their tags, as its log tells.
private struct JobNames {
    private let workspace: Workspace
    private var submitted: LineReader
    private var tags: [JobKey: String] = [:]
    private let report = TextReport(style: .standardOutput)

    init(_ run: RunRecord, in workspace: Workspace) {
        self.workspace = workspace
        submitted = LineReader("\(run.path)/jobs.jsonl")
    }

    mutating func name(_ job: JobKey) -> String {
        if tags[job] == nil {
            for line in submitted.read() {
                guard let record = JobRecord(workspace, line: Array(line)) else { continue }
                tags[record.key] = record.tagsText
            }
        }
        return report.name(job.taskID, String(job.identifier.prefix(8)), tags: tags[job] ?? "")
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

    @Argument(help: "The experiment.") var experiment: String
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
