import System
import Text

/// Runs the jobs of an actor on a thread of its own: what it reads may take as long as the disk does, and the threads
/// that Swift shares out go on meanwhile.
final class OwnThread: SerialExecutor {
    private let jobs = Monitor<[UnownedJob]>([])

    init() throws(SystemError) {
        // It lives as long as the program.
        try NewThread.start(stack: 8 << 20) { [self] in while true { work() } }
    }

    private func work() {
        let waiting = jobs.wait { queue -> [UnownedJob]? in
            guard !queue.isEmpty else { return nil }
            defer { queue = [] }
            return queue
        }
        for job in waiting { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.change { $0.append(job) }
    }
}
