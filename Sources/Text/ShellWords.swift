/// Words of the shell, in single quotes.
package enum ShellWords {
    /// The word as the shell reads it back: `it's` becomes `'it'\''s'`; plain words stay as they are.
    package static func quote(_ word: String) -> String {
        isPlain(word) ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
    }

    /// Whether the shell reads a word as it stands: letters, digits and `%+,-./:=@_` of ASCII.
    package static func isPlain(_ word: String) -> Bool { !word.isEmpty && word.utf8.allSatisfy(isPlain) }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter
            || [0x25, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x3a, 0x3d, 0x40, 0x5f].contains(byte)
    }

    /// Takes one word, as `quote` writes it, off the front; nil if there is none or it is written in another
    /// way.
    package static func read(_ text: inout Substring) -> String? {
        var word: [UInt8] = []
        var bytes = text.utf8[...]
        var isWord = false
        scan: while let byte = bytes.first {
            switch byte {
            case UInt8(ascii: "'"):
                bytes = bytes.dropFirst()
                guard let end = bytes.firstIndex(of: UInt8(ascii: "'")) else { return nil }
                word.append(contentsOf: bytes[..<end])
                bytes = bytes[bytes.index(after: end)...]
            case UInt8(ascii: "\\"):
                bytes = bytes.dropFirst()
                guard bytes.first == UInt8(ascii: "'") else { return nil }
                word.append(UInt8(ascii: "'"))
                bytes = bytes.dropFirst()
            case UInt8(ascii: " "), UInt8(ascii: "\n"): break scan
            default:
                guard isPlain(byte) else { return nil }
                word.append(byte)
                bytes = bytes.dropFirst()
            }
            isWord = true
        }
        guard isWord else { return nil }
        text = text[bytes.startIndex...]
        return String(decoding: word, as: UTF8.self)
    }

    /// The words of a line as a shell splits it: quotes and backslashes, and nothing else. A quote that is not closed
    /// goes to the end.
    package static func split(_ text: String) -> [String] {
        var words: [[UInt8]] = []
        var word: [UInt8]?
        var quote: UInt8?
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            switch (byte, quote) {
            case (UInt8(ascii: "'"), UInt8(ascii: "'")?), (UInt8(ascii: "\""), UInt8(ascii: "\"")?):
                quote = nil
            case (UInt8(ascii: "'"), nil), (UInt8(ascii: "\""), nil):
                quote = byte
                word = word ?? []
            case (UInt8(ascii: "\\"), nil):
                if let next = bytes.popFirst() { word = (word ?? []) + [next] }
            case (UInt8(ascii: "\\"), UInt8(ascii: "\"")?):
                // Before these it quotes, before others it is itself (XCU, 2.2.3).
                if let next = bytes.first, "\"\\$`".utf8.contains(next) {
                    word = (word ?? []) + [next]
                    bytes.removeFirst()
                } else {
                    word = (word ?? []) + [byte]
                }
            case (UInt8(ascii: " "), nil), (UInt8(ascii: "\t"), nil), (UInt8(ascii: "\n"), nil):
                if let whole = word { words.append(whole) }
                word = nil
            default: word = (word ?? []) + [byte]
            }
        }
        if let word { words.append(word) }
        return words.map { String(decoding: $0, as: UTF8.self) }
    }
}
