package import Store
package import System
import Text

/// Outputs that may go: those declared temporary, of finished jobs all of whose dependants are done.
///
/// The dependants are those in the newest run of each experiment; a job that nobody depends on keeps its
/// outputs. A job whose outputs were removed has a `{name}.collected`; a plan with something new that needs
/// them runs it again.
package struct TemporaryOutputs {
    package struct Entry {
        package let job: JobRecord
        /// What is there, relative to the job's folder.
        package let outputs: [(name: String, bytes: Int64)]
    }

    package let entries: [Entry]
    private let workspace: Workspace
    /// Of each job that others depend on, whether one of those is not done.
    private var needed: TextMap<Bool> = [:]
    /// What was known of the newest runs then.
    private var stamp: TextMap<Int64> = [:]

    /// Lists those of a workspace. Reads the parameters of every finished job that others depend on.
    package init(in workspace: Workspace) {
        self.workspace = workspace
        stamp = Self.stamp(of: workspace)
        let jobs = WorkspaceInventory(workspace).jobs()
        let depended = TextSet(jobs.flatMap(\.dependencies))
        // Few have any: nothing else is looked at.
        let some = Parallel.map(jobs.filter { depended.contains($0.identifier) }) { job in
            let paths = Self.temporaryPaths(of: job.folder)
            return paths.isEmpty ? nil : (job, paths)
        }
        .compactMap(\.self)
        needed = some.isEmpty ? [:] : Self.needs(of: TextSet(some.map(\.0.identifier)), jobs)
        entries = some.compactMap { [needed] job, paths in
            guard needed[job.identifier] == false, job.folder.state() == .done,
                job.folder.isMade(in: workspace)
            else { return nil }
            let outputs = paths.compactMap { name -> (String, Int64)? in
                let path = "\(job.folder.path)/\(name)"
                return Files.kind(path, followingLinks: false).map { _ in (name, Files.size(of: path)) }
            }
            var job = job
            job.state = .done
            return outputs.isEmpty ? nil : Entry(job: job, outputs: outputs)
        }
    }

    /// The temporary outputs that a job's parameters declare. Most have none, which their bytes tell.
    private static func temporaryPaths(of folder: JobFolder) -> [String] {
        guard let bytes = try? Files.readSmall(folder.parameters, limit: 1 << 28),
            bytes[...].contains("temporary-fields".utf8), let task = try? RecordedTask.read(folder.path)
        else { return [] }
        return task.temporaryPaths
    }

    /// The sizes of the logs of submitted jobs, of the newest runs: where none has grown nothing new needs
    /// anything.
    private static func stamp(of workspace: Workspace) -> TextMap<Int64> {
        let logs = WorkspaceInventory(workspace).experiments.compactMap { experiment in
            RunHistory(experiment: experiment, in: workspace).newest(with: "jobs.jsonl").map {
                "\($0)/jobs.jsonl"
            }
        }
        return TextMap(texts: logs.map { ($0, Files.size(of: $0)) })
    }

    /// Of each of some jobs that others of the newest runs depend on, whether one of those is not done.
    private static func needs(of some: TextSet, _ jobs: [JobRecord]) -> TextMap<Bool> {
        var dependants = jobs.filter { $0.dependencies.contains { some.contains($0) } }
        WorkspaceInventory.readStates(&dependants)
        var needed: TextMap<Bool> = [:]
        for job in dependants {
            for dependency in job.dependencies where some.contains(dependency) {
                needed[dependency] = needed[dependency, default: false] || job.state != .done
            }
        }
        return needed
    }

    /// Removes them, unless the job runs again meanwhile or something new needs it.
    ///
    /// - Returns: whether they were removed.
    package mutating func remove(_ entry: Entry) throws(SystemError) -> Bool {
        let folder = entry.job.folder
        guard folder.isMade(in: workspace) else { return false }
        return try FileLock.holding(folder.lock) { () throws(SystemError) in
            let now = Self.stamp(of: workspace)
            if now != stamp {
                let jobs = WorkspaceInventory(workspace).jobs()
                (stamp, needed) = (now, Self.needs(of: TextSet(entries.map(\.job.identifier)), jobs))
            }
            guard needed[entry.job.identifier] == false else { return false }
            // First: what is half removed must not be taken for whole.
            let names = JSON.array(entry.outputs.map { .string($0.name) })
            try Files.replace(folder.collected, with: JSON.object([.init("removed", names)]).bytes)
            for (name, _) in entry.outputs {
                try Files.removeTree("\(folder.path)/\(name)", below: folder.path)
            }
            return true
        } ?? false
    }
}
