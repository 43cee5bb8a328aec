/// A pattern of Lua (Reference Manual 5.4, §6.4.1), for what is matched where no interpreter runs.
///
/// On bytes, in the "C" locale, as Lua does. Not supported: position captures as results. Beyond Lua's,
/// `{number}` is a capture of a whole number as programs print it: `3`, `-0.5`, `1.2e-05`, `nan`, `inf`.
package struct LuaPattern: Sendable, Equatable {
    private let bytes: [UInt8]
    private let isAnchored: Bool
    /// Whether only one place has to be tried: the pattern says so, or begins with what matches any text
    /// before the rest.
    private let isTriedOnce: Bool
    /// The longest run of bytes that every match has in it; empty where there is none.
    package let required: [UInt8]
    /// Which bytes a match can begin with; nil for any.
    private let firsts: [Bool]?
    /// The bytes that every match begins with, and where the pattern goes on behind them.
    private let prefix: [UInt8]
    private let rest: Int
    /// Which bytes may follow them; nil for any, or for the end.
    private let followers: [Bool]?

    /// What stands for a number in a pattern. Within, it is the class of a byte that no pattern has.
    package static let number = "{number}"

    /// Where the longest number that begins at a place of a text ends; nil where there is none.
    package static func endOfNumber(in text: ArraySlice<UInt8>, from start: Int) -> Int? {
        Match.endOfNumber(in: text, from: start)
    }

    /// Why a text is no pattern.
    package struct Malformed: Error, Equatable {
        package let text: String

        package init(text: String) { self.text = text }
    }

    package init(_ text: String) throws(Malformed) {
        bytes = Array(text.replacing(Self.number, with: "(%\u{1})").utf8)
        isAnchored = text.hasPrefix("^")
        isTriedOnce = isAnchored || text.hasPrefix(".*") || text.hasPrefix(".-")
        let start = isAnchored ? 1 : 0
        (required, firsts) = try Self.check(bytes, from: start)
        (prefix, rest) = Self.prefix(of: bytes, from: start)
        followers = prefix.isEmpty ? nil : Self.followers(of: bytes, at: rest)
    }

    /// How many steps of matching are spent on a text before it is given up: a hostile pattern ends, within a
    /// second.
    package struct Budget {
        package fileprivate(set) var steps: Int

        /// - Parameter length: of the text, in bytes.
        package init(for length: Int) { steps = 1_000_000 + min(length, 200_000) * 100 }

        package var isSpent: Bool { steps <= 0 }
    }

    /// The first capture of the last match, where one match begins behind the end of the one before (Lua's
    /// `gmatch`).
    package func lastCapture(in line: ArraySlice<UInt8>, _ budget: inout Budget) -> ArraySlice<UInt8>? {
        var last: ArraySlice<UInt8>?
        var start = line.startIndex
        while let found = match(in: line, from: start, &budget) {
            last = found.capture
            // An anchored pattern matches once.
            if isAnchored || found.end == line.endIndex { break }
            start = max(found.end, found.start + 1)
        }
        return last
    }

    /// The first capture of the first match, or the whole match where the pattern has none; nil where nothing
    /// matches.
    package func firstCapture(in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var budget = Budget(for: line.count)
        return match(in: line, from: line.startIndex, &budget)?.capture
    }

    private func match(
        in line: ArraySlice<UInt8>, from first: Int, _ budget: inout Budget
    ) -> (start: Int, end: Int, capture: ArraySlice<UInt8>)? {
        var start = first
        // Most lines have no place where a match may begin.
        if let firsts, !isAnchored {
            guard let next = candidate(in: line, from: start, firsts) else { return nil }
            start = next
        }
        var match = Match(pattern: bytes, text: line, steps: budget.steps)
        while true {
            match.captures.removeAll(keepingCapacity: true)
            // Of an anchored pattern the beginning was not looked at yet.
            let end =
                isAnchored || firsts == nil
                ? match.match(start, isAnchored ? 1 : 0) : match.match(start + prefix.count, rest)
            budget.steps = match.steps
            if let end {
                guard let capture = match.captures.first else { return (start, end, line[start..<end]) }
                return (start, end, line[capture.start..<(capture.end ?? capture.start)])
            }
            if isTriedOnce || start == line.endIndex || budget.isSpent { return nil }
            start += 1
            if let firsts, !isAnchored {
                guard let next = candidate(in: line, from: start, firsts) else { return nil }
                start = next
            }
        }
    }

    /// The next place where a match may begin.
    private func candidate(in line: ArraySlice<UInt8>, from start: Int, _ firsts: [Bool]) -> Int? {
        let found: Int? = unsafe line.withUnsafeBufferPointer { text in
            unsafe prefix.withUnsafeBufferPointer { prefix in
                var place = start - line.startIndex
                while place < text.count {
                    defer { place += 1 }
                    guard unsafe firsts[Int(text[place])], prefix.count <= text.count - place else {
                        continue
                    }
                    var length = 1
                    while length < prefix.count, unsafe text[place + length] == prefix[length] {
                        length += 1
                    }
                    guard length >= prefix.count else { continue }
                    // What cannot follow is not tried.
                    let next = place + prefix.count
                    if let followers {
                        guard next < text.count, unsafe followers[Int(text[next])] else { continue }
                    }
                    return place
                }
                return nil
            }
        }
        return found.map { $0 + line.startIndex }
    }

    /// The plain bytes that a pattern begins with.
    private static func prefix(of bytes: [UInt8], from start: Int) -> ([UInt8], rest: Int) {
        var prefix: [UInt8] = []
        var position = start
        while position < bytes.count, !"()".utf8.contains(bytes[position]),
            let byte = Match.literal(position, bytes), let behind = Match.endOfClass(position, bytes)
        {
            if bytes[position] == UInt8(ascii: "%"), bytes[position + 1].isDigit { break }
            if behind < bytes.count, "*+-?".utf8.contains(bytes[behind]) { break }
            prefix.append(byte)
            position = behind
        }
        return (prefix, position)
    }

    /// The bytes of which one has to come at a place of a pattern; nil where there may be another, or none.
    private static func followers(of bytes: [UInt8], at place: Int) -> [Bool]? {
        var position = place
        while position < bytes.count, bytes[position] == UInt8(ascii: "(") { position += 1 }
        guard position < bytes.count, bytes[position] != UInt8(ascii: ")"),
            let behind = Match.endOfClass(position, bytes)
        else { return nil }
        let isSign = bytes[position] == UInt8(ascii: "%")
        if isSign, bytes[position + 1] == Match.number {
            return (0...255).map { Match.beginsNumber(UInt8($0)) }
        }
        // %b, %f and %1 are no single bytes; a sign at the end is an anchor.
        if isSign,
            [UInt8(ascii: "b"), UInt8(ascii: "f")].contains(bytes[position + 1])
                || bytes[position + 1].isDigit
        {
            return nil
        }
        if bytes[position] == UInt8(ascii: "$"), behind == bytes.count { return nil }
        if behind < bytes.count, "*-?".utf8.contains(bytes[behind]) { return nil }
        return (0...255).map { Match.isSingle(UInt8($0), position, behind, bytes) }
    }

    /// Walks over a pattern once, as matching would.
    ///
    /// - Returns: what every match has in it, and begins with.
    private static func check(
        _ bytes: [UInt8], from start: Int
    ) throws(Malformed) -> (required: [UInt8], firsts: [Bool]?) {
        var position = start
        var open: [Int] = []
        var count = 0
        var (longest, run) = ([UInt8](), [UInt8]())
        var firsts: [Bool]?
        var isFirst = true
        func end() {
            if run.count > longest.count { longest = run }
            run = []
            isFirst = false
        }
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "("):
                open.append(count)
                count += 1
                guard count <= Match.most else { throw Malformed(text: "too many captures") }
                position += 1
            case UInt8(ascii: ")"):
                guard !open.isEmpty else { throw Malformed(text: "')' without '('") }
                open.removeLast()
                position += 1
            case UInt8(ascii: "%") where position + 1 < bytes.count && bytes[position + 1] == Match.number:
                if isFirst { firsts = (0...255).map { Match.beginsNumber(UInt8($0)) } }
                position += 2
                end()
            case UInt8(ascii: "%")
            where position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "b"):
                guard position + 3 < bytes.count else { throw Malformed(text: "%b needs two characters") }
                position += 4
                end()
            case UInt8(ascii: "%")
            where position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "f"):
                position += 2
                guard position < bytes.count, bytes[position] == UInt8(ascii: "[") else {
                    throw Malformed(text: "'[' is missing after %f")
                }
                // The set itself takes no byte of the text: what follows it here is read as one that does,
                // which ends a run.
                end()
            default:
                guard let behind = Match.endOfClass(position, bytes) else {
                    throw Malformed(
                        text: bytes[position] == UInt8(ascii: "[") ? "']' is missing" : "it ends with '%'")
                }
                let digit = bytes[position] == UInt8(ascii: "%") ? Int(bytes[position + 1]) - 0x30 : -1
                if (0...9).contains(digit), digit == 0 || digit > count || open.contains(digit - 1) {
                    throw Malformed(text: "there is no capture %\(digit)")
                }
                let suffix = behind < bytes.count ? bytes[behind] : 0
                let isOptional = "*-?".utf8.contains(suffix)
                if isFirst, digit < 0, !isOptional,
                    !(bytes[position] == UInt8(ascii: "$") && behind == bytes.count)
                {
                    firsts = (0...255).map { Match.isSingle(UInt8($0), position, behind, bytes) }
                }
                isFirst = false
                if !isOptional, digit < 0, let byte = Match.literal(position, bytes) {
                    run.append(byte)
                } else {
                    end()
                }
                if isOptional || suffix == UInt8(ascii: "+") { end() }
                position = behind
                if position < bytes.count, "*+-?".utf8.contains(bytes[position]) { position += 1 }
            }
        }
        if !open.isEmpty { throw Malformed(text: "')' is missing") }
        end()
        return (longest, firsts)
    }
}
