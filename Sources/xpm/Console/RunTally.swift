import Engine
import Inventory
import Store
import Synchronization
import System
import Text

/// Counts jobs by state, and knows which run now. Each event costs the same, however many jobs there are.
final class RunTally: RunObserver {
    struct State {
        var progress = RunProgress()
        var counts: JobCounts { progress.counts }
        var running: [JobNumber: (spec: JobSpec, since: Double)] = [:]
        /// Launched, but waiting for what others hold: for what.
        var queued: [JobNumber: (spec: JobSpec, reason: String)] = [:]
        var failed: [(spec: JobSpec, outcome: Outcome)] = []
        var blocked: [JobNumber: [JobSpec]] = [:]
        /// Done in this run, in order.
        var doneJobs: [JobSpec] = []
        var isPlanned = false
        var stops = 0
        var notes: [String] = []
    }

    private let state = Mutex(State())

    func read<Result: Sendable>(_ body: (State) -> Result) -> Result { state.withLock { body($0) } }

    /// Says what jobs took in earlier runs.
    func expect(_ earlier: TaskDurations) { state.withLock { $0.progress.earlier = earlier } }

    func observe(_ event: RunEvent) { observe(event, ago: 0) }

    /// - Parameter seconds: how long ago it happened.
    func observe(_ event: RunEvent, ago seconds: Double) {
        state.withLock { state in
            switch event {
            case .submitted(let spec): state.progress.submitted(spec)
            case .status(let spec, let status): state.move(spec, to: status, at: Monotonic.seconds - seconds)
            case .planned: state.isPlanned = true
            case .stopping(let count): state.stops = count
            case .warning(let text): state.notes.append(text)
            case .began, .retrying, .changed, .waitingForRelease, .planFailed, .service, .finished: break
            }
        }
    }
}

extension RunTally.State {
    fileprivate mutating func move(_ spec: JobSpec, to status: JobStatus, at now: Double) {
        if progress.status(of: spec) == .running { running[spec.number] = nil }
        if !queued.isEmpty { queued[spec.number] = nil }
        progress.move(spec, to: status, at: now)
        switch status {
        case .waiting, .ready, .held, .notRun, .left: break
        case .queued(let reason): queued[spec.number] = (spec, reason)
        case .running: running[spec.number] = (spec, now)
        case .cached, .done: doneJobs.append(spec)
        case .failed(let outcome) where outcome.reason == .cancelled: break
        case .failed(let outcome): failed.append((spec, outcome))
        case .blocked(let by): blocked[by, default: []].append(spec)
        }
    }
}
