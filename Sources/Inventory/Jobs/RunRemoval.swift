import Glibc
package import Settings
package import Store
package import System
import Text

/// Removes runs of an experiment; their jobs stay, and so does the code that jobs were submitted with.
package struct RunRemoval {
    private let experiment: String
    private let workspace: Workspace

    package init(of experiment: String, in workspace: Workspace) {
        self.experiment = experiment
        self.workspace = workspace
    }

    /// Does something while no run of the experiment can begin.
    ///
    /// - Returns: false if one is alive.
    package func whileIdle(_ body: () throws(SystemError) -> Void) throws(SystemError) -> Bool {
        let folder = workspace.experiment(experiment)
        guard Files.isFolder(folder, below: workspace.path) else {
            throw SystemError("remove runs in", folder, code: ELOOP)
        }
        return try HolderLock.holding(workspace.lock(ofExperiment: experiment), body) != nil
    }

    /// The services of a run that live on without it: they could not be stopped any more.
    package static func livingServices(of run: RunRecord) -> [String] {
        ServiceFolder.all(in: run.path).filter { ServiceRecord.read($0)?.actualState.isUp ?? false }.map(\.id)
    }

    /// Removes a run. What is left of it where this is killed is no run any more: its log of jobs goes first,
    /// but for its status, without which nobody misses that log (`GarbageCollection`).
    package func remove(_ run: RunRecord) throws(SystemError) {
        for name in ["status.json", "jobs.jsonl"] {
            try Files.removeTree("\(run.path)/\(name)", below: workspace.path)
        }
        try Files.removeTree(run.path, below: workspace.path)
    }

    /// What xpm has in an experiment's folder besides its runs.
    private static let own = [
        "current", "detached.log", "planning", "planning.claim", "lock", "lock.claim",
    ]

    /// After the removal of all runs the folder goes too; else the link to the newest run follows.
    package func tidy() throws(SystemError) {
        let folder = workspace.experiment(experiment)
        guard let newest = RunHistory(experiment: experiment, in: workspace).newest else {
            for name in Self.own { try Files.removeTree("\(folder)/\(name)", below: workspace.path) }
            return try Files.removeEmptyFolder(folder)
        }
        if Files.exists("\(folder)/current") { return }
        try Files.link("\(folder)/current", to: newest)
    }

    /// The runs beyond what is to be kept, and those that failed before one that is done. `newest` counts, and stays.
    package func surplus(_ limits: HistoryLimits, newest: String) -> [RunRecord] {
        guard limits != HistoryLimits() else { return [] }
        let runs = RunRecord.all(of: experiment, in: workspace)
        func beyond(_ states: [String], _ most: Int?) -> [RunRecord] {
            guard let most else { return [] }
            let fitting = runs.filter { states.contains($0.state) }
            return Array(fitting.dropLast(most))
        }
        // As experimaestro does: what failed before a success is over.
        let success = runs.lastIndex { $0.state == "done" } ?? 0
        let overcome = runs[..<success].filter { ["failed", "interrupted"].contains($0.state) }
        let surplus =
            beyond(["done"], limits.mostDone) + beyond(["generated"], limits.mostDone)
            + beyond(["failed", "interrupted"], limits.mostFailed) + overcome
        var seen: TextSet = []
        return surplus.filter { seen.insert($0.run).inserted }.filter {
            $0.run != newest && Self.livingServices(of: $0).isEmpty
        }
    }
}
