import Engine
import Text

/// Stops jobs by the records of their processes.
enum JobStopper {
    /// Seconds between SIGTERM and SIGKILL.
    private static let grace = 10.0

    /// SIGTERM to the process group of each, after a while SIGKILL to those that are left; returns when nothing of them is left.
    static func stop(_ jobs: [JobRecord]) {
        var left = jobs.map { (job: $0, group: ProcessRecord.read($0.folder.process)?.group) }
        for (_, group) in left { group?.signal(Signals.terminate) }
        let end = Monotonic.seconds + grace
        while true {
            left.removeAll { job, group in
                !FileLock.isHeld(job.folder.lock) && group?.isThere != true
            }
            if left.isEmpty { return }
            if Monotonic.seconds > end {
                for (_, group) in left { group?.signal(Signals.kill) }
                if Monotonic.seconds > end + grace { return }
            }
            Clock.sleep(milliseconds: 20)
        }
    }
}
