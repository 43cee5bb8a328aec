import Text

extension Setting {
    /// A text that names other keys.
    package struct Reference: Sendable, Equatable {
        package indirect enum Part: Sendable, Equatable {
            case text(String)
            /// The value of the key whose way this is: `${models.${model}}` has one within its way.
            case key(Reference)
        }

        package fileprivate(set) var parts: [Part] = []

        package var hasKeys: Bool { parts.contains { if case .key = $0 { true } else { false } } }

        /// The texts of one that names no key.
        var text: String {
            parts.map { if case .text(let text) = $0 { text } else { "" } }.joined()
        }

        fileprivate mutating func append(_ text: String) {
            if case .text(let last)? = parts.last {
                parts[parts.count - 1] = .text(last + text)
            } else {
                parts.append(.text(text))
            }
        }
    }
}

/// Reads `${env:NAME}`, whose values it puts in, and `${name.of.a.key}`.
struct ReferenceParser {
    private var rest: Substring
    private let origin: Setting.Origin
    private let namesKeys: Bool
    private let lookUp: (String) -> String?

    init(
        _ text: String, _ origin: Setting.Origin, namesKeys: Bool, _ lookUp: @escaping (String) -> String?
    ) {
        rest = text[...]
        self.origin = origin
        self.namesKeys = namesKeys
        self.lookUp = lookUp
    }

    mutating func whole() throws(SettingError) -> Setting.Reference { try read(isInside: false, depth: 0) }

    /// Text up to the end, or to the `}` that ends the reference around it.
    private mutating func read(isInside: Bool, depth: Int) throws(SettingError) -> Setting.Reference {
        guard depth <= 20 else { throw SettingError("'${' nested more than 20 levels", at: origin) }
        var found = Setting.Reference()
        while !rest.isEmpty {
            if let behind = rest.after("$${") {
                found.append("${")
                rest = behind
            } else if let behind = rest.after("${env:") {
                rest = behind
                let inner = try inside("${env:", depth)
                if inner.hasKeys {
                    throw SettingError(
                        "'${env:': the name of a variable cannot be another key's value", at: origin)
                }
                found.append(try variable(inner.text))
            } else if let behind = rest.after("${") {
                guard namesKeys else { throw unknown() }
                rest = behind
                let inner = try inside("${", depth)
                if !inner.hasKeys { try check(inner.text) }
                found.parts.append(.key(inner))
            } else if isInside, rest.hasPrefix("}") {
                return found
            } else {
                let plain = rest.prefix(ofBytes: { $0 != UInt8(ascii: "$") && $0 != UInt8(ascii: "}") })
                let text = plain.isEmpty ? rest.prefix(bytes: 1) : plain
                found.append(String(text))
                rest = rest[text.endIndex...]
            }
        }
        return found
    }

    private mutating func inside(_ start: String, _ depth: Int) throws(SettingError) -> Setting.Reference {
        let inner = try read(isInside: true, depth: depth + 1)
        guard let after = rest.after("}") else { throw SettingError("'\(start)' without '}'", at: origin) }
        rest = after
        return inner
    }

    /// What is no way to a key: forms of other tools too.
    private func check(_ way: String) throws(SettingError) {
        if let name = way.after("oc.env:") {
            let parts = name.split(separator: ",", maxSplits: 1)
            let form = parts.count == 2 ? "\(parts[0]):-\(parts[1])" : String(name)
            throw SettingError("nothing is known for '${\(way)}': write ${env:\(form)}", at: origin)
        }
        guard !way.isEmpty, !way.contains(":"), !way.contains(" "),
            SettingPath.steps(way)?.contains("") == false
        else { throw unknown("${\(way)}") }
    }

    private func unknown() -> SettingError {
        unknown(rest.prefix(ofBytes: { $0 != UInt8(ascii: "}") }) + "}")
    }

    private func unknown(_ text: String) -> SettingError {
        let key = namesKeys ? ", ${model.hidden} the value of another key" : ""
        return SettingError(
            "nothing is known for '\(text)': ${env:NAME} is a variable of the environment\(key), and $${ the text '${'",
            at: origin)
    }

    /// `NAME`, `NAME:default` or `NAME:-default`.
    private func variable(_ inside: String) throws(SettingError) -> String {
        var (name, fallback) = (inside, String?.none)
        if let (before, after) = inside.cut(at: ":") {
            (name, fallback) = (String(before), String(after.after("-") ?? after))
        }
        guard let value = lookUp(name) ?? fallback else {
            throw SettingError(
                "the environment has no variable '\(name)' (give a default with ${env:\(name):-value})",
                at: origin)
        }
        return value
    }
}
