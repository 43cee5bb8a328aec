import Text

/// Writes values in the canonical bytes of `identity.md`.
struct ValueEncoder {
    var bytes: [UInt8] = []
    /// What the bytes from an offset on mean; nil where nobody asks.
    var notes: [Note]?
    struct Note {
        let offset: Int
        let text: String
    }
    /// The bytes that begin each kind of value.
    enum Tag {
        static let object: UInt8 = 0x00
        static let int: UInt8 = 0x01
        static let float: UInt8 = 0x02
        static let string: UInt8 = 0x03
        static let name: UInt8 = 0x05
        static let null: UInt8 = 0x06
        static let list: UInt8 = 0x07
        static let task: UInt8 = 0x08
        static let map: UInt8 = 0x09
        static let member: UInt8 = 0x0a
        static let cycle: UInt8 = 0x0b
        static let initTasks: UInt8 = 0x0c
        static let instance: UInt8 = 0x0d
        static let set: UInt8 = 0x0e
        /// A string with a byte below this one would be ambiguous after `string`: here its length goes first.
        static let countedString: UInt8 = 0x0f
        static let countedMap: UInt8 = 0x10
    }

    /// Tells what comes next, if somebody asks.
    mutating func note(_ text: @autoclosure () -> String) {
        if notes != nil { notes?.append(Note(offset: bytes.count, text: text())) }
    }

    mutating func write(word: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }

    mutating func write(int: Int64) {
        bytes.append(Tag.int)
        write(word: UInt64(bitPattern: int))
    }

    mutating func write(float: Double) {
        bytes.append(Tag.float)
        write(word: float.bitPattern)
    }

    /// A count, written as a double.
    mutating func write(count: Int) { write(word: Double(count).bitPattern) }

    mutating func write(string: String) {
        if string.utf8.contains(where: { $0 < Tag.countedString }) {
            bytes.append(Tag.countedString)
            write(word: UInt64(string.utf8.count))
        } else {
            bytes.append(Tag.string)
        }
        bytes.append(contentsOf: string.utf8)
    }
}
