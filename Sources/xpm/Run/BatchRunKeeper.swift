import Batch
import Engine
import LuaBridge
import Store
import System
import Text

/// In a job of a batch system in which a run goes on (`BatchRun`): hands in the job that follows, and leaves the run
/// to that one before its own time is over.
final class BatchRunKeeper: RunObserver {
    /// The job that this process is, as its script says.
    struct Place: Sendable {
        let nonce: String
        /// What the system calls it.
        let job: String
        let experiment: String
        /// In seconds since 1970.
        let began: Double?

        /// Nil elsewhere. What this process starts is not told.
        static let current: Place? = {
            let names = BatchRunSender.variables
            defer {
                for name in [names.nonce, names.job, names.name, names.began] { Environment.remove(name) }
            }
            guard let nonce = Environment[names.nonce], let job = Environment[names.job],
                let experiment = Environment[names.name],
                !nonce.isEmpty, nonce.utf8.allSatisfy({ $0.isLetter || $0.isDigit })
            else { return nil }
            return Place(
                nonce: nonce, job: job, experiment: experiment,
                began: Environment[names.began].flatMap { Double($0) })
        }()
    }

    /// What a run does that leaves.
    typealias Leave = @Sendable (_ reason: String) -> Void

    private struct State {
        var isOver = false
        /// Whether all is done for that.
        var isFinished = false
        /// Whether a job is being handed in.
        var isSending = false
        var leave: Leave?
        /// Why the next job was not handed in, as it was told.
        var problem: String?
    }

    /// Seconds between two looks; after the first of them the job has lasted.
    private static let again = 60.0

    private let place: Place
    private let workspace: Workspace
    private let sender: BatchRunSender
    /// When the run leaves, on the clock of `Monotonic`; nil where its time is not limited.
    private let deadline: Double?
    private let state = Monitor(State())

    /// How many jobs run at once beside the run.
    var cores: Int { sender.cores }

    /// - Returns: nil where this process is no such job.
    /// - Throws: exit code 0 where there is nothing to do any more.
    static func begin(_ files: ExperimentFiles) throws(Failure) -> BatchRunKeeper? {
        guard let place = Place.current else { return nil }
        LockClaim.ofRun = BatchHolder(nonce: place.nonce, index: 0, hasBegun: true, isRun: true)
        var (run, turn) = (BatchRun?.none, BatchRun.Turn.leave)
        try Failure.onDisk { () throws(SystemError) in
            (run, turn) = try BatchRun.change(place.experiment, in: files.workspace) { run in
                let turn = run?.begin(place.nonce) ?? .leave
                defer { if turn == .tooOften { run = nil } }
                return (run, turn)
            }
        }
        guard let run, turn != .leave else {
            StandardStream.error.write("\(place.experiment): this job has nothing to do any more\n")
            throw .code(0)
        }
        guard turn == .go else {
            try? BatchRunSender.end(run, in: files.workspace, but: place.nonce)
            throw .message(
                "\(place.experiment): the last jobs of this run have ended at once, without an end of the run: it does not go on"
            )
        }
        let sender = try sender(of: run.launcher, files)
        // Its word before it suspends a job.
        if sender.system.name == "sge" { Signals.ignoreUser1() }
        let keeper = BatchRunKeeper(place, files.workspace, sender)
        // Before anything else: from here on the run goes on, whatever becomes of this process.
        if sender.canFollow { keeper.handOn(after: keeper.array) { Failure.warn($0) } }
        return keeper
    }

    /// What hands in the jobs of a run.
    static func sender(of launcher: String, _ files: ExperimentFiles) throws(Failure) -> BatchRunSender {
        do {
            let definition = try LauncherChoice.find(launcher, in: try LauncherFile.ofUser())
            return try BatchRunSender(
                definition, workspace: files.workspace, program: Paths.real(Environment.program))
        } catch { throw .message(error.shown) }
    }

    private init(_ place: Place, _ workspace: Workspace, _ sender: BatchRunSender) {
        self.place = place
        self.workspace = workspace
        self.sender = sender
        let limit = BatchRecord.read(place.nonce, in: workspace.path)?.limit
        // What came before, such as the launcher's setup, has taken of its time.
        let elapsed = place.began.map { min(max(0, Timestamp.now.seconds - $0), limit ?? 0) } ?? 0
        deadline = limit.map { Monotonic.seconds + $0 - BatchRecord.reserve(of: $0) - elapsed }
    }

