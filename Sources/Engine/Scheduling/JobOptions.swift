import Text

/// How a job wants to be run: no part of its identity.
package struct JobOptions {
    /// Variables of its own.
    package var environment: [JobScript.Variable] = []
    /// How many tokens it holds, by the names that `define(token:)` knows.
    package var tokens: [(name: String, count: Int)] = []
    package var requirement: Requirement?
    /// `max_retries`, where it is given.
    package var mostRetries: Int?
    /// What is looked for in its output.
    package var results: [JobLog.Pattern] = []
    package var priority = 0
    package var isHeld = false
    /// Of a step that prepares: whether what it makes is there, wherever that may be. Nil: done is what its folder says.
    package var isPrepared: Bool?

    package init() {}
}
