import Glibc
import LuaBridge
import System
import Text

/// Lines of standard input, each as soon as it is there.
struct LineInput {
    /// Cuts bytes into lines.
    struct Reader {
        private var bytes: [UInt8] = []
        private var start = 0
        private var isOver = false

        mutating func add(_ more: [UInt8]) {
            bytes.removeSubrange(..<start)
            start = 0
            bytes += more
        }

        mutating func finish() { isOver = true }

        /// The next whole line, without its end; nil where there is none yet.
        mutating func next() -> ArraySlice<UInt8>? {
            if let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return bytes[start..<end]
            }
            guard isOver, start < bytes.count else { return nil }
            defer { start = bytes.count }
            return bytes[start...]
        }

        /// The bytes of a line that has no end yet.
        var pending: Int { bytes.count - start }
    }

    private var reader = Reader()
    private var number = 0
    private var isOver = false
    /// A line is the argument of a program.
    private static let longest = 1 << 20

    /// A line as text; nil for bytes that are none.
    static func text(_ line: ArraySlice<UInt8>) -> String? {
        line.contains(0) ? nil : String(validating: line, as: UTF8.self)
    }

    /// The next line that is not empty; nil at the end, or where the flag is raised.
    ///
    /// - Throws: a line that is no text, or too long.
    mutating func next(unless flag: InterruptFlag? = nil) throws(LineProblem) -> String? {
        while true {
            while let line = reader.next() {
                number += 1
                if line.isEmpty { continue }
                guard let text = Self.text(line) else {
                    throw LineProblem("standard input, line \(number): not UTF-8, or it has a NUL")
                }
                return text
            }
            if isOver { return nil }
            guard reader.pending <= Self.longest else {
                throw LineProblem("standard input, line \(number + 1): longer than \(Self.longest >> 20) MiB")
            }
            try fill(unless: flag)
        }
    }

    private mutating func fill(unless flag: InterruptFlag?) throws(LineProblem) {
        while !(flag?.isRaised ?? false) {
            var polled = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&polled, 1, 100)
            if ready == 0 || ready < 0 && errno == EINTR { continue }
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(0, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count < 0 { throw LineProblem("standard input: \(SystemError.message(errno))") }
            if count == 0 { break }
            reader.add(Array(bytes[..<count]))
            return
        }
        isOver = true
        reader.finish()
    }
}
