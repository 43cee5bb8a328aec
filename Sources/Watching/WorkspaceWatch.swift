package import Inventory
package import Store
import System
package import Text

/// A workspace as it changes: its experiments with their newest runs, and the jobs of the run that somebody looks at.
///
/// It needs nothing of the runs: it reads what they write, of those that go on, that are over and that were killed.
/// Belongs to one thread.
package final class WorkspaceWatch {
    package let workspace: Workspace
    package private(set) var experiments: [Entry] = []
    /// The run whose jobs are followed.
    package private(set) var open: RunWatch?
    /// What `status.json` of each experiment's newest run was when it was read.
    private var stamps: TextMap<Stamp> = [:]
    private var nextList = 0.0

    /// An experiment with its newest run.
    package struct Entry: Sendable {
        package let name: String
        package let run: RunRecord
        package var isLive: Bool { run.state == "running" }

        /// For programs.
        package var json: JSON {
            guard case .object(let members) = run.json else { return .null }
            return .object([.init("event", "run")] + members)
        }
    }

    private struct Stamp: Equatable {
        let folder: Int64?
        let status: Int64?
        let isHeld: Bool
    }

    /// Seconds between two looks at which experiments there are.
    private static let listInterval = 1.0

    package init(_ workspace: Workspace) { self.workspace = workspace }

    /// Reads what is new.
    ///
    /// - Returns: whether anything is.
    package func refresh() -> Bool {
        var hasChanged = false
        if Monotonic.seconds >= nextList {
            nextList = Monotonic.seconds + Self.listInterval
            hasChanged = refreshExperiments()
        }
        if let open, open.refresh(isLive: isLive(open)) { hasChanged = true }
        return hasChanged
    }

    private func refreshExperiments() -> Bool {
        let names = ((try? Files.list("\(workspace.path)/experiments")) ?? []).sorted(by: ByteOrder.less)
        var found: [Entry] = []
        var hasChanged = false
        let known = TextMap(texts: experiments.map { ($0.name, $0) })
        for name in names {
            let folder = workspace.experiment(name)
            let stamp = Stamp(
                folder: Files.modified(folder), status: Files.modified("\(folder)/current/status.json"),
                isHeld: FileLock.isHeld(workspace.lock(ofExperiment: name)))
            if let entry = known[name], stamps[name] == stamp {
                found.append(entry)
                continue
            }
            stamps[name] = stamp
            hasChanged = true
            guard let run = RunRecord.newest(of: name, in: workspace) else { continue }
            found.append(Entry(name: name, run: run))
        }
        if found.count != experiments.count { hasChanged = true }
        // What goes on comes first, then what was there last.
        experiments = found.sorted { left, right in
            if left.isLive != right.isLive { return left.isLive }
            return left.run.seconds ?? 0 > right.run.seconds ?? 0
        }
        return hasChanged
    }

    private func isLive(_ watch: RunWatch) -> Bool {
        experiments.contains { $0.name == watch.experiment && $0.run.run == watch.run && $0.isLive }
    }

    /// The newest run of an experiment.
    package func entry(_ name: String) -> Entry? { experiments.first { $0.name == name } }

    /// Follows the jobs of an experiment's newest run.
    package func open(_ name: String) {
        guard let entry = entry(name) else { return }
        if let open, open.experiment == name, open.run == entry.run.run { return }
        open = RunWatch(experiment: name, run: entry.run.run, in: workspace)
        _ = refresh()
    }

    package func close() { open = nil }
}
