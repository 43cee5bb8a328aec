import System
import Text

/// Follows a file of JSON lines that another process appends to.
package struct LineReader: Sendable {
    private let path: String
    private var offset = 0

    package init(_ path: String) { self.path = path }

    /// The lines that came since the last look. One that is not whole yet is left for later.
    package mutating func read() -> [ArraySlice<UInt8>] {
        guard Files.size(of: path) > Int64(offset), let bytes = try? Files.read(path, from: offset),
            let end = bytes.lastIndex(of: UInt8(ascii: "\n"))
        else { return [] }
        offset += end + 1
        return bytes[..<end].split(separator: UInt8(ascii: "\n"))
    }
}
