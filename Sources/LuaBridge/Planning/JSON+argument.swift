import Model
import Text

extension JSON {
    /// A value as a program gets it: configs are objects of their parameters that name their types, and a
    /// task has its folder too.
    init(argument value: Model.Value) {
        switch value {
        case .list(let values), .set(let values): self = .array(values.map { JSON(argument: $0) })
        case .map(let entries), .openMap(let entries):
            self = .object(entries.map { .init($0.key.plainText, JSON(argument: $0.value)) })
        case .object(let object):
            self = .object([.init("@type", .string(object.type.id))] + JSON.members(of: object))
        default: self = JSON(plain: value)
        }
    }

    /// The parameters of a config.
    init(arguments object: ConfigObject) { self = .object(Self.members(of: object)) }

    private static func members(of object: ConfigObject) -> [Member] {
        var members = zip(object.type.parameters, object.values).map { parameter, value in
            JSON.Member(parameter.name, JSON(argument: value ?? .null))
        }
        if let folder = object.jobPath { members.append(.init("jobdir", .string(folder))) }
        return members
    }
}
