package import Model
package import Store
package import System
import Text

/// How a job wants to be run: no part of its identity.
package struct JobOptions {
    /// Variables of its own.
    package var environment: [EnvironmentVariable] = []
    /// How many tokens it holds, by the names that `define(token:)` knows.
    package var tokens: [(name: String, count: Int)] = []
    package var requirement: Requirement?
    /// The launcher that it names.
    package var launcher: String?
    /// Words before its program; nil where its launcher says them.
    package var wrap: [String]?
    /// What it says to a batch system.
    package var batch = BatchWish()
    /// `max_retries`, where it is given.
    package var mostRetries: Int?
    /// The exit codes after which it is tried again.
    package var retryRules: [RetryPolicy.Rule] = []
    /// What is looked for in its output.
    package var results: [JobLog.Pattern] = []
    package var priority = 0
    package var isHeld = false
    /// Of a step that prepares: whether what it makes is there, wherever that may be. Nil: done is what its
    /// folder says.
    package var isPrepared: Bool?
    /// What `submit` was given itself, by the names there.
    package var given: [String] = []

    package init() {}

    /// Whether both say the same of what `differences` looks at.
    func isAlike(_ other: JobOptions) -> Bool {
        priority == other.priority && isHeld == other.isHeld && mostRetries == other.mostRetries
            && retryRules == other.retryRules
            && requirement == other.requirement && launcher == other.launcher && batch.isAlike(other.batch)
            && environment == other.environment
            && wrap == other.wrap && hasTokens(of: other)
    }

    private func hasTokens(of other: JobOptions) -> Bool {
        tokens.elementsEqual(other.tokens) { $0.name == $1.name && $0.count == $1.count }
    }

    private static let named = [
        "env", "tokens", "requires", "max_retries", "retry", "priority", "hold", "launcher", "slurm", "sge",
        "pack",
        "wrap",
    ]

    /// What of all that `submit` was given is otherwise than with other options.
    func differences(from other: JobOptions) -> [String] {
        Self.named.filter { name in
            guard given.contains(name) else { return false }
            return switch name {
            case "env": environment != other.environment
            case "tokens": !hasTokens(of: other)
            case "requires": requirement != other.requirement
            case "max_retries": mostRetries != other.mostRetries
            case "retry": retryRules != other.retryRules
            case "priority": priority != other.priority
            case "hold": isHeld != other.isHeld
            case "launcher": launcher != other.launcher
            case "wrap": wrap != other.wrap
            case "slurm", "sge", "pack": !batch.isAlike(other.batch)
            default: false
            }
        }
    }
}
