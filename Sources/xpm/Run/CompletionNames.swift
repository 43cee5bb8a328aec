import ArgumentParser
import Engine
import Inventory
import LuaBridge
import Store
import System
import Text

/// The names that a shell offers. None where a workspace cannot be read: who types is not told of errors.
enum CompletionNames {
    static func of(_ names: Completion.Names, in words: [String]) -> [String] {
        switch names {
        case .experiments: workspace(words).map { WorkspaceInventory($0).experiments } ?? []
        case .workspaces: (try? ExperimentFiles.namedWorkspaces().map(\.id)) ?? []
        case .launchers:
            TextSet(((try? LauncherFile.ofUser())?.all.map(\.name) ?? []) + [LauncherDefinition.direct.name])
                .ordered
        case .jobs: workspace(words).map(jobs) ?? []
        case .metrics: TextSet(points(words).flatMap { $0.metrics.map(\.name) }).ordered
        case .parameters: ResultTable.names(of: points(words)).ordered
        }
    }

    /// The types of the last jobs, and these as `type/identifier`.
    private static func jobs(of place: Workspace) -> [String] {
        let recent = WorkspaceInventory(place).jobs(count: mostJobs)
        return TextSet(recent.map(\.task)).ordered + recent.map { "\($0.task)/\($0.identifier.prefix(8))" }
    }

    /// So many jobs are offered, and looked at for names.
    private static let mostJobs = 50

    /// The workspace that the words name, or the usual one.
    private static func workspace(_ words: [String]) -> Workspace? {
        func value(_ option: String) -> String? {
            if let place = words.firstIndex(of: option), words.indices.contains(place + 1) {
                return words[place + 1]
            }
            return words.lazy.compactMap { $0.after("\(option)=").map(String.init) }.first { _ in true }
        }
        var arguments: [String] = []
        for option in ["--workdir", "--workspace"] {
            if let value = value(option) { arguments += [option, value] }
        }
        guard let options = try? WorkspaceOptions.parse(arguments) else { return nil }
        return try? ExperimentFiles.existingWorkspace(options)
    }

    private static func points(_ words: [String]) -> [ResultPoint] {
        guard let place = workspace(words) else { return [] }
        let inventory = WorkspaceInventory(place)
        let known = TextSet(inventory.experiments)
        guard let experiment = words.first(where: known.contains) else { return [] }
        return inventory.jobs(of: experiment, count: mostJobs).map { job in
            var job = job
            job.readState()
            return ResultPoint(job)
        }
    }
}
