import Text

/// What a job needs of the machine that runs it: `duration=2h & cpu(cores=4, mem=8G) & cuda(mem=24G) * 2`.
///
/// Alternatives are separated by `|`; the first that the machine can give is taken. Not part of a task's
/// identity.
package struct Requirement: Sendable, Equatable {
    /// One alternative: everything in it is needed together.
    package struct Alternative: Sendable, Equatable {
        /// Seconds after which the job is stopped.
        package var duration: Double?
        package var cores: Int?
        /// Bytes.
        package var memory: Int64?
        /// How far the memory may grow when a job is killed for it, in bytes.
        package var mostMemory: Int64?
        package var gpus = 0
        /// How many nodes of a cluster, each with all of the rest; nil where nothing is said.
        package var nodes: Int?
        /// Bytes that each GPU has at least.
        package var gpuMemory: Int64?
        /// Where a requirement begins that no machine of this system can give.
        fileprivate var foreign: Int?

        package init() {}

        /// The GPUs, for people: `2 GPUs with 24 GB`.
        package var gpusText: String {
            let size = gpuMemory.map { " with \(NumberText.bytes($0))" } ?? ""
            return "\(gpus) GPU\(gpus == 1 ? "" : "s")\(size)"
        }
    }

    /// As it was written, on one line.
    package let text: String
    package let alternatives: [Alternative]

    /// - Throws: what does not fit, and where.
    package init(_ text: String) throws(RequirementError) {
        self.text = text.lines.filter { !$0.isEmpty }.joined(separator: " ")
        var parser = RequirementParser(text)
        alternatives = try parser.whole()
    }

    /// Reads a time such as `30s`.
    package static func seconds(_ text: String) throws(RequirementError) -> Double {
        var parser = RequirementParser("duration=\(text)")
        return try parser.whole().first?.duration ?? 0
    }

    /// Reads a memory size such as `64G`.
    ///
    /// - Returns: bytes.
    package static func bytes(_ text: String) throws(RequirementError) -> Int64 {
        var parser = RequirementParser(text)
        return try parser.wholeSize()
    }
}

/// Why a text is no requirement, and where.
package struct RequirementError: TextualError, Equatable {
    package let problem: String
    /// The position of the first character that does not fit, from 1.
    package let column: Int

    package var text: String { "column \(column): \(problem)" }
}

/// Reads a requirement. `cpu`, `cuda` (or `gpu`) and `duration`, joined with `&`, alternatives with `|`.
private struct RequirementParser {
    private let characters: [Character]
    private var position = 0

    init(_ text: String) { characters = Array(text) }

    private func fail(_ problem: String, at column: Int? = nil) -> RequirementError {
        RequirementError(problem: problem, column: (column ?? position) + 1)
    }

    private mutating func skipBlanks() {
        while position < characters.count, characters[position].isWhitespace { position += 1 }
    }

    private mutating func take(_ sign: Character) -> Bool {
        skipBlanks()
        guard position < characters.count, characters[position] == sign else { return false }
        position += 1
        return true
    }

    private mutating func word() -> (text: String, column: Int) {
        skipBlanks()
        let start = position
        while position < characters.count, characters[position].isLetter || characters[position] == "_" {
            position += 1
        }
        return (String(characters[start..<position]), start)
    }

    mutating func whole() throws(RequirementError) -> [Requirement.Alternative] {
        var found = [try alternative()]
        while take("|") { found.append(try alternative()) }
        skipBlanks()
        if position < characters.count { throw fail("expected '&', '|' or the end") }
        // Alternatives for other systems are left to those.
        let possible = found.filter { $0.foreign == nil }
        if possible.isEmpty, let column = found.compactMap(\.foreign).first {
            throw fail("mps is for macOS; on this machine the GPUs are cuda(...)", at: column)
        }
        return possible
    }

    mutating func wholeSize() throws(RequirementError) -> Int64 {
        let bytes = try size()
        skipBlanks()
        if position < characters.count { throw fail("expected the end") }
        return bytes
    }

    private mutating func alternative() throws(RequirementError) -> Requirement.Alternative {
        var found = Requirement.Alternative()
        var seen: TextSet = []
        repeat {
            let (name, column) = word()
            let kind = name == "gpu" ? "cuda" : name
            switch kind {
            case "duration": try duration(&found)
            case "nodes":
                guard take("=") else { throw fail("expected '=': nodes=2") }
                found.nodes = try count("the number of nodes")
            case "cpu": try cpu(&found)
            case "cuda": try cuda(&found)
            case "mps":
                try parameters(of: "mps", ["mem"]) { parser, _ throws(RequirementError) in
                    _ = try parser.size()
                }
                found.foreign = column
            case "" where take("("):
                throw fail("parentheses do not group here: write a & b | a & c", at: position - 1)
            default:
                let hint = Suggestion.hint(for: name, among: ["duration", "nodes", "cpu", "cuda", "gpu"])
                throw fail(
                    name.isEmpty
                        ? "expected duration=…, nodes=…, cpu(…) or cuda(…)"
                        : "unknown requirement '\(name)'\(hint): duration=…, nodes=…, cpu(…), cuda(…)",
                    at: column)
            }
            guard seen.insert(kind).inserted else { throw fail("'\(name)' is given twice", at: column) }
        } while take("&")
        return found
    }

