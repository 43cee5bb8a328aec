import CSystemShim
import Text

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Waits for the program of an attempt, and stops it when its time is over or when somebody asks.
struct ProgramWatch {
    /// Seconds between SIGTERM and SIGKILL for a program whose time is over.
    private static let grace = 10.0

    let pid: Int32
    /// Whether it leads a session, whose whole group gets signals.
    let leadsSession: Bool
    /// A channel on which `JobRunner.Order`s come, or -1.
    private var orders: Int32
    /// Where this process's own signals come from, to be passed on; or -1.
    private let signals: Int32
    /// When its time is over, on the clock of `Monotonic`; nil for never.
    private let deadline: Double?
    private var killAt: Double?
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

        enum Cause { case cancelled, overdue }
    }

    init(pid: Int32, leadsSession: Bool, orders: Int32, forwarding: Bool, deadline: Double?) {
        self.pid = pid
        self.leadsSession = leadsSession
        self.orders = orders
        signals = forwarding ? xsys_signals() : -1
        self.deadline = deadline
    }

    /// Returns when the program has ended.
    mutating func wait() -> Ending {
        let process = xsys_process_descriptor(pid)
        defer { if process >= 0 { close(process) } }
        var status: Int32 = 0
        while true {
            var polled = [
                pollfd(fd: process, events: Int16(POLLIN), revents: 0),
                pollfd(fd: orders, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            ]
            unsafe _ = poll(&polled, nfds_t(polled.count), timeout(process))
            if process < 0 || polled[0].revents != 0 {
                let result = unsafe xsys_wait(pid, false, &status)
                if result == 0 { break }
                if result != -EAGAIN {
                    return Ending(problem: SystemError("wait for", "", code: -result))
                }
            }
            if polled[1].revents != 0 { takeOrder() }
            if polled[2].revents != 0 { passSignal() }
            checkTime()
        }
        let (signal, code) = (xsys_signal(status), xsys_exit_code(status))
        return Ending(
            code: code < 0 ? nil : code, signal: signal > 0 ? signal : nil,
            cause: isCancelled ? .cancelled : isOverdue ? .overdue : nil)
    }

    /// Milliseconds until the time has to be looked at; -1 for never.
    private func timeout(_ process: Int32) -> Int32 {
        // Without a descriptor of the process, look often.
        if process < 0 { return 20 }
        guard let next = killAt ?? (hasAsked ? nil : deadline) else { return -1 }
        return Int32(min(max(0, (next - Monotonic.seconds) * 1000 + 1), 1e9))
    }

    private mutating func checkTime() {
        let now = Monotonic.seconds
        if let deadline, !hasAsked, now >= deadline {
            hasAsked = true
            // One that takes no notice of the request has until the end.
            isOverdue = !ProcessRecord.ignoresTermination(pid)
            send(SIGTERM)
            killAt = now + Self.grace
        }
        if let at = killAt, now >= at {
            isOverdue = true
            killAt = nil
            send(SIGKILL)
        }
    }

    private mutating func takeOrder() {
        var (order, passed): (UInt8, Int32) = (0, -1)
        guard unsafe xsys_receive(orders, &order, 1, &passed, true) > 0 else {
            // The launcher is gone; the job lives on.
            orders = -1
            return
        }
        // A program that ignores the request and ends well has finished.
        isCancelled = isCancelled || !ProcessRecord.ignoresTermination(pid)
        send(order == JobRunner.Order.kill ? SIGKILL : SIGTERM)
    }

    private mutating func passSignal() {
        let number = xsys_next_signal(signals)
        guard number > 0, number != SIGWINCH else { return }
        isCancelled = true
        // The terminal sends SIGINT to the program itself.
        if number != SIGINT { kill(pid, number) }
    }

    private func send(_ number: Int32) {
        // Its session may not have begun yet.
        if !leadsSession || kill(-pid, number) != 0 { kill(pid, number) }
    }
}
