/// How wide texts are on a terminal: escape sequences take no room, wide characters take two columns.
extension String {
    package var columns: Int {
        isPrintableASCII ? utf8.count : columnsOfCharacters.reduce(0) { $0 + $1.columns }
    }

    /// With spaces at its end, so that it takes so many columns; a longer one stays as it is.
    package func padded(to width: Int) -> String { self + Self.spaces(width - columns) }

    /// With spaces before it.
    package func padded(leftTo width: Int) -> String { Self.spaces(width - columns) + self }

    /// So much of it as fits, with all of its escape sequences; an ellipsis stands for the rest.
    package func cut(to width: Int) -> String {
        if columns <= width { return self }
        var room = width - 1
        var isCut = false
        return columnsOfCharacters.reduce(into: "") { text, next in
            room -= next.columns
            if next.columns == 0 || room >= 0 {
                text.append(next.character)
            } else if !isCut {
                isCut = true
                text.append("…")
            }
        }
    }

    /// Without the spaces at its end.
    package var trimmedRight: String {
        var text = self[...]
        while let shorter = text.before(" ") { text = shorter }
        return String(text)
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: Swift.max(0, count)) }

    /// Its characters, each with how many columns it takes.
    package var columnsOfCharacters: [(character: Character, columns: Int)] {
        var isEscape = false
        return map { character in
            if character == "\u{1b}" { isEscape = true }
            defer { if isEscape, character.isLetter { isEscape = false } }
            if isEscape { return (character, 0) }
            let first = character.unicodeScalars.first
            // A mark with nothing to stand on takes no room.
            if let first, first.properties.generalCategory == .nonspacingMark { return (character, 0) }
            return (character, character.unicodeScalars.contains(where: Self.isWide) ? 2 : 1)
        }
    }

    /// East Asian wide characters and emoji (Unicode Standard Annex 11), in the rough.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
            true
        default: false
        }
    }
}
