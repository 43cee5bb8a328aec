import Model
package import Store
import System
import Text

/// Writes what happens in a run to its `events.jsonl`, and its services and its end to `status.json`.
package final class RunRecorder: RunObserver, ServiceListener {
    private let run: RunFolder
    private let warn: @Sendable (String) -> Void
    /// What `status.json` says. A `Monitor`, whose lock the thread sanitizer sees: services and the scheduler
    /// meet here.
    private let status = Monitor(RunStatus())
    private let services: ServiceRegistry?
    /// Where the jobs stand, for `status.json`, which a thread writes once a second where that has changed.
    private let progress = Monitor(Progress())
    private static let interval = 1000

    private struct Progress {
        var jobs = RunProgress()
        var isStale = false
        var isWriting = false
        var isOver = false
    }

    /// - Parameters:
    ///   - services: those of the run; its states come here by `stateChanged`.
    ///   - warn: told once if the log cannot be written.
    package init(
        _ run: RunFolder, services: ServiceRegistry? = nil, warn: @escaping @Sendable (String) -> Void
    ) {
        self.run = run
        self.services = services
        self.warn = warn
    }

    package func stateChanged(of service: any Service, from _: ServiceState, to new: ServiceState) {
        run.log(
            .object([
                .init("timestamp", .float(Timestamp.now.seconds)), .init("service_id", .string(service.id)),
                .init("state", .string(new.name)), .init("url", .optional(service.url)),
                .init("error", .optional(new.error)), .init("event_type", "ServiceStateEvent"),
            ]))
        writeStatus()
        if let reason = new.error { warn("service \(service.id): \(reason)") }
    }

    /// Writes `status.json` as things stand now. The lock is held while it is written: of two states the
    /// later one stays.
    private func writeStatus(_ change: (inout RunStatus) -> Void = { _ in }) {
        let failure: SystemError? = status.withLock { status in
            change(&status)
            status.services = services?.json(experiment: run.experiment, run: run.run) ?? .object([])
            do throws(SystemError) { try run.write(status: status) } catch { return error }
            return nil
        }
        if let failure { warn(failure.text) }
    }

    private func count(_ body: (inout RunProgress) -> Void) {
        let starts = progress.withLock { progress -> Bool in
            body(&progress.jobs)
            progress.isStale = true
            defer { progress.isWriting = true }
            return !progress.isWriting
        }
        if starts {
            // Without a thread it has the counts at its end.
            try? NewThread.start { [self] in followCounts() }
        }
    }

    /// Writes the counts until the run is over. What changes within an interval is written at its end.
    private func followCounts() {
        while !progress.wait(milliseconds: Self.interval, until: { $0.isOver }) {
            let jobs = progress.withLock { progress -> RunProgress? in
                defer { progress.isStale = false }
                return progress.isStale ? progress.jobs : nil
            }
            if let jobs { writeStatus { ($0.counts, $0.states) = (jobs.counts, jobs.states) } }
        }
    }

    package func observe(_ event: RunEvent) {
        switch event {
        case .submitted(let job): count { $0.submitted(job) }
        case .status(let job, let status): count { $0.move(job, to: status, at: Monotonic.seconds) }
        case .finished: progress.change { $0.isOver = true }
        default: break
        }
        record(event)
    }

    private func record(_ event: RunEvent) {
        switch event {
        case .status(let job, let status):
            if [.waiting, .ready].contains(status) { return }
            if status == .running {
                do throws(SystemError) { try run.link(job.folder, task: job.taskID) } catch {
                    warn(error.text)
                }
            }
            var more: [JSON.Member] = []
            if case .queued(let reason) = status { more.append(.init("reason", .string(reason))) }
            if case .failed(let outcome) = status { more.append(.init("reason", .string(outcome.text))) }
            if status == .cached { more.append(.init("cached", .bool(true))) }
            log(status.name, job, more, canWait: status == .cached)
        case .retrying(let job, let outcome):
            log(
                "retry", job,
                [.init("reason", .string(outcome.text)), .init("attempt", .int(Int64(outcome.attempt)))],
                canWait: false)
        case .changed(let job, let change): log(job, change.json, canWait: false)
        case .finished(let end):
            let states = progress.withLock { $0.jobs.states }
            writeStatus { status in
                status.end = end
                status.states = states
                status.ended = .now
            }
        // Submissions have a log of their own, `jobs.jsonl`.
        case .began, .submitted, .planned, .planFailed, .waitingForRelease, .stopping, .service, .warning:
            break
        }
    }

    private func log(_ state: String, _ job: JobSpec, _ more: [JSON.Member], canWait: Bool) {
        log(job, [.init("state", .string(state))] + more, canWait: canWait)
    }

    private func log(_ job: JobSpec, _ more: [JSON.Member], canWait: Bool) {
        let members: [JSON.Member] = [
            .init("timestamp", .float(Timestamp.now.seconds)), .init("job_id", .string(job.identifier.hex)),
            .init("task_id", .string(job.taskID)),
        ]
        if let failure = run.log(.object(members + more), canWait: canWait) { warn(failure.text) }
    }
}
