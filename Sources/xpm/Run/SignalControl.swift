import Engine
import LuaBridge
import Synchronization
import Text

/// Ctrl-C and its kin. Once: nothing more is launched. Twice: the running jobs are stopped, by force after a grace. Three
/// times: xpm leaves, the jobs live on. SIGTERM and SIGHUP count as once, and as twice after a limit.
final class SignalControl: Sendable {
    /// What signals may do to a running scheduler.
    struct Engine: Sendable {
        let drain: @Sendable () -> Void
        let stop: @Sendable (_ force: Bool) -> Void
    }

    /// Seconds between SIGTERM and SIGKILL for jobs, and from a SIGTERM of xpm to the stop of its jobs.
    private static let grace = 10.0
    private static let limit = 20.0

    private struct State {
        var count = 0
        var engine: Engine?
        var observer: RunObservers?
        var killAt: Double?
        var stopAt: Double?
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

    private func receive(_ signal: Signals.Kind) {
        if signal == .resize { return }
        step()
        if signal == .terminate {
            state.withLock { if $0.count == 1 { $0.stopAt = Monotonic.seconds + Self.limit } }
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
            state.withLock { $0.killAt = Monotonic.seconds + Self.grace }
        default: Standalone.exit(130)
        }
    }

    private func checkTimes() {
        let now = Monotonic.seconds
        let (mustStop, mustKill) = state.withLock { state in
            let due = (state.stopAt.map { now >= $0 } ?? false, state.killAt.map { now >= $0 } ?? false)
            if due.0 { state.stopAt = nil }
            if due.1 { state.killAt = nil }
            return due
        }
        if mustStop, count == 1 { step() }
        if mustKill { state.withLock { $0.engine }?.stop(true) }
    }
}
