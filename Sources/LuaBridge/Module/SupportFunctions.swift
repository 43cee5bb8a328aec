import Model
import Settings
import Text

/// Small functions for `xpm.lua`: errors at the user's line.
extension XpmModule {
    /// What types are called in other languages.
    private static let typesElsewhere = [
        "integer": "int", "number": "float", "double": "float", "str": "string", "boolean": "bool",
        "dict": "map", "array": "list", "table": "map",
    ]

    func addSupportFunctions() {
        add("fail") { stack in throw ScriptError(stack.string(1) ?? "") }
        addNumberFunctions()
        // unknown(owner, key, table of known names)
        add("unknown") { stack in
            let key = stack.description(2)
            var known: [String] = []
            if stack.kind(3) == .table {
                stack.forEachPair(of: 3) { if let name = stack.string(-2) { known.append(name) } }
            }
            let usual = stack.string(1) == "xpm" ? Self.typesElsewhere[key] : nil
            let hint =
                usual.map { " (did you mean '\($0)'?)" }
                ?? Suggestion.hint(for: key, among: known.sorted(by: ByteOrder.less))
            throw ScriptError(
                "\(stack.string(1) ?? "") has no '\(key)'" + hint)
        }
        // The names of a schema that may be absent: asking for them is no mistake.
        add("optional_keys") { stack in
            stack.pushTable()
            guard case .record(let record)? = stack.object(1, .parameterSpec)?.parameter.type else {
                return 1
            }
            for path in record.paths(from: "cfg") {
                stack.push(true)
                stack.set(path, in: -2)
            }
            for key in ExperimentSettings.keys {
                stack.push(true)
                stack.set("cfg.\(key)", in: -2)
            }
            return 1
        }
    }
}

extension Record {
    /// Every field, with its way.
    fileprivate func paths(from prefix: String) -> [String] {
        parameters.flatMap { parameter -> [String] in
            let path = "\(prefix).\(parameter.name)"
            if case .record(let inner) = parameter.type { return [path] + inner.paths(from: path) }
            return [path]
        }
    }
}
