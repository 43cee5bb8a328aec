import CSystemShim
import Glibc
import Synchronization
import Text

/// Standard output and standard error.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes text for people at once, after what C code has buffered. Whatever a terminal would take as an
    /// order is shown as an escape, but for colours on a terminal.
    package func write(_ text: String) {
        write(bytes: Array(TerminalText.safe(text, allowsColours: isTerminal).utf8))
    }

    /// Writes a table or a file as it is, but on a terminal as text for people.
    package func write(data text: String) {
        if isTerminal { write(text) } else { write(bytes: Array(text.utf8)) }
    }

    /// Writes bytes as they are. Where standard output takes none, that is told at the end of the program, or
    /// at once.
    package func write(bytes: [UInt8]) {
        if bytes.isEmpty { return }
        // Only this stream: another may be locked by a thread that reads from it.
        xsys_flush_output()
        do throws(SystemError) { try Descriptor.write(bytes, to: rawValue, path: "") } catch {
            if self == .output { Self.failed(error) }
        }
    }

    private static func failed(_ error: SystemError) {
        xsys_output_failed(error.code)
        if !goesOn.load(ordering: .relaxed) { exit(2) }
    }

    /// Whether a program goes on whose output nobody takes.
    private static let goesOn = Atomic(false)

    /// Jobs run on, whoever reads what is told of them. At the end it counts.
    package static func goOnWithoutOutput() { goesOn.store(true, ordering: .relaxed) }

    /// Makes the program end with exit code 2 and a message where its standard output could not be written.
    package static func checkAtExit() { xsys_check_output_at_exit() }

    /// Whether somebody can be asked.
    package static var inputIsTerminal: Bool { isatty(0) == 1 }

    /// Whether nobody can read any more what is written to it: the other end of a pipe or of a connection is closed.
    package var isAbandoned: Bool {
        var polled = pollfd(fd: rawValue, events: 0, revents: 0)
        return unsafe poll(&polled, 1, 0) > 0 && polled.revents & Int16(POLLERR | POLLHUP) != 0
    }

    /// Whether it is a terminal.
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Whether it is a terminal that is known to take orders, such as colours: one without a name, or a dumb
    /// one, is not.
    package var takesEscapes: Bool {
        guard isTerminal, let name = Environment["TERM"] else { return false }
        return !name.isEmpty && name != "dumb"
    }

    /// Whether the user wants no colours anywhere: https://no-color.org.
    package static var refusesColours: Bool { Environment["NO_COLOR"].map { !$0.isEmpty } ?? false }

    /// The width of the terminal; 80 where it is unknown.
    package var columns: Int {
        let columns = Int(xsys_columns(rawValue))
        return columns > 0 ? columns : 80
    }

    /// Lets standard output go where standard error goes, and gives what still writes to the former one.
    package static func divertOutput() -> @Sendable ([UInt8]) -> Void {
        let former = fcntl(1, F_DUPFD_CLOEXEC, 3)
        let target: Int32 = former >= 0 && dup2(2, 1) >= 0 ? former : 1
        return { bytes in
            do throws(SystemError) { try Descriptor.write(bytes, to: target, path: "") } catch {
                failed(error)
            }
        }
    }

    /// Opens /dev/null in place of those that are closed: no other file gets their numbers. Called first.
    package static func openAll() { xsys_open_standard_streams() }

    /// Makes what C code prints appear at each line end.
    package static func bufferByLine() { xsys_buffer_by_line() }
}
