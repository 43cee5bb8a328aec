import Engine
import Model
import Store
import Text

/// `xp:add_action(action, name)`: what can be done later with what this run makes.
extension PlanSession {
    func addActionFunctions() {
        module.add("add_action") { [unowned self] stack in try addAction(stack) }
    }

    private func addAction(_ stack: LuaStack) throws -> Int {
        let action = try XpmModule.object(stack, 1, "xp:add_action")
        let type = action.type
        guard type.kind == .action else {
            throw ScriptError("xp:add_action: \(type.id) is no action: xpm.action { … } defines one")
        }
        let name = stack.isAbsent(2) ? type.shortName : stack.string(2) ?? ""
        guard Partial.isName(name) else {
            if let long = LongName.problem(name, "the name of an action") {
                throw ScriptError("xp:add_action: \(long)")
            }
            throw ScriptError("xp:add_action: a name has letters, digits, '_', '-' and '.'")
        }
        guard let experiment else { throw ScriptError("xp:add_action works inside run") }
        guard actions.insert(name).inserted else {
            throw ScriptError(
                "xp:add_action: there is an action '\(name)' already: give this one another name")
        }
        let run = experiment.run
        try module.save(.object(action), in: run.map { RunAction.folder(name, in: $0.path) } ?? "/", stack)
        guard let run else { return 0 }
        let script = "return {\n  task = \(LuaText.quote(type.id)),\n\(scriptFields())}\n"
        try RunAction(
            name: name, typeID: type.id, description: try description(of: action, stack), script: script
        ).write(in: run.path)
        return 0
    }

    /// What `describe` says, or the help of the type.
    private func description(of action: ConfigObject, _ stack: LuaStack) throws -> String {
        guard module.pushField("describe", of: action.type, stack) else { return action.type.help ?? "" }
        module.push(action, stack)
        try stack.call(arguments: 1, results: 1)
        defer { stack.pop() }
        return stack.description(-1)
    }
}
