import Text

/// Random numbers that are the same for a seed on every machine (SplitMix64, Steele et al. 2014).
package struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// The same after so many numbers.
    init(seed: UInt64, from count: UInt64) { state = seed &+ count &* Self.step }

    private static let step: UInt64 = 0x9e37_79b9_7f4a_7c15

    package mutating func next() -> UInt64 {
        state &+= Self.step
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// A multiple of 2^-53 in [0, 1).
    package mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}
