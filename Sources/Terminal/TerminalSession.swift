import CSystemShim
import Glibc
package import System
import Text

/// A terminal that a program has for itself: keys come as they are pressed, on a screen of its own, which goes again
/// with `end`. Belongs to one thread.
package final class TerminalSession {
    private let input: Int32 = 0
    private let output: Int32 = 1
    /// What is on the terminal; nil where nobody knows.
    private var shown: Screen?
    private var keys = KeyReader()
    private let isColoured: Bool
    private var isOpen = false

    /// The alternate screen without a cursor, and back.
    private static let enter = "\u{1b}[?1049h\u{1b}[?25l"
    private static let leave = "\u{1b}[0m\u{1b}[?25h\u{1b}[?1049l"
    /// What comes between them is shown at once (mode 2026, synchronized output).
    private static let (beginning, ending) = ("\u{1b}[?2026h", "\u{1b}[?2026l")

    /// - Throws: where standard input or output is no terminal.
    package init(isColoured: Bool) throws(SystemError) {
        self.isColoured = isColoured
        try open()
    }

    deinit { end() }

    private func open() throws(SystemError) {
        let failure = xsys_terminal_raw(input)
        if failure < 0 { throw SystemError("use the terminal", "", code: -failure) }
        isOpen = true
        shown = nil
        write(Array(Self.enter.utf8))
    }

    /// Gives the terminal back as it was.
    package func end() {
        guard isOpen else { return }
        isOpen = false
        write(Array(Self.leave.utf8))
        xsys_terminal_restore(input)
    }

    /// Ctrl-Z: the terminal is the shell's until somebody goes on with this program.
    package func suspend() throws(SystemError) {
        end()
        kill(getpid(), SIGSTOP)
        try open()
    }

    /// Nobody knows any more what it shows: the next screen is sent as a whole.
    package func forget() { shown = nil }

    /// Its size now.
    package var size: (rows: Int, columns: Int) {
        (Int(xsys_rows(output)), Int(xsys_columns(output)))
    }

    /// Shows a screen.
    package func show(_ screen: Screen) {
        guard isOpen else { return }
        let difference = screen.difference(from: shown, isColoured: isColoured)
        shown = screen
        if difference.isEmpty { return }
        write(Array(Self.beginning.utf8) + difference + Array(Self.ending.utf8))
    }

    /// Puts a text into the user's clipboard, where the terminal lets programs do that (OSC 52).
    package func copy(_ text: String) {
        write(Array("\u{1b}]52;c;\(Base64.text(Array(text.utf8)))\u{07}".utf8))
    }

    /// What has been pressed, waiting at most so long.
    ///
    /// - Parameter signals: whose arrival ends the waiting too.
    /// - Returns: nil where nobody is at the terminal any more.
    package func keys(milliseconds: Int32, _ signals: Signals) -> [Key]? {
        // The Escape key is the beginning of others.
        let patience = keys.isWaiting ? min(milliseconds, 50) : milliseconds
        var polled = [
            pollfd(fd: input, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0),
        ]
        let count = unsafe poll(&polled, 2, patience)
        guard count > 0 else { return keys.read([], isEnd: true) }
        guard polled[0].revents != 0 else { return [] }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let got = unsafe read(input, &buffer, buffer.count)
        if got == 0 || got < 0 && errno != EINTR && errno != EAGAIN { return nil }
        return keys.read(Array(buffer.prefix(max(0, got))))
    }

    private func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(output, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            // Nobody looks any more.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
