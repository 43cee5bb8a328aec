/// Numbers as text, the same everywhere: independent of the locale, and read back as the same number.
package enum NumberText {
    /// A float as Lua source, commands, tags and messages write it: `0.1`, `1.0`, `1e+20`, `inf`.
    package static func lua(_ value: Double) -> String {
        value.isInfinite ? (value < 0 ? "-inf" : "inf") : value.isNaN ? "nan" : value.description
    }

    /// A float as JSON. JSON has no infinities: a number beyond a double's range is one to every reader. NaN
    /// is a string.
    package static func json(_ value: Double) -> String {
        value.isInfinite ? (value < 0 ? "-1e999" : "1e999") : value.isNaN ? "\"NaN\"" : value.description
    }

    /// With so many decimals: `0.950`. Of numbers beyond 2^53 there are no decimals to tell.
    ///
    /// - Parameter decimals: from 0 to 15.
    package static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return lua(value) }
        var factor = 1.0
        for _ in 0..<decimals { factor *= 10 }
        let scaled = (abs(value) * factor).rounded()
        guard scaled < 9_007_199_254_740_992 else { return lua(value) }
        var digits = String(Int64(scaled))
        if decimals > 0 {
            digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals))
        }
        return value < 0 && scaled > 0 ? "-\(digits)" : digits
    }

    /// The decimal exponent of a number's first digit: 2 for 345, -3 for 0.00345; 0 for what has none.
    package static func exponent(_ value: Double) -> Int {
        guard value.isFinite, value != 0 else { return 0 }
        let size = abs(value)
        // From the binary one, which is at most one off.
        var exponent = Int((Double(size.exponent) * 0.30102999566398120).rounded(.down))
        if size < power(exponent) { exponent -= 1 }
        if size >= power(exponent + 1) { exponent += 1 }
        return exponent
    }

    /// A power of ten, the nearest float.
    package static func power(_ exponent: Int) -> Double {
        if (0...22).contains(exponent) { return exact[exponent] }
        return Double("1e\(exponent)") ?? (exponent < 0 ? 0 : .infinity)
    }

    /// The powers that a float has exactly.
    private static let exact: [Double] = (0...22).map { Double("1e\($0)") ?? 0 }

    /// The decimal exponent of a number that is rounded to so many digits: -2 for 0.00999 and two of them.
    package static func exponent(_ value: Double, digits: Int) -> Int {
        let exponent = exponent(value)
        guard value.isFinite, value != 0 else { return exponent }
        let mantissa = abs(mantissa(value, exponent))
        return fixed(mantissa, decimals: max(0, digits - 1)).hasPrefix("10") ? exponent + 1 : exponent
    }

    /// The number without a power of ten.
    package static func mantissa(_ value: Double, _ exponent: Int) -> Double {
        // One of which no float has the power is divided twice.
        if abs(exponent) > 290 { return mantissa(mantissa(value, exponent / 2), exponent - exponent / 2) }
        return exponent < 0 ? value * power(-exponent) : value / power(exponent)
    }

    /// With so many digits that tell something: `0.9533`, `1.2e-07`.
    package static func significant(_ value: Double, digits: Int) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : lua(value) }
        let exponent = exponent(value, digits: digits)
        if exponent < -4 || exponent > 8 {
            let sign = exponent < 0 ? "-" : "+"
            let power = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
            return "\(fixed(mantissa(value, exponent), decimals: digits - 1))e\(sign)\(power)"
        }
        if value == value.rounded(), abs(value) < 1e9 { return String(Int64(value)) }
        return fixed(value, decimals: min(15, max(0, digits - 1 - exponent)))
    }

    /// Numbers with so many digits, or as many as tell one from another.
    package static func distinct(_ values: [Double], digits: Int) -> [String] {
        var texts = values.map { significant($0, digits: digits) }
        for more in (digits + 1)...16 {
            var seen: TextMap<Set<Double>> = [:]
            for (text, value) in zip(texts, values) { seen[text, default: []].insert(value) }
            guard seen.contains(where: { $0.value.count > 1 }) else { break }
            for (place, text) in texts.enumerated() where (seen[text]?.count ?? 0) > 1 {
                texts[place] = more > 15 ? lua(values[place]) : significant(values[place], digits: more)
            }
        }
        return texts
    }

    /// A number and how uncertain it is, both up to the same decimal, the second digit of the spread: `0.953
    /// ± 0.012`, `(1.2346 ± 0.0012)e-07`.
    ///
    /// - Parameter spread: above 0, finite.
    package static func uncertain(_ value: Double, _ spread: Double) -> String {
        let last = exponent(spread, digits: 2) - 1
        let size = max(exponent(value), last + 1)
        // A number with a few zeros before its digits, or after them, is easier to read than one with a power.
        if size >= -4, last >= -9, size <= 8 || last <= 0 && size <= 14, size - last <= 15 {
            let decimals = max(0, -last)
            return "\(fixed(value, decimals: decimals)) ± \(fixed(spread, decimals: decimals))"
        }
        let decimals = min(15, size - last)
        let sign = size < 0 ? "-" : "+"
        let power = abs(size) < 10 ? "0\(abs(size))" : "\(abs(size))"
        return
            "(\(fixed(mantissa(value, size), decimals: decimals)) ± \(fixed(mantissa(spread, size), decimals: decimals)))e\(sign)\(power)"
    }

    /// A size for people: `512 B`, `1.5 KB`, `20 MB`.
    package static func bytes(_ count: Int64) -> String {
        var (value, unit) = (Double(count), 0)
        let units = ["B", "KB", "MB", "GB", "TB", "PB"]
        while value >= 999.5, unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        let text =
            unit == 0 || value >= 9.95 ? String(Int(value.rounded())) : String((value * 10).rounded() / 10)
        return "\(text) \(units[unit])"
    }

    /// A duration for people: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`.
    ///
    /// - Parameter seconds: non-negative; anything else gives `?`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        if seconds < 9.95 { return "\(Double((seconds * 10).rounded()) / 10) s" }
        let whole = Int(seconds.rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(two(whole % 60)) s" }
        return "\(whole / 3600) h \(two(whole % 3600 / 60)) min"
    }
}

extension FixedWidthInteger {
    /// With so many more, or the greatest number there is.
    package func addingOrMost(_ count: Self) -> Self {
        let (sum, isTooMuch) = addingReportingOverflow(count)
        return isTooMuch ? .max : sum
    }

    /// So many times it, or the greatest number there is.
    package func timesOrMost(_ count: Self) -> Self {
        let (product, isTooMuch) = multipliedReportingOverflow(by: count)
        return isTooMuch ? .max : product
    }
}
