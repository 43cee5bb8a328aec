package import CSystemShim
import Text

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Starting of processes.
package enum ChildProcess {
    /// Starts a program in a folder (nil: the current one).
    ///
    /// - Returns: its pid, or a negative errno if it cannot be executed.
    package static func spawn(
        _ arguments: [String], environment: [String], in folder: String? = nil, as process: xsys_process
    ) -> Int32 {
        unsafe withStrings(arguments) { arguments in
            unsafe withStrings(environment) { environment in
                var process = process
                return unsafe xsys_spawn(arguments, environment, folder, &process)
            }
        }
    }

    /// Calls `body` with a null-terminated array of C strings.
    private static func withStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>>) -> Result
    ) -> Result {
        var bytes: [CChar] = []
        var offsets: [Int] = []
        for string in strings {
            offsets.append(bytes.count)
            // A string with a NUL ends there, as for every program.
            bytes.append(contentsOf: string.utf8.prefix { $0 != 0 }.map { CChar(bitPattern: $0) })
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
        _ arguments: [String], environment: [String], output: String, channel: Int32
    ) throws(SystemError) -> (pid: Int32, told: [UInt8]) {
        let log = try Descriptor(opening: output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
        var ends: [Int32] = [0, 0]
        let failure = unsafe xsys_pipe(&ends)
        if failure < 0 { throw SystemError("create a pipe", "", code: -failure) }
        let reading = Descriptor(owning: ends[0])
        let process = xsys_process.make(
            output: log.number, error: log.number, kept: ends[1], as: channel, session: true)
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
    /// - Returns: its exit code (128 and the number of the signal that ended it), and what it wrote to both of its streams.
    package static func run(
        _ arguments: [String], environment: [String], input: String, limit: Int = 1 << 20
    ) throws(SystemError) -> (code: Int32, said: String) {
        let file = try Descriptor(opening: input, O_RDONLY)
        var ends: [Int32] = [0, 0]
        let failure = unsafe xsys_pipe(&ends)
        if failure < 0 { throw SystemError("create a pipe", "", code: -failure) }
        let reading = Descriptor(owning: ends[0])
        let process = xsys_process.make(input: file.number, output: ends[1], error: ends[1])
        let pid = spawn(arguments, environment: environment, as: process)
        close(ends[1])
        if pid < 0 { throw SystemError("start", arguments[0], code: -pid) }
        let bytes = read(reading, limit: limit)
        return (wait(for: pid), String(decoding: bytes, as: UTF8.self))
    }

    /// Runs a program to its end and gives its exit code and what it wrote to its standard output.
    ///
    /// - Returns: nil if it cannot be executed.
    package static func output(_ arguments: [String], limit: Int = 1 << 24) -> (code: Int32, text: String)? {
        var ends: [Int32] = [0, 0]
        guard unsafe xsys_pipe(&ends) == 0 else { return nil }
        let pid = spawn(arguments, environment: Environment.all, as: .make(output: ends[1]))
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

extension xsys_process {
    /// A process with these descriptors; -1 is `/dev/null`.
    static func make(
        input: Int32 = -1, output: Int32 = -1, error: Int32 = -1, kept: Int32 = -1, as number: Int32 = -1,
        keptLast: Int32 = -1, session: Bool = false, diesWithParent: Bool = false
    ) -> xsys_process {
        xsys_process(
            input: input, output: output, error: error, kept: kept, kept_as: number,
            kept_last: keptLast, session: session, dies_with_parent: diesWithParent)
    }
}
