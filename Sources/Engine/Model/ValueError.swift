/// Why a value does not fit its parameter.
package struct ValueError: Error, Equatable {
    /// The way from the parameter into the value: `.layers[3].hidden`; empty at the top.
    package var path: String
    package var problem: Problem

    package enum Problem: Equatable {
        case wrongType(expected: String, got: String)
        case notFinite
        case listWithHoles(missing: Int64)
        case unknownParameter(name: String, of: String, suggestion: String?)
        case missingParameter(name: String, of: String)
        case constant(name: String)
        case generated(name: String)
        case duplicate(value: String)
        case unknownType(id: String)
        case tooDeep
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
        case .unknownParameter(let name, let owner, let suggestion):
            (owner.isEmpty ? "unknown key '\(name)'" : "\(owner) has no parameter '\(name)'")
                + (suggestion.map { " (did you mean '\($0)'?)" } ?? "")
        case .missingParameter(let name, let owner):
            owner.isEmpty ? "missing value '\(name)'" : "\(owner): missing parameter '\(name)'"
        case .constant(let name): "'\(name)' is a constant"
        case .generated(let name): "'\(name)' is made by xpm: it cannot be set"
        case .duplicate(let value): "\(value) twice in a set"
        case .unknownType(let id): "no config type has the id '\(id)'"
        case .tooDeep: "nested more than \(ParameterType.deepest) levels"
        case .refused(let why): why
        }
    }
}

/// The name among many that a mistyped one was probably meant to be.
package enum Suggestion {
    /// - Returns: the nearest candidate by edit distance, if it is near enough to be of help.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let typed = Array(name.lowercased().utf8)
        guard typed.count <= 64 else { return nil }
        let allowed = max(1, typed.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(typed, Array(candidate.lowercased().utf8.prefix(80)))
            if distance <= allowed, distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Levenshtein distance with transposition of neighbours (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before = [Int](repeating: 0, count: right.count + 1)
        var above = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1] + [Int](repeating: 0, count: right.count)
            for j in right.indices {
                let change = above[j] + (left[i] == right[j] ? 0 : 1)
                row[j + 1] = min(change, above[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    row[j + 1] = min(row[j + 1], before[j - 1] + 1)
                }
            }
            (before, above) = (above, row)
        }
        return above[right.count]
    }
}
