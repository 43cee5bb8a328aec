package import Store
import Text

/// What happens in a run, in order: the console, the run's event log and the monitor follow these.
package enum RunEvent: Sendable {
    /// The run has its folder.
    case began(experiment: String, run: String, folder: String)
    /// A job was submitted.
    case submitted(JobSpec)
    /// A job stands elsewhere now.
    case status(JobSpec, JobStatus)
    /// An attempt failed, and another follows.
    case retrying(JobSpec, Outcome)
    /// What somebody wanted of a job is so now.
    case changed(JobSpec, JobChange)
    /// Nothing runs, and nothing will before one of so many jobs that are held is released.
    case waitingForRelease(count: Int)
    /// The script has failed; what runs is waited for.
    case planFailed(String)
    /// The script has submitted all its jobs.
    case planned
    /// A signal asked to stop, for the nth time.
    case stopping(count: Int)
    /// A service of the run can be reached.
    case service(id: String, url: String)
    /// Something the user should know.
    case warning(String)
    /// All is over. The last event.
    case finished(RunEnd)
}

/// Follows a run. Called in order, one call at a time for the events of the scheduler; does not block.
package protocol RunObserver: Sendable {
    func observe(_ event: RunEvent)
}

/// Several observers as one.
package struct RunObservers: RunObserver {
    private let all: [any RunObserver]

    package init(_ all: [any RunObserver]) { self.all = all }

    package func observe(_ event: RunEvent) {
        for observer in all { observer.observe(event) }
    }
}
