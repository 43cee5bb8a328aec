import System
package import Text

/// What a search has proposed and found: `searches/NAME/ID.jsonl` in the workspace. Its first line says what is searched,
/// those that follow are proposals, each written before its job is submitted, and results.
///
///     {"search": 1, "name": "lr", "id": "…", "space": {…}, "sampler": {…}, "seed": 1, "metric": "loss", "goal": "min", "prior": […]}
///     {"trial": 1, "values": {"lr": 0.01}, "seen": []}
///     {"trial": 1, "value": 0.25}
///     {"trial": 2, "failed": "exit code 1"}
///     {"trial": 3, "values": {"lr": 0.01}, "seen": [1, 2], "from": 1}
package struct SearchLog: Sendable {
    package struct Proposal: Sendable, Equatable {
        package let trial: Int
        package let values: JSON
        /// The trials whose results were known.
        package let seen: [Int]
        /// Of a trial that goes on from another, its number.
        package let origin: Int?
        /// How many results stand before it in the log.
        package fileprivate(set) var resultsBefore = 0

        package init(trial: Int, values: JSON, seen: [Int], origin: Int? = nil) {
            self.trial = trial
            self.values = values
            self.seen = seen
            self.origin = origin
        }
    }

    package enum Result: Sendable, Equatable {
        case value(Double)
        case failed(String)
    }

    package struct Problem: TextualError {
        package let text: String
    }

    package let path: String
    /// The first line.
    package let header: JSON
    package private(set) var proposals: [Proposal] = []
    /// The last result of each trial.
    package private(set) var results: [Int: Result] = [:]
    /// All results, in their order: a job that has failed may be done later.
    package private(set) var allResults: [(trial: Int, result: Result)] = []
    /// The jobs of the trials, as `type/identifier`.
    package private(set) var jobs: [Int: [String]] = [:]

    /// The version that this program writes, and the newest that it reads.
    package static let version: Int64 = 1

    package static func folder(_ name: String, in workspace: Workspace) -> String {
        "\(workspace.path)/searches/\(name)"
    }

    /// Reads a log; a last line that was cut off is none.
    ///
    /// - Throws: one that cannot be read, was damaged, or is of a newer version.
    package init(_ path: String) throws(Problem) {
        self.path = path
        func fail(_ line: Int, _ problem: String) -> Problem {
            Problem(text: "\(Paths.shown(path)):\(line): \(problem)")
        }
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try Files.read(path, limit: 1 << 30) } catch {
            throw Problem(text: error.text)
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // Nothing, or a line without its end.
        lines.removeLast()
        guard let first = lines.first else { throw fail(1, "the log of a search is empty") }
        guard let header = try? JSON.parse(Array(first)), let version = header["search"]?.int else {
            throw fail(1, "this is no log of a search")
        }
        guard version <= Self.version else {
            throw fail(1, "a newer xpm has written it (version \(version))")
        }
        self.header = header
        for (number, line) in lines.enumerated().dropFirst() {
            guard let json = try? JSON.parse(Array(line)),
                let trial = json["trial"]?.int.flatMap({ Int(exactly: $0) })
            else { throw fail(number + 1, "the line is damaged") }
            if let values = json["values"], case .array(let seen)? = json["seen"] {
                guard trial == proposals.count + 1 else {
                    throw fail(number + 1, "trial \(trial) does not follow")
                }
                guard let numbers = Self.numbers(seen, below: trial) else {
                    throw fail(number + 1, "the line is damaged")
                }
                var proposal = Proposal(
                    trial: trial, values: values, seen: numbers,
                    origin: json["from"]?.int.flatMap { Int(exactly: $0) })
                proposal.resultsBefore = allResults.count
                proposals.append(proposal)
            } else if case .array(let names)? = json["jobs"] {
                jobs[trial] = names.compactMap(\.string)
            } else if let value = json["value"]?.number {
                note(trial, .value(value))
            } else if let reason = json["failed"]?.string {
                note(trial, .failed(reason))
            } else {
                throw fail(number + 1, "the line is damaged")
            }
        }
    }

    private mutating func note(_ trial: Int, _ result: Result) {
        results[trial] = result
        allResults.append((trial, result))
    }

    // MARK: Lines

    /// Numbers that follow each other as their first and last: `[[1, 57], 59]`. A log does not grow with the square of its
    /// trials.
    private static func ranges(_ numbers: [Int]) -> JSON {
        var all: [JSON] = []
        var rest = numbers[...]
        while let first = rest.popFirst() {
            var last = first
            while rest.first == last + 1 { last = rest.removeFirst() }
            all.append(first == last ? .int(Int64(first)) : .array([.int(Int64(first)), .int(Int64(last))]))
        }
        return .array(all)
    }

    /// The numbers of such ranges; nil for what is none.
    private static func numbers(_ ranges: [JSON], below end: Int) -> [Int]? {
        var all: [Int] = []
        for range in ranges {
            switch range {
            case .int(let number) where number >= 1 && number < end: all.append(Int(number))
            case .array(let ends):
                guard ends.count == 2, let first = ends[0].int, let last = ends[1].int, first >= 1,
                    first <= last,
                    last < end
                else { return nil }
                all += Int(first)...Int(last)
            default: return nil
            }
        }
        return all
    }

    package static func line(_ proposal: Proposal) -> JSON {
        .object(
            [
                .init("trial", .int(Int64(proposal.trial))), .init("values", proposal.values),
                .init("seen", ranges(proposal.seen)),
            ] + (proposal.origin.map { [.init("from", .int(Int64($0)))] } ?? []))
    }

    package static func line(_ trial: Int, _ result: Result) -> JSON {
        switch result {
        case .value(let value): ["trial": .int(Int64(trial)), "value": .float(value)]
        case .failed(let reason): ["trial": .int(Int64(trial)), "failed": .string(reason)]
        }
    }

    package static func line(_ trial: Int, jobs: [String]) -> JSON {
        ["trial": .int(Int64(trial)), "jobs": .array(jobs.map { .string($0) })]
    }
}
