import CSystemShim
import Glibc
import Text

/// The signals that ask a program to stop, read like messages.
package struct Signals: Sendable {
    package enum Kind: Sendable {
        /// SIGINT: Ctrl-C.
        case interrupt
        /// SIGTERM or SIGHUP.
        case terminate
        /// SIGWINCH: the terminal has another size.
        case resize
    }

    /// The numbers that jobs are stopped with.
    package static let terminate = SIGTERM
    package static let kill = SIGKILL

    /// Lets writes beyond the limit of file sizes fail instead of ending the process. Called first; programs
    /// that are started do not inherit it.
    package static func surviveFileLimit() { xsys_survive_file_limit() }

    /// Lets the signals come that ask this process to stop, whatever its parent has blocked. Called first.
    package static func admit() { xsys_admit_signals() }

    private let descriptor: Int32

    /// Blocks the signals in this thread and those it starts.
    package init() throws(SystemError) {
        descriptor = xsys_signals()
        if descriptor < 0 { throw SystemError("wait for signals", "", code: -descriptor) }
    }

    /// Takes no notice of SIGUSR1.
    package static func ignoreUser1() { signal(SIGUSR1, SIG_IGN) }

    /// The descriptor that becomes readable when one comes.
    package var number: Int32 { descriptor }

    /// The next signal, waiting at most so long.
    package func next(milliseconds: Int32) -> Kind? {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&polled, 1, milliseconds) > 0 else { return nil }
        switch xsys_next_signal(descriptor) {
        case SIGINT: return .interrupt
        // SIGUSR2: Grid Engine's word before it kills a job.
        case SIGTERM, SIGHUP, SIGUSR2: return .terminate
        case SIGWINCH: return .resize
        default: return nil
        }
    }
}
