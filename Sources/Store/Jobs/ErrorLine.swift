import Text

/// The line of a program's last output that says why it failed. The last one often does not: runtimes and
/// build tools write rulers, traces and advice behind it.
package enum ErrorLine {
    /// Of the lines of an output, the oldest first; nil where there is none but rulers.
    package static func of(_ lines: [String]) -> String? {
        let ignored = ignoredByPython(lines)
        let told = lines.enumerated().filter {
            !isRuler($0.element) && !isTrailer($0.element) && !ignored.contains($0.offset)
        }
        let found =
            told.last { saysError($0.element) } ?? told.last
            ?? lines.enumerated().last { !isRuler($0.element) }
        guard let found else { return nil }
        let line = String(ofGroup(found.element))
        // Rust and R tell what it is on the next line.
        let next = found.offset + 1
        guard line.hasSuffix(":"), next < lines.count, !isRuler(lines[next]), !isTrailer(lines[next]) else {
            return line
        }
        return "\(line) \(lines[next].trimmed)"
    }

    /// What Python tells while it ends, of which the failure is none: `Exception ignored in: …`, a traceback, and
    /// the line behind it.
    private static func ignoredByPython(_ lines: [String]) -> Set<Int> {
        var (found, isWithin): (Set<Int>, Bool) = ([], false)
        for (number, line) in lines.enumerated() {
            if line.hasPrefix("Exception ignored in") {
                isWithin = true
            } else if isWithin, !line.hasPrefix(" "), !line.hasPrefix("Traceback") {
                found.insert(number)
                isWithin = false
            }
            if isWithin { found.insert(number) }
        }
        return found
    }

    /// A line without what stands before those of an ExceptionGroup of Python: `  | `.
    private static func ofGroup(_ line: String) -> Substring {
        let text = line.trimmed
        return line.hasPrefix(" ") && text.hasPrefix("| ") ? text.dropFirst(2) : text
    }

    /// A line of signs.
    private static func isRuler(_ line: String) -> Bool {
        let bytes = line.utf8.filter { !$0.isBlank }
        return bytes.count < 3
            ? bytes.allSatisfy { "-=*_#~+|^".utf8.contains($0) }
            : bytes.allSatisfy { "-=*_#~+|^.".utf8.contains($0) }
    }

    /// What stands behind the reason, by the programs that write it.
    private static let trailers = [
        // R
        "Execution halted", "Calls: ", "In addition: Warning", "Warning message",
        // Open MPI, MPICH
        "NOTE: invoking MPI_ABORT", "You may or may not see output", "exactly when Open MPI kills",
        "with errorcode ", "Primary job  terminated", "mpirun detected that", "mpirun noticed that", "=   ",
        "= YOU CAN IGNORE",
        "a non-zero exit code", "Per user-direction, the job has been aborted",
        "YOUR APPLICATION TERMINATED",
        "This typically refers to a problem with your application", "Please see the FAQ",
        "Process name:", "Exit code:", "prterun ",
        // gfortran, torchrun
        "Error termination. Backtrace:", "torch.distributed.elastic.multiprocessing.errors.ChildFailedError",
        // make, ninja, cargo
        "make: *** ", "make[", "gmake: *** ", "ninja: build stopped", "error: could not compile",
        "error: aborting due to", "For more information about this error",
        // Snakemake
        "Exiting because a job execution failed", "Shutting down, this might take some time",
        "Complete log", "Removing output files of failed job", "Trying to restart job",
        "Select jobs to execute",
        // Rust, Julia, Node
        "note: ", "stack backtrace:", "Stacktrace:", "in expression starting at", "Node.js v",
        // The kernel's and the shell's last words of a program that was killed come before these.
        "srun: ", "slurmstepd: ", "ERROR conda.cli",
    ]

    private static func isTrailer(_ line: String) -> Bool {
        let text = line.trimmed
        if trailers.contains(where: { text.hasPrefix($0) }) { return true }
        // Frames: `at Main.run(Main.java:3)`, `... 12 more`, `3: core::panicking`, `[2] top-level scope`.
        if text.hasPrefix("at ") || text.hasPrefix("@ ") { return true }
        if text.hasPrefix("... "), text.hasSuffix(" more") { return true }
        // Of gfortran and gdb, `#0  0x7f…`; of MATLAB, `Error in solve (line 3)`.
        if text.hasPrefix("#") {
            let frame = text.dropFirst().prefix { $0.isASCII && $0.isNumber }
            if !frame.isEmpty, text.dropFirst(1 + frame.count).hasPrefix("  ") { return true }
        }
        if text.hasPrefix("Error in "), text.hasSuffix(")"), text.contains(" (line ") { return true }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        if !digits.isEmpty, text.dropFirst(digits.count).hasPrefix(": "), line.hasPrefix(" ") { return true }
        if text.hasPrefix("["), let close = text.cut(at: "]"), line.hasPrefix(" ") {
            return Int(close.before.dropFirst()) != nil
        }
        return false
    }

    /// How a line that says what went wrong begins.
    private static let starts = [
        "Error in ", "Error: ", "Error:", "ERROR: ", "error: ", "error[", "Fatal error", "fatal error",
        "fatal: ", "FATAL",
        "Caused by: ", "Exception in thread", "terminate called after", "what():", "panic: ", "Traceback: ",
        "Fortran runtime error: ",
        "RuleException", "MissingOutputException", "MissingInputException", "WorkflowError",
    ]

    private static func saysError(_ line: String) -> Bool {
        let text = ofGroup(line)
        if starts.contains(where: { text.hasPrefix($0) }) { return true }
        if text.contains("' panicked at") || text.contains(": error: ") || text.contains(": fatal error: ")
            || text.contains(": undefined reference to")
        {
            return true
        }
        // `package.module.SomeError: …`, `KeyboardInterrupt`
        let name = text.prefix(ofBytes: {
            $0.isDigit || $0 == 0x5f || $0 == 0x2e || (0x61...0x7a).contains($0 | 0x20)
        })
        guard name.hasSuffix("Error") || name.hasSuffix("Exception") || name == "KeyboardInterrupt" else {
            return false
        }
        let rest = text[name.endIndex...]
        return rest.isEmpty || rest.hasPrefix(":")
    }
}
