import Glibc
package import Text

/// Several values of one metric, as one cell of a table tells them.
///
/// What is not a number (NaN) is counted, and is in none of the figures.
package struct Summary: Sendable, Equatable {
    /// How many numbers there are.
    package let count: Int
    /// How many values are NaN.
    package let undefined: Int
    /// NaN where there is no number, as the next three.
    package let mean: Double
    package let median: Double
    package let least: Double
    package let greatest: Double
    /// The standard deviation of a sample, with n - 1; nil for a single value, and where one is infinite.
    package let deviation: Double?
    /// The value itself where all are one whole number, which a float may not hold (beyond 2^53).
    package let exact: Int64?

    /// - Parameters:
    ///   - values: at least one.
    ///   - wholes: those of them that are whole numbers, exactly.
    package init?(_ values: [Double], wholes: [Int64] = []) {
        guard !values.isEmpty else { return nil }
        exact = wholes.count == values.count && wholes.allSatisfy { $0 == wholes.first } ? wholes.first : nil
        let sorted = values.filter { !$0.isNaN }.sorted()
        count = sorted.count
        undefined = values.count - count
        (least, greatest) = (sorted.first ?? .nan, sorted.last ?? .nan)
        guard count > 0 else {
            (mean, median, deviation) = (.nan, .nan, nil)
            return
        }
        let middle = count / 2
        median = count % 2 == 1 ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2
        guard least.isFinite, greatest.isFinite else {
            (mean, deviation) = (least + greatest, nil)
            return
        }
        if least == greatest {
            (mean, deviation) = (least, count > 1 ? 0 : nil)
            return
        }
        // Scaled to at most 1, so that no square overflows; in two passes, the second of which corrects the
        // mean too (Chan, Golub and LeVeque 1983).
        let exponent = Int32(max(abs(least), abs(greatest)).exponent) + 1
        let scaled = sorted.map { scalbn($0, -exponent) }
        let first = Self.sum(scaled) / Double(count)
        let distances = scaled.map { $0 - first }
        let rest = Self.sum(distances)
        mean = scalbn(first + rest / Double(count), exponent)
        let squares = Self.sum(distances.map { $0 * $0 }) - rest * rest / Double(count)
        deviation = count > 1 ? scalbn((max(0, squares) / Double(count - 1)).squareRoot(), exponent) : nil
    }

    /// A sum with what rounding took from it (Neumaier 1974).
    private static func sum(_ values: [Double]) -> Double {
        var (sum, lost) = (0.0, 0.0)
        for value in values {
            let next = sum + value
            lost += abs(sum) >= abs(value) ? (sum - next) + value : (value - next) + sum
            sum = next
        }
        return sum + lost
    }

    /// Half of the 95 % confidence interval of the mean, by Student's t; nil for a single value.
    package var halfInterval: Double? {
        deviation.map { StudentT.quantile(degrees: count - 1) * $0 / Double(count).squareRoot() }
    }

    package var json: JSON {
        [
            "mean": exact.map(JSON.int) ?? .float(mean), "std": deviation.map(JSON.float) ?? .null,
            "n": .int(Int64(count)),
            "nan": .int(Int64(undefined)),
            "median": exact.map(JSON.int) ?? .float(median), "min": exact.map(JSON.int) ?? .float(least),
            "max": exact.map(JSON.int) ?? .float(greatest),
            "ci95": halfInterval.map(JSON.float) ?? .null,
        ]
    }
}

/// Student's distribution.
enum StudentT {
    /// The t within which 95 % lie, on both sides.
    ///
    /// - Parameter degrees: of freedom, at least 1.
    static func quantile(degrees: Int) -> Double {
        if degrees > 2000 {
            // The normal distribution's, and two terms more (Abramowitz and Stegun, 26.7.5).
            let (z, n) = (1.959963984540054, Double(degrees))
            let (cube, fifth) = (z * z * z, z * z * z * z * z)
            return z + (cube + z) / (4 * n) + (5 * fifth + 16 * cube + 3 * z) / (96 * n * n)
        }
        var (low, high) = (0.0, 13.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if within(middle, degrees) < 0.95 { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The share within -t and t (Abramowitz and Stegun, 26.7.3 and 26.7.4).
    private static func within(_ t: Double, _ degrees: Int) -> Double {
        let angle = atan(t / Double(degrees).squareRoot())
        let square = cos(angle) * cos(angle)
        let isOdd = degrees % 2 == 1
        if degrees == 1 { return 2 * angle / .pi }
        var (term, sum) = (1.0, 1.0)
        var next = isOdd ? 3 : 2
        while next <= degrees - 2 {
            term *= square * Double(next - 1) / Double(next)
            sum += term
            next += 2
        }
        return isOdd ? 2 / .pi * (angle + sin(angle) * cos(angle) * sum) : sin(angle) * sum
    }
}
