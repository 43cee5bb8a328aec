/// A pattern of Lua (Reference Manual 5.4, §6.4.1), for what is matched where no interpreter runs.
///
/// On bytes, in the "C" locale, as Lua does. Not supported: position captures as results.
package struct LuaPattern: Sendable, Equatable {
    private let bytes: [UInt8]
    private let isAnchored: Bool
    /// Whether only one place has to be tried: the pattern says so, or begins with what matches any text before the rest.
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

    /// Why a text is no pattern.
    package struct Malformed: Error, Equatable {
        package let text: String

        package init(text: String) { self.text = text }
    }

    package init(_ text: String) throws(Malformed) {
        bytes = Array(text.utf8)
        isAnchored = text.hasPrefix("^")
        isTriedOnce = isAnchored || text.hasPrefix(".*") || text.hasPrefix(".-")
        let start = isAnchored ? 1 : 0
        (required, firsts) = try Self.check(bytes, from: start)
        (prefix, rest) = Self.prefix(of: bytes, from: start)
        followers = prefix.isEmpty ? nil : Self.followers(of: bytes, at: rest)
    }

    /// How many steps of matching are spent on a text before it is given up: a hostile pattern ends, within a second.
    package struct Budget {
        package fileprivate(set) var steps: Int

        /// - Parameter length: of the text, in bytes.
        package init(for length: Int) { steps = 1_000_000 + min(length, 200_000) * 100 }

        package var isSpent: Bool { steps <= 0 }
    }

    /// The first capture of the last match, where one match begins behind the end of the one before (Lua's `gmatch`).
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

    /// The first capture of the first match, or the whole match where the pattern has none; nil where nothing matches.
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
                // The set itself takes no byte of the text: what follows it here is read as one that does, which ends a run.
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

/// One try to match. A translation of Lua's lstrlib.c, whose patterns these are.
private struct Match {
    static let most = 32
    private static let deepest = 200

    let pattern: [UInt8]
    let text: ArraySlice<UInt8>
    var captures: [(start: Int, end: Int?)] = []
    private var depth = 0
    /// How many steps are left.
    private(set) var steps: Int

    init(pattern: [UInt8], text: ArraySlice<UInt8>, steps: Int) {
        self.pattern = pattern
        self.text = text
        self.steps = steps
    }

    /// Where a single class ends; nil for one without an end.
    static func endOfClass(_ start: Int, _ pattern: [UInt8]) -> Int? {
        var position = start + 1
        switch pattern[start] {
        case UInt8(ascii: "%"): return position < pattern.count ? position + 1 : nil
        case UInt8(ascii: "["):
            if position < pattern.count, pattern[position] == UInt8(ascii: "^") { position += 1 }
            repeat {
                guard position < pattern.count else { return nil }
                let byte = pattern[position]
                position += 1
                if byte == UInt8(ascii: "%") {
                    guard position < pattern.count else { return nil }
                    position += 1
                }
            } while position >= pattern.count || pattern[position] != UInt8(ascii: "]")
            return position + 1
        default: return position
        }
    }

    mutating func match(_ start: Int, _ from: Int) -> Int? {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest else { return nil }
        var (s, p) = (start, from)
        while p < pattern.count {
            steps -= 1
            guard steps > 0 else { return nil }
            switch pattern[p] {
            case UInt8(ascii: "("):
                captures.append((s, nil))
                if let end = match(s, p + 1) { return end }
                captures.removeLast()
                return nil
            case UInt8(ascii: ")"):
                guard let open = captures.lastIndex(where: { $0.end == nil }) else { return nil }
                captures[open].end = s
                if let end = match(s, p + 1) { return end }
                captures[open].end = nil
                return nil
            case UInt8(ascii: "$") where p + 1 == pattern.count: return s == text.endIndex ? s : nil
            case UInt8(ascii: "%") where p + 1 < pattern.count && pattern[p + 1] == UInt8(ascii: "b"):
                guard let end = balance(s, p + 2) else { return nil }
                (s, p) = (end, p + 4)
                continue
            case UInt8(ascii: "%") where p + 1 < pattern.count && pattern[p + 1] == UInt8(ascii: "f"):
                p += 2
                guard let end = Self.endOfClass(p, pattern) else { return nil }
                let before = s == text.startIndex ? 0 : text[s - 1]
                let after = s < text.endIndex ? text[s] : 0
                guard !isInSet(before, p, end - 1), isInSet(after, p, end - 1) else { return nil }
                p = end
                continue
            case UInt8(ascii: "%") where p + 1 < pattern.count && (0x30...0x39).contains(pattern[p + 1]):
                let number = Int(pattern[p + 1]) - 0x31
                guard captures.indices.contains(number), let end = captures[number].end else { return nil }
                let known = text[captures[number].start..<end]
                guard text[s...].starts(with: known) else { return nil }
                (s, p) = (s + known.count, p + 2)
                continue
            default: break
            }
            guard let end = Self.endOfClass(p, pattern) else { return nil }
            let suffix = end < pattern.count ? pattern[end] : 0
            switch suffix {
            case UInt8(ascii: "?"):
                if isSingle(s, p, end), let found = match(s + 1, end + 1) { return found }
                p = end + 1
            case UInt8(ascii: "*"): return expand(s, p, end, least: 0)
            case UInt8(ascii: "+"): return expand(s, p, end, least: 1)
            case UInt8(ascii: "-"):
                while true {
                    steps -= 1
                    guard steps > 0 else { return nil }
                    if let found = match(s, end + 1) { return found }
                    guard isSingle(s, p, end) else { return nil }
                    s += 1
                }
            default:
                guard isSingle(s, p, end) else { return nil }
                (s, p) = (s + 1, end)
            }
        }
        return s
    }

    /// As many as there are, then fewer.
    private mutating func expand(_ s: Int, _ p: Int, _ end: Int, least: Int) -> Int? {
        var count = 0
        while isSingle(s + count, p, end) { count += 1 }
        steps -= count
        while count >= least {
            guard steps > 0 else { return nil }
            if let found = match(s + count, end + 1) { return found }
            count -= 1
        }
        return nil
    }

    private mutating func balance(_ s: Int, _ p: Int) -> Int? {
        guard s < text.endIndex, text[s] == pattern[p] else { return nil }
        var level = 1
        var position = s + 1
        while position < text.endIndex {
            steps -= 1
            if text[position] == pattern[p + 1] {
                level -= 1
                if level == 0 { return position + 1 }
            } else if text[position] == pattern[p] {
                level += 1
            }
            position += 1
        }
        return nil
    }

    private func isSingle(_ s: Int, _ p: Int, _ end: Int) -> Bool {
        s < text.endIndex && Self.isSingle(text[s], p, end, pattern)
    }

    static func isSingle(_ byte: UInt8, _ p: Int, _ end: Int, _ pattern: [UInt8]) -> Bool {
        switch pattern[p] {
        case UInt8(ascii: "."): true
        case UInt8(ascii: "%"): isClass(byte, pattern[p + 1])
        case UInt8(ascii: "["): isInSet(byte, p, end - 1, pattern)
        case let own: own == byte
        }
    }

    /// The only byte that a single class fits; nil where there are others.
    static func literal(_ p: Int, _ pattern: [UInt8]) -> UInt8? {
        switch pattern[p] {
        case UInt8(ascii: "."), UInt8(ascii: "["): nil
        // An anchor at the end, which the caller cannot tell from the sign in the middle.
        case UInt8(ascii: "$") where p + 1 == pattern.count: nil
        case UInt8(ascii: "%"): isLetter(pattern[p + 1]) ? nil : pattern[p + 1]
        case let byte: byte
        }
    }

    private func isInSet(_ byte: UInt8, _ first: Int, _ last: Int) -> Bool {
        Self.isInSet(byte, first, last, pattern)
    }

    /// - Parameter last: the position of the `]`.
    private static func isInSet(_ byte: UInt8, _ first: Int, _ last: Int, _ pattern: [UInt8]) -> Bool {
        var position = first + 1
        var isIn = true
        if pattern[position] == UInt8(ascii: "^") {
            isIn = false
            position += 1
        }
        while position < last {
            if pattern[position] == UInt8(ascii: "%") {
                position += 1
                if isClass(byte, pattern[position]) { return isIn }
                position += 1
            } else if position + 2 < last, pattern[position + 1] == UInt8(ascii: "-") {
                if pattern[position] <= byte, byte <= pattern[position + 2] { return isIn }
                position += 3
            } else {
                if pattern[position] == byte { return isIn }
                position += 1
            }
        }
        return !isIn
    }

    private static func isClass(_ byte: UInt8, _ name: UInt8) -> Bool {
        let isIn: Bool
        switch name | 0x20 {
        case UInt8(ascii: "a"): isIn = isLetter(byte)
        case UInt8(ascii: "c"): isIn = byte < 0x20 || byte == 0x7f
        case UInt8(ascii: "d"): isIn = (0x30...0x39).contains(byte)
        case UInt8(ascii: "g"): isIn = (0x21...0x7e).contains(byte)
        case UInt8(ascii: "l"): isIn = (0x61...0x7a).contains(byte)
        case UInt8(ascii: "p"):
            isIn = (0x21...0x7e).contains(byte) && !isLetter(byte) && !(0x30...0x39).contains(byte)
        case UInt8(ascii: "s"): isIn = byte == 0x20 || (0x09...0x0d).contains(byte)
        case UInt8(ascii: "u"): isIn = (0x41...0x5a).contains(byte)
        case UInt8(ascii: "w"): isIn = isLetter(byte) || (0x30...0x39).contains(byte)
        case UInt8(ascii: "x"):
            isIn = (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
        default: return name == byte
        }
        // Only letters name classes; a capital one is the rest.
        guard isLetter(name) else { return name == byte }
        return (0x41...0x5a).contains(name) ? !isIn : isIn
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }
}
