/// The number of a job in its run: 0, 1, 2 … in the order of submission.
package struct JobNumber: Hashable, Sendable {
    package let index: Int

    package init(_ index: Int) { self.index = index }
}

/// What the scheduler knows of a job.
package struct JobSpec: Sendable {
    package let number: JobNumber
    package let identifier: Identifier
    /// The key of its type: the id in lower case.
    package let taskID: String
    package let folder: JobFolder
    package let language: JobScript.Language
    package let dependencies: [JobNumber]
    /// What it needs of things that there is only so much of.
    package let claims: [Claim]
    /// `lr=0.1 seed=1`
    package let tags: String

    package init(
        number: JobNumber, identifier: Identifier, taskID: String, folder: JobFolder,
        language: JobScript.Language, dependencies: [JobNumber], claims: [Claim] = [], tags: String
    ) {
        self.number = number
        self.identifier = identifier
        self.taskID = taskID
        self.folder = folder
        self.language = language
        self.dependencies = dependencies
        self.claims = claims
        self.tags = tags
    }
}

/// Where a job stands in its run.
package enum JobStatus: Sendable, Equatable {
    /// A dependency is not done.
    case waiting
    /// Nothing but a free slot is missing.
    case ready
    case running
    /// It had been done before this run, or by another.
    case cached
    case done
    case failed(Outcome)
    /// A job that it needs failed.
    case blocked(by: JobNumber)
    /// The run ended before its turn.
    case notRun

    /// Whether nothing more will happen to it in this run.
    package var isFinal: Bool {
        switch self {
        case .waiting, .ready, .running: false
        default: true
        }
    }

    package var isDone: Bool { self == .done || self == .cached }

    /// The name in `status.json`, in `--json` and for `job:state()`.
    package var name: String {
        switch self {
        case .waiting: "waiting"
        case .ready: "ready"
        case .running: "running"
        case .cached, .done: "done"
        case .failed: "error"
        case .blocked: "blocked"
        case .notRun: "not run"
        }
    }
}
