import CSystemShim
import Glibc
import Store
import System
import Text

/// One attempt of a job, from its script to its outcome. Runs in the job's own process, which holds the lock.
package struct JobAttempt {
    package enum Output {
        /// Into `{name}.out` and `{name}.err`.
        case files
        /// Where this process writes.
        case inherited
    }

    /// What a resumable task exits with when it stops by itself because its time is nearly over: EX_TEMPFAIL
    /// of sysexits(3).
    package static let gracefulTimeout: Int32 = 75

    private let order: JobOrder
    private let lua: LuaBody
    private var folder: JobFolder { order.folder }
    private var language: JobScript.Language { order.language }

    /// Where the runner has a program that does several jobs; nil where there is one job only.
    private let workers: WorkerPlace?

    /// Where signals come from by which a batch system ends this process; nil where it is in none.
    private let signals: Int32?

    init(
        _ order: JobOrder, workers: WorkerPlace? = nil, signals: Int32? = nil, lua: @escaping LuaBody
    ) {
        self.signals = signals
        self.order = order
        self.workers = workers
        self.lua = lua
    }

    /// Runs the script, records the outcome and gives the locks back.
    ///
    /// - Parameters:
    ///   - orders: a channel on which `JobRunner.Order`s come, or -1.
    ///   - report: told while it waits for what others hold.
    /// - Returns: nil where it was to wait no longer: nothing has run.
    func run(
        holding lock: consuming FileLock, output: Output, orders: Int32,
        report: (RunnerMessage) -> Void = { _ in }
    ) -> Outcome? {
        let started = Timestamp.now
        let clock = Monotonic.seconds
        // Held open: what is moved away, or unmounted, is told from what then lies at its path.
        let place = try? Descriptor(opening: folder.path, O_RDONLY | O_DIRECTORY)
        var outcome: Outcome
        var shared: SharedLocks?
        do throws(AttemptError) {
            do throws(SystemError) { try lock.inherit() } catch { throw .system(error) }
            let header = try header()
            let acquired: SharedLocks.Acquisition
            do throws(SystemError) {
                acquired = try SharedLocks.take(
                    for: header, order, behind: lock.descriptor.number, orders: orders,
                    signals: signals ?? -1,
                    report)
            } catch { throw .system(error) }
            switch acquired {
            case .taken(let locks) where order.isInPilot && Files.exists(folder.stopMark):
                shared = locks
                outcome = Outcome(.cancelled)
            case .taken(let locks):
                shared = locks
                outcome = try run(header, lock.descriptor.number, locks, output, orders, started)
            case .withdrawn:
                lock.release()
                return nil
            case .stopped: outcome = Outcome(.cancelled)
            }
        } catch {
            outcome = Outcome(.launch, message: error.text)
            // Somebody will look there first.
            try? Files.write(Array("xpm: \(error.text)\n".utf8), to: folder.error)
        }
        outcome.started = started
        outcome.ended = .now
        outcome.seconds = Monotonic.seconds - clock
        outcome.attempt = order.attempt
        outcome.memory = order.memory
        if outcome.isDone, !order.isNew, Files.exists(folder.former) {
            let former = Outcome.read(folder.former)
            outcome.made = former.made ?? former.started
        }
        if place?.isAt(folder.path) == false {
            outcome = Outcome(
                .failed, exitCode: outcome.exitCode,
                message: "its folder was moved or removed while it ran: what it made is not where it belongs")
        } else {
            record(&outcome, output)
            if outcome.isDone, output == .files { folder.removeEmptyLogs() }
        }
        // What the program has left behind holds nothing any more.
        shared?.release()
        if outcome.isDone { lock.retire() } else { lock.release() }
        return outcome
    }

    /// Runs the program, with the locks in hand, to its end.
    private func run(
        _ header: JobScript.Header, _ lock: Int32, _ shared: SharedLocks, _ output: Output, _ orders: Int32,
        _ started: Timestamp
    ) throws(AttemptError) -> Outcome {
        let allocationStart = Monotonic.seconds
        let deadline = order.duration.map { allocationStart + $0 }
        let killsBefore = order.memory == nil ? nil : OutOfMemory.kills
        let program: Program
        let isUntouched: Bool
        do throws(SystemError) {
            let set = header.variables.isEmpty ? [] : try JobScript.variables(in: folder)
            program = Program(
                header: header, lock: lock, shared: shared, deadline: deadline,
                own: variables(header, shared.devices) + set.map { ($0.name, $0.value) }
                    + helpers(header, set))
            isUntouched = try forgetEarlier(header)
            try makeFolders(of: header)
        } catch { throw .system(error) }
        let earlier = isUntouched ? nil : JobResult.stamp(folder)
        // What earlier jobs of this runner have left; mostly nothing, which one call tells.
        let leftBehind = xsys_reap() < 0 ? [] : ProcessTree.children(of: getpid())
        let worker = header.worker == nil || output != .files ? nil : try beginWorker(program, started)
        let pid = if let worker { worker.pid } else { try start(program, output, started) }
        var watch = ProgramWatch(
            pid: pid, leadsSession: output == .files, orders: orders,
            signals: signals.map {
                .ofBatchSystem(
                    signals: $0, end: order.allocation.map { allocationStart + $0 },
                    tellsAll: order.batch?.system == "slurm")
            }
                ?? (output == .inherited ? .passedOn : .none),
            deadline: deadline, memory: order.memory, stopMark: order.isInPilot ? folder.stopMark : nil,
            others: leftBehind.subtracting([pid]), worker: worker,
            report: MonitorReport(of: folder, started: started, attempt: order.attempt))
        let ending = watch.wait()
        if worker != nil, !ending.isAlive { workers?.forget() }
        if language == .lua, ending.code == XSYS_NOT_STARTED, ProcessRecord.read(folder.process) == nil {
            throw .system(SystemError("write the record of the process", folder.process, code: EIO))
        }
        var outcome = Self.outcome(
            of: ending, retry: header.retry,
            isOutOfMemory: killsBefore.map { (OutOfMemory.kills ?? 0) > $0 } ?? false,
            memory: order.memory)
        let usage = ending.usage
        if case .broken(let text)? = ending.answer, ending.cause == nil {
            outcome = Outcome(
                .failed,
                message:
                    "its worker wrote what is no answer to its job to descriptor 3, and was ended: \(text)")
        } else if worker != nil, outcome.isDone, ending.answer == nil {
            outcome = Outcome(
                .failed, exitCode: outcome.exitCode, message: "its worker ended without an answer")
        }
        if outcome.reason == .failed, Files.exists(folder.stopMark) {
            outcome.reason = .cancelled
            // Of a batch job it tells that only this one was meant.
            if order.batch == nil { try? Files.remove(folder.stopMark) }
        }
        if outcome.isDone {
            // Nor one of data that were replaced while they were read.
            do throws(JobScriptError) { for file in header.files { try file.checkAgain() } } catch {
                outcome = Outcome(
                    .failed, exitCode: outcome.exitCode, message: "while it ran: \(error.text)")
            }
        }
        if outcome.isDone {
            var notes: [String] = []
            do throws(SystemError) {
                let isWhole = try JobLog.collect(
                    in: folder, header.results, earlier: earlier, isInterrupted: { watch.isAskedToStop() },
                    warn: {
                        warn($0, output)
                        notes.append($0)
                    })
                let unmade = folder.missing(of: header.outputs)
                if let first = unmade.first {
                    let more = unmade.count > 1 ? " and \(unmade.count - 1) more" : ""
                    notes.append("it ended well and has not made \(first)\(more), which it declares")
                }
                outcome.notes = notes
                if !isWhole {
                    outcome = Outcome(
                        .cancelled, message: "stopped while its output was searched for results")
                } else if order.isDurable {
                    try settle(header)
                }
            } catch {
                outcome = Outcome(
                    .failed, exitCode: outcome.exitCode,
                    message: "its results cannot be written: \(error.text)")
            }
        }
        outcome.ended = .now
        outcome.usage = usage
        watch.tell(outcome)
        return outcome
    }

    /// Brings to the disk what has to be there before the outcome is: results, what the task declares, and
    /// what it was run with.
    private func settle(_ header: JobScript.Header) throws(SystemError) {
        var own = [folder.parameters, folder.script(language), "\(folder.path)/\(JobResult.name)"]
        if !header.variables.isEmpty { own.append(folder.variables) }
        for path in own { try Files.settle(path) }
        for output in header.outputs { try Files.settle(Paths.absolute(output, from: folder.path)) }
    }

    /// What an attempt that failed has made is not this one's, unless this one goes on where that one was.
    /// What xpm wrote itself stays, and so do the logs.
    ///
    /// - Returns: whether nothing had run there.
    private func forgetEarlier(_ header: JobScript.Header) throws(SystemError) -> Bool {
        if order.isNew, !Files.exists(folder.output), !Files.exists(folder.error) { return true }
        // What was removed is made again.
        try Files.remove(folder.collected)
        // Of a batch job that goes when the job is handed in: it may be meant for this attempt.
        if order.batch == nil { try Files.remove(folder.stopMark) }
        if header.retry.isResumable { return false }
        for name in try Files.list(folder.path) where !folder.isOwn(name) {
            try Files.removeTree("\(folder.path)/\(name)", below: folder.path)
        }
        try Files.removeStrangers(in: folder.path)
        return false
    }

    /// Says something where the program's own errors are.
    private func warn(_ text: String, _ output: Output) {
        guard output == .files else { return StandardStream.error.write("xpm: \(text)\n") }
        guard let log = try? Descriptor(writing: folder.error, O_APPEND) else { return }
        try? log.write(Array("xpm: \(text)\n".utf8), path: folder.error)
    }

    /// What the end of a program means.
    ///
    /// - Parameters:
    ///   - isOutOfMemory: whether the kernel has killed something for want of memory since the program began.
    ///   - memory: what it might use, in bytes.
    static func outcome(
        of ending: ProgramWatch.Ending, retry: RetryPolicy, isOutOfMemory: Bool, memory: Int64? = nil
    ) -> Outcome {
        if let problem = ending.problem { return Outcome(.lost, message: problem.text) }
        var reason = Outcome.Reason.failed
        let isKilled = ending.signal == SIGKILL || ending.code == 128 + SIGKILL
        switch ending.cause {
        // A program that ends well because it was told to stop has not finished.
        case .cancelled?: reason = .cancelled
        case .overdue?: reason = .timeout
        case .memory?: reason = .memory
        case nil where ending.code == 0: reason = .done
        case nil where retry.isResumable && ending.code == gracefulTimeout: reason = .timeout
        case nil where isKilled && isOutOfMemory: reason = .memory
        case nil: break
        }
        var outcome = Outcome(reason, exitCode: ending.code, signal: ending.signal)
        if case .memory(let used)? = ending.cause, let memory {
            outcome.message =
                "it used \(NumberText.bytes(used)) of memory, and had asked for \(NumberText.bytes(memory))"
        }
        if reason == .failed, let code = ending.code {
            if let rule = retry.rule(of: code) {
                outcome.message = rule.reason.map { "\($0) (exit code \(code))" }
            } else if code == gracefulTimeout {
                outcome.message =
                    "exit code 75, by which a task asks to go on later: only an xpm.resumable_task does"
            }
        }
        return outcome
    }

    /// What to run, and what it gets.
    private struct Program {
        let header: JobScript.Header
        /// The lock of the job; behind it lie those of what it shares. The program inherits them: while it
        /// lives, even without this process, neither the job nor what it shares is free.
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
        do throws(JobScriptError) {
            var header = try JobScript.header(of: text)
            for need in header.needs where !JobFolder(outcome: Paths.absolute(need, from: folder.path)).isDone
            {
                throw JobScriptError.unfinished(need: need)
            }
            // A result of other data must not pass for one of these.
            header.files = try check(header.files)
            return header
        } catch { throw .script(error) }
    }

    private func check(_ files: [JobFile]) throws(JobScriptError) -> [JobFile] {
        var checked: [JobFile] = []
        for file in files { checked.append(try file.check()) }
        return checked
    }

    private func start(
        _ program: Program, _ output: Output, _ started: Timestamp
    ) throws(AttemptError) -> Int32 {
        do throws(SystemError) {
            switch output {
            case .inherited: return try start(program, out: 1, err: 2, input: 0, ownSession: false, started)
            case .files:
                let out = try log(folder.output, started)
                let err = try log(folder.error, started)
                return try start(
                    program, out: out.number, err: err.number, input: -1, ownSession: true, started)
            }
        } catch { throw .system(error) }
    }

    /// Gives the job to the runner's worker, which is started for it where there is none that fits.
    ///
    /// - Returns: nil where this process does one job only.
    private func beginWorker(_ program: Program, _ started: Timestamp) throws(AttemptError) -> WarmWorker? {
        guard let workers, let arguments = JobScript.command(of: program.header.body)?.arguments else {
            return nil
        }
        do throws(SystemError) {
            ProcessRecord.read(folder.process)?.endWorkerSession()
            let out = try log(folder.output, started)
            let err = try log(folder.error, started)
            let worker = try workers.worker(
                arguments, environment: program.own, in: folder.path, output: out.number,
                error: err.number)
            // Noted before it begins: there is no job at work of which nobody knows.
            var record = ProcessRecord(pid: worker.pid)
            record.starter = order.starter
            try Files.write(record.json(started: started).bytes, to: folder.process)
            worker.begin(folder, environment: program.own)
            return worker
        } catch { throw .system(error) }
    }

    /// Opens a new log. What an attempt wrote that this one follows keeps its name with its time:
    /// `train.20261123192722.out`.
    private func log(_ path: String, _ started: Timestamp) throws(SystemError) -> Descriptor {
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
        return try Descriptor(writing: path, O_APPEND | O_TRUNC)
    }

    /// The folders of the paths that xpm has made for the task: `out/model` of `out/model/loss.txt`.
    private func makeFolders(of header: JobScript.Header) throws(SystemError) {
        for output in header.outputs where output.contains("/") {
            let parent = Paths.parent(Paths.absolute(output, from: folder.path))
            if !Files.exists(parent) { try Files.makeFolder(parent, in: folder.workspace) }
        }
    }

    /// What a worker finds its own modules by; in front of a `PYTHONPATH` of the job's.
    ///
    /// - Parameter set: the variables of the job.
    private func helpers(
        _ header: JobScript.Header, _ set: [EnvironmentVariable]
    ) -> [(name: String, value: String)] {
        guard let helpers = header.worker.map({ Paths.absolute($0, from: folder.path) }) else { return [] }
        let theirs = set.last { $0.name == "PYTHONPATH" }?.value ?? Environment["PYTHONPATH"] ?? ""
        return [
            ("XPM_HELPERS", helpers),
            ("PYTHONPATH", theirs.isEmpty ? helpers : "\(helpers):\(theirs)"),
        ]
    }

    private func variables(
        _ header: JobScript.Header, _ devices: [String]
    ) -> [(name: String, value: String)] {
        var own: [(name: String, value: String)] = [
            ("PWD", folder.path), ("XPM_JOB_DIR", folder.path), ("XPM_PARAMS", folder.parameters),
            ("XPM_JOB_ID", header.identifier), ("XPM_TASK_ID", header.taskID),
            ("XPM_EVENTS", folder.programEvents), (JobScript.heldVariable, header.identifier),
        ]
        let values = "\(folder.path)/\(JobScript.Attachment.folder)/\(JobScript.Attachment.arguments)"
        if Files.exists(values) { own.append((JobScript.argumentsVariable, values)) }
        if order.attempt > 1 { own.append(("XPM_ATTEMPT", String(order.attempt))) }
        if let memory = order.memory { own.append(("XPM_MEMORY", String(memory))) }
        if let duration = order.duration {
            own.append(("XPM_DEADLINE", String(Int64(min(Timestamp.now.seconds + duration, 1e18)))))
        }
        own.append(("XPM_CORES", String(order.cores ?? 1)))
        // A job that says nothing may have the machine for itself: how many threads it takes is its own
        // affair.
        if let cores = order.cores, (Environment["OMP_NUM_THREADS"] ?? "").isEmpty {
            own.append(("OMP_NUM_THREADS", String(cores)))
        }
        if let nodes = order.nodes { own += Self.variables(nodes, order.nodeNames) }
        if order.gpus != nil {
            // By the numbers of nvidia-smi, which CUDA itself would order by speed.
            own.append(("CUDA_DEVICE_ORDER", "PCI_BUS_ID"))
            var names = devices.joined(separator: ",")
            if order.gpus?.areOfROCm == true, Environment["ROCR_VISIBLE_DEVICES"] != nil {
                // The others count what this one leaves.
                own.append(("ROCR_VISIBLE_DEVICES", names))
                names = devices.indices.map(String.init).joined(separator: ",")
            }
            // HIP's: that of CUDA alone is not heard by all of ROCm.
            own += [("CUDA_VISIBLE_DEVICES", names), ("HIP_VISIBLE_DEVICES", names)]
        }
        return own
    }

    /// What a program on several nodes meets the others by; the same of one that has one.
    private static func variables(_ count: Int, _ told: [String]) -> [(name: String, value: String)] {
        let names = told.isEmpty ? [Environment.hostName] : told
        let address = count > 1 ? names[0] : "127.0.0.1"
        var own = [
            ("XPM_NODES", names.joined(separator: ",")), ("XPM_NODE_COUNT", String(count)),
            ("MASTER_ADDR", address),
        ]
        // Of this very machine, which is the first node.
        if let port = try? Loopback.freePort() { own.append(("MASTER_PORT", String(port))) }
        return own
    }

    private func start(
        _ program: Program, out: Int32, err: Int32, input: Int32, ownSession: Bool, _ started: Timestamp
    ) throws(SystemError) -> Int32 {
        // The program notes itself before it runs: there is none of which nobody knows.
        let process = NewProcess(
            input: input, output: out, error: err, kept: program.lock, keptLast: program.shared.last,
            startsSession: ownSession,
            record: ProcessRecord.note(
                at: folder.process, started: started, starter: order.starter, batch: order.batch))
        if language == .lua {
            let pid = ChildProcess.fork(in: folder.path, as: process)
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
        let environment = EnvironmentBlock.current.setting(changes)
        let arguments = try fitting(command?.arguments ?? ["/bin/sh", folder.script(.sh)])
        let (pid, recordFailed) = ChildProcess.start(
            arguments, environment: environment, in: folder.path, as: process)
        if recordFailed { throw SystemError("write", folder.process, code: -pid) }
        if pid == -E2BIG {
            throw SystemError(
                "start (its arguments are too long: write a list into a file, or read $XPM_PARAMS)",
                arguments[0], code: E2BIG)
        }
        if pid < 0 { throw SystemError("start", arguments[0], code: -pid) }
        return pid
    }

    /// The most bytes of one argument, with its end (execve(2), MAX_ARG_STRLEN).
    private static let longestArgument = 128 << 10

    /// A shell's text that is too long for an argument, as a file.
    private func fitting(_ arguments: [String]) throws(SystemError) -> [String] {
        guard let text = ShellCommand(arguments: arguments)?.text, text.utf8.count >= Self.longestArgument
        else { return arguments }
        let path = "\(folder.path)/\(folder.name).command"
        try Files.write(Array(text.utf8), to: path, mode: 0o600)
        return arguments.dropLast(2) + [path]
    }

    // MARK: The outcome

    private func record(_ outcome: inout Outcome, _ output: Output) {
        if Files.exists(folder.done) {
            warn("\(Paths.name(folder.done)) is xpm's own: what the program wrote there is removed", output)
        }
        do throws(SystemError) { try folder.record(outcome, isDurable: order.isDurable) } catch {
            // Work whose outcome cannot be told does not count as done.
            outcome = Outcome(
                .failed, exitCode: outcome.exitCode, message: "the outcome cannot be written: \(error.text)")
        }
    }
}

/// Why an attempt did not start.
private enum AttemptError: Error {
    case system(SystemError)
    case script(JobScriptError)

    var text: String {
        switch self {
        case .system(let error): error.text
        case .script(let error): error.text
        }
    }
}
