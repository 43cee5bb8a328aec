import Glibc

/// What a text and a part of one have in common; the work is done on parts.
package protocol ByteText: StringProtocol where SubSequence == Substring {}

extension String: ByteText {}
extension Substring: ByteText {}

extension ByteText {
    @inlinable
    package var whole: Substring { self[startIndex...] }

    @inlinable
    package func contains(_ part: some StringProtocol) -> Bool { firstRange(of: part) != nil }
    @inlinable
    package func contains(_ sign: Character) -> Bool { firstRange(of: String(sign)) != nil }

    /// Where a text begins and ends in this one, the first time; an empty one at the start.
    @inlinable
    package func firstRange(of part: some StringProtocol) -> Range<Index>? {
        let found = utf8.withContiguousStorageIfAvailable { bytes in
            part.utf8.withContiguousStorageIfAvailable { part in unsafe firstOffset(of: part, in: bytes) }
        }
        guard case .some(.some(let offset)) = found else {
            return firstRange(of: String(part), in: String(self))
        }
        guard let offset else { return nil }
        let start = utf8.index(startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: part.utf8.count)
    }

    /// The same for a text whose bytes do not lie in one piece.
    @usableFromInline
    package func firstRange(of part: String, in whole: String) -> Range<Index>? {
        var (part, whole) = (part, whole)
        let offset = part.withUTF8 { part in whole.withUTF8 { unsafe firstOffset(of: part, in: $0) } }
        guard let offset else { return nil }
        let start = utf8.index(startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: part.utf8.count)
    }

    /// Where a sign is, the first time.
    @inlinable
    package func firstIndex(of sign: Character) -> Index? { firstRange(of: String(sign))?.lowerBound }

    /// Where a sign is, the last time.
    @inlinable
    package func lastIndex(of sign: Character) -> Index? {
        var (sign, whole) = (String(sign), String(self))
        let offset = sign.withUTF8 { sign in whole.withUTF8 { unsafe lastOffset(of: sign, in: $0) } }
        return offset.map { utf8.index(startIndex, offsetBy: $0) }
    }

    /// The parts between signs.
    @inlinable
    package func split(
        separator: Character, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [Substring] {
        split(
            separator: String(separator), maxSplits: maxSplits,
            omittingEmptySubsequences: omittingEmptySubsequences)
    }

    /// The parts between occurrences of a text.
    @inlinable
    package func split(
        separator: String, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [Substring] {
        var parts: [Substring] = []
        var rest = whole
        while parts.count < maxSplits, let found = rest.firstRange(of: separator) {
            let part = rest[..<found.lowerBound]
            if !(omittingEmptySubsequences && part.isEmpty) { parts.append(part) }
            rest = rest[found.upperBound...]
        }
        if !(omittingEmptySubsequences && rest.isEmpty) { parts.append(rest) }
        return parts
    }

    /// The lines, without their ends: a line feed, or a carriage return and a line feed.
    @inlinable
    package var lines: [Substring] {
        split(separator: "\n", omittingEmptySubsequences: false).map { $0.before("\r") ?? $0 }
    }

    /// What is before the first occurrence of a text, and what is behind it; nil where there is none.
    @inlinable
    package func cut(at sign: String) -> (before: Substring, after: Substring)? {
        guard let found = firstRange(of: sign) else { return nil }
        return (whole[..<found.lowerBound], whole[found.upperBound...])
    }

    /// What is before the last occurrence of a sign of ASCII, and what is behind it; nil where there is none.
    @inlinable
    package func cut(atLast sign: Character) -> (before: Substring, after: Substring)? {
        guard let place = lastIndex(of: sign) else { return nil }
        return (whole[..<place], whole[whole.utf8.index(after: place)...])
    }

    /// What is behind a text with which this one begins; nil where it does not.
    @inlinable
    package func after(_ prefix: some StringProtocol) -> Substring? {
        guard hasPrefix(prefix) else { return nil }
        return whole[whole.utf8.index(startIndex, offsetBy: prefix.utf8.count)...]
    }

    /// What is before a text with which this one ends; nil where it does not.
    @inlinable
    package func before(_ suffix: some StringProtocol) -> Substring? {
        guard hasSuffix(suffix) else { return nil }
        return whole[..<whole.utf8.index(endIndex, offsetBy: -suffix.utf8.count)]
    }

    /// The text from its start on as long as bytes fit: only for those of ASCII, which are no part of another
    /// character.
    @inlinable
    package func prefix(ofBytes fits: (UInt8) -> Bool) -> Substring {
        whole[..<(whole.utf8.firstIndex { !fits($0) } ?? endIndex)]
    }

    /// At most so many bytes of it, and no part of a character.
    @inlinable
    package func prefix(bytes count: Int) -> Substring {
        var end =
            whole.utf8.index(whole.startIndex, offsetBy: count, limitedBy: whole.endIndex) ?? whole.endIndex
        while end < whole.endIndex, whole.utf8[end] & 0xc0 == 0x80 { end = whole.utf8.index(before: end) }
        return whole[..<end]
    }

    /// Without blanks at its start and end.
    @inlinable
    package var trimmed: Substring {
        let bytes = whole.utf8
        guard let start = bytes.firstIndex(where: { !$0.isBlank }),
            let end = bytes.lastIndex(where: { !$0.isBlank })
        else { return whole[endIndex...] }
        return whole[start...][..<bytes.index(after: end)]
    }

    /// Whether it has nothing but printable ASCII: all bytes are looked at, many at once.
    @inlinable
    package var isPrintableASCII: Bool {
        let isPlain = utf8.withContiguousStorageIfAvailable { bytes in
            var others = 0
            for index in 0..<bytes.count { others &+= unsafe bytes[index] &- 0x20 < 0x5f ? 0 : 1 }
            return others == 0
        }
        return isPlain ?? utf8.allSatisfy { (0x20..<0x7f).contains($0) }
    }

    /// Whether it has nothing but blanks.
    @inlinable
    package var isBlank: Bool { utf8.allSatisfy(\.isBlank) }

    /// With each occurrence of a text replaced by another.
    @inlinable
    package func replacing(_ part: String, with other: String) -> String {
        guard !part.isEmpty, contains(part) else { return String(self) }
        return split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
    }
}
