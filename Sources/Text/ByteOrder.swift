/// Order by UTF-8 bytes: the order of identifiers and files.
@usableFromInline
package enum ByteOrder {
    @inlinable
    package static func less(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
