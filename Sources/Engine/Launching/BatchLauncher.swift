package import Batch
package import Store
package import System
import Text

/// Runs jobs through a batch system.
///
/// Jobs with equal needs go together, as arrays (`send`). Each is claimed for its place in the array before the
/// system hears of it, so nothing runs twice, whatever becomes of the command. Ends show in one folder; the
/// system's queue is asked for all jobs at once, at intervals that grow (`poll`). Commands wait on a thread of
/// their own: a system that does not answer holds up nothing else.
package final class BatchLauncher: Launcher {
    /// A job that the system has.
    struct Live {
        let job: JobSpec
        let memory: Int64?
        let place: BatchHolder
        /// The number of its array, where that is known.
        var array: String?
        let since: Double
        var hasStarted = false
        /// What was said of why it waits.
        var reason: String?
        /// What it has left, and waits for the word of the system.
        var outcome: Outcome?
        /// Since when it is known to have ended.
        var endedSince: Double?
        /// How often the system did not know it.
        var misses = 0
        /// Whether a pilot takes it.
        var isPacked = false
    }

    /// An array of pilots that this run has handed in.
    struct Pilots {
        var record: BatchRecord
        /// How many jobs its list has.
        var count: Int
    }

    /// A job that somebody else runs.
    struct Foreign {
        let job: JobSpec
        /// The `.failed` that was there before.
        let formerFailure: UInt64?
    }

    /// Jobs that are to come back where they have not begun; and those that have are to end, if they are to.
    struct Wish {
        /// Nil for all.
        let jobs: Set<JobNumber>?
        let ends: Bool
    }

    struct Place: Hashable {
        let nonce: TextKey
        let index: Int

        init(_ holder: BatchHolder) { (nonce, index) = (TextKey(holder.nonce), holder.index) }
    }

    struct State {
        var report: (@Sendable (LaunchEvent) -> Void)?
        var waiting = BatchWaiting()
        var live: [Place: Live] = [:]
        var places: [JobNumber: Place] = [:]
        /// Of the arrays that it has, or had.
        var nonces: TextSet = []
        /// How many jobs of each array are live.
        var sizes: TextMap<Int> = [:]
        /// By what their jobs need.
        var pilots: [BatchWaiting.Need: Pilots] = [:]
        var foreign: [JobNumber: Foreign] = [:]
        var held = HeldJobs()
        /// The nonces of arrays that the system may have taken, though its command failed: nothing of them is to
        /// stay in its queue.
        var uncertain: TextSet = []
        /// When jobs ended, on the clock of `Monotonic`; those of the last while.
        var endedAt: [Place: Double] = [:]
        /// What others want of jobs that the system has.
        var wishes: [Wish] = []
        /// What the system is to end.
        var ending: [BatchJob] = []
        /// Nothing is handed in before, on the clock of `Monotonic`.
        var pausedUntil = 0.0
        /// How many of them are no pilots'.
        var alone = 0
        /// How many of these the site lets in; and how many pilots, as far as it has refused more.
        var siteRoom = SiteRoom()
        var mostPilots = Int.max
        var nextPoll = Double.infinity
        var interval = BatchLauncher.shortestInterval
        /// Whether there is something new to do for the thread of commands.
        var isNews = false
        /// Asked when the first jobs are handed in.
        var site: BatchSite?
        /// All were told to stop.
        var isStopping = false
        var hasEnded = false
    }

    /// The queue is asked so often at first, in seconds, and so seldom at last.
    static let shortestInterval = 5.0
    static let longestInterval = 60.0
    /// How often ends are looked for, in milliseconds.
    private static let watchInterval = 200
    /// The same where pilots may begin the next at once.
    private static let packedInterval = 25

    let system: any BatchSystem
    let definition: LauncherDefinition
    let program: String
    let workspace: String
    /// The name of the folder in which ends show.
    let ends: String
    let isDurable: Bool
    let state = Monitor(State())
    let warn: @Sendable (String) -> Void

    /// - Parameters:
    ///   - program: the absolute path of `xpm-job`.
    ///   - experiment: which jobs these are; two runs of it are not at once.
    ///   - isDurable: whether the outcome of a job counts only when it is on the disk.
    ///   - warn: told what the user should know.
    package init(
        _ definition: LauncherDefinition, system: any BatchSystem, program: String, workspace: Workspace,
        experiment: String, isDurable: Bool, warn: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.system = system
        self.definition = definition
        self.program = program
        self.workspace = workspace.path
        ends = experiment
        self.isDurable = isDurable
        self.warn = warn
        try Files.makeFolder(BatchRecord.ends(ends, in: workspace.path), in: workspace.path)
        try NewThread.start { [self] in command() }
        try NewThread.start { [self] in watch() }
    }

    package func begin(report: @escaping @Sendable (LaunchEvent) -> Void) {
        state.withLock { $0.report = report }
    }

    func report(_ event: LaunchEvent) {
        let report = state.withLock { $0.report }
        report?(event)
    }

    package func submit(_ requests: [LaunchRequest]) {
        let now = Monotonic.seconds
        state.change { state in
            for request in requests {
                state.held.remove(request.job.number)
                state.waiting.add(request, at: now)
            }
            state.isNews = true
        }
    }

    package func watch(_ job: JobSpec) { state.change { $0.held.add(job) } }

    package func withdraw(_ jobs: [JobNumber]) {
        let wanted = Set(jobs)
        let back = state.change { $0.waiting.remove(wanted) }
        for number in back { report(.withdrawn(number)) }
        state.change { state in
            state.wishes.append(Wish(jobs: wanted, ends: false))
            state.isNews = true
        }
    }

    /// Jobs that have not begun are given up, unless they do so now.
    private func takeBack(_ isMeant: (Live) -> Bool) {
        let some = state.withLock { $0.live.values.filter { !$0.hasStarted } }.filter(isMeant)
        for live in some where (try? FileLock.giveUp(live.job.folder.lock, for: live.place)) == true {
            state.change { state in
                Self.forget(Place(live.place), &state)
                Self.end(live, &state)
            }
            report(.withdrawn(live.job.number))
        }
    }

    package func leave(_ number: JobNumber) {
        guard let foreign = state.withLock({ $0.foreign.removeValue(forKey: number) }) else { return }
        let holder = ProcessRecord.read(foreign.job.folder.process)?.text ?? "another process"
        report(.released(number, holder: holder))
    }

    package func record(_ outcome: Outcome, of job: JobSpec) throws(SystemError) {
        try job.folder.recordUnlessRun(outcome, isDurable: isDurable)
    }

    package func cancel(_ jobs: [JobNumber]?, force: Bool) {
        let wanted = jobs.map(Set.init)
        if jobs == nil { state.withLock { $0.isStopping = true } }
        let back = state.change { $0.waiting.remove(wanted) }
        for number in back { report(.withdrawn(number)) }
        state.change { state in
            state.wishes.append(Wish(jobs: wanted, ends: true))
            state.isNews = true
        }
    }

    /// Does what is wished of jobs that the system has; on the thread of commands.
    private func fulfil(_ wish: Wish) {
        func isMeant(_ live: Live) -> Bool { wish.jobs?.contains(live.job.number) ?? true }
        // What was being handed in when it was wished, and was not taken.
        for number in state.change({ $0.waiting.remove(wish.jobs) }) { report(.withdrawn(number)) }
        takeBack(isMeant)
        guard wish.ends else { return }
        let running = state.withLock { $0.live.values.filter(isMeant) }
        for live in running { try? Files.write([], to: live.job.folder.stopMark) }
        state.change { state in for live in running { Self.end(live, &state) } }
    }

    package func end() {
        var ending = state.change { state in
            state.hasEnded = true
            state.report = nil
            return state.ending
        }
        let (all, uncertain) = state.withLock { (Array($0.pilots.values), $0.uncertain) }
        if !uncertain.isEmpty {
            ending += ((try? system.queue(of: Environment.userName)) ?? []).filter { entry in
                uncertain.contains(entry.nonce) && (entry.state == .waiting || entry.state == .running)
            }.map(\.job)
            for nonce in uncertain.ordered { BatchRecord.read(nonce, in: workspace)?.remove(in: workspace) }
        }
        for pilots in all {
            // They would wait for more.
            if let array = pilots.record.array {
                ending += (0..<(pilots.record.pilots ?? 0)).map { BatchJob(array: array, index: $0) }
            }
            pilots.record.remove(in: workspace)
        }
        if !ending.isEmpty { try? system.cancel(ending) }
    }

    // MARK: Changes of the state

    /// Has the system end a job.
    static func end(_ live: Live, _ state: inout State) {
        // Its pilot has others too, and looks whether one is to stop.
        guard let array = live.array, !live.isPacked else { return }
        state.ending.append(BatchJob(array: array, index: live.place.index))
        state.isNews = true
    }

    static func add(_ live: Live, _ state: inout State) {
        let place = Place(live.place)
        guard state.live[place] == nil else { return }
        state.live[place] = live
        if !live.isPacked { state.alone += 1 }
        state.places[live.job.number] = place
        state.nonces.insert(place.nonce)
        state.sizes[place.nonce, default: 0] += 1
        if state.nextPoll == .infinity { state.nextPoll = Monotonic.seconds + shortestInterval }
    }

    /// A job is the system's no more.
    ///
    /// - Returns: whether it was the last of its array.
    @discardableResult
    static func forget(_ place: Place, _ state: inout State) -> Bool {
        guard let live = state.live.removeValue(forKey: place) else { return false }
        state.places[live.job.number] = nil
        if !live.isPacked { state.alone -= 1 }
        // The places of pilots are others.
        if !live.isPacked { state.endedAt[place] = Monotonic.seconds }
        let left = state.sizes[place.nonce, default: 1] - 1
        state.sizes[place.nonce] = left > 0 ? left : nil
        if state.live.isEmpty { state.nextPoll = .infinity }
        // The site may take more by now, and there is room for one more.
        state.pausedUntil = 0
        if !state.waiting.isEmpty { state.isNews = true }
        return left <= 0
    }

    // MARK: Threads

    /// The thread that waits for commands of the system.
    private func command() {
        while true {
            let pause = state.withLock { state in
                state.isNews ? 0 : max(0, min(3600, nextTime(state) - Monotonic.seconds))
            }
            _ = state.wait(milliseconds: Int(pause * 1000) + 1) { $0.hasEnded || $0.isNews }
            let wishes = state.withLock { state in
                defer { state.wishes = [] }
                return state.hasEnded ? [] : state.wishes
            }
            for wish in wishes { fulfil(wish) }
            let ending: [BatchJob]? = state.withLock { state in
                state.isNews = false
                if state.hasEnded { return nil }
                defer { state.ending = [] }
                return state.ending
            }
            guard let ending else { return }
            if !ending.isEmpty { cancel(ending) }
            while let group = nextGroup() { send(group) }
            if state.withLock({ Monotonic.seconds >= $0.nextPoll }) { poll() }
        }
    }

    private func cancel(_ jobs: [BatchJob]) {
        do throws(BatchError) { try system.cancel(jobs) } catch { warn(error.text) }
    }

    /// When there is something to do next, on the clock of `Monotonic`.
    private func nextTime(_ state: State) -> Double {
        // Without room the end of a job is news.
        if room(state) <= 0 { return state.nextPoll }
        let again = max(state.pausedUntil, state.siteRoom.nextTime(live: state.alone))
        return min(state.nextPoll, max(state.waiting.nextTime, again))
    }

    /// What the site allows; on the thread of commands.
    var site: BatchSite {
        if let known = state.withLock({ $0.site }) { return known }
        guard let found = try? system.site() else { return BatchSite() }
        state.withLock { $0.site = found }
        return found
    }

    /// How many more jobs the system may have.
    private func room(_ state: State) -> Int { (definition.mostSubmitted ?? .max) - state.live.count }

    /// Jobs that are to be handed in together now.
    private func nextGroup() -> [BatchWaiting.Entry]? {
        let now = Monotonic.seconds
        if state.withLock({ $0.waiting.isEmpty }) { return nil }
        let longest = site.longestArray
        return state.withLock { state in
            guard now >= state.pausedUntil, !state.isStopping else { return nil }
            let allowed = state.siteRoom.room(
                live: state.alone, waiting: state.waiting.count, at: now)
            let most = min(longest, room(state))
            guard most > 0 else { return nil }
            return state.waiting.next(at: now, most: { $0.isPacked ? most : min(most, allowed) }) {
                state.pilots[$0] != nil
            }
        }
    }

    /// The thread that looks for ends.
    private func watch() {
        var round = 0
        while true {
            let (isIdle, isPacked) = state.withLock { state in
                (
                    state.live.isEmpty && state.foreign.isEmpty && state.held.isEmpty,
                    !state.pilots.isEmpty && !state.live.isEmpty
                )
            }
            let interval = isPacked ? Self.packedInterval : Self.watchInterval
            _ = state.wait(milliseconds: isIdle ? 3_600_000 : interval) { state in
                state.hasEnded
                    || isIdle && !(state.live.isEmpty && state.foreign.isEmpty && state.held.isEmpty)
            }
            if state.withLock({ $0.hasEnded }) { return }
            lookForEnds()
            round += 1
            if round % (isPacked ? 40 : 5) == 0 {
                lookAtForeign()
                lookAtHeld()
            }
        }
    }
}
