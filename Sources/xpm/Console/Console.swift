import Engine
import Text

/// What a run shows while it goes on, and at its end.
protocol Console: RunObserver {
    /// A job that a dry run or `generate` planned.
    func planned(_ job: PlannedTask)
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
}

/// What is told at the end of a run.
struct RunReport {
    let end: RunEnd
    var failures: [FailedTask] = []
    var results: [(spec: JobSpec, values: JSON)] = []
    var seconds = 0.0
    var folder: String?
    /// Whether there is nothing to sum up: the script failed before its first task.
    var isUntold = false
    /// Whether nothing was to run: a dry run, or `generate`.
    var isPlanOnly = false

    init(end: RunEnd) { self.end = end }

    struct FailedTask {
        let spec: JobSpec
        let outcome: Outcome
        let parameters: String
        let last: OutputTail
        let blocked: [JobSpec]
    }
}
