import Text

/// What somebody has pressed.
package enum Key: Sendable, Equatable {
    case text(String)
    case enter, escape, tab, backTab, backspace, delete
    case up, down, left, right, home, end, pageUp, pageDown
    /// Ctrl with a letter, in lower case.
    case control(Character)

    package static func == (left: Key, right: Key) -> Bool {
        switch (left, right) {
        case (.text(let one), .text(let other)): one == other
        case (.control(let one), .control(let other)): one == other
        case (.text, _), (.control, _), (_, .text), (_, .control): false
        default: left.name == right.name
        }
    }

    private var name: String { "\(self)" }
}

/// Makes keys of the bytes that a terminal sends (xterm's control sequences, "PC-Style Function Keys").
package struct KeyReader: Sendable {
    private var bytes: [UInt8] = []
    /// A sequence is not longer: what is, is none.
    private static let longest = 32

    package init() {}

    /// Whether a part of a key is there, which may be the Escape key itself.
    package var isWaiting: Bool { !bytes.isEmpty }

    /// The keys that are whole.
    ///
    /// - Parameter isEnd: whether nothing more comes: an ESC by itself is the key.
    package mutating func read(_ new: [UInt8], isEnd: Bool = false) -> [Key] {
        bytes += new
        var keys: [Key] = []
        while !bytes.isEmpty {
            guard let (key, count) = next(isEnd) else { break }
            bytes.removeFirst(count)
            if let key { keys.append(key) }
        }
        return keys
    }

    /// The first key and how many bytes it has; nil where more are needed.
    private func next(_ isEnd: Bool) -> (Key?, Int)? {
        let first = bytes[0]
        switch first {
        case 0x1b: return sequence(isEnd)
        case 0x0d, 0x0a: return (.enter, 1)
        case 0x09: return (.tab, 1)
        case 0x7f, 0x08: return (.backspace, 1)
        case 0: return (nil, 1)
        case 1...26: return (.control(Character(Unicode.Scalar(first + 0x60))), 1)
        case 0x1c...0x1f: return (nil, 1)
        case 0x20..<0x80: return (.text(String(Unicode.Scalar(first))), 1)
        default:
            let count = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
            guard bytes.count >= count || isEnd else { return nil }
            let text = String(decoding: bytes.prefix(count), as: UTF8.self)
            return (text.has(0x1b) || text.contains("\u{fffd}") ? nil : .text(text), min(count, bytes.count))
        }
    }

    /// What begins with ESC.
    private func sequence(_ isEnd: Bool) -> (Key?, Int)? {
        guard bytes.count > 1 else { return isEnd ? (.escape, 1) : nil }
        switch bytes[1] {
        case UInt8(ascii: "["):
            guard let last = bytes.dropFirst(2).firstIndex(where: { (0x40...0x7e).contains($0) }) else {
                return isEnd || bytes.count > Self.longest ? (.escape, bytes.count) : nil
            }
            let parameters = String(decoding: bytes[2..<last], as: UTF8.self)
            return (Self.key(bytes[last], parameters), last + 1)
        case UInt8(ascii: "O"):
            guard bytes.count > 2 else { return isEnd ? (.escape, 1) : nil }
            return (Self.key(bytes[2], ""), 3)
        default: return (.escape, 1)
        }
    }

    private static func key(_ last: UInt8, _ parameters: String) -> Key? {
        switch last {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): .right
        case UInt8(ascii: "D"): .left
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "Z"): .backTab
        case UInt8(ascii: "~"):
            switch parameters.prefix(while: { $0 != ";" }) {
            case "1", "7": .home
            case "4", "8": .end
            case "3": .delete
            case "5": .pageUp
            case "6": .pageDown
            default: nil
            }
        default: nil
        }
    }
}
