import Text

/// A batch system by its commands: takes arrays of jobs, and says what became of them.
///
/// Calls wait for a command, which may take seconds: not from an actor.
package protocol BatchSystem: Sendable {
    /// `slurm`: how files and options name it.
    var name: String { get }
    /// `Slurm`: how messages name it.
    var title: String { get }

    /// Words of shell that give a job its index in its array, and its name there.
    var words: (index: String, name: String) { get }

    /// What the site allows. Asked once.
    func site() throws(BatchError) -> BatchSite

    /// The parts of the cluster that this user may see, the usual one first.
    func partitions() throws(BatchError) -> [BatchPartition]

    /// The options that ask for what a job needs, but for its memory, which may grow from attempt to attempt.
    func options(for need: BatchAsk) -> [String]
    /// Whether it knows nothing any more of a job that somebody took out of its queue.
    var forgetsDeleted: Bool { get }
    /// Seconds after its end until it may be known what became of a job.
    var accountLag: Double { get }
    /// Whether a job may have several nodes.
    var spansNodes: Bool { get }
    /// The words that start a program once on each node of a job.
    func spread(over ask: BatchAsk) -> [String]
    /// The nodes of the job that this process is in, by their names; none where they are not told.
    func nodes() -> [String]
    /// The options that ask for so many bytes on a node.
    func options(memory: Int64) -> [String]
    /// The options by which a job begins when an array has ended, however it did; nil where there are none.
    func options(after array: String) -> [String]?
    /// Whether an option of the user's own would be in the way of those that xpm gives.
    func owns(option: String) -> Bool
    /// Whether a job that waits for a reason, in the system's word, waits for ever.
    func isHopeless(_ reason: String) -> Bool

    /// Hands in an array of jobs.
    ///
    /// - Returns: the number of the array.
    func submit(_ array: BatchArray) throws(BatchError) -> String

    /// When a job with some options would start, as far as the system can say, in its words; nothing is handed in.
    func start(of options: [String]) throws(BatchError) -> String?

    /// The jobs of a user that the system knows now, with those that ended a moment ago.
    ///
    /// - Parameter user: nil for those of all users.
    func queue(of user: String?) throws(BatchError) -> [BatchEntry]

    /// What became of jobs that the queue does not know any more.
    ///
    /// - Returns: those that the accounting knows; none where the site has no accounting.
    func ended(_ jobs: [BatchJob]) throws(BatchError) -> [BatchEntry]

    /// Takes jobs out of the queue, or stops them: SIGTERM, and after a while SIGKILL.
    func cancel(_ jobs: [BatchJob]) throws(BatchError)
}

extension BatchSystem {
    /// The options that ask for what so many jobs need together.
    ///
    /// - Parameter memory: of each, in bytes.
    package func options(for ask: BatchAsk, memory: Int64?, times count: Int = 1) -> [String] {
        var whole = ask
        if count > 1 { (whole.cores, whole.gpus) = ((ask.cores ?? 1) * count, ask.gpus * count) }
        return options(for: whole) + (memory.map { options(memory: $0.timesOrMost(Int64(count))) } ?? [])
    }

    /// Names jobs in commands of so many each: one that fails keeps no other from being given.
    ///
    /// - Throws: what the first that failed has thrown.
    func inPieces(
        _ jobs: [BatchJob], of most: Int, _ give: (ArraySlice<BatchJob>) throws(BatchError) -> Void
    ) throws(BatchError) {
        var problem: BatchError?
        for first in stride(from: 0, to: jobs.count, by: most) {
            do throws(BatchError) { try give(jobs[first..<min(first + most, jobs.count)]) } catch {
                problem = problem ?? error
            }
        }
        if let problem { throw problem }
    }
}

/// One job of an array.
package struct BatchJob: Sendable, Hashable {
    /// The number of the array.
    package let array: String
    /// Its place there, from 0.
    package let index: Int

    package init(array: String, index: Int) {
        self.array = array
        self.index = index
    }

    /// `12_3`, as Slurm writes it.
    package var text: String { "\(array)_\(index)" }

    /// - Returns: nil for a text that names none.
    package init?(_ text: String) {
        guard let (array, index) = text.cut(at: "_"), let index = Int(index), index >= 0, !array.isEmpty
        else { return nil }
        self.init(array: String(array), index: index)
    }

    package static func == (left: BatchJob, right: BatchJob) -> Bool {
        left.index == right.index && left.array == right.array
    }

    package func hash(into hasher: inout Hasher) {
        TextKey(array).hash(into: &hasher)
        hasher.combine(index)
    }
}

