import Glibc

/// Lines of bytes, and bytes at a place: by the C library, which looks at many at once.
extension ArraySlice<UInt8> {
    /// The place of the first line feed.
    package var lineEnd: Int? { place(of: UInt8(ascii: "\n")) }

    /// The place of the first such byte.
    private func place(of byte: UInt8) -> Int? {
        unsafe withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress,
                let found = unsafe memchr(start, Int32(byte), bytes.count)
            else { return nil }
            return unsafe startIndex + (UnsafeRawPointer(found) - UnsafeRawPointer(start))
        }
    }

    /// How many lines have an end.
    package var lineCount: Int {
        var count = 0
        var rest = self
        while let end = rest.lineEnd {
            count += 1
            rest = rest[(end + 1)...]
        }
        return count
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

    /// Whether some bytes stand anywhere in these.
    package func contains(_ bytes: String.UTF8View) -> Bool {
        let part = Array(bytes)
        guard let first = part.first else { return true }
        var place = startIndex
        while place + part.count <= endIndex {
            guard let next = self[place..<(endIndex - part.count + 1)].place(of: first) else { return false }
            if has(part, at: next) { return true }
            place = next + 1
        }
        return false
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
