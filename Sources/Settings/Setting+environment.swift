package import Model
import System
import Text

/// `${env:NAME}` in the texts of settings.
extension Setting {
    /// This with every `${env:NAME}` in a text replaced by the variable's value, the inner ones first:
    /// `${env:PORT_${env:USER}}`.
    ///
    /// A word without quotes is then read as if it had been written so: `${env:LR:-1e-3}` is a number. `$${`
    /// is the text `${`.
    ///
    /// - Parameter read: reads a value in brackets, `[1, 2]`; nil for what is none.
    /// - Throws: a variable that is not set, unless a default is given (`${env:NAME:-default}`), and any
    ///   other `${`.
    package func resolvingEnvironment(
        _ lookUp: (String) -> String? = { Environment[$0] }, read: (String) -> Content? = { _ in nil }
    ) throws(SettingError) -> Setting {
        var resolved = self
        switch content {
        case .string(let text) where text.contains("${"):
            let whole = try Self.resolve(text, origin, lookUp)
            if isQuoted {
                resolved.content = .string(whole)
            } else if let content = read(whole) {
                resolved.content = content
            } else {
                resolved.content = try Setting.Content(plain: whole, at: origin)
            }
            resolved.environmentText = whole
        case .list(let values):
            var all: [Setting] = []
            for value in values { all.append(try value.resolvingEnvironment(lookUp, read: read)) }
            resolved.content = .list(all)
        case .map(let fields):
            var all: [Field] = []
            for var field in fields {
                field.value = try field.value.resolvingEnvironment(lookUp, read: read)
                all.append(field)
            }
            resolved.content = .map(all)
        default: break
        }
        return resolved
    }

    private static func resolve(
        _ text: String, _ origin: Origin, _ lookUp: (String) -> String?
    ) throws(SettingError) -> String {
        var rest = text[...]
        return try resolve(&rest, inside: false, origin, lookUp, depth: 0)
    }

    /// Text up to the end, or to the `}` that ends the reference around it.
    private static func resolve(
        _ rest: inout Substring, inside: Bool, _ origin: Origin, _ lookUp: (String) -> String?, depth: Int
    ) throws(SettingError) -> String {
        var out = ""
        while !rest.isEmpty {
            if let behind = rest.after("$${") {
                out += "${"
                rest = behind
            } else if let behind = rest.after("${env:") {
                guard depth < 20 else {
                    throw SettingError("'${env:' nested more than 20 levels", at: origin)
                }
                rest = behind
                let inner = try resolve(&rest, inside: true, origin, lookUp, depth: depth + 1)
                guard let after = rest.after("}") else {
                    throw SettingError("'${env:' without '}'", at: origin)
                }
                rest = after
                out += try value(of: inner, origin, lookUp)
            } else if rest.hasPrefix("${") {
                let name = rest.prefix(ofBytes: { $0 != UInt8(ascii: "}") })
                throw SettingError(
                    "nothing is known for '\(name)}': ${env:NAME} is a variable of the environment, and $${ the text '${'",
                    at: origin)
            } else if inside, rest.hasPrefix("}") {
                return out
            } else {
                let first = rest.removeFirst()
                out.append(first)
            }
        }
        return out
    }

    private static func value(
        of inside: String, _ origin: Origin, _ lookUp: (String) -> String?
    ) throws(SettingError) -> String {
        let (name, fallback) =
            inside.firstRange(of: ":-").map {
                (String(inside[..<$0.lowerBound]), String(inside[$0.upperBound...]))
            } ?? (inside, nil)
        guard let value = lookUp(name) ?? fallback else {
            throw SettingError(
                "the environment has no variable '\(name)' (give a default with ${env:\(name):-value})",
                at: origin)
        }
        return value
    }

    /// This for a parameter of a type: where that wants a text, what came from the environment is one,
    /// whatever it looks like.
    package func fitted(to type: ParameterType) -> Setting {
        var fitted = self
        switch (type, content) {
        case (.optional(let wrapped), _) where content != .null: return self.fitted(to: wrapped)
        case (.constrained(let wrapped, _), _): return self.fitted(to: wrapped)
        case (.string, .int), (.string, .float), (.string, .bool), (.path, .int), (.enumeration, .int),
            (.string, .list), (.string, .map), (.path, .list), (.path, .map):
            if let environmentText { fitted.content = .string(environmentText) }
        case (.list(let element), .list(let values)), (.set(let element), .list(let values)):
            fitted.content = .list(values.map { $0.fitted(to: element) })
        case (.map(_, let element), .map(let fields)):
            fitted.content = .map(
                fields.map { .init(key: $0.key, value: $0.value.fitted(to: element), place: $0.place) })
        case (.record(let record), .map(let fields)):
            fitted.content = .map(
                fields.map { field in
                    let type = record.parameters.first { $0.name == field.key }?.type
                    return .init(
                        key: field.key, value: type.map(field.value.fitted) ?? field.value, place: field.place
                    )
                })
        default: break
        }
        return fitted
    }
}
