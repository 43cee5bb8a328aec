/// Strings as Lua source.
package enum LuaText {
    /// The string in double quotes; bytes outside printable ASCII, but for UTF-8, as decimal escapes.
    package static func quote(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\" + String(scalar)
            case "\n": out += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value)
                out += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// What `quote` writes between its quotes.
    package static func inside(_ text: String) -> String {
        let quoted = quote(text)
        return String(quoted.utf8.dropFirst().dropLast()) ?? ""
    }

    /// A key as a table has it: `lr`, `["end"]`.
    package static func key(_ name: String) -> String { isName(name) ? name : "[\(quote(name))]" }

    /// A field of a table: `cfg.lr`, `cfg["end"]`.
    package static func field(_ table: String, _ name: String) -> String {
        isName(name) ? "\(table).\(name)" : "\(table)[\(quote(name))]"
    }

    /// Whether a text is a name of Lua.
    package static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, !first.isDigit, !keywords.contains(text) else { return false }
        return bytes.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
    }

    private static let keywords: TextSet = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
        "local",
        "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
    ]

    /// The name of a local for what has an id: `Train` for `iris.train`.
    ///
    /// - Parameter fallback: for an id without letters.
    package static func local(of id: String, fallback: String) -> String {
        let last = id.split(separator: ".").last.map(String.init) ?? ""
        let words = last.unicodeScalars.split {
            !($0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)))
        }
        let name = words.map { word in
            let text = String(String.UnicodeScalarView(word))
            return text.prefix(1).uppercased() + text.dropFirst()
        }.joined()
        return name.utf8.first.map(\.isLetter) ?? false ? name : fallback
    }
}
