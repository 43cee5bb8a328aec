package import Text

extension ByteOrder {
    /// The order of map keys: null, bools, numbers, strings, then the rest as they are told.
    package static func less(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)): return less(a, b)
        case (.int(let a), .int(let b)): return a < b
        case (.float(let a), .float(let b)): return a < b
        case (.int(let a), .float(let b)): return Double(a) < b
        case (.float(let a), .int(let b)): return a < Double(b)
        case (.bool(let a), .bool(let b)): return !a && b
        default:
            let (a, b) = (rank(left), rank(right))
            return a == b ? less(left.told, right.told) : a < b
        }
    }

    private static func rank(_ value: Value) -> Int {
        switch value {
        case .null: 0
        case .bool: 1
        case .int, .float: 2
        case .string: 3
        default: 4
        }
    }
}
