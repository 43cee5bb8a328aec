package import Model
import Text

extension Setting {
    /// This with another laid over it: maps are merged key by key, anything else is replaced; so is a map by
    /// one that says so.
    package func merged(with other: Setting) -> Setting {
        guard !other.replacesMap, case .map(var mine) = content, case .map(let theirs) = other.content else {
            return other
        }
        for field in theirs {
            if let index = mine.firstIndex(where: { $0.key == field.key }) {
                mine[index].value = mine[index].value.merged(with: field.value)
            } else {
                mine.append(field)
            }
        }
        return Setting(.map(mine), origin: origin)
    }

    /// Lays a value over what is at a `SettingPath`, making the maps on the way: `model.layers`,
    /// `list.0.name`.
    ///
    /// - Throws: a position outside a list, or a step into a value that has no parts.
    package mutating func set(_ path: String, to value: Setting) throws(SettingError) {
        guard let steps = SettingPath.steps(path) else {
            throw SettingError(
                "'\(path)': a quoted name ends with its quote, and a dot follows", at: value.origin)
        }
        try set(steps[...], to: value)
    }

    /// Lays what was only given in parts, by ways into it, over what the schema says without them.
    package func completed(by record: Record) throws(SettingError) -> Setting {
        guard case .map(var fields) = content else { return self }
        for index in fields.indices {
            guard let parameter = record.parameters.first(where: { $0.name == fields[index].key }) else {
                continue
            }
            let value = fields[index].value
            if case .record(let inner) = parameter.type {
                fields[index].value = try value.completed(by: inner)
            } else if value.isWay, let known = parameter.defaultValue {
                var whole = Setting(value: known, origin: .none)
                try whole.lay(parts: value)
                fields[index].value = whole
            }
        }
        var completed = self
        completed.content = .map(fields)
        return completed
    }

    private mutating func lay(parts: Setting, below way: [String] = []) throws(SettingError) {
        for field in parts.fields ?? [] {
            if field.value.isWay {
                try lay(parts: field.value, below: way + [field.key])
            } else {
                try set((way + [field.key])[...], to: field.value)
            }
        }
    }

    private mutating func set(_ steps: ArraySlice<String>, to value: Setting) throws(SettingError) {
        guard let step = steps.first else {
            self = merged(with: value)
            return
        }
        guard !step.isEmpty else { throw SettingError("an empty name in the path", at: value.origin) }
        // What was another key's value is a copy from now on.
        if reference != nil { (reference, referent, environmentText) = (nil, nil, nil) }
        switch content {
        case .list(var values):
            guard let position = Int(step), position >= 0, position < values.count else {
                throw SettingError(
                    "no position '\(step)' in a list of \(values.count), which are counted from 0",
                    at: value.origin)
            }
            try values[position].set(steps.dropFirst(), to: value)
            content = .list(values)
        case .map(var fields):
            if let index = fields.firstIndex(where: { $0.key == step }) {
                try fields[index].value.set(steps.dropFirst(), to: value)
            } else {
                var inner = Setting(.map([]), origin: value.origin)
                inner.isWay = steps.count > 1
                try inner.set(steps.dropFirst(), to: value)
                fields.append(.init(key: step, value: inner, place: value.origin))
            }
            content = .map(fields)
        case .null:
            content = .map([])
            origin = value.origin
            try set(steps, to: value)
        case .string(let text) where text.hasPrefix("${") && text.hasSuffix("}") && !isQuoted:
            let way = text.dropFirst(2).dropLast()
            throw SettingError(
                "'\(step)' is below \(text): set \(way).\(steps.joined(separator: "."))", at: value.origin)
        default: throw SettingError("'\(step)' is below a value that has no parts: \(told)", at: value.origin)
        }
    }
}
