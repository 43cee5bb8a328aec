import CSystemShim
import Glibc
import Store
import System
import Text

/// Waits for the program of an attempt, and stops it when its time is over or when somebody asks.
///
/// SIGTERM goes to the program, so that it can end what it has started in its own way; when it has ended, to
/// the rest of its process group; after a grace what is left gets SIGKILL. An attempt that was stopped is
/// over when nothing of it is left.
struct ProgramWatch {
    /// Seconds between SIGTERM and SIGKILL.
    private static let grace = 10.0
    /// How often it is looked whether something is left, in milliseconds.
    private static let interval: Int32 = 10

    let pid: Int32
    /// Whether it leads a session, whose whole group gets signals.
    let leadsSession: Bool
    /// A channel on which `JobRunner.Order`s come, or -1.
    private var orders: Int32
    /// Where this process's own signals come from, or -1.
    private let signals: Int32
    /// What they mean.
    private let meaning: Meaning
    /// When its time is over, on the clock of `Monotonic`; nil for never.
    private let deadline: Double?
    /// Children of this process that are not of the program.
    private let others: Set<Int32>
    /// The program, where it stays when the job has ended: it says so.
    private let worker: WarmWorker?
    private var answer: WarmWorker.Answer?
    /// Where answers come from, or -1.
    private var answers: Int32
    /// Tells monitors of a job that runs for a while; and when next, on the clock of `Monotonic`.
    private var report: MonitorReport?
    private var reportAt = Monotonic.seconds + MonitorReport.delay
    /// A file that somebody writes who wants the job to stop; nil where others tell.
    private let stopMark: String?
    /// When that is looked at next, on the clock of `Monotonic`.
    private var stopAt = Monotonic.seconds + 1
    /// Bytes that the program and what it starts may use; nil where nobody has said.
    private let memory: Int64?
    /// When that is looked at next, on the clock of `Monotonic`.
    private var memoryAt = Monotonic.seconds + ProgramWatch.shortestLook
    /// What it used when it used too much.
    private var excess: Int64?
    private var killAt: Double?
    /// Whether it was killed: what is left is asked no more.
    private var isKilled = false
    private var isCancelled = false
    /// Whether it was asked to end because its time is over; and whether its end counts as that.
    private var hasAsked = false
    private var isOverdue = false

    /// How a program ended.
    struct Ending {
        var code: Int32?
        var signal: Int32?
        /// Why xpm asked it to end, if it did.
        var cause: Cause?
        /// Why nobody knows.
        var problem: SystemError?
        /// Whether the program goes on: the job has ended, and it takes another.
        var isAlive = false
        /// What a worker has said of its job.
        var answer: WarmWorker.Answer?
        /// What it has used; nil where it goes on.
        var usage: Outcome.Usage?

        enum Cause {
            case cancelled
            case overdue
            /// It used so many bytes, more than it may.
            case memory(Int64)
        }
    }

    /// What signals to this process mean.
    enum Meaning {
        /// Nothing: it does not take them.
        case none
        /// They are for the program.
        case passedOn
        /// A batch system stops the job: because its time is over, where that ends about then, on the clock of
        /// `Monotonic`.
        ///
        /// - Parameters:
        ///   - signals: where they come from.
        ///   - tellsAll: whether it has told the program too.
        case ofBatchSystem(signals: Int32, end: Double?, tellsAll: Bool)

        var isOfBatchSystem: Bool { if case .ofBatchSystem = self { true } else { false } }
    }

    /// A batch system ends a job up to so many seconds before its time is over (sbatch(1), --signal).
    private static let earliness = 90.0
    /// Its memory is looked at so often at most, and so seldom, in seconds; and how many bytes a program may
    /// fill in one.
    private static let shortestLook = 0.25
    private static let longestLook = 5.0
    private static let fastest = 2e9
    /// A program may hear of its end before this process does: so many milliseconds.
    private static let lag: Int32 = 300

    init(
        pid: Int32, leadsSession: Bool, orders: Int32, signals meaning: Meaning, deadline: Double?,
        memory: Int64? = nil, stopMark: String? = nil, others: Set<Int32> = [], worker: WarmWorker? = nil,
        report: MonitorReport? = nil
    ) {
        self.worker = worker
        answers = worker?.channel ?? -1
        self.report = report
        self.pid = pid
        self.leadsSession = leadsSession
        self.orders = orders
        self.meaning = meaning
        signals =
            switch meaning {
            case .none: -1
            case .passedOn: xsys_signals()
            case .ofBatchSystem(let signals, _, _): signals
            }
        self.deadline = deadline
        self.memory = memory
        self.stopMark = stopMark
        self.others = others
    }

