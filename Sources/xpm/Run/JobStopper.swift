import Inventory
import Store
import System
import Text

/// Stops jobs by the records of their processes.
enum JobStopper {
    /// What became of a job that was to stop.
    enum Result {
        case stopped
        /// Nothing was done.
        case refused(String)
        /// It goes on, in spite of SIGKILL.
        case goesOn

        var text: String? {
            switch self {
            case .stopped: nil
            case .refused(let why): why
            case .goesOn: "it does not end, in spite of SIGKILL"
            }
        }
    }

    /// Seconds between SIGTERM and SIGKILL.
    private static let grace = 10.0

    /// Why a running job cannot be stopped from here; nil where it can.
    static func refusal(_ job: JobRecord) -> String? { refusal(job, ProcessRecord.read(job.folder.process)) }

    private static func refusal(_ job: JobRecord, _ record: ProcessRecord?) -> String? {
        guard let record else {
            return FileLock.isHeld(job.folder.lock)
                ? "no process of it is known yet: it may wait for what others hold, and xpm stop ends its run"
                : nil
        }
        do throws(SignalRefusal) {
            try record.check(.job(job.folder), record: job.folder.process)
            return nil
        } catch { return error.text }
    }

    /// SIGTERM to the process group of each, after a while SIGKILL to those that are left; returns when
    /// nothing of them is left.
    static func stop(_ jobs: [JobRecord]) -> [Result] {
        // What was checked gets the signal, whatever the file says by then.
        let records = jobs.map { ProcessRecord.read($0.folder.process) }
        var results: [Result?] = zip(jobs, records).map { refusal($0, $1).map(Result.refused) }
        var groups: [Int: ProcessRecord.Group] = [:]
        for index in jobs.indices where results[index] == nil {
            groups[index] = records[index]?.group
        }
        for (index, group) in groups {
            // Without it the job fails of the signal.
            try? Files.write([], to: jobs[index].folder.stopMark)
            group.signal(Signals.terminate)
        }
        let end = Monotonic.seconds + grace
        while true {
            for (index, job) in jobs.enumerated() where results[index] == nil {
                let isGone = !FileLock.isHeld(job.folder.lock) && groups[index]?.isThere != true
                if isGone { results[index] = .stopped }
            }
            if results.allSatisfy({ $0 != nil }) { break }
            if Monotonic.seconds > end {
                for index in jobs.indices where results[index] == nil { groups[index]?.signal(Signals.kill) }
                if Monotonic.seconds > end + grace { break }
            }
            Clock.sleep(milliseconds: 20)
        }
        return results.map { $0 ?? .goesOn }
    }
}
