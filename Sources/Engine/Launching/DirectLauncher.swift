import CSystemShim
import Glibc
package import Store
package import System
import Text

/// Runs jobs on this machine, through a few `xpm-job` processes (runners) that each host one job at a time.
///
/// A runner has a session of its own and records the outcome of its job itself; it goes on when this process
/// is killed, until its job has ended. The lock of a job's folder is taken here and handed over with the job,
/// so that there is no moment without a holder. A job whose lock is held elsewhere is watched until it ends.
package final class DirectLauncher: Launcher {
    /// The jobs that somebody else runs are looked at so often, in milliseconds, where no descriptor tells
    /// their end.
    private static let watchInterval: Int32 = 100
    /// So often those that are held.
    private static let heldInterval: Int32 = 500

    /// Reached only with the state's lock held.
    private final class Runner {
        let channel: Descriptor
        let pid: Int32
        var job: JobSpec?

        init(channel: consuming Descriptor, pid: Int32) {
            self.channel = channel
            self.pid = pid
        }
    }

    /// A job that no runner of this process hosts. Reached only with the state's lock held.
    private final class Watched {
        let job: JobSpec
        /// Becomes readable when the job's process ends; -1 where nothing tells it, or it has ended.
        private(set) var descriptor: Int32

        /// The `.failed` that was there before: no outcome of what is watched.
        let formerFailure: UInt64?

        /// Whether this process started it, and has lost its runner.
        let isOwn: Bool
        /// Whether others may want it to go on, who run it.
        var isOfOthers: Bool { !isOwn && ProcessRecord.read(job.folder.process)?.isOrphan != true }

        init(job: JobSpec, process: consuming Descriptor?, isOwn: Bool) {
            self.job = job
            self.isOwn = isOwn
            formerFailure = isOwn ? nil : Files.inode(job.folder.failed)
            if let process { descriptor = dup(process.number) } else { descriptor = -1 }
        }

        deinit { stopWaiting() }

        /// The process has ended; what it left behind may still hold the lock.
        func stopWaiting() {
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    private struct State {
        var runners: [Int32: Runner] = [:]
        var idle: [Int32] = []
        var watched: [Int: Watched] = [:]
        var held = HeldJobs()
        /// When they are looked at next.
        var looksAtHeldAt = 0.0
        /// Jobs that were submitted and not looked at yet.
        var submitted: [LaunchRequest] = []
        /// Jobs that wait until a runner is free, because the limits allow no more of them.
        var postponed: [LaunchRequest] = []
        /// Runners that were let go and are still to be waited for.
        var departed: [Int32] = []
        var report: (@Sendable (LaunchEvent) -> Void)?
        var hasEnded = false
        /// When runners that still have a job are killed, and their jobs; nil for never.
        var killAt: Double?
        /// The order that a job gets which is handed over when the others have been told to stop.
        var stopOrder: [UInt8]?
    }

    private let program: String
    private let workspace: String
    private let isDurable: Bool
    private let own = ProcessRecord.Starter(pid: getpid())
    /// A `Monitor`, whose lock the thread sanitizer sees.
    private let state = Monitor(State())
    /// Wakes the waiting thread when there is more to wait for.
    private let wake: (read: Int32, write: Int32)

    /// Descriptors that are left for everything but runners, each of which takes one.
    private static let reserve = 18

    /// - Parameters:
    ///   - program: the absolute path of `xpm-job`.
    ///   - workspace: where the jobs are.
    ///   - isDurable: whether the outcome of a job counts only when it is on the disk.
    package init(program: String, workspace: Workspace, isDurable: Bool = true) throws(SystemError) {
        self.program = program
        self.workspace = workspace.path
        self.isDurable = isDurable
        var ends: [Int32] = [0, 0]
        let failure = unsafe xsys_channel(&ends)
        if failure < 0 { throw SystemError("create sockets", "", code: -failure) }
        wake = (ends[0], ends[1])
        try NewThread.start { [self] in watch() }
    }

    deinit {
        close(wake.read)
        close(wake.write)
    }

    package func begin(report: @escaping @Sendable (LaunchEvent) -> Void) {
        state.withLock { $0.report = report }
    }

    package func watch(_ job: JobSpec) {
        state.withLock { $0.held.add(job) }
        wakeUp()
    }

    package func submit(_ requests: [LaunchRequest]) {
        state.withLock { state in
            for request in requests { state.held.remove(request.job.number) }
            state.submitted += requests
        }
        wakeUp()
    }

    /// Starts what was submitted. On the thread that waits: files are locked and written, and processes
    /// start.
    private func launchSubmitted() {
        while let request = state.withLock({ $0.submitted.isEmpty ? nil : $0.submitted.removeFirst() }) {
            launch(request)
        }
    }

    private func launch(_ request: LaunchRequest) {
        let job = request.job
        do throws(SystemError) {
            var isNew = job.touch()
            try job.folder.checkPlace()
            // Where this user may not make the folder, that is why.
            if let files = job.files, !Files.exists(job.folder.path) {
                isNew = try files.write(to: job.folder, job.language)
            }
            guard let lock = try FileLock.take(job.folder.lock, program: job.folder.process) else {
                return adopt(job)
            }
            if job.folder.isDone {
                lock.release()
                return report(.ended(job.number, Outcome.read(job.folder.done), elsewhere: true))
            }
            var order = JobOrder(job, memory: request.memory)
            order.claim = lock.claim
            order.isDurable = isDurable
            order.isNew = isNew
            order.starter = own
            do throws(SystemError) {
                if Files.exists(job.folder.failed) {
                    order.isNew = false
                    order.attempt = job.retry.attempt(after: Outcome.read(job.folder.failed))
                    try Files.remove(job.folder.failed)
                }
                // It ran when it was submitted; what this run submits counts.
                try job.files?.write(to: job.folder, job.language)
            } catch {
                lock.release()
                throw error
            }
            try hand(job, order, lock)
        } catch {
            if error.isShortage, postpone(request) { return }
            report(.ended(job.number, Outcome(.launch, message: error.text), elsewhere: false))
        }
    }

    /// Leaves a job for when another one has ended, if one runs.
    private func postpone(_ request: LaunchRequest) -> Bool {
        let isPostponed = state.withLock { state in
            guard state.runners.values.contains(where: { $0.job != nil }) else { return false }
            state.postponed.append(request)
            return true
        }
        if isPostponed {
            report(
                .queued(
                    request.job.number,
                    reason: "waits for another job to end: the limits of this process allow no more at once"))
        }
        return isPostponed
    }

    /// Jobs that waited for a runner.
    private func launchPostponed() {
        let isFree = state.withLock { !$0.idle.isEmpty || !$0.runners.values.contains { $0.job != nil } }
        guard isFree, let next = state.withLock({ $0.postponed.isEmpty ? nil : $0.postponed.removeFirst() })
        else { return }
        report(.started(next.job.number))
        launch(next)
    }

    package func withdraw(_ jobs: [JobNumber]) {
        let wanted = Set(jobs)
        let back = state.withLock { state -> [JobNumber] in
            for runner in state.runners.values where runner.job.map({ wanted.contains($0.number) }) ?? false {
                Self.send(JobRunner.Order.withdraw, to: runner)
            }
            let back = (state.submitted + state.postponed).map(\.job.number).filter(wanted.contains)
            state.submitted.removeAll { wanted.contains($0.job.number) }
            state.postponed.removeAll { wanted.contains($0.job.number) }
            return back
        }
        for number in back { report(.withdrawn(number)) }
    }

    package func leave(_ number: JobNumber) {
        let job = state.withLock { state -> JobSpec? in
            guard let watched = state.watched[number.index], watched.isOfOthers else { return nil }
            state.watched[number.index] = nil
            return watched.job
        }
        guard let job else { return }
        let holder = ProcessRecord.read(job.folder.process)?.text ?? "another process"
        report(.released(number, holder: holder))
    }

    package func record(_ outcome: Outcome, of job: JobSpec) throws(SystemError) {
        try job.folder.recordUnlessRun(outcome, isDurable: isDurable)
    }

    package func cancel(_ jobs: [JobNumber]?, force: Bool) {
        let order = force ? JobRunner.Order.kill : JobRunner.Order.terminate
        let wanted = jobs.map(Set.init)
        func isMeant(_ job: JobSpec) -> Bool { wanted?.contains(job.number) ?? true }
        state.withLock { state in
            if jobs == nil { state.stopOrder = [order] }
            if force, jobs == nil { state.killAt = Monotonic.seconds + Self.patience }
            for runner in state.runners.values where runner.job.map(isMeant) ?? false {
                Self.send(order, to: runner)
            }
            for watched in state.watched.values where isMeant(watched.job) {
                Self.stop(watched, force: force)
            }
        }
        if force { wakeUp() }
    }

    /// Seconds that a runner has to kill its job before it is killed with it: one that was stopped by SIGSTOP
    /// does nothing.
    private static let patience = 1.0

    /// Kills runners that have not followed an order to kill, and what they host.
    private func killStuck() {
        state.withLock { state in
            guard let at = state.killAt, Monotonic.seconds >= at else { return }
            state.killAt = nil
            for runner in state.runners.values {
                guard let folder = runner.job?.folder else { continue }
                Self.signal(folder, SIGKILL)
                // A child of this process, which has not been waited for: its number is nobody else's.
                kill(runner.pid, SIGKILL)
            }
        }
    }

    package func end() {
        state.withLock {
            $0.hasEnded = true
            // The runners see the end of their channel and leave.
            $0.runners = [:]
            $0.idle = []
            $0.report = nil
        }
        wakeUp()
    }

    private func report(_ event: LaunchEvent) {
        let report = state.withLock { $0.report }
        report?(event)
    }

    private func wakeUp() { _ = unsafe xsys_send(wake.write, [1], 1, -1) }

    /// An order to a runner. One that does not get it is gone, and that is heard.
    private static func send(_ order: UInt8, to runner: Runner) {
        _ = unsafe xsys_send(runner.channel.number, [order], 1, -1)
    }

    // MARK: Handing a job to a runner

    /// How many runners may fail to take a job before it is given up.
    private static let mostTries = 3

    private func hand(_ job: JobSpec, _ order: JobOrder, _ lock: consuming FileLock) throws(SystemError) {
        let message = order.json.bytes
        do throws(SystemError) {
            // If a runner was killed while idle, another one gets the job.
            for attempt in 1... {
                let failure = try hand(job, message, lock)
                if failure == 0 { break }
                if attempt >= Self.mostTries { throw SystemError("send a job to", program, code: failure) }
            }
        } catch {
            lock.release()
            throw error
        }
        // The runner holds the lock now, through its own descriptor; ours is closed without giving it back.
    }

    /// - Returns: 0, or an errno if the runner did not get it.
    private func hand(
        _ job: JobSpec, _ message: [UInt8], _ lock: borrowing FileLock
    ) throws(SystemError) -> Int32 {
        let runner = try takeRunner()
        try lock.bequeath(to: runner.pid)
        let descriptor = lock.descriptor.number
        return state.withLock { state in
            guard let runner = state.runners[runner.key] else { return ESRCH }
            let result = unsafe xsys_send(runner.channel.number, message, message.count, descriptor)
            guard result == 0 else {
                // It has no job: nothing is lost with it.
                kill(runner.pid, SIGKILL)
                Self.letGo(runner.channel.number, &state)
                return -result
            }
            runner.job = job
            if let order = state.stopOrder?.first { Self.send(order, to: runner) }
            return 0
        }
    }

    /// Takes a runner off the books. It sees the end of its channel, and leaves when its job has ended.
    private static func letGo(_ key: Int32, _ state: inout State) {
        guard let runner = state.runners.removeValue(forKey: key) else { return }
        state.idle.removeAll { $0 == key }
        state.departed.append(runner.pid)
    }

    /// An idle runner, or a new one.
    private func takeRunner() throws(SystemError) -> (key: Int32, pid: Int32) {
        let (idle, count) = state.withLock { state in
            (
                state.idle.popLast().flatMap { key in state.runners[key].map { (key: key, pid: $0.pid) } },
                state.runners.count
            )
        }
        if let idle { return idle }
        if count >= max(1, Environment.mostDescriptors - Self.reserve) {
            throw SystemError("start", program, code: EMFILE)
        }
        var ends: [Int32] = [0, 0]
        let failure = unsafe xsys_channel(&ends)
        if failure < 0 { throw SystemError("create sockets", "", code: -failure) }
        let theirs = Descriptor(owning: ends[1])
        let pid = ChildProcess.spawn(
            [program, JobRunner.flag], environment: LockChoice.environment(in: workspace),
            as: NewProcess(kept: theirs.number, keptAs: JobRunner.channel, startsSession: true))
        let key = ends[0]
        if pid < 0 {
            close(key)
            throw SystemError("start", program, code: -pid)
        }
        state.withLock { $0.runners[key] = Runner(channel: Descriptor(owning: key), pid: pid) }
        wakeUp()
        return (key, pid)
    }

    // MARK: Watching

    private func adopt(_ job: JobSpec) {
        let record = ProcessRecord.read(job.folder.process)
        state.withLock { state in
            let process = record?.watch()
            let watched = Watched(job: job, process: process, isOwn: false)
            state.watched[job.number.index] = watched
            // All were told to stop before.
            if let order = state.stopOrder?.first { Self.stop(watched, force: order == JobRunner.Order.kill) }
        }
        // It is known here by now: who hears this may want it left.
        report(.adopted(job.number, isOurs: record?.isOrphan ?? false))
        wakeUp()
    }

    /// Tells a job to stop that no runner of this process hosts, unless it is of others.
    private static func stop(_ watched: Watched, force: Bool) {
        if !watched.isOfOthers { signal(watched.job.folder, force ? SIGKILL : SIGTERM) }
    }

    /// Signals the process group of a job, where its record names one that is the job's.
    private static func signal(_ folder: JobFolder, _ number: Int32) {
        guard let record = ProcessRecord.read(folder.process),
            (try? record.check(.job(folder), record: folder.process)) != nil
        else { return }
        record.group?.signal(number)
    }

    /// The thread that waits for runners and for the jobs of others.
    private func watch() {
        while true {
            var polled = [pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0)]
            let interval = state.withLock { state in
                for key in state.runners.keys {
                    polled.append(pollfd(fd: key, events: Int16(POLLIN), revents: 0))
                }
                var mustLook = !state.departed.isEmpty || state.killAt != nil
                for watched in state.watched.values {
                    polled.append(pollfd(fd: watched.descriptor, events: Int16(POLLIN), revents: 0))
                    mustLook = true
                }
                return mustLook ? Self.watchInterval : state.held.isEmpty ? -1 : Self.heldInterval
            }
            let count = unsafe poll(&polled, nfds_t(polled.count), interval)
            if count > 0 {
                if polled[0].revents != 0 {
                    var (byte, passed): (UInt8, Int32) = (0, -1)
                    _ = unsafe xsys_receive(wake.read, &byte, 1, &passed, true)
                }
                for entry in polled.dropFirst() where entry.revents != 0 { hear(entry.fd) }
            }
            launchSubmitted()
            killStuck()
            lookAtWatched()
            lookAtHeld()
            launchPostponed()
            let hasEnded = state.withLock { state in
                state.departed.removeAll { pid in
                    var status: Int32 = 0
                    return unsafe xsys_wait(pid, false, &status) != -EAGAIN
                }
                return state.hasEnded
            }
            if hasEnded { return }
        }
    }

    /// A runner said something, or is gone; or the process of a watched job has ended.
    private func hear(_ key: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let heard: (job: JobSpec, message: RunnerMessage?)? = state.withLock { state in
            guard let runner = state.runners[key] else {
                for watched in state.watched.values where watched.descriptor == key { watched.stopWaiting() }
                return nil
            }
            var passed: Int32 = -1
            // Not waiting: the number may have become another runner's since it was polled.
            let count = unsafe xsys_receive(key, &buffer, buffer.count, &passed, false)
            // Asked again at once where the kernel has no memory for it.
            if [-Int(EAGAIN), -Int(ENOMEM), -Int(ENOBUFS)].contains(count) { return nil }
            let job = runner.job
            if count > 0, let message = RunnerMessage(Array(buffer[..<count])) {
                if message.endsJob {
                    runner.job = nil
                    state.idle.append(key)
                }
                return job.map { ($0, message) }
            }
            // Killed, or no longer understood, with a job in its hands: what becomes of the job shows in its
            // folder.
            Self.letGo(key, &state)
            guard let job else { return nil }
            state.watched[job.number.index] = Watched(job: job, process: nil, isOwn: true)
            return (job, nil)
        }
        guard let heard else { return }
        if heard.message?.endsJob ?? true, LockClaim.isInUse {
            LockClaim.releaseBequeathed(heard.job.folder.lock)
        }
        let number = heard.job.number
        switch heard.message {
        case .waiting(let reason)?: report(.queued(number, reason: reason))
        case .started?: report(.started(number))
        case .withdrawn?: report(.withdrawn(number))
        case .ended(let outcome)?:
            // One that could not even read its order has written none.
            if outcome.reason == .launch, !Files.exists(heard.job.folder.failed) {
                try? record(outcome, of: heard.job)
            }
            report(.ended(number, outcome, elsewhere: false))
        case nil: report(.adopted(number, isOurs: true))
        }
    }

    /// Looks which of the watched jobs have ended.
    private func lookAtWatched() {
        let watched = state.withLock {
            $0.watched.values.map { (job: $0.job, failure: $0.formerFailure, isOwn: $0.isOwn) }
        }
        for (job, formerFailure, isOwn) in watched {
            guard !FileLock.isHeld(job.folder.lock) else { continue }
            state.withLock { _ = $0.watched.removeValue(forKey: job.number.index) }
            report(.ofWatched(job, formerFailure: formerFailure, elsewhere: !isOwn))
        }
    }

    /// Looks which of the jobs that are held here are done.
    private func lookAtHeld() {
        let now = Monotonic.seconds
        let some = state.withLock { state -> [JobSpec] in
            guard !state.held.isEmpty, now >= state.looksAtHeldAt else { return [] }
            state.looksAtHeldAt = now + Double(Self.heldInterval) / 1000
            return state.held.some()
        }
        for job in some where job.folder.isDone {
            state.withLock { $0.held.remove(job.number) }
            report(.doneElsewhere(job.number))
        }
    }
}
