import Inventory
import Store
import System
import Text

/// Which jobs of a workspace are meant.
struct JobQuery {
    let workspace: WorkspaceOptions
    let experiment: String?
    let filter: String?
    let everyRun: Bool
    /// Whether it is said that an earlier run has more jobs than the newest.
    var tellsOfEarlier = false

    /// The workspace of the jobs that words name.
    func place(of words: [String]) throws(Failure) -> Workspace {
        try ExperimentFiles.existingWorkspace(workspace, of: words.first, experiment: experiment)
    }

    /// The jobs that words name and that fit what else is given; without words all that fit.
    ///
    /// - Parameter orAll: whether all are meant where nothing is given.
    /// - Throws: where nothing is given, and where words name jobs of which none fits.
    func chosen(_ words: [String], orAll: Bool = false) throws(Failure) -> [JobRecord] {
        if words.isEmpty {
            guard orAll || filter != nil || experiment != nil else {
                throw .message("which jobs? name them, or give --filter or --experiment")
            }
            return try jobs()
        }
        let place = try place(of: words)
        let finder = JobFinder(place)
        let known = TextMap(
            texts: WorkspaceInventory(place).jobs(everyRun: true).map { ($0.folder.path, $0) })
        var found: [JobRecord] = []
        for word in words {
            let folder = try finder.find(word)
            var record =
                known[folder]
                ?? JobRecord(place, task: Paths.name(Paths.parent(folder)), identifier: Paths.name(folder))
            record.readState()
            if let problem = record.problem { Unreadable.note(problem) }
            found.append(record)
        }
        WorkspaceInventory(place).settle(&found)
        if filter == nil, experiment == nil { return found }
        let fitting = TextSet(try jobs().map(\.folder.path))
        let left = found.filter { fitting.contains($0.folder.path) }
        if left.isEmpty {
            let options = [experiment.map { "-e \($0)" }, filter.map { "--filter '\($0)'" }]
            throw .message(
                "none of the jobs that are named fits \(options.compactMap(\.self).joined(separator: " and "))"
            )
        }
        return left
    }

    /// The jobs that fit, the last submitted first, with their states.
    ///
    /// - Parameter count: how many at most.
    func jobs(count: Int? = nil) throws(Failure) -> [JobRecord] {
        let inventory = WorkspaceInventory(
            try ExperimentFiles.existingWorkspace(workspace, experiment: experiment),
            warn: Unreadable.note)
        if let experiment, case let history = RunHistory(experiment: experiment, in: inventory.workspace),
            history.names.isEmpty
        {
            if let problem = history.problem { throw Failure(problem) }
            throw Failure(noExperiment: experiment, in: inventory)
        }
        var parsed: JobFilter?
        if let filter {
            do throws(JobFilterError) { parsed = try JobFilter(filter, warn: Failure.warn) } catch {
                throw .message(error.text)
            }
        }
        // Without a filter the ends of the logs are enough.
        var jobs = inventory.jobs(of: experiment, count: parsed == nil ? count : nil, everyRun: everyRun)
        if let parsed, !parsed.asksForState, let few = try chosen(from: jobs, by: parsed, inventory) {
            tell(in: inventory, count: jobs.count, shown: jobs.first?.run)
            return count.map { Array(few.prefix($0)) } ?? few
        }
        WorkspaceInventory.readStates(&jobs)
        for job in jobs { if let problem = job.problem { Unreadable.note(problem) } }
        inventory.settle(&jobs)
        tell(in: inventory, count: jobs.count, shown: jobs.first?.run)
        if let parsed {
            try refuseStranger(parsed, jobs)
            jobs = parsed.select(from: jobs)
        }
        return count.map { Array(jobs.prefix($0)) } ?? jobs
    }

    /// Those of some jobs that fit a filter, without a look at the folders of the others.
    ///
    /// - Returns: nil where what becomes of one depends on others.
    private func chosen(
        from jobs: [JobRecord], by filter: JobFilter, _ inventory: WorkspaceInventory
    ) throws(Failure) -> [JobRecord]? {
        try refuseStranger(filter, jobs)
        var few = filter.select(from: jobs)
        WorkspaceInventory.readStates(&few)
        guard few.allSatisfy({ $0.state != .waiting && $0.state != .notRun }) else { return nil }
        for job in few { if let problem = job.problem { Unreadable.note(problem) } }
        return few
    }

    private func refuseStranger(_ filter: JobFilter, _ jobs: [JobRecord]) throws(Failure) {
        // Of no jobs nothing can be said.
        guard !jobs.isEmpty, let stranger = filter.stranger(among: jobs) else { return }
        let isResult = jobs.prefix(100).contains { JobResult.read($0.folder)?[stranger] != nil }
        let hint =
            JobFilter.names.contains("@\(stranger)")
            ? " (did you mean '@\(stranger)'?)"
            : isResult
                ? "; it is a result, which xpm results shows"
                : JobFilter.names(of: jobs).saying(near: stranger)
        throw .message("filter: none of these jobs has a tag or a parameter '\(stranger)'\(hint)")
    }

    /// What a reader may not expect of the jobs of an experiment: that others than these are there.
    ///
    /// - Parameters:
    ///   - count: how many there are without the filter.
    ///   - shown: their run.
    private func tell(in inventory: WorkspaceInventory, count: Int, shown: String?) {
        guard let experiment, !everyRun else { return }
        if let shown, let newest = RunHistory(experiment: experiment, in: inventory.workspace).newest,
            newest != shown
        {
            Failure.warn("its newest run, \(newest), has no jobs: these are of \(shown)")
        }
        if let newest = RunRecord.newest(of: experiment, in: inventory.workspace), let reason = newest.reason,
            inventory.jobs(of: experiment, everyRun: true).count > count
        {
            Failure.warn(
                "its newest run, \(newest.run), failed (\(reason)): --every-run has the jobs of earlier ones too"
            )
        }
        if tellsOfEarlier { tellEarlier(experiment, inventory.workspace) }
    }

    /// A run of a part of the jobs hides those of the runs before it.
    private func tellEarlier(_ experiment: String, _ workspace: Workspace) {
        let runs = RunRecord.all(of: experiment, in: workspace).filter { !$0.onlyGenerates }
        guard let newest = runs.last, newest.state != "running",
            let largest = runs.dropLast().max(by: { $0.jobCount < $1.jobCount }),
            largest.jobCount > newest.jobCount
        else { return }
        Failure.warn(
            "the newest run has \(newest.jobCount) task\(newest.jobCount == 1 ? "" : "s"), an earlier one \(largest.jobCount): --every-run counts those of earlier runs too"
        )
    }
}

extension JobSelection {
    var query: JobQuery {
        JobQuery(
            workspace: newest.workspace, experiment: newest.experiment, filter: newest.filter,
            everyRun: everyRun)
    }
}

extension NewestJobs {
    var query: JobQuery {
        JobQuery(workspace: workspace, experiment: experiment, filter: filter, everyRun: false)
    }
}
