package import Model
package import Store
package import System
import Text

/// What a job wants of where it runs.
package struct LaunchWish {
    package var requirement: Requirement?
    /// The launcher that `submit` names.
    package var launcher: String?
    /// Words before its program, where the task or `submit` says some, or that there are none.
    package var wrap: [String]?
    /// What `submit` says to the batch system.
    package var batch = BatchWish()
    /// Its tags: only who chooses by them asks.
    package var tags: () -> [(name: String, value: String)] = { [] }

    package init(_ requirement: Requirement? = nil) { self.requirement = requirement }
}

/// What `submit` says to a batch system: `slurm = { partition = "gpu", constraint = "a100" }`.
package struct BatchWish: Sendable {
    /// The name of the system, where there is something to say.
    package var system: String?
    package var partition: String?
    /// As the system's command takes them.
    package var options: [String] = []
    /// How many jobs like it a pilot has at a time, or 0 for no pilots; nil where its launcher and its time say
    /// it.
    package var lanes: Int?

    package init() {}

    func isAlike(_ other: BatchWish) -> Bool {
        system == other.system && lanes == other.lanes && partition == other.partition
            && options == other.options
    }
}

/// Says what a job takes that has a requirement. Belongs to the thread of the script.
package protocol Admission: AnyObject {
    /// What a job gets that is about to run.
    ///
    /// - Throws: why it cannot be given, for the line of the script that asks.
    func admit(_ wish: LaunchWish, in folder: JobFolder) throws(ValueError) -> Admitted
}

/// What a job gets where it is to run.
package struct Admitted {
    /// What it takes there; nil where it asks for nothing.
    package var demand: JobDemand?
    /// What its program runs in.
    package var frame = ProgramFrame()
}

/// What stands around the program of a job where it runs.
package struct ProgramFrame {
    /// Words before its own, such as `apptainer exec lab.sif`; with `{here}`, `{folder}` and `{workspace}` in them.
    package var wrap: [String] = []
    /// Whether the task, or who submitted it, has asked for these; else its launcher.
    package var isAsked = false
    /// Words that start it on each of its nodes; none where it has one.
    package var spread: [String] = []

    package init() {}
}

/// A job to launch. Its folder is written, unless the job has files of its own for that.
package struct LaunchRequest: Sendable {
    package let job: JobSpec
    /// What this attempt has, in bytes, where the job asks for some.
    package let memory: Int64?

    package init(_ job: JobSpec, memory: Int64? = nil) {
        self.job = job
        self.memory = memory
    }
}

/// What a launcher reports of a job that was submitted to it.
package enum LaunchEvent: Sendable {
    /// It waits for something that others hold.
    case queued(JobNumber, reason: String)
    /// It has what it waited for, and begins.
    case started(JobNumber)
    /// Another process runs it: in a slot of ours where no other run has it, so that what a killed run has left
    /// counts; else in none.
    case adopted(JobNumber, isOurs: Bool)
    /// An attempt ended. `elsewhere` is one that this run did not start.
    case ended(JobNumber, Outcome, elsewhere: Bool)
    /// The process that ran it vanished without an outcome: it has to run again.
    case vanished(JobNumber)
    /// It has come back before its program began.
    case withdrawn(JobNumber)
    /// Another run, or somebody else, runs it, and this run ends before it.
    case released(JobNumber, holder: String)
    /// One that was only watched is done: another run, or somebody by hand, has run it.
    case doneElsewhere(JobNumber)
}

extension LaunchEvent {
    /// What a job has come to whose lock is free again.
    ///
    /// - Parameter formerFailure: the `.failed` that was there before: no outcome of what was watched.
    static func ofWatched(_ job: JobSpec, formerFailure: UInt64?, elsewhere: Bool) -> LaunchEvent {
        let folder = job.folder
        if folder.isDone { return .ended(job.number, Outcome.read(folder.done), elsewhere: elsewhere) }
        if let failure = Files.inode(folder.failed), failure != formerFailure {
            return .ended(job.number, Outcome.read(folder.failed), elsewhere: elsewhere)
        }
        return .vanished(job.number)
    }
}

/// Starts jobs, and reports what becomes of them.
///
/// No call waits for a job, or for anything that takes long: the scheduler calls from its actor.
package protocol Launcher: Sendable {
    /// Called once, first: where to report what happens to jobs.
    func begin(report: @escaping @Sendable (LaunchEvent) -> Void)
    /// Starts jobs. Each is reported as `ended`, `vanished` or `withdrawn` at last, and before that as
    /// `queued`, `started`, `adopted`.
    func submit(_ requests: [LaunchRequest])
    /// Looks now and then whether somebody else has run a job that is held here; reports `doneElsewhere`.
    /// Ends when the job is submitted.
    func watch(_ job: JobSpec)
    /// Takes back jobs whose programs wait; reports `withdrawn` for each, unless it has begun meanwhile.
    func withdraw(_ jobs: [JobNumber])
    /// Watches a job no longer that another run, or somebody else, runs; reports `released`. One that this
    /// run has started, or has taken over from a run that is gone, is left as it is.
    func leave(_ number: JobNumber)
    /// Writes the outcome of a job whose process left none, unless somebody runs it now.
    func record(_ outcome: Outcome, of job: JobSpec) throws(SystemError)
    /// Tells jobs to stop that this run has started or taken over: politely (SIGTERM), or at once (SIGKILL).
    ///
    /// - Parameter jobs: which; nil for all, also those that are submitted later.
    func cancel(_ jobs: [JobNumber]?, force: Bool)
    /// Called when no job runs any more.
    func end()
}
