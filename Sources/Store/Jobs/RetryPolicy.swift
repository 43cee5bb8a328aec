import Text

/// Which failures of a job are followed by another attempt.
///
/// | failure | what follows |
/// |---|---|
/// | its time was over | a resumable task goes on where it was |
/// | killed for its memory | again with twice as much, as far as its requirement allows |
/// | its process vanished: the machine, or somebody's `kill -9` | again |
/// | anything else | nothing: it would fail again |
package struct RetryPolicy: Sendable, Equatable {
    /// `max_retries`, if it was given.
    package var most: Int?
    /// Whether the task goes on where a former attempt was stopped.
    package var isResumable: Bool

    package init(most: Int? = nil, isResumable: Bool = false) {
        self.most = most
        self.isResumable = isResumable
    }

    /// Attempts after the first, where `max_retries` says nothing.
    private static let mostTimeouts = 10
    /// A job whose process vanishes so often is given up: it may be what kills it.
    private static let mostLost = 2

    package enum Step: Equatable, Sendable {
        case stop
        /// Again, with so much memory where the requirement asks for some.
        case again(memory: Int64?)
    }

    /// - Parameters:
    ///   - memory: what the attempt had, in bytes.
    ///   - retries: how many attempts followed others in this run.
    package func step(after outcome: Outcome, demand: JobDemand?, memory: Int64?, retries: Int) -> Step {
        switch outcome.reason {
        case .timeout:
            guard isResumable, retries < most ?? Self.mostTimeouts else { return .stop }
            return .again(memory: memory)
        case .memory:
            guard let demand, let memory, let more = demand.memory(after: memory), retries < most ?? Int.max
            else { return .stop }
            return .again(memory: more)
        default: return .stop
        }
    }

    /// Whether there is another attempt after so many whose processes vanished.
    package func goesOn(afterLost count: Int) -> Bool { count <= most ?? Self.mostLost }

    /// The number of the attempt that follows an outcome on disk, in whatever run: what goes on where another
    /// was stopped, or has more memory, is counted on; the rest begins anew.
    package func attempt(after outcome: Outcome?) -> Int {
        guard let outcome, isResumable || [.timeout, .memory].contains(outcome.reason) else { return 1 }
        return outcome.attempt + 1
    }
}
