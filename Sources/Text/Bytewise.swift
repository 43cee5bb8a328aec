import Glibc

/// Text is bytes: strings are compared, searched and split by their UTF-8.
///
/// Swift's own operators compare by canonical equivalence (`é` equals `e` and U+0301) and search by grapheme
/// (an apostrophe before a combining mark is no apostrophe). File names, shell words, JSON keys and
/// identifiers are bytes, so these members shadow those of the standard library in every file that imports
/// this module; `scripts/lint` sees to it that all of `Sources` do. Generic code does not see them: keys of
/// dictionaries and members of sets are `TextKey`.
extension StringProtocol {
    @inlinable
    package static func == (left: Self, right: some StringProtocol) -> Bool { areSame(left, right) }
    @inlinable
    package static func != (left: Self, right: some StringProtocol) -> Bool { !areSame(left, right) }

    @inlinable
    package func hasPrefix(_ prefix: some StringProtocol) -> Bool { utf8.starts(with: prefix.utf8) }

    @inlinable
    package func hasSuffix(_ suffix: some StringProtocol) -> Bool {
        let (count, length) = (utf8.count, suffix.utf8.count)
        return count >= length && utf8.dropFirst(count - length).elementsEqual(suffix.utf8)
    }
}

extension String {
    @inlinable
    package func hasPrefix(_ prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
    @inlinable
    package func hasSuffix(_ suffix: String) -> Bool { self[...].hasSuffix(suffix[...]) }

    @inlinable
    package static func == (left: String, right: String) -> Bool { areSame(left, right) }
    @inlinable
    package static func != (left: String, right: String) -> Bool { !areSame(left, right) }
    @inlinable
    package static func ~= (left: String, right: String) -> Bool { areSame(left, right) }
    @inlinable
    package static func < (left: String, right: String) -> Bool { ByteOrder.less(left, right) }
    @inlinable
    package static func > (left: String, right: String) -> Bool { ByteOrder.less(right, left) }
    @inlinable
    package static func <= (left: String, right: String) -> Bool { !ByteOrder.less(right, left) }
    @inlinable
    package static func >= (left: String, right: String) -> Bool { !ByteOrder.less(left, right) }
}

extension Substring {
    @inlinable
    package static func == (left: Substring, right: Substring) -> Bool { areSame(left, right) }
    @inlinable
    package static func != (left: Substring, right: Substring) -> Bool { !areSame(left, right) }
    @inlinable
    package static func ~= (left: Substring, right: Substring) -> Bool { areSame(left, right) }
}

extension Optional where Wrapped == String {
    @inlinable
    package static func == (left: String?, right: String?) -> Bool { areSame(left, right) }
    @inlinable
    package static func != (left: String?, right: String?) -> Bool { !areSame(left, right) }
    @inlinable
    package static func ~= (left: String?, right: String?) -> Bool { areSame(left, right) }
}

extension Optional where Wrapped == Substring {
    @inlinable
    package static func == (left: Substring?, right: Substring?) -> Bool { areSame(left, right) }
    @inlinable
    package static func != (left: Substring?, right: Substring?) -> Bool { !areSame(left, right) }
    @inlinable
    package static func ~= (left: Substring?, right: Substring?) -> Bool { areSame(left, right) }
}

extension Array where Element == String {
    @inlinable
    package static func == (left: [String], right: [String]) -> Bool {
        left.elementsEqual(right) { areSame($0, $1) }
    }
    @inlinable
    package static func != (left: [String], right: [String]) -> Bool { !(left == right) }
}

extension Array where Element == Substring {
    @inlinable
    package static func == (left: [Substring], right: [Substring]) -> Bool {
        left.elementsEqual(right) { areSame($0, $1) }
    }
    @inlinable
    package static func != (left: [Substring], right: [Substring]) -> Bool { !(left == right) }
}

extension Sequence where Element: StringProtocol {
    @inlinable
    package func contains(_ text: Element) -> Bool { contains { areSame($0, text) } }

