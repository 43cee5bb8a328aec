import Batch
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

    /// Why running jobs cannot be stopped from here; nil for those that can.
    static func refusals(_ jobs: [JobRecord]) -> [String?] {
        let records = jobs.map { ProcessRecord.read($0.folder.process) }
        let runs = liveRuns(of: jobs, records)
        return jobs.indices.map { runs[$0] == nil ? refusal(jobs[$0], records[$0]) : nil }
    }

    private static func refusal(_ job: JobRecord, _ record: ProcessRecord?) -> String? {
        if BatchStop(job) != nil { return nil }
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

    /// The runs on other hosts that have started jobs there, by the positions of these: they end them.
    private static func liveRuns(of jobs: [JobRecord], _ records: [ProcessRecord?]) -> [Int: RunRecord] {
        let elsewhere = jobs.indices.filter {
            records[$0]?.isElsewhere == true && records[$0]?.isOfAnother == false && records[$0]?.batch == nil
                && FileLock.isHeld(jobs[$0].folder.lock)
        }
        var found: [Int: RunRecord] = [:]
        for place in TextSet(elsewhere.map { jobs[$0].folder.workspace }).ordered {
            for (run, folders) in WorkspaceInventory(Workspace(path: place)).liveRuns() {
                for index in elsewhere where folders.contains(jobs[index].folder) { found[index] = run }
            }
        }
        return found
    }

    /// SIGTERM to the process group of each, after a while SIGKILL to those that are left; returns when
    /// nothing of them is left.
    static func stop(_ jobs: [JobRecord]) -> [Result] {
        // What was checked gets the signal, whatever the file says by then.
        let records = jobs.map { ProcessRecord.read($0.folder.process) }
        let runs = liveRuns(of: jobs, records)
        var results: [Result?] = jobs.indices.map { index in
            runs[index] == nil ? refusal(jobs[index], records[index]).map(Result.refused) : nil
        }
        var groups: [Int: ProcessRecord.Group] = [:]
        let inBatch = jobs.map(BatchStop.init)
        for index in jobs.indices where results[index] == nil && inBatch[index] == nil && runs[index] == nil {
            groups[index] = records[index]?.group
        }
        for (index, run) in runs where inBatch[index] == nil {
            do throws(SystemError) { try RunControl.askToKill(jobs[index].key, run: run.path) } catch {
                results[index] = .refused(error.text)
            }
        }
        for (index, problem) in BatchStop.perform(inBatch, of: jobs) { results[index] = .refused(problem) }
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

/// A job that a batch system has, on whatever host: that system stops it.
private struct BatchStop {
    let system: any BatchSystem
    /// Nil for one of pilots: the pilot that has it looks for the mark itself.
    let job: BatchJob?
    let holder: BatchHolder

    /// - Returns: nil for a job that is in no batch system.
    init?(_ record: JobRecord) {
        guard let holder = LockClaim.batch(of: record.folder.lock),
            let array = BatchRecord.read(holder.nonce, in: record.folder.workspace),
            let number = array.array, let system = BatchQueue.system(named: array.system)
        else { return nil }
        self.system = system
        self.holder = holder
        job = array.pilots == nil ? BatchJob(array: number, index: holder.index) : nil
    }

    /// One that no pilot has taken is not taken any more.
    private func giveUp(_ folder: JobFolder) {
        guard job == nil, holder.pilot == nil, (try? FileLock.giveUp(folder.lock, for: holder)) == true else {
            return
        }
        try? folder.recordUnlessRun(Outcome(.cancelled))
    }

    /// Has the systems stop jobs, all of a system at once.
    ///
    /// - Returns: the positions of those that a system does not stop, and why.
    static func perform(_ stops: [BatchStop?], of jobs: [JobRecord]) -> [(index: Int, problem: String)] {
        var problems: [(index: Int, problem: String)] = []
        let names = TextSet(stops.compactMap { $0?.system.name })
        for name in names.ordered {
            let chosen = stops.indices.filter { stops[$0]?.system.name == name }
            // Without it the job has failed of the signal.
            for index in chosen { try? Files.write([], to: jobs[index].folder.stopMark) }
            for index in chosen { stops[index]?.giveUp(jobs[index].folder) }
            guard let system = BatchQueue.system(named: name) else { continue }
            let jobs = chosen.compactMap { stops[$0]?.job ?? nil }
            if jobs.isEmpty { continue }
            do throws(BatchError) { try system.cancel(jobs) } catch {
                problems += chosen.filter { stops[$0]?.job != nil }.map { ($0, error.text) }
            }
        }
        return problems
    }
}
