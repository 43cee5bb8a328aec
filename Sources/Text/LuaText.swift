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
}
