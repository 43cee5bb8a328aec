/// Order by UTF-8 bytes: the order of identifiers and files.
@usableFromInline
package enum ByteOrder {
    @inlinable
    package static func less(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension ByteOrder {
    /// The order of names with numbers in them: `patient_2` before `patient_10`. Names that differ in leading
    /// zeros only are ordered by their bytes.
    package static func naturallyLess(_ left: String, _ right: String) -> Bool {
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        var (a, b) = (left.utf8[...], right.utf8[...])
        while let first = a.first, let second = b.first {
            if isDigit(first), isDigit(second) {
                let (one, other) = (a.prefix(while: isDigit), b.prefix(while: isDigit))
                let (x, y) = (one.drop { $0 == 0x30 }, other.drop { $0 == 0x30 })
                if x.count != y.count { return x.count < y.count }
                if !x.elementsEqual(y) { return x.lexicographicallyPrecedes(y) }
                (a, b) = (a[one.endIndex...], b[other.endIndex...])
            } else {
                if first != second { return first < second }
                (a, b) = (a.dropFirst(), b.dropFirst())
            }
        }
        return a.isEmpty == b.isEmpty ? less(left, right) : a.isEmpty
    }
}