/// What a site allows.
package struct BatchSite: Sendable, Equatable {
    /// How the cluster is called.
    package var cluster = ""
    /// The most jobs of an array.
    package var longestArray = 1000

    package init() {}
}

/// A part of a cluster, as its system tells of it.
package struct BatchPartition: Sendable, Equatable {
    package let name: String
    /// Of its largest node.
    package var cores: Int
    /// MiB of the node that has the most.
    package var memory: Int
    /// GPUs of the node that has the most.
    package var gpus: Int
    /// The longest that a job may take, in seconds; nil for no limit.
    package var duration: Double?

    package init(name: String, cores: Int, memory: Int, gpus: Int, duration: Double?) {
        self.name = name
        self.cores = cores
        self.memory = memory
        self.gpus = gpus
        self.duration = duration
    }
}

/// What a job asks of a batch system.
package struct BatchAsk: Sendable, Equatable {
    package var partition: String?
    package var cores: Int?
    package var gpus = 0
    /// How many nodes, each with all of the rest; nil for one.
    package var nodes: Int?
    /// Seconds until the system ends it.
    package var limit: Double?
    /// Options of the user's own, `name` or `name=value`, and whole words.
    package var more: [String] = []

    package init() {}
}

/// Jobs with equal needs that are handed in together.
package struct BatchArray: Sendable {
    /// What the queue calls it.
    package var name: String
    /// Tells it from every other: stands in the system's queue beside each of its jobs.
    package var nonce: String
    /// The shell script of each job.
    package var script: String
    /// Which places of the array there are.
    package var indices: Range<Int>
    /// The options of the system that say what a job needs.
    package var options: [String]
    /// Where the jobs start, and what they say besides their own logs.
    package var folder: String
    package var log: String
    /// Whether the jobs get the variables of this process.
    package var exportsEnvironment: Bool

    package init(
        name: String, nonce: String, script: String, indices: Range<Int>, options: [String], folder: String,
        log: String, exportsEnvironment: Bool
    ) {
        self.name = name
        self.nonce = nonce
        self.script = script
        self.indices = indices
        self.options = options
        self.folder = folder
        self.log = log
        self.exportsEnvironment = exportsEnvironment
    }
}

/// A job as the system tells of it.
package struct BatchEntry: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        case waiting
        case running
        case ended(BatchEnd)
    }

    package let job: BatchJob
    /// The nonce of its array; empty where the system does not tell it.
    package let nonce: String
    package let state: State
    /// Why it waits, in the system's word: `Resources`. Empty where it does not say.
    package let reason: String
    /// When it may start, in the system's words; nil where nobody knows.
    package let start: String?

    package init(
        job: BatchJob, nonce: String = "", state: State, reason: String = "", start: String? = nil
    ) {
        self.job = job
        self.nonce = nonce
        self.state = state
        self.reason = reason
        self.start = start
    }
}

/// How the system ended a job.
package struct BatchEnd: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// By itself.
        case ended
        /// Somebody has cancelled it.
        case cancelled
        case timeout
        case memory
        /// Its node failed, or another job took its place: it may run again.
        case lost
    }

    package let reason: Reason
    /// In the system's words: `NODE_FAIL`, `CANCELLED by 1000`.
    package let text: String
    /// Where the system tells them.
    package let exitCode: Int32?
    package let signal: Int32?

    package init(_ reason: Reason, _ text: String, exitCode: Int32? = nil, signal: Int32? = nil) {
        self.reason = reason
        self.text = text
        self.exitCode = exitCode
        self.signal = signal
    }
}

/// Why a command of a batch system did nothing.
package enum BatchError: TextualError {
    /// The command is not there.
    case missing(String)
    /// It may work in a while: the system does not answer. Whether it has taken what it was given is not
    /// known.
    case unreachable(String)
    /// The site lets this user have no more jobs at the moment.
    case full(String)
    /// It refuses what it was given.
    case refused(String)

    package var text: String {
        switch self {
        case .missing(let program): "there is no \(program) along PATH: this machine submits no batch jobs"
        case .unreachable(let text), .full(let text), .refused(let text): text
        }
    }
}
