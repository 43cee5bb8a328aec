extension [UInt8] {
    /// Without a byte order mark at the start, which says nothing of UTF-8.
    package var withoutByteOrderMark: [UInt8] {
        starts(with: [0xef, 0xbb, 0xbf]) ? Array(dropFirst(3)) : self
    }
}
