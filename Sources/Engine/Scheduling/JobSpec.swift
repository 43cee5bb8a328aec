package import Model
package import Store
import Synchronization
import Text

/// The number of a job in its run: 0, 1, 2 … in the order of submission.
package struct JobNumber: Hashable, Sendable {
    package let index: Int

    package init(_ index: Int) { self.index = index }
}

/// What the scheduler knows of a job. One object for all who know the job.
package final class JobSpec: Sendable {
    package let number: JobNumber
    package let identifier: Identifier
    /// The key of its type: the id in lower case.
    package let taskID: String
    private let place: Place
    private let name: String
    package let language: JobScript.Language
    package let dependencies: [JobNumber]
    /// What it needs of things that there is only so much of: tokens, shared folders.
    package let claims: [Claim]
    private let demandBox: DemandBox?
    package let retry: RetryPolicy
    /// The greater starts earlier.
    package let priority: Int
    /// Whether it waits until somebody lets it go.
    package let isHeld: Bool
    /// Whether it is another of the same run: its temporary outputs are gone, and are made again.
    package let isRemade: Bool
    /// `lr=0.1 seed=1`
    package let tags: String
    /// What is still to be written to its folder before it is launched: somebody else ran it when it was
    /// submitted.
    package let files: JobFiles?
    /// Whether the plan has named its logs to others: they are there then, though nothing was printed.
    private let keepsLogs = Atomic(false)
    /// Whether its folder was made for it, and nothing was launched there.
    private let isUntouched: Atomic<Bool>

    /// - Parameter place: what `folder` is below, where its name is that of the identifier.
    package init(
        number: JobNumber, identifier: Identifier, taskID: String, folder: JobFolder, in place: String? = nil,
        language: JobScript.Language, dependencies: [JobNumber], claims: [Claim] = [], tags: String,
        demand: JobDemand? = nil, retry: RetryPolicy = RetryPolicy(), priority: Int = 0, isHeld: Bool = false,
        isRemade: Bool = false, files: JobFiles? = nil,
        isNew: Bool = false
    ) {
        self.number = number
        self.identifier = identifier
        self.taskID = taskID
        self.place = place.map(Place.below) ?? .path(folder.path)
        name = folder.name
        self.language = language
        self.dependencies = dependencies
        self.claims = claims
        self.tags = tags
        demandBox = demand.map(DemandBox.of)
        self.retry = retry
        self.priority = priority
        self.isHeld = isHeld
        self.isRemade = isRemade
        self.files = files
        isUntouched = Atomic(isNew)
    }
}

extension JobSpec {
    private enum Place: Sendable {
        case path(String)
        /// The folder of the jobs of its type, which they share: its own has its identifier's name.
        case below(String)
    }

    package var folder: JobFolder {
        switch place {
        case .path(let path): JobFolder(path: path, name: name)
        case .below(let place): JobFolder(path: "\(place)/\(identifier.hex)", name: name)
        }
    }

    private var sharedPlace: String? { if case .below(let place) = place { place } else { nil } }

    /// Says that it is launched.
    ///
    /// - Returns: whether its folder was made for it, and nothing was launched there before.
    func touch() -> Bool { isUntouched.exchange(false, ordering: .sequentiallyConsistent) }

    /// Keeps logs in which nothing is.
    package func keepLogs() {
        keepsLogs.store(true, ordering: .sequentiallyConsistent)
        folder.restoreLogs()
    }

    /// Before what needs the job begins.
    func restoreLogs() {
        if keepsLogs.load(ordering: .sequentiallyConsistent) { folder.restoreLogs() }
    }

    /// Few jobs have a demand, and it is large.
    private indirect enum DemandBox: Sendable { case of(JobDemand) }

    /// What it takes of this machine; nil where it says nothing.
    package var demand: JobDemand? {
        if case .of(let demand)? = demandBox { demand } else { nil }
    }

    /// The same job as another of its run, to be made again.
    func again(as number: JobNumber, dependencies: [JobNumber]) -> JobSpec {
        JobSpec(
            number: number, identifier: identifier, taskID: taskID, folder: folder, in: sharedPlace,
            language: language,
            dependencies: dependencies, claims: claims, tags: tags, demand: demand, retry: retry,
            priority: priority, isHeld: isHeld, isRemade: true)
    }
}

/// Where a job stands in its run. A word of memory: there is one for each job, in several places.
package indirect enum JobStatus: Sendable, Equatable {
    /// A dependency is not done.
    case waiting
    /// Nothing but a free slot is missing.
    case ready
    /// Nothing is missing, but it was held back.
    case held
    /// It was launched, and its program waits for something that others hold: which, and who.
    case queued(String)
    case running
    /// It had been done before this run, or by another.
    case cached
    case done
    case failed(Outcome)
    /// A job that it needs failed.
    case blocked(by: JobNumber)
    /// The run ended before its turn.
    case notRun
    /// The run is not for jobs of its kind.
    case left

    /// Whether nothing more will happen to it in this run.
    package var isFinal: Bool {
        switch self {
        case .waiting, .ready, .held, .queued, .running: false
        default: true
        }
    }

    /// Whether a launcher has it.
    package var isLaunched: Bool {
        switch self {
        case .queued, .running: true
        default: false
        }
    }

    package var isDone: Bool { self == .done || self == .cached }

    /// The name in `status.json`, in `--json` and for `job:state()`.
    package var name: String {
        switch self {
        case .waiting, .queued: "waiting"
        case .ready: "ready"
        case .held: "held"
        case .running: "running"
        case .cached, .done: "done"
        case .failed(let outcome): outcome.reason == .cancelled ? "cancelled" : "failed"
        case .blocked: "blocked"
        case .notRun, .left: "not run"
        }
    }
}

extension JobSpec {
    package var key: JobKey { JobKey(taskID: taskID, identifier: identifier.hex) }
}
