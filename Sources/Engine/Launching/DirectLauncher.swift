import CSystemShim
import Text

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs jobs on this machine, through a few `xpm-job` processes (runners) that each host one job at a time.
///
/// A runner has a session of its own and records the outcome of its job itself; it goes on when this process is killed, until its
/// job has ended. The lock of a job's folder is taken here and handed over with the job, so that there is no moment
/// without a holder. A job whose lock is held elsewhere is watched until it ends.
package final class DirectLauncher: Launcher {
    /// The jobs that somebody else runs are looked at so often, in milliseconds, where no descriptor tells their end.
    private static let watchInterval: Int32 = 100

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

    /// A job that somebody else runs. Reached only with the state's lock held.
    private final class Watched {
        let job: JobSpec
        /// Becomes readable when the job's process ends; -1 where nothing tells it, or it has ended.
        private(set) var descriptor: Int32

        /// The `.failed` that was there before: no outcome of what is watched.
        let formerFailure: UInt64?

        init(job: JobSpec, process: consuming Descriptor?) {
            self.job = job
            formerFailure = Files.inode(job.folder.failed)
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
        var report: (@Sendable (Plan.Event) -> Void)?
        var hasEnded = false
        /// The order that a job gets which is handed over when the others have been told to stop.
        var stopOrder: [UInt8]?
    }

    private let program: String
    private let workspace: String
    /// A `Monitor`, whose lock the thread sanitizer sees.
    private let state = Monitor(State())
    /// Wakes the waiting thread when there is more to wait for.
    private let wake: (read: Int32, write: Int32)

    /// - Parameters:
    ///   - program: the absolute path of `xpm-job`.
    ///   - workspace: where the jobs are.
    package init(program: String, workspace: Workspace) throws(SystemError) {
        self.program = program
        self.workspace = workspace.path
        var ends: [Int32] = [0, 0]
        let failure = unsafe xsys_channel(&ends)
        if failure < 0 { throw SystemError("create sockets", "", code: -failure) }
        wake = (ends[0], ends[1])
    }

    deinit {
        close(wake.read)
        close(wake.write)
    }

    package func begin(report: @escaping @Sendable (Plan.Event) -> Void) {
        state.withLock { $0.report = report }
        NewThread.start { [self] in watch() }
    }

    package func launch(_ job: JobSpec, memory: Int64?) {
        do throws(SystemError) {
            guard let lock = try FileLock.take(job.folder.lock, program: job.folder.process) else {
                return adopt(job)
            }
            if job.folder.isDone {
                lock.release()
                return report(.ended(job.number, Outcome.read(job.folder.done), elsewhere: true))
            }
            var order = JobOrder(job, memory: memory)
            order.claim = lock.claim
            if Files.exists(job.folder.failed) {
                order.attempt = job.retry.attempt(after: Outcome.read(job.folder.failed))
                try Files.remove(job.folder.failed)
            }
            try hand(job, order, lock)
        } catch {
            report(.ended(job.number, Outcome(.launch, message: error.text), elsewhere: false))
        }
    }

    package func record(_ outcome: Outcome, of job: JobSpec) -> String? {
        var outcome = outcome
        outcome.ended = .now
        do throws(SystemError) {
            _ = try FileLock.holding(job.folder.lock) { () throws(SystemError) in
                if !job.folder.isDone { try job.folder.record(outcome) }
            }
            return nil
        } catch { return error.text }
    }

    package func stop(force: Bool) {
        let order: [UInt8] = [force ? JobRunner.Order.kill : JobRunner.Order.terminate]
        state.withLock { state in
            state.stopOrder = order
            for runner in state.runners.values where runner.job != nil {
                _ = unsafe xsys_send(runner.channel.number, order, 1, -1)
            }
            for watched in state.watched.values {
                ProcessRecord.read(watched.job.folder.process)?.signal(force ? SIGKILL : SIGTERM)
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

    private func report(_ event: Plan.Event) {
        let report = state.withLock { $0.report }
        report?(event)
    }

    private func wakeUp() { _ = unsafe xsys_send(wake.write, [1], 1, -1) }

    // MARK: Handing a job to a runner

    private func hand(_ job: JobSpec, _ order: JobOrder, _ lock: consuming FileLock) throws(SystemError) {
        let message = order.json.bytes
        do throws(SystemError) {
            // If a runner was killed while idle, another one gets the job.
            while try !hand(job, message, lock) {}
        } catch {
            lock.release()
            throw error
        }
        // The runner holds the lock now, through its own descriptor; ours is closed without giving it back.
    }

    /// - Returns: false if the runner was dead.
    private func hand(
        _ job: JobSpec, _ message: [UInt8], _ lock: borrowing FileLock
    ) throws(SystemError) -> Bool {
        let runner = try takeRunner()
        try lock.bequeath(to: runner.pid)
        let descriptor = lock.descriptor.number
        return state.withLock { state in
            guard let runner = state.runners[runner.key] else { return false }
            let result = unsafe xsys_send(runner.channel.number, message, message.count, descriptor)
            guard result == 0 else {
                Self.forget(runner.channel.number, &state)
                return false
            }
            runner.job = job
            if let order = state.stopOrder {
                _ = unsafe xsys_send(runner.channel.number, order, order.count, -1)
            }
            return true
        }
    }

    /// Takes a dead runner off the books.
    private static func forget(_ key: Int32, _ state: inout State) {
        guard let runner = state.runners.removeValue(forKey: key) else { return }
        state.idle.removeAll { $0 == key }
        var status: Int32 = 0
        _ = unsafe xsys_wait(runner.pid, true, &status)
    }

    /// An idle runner, or a new one.
    private func takeRunner() throws(SystemError) -> (key: Int32, pid: Int32) {
        let idle = state.withLock { state in
            state.idle.popLast().flatMap { key in state.runners[key].map { (key: key, pid: $0.pid) } }
        }
        if let idle { return idle }
        var ends: [Int32] = [0, 0]
        let failure = unsafe xsys_channel(&ends)
        if failure < 0 { throw SystemError("create sockets", "", code: -failure) }
        let theirs = Descriptor(owning: ends[1])
        let pid = ChildProcess.spawn(
            [program, JobRunner.flag], environment: LockChoice.environment(in: workspace),
            as: xsys_process.make(kept: theirs.number, as: JobRunner.channel, session: true))
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
        report(.adopted(job.number))
        state.withLock {
            let process = ProcessRecord.read(job.folder.process)?.watch()
            $0.watched[job.number.index] = Watched(job: job, process: process)
        }
        wakeUp()
    }

    /// The thread that waits for runners and for the jobs of others.
    private func watch() {
        while true {
            var polled = [pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0)]
            let mustLook = state.withLock { state in
                for key in state.runners.keys {
                    polled.append(pollfd(fd: key, events: Int16(POLLIN), revents: 0))
                }
                var mustLook = false
                for watched in state.watched.values {
                    polled.append(pollfd(fd: watched.descriptor, events: Int16(POLLIN), revents: 0))
                    mustLook = true
                }
                return mustLook
            }
            let count = unsafe poll(&polled, nfds_t(polled.count), mustLook ? Self.watchInterval : -1)
            if count > 0 {
                if polled[0].revents != 0 {
                    var (byte, passed): (UInt8, Int32) = (0, -1)
                    _ = unsafe xsys_receive(wake.read, &byte, 1, &passed, true)
                }
                for entry in polled.dropFirst() where entry.revents != 0 { hear(entry.fd) }
            }
            lookAtWatched()
            if state.withLock({ $0.hasEnded }) { return }
        }
    }

    /// A runner said something, or is gone; or the process of a watched job has ended.
    private func hear(_ key: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let event: Plan.Event? = state.withLock { state in
            guard let runner = state.runners[key] else {
                for watched in state.watched.values where watched.descriptor == key { watched.stopWaiting() }
                return nil
            }
            var passed: Int32 = -1
            // Not waiting: the number may have become another runner's since it was polled.
            let count = unsafe xsys_receive(key, &buffer, buffer.count, &passed, false)
            if count == -Int(EAGAIN) { return nil }
            let job = runner.job
            if count > 0 {
                runner.job = nil
                state.idle.append(key)
                guard let job else { return nil }
                let outcome = (try? JSON.parse(Array(buffer[..<count]))).map {
                    Outcome.read($0, named: .failed)
                }
                return .ended(job.number, outcome ?? Self.recorded(job) ?? Outcome(.lost), elsewhere: false)
            }
            Self.forget(key, &state)
            guard let job else { return nil }
            if LockClaim.isInUse { LockClaim.releaseBequeathed(job.folder.lock) }
            // Killed with a job in its hands: what the job's program does now shows its lock.
            state.watched[job.number.index] = Watched(job: job, process: nil)
            return .adopted(job.number)
        }
        guard let event else { return }
        report(event)
    }

    /// The outcome in a job's folder, if there is one.
    private static func recorded(_ job: JobSpec) -> Outcome? {
        for path in [job.folder.done, job.folder.failed] where Files.exists(path) {
            return Outcome.read(path)
        }
        return nil
    }

    /// Looks which of the watched jobs have ended.
    private func lookAtWatched() {
        let watched = state.withLock { $0.watched.values.map { (job: $0.job, failure: $0.formerFailure) } }
        for (job, formerFailure) in watched {
            guard !FileLock.isHeld(job.folder.lock) else { continue }
            state.withLock { _ = $0.watched.removeValue(forKey: job.number.index) }
            if job.folder.isDone {
                report(.ended(job.number, Outcome.read(job.folder.done), elsewhere: true))
            } else if let failure = Files.inode(job.folder.failed), failure != formerFailure {
                report(.ended(job.number, Outcome.read(job.folder.failed), elsewhere: true))
            } else {
                report(.abandoned(job.number))
            }
        }
    }
}