    private mutating func duration(_ found: inout Requirement.Alternative) throws(RequirementError) {
        guard take("=") else { throw fail("expected '=': duration=2h") }
        let (value, unit, column) = try quantity()
        let seconds: TextMap<Double> = [
            "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60,
            "minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400,
            "days": 86400,
        ]
        guard !unit.isEmpty else { throw fail("a duration needs a unit: s, m, h or d", at: column) }
        guard let factor = seconds[unit] else {
            throw fail("unknown unit '\(unit)' of a duration: s, m, h or d", at: column)
        }
        guard value > 0 else { throw fail("a duration is more than nothing", at: column) }
        guard value * factor < 1e9 else { throw fail("a duration is less than 30 years", at: column) }
        found.duration = value * factor
    }

    private mutating func cpu(_ found: inout Requirement.Alternative) throws(RequirementError) {
        try parameters(of: "cpu", ["cores", "mem"]) { parser, name throws(RequirementError) in
            if name == "cores" {
                found.cores = try parser.count("cores")
                return
            }
            found.memory = try parser.size()
            guard parser.take(".") else { return }
            guard parser.take(".") else { throw parser.fail("expected '..': mem=4G..16G") }
            let column = parser.position
            let most = try parser.size()
            guard most >= found.memory ?? 0 else {
                throw parser.fail("a range of memory goes from less to more", at: column)
            }
            found.mostMemory = most
        }
    }

    private mutating func cuda(_ found: inout Requirement.Alternative) throws(RequirementError) {
        try parameters(of: "cuda", ["mem"]) { parser, _ throws(RequirementError) in
            found.gpuMemory = try parser.size()
        }
        found.gpus = take("*") ? try count("the number of GPUs") : 1
    }

    /// `(name=value, …)`
    private mutating func parameters(
        of owner: String, _ known: [String],
        _ read: (inout RequirementParser, String) throws(RequirementError) -> Void
    ) throws(RequirementError) {
        guard take("(") else { throw fail("expected '(': \(owner)(\(known[0])=…)") }
        if take(")") { return }
        var seen: TextSet = []
        while true {
            let (name, column) = word()
            guard known.contains(name) else {
                let hint = Suggestion.hint(for: name, among: known)
                throw fail(
                    name.isEmpty
                        ? "expected \(known.joined(separator: " or "))" : "\(owner) has no '\(name)'\(hint)",
                    at: column)
            }
            guard seen.insert(name).inserted else { throw fail("'\(name)' is given twice", at: column) }
            guard take("=") else { throw fail("expected '=' after '\(name)'") }
            try read(&self, name)
            if take(")") { return }
            guard take(",") else { throw fail("expected ',' or ')'") }
        }
    }

    /// A number and the letters behind it.
    private mutating func quantity() throws(RequirementError) -> (value: Double, unit: String, column: Int) {
        skipBlanks()
        let start = position
        while position < characters.count, characters[position].isASCII, characters[position].isNumber {
            position += 1
        }
        // One point, but not the two of a range.
        if position + 1 < characters.count, characters[position] == ".", characters[position + 1].isNumber {
            position += 1
            while position < characters.count, characters[position].isASCII, characters[position].isNumber {
                position += 1
            }
        }
        guard let value = Double(String(characters[start..<position])), value.isFinite else {
            throw fail("expected a number", at: start)
        }
        return (value, word().text, start)
    }

    private mutating func count(_ what: String) throws(RequirementError) -> Int {
        let (value, unit, column) = try quantity()
        guard unit.isEmpty, let count = Int(exactly: value), count >= 1, count <= 1 << 20 else {
            throw fail("\(what) is a whole number from 1", at: column)
        }
        return count
    }

    /// A size with its unit: K, M, G and T count in thousands, KiB, MiB, GiB and TiB in 1024s.
    private mutating func size() throws(RequirementError) -> Int64 {
        let (value, unit, column) = try quantity()
        guard !unit.isEmpty else {
            throw fail(
                "a memory size needs a unit, as in \(NumberText.lua(value).replacing(".0", with: ""))G",
                at: column)
        }
        let powers: [Character: Double] = ["k": 1, "m": 2, "g": 3, "t": 4]
        let lower = unit.lowercased()
        guard let power = lower.first.flatMap({ powers[$0] }), ["", "b", "ib"].contains(lower.dropFirst())
        else {
            throw fail("unknown unit '\(unit)' of memory: K, M, G, T, or KiB, MiB, GiB, TiB", at: column)
        }
        let base = lower.hasSuffix("ib") ? 1024.0 : 1000.0
        var bytes = value
        for _ in 0..<Int(power) { bytes *= base }
        guard bytes >= 1, bytes < 1e18 else { throw fail("a memory size is more than nothing", at: column) }
        return Int64(bytes)
    }
}
