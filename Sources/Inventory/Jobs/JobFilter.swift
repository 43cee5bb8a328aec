import Store
package import System
package import Text

/// Which jobs a command means: `@state = "ERROR" and model in ["a", "b"] and not (lr ~ "^0.0")`.
///
/// Names are tags, or parameters where no job has such a tag (`model.hidden`), quoted where they are no words, or `@state`, `@name` (the type),
/// `@id` (whole, or its beginning), `@experiment` and `@run`. A text in quotes is a text: it fits what is written so, byte by byte, those of
/// states without regard to case. A word without quotes fits a number of its value, or a text that is written so. `<`, `<=`, `>`, `>=` compare
/// numbers with numbers, and texts with texts in quotes, by their bytes; `~` looks for a regular expression; `in` and `not in` for one of
/// several. A tag that a job does not have equals nothing; one with several values fits if one of them does. `and` binds more than `or`.
package indirect enum JobFilter {
    case compare(name: String, Operator, [Operand])
    case not(JobFilter)
    case all([JobFilter])
    case any([JobFilter])
    case matches(name: String, RegularExpression)

    /// A value that tags are compared with.
    package struct Operand: Sendable {
        let text: String
        /// Of a word without quotes that is one.
        let number: JSON?

        init(_ text: String, isQuoted: Bool) {
            self.text = text
            switch isQuoted ? nil : try? PlainScalar(text) {
            case .int(let value)?: number = .int(value)
            case .float(let value)?: number = .float(value)
            default: number = nil
            }
        }

        /// Whether it is the beginning of an identifier, as long as xpm shows it.
        fileprivate func isBeginning(of identifier: JSON) -> Bool {
            text.utf8.count >= JobFilter.shortest && identifier.string?.hasPrefix(text.lowercased()) == true
        }
    }

    /// How many digits of an identifier stand for it, as xpm shows them.
    private static let shortest = 8

    package enum Operator: Sendable {
        case equal, unequal, less, lessOrEqual, greater, greaterOrEqual, isIn, isNotIn
    }

    /// - Throws: what does not fit, and where.
    package init(_ text: String) throws(JobFilterError) {
        var parser = try FilterParser(text)
        self = try parser.whole()
    }

    /// Those of some jobs that fit. A name that is a tag of one of them is a tag for all; another one is a parameter.
    package func select(from jobs: [JobRecord]) -> [JobRecord] {
        let tags = TextSet(jobs.flatMap { $0.tags.map(\.name) })
        return jobs.filter { accepts(Candidate($0, tags: tags)) }
    }

    private func accepts(_ job: Candidate) -> Bool {
        switch self {
        case .all(let filters): filters.allSatisfy { $0.accepts(job) }
        case .any(let filters): filters.contains { $0.accepts(job) }
        case .not(let filter): !filter.accepts(job)
        case .matches(let name, let expression):
            job.values(name).contains { expression.isFound(in: $0.string ?? $0.text) }
        case .compare(let name, let comparison, let operands): Self.compare(name, comparison, operands, job)
        }
    }

    /// A job, and its parameters where they are asked for.
    private final class Candidate {
        private let job: JobRecord
        /// What is a tag of some job, and no parameter.
        private let tags: TextSet
        private lazy var parameters = RecordedTask.parameters(of: job.folder)

        init(_ job: JobRecord, tags: TextSet) {
            self.job = job
            self.tags = tags
        }

        func values(_ name: String) -> [JSON] {
            switch name {
            case "@state": return [.string(job.state.rawValue)]
            case "@name": return [.string(job.task)]
            case "@id": return [.string(job.identifier)]
            case "@experiment": return job.experiment.map { [.string($0)] } ?? []
            case "@run": return job.run.map { [.string($0)] } ?? []
            default:
                if tags.contains(name) { return job.tags.filter { $0.name == name }.map(\.value) }
                return [parameters[name]].compactMap(\.self)
            }
        }
    }

    private static func compare(
        _ name: String, _ comparison: Operator, _ operands: [Operand], _ job: Candidate
    ) -> Bool {
        let values = job.values(name)
        func isEqual() -> Bool {
            values.contains { value in
                operands.contains { operand in
                    name == "@id" && operand.isBeginning(of: value)
                        || Self.isEqual(value, operand, ignoringCase: name == "@state")
                }
            }
        }
        let order: (Int) -> Bool
        switch comparison {
        case .equal, .isIn: return isEqual()
        case .unequal, .isNotIn: return !isEqual()
        case .less: order = { $0 < 0 }
        case .lessOrEqual: order = { $0 <= 0 }
        case .greater: order = { $0 > 0 }
        case .greaterOrEqual: order = { $0 >= 0 }
        }
        guard let operand = operands.first else { return false }
        return values.contains { value in Self.order(value, operand).map(order) ?? false }
    }

    private static func isEqual(_ value: JSON, _ operand: Operand, ignoringCase: Bool) -> Bool {
        if let number = operand.number, value.number != nil { return sign(value, number) == 0 }
        let text = value.string ?? value.text
        // What is no text, and no number, is written as a word.
        if value.string == nil, operand.number == nil, value.number != nil { return text == operand.text }
        return text == operand.text || ignoringCase && text.lowercased() == operand.text.lowercased()
    }

    /// Below 0, 0 or above 0; nil for what has no order.
    private static func order(_ value: JSON, _ operand: Operand) -> Int? {
        if let number = operand.number { return value.number == nil ? nil : sign(value, number) }
        guard let text = value.string else { return nil }
        return text == operand.text ? 0 : ByteOrder.less(text, operand.text) ? -1 : 1
    }

    /// By value, ints exactly.
    private static func sign(_ left: JSON, _ right: JSON) -> Int? {
        if case .int(let a) = left, case .int(let b) = right { return a == b ? 0 : a < b ? -1 : 1 }
        guard let a = left.number, let b = right.number, !a.isNaN, !b.isNaN else { return nil }
        return a == b ? 0 : a < b ? -1 : 1
    }

    /// The tags and parameters that it asks for.
    package var tags: TextSet {
        switch self {
        case .all(let filters), .any(let filters):
            filters.reduce(into: []) { $0.formUnion($1.tags) }
        case .not(let filter): filter.tags
        case .compare(let name, _, _), .matches(let name, _): name.hasPrefix("@") ? [] : [TextKey(name)]
        }
    }

    /// Of those that it asks for, one that no job has as a tag or a parameter.
    package func stranger(among jobs: [JobRecord]) -> String? {
        let known = TextSet(jobs.flatMap { $0.tags.map(\.name) })
        return tags.ordered.first { name in
            !known.contains(name) && !jobs.contains { RecordedTask.parameters(of: $0.folder)[name] != nil }
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
        let characters = Array(text.unicodeScalars)
        end = characters.count + 1
        var index = 0
        while index < characters.count {
            let character = characters[index]
            let column = index + 1
            if character.properties.isWhitespace {
                index += 1
            } else if character == "\"" || character == "'" {
                guard let close = characters[(index + 1)...].firstIndex(of: character) else {
                    throw JobFilterError(problem: "a text without an end", column: column)
                }
                tokens.append((.text(Self.text(characters[index + 1..<close])), column))
                index = close + 1
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
                try check(value.text, place)
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

    private mutating func list() throws(JobFilterError) -> [JobFilter.Operand] {
        guard take(.sign("[")) else { throw fail("expected a list: [\"a\", \"b\"]") }
        var values: [JobFilter.Operand] = []
        if take(.sign("]")) { return values }
        while true {
            values.append(try operand())
            if take(.sign("]")) { return values }
            guard take(.sign(",")) else { throw fail("expected ',' or ']'") }
        }
    }
}
