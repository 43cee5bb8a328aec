import Glibc
import Text

/// Lists of numbers, each the nearest float to what its decimal ends say: 0.3 for the third of 0.1, 0.2 …,
/// 1e-05 for the first decade after 1e-06. One implementation for Lua, YAML and options.
package enum NumberList {
    /// How many numbers a list may have.
    package static let most = 1_000_000

    /// `first`, `first + step`, … up to `last`, which is among them where a step meets it.
    ///
    /// - Returns: nil where there are more than `most`; none where the step leads away from `last`.
    package static func range(_ first: Double, _ last: Double, by step: Double) -> [Double]? {
        guard let scaled = Decimal.scaled([first, last, step]) else {
            let count = ((last - first) / step + 1e-9).rounded(.down)
            guard count < Double(most) else { return nil }
            return count < 0 ? [] : (0...Int(count)).map { first + Double($0) * step }
        }
        let (from, to, by) = (scaled.numbers[0], scaled.numbers[1], scaled.numbers[2])
        guard (to >= from) == (by > 0) || to == from else { return [] }
        let count = (to - from) / by
        guard count < Int128(most) else { return nil }
        return (0...Int(count)).map { Decimal.value(from + Int128($0) * by, over: 1, scaled.exponent) }
    }

    /// What is told of a step that leads away from the last number.
    package static func astray(_ first: String, _ last: String, _ step: String, back: String) -> String {
        "a step of \(step) does not lead from \(first) to \(last); one of \(back) does"
    }

    /// `count` numbers at equal distances, the first and the last among them.
    package static func linspace(_ first: Double, _ last: Double, _ count: Int) -> [Double] {
        if count == 1 { return [first] }
        let parts = Int128(count - 1)
        let scaled = Decimal.scaled([first, last]).flatMap { scaled in
            // Room for the products below.
            scaled.numbers.allSatisfy { $0.magnitude < 1 << 100 } ? scaled : nil
        }
        return (0..<count).map { place in
            if place == 0 { return first }
            if place == count - 1 { return last }
            guard let scaled else {
                let part = Double(place) / Double(count - 1)
                return first * (1 - part) + last * part
            }
            let (from, to) = (scaled.numbers[0], scaled.numbers[1])
            return Decimal.value(
                from * (parts - Int128(place)) + to * Int128(place), over: parts, scaled.exponent)
        }
    }

    /// `count` numbers with equal ratios, the first and the last among them; both have one sign, and none is
    /// 0.
    package static func geomspace(_ first: Double, _ last: Double, _ count: Int) -> [Double] {
        if count == 1 { return [first] }
        let (from, to) = (Wide(decimal: first), Wide(decimal: last))
        let (start, end) = (Decimal.digits(first), Decimal.digits(last))
        let parts = count - 1
        return (0..<count).map { place in
            if place == 0 { return first }
            if place == count - 1 { return last }
            // A power of ten further: its digits say it.
            let (power, rest) = ((end.exponent - start.exponent) * place).quotientAndRemainder(
                dividingBy: parts)
            if start.mantissa == end.mantissa, rest == 0,
                let exact = Double("\(start.mantissa)e\(start.exponent + power)")
            {
                return exact
            }
            // Its power of `parts` is a product of whole powers of the ends.
            let product = from.power(parts - place).times(to.power(place))
            let part = Double(place) / Double(parts)
            let size = exp(log(abs(first)) * (1 - part) + log(abs(last)) * part)
            let estimate = first < 0 ? -size : size
            return Wide.root(parts, of: product, near: estimate)
        }
    }

    /// `count` powers of ten whose exponents are at equal distances.
    package static func logspace(_ first: Double, _ last: Double, _ count: Int) -> [Double] {
        let exponents = Decimal.scaled([first, last])
        return linspace(first, last, count).enumerated().map { place, exponent in
            let estimate = pow(10, exponent)
            // 10^(p / q) is the q-th root of 10^p.
            guard let exponents, exponents.exponent <= 0, exponents.exponent > -6,
                estimate.isFinite, estimate > 0
            else { return estimate }
            let parts = Int128(max(1, count - 1))
            var numerator =
                exponents.numbers[0] * (parts - Int128(place)) + exponents.numbers[1] * Int128(place)
            var denominator = parts
            for _ in 0..<(-exponents.exponent) { denominator *= 10 }
            let divisor = gcd(numerator.magnitude, denominator.magnitude)
            numerator /= Int128(divisor)
            denominator /= Int128(divisor)
            guard denominator < 10_000_000, numerator.magnitude < 1_000_000_000 else { return estimate }
            if denominator == 1, let exact = Double("1e\(numerator)") { return exact }
            return Wide.root(Int(denominator), of: Wide(decimal: 10).power(Int(numerator)), near: estimate)
        }
    }

    /// `first`, `first × factor`, `first × factor²`, …: so many.
    package static func multiples(of first: Double, by factor: Double, _ count: Int) -> [Double] {
        let (start, ratio) = (Wide(decimal: first), Wide(decimal: factor))
        var power = Wide(decimal: 1)
        return (0..<count).map { place in
            defer { power = power.times(ratio) }
            return place == 0 ? first : start.times(power).value
        }
    }

    private static func gcd(_ a: UInt128, _ b: UInt128) -> UInt128 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return max(1, a)
    }
}

