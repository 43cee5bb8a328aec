/// Numbers by their value: `1` and `1.0` are one, ints are exact at any size.
extension JSON {
    /// The text of a value, the same for equal numbers wherever they stand in it.
    package var key: String {
        switch self {
        case .null, .bool, .string, .int: text
        // A zero below 0 is another number to an identifier.
        case .float(let number) where number == 0 && number.sign == .minus: text
        case .float(let number): Int64(exactly: number).map { JSON.int($0).text } ?? text
        case .array(let values): "[\(values.map(\.key).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.map { "\(JSON.string($0.name).text): \($0.value.key)" }.joined(separator: ", "))}"
        }
    }

    /// How two numbers are ordered: below 0, 0 or above 0; nil where one is no number.
    package static func order(_ left: JSON, _ right: JSON) -> Int? {
        switch (left, right) {
        case (.int(let a), .int(let b)): return a == b ? 0 : a < b ? -1 : 1
        case (.int(let a), .float(let b)): return order(a, b)
        case (.float(let a), .int(let b)): return order(b, a).map { -$0 }
        case (.float(let a), .float(let b)):
            return a == b ? 0 : a < b ? -1 : a > b ? 1 : nil
        default: return nil
        }
    }

    private static func order(_ whole: Int64, _ number: Double) -> Int? {
        if number.isNaN { return nil }
        // 2^63
        if number >= 9_223_372_036_854_775_808 { return -1 }
        if number < -9_223_372_036_854_775_808 { return 1 }
        let down = number.rounded(.down)
        let floor = Int64(down)
        if whole != floor { return whole < floor ? -1 : 1 }
        return number > down ? -1 : 0
    }
}