    /// Begins to look after it. Call when the signals are blocked.
    ///
    /// - Parameter warn: told what the user should know.
    func start(warn: @escaping @Sendable (String) -> Void) throws(SystemError) {
        try NewThread.start { [self] in
            var hasLasted = false
            while true {
                let left = deadline.map { $0 - Monotonic.seconds } ?? .infinity
                let pause = Int(max(0, min(Self.again, left)) * 1000)
                if state.wait(milliseconds: pause, until: { $0.isOver }) { return }
                if let deadline, Monotonic.seconds >= deadline { return leave(warn) }
                if !hasLasted { lasts() }
                hasLasted = true
                let run = try? BatchRun.read(place.experiment, in: workspace)
                if sender.canFollow, let run, lacksNext(run) { handOn(after: array, warn) }
            }
        }
    }

    /// Whether no job follows: somebody may have taken it out of the queue, or it was never handed in.
    private func lacksNext(_ run: BatchRun) -> Bool {
        guard let next = run.next, let record = BatchRecord.read(next, in: workspace.path) else {
            return true
        }
        return record.isOver(0) == true
    }

    /// It is no job that ended at once.
    private func lasts() {
        _ = try? BatchRun.change(place.experiment, in: workspace) { run in
            if run?.current == place.nonce { run?.lasts() }
        }
    }

    /// What a run that has begun does where it leaves; nil where it only waits for another.
    func attach(_ leave: @escaping Leave) { state.withLock { $0.leave = leave } }

    /// The number of this job's array.
    private var array: String? {
        BatchRecord.read(place.nonce, in: workspace.path)?.array
            ?? place.job.cut(at: "_").map { String($0.before) }
    }

    /// Hands in the next job, unless that is done.
    private func handOn(after array: String?, _ warn: @Sendable (String) -> Void) {
        let begins = state.change { state in
            if !state.isOver { state.isSending = true }
            return !state.isOver
        }
        guard begins else { return }
        defer { state.change { $0.isSending = false } }
        let nonce = BatchRecord.newNonce()
        let changed = try? BatchRun.change(place.experiment, in: workspace) { run -> BatchRun? in
            guard let known = run, known.current == place.nonce, lacksNext(known) else { return nil }
            run?.next = nonce
            return run
        }
        guard let run = changed ?? nil else { return }
        do throws(BatchRunSender.Problem) { _ = try sender.send(run, nonce, after: array) } catch {
            _ = try? BatchRun.change(place.experiment, in: workspace) { run in
                if run?.next == nonce { run?.next = nil }
            }
            let isNew = state.withLock { state in
                defer { state.problem = error.text }
                return state.problem != error.text
            }
            if isNew { warn("the job that is to follow this one: \(error.text): tried again") }
        }
    }

    private func leave(_ warn: @Sendable (String) -> Void) {
        lasts()
        handOn(after: sender.canFollow ? array : nil, warn)
        let leave = state.withLock { state -> Leave? in state.isOver ? nil : state.leave ?? { _ in } }
        // It is over, and ends by itself.
        guard let leave else { return }
        let next = (try? BatchRun.read(place.experiment, in: workspace))?.next
        let name = next.flatMap { BatchRecord.read($0, in: workspace.path)?.array }
        leave(
            next == nil
                ? "the time of job \(place.job) of \(sender.system.title) is over, and no job follows it"
                : "goes on in job \(name ?? "?") of \(sender.system.title): the time of job \(place.job) is over"
        )
        Standalone.exit(0)
    }

    /// The run is over, or is to stop: no job follows. Returns when that is so, whoever has begun with it.
    func finish() {
        let wasOver = state.change { state in
            defer { state.isOver = true }
            return state.isOver
        }
        if wasOver { return _ = state.wait { $0.isFinished ? true : nil } }
        defer { state.change { $0.isFinished = true } }
        _ = state.wait { $0.isSending ? nil : true }
        let last = try? BatchRun.change(place.experiment, in: workspace) { run -> BatchRun? in
            guard run?.current == place.nonce else { return nil }
            defer { run = nil }
            return run
        }
        guard let run = last ?? nil else { return }
        try? BatchRunSender.end(run, in: workspace, but: place.nonce)
    }

    /// This job's own record goes when the run holds nothing more.
    func end() {
        finish()
        BatchRecord.read(place.nonce, in: workspace.path)?.remove(in: workspace.path)
    }

    func observe(_ event: RunEvent) {
        guard case .stopping = event else { return }
        // Commands of the system take a while.
        do throws(SystemError) { try NewThread.start { [self] in finish() } } catch { finish() }
    }
}
