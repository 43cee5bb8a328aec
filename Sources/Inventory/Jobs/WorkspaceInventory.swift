package import Store
package import System
import Text

/// What is in a workspace, from the logs of its runs: no folder is listed where a log tells.
package struct WorkspaceInventory {
    package let workspace: Workspace
    /// Told what of the logs could not be read.
    private let warn: (Problem) -> Void

    /// Something of a log that could not be read.
    package enum Problem {
        case unreadable(SystemError)
        /// A line that is none; one that is torn has no end, as where its writer was killed.
        case damaged(log: String, isTorn: Bool)

        package var text: String {
            switch self {
            case .unreadable(let error): error.text
            case .damaged(let log, let isTorn):
                "\(Paths.shown(log)): \(isTorn ? "its last line is torn" : "a line cannot be read"): left out"
            }
        }
    }

    package init(_ workspace: Workspace, warn: @escaping (Problem) -> Void = { _ in }) {
        self.workspace = workspace
        self.warn = warn
    }

    /// The names of the experiments.
    package var experiments: [String] {
        list("\(workspace.path)/experiments").filter { !history(of: $0).names.isEmpty }
    }

    /// The names in a folder; none where it is not there, or cannot be read, which is told.
    private func list(_ folder: String) -> [String] { entries(folder).map(\.name) }

    private func entries(_ folder: String) -> [Files.Entry] {
        do throws(SystemError) { return try Files.entries(folder) } catch {
            // A link leads to what is not there now.
            if !error.isMissing || Files.kind(folder, followingLinks: false) == .link {
                warn(.unreadable(error))
            }
            return []
        }
    }

    private func history(of experiment: String) -> RunHistory {
        let history = RunHistory(experiment: experiment, in: workspace)
        // A file beside the experiments is no experiment.
        if let problem = history.problem { warn(.unreadable(problem)) }
        return history
    }

    /// The runs that go on, wherever their processes are, with the folders of the jobs that they have
    /// submitted.
    package func liveRuns() -> [(run: RunRecord, folders: Set<JobFolder>)] {
        experiments.filter { FileLock.isHeld(workspace.lock(ofExperiment: $0)) }.compactMap { name in
            RunRecord.all(of: name, in: workspace).last.map { ($0, Set(jobs(inRun: $0).map(\.folder))) }
        }
    }

    /// The jobs that have not begun in a run that goes on, of some of its own: what its log of events says of
    /// them last.
    package func waiting(_ jobs: [JobRecord], inRun run: RunRecord) -> [JobRecord] {
        let last = lastEvents(inRun: run.path) { $0["state"]?.string }
        return jobs.filter { job in
            // One that is done for the run, and not in its folder, is made again; one that ran is tried
            // again.
            guard job.state != .done, job.state != .running else { return false }
            return last[job.key].map { !["failed", "cancelled", "blocked", "not run", "error"].contains($0) }
                ?? true
        }
    }

    /// What the log of a run says of each job last.
    func lastEvents(inRun run: String, _ read: (JSON) -> String?) -> [JobKey: String] {
        var last: [JobKey: String] = [:]
        var events = LineReader("\(run)/events.jsonl")
        for line in events.read() {
            guard let json = try? JSON.parse(Array(line)), json["state"] != nil,
                let task = json["task_id"]?.string, let identifier = json["job_id"]?.string
            else { continue }
            last[JobKey(taskID: task, identifier: identifier)] = read(json)
        }
        return last
    }

    /// Whether a run that goes on may still begin a job.
    package func mayBegin(_ job: JobRecord) -> Bool {
        liveRuns().contains { run, folders in
            folders.contains(job.folder) && !waiting([job], inRun: run).isEmpty
        }
    }

    /// The jobs of the newest run that has launched any, of each experiment or of one; where none has, of the
    /// newest that generated some. The last submitted first, each once.
    ///
    /// - Parameters:
    ///   - count: how many at most; then only the ends of the logs are read.
    ///   - everyRun: whether earlier runs count too.
    package func jobs(of experiment: String? = nil, count: Int? = nil, everyRun: Bool = false) -> [JobRecord]
    {
        var found: [JobRecord] = []
        for name in experiment.map({ [$0] }) ?? experiments {
            let history = history(of: name)
            /// Whether it has any, or may have some yet.
            func add(_ run: String) -> Bool {
                let isLive =
                    run == history.names.last && FileLock.isHeld(workspace.lock(ofExperiment: name))
                let own = jobs(in: "\(workspace.experiment(name))/\(run)", name, run, count, isLive: isLive)
                found += own.reversed()
                return isLive || !own.isEmpty
            }
            if everyRun {
                for run in withOwnLogs(history.names.reversed(), of: name) { _ = add(run) }
                continue
            }
            // One that could not begin, as on a full disk, has submitted nothing; one that only writes
            // folders hides no other.
            let isFound = history.names.reversed().contains { history.launches($0) && add($0) }
            if !isFound { _ = history.names.reversed().contains { !history.launches($0) && add($0) } }
        }
        // The sort is stable: those of one run keep their order.
        found.sort { ($0.submitted?.microseconds ?? 0) > ($1.submitted?.microseconds ?? 0) }
        var seen = Set<JobKey>(minimumCapacity: found.count)
        found.removeAll { !seen.insert($0.key).inserted }
        if let count { found = Array(found.prefix(count)) }
        return found
    }

    /// Those of some runs of an experiment that have logs of jobs of their own: of those that share one, which tells
    /// the same of all, the first.
    private func withOwnLogs(_ runs: some Sequence<String>, of experiment: String) -> [String] {
        var seen: Set<FileIdentity> = []
        return runs.filter { run in
            Files.identity("\(workspace.experiment(experiment))/\(run)/jobs.jsonl")
                .map { seen.insert($0).inserted } ?? true
        }
    }

    /// The jobs of one run, the first submitted first.
    package func jobs(inRun run: RunRecord) -> [JobRecord] {
        jobs(in: run.path, run.experiment, run.run, nil, isLive: run.state == "running")
    }

    private func jobs(
        in folder: String, _ experiment: String, _ run: String, _ count: Int?, isLive: Bool
    ) -> [JobRecord] {
        var wishes: [JobKey: [JobChange]] = [:]
        if isLive {
            var control = RunControl(run: folder)
            for case .job(let job, let change) in control.read() { wishes[job, default: []].append(change) }
        }
        let began = began(folder)
        var found: [JobRecord] = []
        eachJob(inLogOf: folder, count: count) { job in
            var record = job
            record.experiment = experiment
            record.run = run
            // A log that two runs share has the times of the first.
            if let began, let told = record.submitted, told.microseconds < began.microseconds {
                record.submitted = began
            }
            record.isOfLiveRun = isLive
            for change in wishes[record.key] ?? [] { record.apply(change) }
            found.append(record)
        }
        return found
    }

    /// Hands on the jobs that the log of a run tells of; what cannot be read is told.
    ///
    /// - Parameter isStrict: whether each line has to be JSON to its last byte.
    private func eachJob(
        inLogOf folder: String, count: Int?, isStrict: Bool = false, _ body: (JobRecord) -> Void
    ) {
        let log = "\(folder)/jobs.jsonl"
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try read(log, count) } catch {
            // One that was killed when it had just begun has neither.
            if !error.isMissing || Files.exists("\(folder)/status.json") { warn(.unreadable(error)) }
            return
        }
        var reader = JobLineReader(workspace)
        var (rest, index) = (bytes[...], 0)
        while !rest.isEmpty {
            let end = rest.lineEnd
            let line = rest[..<(end ?? rest.endIndex)]
            rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
            if line.isEmpty { continue }
            if let job = reader.record(line), !isStrict || (try? JSON.parse(Array(line))) != nil {
                body(job)
            } else if count == nil || index > 0 {
                // The first line of an end may be the rest of one.
                warn(.damaged(log: log, isTorn: end == nil))
            }
            index += 1
        }
    }

    /// When a run began; nil where its log is its own.
    private func began(_ folder: String) -> Timestamp? {
        guard Files.names(of: "\(folder)/jobs.jsonl") > 1,
            let bytes = try? Files.read("\(folder)/status.json", limit: 1 << 26),
            let seconds = (try? JSON.parse(bytes))?["started"]?.number, abs(seconds) < 1e11
        else { return nil }
        return Timestamp(microseconds: Int64(seconds * 1e6))
    }

    /// The log, or so much of its end that it has the last lines.
    private func read(_ log: String, _ count: Int?) throws(SystemError) -> [UInt8] {
        guard let count else { return try Files.read(log) }
        // A line has some 200 bytes; a long one costs another look.
        var size = max(4096, min(max(0, count), 1 << 40) * 400)
        while true {
            let bytes = try Files.end(of: log, count: size)
            if bytes.count < size || bytes.count(where: { $0 == UInt8(ascii: "\n") }) > count { return bytes }
            size *= 4
        }
    }

    /// Looks at the folders of some jobs.
    package static func readStates(_ jobs: inout [JobRecord]) {
        for (index, look) in Parallel.map(jobs, { $0.look() }).enumerated() { jobs[index].take(look) }
    }

    /// Every folder below `jobs/`, whether a run knows it or not; links are left out.
    package func folders() -> [JobRecord] { placesOfJobs(without: []) }

    /// The same without some, as `TYPE/IDENTIFIER`.
    private func placesOfJobs(without known: TextSet) -> [JobRecord] {
        list(workspace.jobs).flatMap { task -> [JobRecord] in
            entries("\(workspace.jobs)/\(task)").compactMap { entry in
                guard entry.kind == .folder, known.isEmpty || !known.contains("\(task)/\(entry.name)") else {
                    return nil
                }
                return JobRecord(workspace, task: task, identifier: entry.name)
            }
        }
    }

    /// The kept code of runs that are gone, and that no job's script names.
    ///
    /// - Parameter gone: folders of jobs that do not count.
    func orphanedSources(without gone: TextSet) -> [String] {
        var candidates: TextSet = []
        for experiment in (try? Files.list(workspace.sources)) ?? [] {
            for run in (try? Files.list("\(workspace.sources)/\(experiment)")) ?? []
            where !Files.exists("\(workspace.experiment(experiment))/\(run)") {
                let folder = "\(workspace.sources)/\(experiment)/\(run)"
                if SourceTree.isMade(folder, in: workspace) { candidates.insert(folder) }
            }
        }
        if candidates.isEmpty { return [] }
        let names = candidates.ordered.map(Paths.name)
        let jobs = folders().filter { !gone.contains($0.folder.path) }
        let origins = Parallel.map(jobs) { job -> JobOrigin?? in
            // A script that cannot be read may name any of it.
            guard let isNamed = JobScript.names(any: names, in: job.folder) else { return .none }
            return .some(isNamed ? JobOrigin(job.folder) : nil)
        }
        for origin in origins {
            guard let origin else { return [] }
            if let origin { candidates.remove(origin.sources) }
        }
        return candidates.ordered
    }

    /// The folders that no run refers to, neither itself nor through a link.
    package func orphans() -> [JobRecord] {
        var known = referred()
        for task in (try? Files.list(workspace.jobs)) ?? [] {
            for entry in (try? Files.entries("\(workspace.jobs)/\(task)")) ?? [] where entry.kind == .link {
                if known.contains("\(task)/\(entry.name)"),
                    let target = Files.linkTarget("\(workspace.jobs)/\(task)/\(entry.name)")
                {
                    known.insert(target.hasPrefix("../") ? String(target.dropFirst(3)) : target)
                }
            }
        }
        return placesOfJobs(without: known)
    }

    /// The jobs that any run refers to, as `TYPE/IDENTIFIER`.
    private func referred() -> TextSet {
        var known: TextSet = []
        for name in experiments {
            for run in withOwnLogs(history(of: name).names, of: name) {
                eachJob(inLogOf: "\(workspace.experiment(name))/\(run)", count: nil, isStrict: true) {
                    known.insert("\($0.task)/\($0.identifier)")
                }
            }
        }
        return known
    }
}
