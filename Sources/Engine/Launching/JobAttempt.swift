import CSystemShim
import Text

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

    /// What a resumable task exits with when it stops by itself because its time is nearly over: EX_TEMPFAIL of sysexits(3).
    package static let gracefulTimeout: Int32 = 75

    private let order: JobOrder
    private let lua: LuaBody
    private var folder: JobFolder { order.folder }
    private var language: JobScript.Language { order.language }

    init(_ order: JobOrder, lua: @escaping LuaBody) {
        self.order = order
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
            do throws(SystemError) { try lock.inherit() } catch { throw .system(error) }
            let header = try header()
            do throws(SystemError) {
                shared = try SharedLocks.take(
                    for: header, order.gpus, of: folder, behind: lock.descriptor.number, orders: orders)
            } catch { throw .system(error) }
            if let shared {
                outcome = try run(header, lock.descriptor.number, shared, output, orders, started)
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
        outcome.attempt = order.attempt
        outcome.memory = order.memory
        record(&outcome)
        lock.release()
        return outcome
    }

    /// Runs the program, with the locks in hand, to its end.
    private func run(
        _ header: JobScript.Header, _ lock: Int32, _ shared: SharedLocks, _ output: Output, _ orders: Int32,
        _ started: Timestamp
    ) throws(AttemptError) -> Outcome {
        let deadline = order.duration.map { Monotonic.seconds + $0 }
        let killsBefore = order.memory == nil ? nil : OutOfMemory.kills
        let program = Program(
            header: header, lock: lock, shared: shared, deadline: deadline,
            own: variables(header, shared.devices))
        do throws(SystemError) { try forgetEarlier(header) } catch { throw .system(error) }
        let earlier = JobResult.stamp(folder)
        let pid = try start(program, output, started)
        var watch = ProgramWatch(
            pid: pid, leadsSession: output == .files, orders: orders, forwarding: output == .inherited,
            deadline: deadline)
        var outcome = outcome(
            of: watch.wait(), isResumable: header.retry.isResumable, killsBefore: killsBefore)
        if outcome.isDone {
            do throws(SystemError) {
                try JobLog.collect(in: folder, header.results, earlier: earlier) { warn($0, output) }
            } catch {
                outcome = Outcome(
                    .failed, exitCode: outcome.exitCode,
                    message: "its results cannot be written: \(error.text)")
            }
        }
        return outcome
    }

    /// What an attempt that failed has told is not this one's, unless this one goes on where that one was.
    private func forgetEarlier(_ header: JobScript.Header) throws(SystemError) {
        // What was removed is made again.
        try Files.remove(folder.collected)
        if header.retry.isResumable { return }
        try Files.remove("\(folder.path)/\(JobResult.name)")
        try Files.remove(folder.programEvents)
    }

    /// Says something where the program's own errors are.
    private func warn(_ text: String, _ output: Output) {
        guard output == .files else { return StandardStream.error.write("xpm: \(text)\n") }
        guard let log = try? Descriptor(opening: folder.error, O_WRONLY | O_CREAT | O_APPEND) else { return }
        try? log.write(Array("xpm: \(text)\n".utf8), path: folder.error)
    }

    private func outcome(
        of ending: ProgramWatch.Ending, isResumable: Bool, killsBefore: Int?
    ) -> Outcome {
        if let problem = ending.problem { return Outcome(.lost, message: problem.text) }
        var reason = Outcome.Reason.failed
        let isKilled = ending.signal == SIGKILL || ending.code == 128 + SIGKILL
        switch ending.cause {
        // A program that ends well because it was told to stop has not finished.
        case .cancelled?: reason = .cancelled
        case .overdue?: reason = .timeout
        case nil where ending.code == 0: reason = .done
        case nil where isResumable && ending.code == Self.gracefulTimeout: reason = .timeout
        case nil where isKilled:
            if let killsBefore, let kills = OutOfMemory.kills, kills > killsBefore { reason = .memory }
        case nil: break
        }
        return Outcome(reason, exitCode: ending.code, signal: ending.signal)
    }

    /// What to run, and what it gets.
    private struct Program {
        let header: JobScript.Header
        /// The lock of the job; behind it lie those of what it shares. The program inherits them: while it lives, even without this process,
        /// neither the job nor what it shares is free.
        let lock: Int32
        let shared: SharedLocks
        let deadline: Double?
        let own: [(name: String, value: String)]
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
            try check(header.files)
            return header
        } catch { throw .script(error) }
    }

    /// A result of other data must not pass for one of these.
    private func check(_ files: [JobFile]) throws(ScriptError) {
        for file in files {
            let isUnchanged: Bool
            do throws(SystemError) { isUnchanged = try file.isUnchanged() } catch { isUnchanged = false }
            if !isUnchanged { throw .changed(file: file.path) }
        }
    }

    private func start(
        _ program: Program, _ output: Output, _ started: Timestamp
    ) throws(AttemptError) -> Int32 {
        do throws(SystemError) {
            let pid: Int32
            switch output {
            case .inherited: pid = try start(program, out: 1, err: 2, input: 0, ownSession: false)
            case .files:
                let out = try log(folder.output, started)
                let err = try log(folder.error, started)
                pid = try start(program, out: out.number, err: err.number, input: -1, ownSession: true)
            }
            // From here on something runs: nothing may be thrown.
            try? Files.write(ProcessRecord(pid: pid).json(started: started).bytes, to: folder.process)
            return pid
        } catch { throw .system(error) }
    }

    /// Opens a new log. What an attempt wrote that this one follows keeps its name with its time: `train.20261123192722.out`.
    private func log(_ path: String, _ started: Timestamp) throws(SystemError) -> Descriptor {
        let flags = O_WRONLY | O_CREAT | O_APPEND
        if order.attempt > 1, Files.size(of: path) > 0 {
            let time = started.format("%Y%m%d%H%M%S")
            let suffix = path.hasSuffix(".out") ? "out" : "err"
            var kept = "\(folder.path)/\(folder.name).\(time).\(suffix)"
            var number = 0
            while Files.exists(kept) {
                number += 1
                kept = "\(folder.path)/\(folder.name).\(time).\(number).\(suffix)"
            }
            try Files.rename(path, to: kept)
        }
        return try Descriptor(opening: path, flags | O_TRUNC)
    }

    private func variables(
        _ header: JobScript.Header, _ devices: [Int]
    ) -> [(name: String, value: String)] {
        var own: [(name: String, value: String)] = [
            ("XPM_JOB_DIR", folder.path), ("XPM_PARAMS", folder.parameters),
            ("XPM_JOB_ID", header.identifier), ("XPM_TASK_ID", header.taskID),
            ("XPM_EVENTS", folder.programEvents), ("XPM_JOB_HELD", "1"),
        ]
        if order.attempt > 1 { own.append(("XPM_ATTEMPT", String(order.attempt))) }
        if let memory = order.memory { own.append(("XPM_MEMORY", String(memory))) }
        if let duration = order.duration {
            own.append(("XPM_DEADLINE", String(Int64(min(Timestamp.now.seconds + duration, 1e18)))))
        }
        own.append(("XPM_CORES", String(order.cores ?? 1)))
        // A job that says nothing may have the machine for itself: how many threads it takes is its own affair.
        if let cores = order.cores, (Environment["OMP_NUM_THREADS"] ?? "").isEmpty {
            own.append(("OMP_NUM_THREADS", String(cores)))
        }
        if order.gpus != nil {
            // By the numbers of nvidia-smi, which CUDA itself would order by speed.
            own.append(("CUDA_DEVICE_ORDER", "PCI_BUS_ID"))
            own.append(("CUDA_VISIBLE_DEVICES", devices.map(String.init).joined(separator: ",")))
        }
        return own
    }

    private func start(
        _ program: Program, out: Int32, err: Int32, input: Int32, ownSession: Bool
    ) throws(SystemError) -> Int32 {
        var process = xsys_process.make(
            input: input, output: out, error: err, kept: program.lock, keptLast: program.shared.last,
            session: ownSession)
        if language == .lua {
            let pid = unsafe xsys_fork(folder.path, &process)
            if pid == 0 {
                for variable in program.own { Environment.set(variable.name, variable.value) }
                let code = lua(
                    LuaTask(script: program.header.body, folder: folder, deadline: program.deadline))
                fflush(nil)
                _exit(code)
            }
            if pid < 0 { throw SystemError("fork", "", code: -pid) }
            return pid
        }

        let command = JobScript.command(of: program.header.body)
        let changes = program.own + (command?.environment ?? []).map { ($0.name, $0.value) }
        let environment = Environment.merging(changes, into: Environment.all)
        let arguments = command?.arguments ?? ["/bin/sh", folder.script(.sh)]
        let pid = ChildProcess.spawn(arguments, environment: environment, in: folder.path, as: process)
        if pid < 0 { throw SystemError("start", arguments[0], code: -pid) }
        return pid
    }

    // MARK: The outcome

    private func record(_ outcome: inout Outcome) {
        do throws(SystemError) { try folder.record(outcome) } catch {
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
