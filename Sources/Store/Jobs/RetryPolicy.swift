import Text

/// Which failures of a job are followed by another attempt.
///
/// | failure | what follows |
/// |---|---|
/// | its time was over | a resumable task goes on where it was |
/// | killed for its memory | again with twice as much, as far as its requirement allows |
/// | its process vanished: the machine, or somebody's `kill -9` | again |
/// | it gave an exit code of `retry` | again, after a while that doubles each time |
/// | anything else | nothing: it would fail again |
package struct RetryPolicy: Sendable, Equatable {
    /// `max_retries`, if it was given.
    package var most: Int?
    /// Whether the task goes on where a former attempt was stopped.
    package var isResumable: Bool
    /// The exit codes after which it is tried again: `retry`.
    package var rules: [Rule]

    package init(most: Int? = nil, isResumable: Bool = false, rules: [Rule] = []) {
        self.most = most
        self.isResumable = isResumable
        self.rules = rules
    }

    /// What follows an exit code: a server that limits its rate, a licence that is taken.
    package struct Rule: Sendable, Equatable {
        package let code: Int32
        /// What the code means, for people.
        package let reason: String?
        /// How often it is tried again; nil for `max_retries`, or a usual number.
        package let most: Int?
        /// How long before the first of these attempts, in seconds; each further one waits twice as long, up
        /// to `longest`.
        package let delay: Double

        package init(code: Int32, reason: String?, most: Int?, delay: Double) {
            self.code = code
            self.reason = reason
            self.most = most
            self.delay = delay
        }

        package static let usualDelay = 1.0
        /// In seconds.
        package static let longest = 300.0

        /// As a script has it: code, number, delay, and the reason.
        package var text: String {
            "\(code) \(most.map(String.init) ?? "-") \(NumberText.lua(delay)) \(reason ?? "")".trimmedEnd
        }

        /// - Returns: nil for a text that is none.
        package init?(_ text: String) {
            let parts = text.split(separator: " ", maxSplits: 3).map(String.init)
            guard parts.count >= 3, let code = Int32(parts[0]), let delay = Double(parts[2]), delay >= 0,
                delay.isFinite
            else { return nil }
            self.init(
                code: code, reason: parts.count > 3 ? parts[3] : nil, most: Int(parts[1]), delay: delay)
        }
    }

    package func rule(of code: Int32) -> Rule? { rules.first { $0.code == code } }

    /// Attempts after the first, where `max_retries` says nothing.
    private static let mostTimeouts = 10
    /// A job whose process vanishes so often is given up: it may be what kills it.
    private static let mostLost = 2
    private static let mostByCode = 5

    package enum Step: Equatable, Sendable {
        case stop
        /// Again, with so much memory where the requirement asks for some, after so many seconds.
        case again(memory: Int64?, after: Double = 0)
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
        case .failed:
            guard let code = outcome.exitCode, let rule = rule(of: code),
                retries < rule.most ?? most ?? Self.mostByCode
            else { return .stop }
            var delay = rule.delay
            for _ in 0..<min(retries, 60) { delay *= 2 }
            return .again(memory: memory, after: min(delay, max(rule.delay, Rule.longest)))
        default: return .stop
        }
    }

    /// Whether there is another attempt after so many whose processes vanished.
    package func goesOn(afterLost count: Int) -> Bool { count <= most ?? Self.mostLost }

    /// The number of the attempt that follows an outcome on disk, in whatever run: what goes on where another
    /// was stopped, or has more memory, is counted on; the rest begins anew.
    package func attempt(after outcome: Outcome?) -> Int {
        guard let outcome,
            isResumable || [.timeout, .memory].contains(outcome.reason)
                || outcome.exitCode.flatMap(rule) != nil
        else { return 1 }
        return outcome.attempt + 1
    }
}

extension String {
    /// Without blanks at its end.
    fileprivate var trimmedEnd: String {
        var text = self[...]
        while text.utf8.last == UInt8(ascii: " ") { text = text.dropLast() }
        return String(text)
    }
}
