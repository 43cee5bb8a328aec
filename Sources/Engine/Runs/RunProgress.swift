package import Inventory
import Model
package import Store
import System
import Text

/// How many jobs of a run stand where, and how long the rest takes. Each event costs the same, however many
/// jobs there are.
package struct RunProgress: Sendable {
    package private(set) var counts = JobCounts()
    private var statuses: [JobStatus] = []
    private var identifiers: [Identifier] = []
    private var running: [JobNumber: (task: Int, since: Double)] = [:]
    private var tasks: [Task] = []
    private var taskNumbers: TextMap<Int> = [:]

    /// What is known of the jobs of one type.
    private struct Task {
        let name: String
        /// How many are to run, and are not held.
        var waiting = 0
        /// How long those that were done ran: one that fails mostly does so early.
        var durations = TaskDurations.Spread()
    }

    /// What jobs took in earlier runs of the experiment.
    package var earlier = TaskDurations()

    package init() {}

    package mutating func submitted(_ job: JobSpec) {
        // One that is made again was told of as cached.
        if job.isRemade { counts.cached -= 1 } else { counts.submitted += 1 }
        statuses.append(.waiting)
        identifiers.append(job.identifier)
        tasks[task(of: job)].waiting += 1
    }

    private mutating func task(of job: JobSpec) -> Int {
        if let known = taskNumbers[job.taskID] { return known }
        taskNumbers[job.taskID] = tasks.count
        tasks.append(Task(name: job.taskID))
        return tasks.count - 1
    }

    /// - Parameter now: seconds of a clock that only goes forward.
    package mutating func move(_ job: JobSpec, to status: JobStatus, at now: Double) {
        let task = task(of: job)
        leave(job, task, status, now)
        statuses[job.number.index] = status
        switch status {
        case .ready:
            tasks[task].waiting += 1
            counts.ready += 1
        case .waiting, .queued: tasks[task].waiting += 1
        case .held: counts.held += 1
        case .running:
            counts.running += 1
            running[job.number] = (task, now)
        case .cached: counts.cached += 1
        case .done: counts.done += 1
        case .failed(let outcome):
            if outcome.reason == .cancelled { counts.cancelled += 1 } else { counts.failed += 1 }
        case .blocked: counts.blocked += 1
        case .notRun: counts.notRun += 1
        case .left: counts.left += 1
        }
    }

    private mutating func leave(_ job: JobSpec, _ task: Int, _ next: JobStatus, _ now: Double) {
        switch statuses[job.number.index] {
        case .ready:
            tasks[task].waiting -= 1
            counts.ready -= 1
        case .waiting, .queued: tasks[task].waiting -= 1
        case .held: counts.held -= 1
        case .running:
            counts.running -= 1
            guard let run = running.removeValue(forKey: job.number), next.isDone else { return }
            tasks[task].durations.add(now - run.since)
        default: break
        }
    }

    /// The most jobs of which `states` tells.
    private static let mostStates = 2000

    /// Where each job stands, by its identifier, in experimaestro's words; nil for more than a monitor
    /// would show.
    package var states: [(identifier: String, state: String)]? {
        if statuses.count > Self.mostStates { return nil }
        return zip(identifiers, statuses).map { identifier, status in
            let state =
                switch status {
                case .waiting, .held: "waiting"
                case .ready: "ready"
                case .queued: "scheduled"
                case .running: "running"
                case .cached, .done: "done"
                case .failed(let outcome): "error:\(outcome.reason.monitorName)"
                case .blocked: "error:DEPENDENCY"
                case .notRun, .left: "unscheduled"
                }
            return (identifier.hex, state)
        }
    }

    package func status(of job: JobSpec) -> JobStatus { statuses[job.number.index] }

    /// How long the jobs that are left take, by those of their types that were done, now and in earlier runs; nil where
    /// nothing is known.
    package func timeLeft(at now: Double) -> TimeLeft? {
        var elapsed = [[Double]](repeating: [], count: tasks.count)
        for run in running.values { elapsed[run.task].append(now - run.since) }
        return TimeLeft(
            zip(tasks, elapsed).map { task, elapsed in
                TimeLeft.Work(
                    known: task.durations.after(earlier[task.name]), waiting: task.waiting, running: elapsed)
            })
    }
}
