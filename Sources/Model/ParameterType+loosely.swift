import Text

/// What experimaestro takes for a type within a union: the first type that can be made of a value has it. Its
/// identifiers depend on it: `"1"` of a `Union[int, str]` is the int 1.
///
/// Source: pydantic's conversions, https://docs.pydantic.dev/latest/concepts/conversion_table/
extension ParameterType {
    /// Brings a value to this type, also from a text that is written so, or from another scalar.
    func acceptLoosely(_ value: Value, depth: Int) throws(ValueError) -> Value {
        switch (self, value) {
        case (.int, .bool(let isTrue)): return .int(isTrue ? 1 : 0)
        case (.int, .string(let text)):
            if let int = Self.int(text) { return .int(int) }
        case (.float, .bool(let isTrue)): return .float(isTrue ? 1 : 0)
        case (.float, .string(let text)):
            if let float = Self.float(text) { return .float(float) }
        case (.bool, .int(0)), (.bool, .float(0)): return .bool(false)
        case (.bool, .int(1)), (.bool, .float(1)): return .bool(true)
        case (.bool, .string(let text)):
            let word = text.lowercased()
            if ["1", "true", "t", "yes", "y", "on"].contains(word) { return .bool(true) }
            if ["0", "false", "f", "no", "n", "off"].contains(word) { return .bool(false) }
        case (.constrained(let type, let constraint), _):
            let accepted = try type.acceptLoosely(value, depth: depth)
            guard constraint.complaint(about: accepted) == nil else { break }
            return accepted
        case (.optional(let wrapped), _) where value != .null:
            return try wrapped.acceptLoosely(value, depth: depth)
        default: break
        }
        return try accept(value, depth: depth)
    }

    /// `1`, ` +1_000 `, `1.0`; nil for other texts.
    private static func int(_ text: String) -> Int64? {
        guard let digits = digits(text) else { return nil }
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[1].isEmpty || parts[1].utf8.contains(where: { $0 != 0x30 }) { return nil }
        return Int64(parts[0])
    }

    /// `1.5`, `1_0e-3`; nil for other texts, and for what is not finite.
    private static func float(_ text: String) -> Double? {
        guard let digits = digits(text), digits.utf8.allSatisfy({ $0.isDigit || "+-.eE".utf8.contains($0) }),
            let number = Double(digits), number.isFinite
        else { return nil }
        return number
    }

    /// Without blanks around it, and without `_` between two digits; nil where one stands elsewhere.
    private static func digits(_ text: String) -> String? {
        let bytes = Array(text.trimmed.utf8)
        var kept: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            guard byte == UInt8(ascii: "_") else {
                kept.append(byte)
                continue
            }
            guard index > 0, bytes[index - 1].isDigit, index + 1 < bytes.count, bytes[index + 1].isDigit
            else {
                return nil
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }
}
