import Synchronization

/// Writes what happens in a run to its `events.jsonl`, and its end to `status.json`.
package final class RunRecorder: RunObserver {
    private let run: RunFolder
    private let warn: @Sendable (String) -> Void
    private let tally = Mutex(Tally())

    private struct Tally {
        var statuses: [JobStatus] = []
        var wasStopped = false
    }

    /// - Parameter warn: told once if the log cannot be written.
    package init(_ run: RunFolder, warn: @escaping @Sendable (String) -> Void) {
        self.run = run
        self.warn = warn
    }

    package func observe(_ event: RunEvent) {
        switch event {
        // Submissions have a log of their own, `jobs.jsonl`.
        case .submitted: tally.withLock { $0.statuses.append(.waiting) }
        case .status(let job, let status):
            tally.withLock { $0.statuses[job.number.index] = status }
            if [.waiting, .ready].contains(status) { return }
            if status == .running {
                do throws(SystemError) { try run.link(job) } catch { warn(error.text) }
            }
            var more: [JSON.Member] = []
            if case .failed(let outcome) = status { more.append(.init("reason", .string(outcome.text))) }
            if status == .cached { more.append(.init("cached", .bool(true))) }
            log(status.name, job, more, canWait: status == .cached)
        case .retrying(let job, let outcome):
            log("retry", job, [.init("reason", .string(outcome.text))], canWait: false)
        case .stopping: tally.withLock { $0.wasStopped = true }
        case .finished: end()
        case .began, .planned, .warning: break
        }
    }

    private func log(_ state: String, _ job: JobSpec, _ more: [JSON.Member], canWait: Bool) {
        let members: [JSON.Member] = [
            .init("timestamp", .float(Timestamp.now.seconds)), .init("job_id", .string(job.identifier.hex)),
            .init("task_id", .string(job.taskID)), .init("state", .string(state)),
        ]
        if let failure = run.log(.object(members + more), canWait: canWait) { warn(failure.text) }
    }

    private func end() {
        let (statuses, wasStopped) = tally.withLock { ($0.statuses, $0.wasStopped) }
        var counts: [String: Int] = [:]
        for status in statuses { counts[status.name, default: 0] += 1 }
        let allDone = statuses.allSatisfy { $0.isDone || $0 == .left }
        var status = RunStatus(state: wasStopped ? "interrupted" : allDone ? "done" : "failed")
        status.ended = .now
        status.counts = counts.sorted { ByteOrder.less($0.key, $1.key) }.map { ($0.key, $0.value) }
        do throws(SystemError) { try run.write(status: status) } catch { warn(error.text) }
    }
}
