package import Text

/// Which jobs a command means: `@state = "ERROR" and model in ["a", "b"] and not (lr ~ "^0.0")`.
///
/// Names are tags, quoted where they are no words, or `@state`, `@name` (the type), `@id`, `@experiment` and `@run`. `=` and `!=` compare texts, those of states without
/// regard to case, and numbers by value; `<`, `<=`, `>`, `>=` numbers; `~` looks for a regular expression; `in` and `not in` for one of several.
/// A tag that a job does not have equals nothing. `and` binds more than `or`.
package indirect enum JobFilter {
    case compare(name: String, Operator, [String])
    case not(JobFilter)
    case all([JobFilter])
    case any([JobFilter])
    case matches(name: String, RegularExpression)

    package enum Operator: Sendable {
        case equal, unequal, less, lessOrEqual, greater, greaterOrEqual, isIn, isNotIn
    }

    /// - Throws: what does not fit, and where.
    package init(_ text: String) throws(JobFilterError) {
        var parser = try FilterParser(text)
        self = try parser.whole()
    }

    package func accepts(_ job: JobRecord) -> Bool {
        switch self {
        case .all(let filters): filters.allSatisfy { $0.accepts(job) }
        case .any(let filters): filters.contains { $0.accepts(job) }
        case .not(let filter): !filter.accepts(job)
        case .matches(let name, let expression): Self.value(name, job).map(expression.isFound(in:)) ?? false
        case .compare(let name, let comparison, let values): Self.compare(name, comparison, values, job)
        }
    }

    private static func compare(
        _ name: String, _ comparison: Operator, _ values: [String], _ job: JobRecord
    ) -> Bool {
        let value = value(name, job)
        func isEqual(_ other: String) -> Bool {
            guard let value else { return false }
            if value == other { return true }
            if name == "@state" { return value.lowercased() == other.lowercased() }
            if let a = Double(value), let b = Double(other) { return a == b }
            return false
        }
        let order: (Double, Double) -> Bool
        switch comparison {
        case .equal, .isIn: return values.contains(where: isEqual)
        case .unequal, .isNotIn: return !values.contains(where: isEqual)
        case .less: order = { $0 < $1 }
        case .lessOrEqual: order = { $0 <= $1 }
        case .greater: order = { $0 > $1 }
        case .greaterOrEqual: order = { $0 >= $1 }
        }
        guard let left = value.flatMap(Double.init), let right = values.first.flatMap(Double.init) else {
            return false
        }
        return order(left, right)
    }

    private static func value(_ name: String, _ job: JobRecord) -> String? {
        switch name {
        case "@state": job.state.rawValue
        case "@name": job.task
        case "@id": job.identifier
        case "@experiment": job.experiment
        case "@run": job.run
        default: job.tags.first { $0.name == name }.map { $0.value.string ?? $0.value.text }
        }
    }

    /// The tags that it asks for.
    package var tags: TextSet {
        switch self {
        case .all(let filters), .any(let filters):
            filters.reduce(into: []) { $0.formUnion($1.tags) }
        case .not(let filter): filter.tags
        case .compare(let name, _, _), .matches(let name, _): name.hasPrefix("@") ? [] : [TextKey(name)]
        }
    }

    package static let names = ["@state", "@name", "@id", "@experiment", "@run"]
}

/// Why a text is no filter, and where.
package struct JobFilterError: Error, Equatable {
    package let problem: String
    /// The position of the first character that does not fit, from 1.
    package let column: Int

    package var text: String { "filter, column \(column): \(problem)" }
}

/// A recursive descent over the tokens of a filter.
private struct FilterParser {
    private enum Token: Equatable {
        case name(String)
        case text(String)
        case sign(String)
    }

    private var tokens: [(token: Token, column: Int)] = []
    private var position = 0
    private let end: Int

    init(_ text: String) throws(JobFilterError) {
        let characters = Array(text)
        end = characters.count + 1
        var index = 0
        while index < characters.count {
            let character = characters[index]
            let column = index + 1
            if character.isWhitespace {
                index += 1
            } else if character == "\"" || character == "'" {
                guard let close = characters[(index + 1)...].firstIndex(of: character) else {
                    throw JobFilterError(problem: "a text without an end", column: column)
                }
                tokens.append((.text(String(characters[index + 1..<close])), column))
                index = close + 1
            } else if "()[],~".contains(character) {
                tokens.append((.sign(String(character)), column))
                index += 1
            } else if "=!<>".contains(character) {
                let isDouble = index + 1 < characters.count && characters[index + 1] == "="
                var sign = String(characters[index..<index + (isDouble ? 2 : 1)])
                if sign == "==" { sign = "=" }
                if sign == "!" { throw JobFilterError(problem: "'!' alone: write != or not", column: column) }
                tokens.append((.sign(sign), column))
                index += isDouble ? 2 : 1
            } else {
                let word = characters[index...].prefix {
                    !$0.isWhitespace && !"()[],~=!<>\"'".contains($0)
                }
                tokens.append((.name(String(word)), column))
                index += word.count
            }
        }
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
            let value = try value()
            if name == "@state", comparison == .equal || comparison == .unequal { try check(value, place) }
            return .compare(name: name, comparison, [value])
        }
        if take(.sign("~")) {
            let place = column
            let text = try value()
            guard let expression = RegularExpression(text) else {
                throw JobFilterError(problem: "'\(text)' is no regular expression", column: place)
            }
            return .matches(name: name, expression)
        }
        if take(.name("in")) { return .compare(name: name, .isIn, try list()) }
        if take(.name("not")) {
            guard take(.name("in")) else { throw fail("expected 'in' after 'not'") }
            return .compare(name: name, .isNotIn, try list())
        }
        throw fail("expected =, !=, <, <=, >, >=, ~, 'in' or 'not in'")
    }

    /// A state that there is not would never fit: that is a mistake.
    private func check(_ state: String, _ place: Int) throws(JobFilterError) {
        let known = JobRecord.State.allCases.map(\.rawValue)
        if known.contains(state.lowercased()) { return }
        let hint = Suggestion.hint(for: state, among: known)
        throw JobFilterError(
            problem: "no state '\(state)'\(hint): \(known.joined(separator: ", "))", column: place)
    }

    private mutating func value() throws(JobFilterError) -> String {
        switch next {
        case .text(let text)?, .name(let text)?:
            position += 1
            return text
        default: throw fail("expected a value")
        }
    }

    private mutating func list() throws(JobFilterError) -> [String] {
        guard take(.sign("[")) else { throw fail("expected a list: [\"a\", \"b\"]") }
        var values: [String] = []
        if take(.sign("]")) { return values }
        while true {
            values.append(try value())
            if take(.sign("]")) { return values }
            guard take(.sign(",")) else { throw fail("expected ',' or ']'") }
        }
    }
}