/// Numbers as people write them: whole numbers times a power of ten.
private enum Decimal {
    /// The shortest decimals of finite numbers as whole numbers times one power of ten.
    ///
    /// - Returns: nil where they are too far apart for 128 bits.
    static func scaled(_ values: [Double]) -> (numbers: [Int128], exponent: Int)? {
        let parts = values.map(digits)
        guard let least = parts.filter({ $0.mantissa != 0 }).map(\.exponent).min() else {
            return (values.map { _ in 0 }, 0)
        }
        var numbers: [Int128] = []
        for part in parts {
            var number = Int128(part.mantissa)
            guard part.mantissa == 0 || part.exponent - least <= 18 else { return nil }
            if part.mantissa != 0 { for _ in 0..<(part.exponent - least) { number *= 10 } }
            numbers.append(number)
        }
        return (numbers, least)
    }

    /// `0.00012` is 12 × 10^-5.
    static func digits(_ value: Double) -> (mantissa: Int64, exponent: Int) {
        let parts = value.description.split(separator: "e")
        let (whole, fraction) =
            parts[0].cut(at: ".").map { (String($0.before), String($0.after)) } ?? (String(parts[0]), "")
        let places = fraction == "0" ? "" : fraction
        var mantissa = Int64(whole + places) ?? 0
        var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) - places.utf8.count
        while mantissa != 0, mantissa % 10 == 0 {
            mantissa /= 10
            exponent += 1
        }
        return (mantissa, exponent)
    }

    /// The float nearest to `number / divisor × 10^exponent`.
    static func value(_ number: Int128, over divisor: Int128, _ exponent: Int) -> Double {
        var (whole, rest) = number.magnitude.quotientAndRemainder(dividingBy: divisor.magnitude)
        var digits = String(whole)
        var exponent = exponent
        // More digits than a float has; what is left makes the last one odd.
        while rest != 0, digits.utf8.count < 40 {
            (whole, rest) = (rest * 10).quotientAndRemainder(dividingBy: divisor.magnitude)
            digits += String(whole)
            exponent -= 1
        }
        if rest != 0 {
            digits += "1"
            exponent -= 1
        }
        let value = Double("\(digits)e\(exponent)") ?? 0
        return (number < 0) != (divisor < 0) ? -value : value
    }
}

/// A number of 106 bits, `(high + low) × 2^exponent`, of any size (Dekker 1971).
private struct Wide {
    private var high: Double
    private var low: Double
    private var exponent: Int

    private init(_ high: Double, _ low: Double, _ exponent: Int) {
        let sum = high + low
        let rest = low - (sum - high)
        // The high part lies between 1 and 2.
        let shift = sum == 0 ? 0 : Int(sum.exponent)
        self.high = scalbn(sum, Int32(-shift))
        self.low = scalbn(rest, Int32(-shift))
        self.exponent = exponent + shift
    }

    /// What the shortest decimal of a float says.
    init(decimal value: Double) {
        let (mantissa, exponent) = Decimal.digits(value)
        let high = Double(mantissa)
        let whole = Wide(high, Double(mantissa - (Int64(exactly: high) ?? Int64.max)), 0)
        let ten = Wide(10, 0, 0)
        self = exponent >= 0 ? whole.times(ten.power(exponent)) : whole.over(ten.power(-exponent))
    }

    func times(_ other: Wide) -> Wide {
        let product = high * other.high
        let rest = fma(high, other.high, -product) + (high * other.low + low * other.high)
        return Wide(product, rest, exponent + other.exponent)
    }

    func over(_ other: Wide) -> Wide {
        let first = high / other.high
        // What is left of this after that many of the other.
        let rest = fma(-first, other.high, high) + (low - first * other.low)
        let second = rest / other.high
        let left = fma(-second, other.high, rest) - second * other.low
        return Wide(first, second + left / other.high, exponent - other.exponent)
    }

    func power(_ count: Int) -> Wide {
        var (result, square, left) = (Wide(1, 0, 0), self, abs(count))
        while left > 0 {
            if left & 1 == 1 { result = result.times(square) }
            square = square.times(square)
            left >>= 1
        }
        return count < 0 ? Wide(1, 0, 0).over(result) : result
    }

    /// The float nearest to a root, by one step of Newton from one that is near.
    static func root(_ degree: Int, of power: Wide, near estimate: Double) -> Double {
        guard estimate.isFinite, estimate != 0 else { return estimate }
        let start = Wide(estimate, 0, 0)
        let ratio = power.over(start.power(degree))
        let difference =
            scalbn(ratio.high - scalbn(1, Int32(-ratio.exponent)), Int32(ratio.exponent))
            + scalbn(ratio.low, Int32(ratio.exponent))
        return estimate + estimate * (difference / Double(degree))
    }

    var value: Double { scalbn(high + low, Int32(clamping: exponent)) }
}
