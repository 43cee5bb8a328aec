import Glibc

/// Lines of bytes, and bytes at a place: by the C library, which looks at many at once.
extension ArraySlice<UInt8> {
    /// The place of the first line feed.
    package var lineEnd: Int? {
        unsafe withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress,
                let found = unsafe memchr(start, Int32(UInt8(ascii: "\n")), bytes.count)
            else { return nil }
            return unsafe startIndex + (UnsafeRawPointer(found) - UnsafeRawPointer(start))
        }
    }

    /// The lines that are not empty, without their ends.
    package var lines: [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = self
        while let end = rest.lineEnd {
            if end > rest.startIndex { lines.append(rest[..<end]) }
            rest = rest[(end + 1)...]
        }
        if !rest.isEmpty { lines.append(rest) }
        return lines
    }

    /// Whether some bytes stand at a place, which has so many behind it.
    package func has(_ bytes: [UInt8], at place: Int) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { own in
            unsafe withUnsafeBufferPointer { all in
                guard let start = own.baseAddress, let there = all.baseAddress else { return own.isEmpty }
                return unsafe memcmp(start, there + (place - startIndex), own.count) == 0
            }
        }
    }
}
