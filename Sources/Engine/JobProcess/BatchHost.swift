import Batch
import CSystemShim
import Glibc
import Store
import System
import Text

/// The work of `xpm-job --batch` and `xpm-job --pilot`, on a node of a cluster.
///
///     xpm-job --batch RECORD INDEX NAME    hosts the job at a place of an array
///     xpm-job --pilot RECORD INDEX NAME    hosts one job of a list after the other
///
/// `RECORD` is that of the array (`BatchRecord`), `INDEX` the place there, `NAME` what the system calls it. The
/// process takes over the claim that was made for a job, or leaves it. Where the launcher has a `setup`, a shell
/// runs that in this very process, so that limits and variables hold for the jobs, and comes back here.
package struct BatchHost {
    package static let flag = "--batch"
    package static let pilotFlag = "--pilot"
    /// The variable that tells, after the setup, the claim of the job; and after one that failed, its exit code.
    private static let claimVariable = "XPM_BATCH_CLAIM"
    private static let failureVariable = "XPM_BATCH_FAILED"

    private let flag: String
    private let arguments: [String]
    let record: BatchRecord
    /// The place in the array.
    let index: Int
    let workspace: String
    /// Where the system's signals come from.
    let signals: Int32
    private let lua: LuaBody
    /// When this process began, on the clock of `Monotonic`.
    private let began = PilotLane.current?.began ?? Monotonic.seconds

    /// - Parameter flag: `--batch` or `--pilot`.
    /// - Returns: the exit code, and what to say.
    package static func run(
        _ flag: String, _ arguments: [String], lua: @escaping LuaBody
    ) -> (code: Int32, message: String?) {
        guard arguments.count == 3, let index = Int(arguments[1]), index >= 0 else {
            return (2, "\(flag) needs the record of an array, an index and a name")
        }
        let path = Paths.absolute(arguments[0])
        guard let record = BatchRecord.read(path) else {
            // Its submitter has given it up.
            return (0, "\(path): no record of an array: nothing to do")
        }
        xsys_adopt_orphans()
        // Grid Engine's word before it suspends a job.
        signal(SIGUSR1, SIG_IGN)
        let workspace = Paths.parent(Paths.parent(path))
        LockChoice.follow(workspace)
        let host = BatchHost(
            flag: flag, arguments: arguments, record: record, index: index, workspace: workspace,
            signals: xsys_signals(), lua: lua)
        do throws(SystemError) { return try host.run() } catch { return (2, error.text) }
    }

    private init(
        flag: String, arguments: [String], record: BatchRecord, index: Int, workspace: String, signals: Int32,
        lua: @escaping LuaBody
    ) {
        self.flag = flag
        self.arguments = arguments
        self.record = record
        self.index = index
        self.workspace = workspace
        self.signals = signals
        self.lua = lua
    }

    private func run() throws(SystemError) -> (code: Int32, message: String?) {
        let claim = Environment[Self.claimVariable]
        let failure = Environment[Self.failureVariable]
        Environment.remove(Self.claimVariable)
        Environment.remove(Self.failureVariable)
        let said = claim == nil ? "" : (try? Files.readText(setupLog, limit: 1 << 20)) ?? ""
        if claim != nil { try? Files.remove(setupLog) }
        if flag == Self.pilotFlag {
            if let lane = PilotLane.current {
                PilotLane.forget()
                var pilot = BatchPilot(self, lane: lane.number)
                return pilot.run()
            }
            if claim == nil, let setup = record.setup { throw replace(by: setup, "") }
            var pilot = BatchPilot(self)
            if let failure { return pilot.failAll(Self.failed(failure, said), said) }
            return record.lanes > 1 ? try runLanes() : pilot.run()
        }
        let lines = try BatchRecord.lines(of: record.jobs(in: workspace))
        guard lines.indices.contains(index) else {
            return (2, "\(record.jobs(in: workspace)) has no job \(index)")
        }
        var order: JobOrder
        do throws(JobOrder.Problem) { order = try JobOrder(lines[index]) } catch { return (2, error.text) }
        let place = BatchHolder(nonce: record.nonce, index: index)
        if let claim {
            let lock = FileLock(
                owning: try Descriptor(locking: order.folder.lock), path: order.folder.lock, claim: claim)
            guard let failure else { return Self.answer(attempt(&order, place, holding: lock)) }
            return Self.answer(fail(order, place, Self.failed(failure, said), said, holding: lock))
        }
        guard
            let lock = try FileLock.begin(order.folder.lock, as: place, program: order.folder.process)
        else { return (0, "\(order.folder.path): another process has this job by now: nothing to do") }
        if hasEnded(order) {
            end(order, place, lock)
            return (0, "\(order.folder.path): this job has ended already: nothing to do")
        }
        guard let setup = record.setup, let claim = lock.claim else {
            return Self.answer(attempt(&order, place, holding: lock))
        }
        let problem = replace(by: setup, claim)
        lock.release()
        throw problem
    }

    private static func answer(_ outcome: Outcome?) -> (code: Int32, message: String?) {
        guard let outcome, !outcome.isDone else { return (0, nil) }
        return (outcome.exitCode.flatMap { $0 > 0 ? $0 : nil } ?? 1, outcome.text)
    }

    // MARK: Lanes

    /// Runs several jobs at a time, each lane in a process of its own, until all have left.
    private func runLanes() throws(SystemError) -> (code: Int32, message: String?) {
        var lanes = PilotLanes(
            count: record.lanes, began: began, command: [Environment.program, flag] + arguments,
            list: record.jobs(in: workspace))
        try lanes.run(until: signals)
        return (0, nil)
    }

    // MARK: Jobs

    /// Seconds until the system ends this process, but a reserve for what has to be written then; nil where
    /// nobody has said.
    var secondsLeft: Double? {
        record.limit.map { $0 - BatchRecord.reserve(of: $0) - (Monotonic.seconds - began) }
    }

    /// Runs a job whose claim is taken over, and says that it has ended.
    func attempt(
        _ order: inout JobOrder, _ place: BatchHolder, holding lock: consuming FileLock,
        workers: WorkerPlace? = nil
    ) -> Outcome? {
        let kind = record.system.cut(at: ":").map { String($0.before) } ?? record.system
        order.batch = .init(
            system: kind,
            job: kind == record.system ? arguments[2] : "\(record.array ?? record.nonce)_\(index)")
        if order.nodes ?? 1 > 1 {
            order.nodeNames = BatchQueue.nodes(of: record.system)
        }
        order.isInPilot = flag == Self.pilotFlag
        if let left = secondsLeft, let limit = record.limit {
            order.allocation = limit - (Monotonic.seconds - began)
            // The job is ended here, and its end is known, before the system ends it.
            order.duration = min(order.duration ?? max(1, left), max(1, left))
        }
        let outcome = JobAttempt(order, workers: workers, signals: signals, lua: lua).run(
            holding: lock, output: .files, orders: -1)
        tell(place)
        return outcome
    }

    /// Whether a former life of the host has written its outcome: that of an earlier attempt is gone since the job
    /// was handed in.
    func hasEnded(_ order: JobOrder) -> Bool { order.folder.isDone || Files.exists(order.folder.failed) }

    /// Ends what that one has left.
    func end(_ order: JobOrder, _ place: BatchHolder, _ lock: consuming FileLock) {
        if order.folder.isDone { lock.retire() } else { lock.release() }
        tell(place)
    }

    /// Says that a job has ended.
    func tell(_ place: BatchHolder) {
        let ends = BatchRecord.ends(record.ends, in: workspace)
        try? Files.write([], to: "\(ends)/\(place.nonce).\(place.index)")
    }

    // MARK: Setup

    private static var shell: String { Files.isExecutable("/bin/bash") ? "/bin/bash" : "/bin/sh" }

    /// Where its errors are until it is over.
    private var setupLog: String {
        "\(BatchRecord.folder(in: workspace))/\(record.nonce).\(index).setup"
    }

    /// Becomes the shell that runs the setup and then this program again.
    ///
    /// - Returns: why that does not work; not at all where it does.
    private func replace(by setup: String, _ claim: String) -> SystemError {
        let again = ([Environment.program, flag] + arguments).map(ShellWords.quote).joined(separator: " ")
        let script = """
            exec 3>&2 2>\(ShellWords.quote(setupLog))
            trap '\(Self.failureVariable)=$? exec \(again.replacing("'", with: "'\\''"))' EXIT
            set -e
            \(setup)
            set +e
            trap - EXIT
            exec 2>&3 3>&-
            exec \(again)
            """
        let failure = ChildProcess.replace(
            [Self.shell, "-c", script],
            environment: EnvironmentBlock.current.setting([(Self.claimVariable, claim)]))
        return SystemError("start", Self.shell, code: failure)
    }

    private static func failed(_ code: String, _ said: String) -> Outcome {
        let last = said.lines.last { !$0.isEmpty }.map { ": \($0)" } ?? ""
        return Outcome(
            .launch, message: "the setup of its launcher failed with exit code \(code)\(last)")
    }

    /// Records that a job was not launched, with what was said.
    func fail(
        _ order: JobOrder, _ place: BatchHolder, _ outcome: Outcome, _ said: String,
        holding lock: consuming FileLock
    ) -> Outcome {
        var outcome = outcome
        (outcome.started, outcome.ended) = (.now, .now)
        outcome.attempt = order.attempt
        try? Files.write(Array("xpm: \(outcome.text)\n\(said)".utf8), to: order.folder.error)
        do throws(SystemError) { try order.folder.record(outcome, isDurable: order.isDurable) } catch {
            outcome.message = error.text
        }
        lock.release()
        tell(place)
        return outcome
    }
}
