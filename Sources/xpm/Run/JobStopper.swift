import Engine
import Text

/// Stops jobs by the records of their processes.
enum JobStopper {
    /// Seconds between SIGTERM and SIGKILL.
    private static let grace = 10.0

    /// SIGTERM to each, after a while SIGKILL to those that are left; returns when none runs.
    static func stop(_ jobs: [JobRecord]) {
        for job in jobs { ProcessRecord.read(job.folder.process)?.signal(Signals.terminate) }
        let end = Monotonic.seconds + grace
        var left = jobs
        while !left.isEmpty {
            left.removeAll { !FileLock.isHeld($0.folder.lock) }
            if Monotonic.seconds > end {
                for job in left { ProcessRecord.read(job.folder.process)?.signal(Signals.kill) }
                if Monotonic.seconds > end + grace { return }
            }
            Clock.sleep(milliseconds: 20)
        }
    }
}
