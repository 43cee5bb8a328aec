import Text

/// The way to a value as people write it: names between dots, `model.hidden`; one that holds a dot itself
/// stands in quotes, `lrs."resnet.50"`.
package enum SettingPath {
    /// The names on the way.
    ///
    /// - Returns: nil where a quote does not end, or something stands beside it.
    package static func steps(_ path: String) -> [String]? {
        guard path.utf8.contains(where: isQuote) else {
            return path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        }
        var steps: [String] = []
        var rest = Array(path.utf8)[...]
        while true {
            if let quote = rest.first, isQuote(quote) {
                guard let end = rest.dropFirst().firstIndex(of: quote) else { return nil }
                steps.append(String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self))
                rest = rest[(end + 1)...]
            } else {
                let name = rest.prefix { $0 != UInt8(ascii: ".") }
                if name.contains(where: isQuote) { return nil }
                steps.append(String(decoding: name, as: UTF8.self))
                rest = rest.dropFirst(name.count)
            }
            guard let dot = rest.popFirst() else { return steps }
            if dot != UInt8(ascii: ".") { return nil }
        }
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    /// A name as a step of a way.
    package static func step(_ name: String) -> String {
        let isPlain = !name.isEmpty && !name.utf8.contains { $0 == UInt8(ascii: ".") || isQuote($0) }
        if isPlain { return name }
        return name.contains("\"") ? "'\(name)'" : "\"\(name)\""
    }

    package static func text(_ steps: some Sequence<String>) -> String {
        steps.map(step).joined(separator: ".")
    }
}
