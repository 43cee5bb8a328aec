import Store
package import System
package import Text

/// Which jobs a command means: `@state = "FAILED" and model in ["a", "b"] and not (lr ~ "^0.0")`.
///
/// Names are tags, or parameters where no job has such a tag (`model.hidden`), quoted where they are no
/// words, or `@state`, `@name` (the type), `@id` (whole, or its beginning), `@experiment` and `@run`. A text
/// in quotes is a text: it fits what is written so, byte by byte, those of states without regard to case. A
/// word without quotes fits a number of its value, or a text that is written so. `<`, `<=`, `>`, `>=` compare
/// numbers with numbers, and texts with texts in quotes, by their bytes; `~` looks for a regular expression;
/// `in` and `not in` for one of several. A tag that a job does not have equals nothing; one with several
/// values fits if one of them does. `and` binds more than `or`.
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

    /// - Parameter warn: told of words that have others now.
    /// - Throws: what does not fit, and where.
    package init(_ text: String, warn: (String) -> Void = { _ in }) throws(JobFilterError) {
        var parser = try FilterParser(text)
        self = try parser.whole()
        parser.notes.forEach(warn)
    }

    /// Those of some jobs that fit. A name that is a tag of one of them is a tag for all; another one is a
    /// parameter.
    package func select(from jobs: [JobRecord]) -> [JobRecord] {
        let tags = Self.tagNames(of: jobs.lazy.map(\.tags))
        return jobs.filter { accepts(Candidate($0, tags: tags)) }
    }

    /// Whether it asks in which state a job is.
    package var asksForState: Bool {
        switch self {
        case .all(let filters), .any(let filters): filters.contains(where: \.asksForState)
        case .not(let filter): filter.asksForState
        case .compare(let name, _, _), .matches(let name, _): name == "@state"
        }
    }

    /// The names of the tags of some jobs.
    static func tagNames(of jobs: some Sequence<[(name: String, value: JSON)]>) -> TextSet {
        var names: TextSet = []
        var last: [String] = []
        for tags in jobs {
            // Most jobs have the tags of the one before.
            if tags.count == last.count, zip(tags, last).allSatisfy({ $0.name == $1 }) { continue }
            last = tags.map(\.name)
            for name in last { names.insert(name) }
        }
        return names
    }

    /// What a filter asks of a job.
    package protocol Subject {
        /// The values of a tag, a parameter, or of `@state` and its like.
        func values(_ name: String) -> [JSON]
    }

    /// Whether a job fits.
    package func accepts(_ job: some Subject) -> Bool {
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
    private final class Candidate: Subject {
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
        _ name: String, _ comparison: Operator, _ operands: [Operand], _ job: some Subject
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
        if let number = operand.number, value.number != nil { return JSON.order(value, number) == 0 }
        let text = value.string ?? value.text
        // What is no text, and no number, is written as a word.
        if value.string == nil, operand.number == nil, value.number != nil { return text == operand.text }
        return text == operand.text || ignoringCase && text.lowercased() == operand.text.lowercased()
    }

    /// Below 0, 0 or above 0; nil for what has no order.
    private static func order(_ value: JSON, _ operand: Operand) -> Int? {
        if let number = operand.number { return JSON.order(value, number) }
        guard let text = value.string else { return nil }
        return text == operand.text ? 0 : ByteOrder.less(text, operand.text) ? -1 : 1
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
        let known = Self.tagNames(of: jobs.lazy.map(\.tags))
        return tags.ordered.first { name in
            !known.contains(name) && !jobs.contains { RecordedTask.parameters(of: $0.folder)[name] != nil }
        }
    }

    /// What filters of some jobs may ask for: their tags, and the parameters of the first of each type.
    package static func names(of jobs: [JobRecord]) -> TextSet {
        names(of: jobs.map { ($0.task, $0.tags) }) { RecordedTask.parameters(of: jobs[$0].folder) }
    }

    /// - Parameter parameters: of the job at a position.
    static func names(
        of jobs: [(task: String, tags: [(name: String, value: JSON)])],
        parameters: (Int) -> TextMap<JSON>
    ) -> TextSet {
        var names = tagNames(of: jobs.lazy.map(\.tags))
        var types: TextSet = []
        for (position, job) in jobs.enumerated() where types.insert(job.task).inserted {
            names.formUnion(TextSet(parameters(position).orderedKeys))
        }
        return names
    }

    package static let names = ["@state", "@name", "@id", "@experiment", "@run"]
}

/// Why a text is no filter, and where.
package struct JobFilterError: TextualError, Equatable {
    package let problem: String
    /// The position of the first character that does not fit, from 1.
    package let column: Int

    package var text: String { "filter, column \(column): \(problem)" }
}
