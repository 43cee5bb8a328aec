package import Text

/// A condition of the filter language for one value.
package struct FilterTerm {
    package let text: String

    package init(_ name: String, _ value: JSON) {
        let name = Self.isWord(name) ? name : Self.quoted(name)
        let value =
            switch value {
            case .string(let text): Self.quoted(text)
            case .array, .object: Self.quoted(value.text)
            default: value.text
            }
        text = "\(name) = \(value)"
    }

    private static func isWord(_ name: String) -> Bool {
        // `@name`, `@state`: no tags.
        if JobFilter.names.contains(name) { return true }
        let reserved = ["and", "or", "not", "in"]
        return !name.isEmpty && !reserved.contains(name.lowercased())
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
