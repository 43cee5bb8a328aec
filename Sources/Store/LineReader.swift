import System
import Text

/// Follows a file of JSON lines that another process appends to.
package struct LineReader: Sendable {
    private let path: String
    private var offset = 0

    package init(_ path: String) { self.path = path }

    /// The lines that came since the last look. One that is not whole yet is left for later.
    ///
    /// - Parameter most: bytes that are read at once: the rest comes with the next call. A longer line is read whole.
    package mutating func read(most: Int = 1 << 30) -> [ArraySlice<UInt8>] {
        guard Files.size(of: path) > Int64(offset),
            var bytes = try? Files.read(path, from: offset, most: most)
        else { return [] }
        var end = bytes.lastIndex(of: UInt8(ascii: "\n"))
        if end == nil, bytes.count >= most, let all = try? Files.read(path, from: offset) {
            bytes = all
            end = bytes.firstIndex(of: UInt8(ascii: "\n"))
        }
        guard let end else { return [] }
        offset += end + 1
        return bytes[..<end].lines
    }
}
