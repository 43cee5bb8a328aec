import CSystemShim
import Text

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An open file: closed when this value ends. Close-on-exec.
package struct Descriptor: ~Copyable, Sendable {
    package let number: Int32

    /// Takes over an open descriptor.
    package init(owning number: Int32) { self.number = number }

    package init(opening path: String, _ flags: Int32, _ mode: UInt32 = 0o666) throws(SystemError) {
        let number = unsafe open(path, flags | O_CLOEXEC, mode_t(mode))
        if number < 0 {
            throw SystemError(flags & O_CREAT != 0 ? "create" : "open", path, code: errno)
        }
        self.number = number
    }

    deinit { close(number) }

    /// Writes all bytes.
    package borrowing func write(_ bytes: [UInt8], path: String) throws(SystemError) {
        try Self.write(bytes, to: number, path: path)
    }

    /// Writes all bytes to an open descriptor.
    static func write(_ bytes: [UInt8], to number: Int32, path: String) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(number, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("write", path, code: errno)
            }
            written += count
        }
    }

    /// What is left to read, at most `limit` bytes.
    package borrowing func readToEnd(limit: Int, path: String) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count < limit {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe Glibc.read(number, $0.baseAddress, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("read", path, code: errno)
            }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }
}
