import CSystemShim

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One attempt of a job, from its script to its outcome. Runs in the job's own process, which holds the lock.
package struct JobAttempt {
    package enum Output {
        /// Into `{name}.out` and `{name}.err`.
        case files
        /// Where this process writes.
        case inherited
    }

    let folder: JobFolder
    let language: JobScript.Language
    let lua: LuaBody

    package init(folder: JobFolder, language: JobScript.Language, lua: @escaping LuaBody) {
        self.folder = folder
        self.language = language
        self.lua = lua
    }

    /// Runs the script, records the outcome and gives the lock back.
    ///
    /// - Parameter orders: a channel on which `T` and `K` ask to stop, or -1.
    package func run(holding lock: consuming FileLock, output: Output, orders: Int32) -> Outcome {
        let started = Timestamp.now
        var outcome: Outcome
        var shared: SharedLocks?
        defer { shared?.release() }
        do throws(AttemptError) {
            let header = try header()
            do throws(SystemError) {
                shared = try SharedLocks.take(
                    for: header, in: folder.path, behind: lock.descriptor.number, orders: orders)
            } catch { throw .system(error) }
            if let shared {
                let locks = Locks(job: lock.descriptor.number, lastShared: shared.last)
                let pid = try start(header, output, locks, started)
                outcome = wait(for: pid, orders: orders, forwarding: output == .inherited)
            } else {
                outcome = Outcome(.cancelled)
            }
        } catch {
            outcome = Outcome(.launch, message: error.text)
            // Somebody will look there first.
            try? Files.write(Array("xpm: \(error.text)\n".utf8), to: folder.error)
        }
        outcome.started = started
        outcome.ended = .now
        record(&outcome)
        lock.release()
        return outcome
    }

    /// The descriptors that the program inherits: the lock of the job, and behind it those of the folders that it shares.
    private struct Locks {
        let job: Int32
        let lastShared: Int32
    }

    // MARK: Starting

    /// What the script says of the job; its needs are there.
    private func header() throws(AttemptError) -> JobScript.Header {
        let text: String
        do throws(SystemError) { text = try Files.readText(folder.script(language)) } catch {
            throw .system(error)
        }
        do throws(ScriptError) {
            let header = try JobScript.header(of: text)
            for need in header.needs where !Files.exists(Paths.absolute(need, from: folder.path)) {
                throw ScriptError.unfinished(need: need)
            }
            return header
        } catch { throw .script(error) }
    }

    private func start(
        _ header: JobScript.Header, _ output: Output, _ locks: Locks, _ started: Timestamp
    ) throws(AttemptError) -> Int32 {
        do throws(SystemError) {
            let pid: Int32
            switch output {
            case .inherited:
                pid = try start(header, out: 1, err: 2, input: 0, locks, ownSession: false)
            case .files:
                let out = try Descriptor(opening: folder.output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
                let err = try Descriptor(opening: folder.error, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
                pid = try start(
                    header, out: out.number, err: err.number, input: -1, locks, ownSession: true)
            }
            // From here on something runs: nothing may be thrown.
            try? Files.write(ProcessRecord(pid: pid).json(started: started).bytes, to: folder.process)
            return pid
        } catch { throw .system(error) }
    }

    private func start(
        _ header: JobScript.Header, out: Int32, err: Int32, input: Int32, _ locks: Locks, ownSession: Bool
    ) throws(SystemError) -> Int32 {
        let own: [(name: String, value: String)] = [
            ("XPM_JOB_DIR", folder.path), ("XPM_PARAMS", folder.parameters),
            ("XPM_JOB_ID", header.identifier),
            ("XPM_TASK_ID", header.taskID), ("XPM_EVENTS", folder.programEvents), ("XPM_JOB_HELD", "1"),
        ]
        // The locks go along: while the program lives, even without this process, neither the job nor its shared folders are free.
        var process = xsys_process.make(
            input: input, output: out, error: err, kept: locks.job, keptLast: locks.lastShared,
            session: ownSession)
        if language == .lua {
            let pid = unsafe xsys_fork(folder.path, &process)
            if pid == 0 {
                for variable in own { Environment.set(variable.name, variable.value) }
                let code = lua(header.body, folder)
                fflush(nil)
                _exit(code)
            }
            if pid < 0 { throw SystemError("fork", "", code: -pid) }
            return pid
        }

        let script = folder.script(.sh)
        let command = JobScript.command(of: header.body)
        let changes = own + (command?.environment ?? []).map { ($0.name, $0.value) }
        let environment = Environment.merging(changes, into: Environment.all)
        let arguments = command?.arguments ?? ["/bin/sh", script]
        let pid = ChildProcess.spawn(arguments, environment: environment, in: folder.path, as: process)
        if pid < 0 { throw SystemError("start", arguments[0], code: -pid) }
        return pid
    }

    // MARK: Waiting

    private func wait(for pid: Int32, orders: Int32, forwarding: Bool) -> Outcome {
        let process = xsys_process_descriptor(pid)
        defer { if process >= 0 { close(process) } }
        let signals = forwarding ? xsys_signals() : -1
        var orders = orders
        var isCancelled = false
        var status: Int32 = 0
        while true {
            var polled = [
                pollfd(fd: process, events: Int16(POLLIN), revents: 0),
                pollfd(fd: orders, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            ]
            // Without a descriptor of the process, look often.
            unsafe _ = poll(&polled, nfds_t(polled.count), process < 0 ? 20 : -1)
            if process < 0 || polled[0].revents != 0 {
                let result = unsafe xsys_wait(pid, false, &status)
                if result == 0 { break }
                if result != -EAGAIN {
                    return Outcome(.lost, message: SystemError("wait for", "", code: -result).text)
                }
            }
            if polled[1].revents != 0 {
                var (order, passed): (UInt8, Int32) = (0, -1)
                if unsafe xsys_receive(orders, &order, 1, &passed, true) <= 0 {
                    // The launcher is gone; the job lives on.
                    orders = -1
                } else {
                    // A program that ignores the request and ends well has finished.
                    isCancelled = isCancelled || !ProcessRecord.ignoresTermination(pid)
                    let number = order == JobRunner.Order.kill ? SIGKILL : SIGTERM
                    // Its session may not have begun yet.
                    if kill(-pid, number) != 0 { kill(pid, number) }
                }
            }
            if polled[2].revents != 0 {
                let number = xsys_next_signal(signals)
                // The terminal sends SIGINT to the program itself.
                if number > 0, number != SIGWINCH {
                    isCancelled = true
                    if number != SIGINT { kill(pid, number) }
                }
            }
        }
        let signal = xsys_signal(status)
        let code = xsys_exit_code(status)
        // A program that ends well because it was told to stop has not finished.
        if code == 0, !isCancelled { return Outcome(.done, exitCode: 0) }
        return Outcome(
            isCancelled ? .cancelled : .failed, exitCode: code < 0 ? nil : code,
            signal: signal > 0 ? signal : nil)
    }

    // MARK: The outcome

    /// Writes the outcome into the process record and gives that its final name: one rename makes it known.
    private func record(_ outcome: inout Outcome) {
        let path = outcome.isDone ? folder.done : folder.failed
        do throws(SystemError) {
            try Files.write(outcome.json.bytes, to: folder.process)
            try Files.rename(folder.process, to: path)
        } catch {
            // Work whose outcome cannot be told does not count as done.
            outcome = Outcome(
                .failed, exitCode: outcome.exitCode, message: "the outcome cannot be written: \(error.text)")
        }
    }
}

/// Why an attempt did not start.
private enum AttemptError: Error {
    case system(SystemError)
    case script(ScriptError)

    var text: String {
        switch self {
        case .system(let error): error.text
        case .script(let error): error.text
        }
    }
}
