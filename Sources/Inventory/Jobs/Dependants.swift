package import Store
import Text

/// Jobs that are done and were made from others.
package enum Dependants {
    /// Those that need one of some jobs, and are not among these themselves.
    package static func done(of jobs: [JobRecord], in workspace: Workspace) -> [JobRecord] {
        let given = TextSet(jobs.map(\.identifier))
        return WorkspaceInventory(workspace).jobs(everyRun: true).filter { job in
            guard !given.contains(job.identifier),
                job.dependencies.contains(where: { given.contains($0) })
            else { return false }
            return job.folder.isDone
        }
    }

    /// A sentence on them for who is about to make the others anew; nil where there are none.
    package static func note(_ jobs: [JobRecord]) -> String? {
        if jobs.isEmpty { return nil }
        let one = jobs.count == 1
        let names = jobs.prefix(3).map { "\($0.task) \($0.identifier.prefix(8))" }.joined(separator: ", ")
        return
            "\(jobs.count) finished job\(one ? " is" : "s are") made from these and stay\(one ? "s" : "") as \(one ? "it is" : "they are"): \(names)\(jobs.count > 3 ? ", …" : ""); xpm run --refresh runs \(one ? "it" : "them") again"
    }
}
