package import Store
import System
import Text

/// What nobody needs any more in a workspace: jobs that no run refers to, temporary outputs whose dependants
/// are done, code and shared folders that no job refers to once those jobs are gone.
///
/// Only what has the shape of xpm's own is removed, and nothing behind a link; the doctor names the rest.
package struct GarbageCollection {
    private let workspace: Workspace

    package struct Item: Sendable {
        package let path: String
        package let bytes: Int64
    }

    /// What is done, as people read it.
    package enum Step: String, Sendable {
        case logs = "reading the logs of runs"
        case jobs = "removing jobs that no run refers to"
        case outputs = "looking for temporary outputs"
        case sources = "looking for code and shared folders that nobody needs"
    }

    private let progress: (Step) -> Void

    /// - Parameter progress: told what is done next.
    package init(_ workspace: Workspace, progress: @escaping (Step) -> Void = { _ in }) {
        self.workspace = workspace
        self.progress = progress
    }

    /// Finds what may go, and removes it if that is wanted; what runs, or is needed since it was found, is
    /// left alone.
    ///
    /// - Parameter told: told of each.
    /// - Throws: where a run plans or anything that tells what is needed cannot be read; then nothing is
    ///   removed.
    package func collect(perform: Bool, _ told: (Item) -> Void) throws(CleaningError) {
        guard perform else { return try sweep(perform: false, told) }
        try Cleaning.holding(workspace) { () throws(CleaningError) in try sweep(perform: true, told) }
    }

    private func sweep(perform: Bool, _ told: (Item) -> Void) throws(CleaningError) {
        progress(.logs)
        let orphans = try orphans()
        do throws(SystemError) { try sweep(orphans, perform: perform, told) } catch { throw .system(error) }
    }

    /// The jobs that no run refers to: what every run refers to is known.
    private func orphans() throws(CleaningError) -> [JobRecord] {
        do {
            let experiments = "\(workspace.path)/experiments"
            for folder in [experiments, workspace.jobs] {
                for name in try Files.list(folder) {
                    let path = "\(folder)/\(name)"
                    // What a link leads to may be on a disk that is not there now.
                    if Files.kind(path, followingLinks: false) == .link { _ = try Files.list(path) }
                    if Files.kind(path) == .folder { _ = try Files.list(path) }
                }
            }
            let logs = RunLogs(in: workspace)
            for name in try Files.list(experiments) {
                for run in RunHistory(experiment: name, in: workspace).names {
                    let path = "\(experiments)/\(name)/\(run)"
                    let isLost = Files.kind(path, followingLinks: false) == .link && !Files.exists(path)
                    if isLost || Files.exists("\(path)/status.json") {
                        _ = try Files.end(of: "\(path)/jobs.jsonl", count: 1)
                    }
                    if let loss = logs.lostJobs(inRun: path) {
                        throw CleaningError.unreadable("\(Paths.shown("\(path)/jobs.jsonl")): \(loss)")
                    }
                }
            }
        } catch let error as SystemError {
            throw .unreadable(error.text)
        } catch let error as CleaningError {
            throw error
        } catch { throw .unreadable("\(error)") }
        var problem: WorkspaceInventory.Problem?
        let orphans = WorkspaceInventory(workspace) { found in
            // What the last line of a killed run would have told of has not run.
            if case .damaged(_, isTorn: true) = found { return }
            problem = problem ?? found
        }
        .orphans()
        if let problem { throw .unreadable(problem.text) }
        let searched = try jobsOfSearches()
        return orphans.filter { !searched.contains($0.folder.path) }
    }

    /// The jobs that searches have tried, by their folders: their logs go on from them.
    private func jobsOfSearches() throws(CleaningError) -> TextSet {
        var found: TextSet = []
        for folder in Files.paths(in: "\(workspace.path)/searches") {
            for path in Files.paths(in: folder) where path.hasSuffix(".jsonl") {
                do throws(SearchLog.Problem) {
                    for job in try SearchLog(path).jobs.values.flatMap(\.self) {
                        // Names in a log are never ways out of the folder of jobs.
                        if job.split(separator: "/").count == 2 { found.insert("\(workspace.jobs)/\(job)") }
                    }
                } catch { throw .unreadable(error.text) }
            }
        }
        return found
    }

    private func sweep(
        _ orphans: [JobRecord], perform: Bool, _ told: (Item) -> Void
    ) throws(SystemError) {
        var gone: TextSet = []
        progress(.jobs)
        for job in orphans where job.folder.isMade(in: workspace) {
            let item = Item(path: job.folder.path, bytes: Files.size(of: job.folder.path))
            guard try isFree(job.folder, removing: perform) else { continue }
            gone.insert(item.path)
            told(item)
        }
        progress(.outputs)
        var temporary = TemporaryOutputs(in: workspace)
        for entry in temporary.entries {
            if perform, try !temporary.remove(entry) { continue }
            for (name, size) in entry.outputs {
                told(Item(path: "\(entry.job.folder.path)/\(name)", bytes: size))
            }
        }
        progress(.sources)
        for path in WorkspaceInventory(workspace).orphanedSources(without: gone) {
            let item = Item(path: path, bytes: Files.size(of: path))
            if perform { try Files.removeTree(path, below: workspace.path) }
            told(item)
        }
        var shared = PartialFolders(in: workspace, without: gone)
        try shared.sweep(perform: perform) { told(Item(path: $0.path, bytes: $0.bytes)) }
    }

    /// Whether nobody runs a job, which is removed where that is wanted.
    private func isFree(_ folder: JobFolder, removing: Bool) throws(SystemError) -> Bool {
        guard removing else { return !FileLock.isHeld(folder.lock) }
        return try FileLock.holdingIfThere(folder.lock) { () throws(SystemError) in
            try folder.remove(below: workspace.path)
        } != nil
    }
}
