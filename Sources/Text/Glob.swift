/// Shell patterns: `*`, `?` and `[a-z]` within a name.
///
/// A character is a Unicode scalar, so that `?` stands for a whole letter and never for a part of its bytes.
package enum Glob {
    private typealias Scalars = ArraySlice<Unicode.Scalar>

    package static func matches(_ name: some StringProtocol, pattern: some StringProtocol) -> Bool {
        matches(Array(name.unicodeScalars)[...], Array(pattern.unicodeScalars)[...])
    }

    private static func matches(_ name: Scalars, _ pattern: Scalars) -> Bool {
        var (name, pattern) = (name, pattern)
        // Where to go on after a mismatch: the last star takes one character more.
        var retry: (name: Scalars, pattern: Scalars)?
        while true {
            if pattern.first == "*" {
                pattern = pattern.dropFirst()
                retry = (name.dropFirst(), pattern)
                if name.isEmpty { retry = nil }
            } else if let character = name.first, let rest = step(character, pattern) {
                name = name.dropFirst()
                pattern = rest
            } else if name.isEmpty && pattern.isEmpty {
                return true
            } else if let (later, after) = retry {
                (name, pattern) = (later, after)
                retry = later.isEmpty ? nil : (later.dropFirst(), after)
            } else {
                return false
            }
        }
    }

    /// What is left of the pattern after one character, or nil if it does not fit.
    private static func step(_ character: Unicode.Scalar, _ pattern: Scalars) -> Scalars? {
        guard let first = pattern.first else { return nil }
        if first == "?" { return pattern.dropFirst() }
        guard first == "[", let end = pattern.dropFirst(2).firstIndex(of: "]") else {
            return first == character ? pattern.dropFirst() : nil
        }
        var inside = pattern[(pattern.startIndex + 1)..<end]
        let isNegated = inside.first == "!"
        if isNegated { inside = inside.dropFirst() }
        var isIn = false
        while let low = inside.first {
            if inside.count >= 3, inside[inside.startIndex + 1] == "-" {
                isIn = isIn || (low...max(low, inside[inside.startIndex + 2])).contains(character)
                inside = inside.dropFirst(3)
            } else {
                isIn = isIn || low == character
                inside = inside.dropFirst()
            }
        }
        return isIn != isNegated ? pattern[(end + 1)...] : nil
    }
}
