/// A plain word of YAML: the one rule for numbers, bools and null, in files, on the command line and in
/// variables.
///
/// - null: `null`, `~`, or nothing
/// - bool: `true`, `false`
/// - int: `1`, `-1`, `1_000`, `0x1F`, `0o17`, `0b101`; one that needs more than 64 bits is an error
/// - float: `1.5`, `1.`, `.5`, `1e-4`, `1_000.5`, `.inf`, `-.inf`, `.nan`; one that would be infinite or 0
///   for its size is an error
/// - everything else is a string; `yes`, `no`, `on`, `off` and dates are strings
package enum PlainScalar: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)

    /// A number that does not fit.
    package struct Misfit: Error, Equatable {
        package let problem: String
    }

    package init(_ text: String) throws(Misfit) { self = try Self.read(text) }

    private static func read(_ text: String) throws(Misfit) -> PlainScalar {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".inf", "+.inf", ".Inf", ".INF": return .float(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
        case ".nan", ".NaN", ".NAN": return .float(.nan)
        default: break
        }
        var digits = Array(text.utf8)
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        guard let first = digits.first, first.isDigit || first == UInt8(ascii: ".") else {
            return .string(text)
        }
        digits.removeAll { $0 == UInt8(ascii: "_") }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.starts(with: prefix.utf8) {
            let body = digits.dropFirst(2)
            guard !body.isEmpty, body.allSatisfy({ value(of: $0) < radix }) else { return .string(text) }
            return try int(isNegative, body, radix, text)
        }
        if digits.allSatisfy(\.isDigit) { return try int(isNegative, digits[...], 10, text) }
        guard let value = float(digits) else { return .string(text) }
        guard value.isFinite else {
            throw Misfit(problem: "\(text) is too large for a float; write .inf if that is meant")
        }
        let mantissa = digits.prefix { $0 | 0x20 != UInt8(ascii: "e") }
        if value == 0, mantissa.contains(where: { $0 != UInt8(ascii: "0") && $0 != UInt8(ascii: ".") }) {
            throw Misfit(problem: "\(text) is too small for a float; write 0 if that is meant")
        }
        return .float(isNegative ? -value : value)
    }

    private static func value(of digit: UInt8) -> Int {
        switch digit {
        case 0x30...0x39: Int(digit) - 0x30
        case 0x41...0x46: Int(digit) - 0x41 + 10
        case 0x61...0x66: Int(digit) - 0x61 + 10
        default: Int.max
        }
    }

    private static func int(
        _ isNegative: Bool, _ digits: ArraySlice<UInt8>, _ radix: Int, _ text: String
    ) throws(Misfit) -> PlainScalar {
        let number = (isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self)
        guard let value = Int64(number, radix: radix) else {
            throw Misfit(problem: "\(text) does not fit in 64 bits")
        }
        return .int(value)
    }

    /// Digits with at most one point and an exponent: `[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?` with a digit before
    /// the exponent.
    private static func float(_ text: [UInt8]) -> Double? {
        var rest = text[...]
        func digits() -> Int {
            let count = rest.prefix(while: \.isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        // As strtod wants it: a digit on both sides of the point.
        var whole: [UInt8] = []
        func keep(_ count: Int, from start: Int) {
            whole.append(contentsOf: count == 0 ? [UInt8(ascii: "0")] : Array(text[start..<(start + count)]))
        }
        var count = digits()
        keep(count, from: 0)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let start = rest.startIndex
            let places = digits()
            whole.append(UInt8(ascii: "."))
            keep(places, from: start)
            count += places
        }
        guard count > 0 else { return nil }
        if let byte = rest.first, byte | 0x20 == UInt8(ascii: "e") {
            let start = rest.startIndex
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                rest = rest.dropFirst()
            }
            guard digits() > 0 else { return nil }
            whole.append(contentsOf: text[start..<rest.startIndex])
        }
        return rest.isEmpty ? Double(String(decoding: whole, as: UTF8.self)) : nil
    }
}
