import Batch
import Store
import System
import Text

/// What became of a batch job: by the outcome that it has left, if it has, and by what its system says.
enum BatchVerdict: Equatable {
    /// So it was. `isNew` is one that has still to be written.
    case outcome(Outcome, isNew: Bool)
    /// It has to run again.
    case vanished

    /// Whether an outcome tells of a signal of which only the system can say why.
    static func needsWord(_ outcome: Outcome) -> Bool { outcome.reason == .cancelled || isStruck(outcome) }

    /// Whether the program was ended by a signal as systems send them.
    private static func isStruck(_ outcome: Outcome) -> Bool {
        guard outcome.reason == .failed else { return false }
        return [9, 15].contains(outcome.signal ?? 0) || [137, 143].contains(outcome.exitCode ?? 0)
    }

    /// - Parameters:
    ///   - outcome: what the job has left.
    ///   - title: how messages name the system.
    ///   - isStopped: whether somebody has stopped it, or the system would not say so.
    static func of(
        _ outcome: Outcome, _ end: BatchEnd, title: String, isStopped: Bool = false
    ) -> BatchVerdict {
        var changed = outcome
        switch end.reason {
        case .memory where outcome.reason == .failed: changed.reason = .memory
        case .lost where needsWord(outcome): return .vanished
        // It was told to end, and not by the system: its node goes down.
        case .ended where outcome.reason == .cancelled && !isStopped: return .vanished
        case .timeout where needsWord(outcome): changed.reason = .timeout
        case .cancelled where needsWord(outcome):
            changed.reason = .cancelled
            changed.message = "\(title): \(end.text)"
        default: return .outcome(outcome, isNew: false)
        }
        return .outcome(changed, isNew: true)
    }

    /// The same of a job that has left none.
    ///
    /// - Parameters:
    ///   - hasBegun: whether it came to its node.
    ///   - job: the system's name of it.
    ///   - log: what it said before it began.
    static func ofSilent(
        _ end: BatchEnd, hasBegun: Bool, memory: Int64?, title: String, job: String, log: String?
    ) -> BatchVerdict {
        var outcome: Outcome
        switch end.reason {
        case .lost: return .vanished
        case .ended where hasBegun: return .vanished
        case .cancelled: outcome = Outcome(.cancelled, message: "\(title): \(end.text)")
        case .timeout: outcome = Outcome(.timeout)
        case .memory: outcome = Outcome(.memory)
        case .ended:
            let code = end.exitCode.map { ", exit code \($0)" } ?? ""
            outcome = Outcome(
                .launch,
                message: "\(title) ended job \(job) before it began: \(end.text)\(code)"
                    + (log.map { ": \($0)" } ?? ""))
        }
        outcome.ended = .now
        outcome.memory = memory
        return .outcome(outcome, isNew: true)
    }
}
