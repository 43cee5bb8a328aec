import Text

/// Why a type cannot be defined.
package enum TypeError: TextualError, Equatable {
    case malformedID(String)
    case malformedName(String)
    case reservedName(String)
    case changedType(name: String, from: String, to: String)
    case definedTwice(id: String, first: String)
    /// A former name that a parameter has now.
    case renamedAndThere(String)
    case renamedToUnknown(String, String)

    package var text: String {
        switch self {
        case .malformedID(let id):
            LongName.problem(id, "the id of a type")
                ?? "'\(id)' cannot be the id of a type: use letters, digits, '_', '-' and '.'"
        case .malformedName(let name):
            LongName.problem(name, "the name of a parameter")
                ?? "'\(name)' cannot be the name of a parameter: use letters, digits and '_'"
        case .reservedName(let name): "'\(name)' is a reserved name: every object has it"
        case .changedType(let name, let from, let to):
            "parameter '\(name)' is \(from) in the base type and cannot become \(to)"
        case .renamedAndThere(let name): "'\(name)' is a parameter and a former name at once"
        case .renamedToUnknown(let former, let name):
            "'\(former)' was renamed to '\(name)', which is no parameter"
        case .definedTwice(let id, let first): "the type id '\(id)' is used twice: first at \(first)"
        }
    }
}
