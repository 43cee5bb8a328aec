package import Text

extension JSON {
    /// A value without objects as JSON: tags and results.
    package init(plain value: Model.Value) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .float(let value): self = .float(value)
        case .string(let value), .path(let value), .file(let value, _): self = .string(value)
        case .list(let values), .set(let values): self = .array(values.map(JSON.init(plain:)))
        case .map(let entries), .openMap(let entries):
            self = .object(entries.map { .init($0.key.plainText, JSON(plain: $0.value)) })
        case .member, .object: self = .string(value.plainText)
        }
    }
}

extension JSON {
    /// As a value of a script.
    package var value: Model.Value {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        case .string(let value): .string(value)
        case .array(let values): .list(values.map(\.value))
        case .object(let members): .map(members.map { .init(key: .string($0.name), value: $0.value.value) })
        }
    }
}
