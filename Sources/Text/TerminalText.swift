/// Foreign text for a terminal: what would move the cursor, switch colours or turn the direction of writing
/// is shown as an escape.
package enum TerminalText {
    /// Text of any number of lines.
    ///
    /// - Parameter allowsColours: whether `ESC [ … m` stays: of xpm's own text, on a terminal.
    package static func safe(_ text: String, allowsColours: Bool = false) -> String {
        isSafe(text, except: allowsColours ? [0x09, 0x0a, 0x1b] : [0x09, 0x0a])
            && !(allowsColours && text.has(0x1b))
            ? text : escaped(text, allowsColours: allowsColours, isLine: false)
    }

    /// Text on one line: tabs are blanks, and what ends a line is shown as an escape too.
    ///
    /// - Parameter most: how many bytes are shown; of a longer text its length is told.
    package static func line(_ text: String, most: Int = 1000) -> String {
        let text = text.utf8.count > most ? shortened(text, to: most) : text
        return isSafe(text, except: []) ? text : escaped(text, allowsColours: false, isLine: true)
    }

    /// The start of a text, and how long it is.
    package static func shortened(_ text: String, to most: Int) -> String {
        let count = text.utf8.count
        guard count > most else { return text }
        let told = "… (\(count) bytes)"
        return text.prefix(bytes: max(1, most - told.utf8.count)) + told
    }

    /// Without the sequences that terminals take for themselves: colours, titles, moves (ECMA-48, 5.4 and
    /// 5.6).
    package static func plain(_ text: String) -> String {
        text.has(0x1b) ? String(decoding: plain(Array(text.utf8)[...]), as: UTF8.self) : text
    }

    package static func plain(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard bytes.contains(0x1b) else { return bytes }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var rest = bytes
        while let escape = rest.firstIndex(of: 0x1b) {
            out.append(contentsOf: rest[..<escape])
            rest = rest[(escape + 1)...]
            switch rest.popFirst() {
            case UInt8(ascii: "["):
                rest = rest.drop { (0x20...0x3f).contains($0) }
                if let last = rest.first, (0x40...0x7e).contains(last) { rest.removeFirst() }
            case UInt8(ascii: "]"):
                rest = rest.drop { $0 != 0x07 && $0 != 0x1b && $0 != 0x0a }
                if rest.first == 0x07 {
                    rest.removeFirst()
                } else if rest.first == 0x1b {
                    rest = rest.dropFirst(2)
                }
            default: break
            }
        }
        out.append(contentsOf: rest)
        return out[...]
    }

    /// What a terminal would show of a line: what stands after the last return to its start.
    package static func overwritten(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        return line.lastIndex(of: UInt8(ascii: "\r")).map { line[($0 + 1)...] } ?? line
    }

    private static func isSafe(_ text: String, except allowed: [UInt8]) -> Bool {
        text.isPrintableASCII
            || text.utf8.allSatisfy { (0x20..<0x7f).contains($0) || allowed.contains($0) }
            || !text.unicodeScalars.contains {
                isDangerous($0) && !($0.isASCII && allowed.contains(UInt8($0.value)))
            }
    }

    /// Controls (C0, DEL, C1), and what embeds or overrides a direction (Unicode Standard Annex 9).
    static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escaped(_ text: String, allowsColours: Bool, isLine: Bool) -> String {
        var out = ""
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\n" where !isLine, "\t" where !isLine: out.unicodeScalars.append(scalar)
            case "\t": out += " "
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\u{1b}" where allowsColours:
                if let code = colour(in: scalars) {
                    out.unicodeScalars.append(scalar)
                    out.unicodeScalars.append(contentsOf: scalars.prefix(code))
                    scalars = scalars.dropFirst(code)
                } else {
                    out += "\\u{1B}"
                }
            case let scalar where isDangerous(scalar):
                out += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// The length of `[31m` at the start of a text; nil for anything else.
    private static func colour(in scalars: Substring.UnicodeScalarView) -> Int? {
        guard scalars.first == "[" else { return nil }
        let digits = scalars.dropFirst().prefix { ("0"..."9").contains($0) || $0 == ";" }
        guard scalars.dropFirst(1 + digits.count).first == "m" else { return nil }
        return digits.count + 2
    }
}
