import ArgumentParser
import Inventory
import Store
import System
import Text

extension JobsCommand {
    struct Kill: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "kill", of: "jobs",
            abstract: "Stop running jobs: SIGTERM to each job's process group, after 10 s SIGKILL.",
            discussion: """
                Tells which jobs it would stop; stops them with --perform. A job that a batch system has is stopped by that, wherever it runs, \
                and leaves the queue where it waits. Jobs of another user, on another machine or in another container are \
                named and left; the exit code is 2 then.
                """)

        @Argument(help: "The jobs.", completion: Completion.jobs) var jobs: [String] = []
        @OptionGroup var selection: JobSelection

        @Flag(help: "Stop them, instead of telling only.")
        var perform = false

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                let running = try selection.query.chosen(jobs).filter {
                    $0.state == .running || LockClaim.batch(of: $0.folder.lock) != nil && !$0.state.isFailure
                }
                let problems =
                    perform ? JobStopper.stop(running).map(\.text) : JobStopper.refusals(running)
                let report = JobReport(style: .standardOutput)
                for (job, problem) in zip(running, problems) {
                    if let problem { Failure.warn("\(report.name(job)): \(problem)") }
                    let what = problem != nil ? "left" : perform ? "stopped" : "would stop"
                    JobsCommand.tell(
                        job, what, report, json: json, did: perform && problem == nil, problem: problem)
                }
                tell(
                    perform ? problems.count { $0 == nil } : running.count, perform ? "stopped" : "running",
                    perform)
                if problems.contains(where: { $0 != nil }) { throw Failure.code(2) }
            } catch { throw error.reported() }
        }
    }

    struct Clean: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "clean", of: "jobs", abstract: "Remove the folders of jobs that are not running.",
            discussion: """
                Tells which folders it would remove; removes them with --perform. What needs them runs them again. Jobs of an experiment that is running are refused.

                Example:
                  xpm jobs clean --filter '@state = failed' --perform
                """)

        @Argument(help: "The jobs.", completion: Completion.jobs) var jobs: [String] = []
        @OptionGroup var selection: JobSelection

        @Flag(help: "Remove them, instead of telling only.")
        var perform = false

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                let report = JobReport(style: .standardOutput)
                let chosen = try selection.query.chosen(jobs).filter { Files.exists($0.folder.path) }
                let place = try selection.query.place(of: jobs)
                var cleaned = Result<Int, Failure>.success(0)
                let body = { cleaned = Result { () throws(Failure) in try clean(chosen, in: place, report) } }
                do throws(CleaningError) {
                    // A run that begins meanwhile waits: it may want one of them.
                    if perform { try Cleaning.holding(place, body) } else { body() }
                } catch { throw .message(error.text) }
                let count = try cleaned.get()
                if let note = Dependants.note(Dependants.done(of: chosen, in: place)) { Failure.warn(note) }
                tell(count, perform ? "removed" : "to remove", perform)
            } catch { throw error.reported() }
        }

        private func clean(
            _ chosen: [JobRecord], in place: Workspace, _ report: JobReport
        ) throws(Failure) -> Int {
            var problem: WorkspaceInventory.Problem?
            let inventory = WorkspaceInventory(place) { problem = problem ?? $0 }
            let live = inventory.liveRuns()
            if case .unreadable(let error)? = problem, perform {
                throw .message("\(error.text): it may be of a run that goes on, so nothing is removed")
            }
            for (run, folders) in live {
                if let job = chosen.first(where: { folders.contains($0.folder) }) {
                    throw .message(
                        "\(report.name(job)) belongs to \(run.experiment), which is running: "
                            + "xpm stop \(run.experiment) ends it")
                }
            }
            var count = 0
            for job in chosen {
                guard job.folder.isMade(in: place) else {
                    Failure.warn(
                        "\(Paths.shown(job.folder.path)): a link is on the way to it, or xpm has not made it: left alone"
                    )
                    continue
                }
                let size = Files.size(of: job.folder.path)
                // The lock is held while it is removed: nobody begins to run it meanwhile.
                let isFree: Void? = try Failure.onDisk { () throws(SystemError) in
                    try FileLock.holding(job.folder.lock) { () throws(SystemError) in
                        if perform { try job.folder.remove(below: place.path) }
                    }
                }
                if isFree == nil { continue }
                count += 1
                JobsCommand.tell(
                    job, perform ? "removed" : "would remove", report, json: json, did: perform, bytes: size)
            }
            return count
        }
    }

    struct Retry: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "retry", of: "jobs",
            abstract: "Run jobs that failed, or did not run, by their scripts, without the plan.",
            discussion: """
                Those among them that need each other run in order; what needs a job that is not done and is not among them is left out.

                Examples:
                  xpm jobs retry 3f2a1b9c
                  xpm jobs retry --filter '@state = failed' -j 4
                  xpm jobs retry --group 1           the first group of xpm failures
                """)

        @Argument(help: "The jobs.", completion: Completion.jobs) var jobs: [String] = []
        @OptionGroup var selection: JobSelection

        @Option(help: ArgumentHelp("The jobs of a group of xpm failures.", valueName: "n"))
        var group: Int?

        @Option(
            name: .joinedOrLong("j"),
            help: ArgumentHelp("How many run at once (default: the number of cores).", valueName: "n"))
        var atOnce: Int?

        @Option(
            help: ArgumentHelp("Where they run, as of xpm run.", valueName: "name"),
            completion: Completion.launchers)
        var launcher: String?

        @Flag(help: "One JSON object a line on standard output.")
        var json = false

        @Flag(name: .shortAndLong, help: "Print errors and results only.")
        var quiet = false

        func validate() throws {
            if let atOnce, atOnce < 1 { throw ValidationError("-j needs a number from 1.") }
            if group != nil, !jobs.isEmpty { throw ValidationError("Give jobs or --group.") }
        }

        func run() throws {
            do throws(Failure) {
                let chosen: [JobRecord]
                if let group { chosen = try member(group) } else { chosen = try selection.query.chosen(jobs) }
                let place = try selection.query.place(of: jobs)
                let open = chosen.filter { $0.state.isFailure || $0.state.isOpen }
                let retried = withoutWaiting(open, in: place)
                if let note = Dependants.note(Dependants.done(of: retried, in: place)) { Failure.warn(note) }
                if let note = JobCode.note(changedSince: retried.map(\.folder)) { Failure.warn(note) }
                let code = try RetrySession(
                    retried, in: place,
                    user: ExperimentFiles.user(),
                    slots: atOnce, launcher: launcher, json: json, isQuiet: quiet
                ).run()
                if code != 0 { throw Failure.code(code) }
            } catch { throw error.reported() }
        }

        /// Those that wait in a run that goes on begin there, by its limits.
        private func withoutWaiting(_ jobs: [JobRecord], in place: Workspace) -> [JobRecord] {
            let inventory = WorkspaceInventory(place)
            var left = jobs
            for (run, folders) in inventory.liveRuns() {
                let own = left.filter { folders.contains($0.folder) }
                let waiting = TextSet(inventory.waiting(own, inRun: run).map(\.folder.path))
                if waiting.isEmpty { continue }
                left.removeAll { waiting.contains($0.folder.path) }
                let count = waiting.ordered.count
                Failure.warn(
                    "\(count) job\(count == 1 ? "" : "s") of these wait\(count == 1 ? "s" : "") in \(run.experiment), which is running: left to it"
                )
            }
            return left
        }

        private func member(_ number: Int) throws(Failure) -> [JobRecord] {
            let groups = FailureGroup.of(try selection.query.jobs())
            guard groups.indices.contains(number - 1) else {
                throw .message(
                    groups.isEmpty
                        ? "no job has failed"
                        : "there is no group \(number): xpm failures has \(groups.count)")
            }
            return groups[number - 1].jobs
        }
    }

    /// A job with which something was done, or would be.
    private static func tell(
        _ job: JobRecord, _ what: String, _ report: JobReport, json: Bool, did: Bool, bytes: Int64? = nil,
        problem: String? = nil
    ) {
        let line: JSON = [
            "task": .string(job.task), "id": .string(job.identifier), "folder": .string(job.folder.path),
            "what": .string(what), "performed": .bool(did), "bytes": bytes.map(JSON.int) ?? .null,
            "problem": .optional(problem),
        ]
        let size = bytes.map { "  \(NumberText.bytes($0))" } ?? ""
        StandardStream.output.write(json ? line.text + "\n" : "\(what) \(report.name(job))\(size)\n")
    }

    fileprivate static func tell(_ count: Int, _ what: String, _ perform: Bool) {
        let hint = perform || count == 0 ? "" : "; --perform does it"
        StandardStream.error.write("\(count) job\(count == 1 ? "" : "s") \(what)\(hint)\n")
    }
}

extension ParsableCommand {
    fileprivate func tell(_ count: Int, _ what: String, _ perform: Bool) {
        JobsCommand.tell(count, what, perform)
    }
}
