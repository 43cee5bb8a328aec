import Engine
import Store
import System
import Text

/// `xp:save(object, name)` and `xp:load(experiment, name)`: objects that outlive their run.
extension PlanSession {
    func addDataFunctions() {
        module.add("xp_save") { [unowned self] stack in
            let value = try XpmModule.saved(stack, 1, "xp:save")
            let name = try Self.name(stack, 2, "xp:save(object, name)")
            guard let experiment else { throw ScriptError("xp:save works inside run") }
            // A dry run writes nothing.
            if let run = experiment.run { try module.save(value, in: run.data(name), stack) }
            return 0
        }
        module.add("xp_load") { [unowned self] stack in
            let other = try Self.name(stack, 1, "xp:load(experiment, name)")
            let name = try Self.name(stack, 2, "xp:load(experiment, name)")
            guard let experiment else { throw ScriptError("xp:load works inside run") }
            let runs = RunHistory(experiment: other, in: experiment.workspace)
            guard let run = runs.newest(with: "data/\(name)") else {
                let why =
                    runs.names.isEmpty ? "there is no experiment '\(other)'" : "no run of '\(other)' saved it"
                throw ScriptError("xp:load: '\(name)': \(why) in \(Paths.shown(experiment.workspace.path))")
            }
            try module.pushLoaded("\(run)/data/\(name)", stack)
            return 1
        }
    }

    /// A name that is a folder's; without one the name that experimaestro gives.
    private static func name(_ stack: LuaStack, _ index: Int32, _ usage: String) throws -> String {
        if index == 2, stack.isAbsent(index) { return "default" }
        guard let name = stack.string(index), !name.isEmpty, !name.hasPrefix("."), !name.contains("/") else {
            throw ScriptError("\(usage): a name is a string without '/', not beginning with '.'")
        }
        return name
    }
}
