import Text

extension Setting {
    /// This with another laid over it: maps are merged key by key, anything else is replaced.
    package func merged(with other: Setting) -> Setting {
        guard case .map(var mine) = content, case .map(let theirs) = other.content else { return other }
        for field in theirs {
            if let index = mine.firstIndex(where: { $0.key == field.key }) {
                mine[index].value = mine[index].value.merged(with: field.value)
            } else {
                mine.append(field)
            }
        }
        return Setting(.map(mine), origin: origin)
    }

    /// Sets the value at a dotted path, making the maps on the way: `model.layers`, `list.0.name`.
    ///
    /// - Throws: a position outside a list, or a step into a value that has no parts.
    package mutating func set(_ path: String, to value: Setting) throws(SettingError) {
        try set(
            path.split(separator: ".", omittingEmptySubsequences: false)[...].map(String.init)[...], to: value
        )
    }

    private mutating func set(_ steps: ArraySlice<String>, to value: Setting) throws(SettingError) {
        guard let step = steps.first else {
            self = value
            return
        }
        guard !step.isEmpty else { throw SettingError("an empty name in the path", at: value.origin) }
        switch content {
        case .list(var values):
            guard let position = Int(step), position >= 0, position < values.count else {
                throw SettingError("no position '\(step)' in a list of \(values.count)", at: value.origin)
            }
            try values[position].set(steps.dropFirst(), to: value)
            content = .list(values)
        case .map(var fields):
            if let index = fields.firstIndex(where: { $0.key == step }) {
                try fields[index].value.set(steps.dropFirst(), to: value)
            } else {
                var inner = Setting(.map([]), origin: value.origin)
                try inner.set(steps.dropFirst(), to: value)
                fields.append(.init(key: step, value: inner))
            }
            content = .map(fields)
        case .null:
            content = .map([])
            origin = value.origin
            try set(steps, to: value)
        default: throw SettingError("'\(step)' is below a value that has no parts: \(told)", at: value.origin)
        }
    }

    /// This with every `${env:NAME}` in a string replaced by the variable's value.
    ///
    /// - Throws: a variable that is not set, unless a default is given: `${env:NAME:-default}`.
    package func resolvingEnvironment(
        _ lookUp: (String) -> String? = { Environment[$0] }
    ) throws(SettingError) -> Setting {
        switch content {
        case .string(let text) where text.contains("${env:"):
            return Setting(.string(try Self.resolve(text, origin, lookUp)), origin: origin)
        case .list(let values):
            var resolved: [Setting] = []
            for value in values { resolved.append(try value.resolvingEnvironment(lookUp)) }
            return Setting(.list(resolved), origin: origin)
        case .map(let fields):
            var resolved: [Field] = []
            for field in fields {
                resolved.append(.init(key: field.key, value: try field.value.resolvingEnvironment(lookUp)))
            }
            return Setting(.map(resolved), origin: origin)
        default: return self
        }
    }

    private static func resolve(
        _ text: String, _ origin: Origin, _ lookUp: (String) -> String?
    ) throws(SettingError) -> String {
        var out = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${env:") {
            out += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            guard let end = rest.firstIndex(of: "}") else {
                throw SettingError("'${env:' without '}'", at: origin)
            }
            let inside = rest[..<end]
            rest = rest[rest.index(after: end)...]
            let parts = inside.firstRange(of: ":-").map {
                (inside[..<$0.lowerBound], inside[$0.upperBound...])
            }
            let name = String(parts?.0 ?? inside)
            guard let value = lookUp(name) ?? parts.map({ String($0.1) }) else {
                throw SettingError(
                    "the environment has no variable '\(name)' (give a default with ${env:\(name):-value})",
                    at: origin)
            }
            out += value
        }
        return out + rest
    }
}
