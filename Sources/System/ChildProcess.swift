import CSystemShim
import Glibc
import Text

/// Starting of processes.
package enum ChildProcess {
    /// Starts a program in a folder (nil: the current one).
    ///
    /// - Returns: its pid, or a negative errno if it cannot be executed.
    package static func spawn(
        _ arguments: [String], environment: EnvironmentBlock, in folder: String? = nil,
        as process: NewProcess
    ) -> Int32 {
        start(arguments, environment: environment, in: folder, as: process).result
    }

    /// The same, and whether it did not start because its record could not be written.
    package static func start(
        _ arguments: [String], environment: EnvironmentBlock, in folder: String?, as process: NewProcess
    ) -> (result: Int32, recordFailed: Bool) {
        // The kernel would take what is before it.
        if arguments.contains(where: { $0.has(0) }) { return (-EINVAL, false) }
        return unsafe withStrings(arguments.map { $0.utf8.map { CChar(bitPattern: $0) } }) { arguments in
            unsafe withStrings(environment.entries) { environment in
                unsafe process.call { unsafe xsys_spawn(arguments, environment, folder, &$0) }
            }
        }
    }

    /// Becomes another program: execve(2).
    ///
    /// - Returns: an errno; not at all where it works.
    package static func replace(_ arguments: [String], environment: EnvironmentBlock) -> Int32 {
        if arguments.contains(where: { $0.has(0) }) { return EINVAL }
        return unsafe withStrings(arguments.map { $0.utf8.map { CChar(bitPattern: $0) } }) { words in
            unsafe withStrings(environment.entries) { variables in
                unsafe xsys_become(words, variables)
            }
        }
    }

    /// fork(2) in a folder: call only while this process has one thread.
    ///
    /// - Returns: 0 in the child, its pid in the parent, or a negative errno.
    package static func fork(in folder: String, as process: NewProcess) -> Int32 {
        unsafe process.call { unsafe xsys_fork(folder, &$0) }.result
    }

    /// Calls `body` with a null-terminated array of C strings.
    private static func withStrings<Result>(
        _ strings: [[CChar]], _ body: (UnsafePointer<UnsafePointer<CChar>>) -> Result
    ) -> Result {
        var bytes: [CChar] = []
        var offsets: [Int] = []
        for string in strings {
            offsets.append(bytes.count)
            bytes.append(contentsOf: string)
            bytes.append(0)
        }
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            var pointers: [UnsafePointer<CChar>?] = unsafe offsets.map {
                unsafe bytes.baseAddress?.advanced(by: $0)
            }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBytes { raw in
                // An array of optional pointers and one of pointers have the same layout.
                unsafe body(raw.bindMemory(to: UnsafePointer<CChar>.self).baseAddress.unsafelyUnwrapped)
            }
        }
    }

    private static func read(_ descriptor: consuming Descriptor, limit: Int) -> [UInt8] {
        (try? descriptor.readToEnd(limit: limit, path: "")) ?? []
    }

    /// Starts a program in a session of its own, and waits until it writes to a pipe or closes it.
    ///
    /// - Parameters:
    ///   - output: the file that gets its standard output and standard error.
    ///   - channel: the number that the pipe has there.
    /// - Returns: its pid, and what it wrote first; nothing if it closed the pipe, by ending or otherwise.
    package static func startTelling(
        _ arguments: [String], environment: EnvironmentBlock, output: String, channel: Int32
    ) throws(SystemError) -> (pid: Int32, told: [UInt8]) {
        let log = try Descriptor(writing: output, O_TRUNC | O_APPEND)
        var ends: [Int32] = [0, 0]
        let failure = unsafe xsys_pipe(&ends)
        if failure < 0 { throw SystemError("create a pipe", "", code: -failure) }
        let reading = Descriptor(owning: ends[0])
        let process = NewProcess(
            output: log.number, error: log.number, kept: ends[1], keptAs: channel, startsSession: true)
        let pid = spawn(arguments, environment: environment, as: process)
        close(ends[1])
        if pid < 0 { throw SystemError("start", arguments[0], code: -pid) }
        return (pid, try reading.readToEnd(limit: 1, path: ""))
    }

    /// Writes to the pipe that `startTelling` reads, and closes it.
    package static func tell(_ channel: Int32) {
        try? Descriptor.write([UInt8(ascii: "p")], to: channel, path: "")
        close(channel)
    }

    /// Waits for a child.
    ///
    /// - Returns: its exit code; 128 and the number of the signal that ended it.
    package static func wait(for pid: Int32) -> Int32 {
        var status: Int32 = 0
        _ = unsafe xsys_wait(pid, true, &status)
        let signal = xsys_signal(status)
        return signal > 0 ? 128 + signal : xsys_exit_code(status)
    }

    /// Runs a program to its end, with a file as its standard input.
    ///
    /// - Returns: its exit code (128 and the number of the signal that ended it), and what it wrote to both
    ///   of its streams.
    package static func run(
        _ arguments: [String], environment: EnvironmentBlock, input: String, limit: Int = 1 << 20
    ) throws(SystemError) -> (code: Int32, said: String) {
        let file = try Descriptor(opening: input, O_RDONLY)
        var ends: [Int32] = [0, 0]
        let failure = unsafe xsys_pipe(&ends)
        if failure < 0 { throw SystemError("create a pipe", "", code: -failure) }
        let reading = Descriptor(owning: ends[0])
        let process = NewProcess(input: file.number, output: ends[1], error: ends[1])
        let pid = spawn(arguments, environment: environment, as: process)
        close(ends[1])
        if pid < 0 { throw SystemError("start", arguments[0], code: -pid) }
        let bytes = read(reading, limit: limit)
        return (wait(for: pid), String(decoding: bytes, as: UTF8.self))
    }

    /// Runs a program to its end and gives its exit code and what it wrote to its standard output.
    ///
    /// - Parameter tellsErrors: whether what it writes to its standard error goes to that of this process.
    /// - Returns: nil if it cannot be executed.
    package static func output(
        _ arguments: [String], tellsErrors: Bool = false, limit: Int = 1 << 24
    ) -> (code: Int32, text: String)? {
        var ends: [Int32] = [0, 0]
        guard unsafe xsys_pipe(&ends) == 0 else { return nil }
        let pid = spawn(
            arguments, environment: .current, as: NewProcess(output: ends[1], error: tellsErrors ? 2 : -1))
        close(ends[1])
        guard pid > 0 else {
            close(ends[0])
            return nil
        }
        // Closed at the limit: a program that goes on to write does not wait for ever.
        let bytes = read(Descriptor(owning: ends[0]), limit: limit)
        var status: Int32 = 0
        _ = unsafe xsys_wait(pid, true, &status)
        return (xsys_exit_code(status), String(decoding: bytes, as: UTF8.self))
    }
}
