import Glibc
import Text

/// What sweeps draw at random, in Lua and in YAML: a seed gives the same on every machine.
package enum RandomDraw {
    /// The fraction of a seed's sequence (`SplitMix`) with a number from 1: a multiple of 2^-53, from 0,
    /// below 1.
    package static func fraction(_ number: Int64, of seed: Int64) -> Double {
        var generator = SplitMix(seed: UInt64(bitPattern: seed), from: UInt64(bitPattern: number - 1))
        return generator.fraction()
    }

    package static func uniform(_ low: Double, _ high: Double, _ part: Double) -> Double {
        low + part * (high - low)
    }

    package static func loguniform(_ low: Double, _ high: Double, _ part: Double) -> Double {
        let ratio = high / low
        if ratio.isFinite { return low * pow(ratio, part) }
        return min(high, max(low, exp(log(low) + part * (log(high) - log(low)))))
    }

    /// A whole number of at most 2^53 from `low` to `high`.
    package static func integer(_ low: Int64, _ high: Int64, _ part: Double) -> Int64 {
        low + Int64((part * Double(high - low + 1)).rounded(.down))
    }

    /// A place below a count.
    package static func index(below count: Int, _ part: Double) -> Int {
        min(count - 1, Int((part * Double(count)).rounded(.down)))
    }
}