    /// Returns when the program has ended; one that was stopped, when nothing of it is left.
    mutating func wait() -> Ending {
        let process = xsys_process_descriptor(pid)
        defer { if process >= 0 { close(process) } }
        var status: Int32 = 0
        var used = xsys_usage()
        while true {
            listen(process, timeout(process))
            let result = unsafe xsys_wait_usage(pid, &status, &used)
            if result == 0 { break }
            if result != -EAGAIN { return Ending(problem: SystemError("wait for", "", code: -result)) }
            // One that was asked to stop ends with its job.
            if case .code(let code)? = answer, !isCancelled, !hasAsked {
                return Ending(code: code, isAlive: true, answer: answer)
            }
            if case .broken? = answer, !isKilled { killAll() }
            checkTime()
        }
        // It may have answered, and ended at once.
        answer = answer ?? worker?.takeAnswer()
        let (signal, code) = (xsys_signal(status), xsys_exit_code(status))
        if meaning.isOfBatchSystem, !isCancelled, !hasAsked { takeLateSignal(code) }
        // A program that somebody has killed does not end what it has started.
        let isStruck = [SIGTERM, SIGKILL, SIGINT, SIGHUP].contains(signal)
        if isCancelled || hasAsked || isStruck { endRest() }
        let cause: Ending.Cause? =
            isCancelled ? .cancelled : isOverdue ? .overdue : excess.map { .memory($0) }
        if case .code(let code)? = answer, cause == nil { return Ending(code: code, answer: answer) }
        return Ending(
            code: code < 0 ? nil : code, signal: signal > 0 ? signal : nil, cause: cause, answer: answer,
            usage: worker == nil ? Outcome.Usage(peakMemory: used.peak_memory, cpu: used.cpu) : nil)
    }

    /// Waits for orders, signals or the end of a process.
    private mutating func listen(_ process: Int32, _ milliseconds: Int32) {
        var polled = [
            pollfd(fd: process, events: Int16(POLLIN), revents: 0),
            pollfd(fd: orders, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: answers, events: Int16(POLLIN), revents: 0),
        ]
        unsafe _ = poll(&polled, nfds_t(polled.count), milliseconds)
        if polled[1].revents != 0 { takeOrder() }
        if polled[2].revents != 0 { takeSignal() }
        if polled[3].revents & Int16(POLLIN) != 0 {
            answer = worker?.takeAnswer() ?? answer
        } else if polled[3].revents != 0 {
            // Closed: its end is what tells.
            answers = -1
        }
        if answer != nil { answers = -1 }
    }

    /// The outcome is known: monitors are told of a job that they know.
    mutating func tell(_ outcome: Outcome) { report?.end(outcome) }

