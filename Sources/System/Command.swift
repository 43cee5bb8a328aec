import CSystemShim
import Glibc
import Text

/// A program that is run to its end for what it says.
package struct Command: Sendable {
    /// What it gave back and said.
    package struct Answer: Sendable {
        /// Its exit code; 128 and the number of the signal that ended it.
        package let code: Int32
        package let output: String
        package let error: String
        /// Whether it took longer than it may, and was killed.
        package let isLate: Bool
    }

    private let arguments: [String]
    private let environment: EnvironmentBlock
    /// Seconds that it may take.
    private let patience: Double
    /// The most bytes that are kept of each stream.
    private static let limit = 1 << 26

    package init(_ arguments: [String], environment: EnvironmentBlock = .current, patience: Double) {
        self.arguments = arguments
        self.environment = environment
        self.patience = patience
    }

    /// Runs it.
    ///
    /// - Throws: where it cannot be started; ENOENT where it is not along PATH.
    package func run() throws(SystemError) -> Answer {
        var (out, err): ([Int32], [Int32]) = ([0, 0], [0, 0])
        var failure = unsafe xsys_pipe(&out)
        if failure < 0 { throw SystemError("create a pipe", "", code: -failure) }
        let output = Descriptor(owning: out[0])
        failure = unsafe xsys_pipe(&err)
        if failure < 0 {
            close(out[1])
            throw SystemError("create a pipe", "", code: -failure)
        }
        let error = Descriptor(owning: err[0])
        let pid = ChildProcess.spawn(
            arguments, environment: environment,
            as: NewProcess(output: out[1], error: err[1], startsSession: true))
        close(out[1])
        close(err[1])
        if pid < 0 { throw SystemError("start", arguments[0], code: -pid) }
        let (said, isLate) = Self.read([output.number, error.number], until: Monotonic.seconds + patience)
        // What it has started goes with it.
        if isLate { kill(-pid, SIGKILL) }
        return Answer(
            code: ChildProcess.wait(for: pid), output: String(decoding: said[0], as: UTF8.self),
            error: String(decoding: said[1], as: UTF8.self), isLate: isLate)
    }

    /// Reads descriptors to their ends.
    ///
    /// - Returns: what came, and whether the time was over before.
    private static func read(_ descriptors: [Int32], until end: Double) -> (said: [[UInt8]], isLate: Bool) {
        var said = descriptors.map { _ in [UInt8]() }
        var open = descriptors
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while open.contains(where: { $0 >= 0 }) {
            let left = end - Monotonic.seconds
            if left <= 0 { return (said, true) }
            var polled = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            unsafe _ = poll(&polled, nfds_t(polled.count), Int32(min(left * 1000 + 1, 1e6)))
            for index in open.indices where polled[index].revents != 0 {
                let count = unsafe Glibc.read(open[index], &buffer, buffer.count)
                if count > 0 {
                    if said[index].count < limit { said[index] += buffer[..<count] }
                } else if count == 0 || errno != EINTR {
                    open[index] = -1
                }
            }
        }
        return (said, false)
    }
}
