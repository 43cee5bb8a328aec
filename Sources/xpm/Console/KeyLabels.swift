import Text

/// The values of one parameter as labels. Values that differ have labels that differ: a long float has six
/// digits, or as many as tell it from the others, and a text that looks like another kind of value that is
/// there too stands in quotes.
enum KeyLabels {
    enum Style {
        /// For programs: every digit.
        case exact
        /// For tables: `1.0` for a float.
        case table
        /// For pictures: `1` for a float.
        case picture
    }

    static func of(_ keys: [JSON?], _ style: Style) -> [String] {
        var labels = keys.map { label($0, style, digits: 6) }
        if style != .exact {
            let values = keys.map { $0?.key ?? "" }
            for digits in 7...most {
                var seen: TextMap<TextSet> = [:]
                for (label, value) in zip(labels, values) { seen[label, default: []].insert(value) }
                if seen.count == TextSet(values).count { break }
                for (place, label) in labels.enumerated() where (seen[label]?.count ?? 0) > 1 {
                    labels[place] = Self.label(keys[place], style, digits: digits)
                }
            }
        }
        let others = TextSet(zip(keys, labels).filter { $0.0?.string == nil }.map(\.1))
        return zip(keys, labels).map { key, label in
            key?.string != nil && others.contains(label) ? "\"\(label)\"" : label
        }
    }

    /// More than a float has: its whole text.
    private static let most = 16

    private static func label(_ key: JSON?, _ style: Style, digits: Int) -> String {
        guard let key else { return style == .picture ? "–" : "" }
        guard case .float(let number) = key else { return key.string ?? key.text }
        let whole = NumberText.lua(number)
        let isLong = style == .table ? whole.utf8.count > 10 : style == .picture
        let short =
            isLong && number.isFinite && digits < most
            ? Double(NumberText.significant(number, digits: digits)).map(NumberText.lua) ?? whole : whole
        return style == .picture && short.hasSuffix(".0") ? String(short.dropLast(2)) : short
    }
}
