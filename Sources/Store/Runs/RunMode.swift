import Text

/// What a run does with its tasks.
package enum RunMode: String, Sendable, CaseIterable {
    /// Tells what would run; touches nothing on disk.
    case dryRun = "dry-run"
    /// Writes the job folders; launches nothing.
    case generate
    /// Runs the steps that prepare (`xpm.prepare`), and leaves the tasks alone.
    case prepare
    /// Writes the job folders and runs them.
    case normal

    /// Whether jobs are launched.
    package var launches: Bool { self == .prepare || self == .normal }
}
