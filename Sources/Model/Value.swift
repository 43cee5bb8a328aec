import Text

/// The value of a parameter.
///
/// Maps keep their entries in ascending order of their keys, so that two equal values are written alike; sets
/// and maps have no order of their own.
package enum Value {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    case list([Value])
    case set([Value])
    /// A map whose type says what its values are.
    case map([Entry])
    /// A map inside `any` or a union, where nothing but the bytes tells where it ends.
    case openMap([Entry])
    case path(String)
    /// A file with the SHA-256 of its content.
    case file(String, Identifier)
    case member(Enumeration, Int)
    case object(ConfigObject)

    /// One pair of a map.
    package struct Entry {
        package var key: Value
        package var value: Value

        package init(key: Value, value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// The value in the words of an error message: `string "fast"`, `int 3`, `table`.
    package var told: String {
        switch self {
        case .null: "nil"
        case .bool(let value): "bool \(value)"
        case .int(let value): "int \(value)"
        case .float(let value): "float \(NumberText.lua(value))"
        case .string(let value): "string \"\(value.count > 60 ? String(value.prefix(57)) + "..." : value)\""
        case .list(let values): values.isEmpty ? "an empty table" : "a list of \(values.count)"
        case .set(let values): "a set of \(values.count)"
        case .map(let entries), .openMap(let entries):
            entries.isEmpty ? "an empty table" : "a map of \(entries.count)"
        case .path(let path), .file(let path, _): "path \"\(path)\""
        case .member(let enumeration, let index): "\(enumeration.title) \(enumeration.members[index])"
        case .object(let object): "a \(object.type.id)"
        }
    }
}

extension Value {
    /// Whether it is an object, or has one in it.
    package var holdsObjects: Bool {
        switch self {
        case .object: true
        case .list(let values), .set(let values): values.contains { $0.holdsObjects }
        case .map(let entries), .openMap(let entries): entries.contains { $0.value.holdsObjects }
        default: false
        }
    }
}

extension Value: Equatable {
    /// Equality as Lua and Python see it: `1 == 1.0`; objects are equal when they are the same object.
    package static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.float(let a), .float(let b)): a == b
        case (.int(let a), .float(let b)), (.float(let b), .int(let a)): Double(a) == b
        case (.string(let a), .string(let b)), (.path(let a), .path(let b)): a.utf8.elementsEqual(b.utf8)
        case (.file(_, let a), .file(_, let b)): a == b
        case (.list(let a), .list(let b)), (.set(let a), .set(let b)): a == b
        case (.map(let a), .map(let b)), (.openMap(let a), .openMap(let b)):
            a.elementsEqual(b) { $0.key == $1.key && $0.value == $1.value }
        case (.member(let a, let i), .member(let b, let j)): a === b && i == j
        case (.object(let a), .object(let b)): a === b
        default: false
        }
    }
}

/// The names of a closed set of values.
package final class Enumeration {
    /// `module.Type` where the identity names the type (as Python's enums do), else nil: then it is a string
    /// with choices.
    package let id: String?
    package let members: [String]
    /// The Python class of the id: what is before and after its `:`, or else its last dot.
    package let module: String
    package let name: String

    package init(id: String?, members: [String]) {
        self.id = id?.replacing(":", with: ".")
        self.members = members
        let parts = id.flatMap { $0.cut(at: ":") ?? $0.cut(atLast: ".") }
        module = parts.map { String($0.before) } ?? ""
        name = parts.map { String($0.after) } ?? id ?? ""
    }

    package var title: String { id ?? "enum" }
}
