import Text

/// Which failures of a job are followed by another attempt.
///
/// | failure | what follows |
/// |---|---|
/// | its time was over | a resumable task goes on where it was |
/// | killed for its memory | again with twice as much, as far as its requirement allows |
/// | its process vanished: the machine, or somebody's `kill -9` | again |
/// | it gave an exit code of `retry`, or `retry` has `failed` | again, after a while that doubles each time |
/// | anything else | nothing: it would fail again |
///
/// `retry` may also say how often each of the first three is tried again.
package struct RetryPolicy: Sendable, Equatable {
    /// `max_retries`, if it was given.
    package var most: Int?
    /// Whether the task goes on where a former attempt was stopped.
    package var isResumable: Bool
    /// What `retry` says.
    package var rules: [Rule]

    package init(most: Int? = nil, isResumable: Bool = false, rules: [Rule] = []) {
        self.most = most
        self.isResumable = isResumable
        self.rules = rules
    }

    /// What a rule is about.
    package enum Cause: Sendable, Equatable {
        /// An exit code: a server that limits its rate, a licence that is taken.
        case code(Int32)
        /// Any other failure of the program, by an exit code or a signal.
        case failed
        case timeout, memory, lost

        /// The causes that have names.
        package static let names = ["failed", "lost", "memory", "timeout"]

        package init?(_ text: String) {
            switch text {
            case "failed": self = .failed
            case "timeout": self = .timeout
            case "memory": self = .memory
            case "lost": self = .lost
            default:
                guard let code = Int32(text) else { return nil }
                self = .code(code)
            }
        }

        package var text: String {
            switch self {
            case .code(let code): String(code)
            case .failed: "failed"
            case .timeout: "timeout"
            case .memory: "memory"
            case .lost: "lost"
            }
        }

        /// Seconds before the first attempt, where nobody says.
        package var usualDelay: Double {
            switch self {
            case .code, .failed: 1
            case .timeout, .memory, .lost: 0
            }
        }
    }

    /// How often something is tried again, and when.
    package struct Rule: Sendable, Equatable {
        package let cause: Cause
        /// What an exit code means, for people.
        package let reason: String?
        /// How often it is tried again; nil for `max_retries`, or a usual number.
        package let most: Int?
        /// How long before the first of these attempts, in seconds; each further one waits twice as long, up
        /// to `longest`.
        package let delay: Double

        package init(_ cause: Cause, reason: String? = nil, most: Int?, delay: Double? = nil) {
            self.cause = cause
            self.reason = reason
            self.most = most
            self.delay = delay ?? cause.usualDelay
        }

        /// In seconds.
        package static let longest = 300.0

        /// As a script has it: cause, number, delay, and the reason.
        package var text: String {
            "\(cause.text) \(most.map(String.init) ?? "-") \(NumberText.lua(delay)) \(reason ?? "")"
                .trimmedEnd
        }

        /// - Returns: nil for a text that is none.
        package init?(_ text: String) {
            let parts = text.split(separator: " ", maxSplits: 3).map(String.init)
            guard parts.count >= 3, let cause = Cause(parts[0]), let delay = Double(parts[2]), delay >= 0,
                delay.isFinite
            else { return nil }
            self.init(cause, reason: parts.count > 3 ? parts[3] : nil, most: Int(parts[1]), delay: delay)
        }
    }

    package func rule(of code: Int32) -> Rule? { rule(.code(code)) }

    private func rule(_ cause: Cause) -> Rule? { rules.first { $0.cause == cause } }

    /// The rule for a program that failed.
    private func rule(for outcome: Outcome) -> Rule? {
        guard outcome.reason == .failed else { return nil }
        return outcome.exitCode.flatMap { rule(.code($0)) } ?? rule(.failed)
    }

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
            let rule = rule(.timeout)
            guard isResumable, retries < rule?.most ?? most ?? Self.mostTimeouts else { return .stop }
            return .again(memory: memory, after: Self.delay(rule, retries))
        case .memory:
            let rule = rule(.memory)
            guard let demand, let memory, let more = demand.memory(after: memory),
                retries < rule?.most ?? most ?? Int.max
            else { return .stop }
            return .again(memory: more, after: Self.delay(rule, retries))
        case .failed:
            guard let rule = rule(for: outcome), retries < rule.most ?? most ?? Self.mostByCode else {
                return .stop
            }
            return .again(memory: memory, after: Self.delay(rule, retries))
        default: return .stop
        }
    }

    /// Seconds before the attempt that follows so many others.
    private static func delay(_ rule: Rule?, _ retries: Int) -> Double {
        guard let rule else { return 0 }
        var delay = rule.delay
        for _ in 0..<min(retries, 60) { delay *= 2 }
        return min(delay, max(rule.delay, Rule.longest))
    }

    /// Whether there is another attempt after so many whose processes vanished.
    package func goesOn(afterLost count: Int) -> Bool { count <= rule(.lost)?.most ?? most ?? Self.mostLost }

    /// The number of the attempt that follows an outcome on disk, in whatever run: what goes on where another
    /// was stopped, or has more memory, is counted on; the rest begins anew.
    package func attempt(after outcome: Outcome?) -> Int {
        guard let outcome,
            isResumable || [.timeout, .memory].contains(outcome.reason)
                || rule(for: outcome) != nil
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
