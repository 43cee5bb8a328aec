/// One try to match. A translation of Lua's lstrlib.c, whose patterns these are.
struct Match {
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
            case UInt8(ascii: "%") where p + 1 < pattern.count && pattern[p + 1] == Self.number:
                guard let end = Self.endOfNumber(in: text, from: s) else { return nil }
                steps -= end - s
                (s, p) = (end, p + 2)
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

    /// The class of `{number}` within a pattern.
    static let number: UInt8 = 1

    static func beginsNumber(_ byte: UInt8) -> Bool {
        byte.isDigit || "+-.".utf8.contains(byte) || "in".utf8.contains(byte | 0x20)
    }

    /// Where the longest number that begins at a place ends; nil where there is none.
    static func endOfNumber(in text: ArraySlice<UInt8>, from start: Int) -> Int? {
        var place = start
        func digits() -> Int {
            let first = place
            while place < text.endIndex, text[place].isDigit { place += 1 }
            return place - first
        }
        if place < text.endIndex, text[place] == UInt8(ascii: "-") || text[place] == UInt8(ascii: "+") {
            place += 1
        }
        for word in ["infinity", "inf", "nan"] {
            let rest = text[place...].prefix(word.utf8.count)
            guard rest.count == word.utf8.count, rest.elementsEqual(word.utf8, by: { $0 | 0x20 == $1 }) else {
                continue
            }
            let end = place + rest.count
            // `info` is no number.
            return end < text.endIndex && (isLetter(text[end]) || text[end].isDigit) ? nil : end
        }
        var count = digits()
        if place < text.endIndex, text[place] == UInt8(ascii: ".") {
            place += 1
            let fraction = digits()
            // A sentence may end with a number.
            if fraction == 0 { place -= 1 }
            count += fraction
        }
        guard count > 0 else { return nil }
        let end = place
        if place < text.endIndex, text[place] | 0x20 == UInt8(ascii: "e") {
            place += 1
            if place < text.endIndex, text[place] == UInt8(ascii: "-") || text[place] == UInt8(ascii: "+") {
                place += 1
            }
            if digits() > 0 { return place }
        }
        return end
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
