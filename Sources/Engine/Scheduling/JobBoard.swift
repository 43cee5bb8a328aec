import System
import Text

/// Where each job stands, for the script's thread: it asks, and waits.
package final class JobBoard: Sendable {
    private struct State {
        var statuses: [JobStatus] = []
        /// Jobs that became final and have not been taken yet.
        var ended: [JobNumber] = []
        var open = 0
        var isInterrupted = false
        var isFinished = false
    }

    private let monitor = Monitor(State())

    package init() {}

    /// Makes room for the next job. Called by the script's thread, before the scheduler knows the job.
    package func add() {
        monitor.withLock {
            $0.statuses.append(.waiting)
            $0.open += 1
        }
    }

    /// Called by the scheduler.
    package func set(_ number: JobNumber, _ status: JobStatus) {
        monitor.change {
            guard !$0.statuses[number.index].isFinal else { return }
            $0.statuses[number.index] = status
            if status.isFinal {
                $0.open -= 1
                $0.ended.append(number)
            }
        }
    }

    /// The scheduler has ended: nobody needs to wait any more.
    package func finish() { monitor.change { $0.isFinished = true } }

    /// Wakes the script's thread for good: waits end with `.interrupted`.
    package func interrupt() { monitor.change { $0.isInterrupted = true } }

    package func status(_ number: JobNumber) -> JobStatus { monitor.withLock { $0.statuses[number.index] } }

    package enum Wake: Sendable, Equatable {
        /// Jobs that ended since the last look, in order.
        case ended([JobNumber])
        /// What was waited for is over.
        case over
        case interrupted
        /// Nothing happened for so long.
        case timeout
    }

    /// Waits until a job is final, or all submitted ones (nil); returns early with the jobs that ended
    /// meanwhile.
    ///
    /// - Parameter milliseconds: how long at most; nil for as long as it takes.
    package func wait(for number: JobNumber?, milliseconds: Int? = nil) -> Wake {
        guard let milliseconds else { return monitor.wait { Self.wake(&$0, number) } }
        var wake: Wake?
        _ = monitor.wait(milliseconds: milliseconds) { state in
            wake = Self.wake(&state, number)
            return wake != nil
        }
        return wake ?? .timeout
    }

    private static func wake(_ state: inout State, _ number: JobNumber?) -> Wake? {
        if !state.ended.isEmpty {
            let ended = state.ended
            state.ended = []
            return .ended(ended)
        }
        let isOver = number.map { state.statuses[$0.index].isFinal } ?? (state.open == 0)
        if isOver || state.isFinished { return .over }
        return state.isInterrupted ? .interrupted : nil
    }
}
