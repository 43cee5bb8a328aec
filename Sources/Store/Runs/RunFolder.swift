import Glibc
import Synchronization
package import System
package import Text

/// The folder of one run of an experiment, `experiments/{experiment}/{YYYYMMDD_HHMMSS}/`.
///
///     status.json        state, host, start, end, counts
///     jobs.jsonl         a line for each submitted job
///     objects.jsonl      their configurations, shared objects once (`ObjectLog`)
///     environment.json   versions, host, command line, git, merged configuration
///     events.jsonl       what happened, in order
///     control.jsonl      what others want of a live run (`RunControl`)
///     sources            link to the Lua files of the plan and what tasks name, as they were: they outlive the run
///     services/          those that live beside it (`ServiceFolder`)
///     actions/           what can be done later with what it made (`RunAction`)
///     jobs/              links to the folders of the jobs that ran in it
///     results/ data/     what the experiment saved
package final class RunFolder: Sendable {
    package let experiment: String
    package let run: String
    package let path: String
    package let started: Timestamp
    /// The folder of the files that it keeps.
    package let sources: String
    private let workspace: Workspace
    let mode: RunMode
    private let lock: Mutex<FileLock?>
    private let planning: Mutex<FileLock?>
    /// What else is held as long as the run is alive.
    private let held = Mutex<[HeldLock]>([])
    /// The folders of the runs before it, the oldest first.
    package let earlier: [String]
    private let jobs: RepeatedLog
    private let events: LineLog

    /// Begins a run: takes the experiment's lock and makes the folder. One that launches becomes the
    /// `current` one.
    ///
    /// - Throws: `RunError.busy` if another run of the experiment is alive, `RunError.cleaning` while
    ///   somebody removes what no run refers to.
    package init(experiment: String, in workspace: Workspace, mode: RunMode = .normal) throws(RunError) {
        self.mode = mode
        self.experiment = experiment
        self.workspace = workspace
        let folder = workspace.experiment(experiment)
        let lockPath = "\(folder)/lock"
        let started = Timestamp.now
        self.started = started
        do throws(SystemError) { try workspace.create() } catch { throw .system(error) }
        lock = Mutex(try Self.takeLock(lockPath, of: experiment))
        do throws(SystemError) {
            planning = Mutex(try Self.takePlanning(of: experiment, in: workspace))
        } catch { throw .system(error) }
        if Cleaning.isUnderWay(in: workspace) {
            throw RunError.cleaning(HolderLock.holder(of: workspace.cleaning))
        }
        Self.settleEarlier(of: experiment, in: workspace)
        let history = RunHistory(experiment: experiment, in: workspace)
        let earlier = history.names.map { "\(folder)/\($0)" }
        self.earlier = earlier
        let run = history.nextName(at: started)
        self.run = run
        let path = "\(folder)/\(run)"
        self.path = path
        sources = "\(workspace.sources)/\(experiment)/\(run)"
        do throws(SystemError) {
            try Files.makeFolder("\(path)/jobs", in: workspace.path)
            try Files.makeFolder(sources, in: workspace.path)
            try Files.link("\(path)/sources", to: "../../../sources/\(experiment)/\(run)")
            jobs = try RepeatedLog("\(path)/jobs.jsonl", runs: earlier)
            events = try LineLog("\(path)/events.jsonl")
            try Self.mendCurrent(in: folder, of: experiment, workspace)
            if mode.launches || !Files.exists("\(folder)/current") {
                try Files.link("\(folder)/current", to: run)
            }
        } catch {
            Self.forget(path, sources, workspace)
            throw .system(error)
        }
    }

    /// A run that could not begin is none.
    package func discard() {
        // The experiment's lock is given back last.
        defer { end() }
        Self.forget(path, sources, workspace)
        let folder = workspace.experiment(experiment)
        guard Files.linkTarget("\(folder)/current") == run else { return }
        if let newest = RunHistory(experiment: experiment, in: workspace).newest {
            try? Files.link("\(folder)/current", to: newest)
        } else {
            try? Files.remove("\(folder)/current")
        }
    }

    private static func forget(_ path: String, _ sources: String, _ workspace: Workspace) {
        for folder in [path, sources] { try? Files.removeTree(folder, below: workspace.path) }
    }

    /// Where a workspace was copied with its links followed, `current` is a copy of a run that is beside it:
    /// the link takes its place.
    private static func mendCurrent(
        in folder: String, of experiment: String, _ workspace: Workspace
    ) throws(SystemError) {
        let current = "\(folder)/current"
        guard Files.kind(current, followingLinks: false) == .folder else { return }
        let json = (try? Files.read("\(current)/status.json", limit: 1 << 26)).flatMap { try? JSON.parse($0) }
        if let run = json?["run_id"]?.string, Files.exists("\(folder)/\(run)/jobs.jsonl") {
            return try Files.removeTree(current, below: workspace.path)
        }
        throw SystemError(
            "link to the newest run (remove the folder that is in its place)", current, code: EEXIST)
    }

    /// Holds a lock as long as the run is alive.
    package func hold(_ lock: consuming FileLock) {
        let one = HeldLock(lock)
        held.withLock { $0.append(one) }
    }

    /// All is submitted: what the run does not refer to now it will not need.
    ///
    /// - Returns: why not all of it could be written.
    @discardableResult
    package func endPlanning() -> SystemError? {
        let failure = jobs.end()
        if let held = planning.withLock({ $0.take() }) { held.release() }
        return failure
    }

    /// Ends the run: the experiment is free for another. Nothing is written after this.
    package func end() {
        events.flush()
        endPlanning()
        for one in held.withLock({ $0 }) { one.release() }
        if let held = lock.withLock({ $0.take() }) {
            // A record that stays is of one that was killed.
            try? Files.write([], to: workspace.lock(ofExperiment: experiment))
            held.release()
        }
    }

    /// Runs before this one that were killed say that they go on, or nothing: with the lock in hand, this one
    /// knows better.
    private static func settleEarlier(of experiment: String, in workspace: Workspace) {
        if let claims = LockClaim.folder {
            LockClaim.removeAbandoned(in: claims)
            // Nobody may want what a killed job has held.
            let shared = [workspace.tokens, workspace.partials]
            LockClaim.settle(shared.flatMap(Files.locks), in: claims)
        }
        let folder = workspace.experiment(experiment)
        Files.removeAbandoned(in: folder)
        let names = RunHistory(experiment: experiment, in: workspace).names
        let last = Files.linkTarget("\(folder)/current").map(Paths.name)
        // Those before the last one that began as a whole were settled when it began.
        let start = last.flatMap(names.firstIndex) ?? 0
        for name in names[min(start, names.count)...] {
            let path = "\(folder)/\(name)"
            let files = (try? Files.list(path)) ?? []
            if files.contains("status.json") || files.contains("jobs.jsonl") {
                settle(path, experiment, name)
            } else if RunHistory.isMade(name), files.allSatisfy(atOnce.contains),
                ((try? Files.list("\(path)/jobs")) ?? []).isEmpty
            {
                // Killed before it had begun: no run.
                forget(path, "\(workspace.sources)/\(experiment)/\(name)", workspace)
            }
        }
    }

    /// What a run has before it has a log of jobs.
    private static let atOnce = ["jobs", "sources"]

    /// The logs that only the run itself writes.
    package static let logs = ["jobs.jsonl", "objects.jsonl", "events.jsonl"]

    private static func settle(_ path: String, _ experiment: String, _ run: String) {
        Files.removeAbandoned(in: path)
        let status = "\(path)/status.json"
        let json = (try? Files.read(status, limit: 1 << 26)).flatMap { try? JSON.parse($0) }
        guard json?["status"]?.string ?? "running" == "running" else { return }
        // A write of many lines may have been cut off.
        for log in logs { try? LineLog.mend("\(path)/\(log)") }
        var members: [JSON.Member] = [
            .init("version", .int(RunStatus.version)), .init("experiment_id", .string(experiment)),
            .init("run_id", .string(run)), .init("status", "running"),
        ]
        if case .object(let known)? = json { members = known }
        try? Files.replace(status, with: RunStatus.settled(members, run: path).prettyBytes)
    }

    /// Where the code of a run is, also of one that was removed.
    ///
    /// - Parameter run: the folder of the run.
    package static func sources(of run: String) -> String {
        let experiment = Paths.parent(run)
        let workspace = Paths.parent(Paths.parent(experiment))
        let place = "\(workspace)/sources/\(Paths.name(experiment))/\(Paths.name(run))"
        // Older versions kept it in the run itself.
        return Files.kind(place) == .folder ? place : "\(run)/sources"
    }

    private static func takeLock(_ path: String, of experiment: String) throws(RunError) -> FileLock {
        do throws(SystemError) {
            while true {
                try Files.makeFolder(Paths.parent(path), in: Paths.parent(Paths.parent(Paths.parent(path))))
                guard let lock = try HolderLock.take(path) else { break }
                // The experiment may have been removed while it was waited for.
                if lock.isAt(path) { return lock }
                lock.release()
            }
        } catch { throw .system(error) }
        throw .busy(experiment: experiment, HolderLock.holder(of: path))
    }

    /// Nobody else wants it while the experiment's lock is held, but whoever looks whether it is.
    private static func takePlanning(
        of experiment: String, in workspace: Workspace
    ) throws(SystemError) -> FileLock {
        while true {
            if let lock = try FileLock.take(workspace.planning(ofExperiment: experiment)) { return lock }
            Clock.sleep(milliseconds: 1)
        }
    }

    /// The folder for what the script writes itself, made at the first use.
    package func results() throws(SystemError) -> String {
        try Files.makeFolder("\(path)/results", below: path)
        return "\(path)/results"
    }

    /// Where `xp:save` puts an object of this name.
    package func data(_ name: String) -> String { "\(path)/data/\(name)" }

    /// Notes a submitted job.
    ///
    /// - Parameter canWait: whether the line may be lost with this process: nothing runs because of it.
    package func add(_ job: JobLine, canWait: Bool) throws(SystemError) {
        if let failure = jobs.append(job.line, canWait: canWait) { throw failure }
    }

    /// Writes what was noted of submitted jobs and not written yet.
    package func flush() throws(SystemError) {
        if let failure = jobs.flush() { throw failure }
    }

    /// Links a job's folder into `jobs/`.
    package func link(_ job: JobFolder, task: String) throws(SystemError) {
        let folder = "\(path)/jobs/\(task)"
        let name = Paths.name(job.path)
        let link = "\(folder)/\(name)"
        let target = "../../../../../jobs/\(task)/\(name)"
        do throws(SystemError) {
            try Files.link(link, to: target)
        } catch  where error.code == ENOENT {
            try Files.makeFolder(folder, below: path)
            try Files.link(link, to: target)
        }
    }

    /// Appends to `events.jsonl`.
    @discardableResult
    package func log(_ event: JSON, canWait: Bool = false) -> SystemError? {
        events.append(event, canWait: canWait)
    }

    /// Replaces `status.json`.
    package func write(status: RunStatus) throws(SystemError) {
        try Files.replace("\(path)/status.json", with: status.json(of: self).prettyBytes)
    }

    /// Replaces `environment.json`.
    package func write(environment: JSON) throws(SystemError) {
        try Files.replace("\(path)/environment.json", with: environment.prettyBytes)
    }
}

/// A lock among others.
private final class HeldLock: Sendable {
    private let lock: Mutex<FileLock?>

    init(_ lock: consuming FileLock) { self.lock = Mutex(lock) }

    func release() {
        if let held = lock.withLock({ $0.take() }) { held.release() }
    }
}
