import Engine
import Inventory
import Model
import Store
import System
import Text

/// Tells of cached jobs what a reader of their results should know: that what they are made from was made
/// again since, or that the code is another; and of code that nobody watches.
struct CachedWatch {
    private var stale: [Experiment.PlannedJob] = []
    private var cached: [JobSpec] = []

    /// Of more cached jobs some are looked at, at equal distances.
    private static let most = 32

    mutating func look(at planned: Experiment.PlannedJob) {
        guard planned.state == .done || !planned.newer.isEmpty else { return }
        if !planned.newer.isEmpty { stale.append(planned) }
        if planned.state == .done { cached.append(planned.job.spec) }
    }

    /// - Parameters:
    ///   - sources: the files of the plan.
    ///   - refreshes: whether the run has made anew what was older.
    func tell(_ sources: SourceTree, refreshes: Bool, _ warn: (String) -> Void) {
        if !refreshes, let first = stale.first {
            let one = stale.count == 1
            let spec = first.job.spec
            warn(
                "\(stale.count) cached result\(one ? " is" : "s are") older than what \(one ? "it is" : "they are") made from (\(spec.taskID) \(spec.identifier.short)\(one ? "" : ", …")): xpm why tells why, --refresh runs \(one ? "it" : "them") again"
            )
        }
        for finding in ImportScan.findings(in: sources).prefix(5) {
            let (importer, path) = (Paths.shown(finding.importer), Paths.shown(finding.path))
            warn(
                "\(importer) loads \(path), which is not kept: a job may run another than it was submitted with, unseen; name it in sources"
            )
        }
        let changed = changed(sources)
        if !changed.isEmpty {
            let names = changed.prefix(3).joined(separator: ", ") + (changed.count > 3 ? ", …" : "")
            warn(
                "\(cached.count) cached; \(names) \(changed.count == 1 ? "has" : "have") changed since: xpm why tells more"
            )
        }
    }

    /// The files that are others than when cached jobs ran.
    private func changed(_ sources: SourceTree) -> [String] {
        if cached.isEmpty { return [] }
        var found: TextSet = []
        var seen: TextMap<[String]> = [:]
        let step = (cached.count + Self.most - 1) / Self.most
        for place in stride(from: 0, to: cached.count, by: step) {
            guard let origin = JobOrigin(cached[place].folder) else { continue }
            let files = seen[origin.run] ?? origin.changedFiles(of: sources)
            seen[origin.run] = files
            // The plan's own files are the code of a Lua task, and of no other.
            let isLua = cached[place].language == .lua
            found.formUnion(TextSet(files.filter { $0.hasSuffix(".lua") == isLua }))
        }
        return found.ordered
    }
}
