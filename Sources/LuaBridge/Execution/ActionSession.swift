import Model
package import Store
import Text

/// A question of an action.
package struct ActionQuestion: Sendable {
    package enum Kind: String, Sendable { case text, choice, checkbox }

    package let kind: Kind
    /// By which an answer is given beforehand.
    package let key: String
    package let label: String
    package let choices: [String]
    /// The answer of somebody who says nothing; nil where there has to be one.
    package let defaultAnswer: String?
}

extension TaskSession {
    /// Runs an action of a run.
    ///
    /// - Parameters:
    ///   - answer: answers a question; what it throws ends the action.
    /// - Throws: an error of the action, or of what it is loaded from.
    package func run(
        _ action: RunAction, in run: String, workspace: Workspace,
        answer: @escaping (ActionQuestion) throws -> String
    ) throws {
        module.workspaceFolder = { workspace.path }
        // On its way through Lua an error becomes a text.
        var refusal: (any Error)?
        module.add("answer") { [unowned self] stack in
            let question = try Self.question(stack)
            let given: String
            do { given = try answer(question) } catch {
                refusal = error
                throw ScriptError("no answer to '\(question.key)'")
            }
            try push(given, of: question.kind.rawValue, stack)
            return 1
        }
        let id = try load(script: action.script[...])
        let folder = RunAction.folder(action.name, in: run)
        let saved = try SavedObject.load(folder, workspace: workspace.path) { [module] in
            module.type(named: $0)
        }
        guard case .object(let object) = saved else {
            throw ScriptError("\(id): what was saved is no action")
        }
        let stack = lua.stack
        guard object.type.id == id, module.pushField("execute", of: object.type, stack) else {
            throw ScriptError("\(id) has no execute")
        }
        module.push(object, stack)
        module.pushHostField("make_ask", stack)
        try stack.call(arguments: 0, results: 1)
        do { try stack.call(arguments: 2, results: 0) } catch { throw refusal ?? error }
    }

    /// `answer(kind, key, label, default, choices)`
    private static func question(_ stack: LuaStack) throws -> ActionQuestion {
        guard let kind = stack.string(1).flatMap(ActionQuestion.Kind.init(rawValue:)),
            let key = stack.string(2),
            !key.isEmpty, let label = stack.string(3)
        else { throw ScriptError("a question needs a key and a text: ask:text(\"name\", \"Which name?\")") }
        var choices: [String] = []
        if kind == .choice {
            guard case .list(let values) = try stack.value(5), !values.isEmpty else {
                throw ScriptError("ask:choice(key, text, choices): choices is a list of texts")
            }
            choices = values.map(\.plainText)
        }
        let given = try stack.isAbsent(4) ? nil : stack.value(4).plainText
        if kind == .choice, let given, !choices.contains(given) {
            throw ScriptError("ask:choice: the default '\(given)' is none of the choices")
        }
        return ActionQuestion(kind: kind, key: key, label: label, choices: choices, defaultAnswer: given)
    }

    private func push(_ answer: String, of kind: String, _ stack: LuaStack) throws {
        guard kind == ActionQuestion.Kind.checkbox.rawValue else { return stack.push(answer) }
        stack.push(answer == "true")
    }
}
