import ArgumentParser
import Batch
import Engine
import Inventory
import Store
import System
import Text

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "stop",
        abstract:
            "End a running experiment, as Ctrl-C does: nothing more is launched, running jobs are waited for.",
        discussion: """
            Returns when the run is over; Ctrl-C leaves it ending. With --now the running jobs are stopped too. A run on another host is asked by \
            its folder; one that waits in the queue of a batch system leaves that.

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
            let waits = try Failure.onDisk { () throws(SystemError) in
                try BatchRun.read(experiment, in: place) != nil
            }
            if !waits { _ = try ExperimentsCommand.runs(of: experiment, workspace) }
            let isLive = FileLock.isHeld(lock)
            if waits, !isLive || !isOfBatch(lock), try leaveQueue(place) {
                tell(nil, "its jobs left the queue")
                if !FileLock.isHeld(lock) { return }
            }
            guard FileLock.isHeld(lock) else { throw .message("experiment '\(experiment)' is not running") }
            guard let holder = ProcessRecord.read(lock) else {
                throw .message("\(Paths.shown(lock)): it does not say which process holds it")
            }
            if holder.isElsewhere, holder.isOfAnother {
                throw .message(
                    "experiment '\(experiment)': \(SignalRefusal.otherUser(holder, user: holder.user).text)")
            }
            if holder.isElsewhere { try ask(place) } else { try stop(holder, lock, place) }
            StandardStream.error.write(
                "stopping \(holder.isElsewhere ? holder.text : "process \(holder.pid)")\(now ? " and its jobs" : "; its running jobs are waited for")\n"
            )
            while FileLock.isHeld(lock) { Clock.sleep(milliseconds: 50) }
            tell(holder.pid, nil)
        } catch { throw error.reported() }
    }

    private func tell(_ pid: Int32?, _ text: String?) {
        if let text { StandardStream.error.write("\(experiment): \(text)\n") }
        guard json else { return }
        let line: JSON = [
            "experiment": .string(experiment), "pid": pid.map { .int(Int64($0)) } ?? .null, "now": .bool(now),
        ]
        StandardStream.output.write(line.text + "\n")
    }

    /// Whether the run that goes on is a job of a batch system itself, and so takes back the job that follows.
    private func isOfBatch(_ lock: String) -> Bool { LockClaim.run(of: lock) != nil }

    /// Takes the jobs of a run out of the queue that has not begun, or is between two of them.
    ///
    /// - Returns: whether there were some.
    private func leaveQueue(_ place: Workspace) throws(Failure) -> Bool {
        let run = try Failure.onDisk { () throws(SystemError) in
            try BatchRun.change(experiment, in: place) { run -> BatchRun? in
                defer { run = nil }
                return run
            }
        }
        guard let run else { return false }
        do throws(BatchError) { try BatchRunSender.end(run, in: place) } catch {
            throw .message("\(error.text): its jobs may still be in the queue, and leave when they begin")
        }
        return true
    }

    /// Asks a run on another host.
    private func ask(_ place: Workspace) throws(Failure) {
        guard let run = RunRecord.all(of: experiment, in: place).last(where: { $0.state == "running" }) else {
            throw .message("experiment '\(experiment)' begins at this moment: try again")
        }
        try Failure.onDisk { () throws(SystemError) in try RunControl.askToStop(now: now, run: run.path) }
    }

    /// Asks a run of this host; one that only writes folders does not listen, and gets a signal.
    private func stop(_ holder: ProcessRecord, _ lock: String, _ place: Workspace) throws(Failure) {
        guard holder.isAlive else {
            throw .message(
                "\(Paths.shown(lock)) is held, and names \(holder.text), which is gone: xpm cannot tell whom to stop"
            )
        }
        let live = RunRecord.all(of: experiment, in: place).last {
            $0.state == "running" && !$0.onlyGenerates
        }
        do throws(SignalRefusal) {
            guard let live else { return try holder.interrupt(.holder(lock: lock), record: lock) }
            try holder.check(.holder(lock: lock), record: lock)
            // However often it is asked: signals would count.
            do throws(SystemError) { try RunControl.askToStop(now: now, run: live.path) } catch {
                try holder.interrupt(.holder(lock: lock), record: lock)
            }
        } catch { throw .message("experiment '\(experiment)': \(error.text)") }
    }
}
