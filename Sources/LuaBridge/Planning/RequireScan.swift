import Text

/// Finds the names that a Lua text requires by a plain text: `require "a.b"`, `require("a.b")`.
struct RequireScan {
    private let content: [UInt8]
    private var position = 0
    private var names: [String] = []

    private init(_ content: [UInt8]) { self.content = content }

    static func names(in content: [UInt8]) -> [String] {
        var scan = RequireScan(content)
        scan.run()
        return scan.names
    }

    private var byte: UInt8 { position < content.count ? content[position] : 0 }

    private mutating func run() {
        // What comes before a word, but for blanks.
        var before: UInt8 = 0
        while position < content.count {
            skipBlanks()
            guard position < content.count else { return }
            if isWord(byte) {
                let isField = before == UInt8(ascii: ".") || before == UInt8(ascii: ":")
                before = byte
                if word().elementsEqual("require".utf8), !isField, let name = argument() {
                    names.append(name)
                }
                continue
            }
            before = byte
            if text() == nil, longText() == nil { position += 1 }
        }
    }

    private func isWord(_ byte: UInt8) -> Bool { byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") }

    private mutating func word() -> ArraySlice<UInt8> {
        let start = position
        while isWord(byte) { position += 1 }
        return content[start..<position]
    }

    /// Blanks, line ends and comments.
    private mutating func skipBlanks() {
        while position < content.count {
            if byte.isBlank || (9...13).contains(byte) {
                position += 1
            } else if content[position...].starts(with: "--".utf8) {
                position += 2
                if longText() == nil {
                    while position < content.count, byte != 0x0a { position += 1 }
                }
            } else {
                return
            }
        }
    }

    /// The name behind `require`, if it is a plain text.
    private mutating func argument() -> String? {
        skipBlanks()
        if byte == UInt8(ascii: "(") {
            position += 1
            skipBlanks()
        }
        guard let text = text() ?? longText(), !text.contains(UInt8(ascii: "\\")) else { return nil }
        return String(validating: text, as: UTF8.self)
    }

    /// Passes a text in quotes; nil where none begins here.
    private mutating func text() -> ArraySlice<UInt8>? {
        let quote = byte
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
        position += 1
        let start = position
        while position < content.count, byte != quote, byte != 0x0a {
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        let end = min(position, content.count)
        position = min(end + 1, content.count)
        return content[start..<end]
    }

    /// Passes a text in long brackets, `[[…]]` or `[==[…]==]`; nil where none begins here.
    private mutating func longText() -> ArraySlice<UInt8>? {
        guard byte == UInt8(ascii: "[") else { return nil }
        let level = content[(position + 1)...].prefix { $0 == UInt8(ascii: "=") }
        guard level.endIndex < content.count, content[level.endIndex] == UInt8(ascii: "[") else { return nil }
        let end = [UInt8(ascii: "]")] + level + [UInt8(ascii: "]")]
        let start = level.endIndex + 1
        var at = start
        while at < content.count, !content[at...].starts(with: end) { at += 1 }
        position = min(at + end.count, content.count)
        return content[start..<at]
    }
}
