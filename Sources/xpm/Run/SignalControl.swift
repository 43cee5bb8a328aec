import Engine
import LuaBridge
import Synchronization
import System
import Text

/// Ctrl-C and its kin. Once: nothing more is launched. Twice: the running jobs are stopped, by force after a
/// grace. Three times: xpm leaves, the jobs live on. SIGTERM and SIGHUP count as once, and as twice after a
/// limit; 20 s after the first of them xpm has ended, whatever its children do.
final class SignalControl: Sendable {
    /// What signals may do to a running scheduler.
    struct Engine: Sendable {
        let drain: @Sendable () -> Void
        let stop: @Sendable (_ force: Bool) -> Void
    }

    /// Seconds from a SIGTERM of xpm to that of its jobs; from there to their SIGKILL, where somebody is
    /// there to ask and where not; and from there to the end of xpm.
    private static let limit = 10.0
    private static let grace = (asked: 10.0, terminated: 7.0)
    private static let last = 3.0

    private struct State {
        var count = 0
        var engine: Engine?
        var observer: RunObservers?
        var killAt: Double?
        var stopAt: Double?
        var leaveAt: Double?
        var isTerminated = false
    }

    /// What a run opens besides its runners.
    private static let leastDescriptors = 16
    /// The threads of a run, those of the runtime included.
    private static let leastThreads = 6

    private let state = Mutex(State())
    private let flag: InterruptFlag
    private let board: JobBoard

    /// Begins to listen. Call before any other thread starts: they inherit the blocked signals.
    init(flag: InterruptFlag, board: JobBoard) throws(SystemError) {
        self.flag = flag
        self.board = board
        try Descriptor.require(Self.leastDescriptors, for: "run")
        try NewThread.require(Self.leastThreads)
        let signals = try Signals()
        try NewThread.start { [self] in
            while true {
                if let signal = signals.next(milliseconds: 200) { receive(signal) }
                checkTimes()
            }
        }
    }

    /// How many times it was asked to stop.
    var count: Int { state.withLock { $0.count } }

    func attach(engine: Engine?, observer: RunObservers) {
        let wasAsked = state.withLock { state in
            state.engine = engine
            state.observer = observer
            return state.count > 0
        }
        if wasAsked { engine?.drain() }
    }

    /// Nothing more is launched, though nobody has asked by a signal.
    func drain() { state.withLock { $0.engine }?.drain() }

    /// As Ctrl-C does, for somebody who asks by the run's folder.
    ///
    /// - Parameter now: whether the running jobs are to stop too.
    func stop(now: Bool) {
        if count == 0 { step() }
        if now, count == 1 { step() }
    }

    private func receive(_ signal: Signals.Kind) {
        if signal == .resize { return }
        step()
        if signal == .terminate {
            state.withLock { state in
                state.isTerminated = true
                if state.count == 1 { state.stopAt = Monotonic.seconds + Self.limit }
            }
        }
    }

    /// Goes on to the next way to stop.
    private func step() {
        let (count, engine, observer) = state.withLock { state in
            state.count += 1
            return (state.count, state.engine, state.observer)
        }
        observer?.observe(.stopping(count: count))
        switch count {
        case 1:
            engine?.drain()
            flag.raise()
            board.interrupt()
        case 2:
            engine?.stop(false)
            state.withLock { state in
                let grace = state.isTerminated ? Self.grace.terminated : Self.grace.asked
                state.killAt = Monotonic.seconds + grace
            }
        default: Standalone.exit(130)
        }
    }

    private func checkTimes() {
        let now = Monotonic.seconds
        func isDue(_ time: inout Double?) -> Bool {
            guard let at = time, now >= at else { return false }
            time = nil
            return true
        }
        let (mustStop, mustKill, mustLeave) = state.withLock { state in
            (isDue(&state.stopAt), isDue(&state.killAt), isDue(&state.leaveAt))
        }
        if mustStop, count == 1 { step() }
        if mustKill {
            state.withLock { state in
                state.leaveAt = now + Self.last
                return state.engine
            }?.stop(true)
        }
        if mustLeave {
            StandardStream.error.write("leaving: some jobs do not end, in spite of SIGKILL\n")
            Standalone.exit(130)
        }
    }
}
