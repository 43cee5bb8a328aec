import CSystemShim
import Text

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Standard output and standard error.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes text at once, after what C code has buffered. A closed pipe or a full disk is no reason to fail.
    package func write(_ text: String) {
        // Only this stream: another may be locked by a thread that reads from it.
        xsys_flush_output()
        try? Descriptor.write(Array(text.utf8), to: rawValue, path: "")
    }

    /// Writes bytes as they are.
    package func write(bytes: [UInt8]) {
        if bytes.isEmpty { return }
        xsys_flush_output()
        try? Descriptor.write(bytes, to: rawValue, path: "")
    }

    /// Whether somebody can be asked.
    package static var inputIsTerminal: Bool { isatty(0) == 1 }

    /// Whether it is a terminal.
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// The width of the terminal; 80 where it is unknown.
    package var columns: Int {
        let columns = Int(xsys_columns(rawValue))
        return columns > 0 ? columns : 80
    }

    /// Lets standard output go where standard error goes, and gives what still writes to the former one.
    package static func divertOutput() -> @Sendable ([UInt8]) -> Void {
        let former = fcntl(1, F_DUPFD_CLOEXEC, 3)
        guard former >= 0, dup2(2, 1) >= 0 else { return { try? Descriptor.write($0, to: 1, path: "") } }
        return { try? Descriptor.write($0, to: former, path: "") }
    }

    /// Opens /dev/null in place of those that are closed: no other file gets their numbers. Called first.
    package static func openAll() { xsys_open_standard_streams() }

    /// Makes what C code prints appear at each line end.
    package static func bufferByLine() { xsys_buffer_by_line() }
}
