import Text

/// Why a value does not fit its parameter.
package struct ValueError: TextualError, Equatable {
    /// The way from the parameter into the value: `.layers[3].hidden`; empty at the top.
    package var path: String
    package var problem: Problem

    package enum Problem: Equatable {
        case wrongType(expected: String, got: String)
        case notFinite
        case listWithHoles(missing: Int64)
        /// With all that there are, where none of them is near.
        case unknownParameter(name: String, of: String, suggestion: String?, known: [String] = [])
        case missingParameter(name: String, of: String)
        case constant(name: String)
        case generated(name: String)
        case duplicate(value: String)
        case unknownType(id: String)
        case tooDeep
        /// A task in a value, which would never run.
        case notSubmitted(id: String)
        /// What the type's own `validate` or a constraint says.
        case refused(String)
    }

    package init(_ problem: Problem, at path: String = "") {
        self.path = path
        self.problem = problem
    }

    /// The same error, seen from one step further out.
    package func within(_ step: String) -> ValueError { ValueError(problem, at: step + path) }

    /// The problem in words, without its path.
    package var text: String {
        switch problem {
        case .wrongType(let expected, let got): "expected \(expected), got \(got)"
        case .notFinite: "NaN has no identity"
        case .listWithHoles(let missing): "a list with a hole: nothing at position \(missing)"
        case .unknownParameter(let name, let owner, let suggestion, let known):
            (owner.isEmpty ? "unknown key '\(name)'" : "\(owner) has no parameter '\(name)'")
                + (suggestion.map { " (did you mean '\($0)'?)" }
                    ?? (known.isEmpty ? "" : ": \(known.joined(separator: ", "))"))
        case .missingParameter(let name, let owner):
            owner.isEmpty ? "missing value '\(name)'" : "\(owner): missing parameter '\(name)'"
        case .constant(let name): "'\(name)' is a constant"
        case .generated(let name): "'\(name)' is made by xpm: it cannot be set"
        case .duplicate(let value): "\(value) twice in a set"
        case .unknownType(let id): "no config type has the id '\(id)'"
        case .notSubmitted(let id): "\(id) was not submitted: give what its submit() returns"
        case .tooDeep: "nested more than \(ParameterType.deepest) levels"
        case .refused(let why): why
        }
    }
}
