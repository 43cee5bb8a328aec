import Inventory
import Model
import Store
import System
import Text
import Watching

/// The picture of the workspace that all readers of the page share. It is refreshed when somebody asks, and not more
/// often than `interval`: without readers it costs nothing.
actor WatchHub {
    private let thread: OwnThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    private let watch: WorkspaceWatch
    /// The runs that somebody looks at.
    private var runs: TextMap<FollowedRun> = [:]
    /// The number of the last change of the list of experiments.
    private var revision = 0
    /// The last number that was given to a change. They begin with the time of day, so that those of a page that was
    /// ended, or of a run that was let go, do not come again.
    private var lastNumber = Int(Timestamp.now.microseconds)
    private var nextRefresh = 0.0

    /// Seconds between two looks at the disk, while a run goes on and else.
    private static let (interval, idleInterval) = (0.08, 0.4)
    /// Seconds after which a run is let go that nobody asks for.
    private static let memory = 600.0
    /// Seconds within which who looks at a run asks again.
    private static let recently = 10.0
    /// So many runs are remembered that nobody looks at.
    private static let mostRuns = 8

    init(_ workspace: Workspace) throws(SystemError) {
        thread = try OwnThread()
        watch = WorkspaceWatch(workspace)
    }

    /// The experiments, with a number that changes when they do.
    func experiments() -> (entries: [WorkspaceWatch.Entry], revision: Int) {
        refresh()
        return (watch.experiments, revision)
    }

    /// What is seen of a run's jobs; nil where there is no such run.
    func picture(of name: Route.RunName, _ query: RowQuery) throws(JobFilterError) -> RunPicture? {
        refresh()
        guard let run = followed(name) else { return nil }
        return try run.picture(query, isLive: isLive(run))
    }

    /// What a run tells of itself; nil for one that is not there any more.
    func record(of run: String, of experiment: String) -> RunRecord? {
        if let entry = watch.entry(experiment), entry.run.run == run { return entry.run }
        return RunRecord.all(of: experiment, in: watch.workspace).first { $0.run == run }
    }

    /// What has changed in a run since a number; nil where there is no such run.
    func changes(of name: Route.RunName, since number: Int?) -> RunChanges? {
        refresh()
        guard let run = followed(name) else { return nil }
        return run.changes(since: number, isLive: isLive(run))
    }

    /// What a job of a run needs, and what needs it; nil where there is no such job.
    func relatives(of identifier: Identifier, in name: Route.RunName) -> JobRelatives? {
        refresh()
        return followed(name)?.relatives(of: identifier)
    }

    func graph(of name: Route.RunName) -> TaskGraph? {
        refresh()
        return followed(name)?.graph()
    }

    func timeline(of name: Route.RunName) -> RunTimeline? {
        refresh()
        return followed(name)?.timeline()
    }

    /// The job of an identifier.
    func job(_ identifier: String) -> Route.JobName? {
        let jobs = watch.workspace.jobs
        for task in (try? Files.list(jobs)) ?? [] where JobRecord.isSafe(task) {
            if Files.exists("\(jobs)/\(task)/\(identifier)") { return Route.JobName(task, identifier) }
        }
        return nil
    }

    // MARK: Following

    private func refresh() {
        guard Monotonic.seconds >= nextRefresh else { return }
        if watch.refresh() || revision == 0 { revision = nextNumber() }
        let now = Monotonic.seconds
        for (key, run) in runs {
            if run.lastAsked + Self.memory < now {
                runs[key] = nil
            } else {
                run.refresh(isLive: isLive(run), as: nextNumber())
            }
        }
        let isLive = watch.experiments.contains(where: \.isLive)
        nextRefresh = Monotonic.seconds + (isLive ? Self.interval : Self.idleInterval)
    }

    private func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    private func isLive(_ run: FollowedRun) -> Bool {
        watch.entry(run.experiment).map { $0.run.run == run.run && $0.isLive } ?? false
    }

    private func followed(_ name: Route.RunName) -> FollowedRun? {
        guard let run = name.run ?? watch.entry(name.experiment)?.run.run else { return nil }
        let key = "\(name.experiment)/\(run)"
        if let known = runs[key] {
            known.lastAsked = Monotonic.seconds
            return known
        }
        guard Files.kind("\(watch.workspace.experiment(name.experiment))/\(run)") == .folder else {
            return nil
        }
        // Not one that somebody looks at.
        if runs.count >= Self.mostRuns,
            let oldest = runs.min(by: { $0.value.lastAsked < $1.value.lastAsked }),
            oldest.value.lastAsked + Self.recently < Monotonic.seconds
        {
            runs[oldest.key] = nil
        }
        let new = FollowedRun(RunWatch(experiment: name.experiment, run: run, in: watch.workspace))
        new.refresh(isLive: isLive(new), as: nextNumber())
        runs[key] = new
        return new
    }
}
