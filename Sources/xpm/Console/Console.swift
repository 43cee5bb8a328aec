import Engine
import Model
import Store
import Text

/// What a run shows while it goes on, and at its end.
protocol Console: RunObserver {
    /// Jobs that a dry run or `generate` planned: some of the plan, in order.
    func planned(_ jobs: [PlannedTask])
    /// Everything is over; nothing is drawn any more.
    func close(_ report: RunReport)
}

/// A planned job, as it is shown.
struct PlannedTask {
    let spec: JobSpec
    let reason: JobReason
    let parameters: [(name: String, value: String, json: JSON)]
    let tags: [ConfigObject.Tag]
    let dependencies: [(taskID: String, identifier: String)]
    /// Whether its folder was written.
    let isWritten: Bool
    /// What it asks of a machine, and why this one cannot give it.
    let requires: String?
    let problem: String?
    /// The argument vector of a command; empty for a Lua task.
    let arguments: [String]
}

/// What is told at the end of a run.
struct RunReport {
    let end: RunEnd
    var failures: [FailedTask] = []
    var results: [TaskResult] = []
    var seconds = 0.0
    var folder: String?
    /// The experiment, and the options by which other commands find its workspace; nil where there is no run.
    var place: (experiment: String, options: String)?
    /// Whether there is nothing to sum up: the script failed before its first task.
    var isUntold = false
    /// Whether nothing was to run: a dry run, or `generate`.
    var isPlanOnly = false

    init(end: RunEnd) { self.end = end }

    /// What a task was run with, for programs and for people.
    struct TaskValues {
        let parameters: [(name: String, value: String, json: JSON)]
        let tags: [(name: String, value: JSON)]

        var parametersJSON: JSON { .object(parameters.map { .init($0.name, $0.json) }) }
        var tagsJSON: JSON { .object(tags.map { .init($0.name, $0.value) }) }
    }

    typealias TaskResult = (spec: JobSpec, task: TaskValues, values: JSON)

    struct FailedTask {
        let spec: JobSpec
        let outcome: Outcome
        let task: TaskValues
        let last: OutputTail
        let blocked: [JobSpec]
    }
}
