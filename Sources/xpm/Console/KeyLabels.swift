import Text

/// The values of one parameter as labels: a text that looks like another kind of value that is there too
/// stands in quotes.
enum KeyLabels {
    static func of(_ keys: [JSON?], _ label: (JSON?) -> String) -> [String] {
        let labels = keys.map(label)
        let others = TextSet(zip(keys, labels).filter { $0.0?.string == nil }.map(\.1))
        return zip(keys, labels).map { key, label in
            key?.string != nil && others.contains(label) ? "\"\(label)\"" : label
        }
    }
}