    /// Whether somebody has asked to stop since the program has ended.
    mutating func isAskedToStop() -> Bool {
        var polled = [
            pollfd(fd: orders, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
        ]
        unsafe _ = poll(&polled, nfds_t(polled.count), 0)
        if polled[0].revents != 0 {
            var (order, passed): (UInt8, Int32) = (0, -1)
            if unsafe xsys_receive(orders, &order, 1, &passed, true) <= 0 { orders = -1 }
            if order == JobRunner.Order.terminate || order == JobRunner.Order.kill { isCancelled = true }
        }
        if polled[1].revents != 0 {
            let number = xsys_next_signal(signals)
            if number > 0, Self.stops(number, meaning) { isCancelled = true }
        }
        return isCancelled
    }

    /// Whether a signal tells this process to end: Slurm's SIGUSR2 is one that somebody has asked for, and means
    /// what the program makes of it.
    private static func stops(_ number: Int32, _ meaning: Meaning) -> Bool {
        guard number == SIGUSR2 else { return number != SIGWINCH }
        if case .ofBatchSystem(_, _, tellsAll: false) = meaning { return true }
        return false
    }

    /// What a batch system said to the program it says to this process, before or after.
    private mutating func takeLateSignal(_ code: Int32) {
        var polled = pollfd(fd: signals, events: Int16(POLLIN), revents: 0)
        if unsafe poll(&polled, 1, code == 0 ? 0 : Self.lag) > 0 { takeSignal() }
    }

    /// The program has ended; what it has left in its group, or outside of it, follows.
    private mutating func endRest() {
        let end = killAt ?? Monotonic.seconds + Self.grace
        var isAsked = false
        while true {
            // The program's own orphans come to this process, and are waited for here.
            while xsys_reap() > 0 {}
            let rest = ProcessTree.all(below: ProcessTree.children(of: getpid()).subtracting(others))
            let hasGroup = leadsSession && kill(-pid, 0) == 0
            if rest.isEmpty, !hasGroup { return }
            let number = isKilled || Monotonic.seconds >= end ? SIGKILL : SIGTERM
            if number == SIGKILL || !isAsked {
                if hasGroup { kill(-pid, number) }
                for one in rest { kill(one, number) }
                isAsked = true
            }
            listen(-1, Self.interval)
        }
    }

    /// Milliseconds until the time has to be looked at; -1 for never.
    private func timeout(_ process: Int32) -> Int32 {
        // Without a descriptor of the process, look often.
        if process < 0 { return 20 }
        let times = [
            killAt ?? (hasAsked ? nil : deadline), report == nil ? nil : reportAt,
            memory == nil || isKilled ? nil : memoryAt, stopMark == nil || isCancelled ? nil : stopAt,
        ]
        guard let next = times.compactMap(\.self).min() else { return -1 }
        return Int32(min(max(0, (next - Monotonic.seconds) * 1000 + 1), 1e9))
    }

    private mutating func checkTime() {
        let now = Monotonic.seconds
        if report != nil, now >= reportAt {
            report?.update()
            reportAt = now + MonitorReport.interval
        }
        if let stopMark, !isCancelled, now >= stopAt {
            stopAt = now + 1
            if Files.exists(stopMark) {
                isCancelled = true
                terminate()
            }
        }
        if let memory, !isKilled, now >= memoryAt { look(at: memory) }
        if let deadline, !hasAsked, now >= deadline {
            hasAsked = true
            // One that takes no notice of the request has until the end.
            isOverdue = !ProcessRecord.ignoresTermination(pid)
            terminate()
        }
        if let at = killAt, now >= at {
            isOverdue = isOverdue || hasAsked
            killAt = nil
            killAll()
        }
    }

    /// Ends a program that uses more memory than it may, with all that it has started, as the kernel would.
    private mutating func look(at memory: Int64) {
        let all = ProcessTree.all(below: ProcessTree.children(of: getpid()).subtracting(others).union([pid]))
        let began = Monotonic.seconds
        let used = ProcessMemory.used(by: all, limit: memory)
        let now = Monotonic.seconds
        // What the look costs is a small part of the time.
        let least = max(Self.shortestLook, (now - began) * 20)
        memoryAt = now + max(least, min(Self.longestLook, Double(memory - used) / Self.fastest))
        guard used > memory else { return }
        excess = used
        killAll()
        for one in all { kill(one, SIGKILL) }
    }

    private mutating func takeOrder() {
        var (order, passed): (UInt8, Int32) = (0, -1)
        guard unsafe xsys_receive(orders, &order, 1, &passed, true) > 0 else {
            // The launcher is gone; the job lives on.
            orders = -1
            return
        }
        if order == JobRunner.Order.withdraw { return }
        // A program that ignores the request and ends well has finished.
        isCancelled = isCancelled || !ProcessRecord.ignoresTermination(pid)
        if order == JobRunner.Order.kill { killAll() } else { terminate() }
    }

    private mutating func takeSignal() {
        let number = xsys_next_signal(signals)
        guard number > 0, number != SIGWINCH else { return }
        guard Self.stops(number, meaning) else {
            kill(pid, number)
            return
        }
        if case .ofBatchSystem(_, let end, let tellsAll) = meaning {
            if let end, Monotonic.seconds >= end - Self.earliness {
                (hasAsked, isOverdue) = (true, true)
            } else {
                isCancelled = true
            }
            killAt = killAt ?? Monotonic.seconds + Self.grace
            if !tellsAll { terminate() }
            return
        }
        isCancelled = true
        // The terminal sends SIGINT to the program itself.
        if number != SIGINT { kill(pid, number) }
    }

    private mutating func terminate() {
        kill(pid, SIGTERM)
        killAt = killAt ?? Monotonic.seconds + Self.grace
    }

    private mutating func killAll() {
        isKilled = true
        // Its session may not have begun yet.
        if leadsSession { kill(-pid, SIGKILL) }
        kill(pid, SIGKILL)
    }
}
