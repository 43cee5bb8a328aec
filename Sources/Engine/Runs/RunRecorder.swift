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
        /// Which of the run's jobs each is, as `jobs.jsonl` has them first; -1 for one that is made again.
        var places: [Int32] = []
        var distinct: Int32 = 0
        /// Jobs that were done already, of which the log does not tell yet.
        var cached: CachedJobs?
        var isStale = false
        var isWriting = false
        var isOver = false
    }

    /// Jobs that were done already, one after the other.
    private struct CachedJobs {
        let first: JobSpec
        var last: JobSpec
        var place: Int32
        var count = 1
        let time: Timestamp
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
            writeCached()
            let jobs = progress.withLock { progress -> RunProgress? in
                defer { progress.isStale = false }
                return progress.isStale ? progress.jobs : nil
            }
            if let jobs { writeStatus { ($0.counts, $0.states) = (jobs.counts, jobs.states) } }
        }
    }

    package func observe(_ event: RunEvent) {
        switch event {
        case .submitted(let job):
            count { $0.submitted(job) }
            progress.withLock { progress in
                progress.places.append(job.isRemade ? -1 : progress.distinct)
                if !job.isRemade { progress.distinct += 1 }
            }
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
            if status == .cached { return note(cached: job) }
            if status == .running {
                do throws(SystemError) { try run.link(job.folder, task: job.taskID) } catch {
                    warn(error.text)
                }
            }
            var more: [JSON.Member] = []
            if case .queued(let reason) = status { more.append(.init("reason", .string(reason))) }
            if case .failed(let outcome) = status { more.append(.init("reason", .string(outcome.text))) }
            log(status.name, job, more)
        case .retrying(let job, let outcome):
            log(
                "retry", job,
                [.init("reason", .string(outcome.text)), .init("attempt", .int(Int64(outcome.attempt)))])
        case .changed(let job, let change): log(job, change.json)
        case .finished(let end):
            writeCached()
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

    // MARK: Jobs that were done already

    /// Those that follow each other in the run are one line: a run that has nothing to do writes next to nothing.
    private func note(cached job: JobSpec) {
        let before = progress.withLock { progress -> CachedJobs? in
            let place = progress.places[job.number.index]
            if place >= 0, progress.cached?.place == place - 1 {
                progress.cached?.last = job
                progress.cached?.place = place
                progress.cached?.count += 1
                return nil
            }
            defer { progress.cached = CachedJobs(first: job, last: job, place: place, time: .now) }
            return progress.cached
        }
        if let before { write(before) }
    }

    private func writeCached() {
        if let cached = progress.withLock({ $0.cached.take() }) { write(cached) }
    }

    private func write(_ cached: CachedJobs) {
        var members: [JSON.Member] = [.init("state", "done"), .init("cached", .bool(true))]
        if cached.count > 1 {
            members.append(.init("through", .string(cached.last.identifier.hex)))
            members.append(.init("count", .int(Int64(cached.count))))
        }
        append(cached.first, members, at: cached.time, canWait: true)
    }

    // MARK: Lines

    private func log(_ state: String, _ job: JobSpec, _ more: [JSON.Member]) {
        log(job, [.init("state", .string(state))] + more)
    }

    private func log(_ job: JobSpec, _ more: [JSON.Member]) {
        writeCached()
        append(job, more, at: .now, canWait: false)
    }

    private func append(_ job: JobSpec, _ more: [JSON.Member], at time: Timestamp, canWait: Bool) {
        let members: [JSON.Member] = [
            .init("timestamp", .float(time.seconds)), .init("job_id", .string(job.identifier.hex)),
            .init("task_id", .string(job.taskID)),
        ]
        if let failure = run.log(.object(members + more), canWait: canWait) { warn(failure.text) }
    }
}
