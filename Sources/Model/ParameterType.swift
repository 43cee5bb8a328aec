import Text

/// What a parameter may be.
package indirect enum ParameterType {
    case int, float, bool, string, any
    /// A path that the user gives: not part of the identity.
    case path
    /// A file or folder that `xpm.save` copies along: not part of the identity.
    case dataPath
    /// A file whose content is its identity.
    case file(FileReader)
    case list(ParameterType)
    case set(ParameterType)
    case map(ParameterType, ParameterType)
    case optional(ParameterType)
    case union([ParameterType])
    case enumeration(Enumeration)
    case config(ConfigReference)
    /// A type with limits of its own, inside a list, a map or another type.
    case constrained(ParameterType, Constraint)
    /// A nested table of an experiment's configuration: a name, a parameter.
    case record(Record)

    /// The type as users write it.
    package var title: String { text(withLimits: false) }

    /// The same, with the limits that types within it have: `list(int, 1 to 3)`.
    package var titleWithLimits: String { text(withLimits: true) }

    private func text(withLimits: Bool) -> String {
        func text(_ type: ParameterType) -> String { type.text(withLimits: withLimits) }
        return switch self {
        case .int: "int"
        case .float: "float"
        case .bool: "bool"
        case .string: "string"
        case .any: "any"
        case .path: "path"
        case .dataPath: "data_path"
        case .file: "file"
        case .constrained(let type, let limits):
            text(type) + (withLimits ? limits.told.map { ", \($0)" } ?? "" : "")
        case .list(let element): "list(\(text(element)))"
        case .set(let element): "set(\(text(element)))"
        case .map(let key, let value): "map(\(text(key)), \(text(value)))"
        case .optional(let wrapped): "optional(\(text(wrapped)))"
        case .union(let types): "union(\(types.map(text).joined(separator: ", ")))"
        case .enumeration(let enumeration):
            "one of " + enumeration.members.map { "\"\($0)\"" }.joined(separator: ", ")
        case .config(let reference): reference.id
        case .record: "table"
        }
    }

    /// Whether its values are paths and nothing else: then they are not part of the identity.
    package var isOfPaths: Bool {
        switch self {
        case .path, .dataPath: true
        case .optional(let inner), .list(let inner), .set(let inner), .map(_, let inner),
            .constrained(let inner, _):
            inner.isOfPaths
        default: false
        }
    }

    /// Whether null is one of its values.
    package var isOptional: Bool {
        switch self {
        case .optional, .any: true
        case .union(let types): types.contains { $0.isOptional }
        case .constrained(let type, _): type.isOptional
        default: false
        }
    }
}

/// A config type by its id; resolved when the first value comes, so that types may refer to later ones.
package final class ConfigReference {
    package let id: String
    /// The type, once it is known.
    package var type: ConfigType?

    package init(id: String) { self.id = id }

    package init(_ type: ConfigType) {
        id = type.id
        self.type = type
    }
}

/// The fields of a nested table of a configuration, in ascending order of their names.
package final class Record {
    package let parameters: [Parameter]

    package init(_ parameters: [Parameter]) {
        self.parameters = parameters.sorted { ByteOrder.less($0.name, $1.name) }
    }
}

/// Reads the files of parameters: gives their absolute paths and the SHA-256 of their content.
package struct FileReader {
    package let read: (_ path: String) throws(ValueError) -> (path: String, digest: Identifier)

    package init(read: @escaping (_ path: String) throws(ValueError) -> (path: String, digest: Identifier)) {
        self.read = read
    }
}
