import Text

/// A table for one of several config types: what Hydra's users call a config group.
extension ParameterType {
    /// The key by which a table says its type.
    package static let choiceKey = "type"

    /// The object that a table stands for among the types of a union: of the type that it names, or of the only
    /// one that it fits.
    ///
    /// - Returns: nil where the value is no table, or the union has something else that takes tables.
    /// - Throws: where no type fits, or several do.
    static func choose(_ value: Value, among types: [ParameterType], depth: Int) throws(ValueError) -> Value?
    {
        let given: [Value.Entry]
        switch value {
        case .map(let entries), .openMap(let entries): given = entries
        case .list(let values) where values.isEmpty: given = []
        default: return nil
        }
        var choices: [ConfigType] = []
        for type in types {
            switch type.withoutConstraints {
            case .config(let reference):
                guard let type = reference.type else { throw ValueError(.unknownType(id: reference.id)) }
                choices.append(type)
            case .map, .any, .record, .list, .set, .union: return nil
            default: break
            }
        }
        if choices.isEmpty { return nil }
        let isNamed = choices.allSatisfy { $0.position(of: choiceKey) == nil }
        if isNamed, let word = given.first(where: { $0.key == .string(choiceKey) })?.value {
            let rest = given.filter { $0.key != .string(choiceKey) }
            return .object(try ConfigObject(named(word, choices), from: rest, depth: depth + 1))
        }
        if choices.count == 1, let only = choices.first {
            return .object(try ConfigObject(only, from: given, depth: depth + 1))
        }
        var made: [(type: ConfigType, object: ConfigObject)] = []
        var reasons: [String] = []
        for type in choices {
            do throws(ValueError) {
                made.append((type, try ConfigObject(type, from: given, depth: depth + 1)))
            } catch {
                reasons.append(error.path.isEmpty ? error.text : "\(type.id)\(error.path): \(error.text)")
            }
        }
        let complete = made.filter { type, _ in
            type.parameters.allSatisfy { parameter in
                !parameter.isRequired || given.contains { $0.key == .string(parameter.name) }
            }
        }
        let fitting = complete.isEmpty ? made : complete
        if fitting.count == 1 { return .object(fitting[0].object) }
        let say = isNamed ? ": say which with \(choiceKey)" : ""
        guard !fitting.isEmpty else {
            let names = choices.map(\.id).joined(separator: " or ")
            throw ValueError(
                .refused("the table fits none of \(names)\(say) (\(reasons.joined(separator: "; ")))"))
        }
        throw ValueError(
            .refused("the table may be a \(fitting.map(\.type.id).joined(separator: " or "))\(say)"))
    }

    /// The type that a word names: by its id, or by the last part of it.
    private static func named(_ word: Value, _ choices: [ConfigType]) throws(ValueError) -> ConfigType {
        guard case .string(let name) = word else {
            throw ValueError(.wrongType(expected: "the name of a type", got: word.told), at: ".\(choiceKey)")
        }
        let fitting = choices.filter { $0.id == name || $0.shortName == name }
        if fitting.count == 1, let type = fitting.first { return type }
        let ids = choices.map(\.id)
        let problem =
            fitting.isEmpty
            ? "no type '\(name)'\(Suggestion.hint(for: name, among: ids + choices.map(\.shortName)))"
            : "'\(name)' is short for several types"
        throw ValueError(.refused("\(problem): \(ids.joined(separator: ", "))"), at: ".\(choiceKey)")
    }

    private var withoutConstraints: ParameterType {
        switch self {
        case .constrained(let type, _), .optional(let type): type.withoutConstraints
        default: self
        }
    }
}