    /// In the order of bytes.
    @inlinable
    package func sorted() -> [Element] { sorted { ByteOrder.less($0, $1) } }
}

extension Sequence where Element == String {
    @inlinable
    package func contains(_ text: String) -> Bool { contains { areSame($0, text) } }
    @inlinable
    package func contains(_ text: Substring) -> Bool { contains { areSame($0, text) } }
}

extension Sequence where Element == Substring {
    @inlinable
    package func contains(_ text: Substring) -> Bool { contains { areSame($0, text) } }
}

extension Collection where Element: StringProtocol {
    @inlinable
    package func firstIndex(of text: Element) -> Index? { firstIndex { areSame($0, text) } }
}

extension BidirectionalCollection where Element: StringProtocol {
    @inlinable
    package func lastIndex(of text: Element) -> Index? { lastIndex { areSame($0, text) } }
}

extension StringProtocol {
    /// Whether it has a byte.
    @inlinable
    package func has(_ byte: UInt8) -> Bool {
        let found = utf8.withContiguousStorageIfAvailable { bytes in
            unsafe holds(byte, bytes)
        }
        return found ?? utf8.contains(byte)
    }
}

extension UInt8 {
    /// `0` to `9`.
    @inlinable
    package var isDigit: Bool { (0x30...0x39).contains(self) }
    /// `0` to `9`, `a` to `f`, `A` to `F`.
    @inlinable
    package var isHexDigit: Bool { isDigit || (0x41...0x46).contains(self & 0xdf) }

    /// A letter of ASCII.
    @inlinable
    package var isLetter: Bool { (0x61...0x7a).contains(self | 0x20) }
    /// A space, a tab, or what ends lines or pages.
    @inlinable
    package var isBlank: Bool { self == 0x20 || (0x09...0x0d).contains(self) }
}

/// Whether two texts, or none, are the same.
@inlinable
package func areSame<Part: StringProtocol>(_ left: Part?, _ right: Part?) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (let left?, let right?): areSame(left, right)
    default: false
    }
}

/// Whether two texts have the same bytes.
@inlinable
package func areSame(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
    let (left, right) = (left.utf8, right.utf8)
    let isSame = left.withContiguousStorageIfAvailable { left in
        right.withContiguousStorageIfAvailable { right in
            unsafe areSameBytes(left, right)
        }
    }
    return isSame.flatMap { $0 } ?? left.elementsEqual(right)
}

@usableFromInline
package func areSameBytes(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
    guard left.count == right.count, let a = left.baseAddress, let b = right.baseAddress else {
        return left.count == right.count
    }
    return unsafe memcmp(a, b, left.count) == 0
}

@usableFromInline
package func holds(_ byte: UInt8, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let start = bytes.baseAddress else { return false }
    return unsafe memchr(start, Int32(byte), bytes.count) != nil
}

/// Where some bytes are in others, the first time; those of none at the start.
@usableFromInline
package func firstOffset(of part: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let wanted = part.baseAddress, part.count > 0 else { return 0 }
    guard let start = bytes.baseAddress else { return nil }
    let first = unsafe Int32(wanted.pointee)
    var offset = 0
    while offset + part.count <= bytes.count {
        let places = bytes.count - part.count + 1 - offset
        guard let found = unsafe memchr(start + offset, first, places) else { return nil }
        offset = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(start)
        if unsafe memcmp(start + offset, wanted, part.count) == 0 { return offset }
        offset += 1
    }
    return nil
}

/// Where some bytes, at least one, are in others, the last time.
@usableFromInline
package func lastOffset(of part: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let last = unsafe part.last, bytes.count >= part.count else { return nil }
    var offset = bytes.count - part.count
    while offset >= 0 {
        if unsafe bytes[offset + part.count - 1] == last,
            unsafe bytes[offset..<(offset + part.count)].elementsEqual(part)
        {
            return offset
        }
        offset -= 1
    }
    return nil
}
