import Store
import System
import Text

/// A recursive descent over the tokens of a filter.
struct FilterParser {
    private enum Token: Equatable {
        case name(String)
        case text(String)
        case sign(String)
    }

    private var tokens: [(token: Token, column: Int)] = []
    private var position = 0
    /// What the writer should know.
    private(set) var notes: [String] = []
    private let end: Int

    init(_ text: String) throws(JobFilterError) {
        let characters = Array(text.unicodeScalars)
        end = characters.count + 1
        var index = 0
        while index < characters.count {
            let character = characters[index]
            let column = index + 1
            if character.properties.isWhitespace {
                index += 1
            } else if character == "\"" || character == "'" {
                var text = String.UnicodeScalarView()
                index += 1
                while index < characters.count, characters[index] != character {
                    // `\"` and `\\` in a text; any other backslash stays, for expressions.
                    if characters[index] == "\\", index + 1 < characters.count,
                        characters[index + 1] == character || characters[index + 1] == "\\"
                    {
                        index += 1
                    }
                    text.append(characters[index])
                    index += 1
                }
                guard index < characters.count else {
                    throw JobFilterError(problem: "a text without an end", column: column)
                }
                tokens.append((.text(String(text)), column))
                index += 1
            } else if "()[],~".unicodeScalars.contains(character) {
                tokens.append((.sign(String(character)), column))
                index += 1
            } else if "=!<>".unicodeScalars.contains(character) {
                let isDouble = index + 1 < characters.count && characters[index + 1] == "="
                var sign = Self.text(characters[index..<index + (isDouble ? 2 : 1)])
                if sign == "==" { sign = "=" }
                if sign == "!" { throw JobFilterError(problem: "'!' alone: write != or not", column: column) }
                tokens.append((.sign(sign), column))
                index += isDouble ? 2 : 1
            } else {
                let word = characters[index...].prefix {
                    !$0.properties.isWhitespace && !"()[],~=!<>\"'".unicodeScalars.contains($0)
                }
                if let quote = word.first, "“”‘’„«»".unicodeScalars.contains(quote) {
                    throw JobFilterError(
                        problem: "\(quote) is no quotation mark here: write \"…\" or '…'", column: column)
                }
                tokens.append((.name(Self.text(word)), column))
                index += word.count
            }
        }
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }

    private var next: Token? { position < tokens.count ? tokens[position].token : nil }
    private var column: Int { position < tokens.count ? tokens[position].column : end }

    private func fail(_ problem: String) -> JobFilterError {
        JobFilterError(problem: problem, column: column)
    }

    private mutating func take(_ token: Token) -> Bool {
        guard next == token else { return false }
        position += 1
        return true
    }

    mutating func whole() throws(JobFilterError) -> JobFilter {
        if tokens.isEmpty { throw fail("it is empty") }
        let filter = try alternatives(depth: 0)
        if next != nil { throw fail("expected 'and', 'or' or the end") }
        return filter
    }

    private mutating func alternatives(depth: Int) throws(JobFilterError) -> JobFilter {
        var filters = [try conjunction(depth: depth)]
        while take(.name("or")) { filters.append(try conjunction(depth: depth)) }
        return filters.count == 1 ? filters[0] : .any(filters)
    }

    private mutating func conjunction(depth: Int) throws(JobFilterError) -> JobFilter {
        var filters = [try term(depth: depth)]
        while take(.name("and")) { filters.append(try term(depth: depth)) }
        return filters.count == 1 ? filters[0] : .all(filters)
    }

    private mutating func term(depth: Int) throws(JobFilterError) -> JobFilter {
        if depth > 100 { throw fail("nested too deep") }
        if take(.name("not")) { return .not(try term(depth: depth + 1)) }
        if take(.sign("(")) {
            let filter = try alternatives(depth: depth + 1)
            guard take(.sign(")")) else { throw fail("expected ')'") }
            return filter
        }
        let name: String
        switch next {
        case .name(let word)? where !["and", "or", "in"].contains(word): name = word
        // A tag whose name is no word.
        case .text(let text)? where !text.isEmpty && !text.hasPrefix("@"): name = text
        default: throw fail("expected the name of a tag, @state, @name, @id, @experiment or @run")
        }
        if name.hasPrefix("@"), !JobFilter.names.contains(name) {
            throw fail("unknown name '\(name)'" + Suggestion.hint(for: name, among: JobFilter.names))
        }
        position += 1
        return try comparison(of: name)
    }

    private mutating func comparison(of name: String) throws(JobFilterError) -> JobFilter {
        let signs: [(String, JobFilter.Operator)] = [
            ("=", .equal), ("!=", .unequal), ("<", .less), ("<=", .lessOrEqual), (">", .greater),
            (">=", .greaterOrEqual),
        ]
        for (sign, comparison) in signs where take(.sign(sign)) {
            let place = column
            let value = try operand()
            if name == "@state", comparison == .equal || comparison == .unequal {
                return .compare(name: name, comparison, [try state(value, place)])
            }
            if comparison != .equal, comparison != .unequal, value.number == nil, !wasQuoted {
                throw JobFilterError(
                    problem:
                        "'\(value.text)' is no number: '\(sign)' compares numbers, or texts with a text in quotes",
                    column: place)
            }
            return .compare(name: name, comparison, [value])
        }
        if take(.sign("~")) {
            let place = column
            let text = try operand().text
            guard let expression = RegularExpression(text) else {
                throw JobFilterError(problem: "'\(text)' is no regular expression", column: place)
            }
            return .matches(name: name, expression)
        }
        if take(.name("in")) { return .compare(name: name, .isIn, try list(of: name)) }
        if take(.name("not")) {
            guard take(.name("in")) else { throw fail("expected 'in' after 'not'") }
            return .compare(name: name, .isNotIn, try list(of: name))
        }
        throw fail("expected =, !=, <, <=, >, >=, ~, 'in' or 'not in'")
    }

    /// A state that there is not would never fit: that is a mistake.
    private mutating func state(
        _ value: JobFilter.Operand, _ place: Int
    ) throws(JobFilterError) -> JobFilter.Operand {
        let state = value.text
        let known = JobRecord.State.allCases.map(\.rawValue)
        if known.contains(state.lowercased()) { return value }
        if let now = JobRecord.State.formerly(state.lowercased()) {
            notes.append("filter: the state '\(state)' is '\(now.rawValue)' now")
            return JobFilter.Operand(now.rawValue, isQuoted: true)
        }
        let hint = Suggestion.hint(for: state, among: known)
        throw JobFilterError(
            problem: "no state '\(state)'\(hint): \(known.joined(separator: ", "))", column: place)
    }

    /// Whether the last operand stood in quotes.
    private var wasQuoted = false

    private mutating func operand() throws(JobFilterError) -> JobFilter.Operand {
        switch next {
        case .text(let text)?:
            wasQuoted = true
            position += 1
            return JobFilter.Operand(text, isQuoted: true)
        case .name(let text)?:
            wasQuoted = false
            position += 1
            return JobFilter.Operand(text, isQuoted: false)
        default: throw fail("expected a value")
        }
    }

    private mutating func list(of name: String) throws(JobFilterError) -> [JobFilter.Operand] {
        guard take(.sign("[")) else { throw fail("expected a list: [\"a\", \"b\"]") }
        var values: [JobFilter.Operand] = []
        if take(.sign("]")) { return values }
        while true {
            let place = column
            let value = try operand()
            values.append(name == "@state" ? try state(value, place) : value)
            if take(.sign("]")) { return values }
            guard take(.sign(",")) else { throw fail("expected ',' or ']'") }
        }
    }
}
