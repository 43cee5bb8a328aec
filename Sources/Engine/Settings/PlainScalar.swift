import Text

/// What a plain word of YAML is: the one rule for numbers, bools and null, in files and on the command line.
///
/// - null: `null`, `~`, or nothing
/// - bool: `true`, `false`
/// - int: `1`, `-1`, `1_000`, `0x1F`, `0o17`, `0b101`; one that needs more than 64 bits is an error
/// - float: `1.5`, `1.`, `.5`, `1e-4`, `1_000.5`, `.inf`, `-.inf`, `.nan`
/// - everything else is a string; `yes`, `no`, `on`, `off` and dates are strings
package enum PlainScalar {
    /// - Throws: an int that does not fit in 64 bits.
    package static func read(_ text: String, origin: Setting.Origin) throws(SettingError) -> Setting.Content {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".inf", "+.inf", ".Inf", ".INF": return .float(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
        case ".nan", ".NaN", ".NAN": return .float(.nan)
        default: break
        }
        var digits = text[...]
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits = digits.dropFirst() }
        guard let first = digits.first, first.isASCII, first.isNumber || first == "." else {
            return .string(text)
        }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            let body = digits.dropFirst(2).filter { $0 != "_" }
            guard !body.isEmpty,
                body.allSatisfy({ $0.isASCII && $0.hexDigitValue.map { $0 < radix } == true })
            else {
                return .string(text)
            }
            return try int(isNegative, body, radix, text, origin)
        }
        let body = digits.filter { $0 != "_" }
        if body.allSatisfy({ $0.isASCII && $0.isNumber }) {
            return try int(isNegative, body, 10, text, origin)
        }
        guard isFloat(body),
            let value = Double(
                body.last == "." ? body + "0" : body.replacing(".e", with: ".0e").replacing(".E", with: ".0e")
            )
        else { return .string(text) }
        guard value.isFinite else {
            throw SettingError("\(text) is too large for a float; write .inf if that is meant", at: origin)
        }
        return .float(isNegative ? -value : value)
    }

    private static func int(
        _ isNegative: Bool, _ digits: String, _ radix: Int, _ text: String, _ origin: Setting.Origin
    ) throws(SettingError) -> Setting.Content {
        guard let value = Int64((isNegative ? "-" : "") + digits, radix: radix) else {
            throw SettingError("\(text) does not fit in 64 bits", at: origin)
        }
        return .int(value)
    }

    /// Digits with at most one point and an exponent: `[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?` with a digit before the exponent.
    private static func isFloat(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func digits() -> Int {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        var count = digits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            count += digits()
        }
        guard count > 0 else { return false }
        if let byte = rest.first, byte | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                rest = rest.dropFirst()
            }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
