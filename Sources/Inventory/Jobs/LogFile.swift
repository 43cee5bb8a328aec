package import System
import Text

/// A log that is read from a place on, a piece at a time, while others may write it, rename it or remove it.
package struct LogFile: ~Copyable {
    private let descriptor: Descriptor
    private let path: String
    private var offset = 0
    /// Bytes that are read at once.
    private static let piece = 1 << 16

    package init(_ path: String) throws(SystemError) {
        descriptor = try Descriptor(reading: path)
        self.path = path
    }

    /// What comes next, at most a piece; nothing at the end.
    package mutating func read() throws(SystemError) -> [UInt8] {
        let bytes = try descriptor.read(at: offset, count: Self.piece, path: path)
        offset += bytes.count
        return bytes
    }

    /// Whether the file still has its name, and has not become shorter than what was read of it.
    package var isCurrent: Bool { descriptor.isAt(path) && size >= offset }

    private var size: Int { descriptor.byteCount() }

    /// Leaves out all but the last lines; one without an end counts too.
    package mutating func skip(to lines: Int) throws(SystemError) {
        offset = size
        var place = offset
        var left = lines
        while left > 0, place > 0 {
            let start = max(0, place - Self.piece)
            let bytes = try descriptor.read(at: start, count: place - start, path: path)
            // The end of the last line is not that of one before it.
            for index in bytes.indices.reversed()
            where bytes[index] == UInt8(ascii: "\n") && start + index + 1 < size {
                left -= 1
                if left == 0 {
                    offset = start + index + 1
                    return
                }
            }
            place = start
        }
        if lines > 0 { offset = 0 }
    }
}
