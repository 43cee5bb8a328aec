import ArgumentParser
import Engine

struct AttachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
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
            let place = try ExperimentFiles.existingWorkspace(workspace)
            guard let run = try ExperimentsCommand.runs(of: experiment, workspace).last else { return }
            follow(run, lock: place.lock(ofExperiment: experiment))
            guard let end = RunRecord.all(of: experiment, in: place).last(where: { $0.run == run.run }) else {
                return
            }
            if !json { StandardStream.error.write("\(experiment) \(end.text)\n") }
            if end.exitCode != 0 { throw Failure.code(end.exitCode) }
        } catch { throw error.reported() }
    }

    private func follow(_ run: RunRecord, lock: String) {
        var offset = 0
        var rest: [UInt8] = []
        let report = JobReport(style: .standardOutput)
        while true {
            // Asked first: what was written before the end is told.
            let goesOn = FileLock.isHeld(lock)
            let added = (try? Files.read("\(run.path)/events.jsonl", from: offset)) ?? []
            offset += added.count
            rest += added
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(rest[..<end])
                rest.removeSubrange(...end)
                tell(line, report)
            }
            if !goesOn { return }
            Clock.sleep(milliseconds: 100)
        }
    }

    private func tell(_ line: [UInt8], _ report: JobReport) {
        if json { return StandardStream.output.write(bytes: line + [UInt8(ascii: "\n")]) }
        guard let event = try? JSON.parse(line), let state = event["state"]?.string, state != "running",
            event["cached"] == nil
        else { return }
        let reason = event["reason"]?.string.map { ": \(TextReport.printable($0))" } ?? ""
        if let service = event["service_id"]?.string {
            let more = event["error"]?.string ?? event["url"]?.string
            let place = more.map { "  \(TextReport.printable($0))" } ?? ""
            return StandardStream.output.write("\(report.style.bold(state))  service \(service)\(place)\n")
        }
        let name = "\(event["task_id"]?.string ?? "?") \((event["job_id"]?.string ?? "").prefix(8))"
        StandardStream.output.write("\(report.style.bold(state))  \(name)\(reason)\n")
    }
}

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
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

    func run() throws {
        do throws(Failure) {
            let place = try ExperimentFiles.existingWorkspace(workspace)
            let lock = place.lock(ofExperiment: experiment)
            _ = try ExperimentsCommand.runs(of: experiment, workspace)
            guard FileLock.isHeld(lock) else { throw .message("experiment '\(experiment)' is not running") }
            guard let holder = ProcessRecord.read(lock) else {
                throw .message("\(Paths.shown(lock)): it does not say which process holds it")
            }
            guard holder.isAlive else {
                throw .message(
                    "experiment '\(experiment)' runs on \(holder.host), process \(holder.pid): stop it there")
            }
            holder.signalProcess(Signals.terminate)
            if now {
                // A second one while the first is being taken would be lost.
                Clock.sleep(milliseconds: 300)
                holder.signalProcess(Signals.terminate)
            }
            StandardStream.error.write(
                "stopping process \(holder.pid)\(now ? " and its jobs" : "; its running jobs are waited for")\n"
            )
            while FileLock.isHeld(lock) { Clock.sleep(milliseconds: 50) }
        } catch { throw error.reported() }
    }
}
