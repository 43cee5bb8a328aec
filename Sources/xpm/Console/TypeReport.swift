import LuaBridge
import Model
import Text

/// Config types as people read them.
struct TypeReport {
    let style: Style

    /// A line each.
    func list(_ types: [ConfigType]) -> String {
        let width = types.map(\.id.count).max() ?? 0
        return types.map { type in
            let name = style.bold(type.id).padded(to: width)
            return "\(name)  \(word(type))\(type.help.map { "  \($0)" } ?? "")\n"
        }.joined()
    }

    /// Everything about one.
    func whole(_ type: ConfigType) -> String {
        var lines = ["\(style.bold(type.id))  \(word(type)), defined at \(type.definedAt)"]
        if let help = type.help { lines.append("    \(help)") }
        if let base = type.base { lines.append("    extends \(base.id)") }
        if let python = type.python { lines.append("    Python class \(python.path)") }
        var rows = type.parameters.map { ($0.name, Self.kind(of: $0), Self.remarks(of: $0)) }
        rows += type.formerNames.map { rename in
            if case .parameter(let now) = rename.way { return (rename.former, "renamed", "now \(now)") }
            return (rename.former, "renamed", "a function says what it means now")
        }
        let widths = (rows.map(\.0.count).max() ?? 0, rows.map(\.1.count).max() ?? 0)
        for (name, kind, remarks) in rows {
            let (left, middle) = (name.padded(to: widths.0), style.cyan(kind).padded(to: widths.1))
            lines.append("    \(left)  \(middle)  \(remarks)".trimmedRight)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func word(_ type: ConfigType) -> String {
        let kind =
            switch type.kind {
            case .resumable: "resumable task"
            case .lightweight: "lightweight task"
            case .instance: "instance config"
            case .prepare: "step that prepares"
            case .config, .task, .action: type.kind.rawValue
            }
        guard let deprecation = type.deprecation else { return kind }
        // What a function converts has no kind of its own.
        return deprecation.target.map { "deprecated \(kind), now \($0.id)" } ?? "deprecated"
    }

    private static func kind(of parameter: Parameter) -> String {
        if let path = parameter.jobPath { return path.isEmpty ? "a folder" : "path \"\(path)\"" }
        return (parameter.isConstant ? "constant " : "") + parameter.type.titleWithLimits
    }

    private static func remarks(of parameter: Parameter) -> String {
        var parts: [String] = []
        if let value = parameter.defaultValue {
            parts.append((parameter.isConstant ? "" : "default ") + shown(value))
        } else if parameter.makeDefault != nil {
            parts.append("default made by a function")
        } else if parameter.isRequired {
            parts.append("required")
        }
        if let told = parameter.constraint.told { parts.append(told) }
        if parameter.ignoresDefault { parts.append("not in the identity at its default") }
        if parameter.isMeta { parts.append("not in the identity") }
        if parameter.isTemporary { parts.append("temporary") }
        if let partial = parameter.partial { parts.append("shared folder '\(partial.name)'") }
        if !parameter.groups.isEmpty {
            parts.append("groups " + parameter.groups.ordered.joined(separator: ", "))
        }
        let remarks = parts.joined(separator: "; ")
        guard let help = parameter.help else { return remarks }
        return remarks.isEmpty ? help : "\(help) (\(remarks))"
    }

    private static func shown(_ value: Value) -> String {
        switch value {
        case .string(let text): JSON.string(text).text
        case .object(let object): "\(object.type.id) { \(object.summary) }"
        default: value.plainText
        }
    }

    func json(_ type: ConfigType) -> JSON {
        [
            "id": .string(type.id), "kind": .string(type.kind.rawValue), "help": .optional(type.help),
            "extends": .optional(type.base?.id), "python": .optional(type.python?.path),
            "defined_at": .string(type.definedAt), "deprecated": .bool(type.deprecation != nil),
            "parameters": .array(
                type.parameters.map { parameter in
                    [
                        "name": .string(parameter.name), "type": .string(Self.kind(of: parameter)),
                        "help": .optional(parameter.help),
                        "default": parameter.defaultValue.map(JSON.init(plain:)) ?? .null,
                        "required": .bool(parameter.isRequired), "meta": .bool(parameter.isMeta),
                        "constant": .bool(parameter.isConstant),
                        "ignore_default": .bool(parameter.ignoresDefault),
                        "groups": .array(parameter.groups.ordered.map(JSON.string)),
                        "limits": .optional(parameter.constraint.told),
                        "temporary": .bool(parameter.isTemporary),
                    ]
                }),
        ]
    }
}
