import Engine
import Store
import Synchronization
import System
import Text

/// Counts jobs by state, and knows which run now. Each event costs the same, however many jobs there are.
final class RunTally: RunObserver {
    struct State {
        var counts = JobCounts()
        var statuses: [JobStatus] = []
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

    func observe(_ event: RunEvent) {
        state.withLock { state in
            switch event {
            case .submitted(let spec):
                // One that is made again was told of as cached.
                if spec.isRemade { state.counts.cached -= 1 } else { state.counts.submitted += 1 }
                state.statuses.append(.waiting)
            case .status(let spec, let status): state.move(spec, to: status)
            case .planned: state.isPlanned = true
            case .stopping(let count): state.stops = count
            case .warning(let text): state.notes.append(text)
            case .began, .retrying, .changed, .waitingForRelease, .planFailed, .finished: break
            }
        }
    }
}

extension RunTally.State {
    fileprivate mutating func move(_ spec: JobSpec, to status: JobStatus) {
        if statuses[spec.number.index] == .running {
            counts.running -= 1
            running[spec.number] = nil
        }
        if !queued.isEmpty { queued[spec.number] = nil }
        if statuses[spec.number.index] == .held { counts.held -= 1 }
        statuses[spec.number.index] = status
        switch status {
        case .waiting, .ready: break
        case .held: counts.held += 1
        case .queued(let reason): queued[spec.number] = (spec, reason)
        case .running:
            counts.running += 1
            running[spec.number] = (spec, Monotonic.seconds)
        case .cached:
            counts.cached += 1
            doneJobs.append(spec)
        case .done:
            counts.done += 1
            doneJobs.append(spec)
        case .failed(let outcome):
            counts.failed += 1
            failed.append((spec, outcome))
        case .blocked(let by):
            counts.blocked += 1
            blocked[by, default: []].append(spec)
        case .notRun: counts.notRun += 1
        case .left: counts.left += 1
        }
    }
}
