import Text

/// A text with `{name}` in it. `{{` and `}}` are braces.
enum BraceText {
    enum Piece: Equatable {
        case text(String)
        /// What stands between two braces.
        case name(Substring)
    }

    /// Splits a text at its braces.
    static func parse(_ text: String) throws -> [Piece] {
        var pieces: [Piece] = []
        var plain = ""
        var rest = text[...]
        while !rest.isEmpty {
            let start = rest.prefix(ofBytes: { $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "}") })
            plain += start
            rest = rest[start.endIndex...]
            if let behind = rest.after("{{") {
                plain += "{"
                rest = behind
            } else if let behind = rest.after("}}") {
                plain += "}"
                rest = behind
            } else if let behind = rest.after("{") {
                guard let (inside, after) = behind.cut(at: "}") else {
                    throw ScriptError("'{' without '}' in \"\(text)\"; a brace is written '{{'")
                }
                if !plain.isEmpty { pieces.append(.text(plain)) }
                plain = ""
                pieces.append(.name(inside))
                rest = after
            } else if let behind = rest.after("}") {
                plain += "}"
                rest = behind
            }
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        return pieces
    }
}
