import Glibc
import Text

/// The functions of mathematics that a search needs.
enum Math {
    static func log(_ x: Double) -> Double { Glibc.log(x) }
    static func exp(_ x: Double) -> Double { Glibc.exp(x) }
    static func sqrt(_ x: Double) -> Double { x.squareRoot() }
    static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }

    /// The nearest number with six significant digits: what differs in the last bits between machines is one value. Of a range
    /// that is narrow beside its ends, six digits of its width.
    static func rounded(_ x: Double, width: Double = .infinity) -> Double {
        guard x.isFinite, x != 0 else { return x }
        let scale = Swift.min(x.magnitude, width)
        let exponent = Int(Glibc.log10(scale).rounded(.down)) - 5
        // In two steps: 10 to such a power may be no number.
        let half = exponent / 2
        let digits = x / pow(10, Double(half)) / pow(10, Double(exponent - half))
        guard digits.isFinite, digits.magnitude < 1e15 else { return x }
        return Double("\(Int64(digits.rounded()))e\(exponent)") ?? x
    }

    /// The distribution of the normal law up to x.
    static func normalBelow(_ x: Double) -> Double { 0.5 * Glibc.erfc(-x / 1.4142135623730951) }

    /// The density of the normal law.
    static func normalDensity(_ x: Double) -> Double { exp(-0.5 * x * x) / 2.5066282746310002 }

    /// log(exp(a₁) + exp(a₂) + …)
    static func logOfSum(_ values: [Double]) -> Double {
        guard let most = values.max(), most > -.infinity else { return -.infinity }
        return most + log(values.reduce(0) { $0 + exp($1 - most) })
    }
}

extension Math {
    static func cosine(_ x: Double) -> Double { Glibc.cos(x) }
}

extension Math {
    /// The number below which a part of the normal law lies (Acklam's approximation, and a step of Halley's method).
    static func normalQuantile(_ p: Double) -> Double {
        guard p > 0 else { return -38 }
        guard p < 1 else { return 38 }
        let a = [
            -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
            -3.066479806614716e+01, 2.506628277459239e+00,
        ]
        let b = [
            -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
            -1.328068155288572e+01,
        ]
        let c = [
            -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00,
            4.374664141464968e+00, 2.938163982698783e+00,
        ]
        let d = [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00]
        var x: Double
        if p < 0.02425 || p > 1 - 0.02425 {
            let q = sqrt(-2 * log(p < 0.5 ? p : 1 - p))
            let numerator = ((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]
            let denominator = (((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1
            x = numerator / denominator * (p < 0.5 ? 1 : -1)
        } else {
            let q = p - 0.5
            let r = q * q
            let numerator = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q
            x = numerator / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1)
        }
        let error = normalBelow(x) - p
        let u = error * 2.5066282746310002 * exp(x * x / 2)
        if u.isFinite { x -= u / (1 + x * u / 2) }
        return x
    }
}
