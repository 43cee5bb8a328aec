/// The name among many that a mistyped one was probably meant to be.
package enum Suggestion {
    /// - Returns: the nearest candidate by edit distance, if it is near enough to be of help, else one that
    ///   the name is a part of.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let typed = Array(name.lowercased().utf8)
        guard typed.count <= 64 else { return nil }
        let allowed = max(1, typed.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(typed, Array(candidate.lowercased().utf8.prefix(80)))
            if distance <= allowed, distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        if let best { return best.name }
        // `retries` for `max_retries`.
        guard typed.count >= 4 else { return nil }
        return candidates.first { $0.lowercased().contains(name.lowercased()) }
    }

    /// ` (did you mean 'epochs'?)`, or nothing.
    package static func hint(for name: String, among candidates: some Sequence<String>) -> String {
        nearest(to: name, among: candidates).map { " (did you mean '\($0)'?)" } ?? ""
    }

    /// Levenshtein distance with transposition of neighbours (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before = [Int](repeating: 0, count: right.count + 1)
        var above = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1] + [Int](repeating: 0, count: right.count)
            for j in right.indices {
                let change = above[j] + (left[i] == right[j] ? 0 : 1)
                row[j + 1] = min(change, above[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    row[j + 1] = min(row[j + 1], before[j - 1] + 1)
                }
            }
            (before, above) = (above, row)
        }
        return above[right.count]
    }
}

extension TextSet {
    /// ` (did you mean 'epochs'?): batch, epochs, lr` for a name that is none of these; the first of many.
    package func saying(near name: String) -> String {
        let most = 20
        let names = ordered
        if names.isEmpty { return "" }
        let rest = names.count > most ? ", … (\(names.count - most) more)" : ""
        return Suggestion.hint(for: name, among: names) + ": " + names.prefix(most).joined(separator: ", ")
            + rest
    }
}
