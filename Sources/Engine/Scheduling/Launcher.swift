package import Store
import Text

/// Starts jobs and tells how they ended.
package protocol Launcher: Sendable {
    /// Called once, first: where to report what happens to jobs.
    func begin(report: @escaping @Sendable (Plan.Event) -> Void)
    /// Starts a job whose folder is written. Does not wait for it; reports `ended`, `adopted` or `abandoned` for it, and before that
    /// `waits` and `begins`.
    ///
    /// - Parameter memory: what this attempt has, in bytes, where the job asks for some.
    func launch(_ job: JobSpec, memory: Int64?)
    /// Looks now and then whether somebody else has run a job that is held here; reports `doneElsewhere`. Ends when the job is launched.
    func watch(_ job: JobSpec)
    /// Takes back a job whose program waits; reports `withdrawn`, unless it has begun meanwhile.
    func withdraw(_ number: JobNumber)
    /// Watches a job no longer that another run, or somebody else, runs; reports `released`. One that this run has started, or has taken over
    /// from a run that is gone, is left as it is.
    func leave(_ number: JobNumber)
    /// Writes the outcome of a job whose process left none, unless somebody runs it now.
    ///
    /// - Returns: why it cannot be written.
    func record(_ outcome: Outcome, of job: JobSpec) -> String?
    /// Tells every running job to stop that this run has started or taken over: politely (SIGTERM), or at once (SIGKILL).
    func stop(force: Bool)
    /// Called when no job runs any more.
    func end()
}
