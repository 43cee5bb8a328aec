package import Model
import System
import Text

/// `${env:NAME}` in the texts of settings.
extension Setting {
    /// This with every `${env:NAME}` in a text replaced by the variable's value, the inner ones first:
    /// `${env:PORT_${env:USER}}`.
    ///
    /// A word without quotes is then read as if it had been written so: `${env:LR:1e-3}` is a number. `$${` is
    /// the text `${`.
    ///
    /// - Parameters:
    ///   - namesKeys: whether `${model.hidden}` names another key: what does so waits for
    ///     `resolvingReferences`.
    ///   - read: reads a value in brackets, `[1, 2]`; nil for what is none.
    /// - Throws: a variable that is not set, unless a default is given (`${env:NAME:-default}`), and any
    ///   other `${`.
    package func resolvingEnvironment(
        namesKeys: Bool = false, _ lookUp: @escaping (String) -> String? = { Environment[$0] },
        read: (String) -> Content? = { _ in nil }
    ) throws(SettingError) -> Setting {
        // Most have none: they are not copied.
        if !hasMarks { return self }
        var resolved = self
        switch content {
        case .string(let text):
            var parser = ReferenceParser(text, origin, namesKeys: namesKeys, lookUp)
            let reference = try parser.whole()
            if reference.hasKeys {
                resolved.reference = reference
            } else {
                try resolved.become(reference.text, read)
            }
        case .list(let values):
            var all: [Setting] = []
            for value in values {
                all.append(try value.resolvingEnvironment(namesKeys: namesKeys, lookUp, read: read))
            }
            resolved.content = .list(all)
        case .map(let fields):
            var all: [Field] = []
            for var field in fields {
                field.value = try field.value.resolvingEnvironment(namesKeys: namesKeys, lookUp, read: read)
                all.append(field)
            }
            resolved.content = .map(all)
        default: break
        }
        return resolved
    }

    /// Whether `${` stands in a text of it.
    private var hasMarks: Bool {
        switch content {
        case .string(let text): text.has(UInt8(ascii: "$")) && text.contains("${")
        case .list(let values): values.contains(where: \.hasMarks)
        case .map(let fields): fields.contains { $0.value.hasMarks }
        default: false
        }
    }

    /// Takes a text that was put together for its value: in quotes it is one, else what it would be if it had
    /// been written so.
    mutating func become(_ text: String, _ read: (String) -> Content?) throws(SettingError) {
        if isQuoted {
            content = .string(text)
        } else if let content = read(text) {
            self.content = content
        } else {
            content = try Setting.Content(plain: text, at: origin)
        }
        environmentText = text
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
