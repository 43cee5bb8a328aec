import Engine
import Model
import Store
import Synchronization
import System
import Testing
import Text

@Suite("Scheduler", .timeLimit(.minutes(20)))
struct SchedulerTests {
    /// Notes what a run tells, in words.
    private final class Notes: RunObserver {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }

        func observe(_ event: RunEvent) {
            let line: String? =
                switch event {
                case .submitted(let spec): "submitted \(spec.number.index)"
                case .status(let spec, let status): "\(status.name) \(spec.number.index)"
                case .retrying(let spec, _): "again \(spec.number.index)"
                case .warning(let text): "warning \(text)"
                case .planned: "planned"
                case .waitingForRelease(let count): "held \(count)"
                default: nil
                }
            if let line { lines.withLock { $0.append(line) } }
        }
    }

    private static func spec(
        _ number: Int, needs: [Int] = [], isHeld: Bool = false, retry: RetryPolicy = RetryPolicy(),
        demand: JobDemand? = nil
    ) -> JobSpec {
        JobSpec(
            number: JobNumber(number), identifier: Identifier(hashing: [UInt8(number)]), taskID: "t",
            folder: JobFolder(path: "/nowhere/\(number)", name: "t"), language: .sh,
            dependencies: needs.map(JobNumber.init), tags: "", demand: demand, retry: retry, isHeld: isHeld)
    }

    /// Waits until something is so; the time limit of the suite ends it.
    private func until(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// Runs jobs to their end, and says what was asked of the launcher, what was told, and where each job
    /// stands.
    private func run(
        _ specs: [JobSpec], slots: Int = 2, failsFast: Bool = false, _ launcher: RecordingLauncher,
        more: [Plan.Event] = []
    ) async -> (notes: [String], board: [JobStatus]) {
        let (board, notes) = (JobBoard(), Notes())
        let scheduler = Scheduler(
            plan: Plan(slots: slots, failsFast: failsFast), launcher: launcher, board: board, observer: notes)
        for spec in specs {
            board.add()
            scheduler.inbox.yield(.submitted(spec, isDone: false))
        }
        for event in more { scheduler.inbox.yield(event) }
        scheduler.inbox.yield(.scriptEnded)
        scheduler.inbox.yield(.closed)
        await scheduler.run()
        return (notes.all, specs.map { board.status($0.number) })
    }

    private static func done(_ request: LaunchRequest) -> [LaunchEvent] {
        [.started(request.job.number), .ended(request.job.number, Outcome(.done), elsewhere: false)]
    }

    @Test(
        "jobs that may start after one event are submitted in one go, and no more of them than there are slots"
    )
    func batches() async {
        let launcher = RecordingLauncher(answer: Self.done)
        let specs = [Self.spec(0)] + (1...4).map { Self.spec($0, needs: [0]) }
        let (_, board) = await run(specs, slots: 3, launcher)
        #expect(board == Array(repeating: .done, count: 5))
        #expect(
            launcher.calls == [
                .submit([0], [nil]), .submit([1, 2, 3], [nil, nil, nil]), .submit([4], [nil]), .end,
            ])
    }

    @Test("what depends on a failed job is never submitted, and the rest is")
    func failures() async {
        let launcher = RecordingLauncher { request in
            let isBad = request.job.number.index == 0
            return [
                .ended(
                    request.job.number, isBad ? Outcome(.failed, exitCode: 3) : Outcome(.done),
                    elsewhere: false)
            ]
        }
        let (notes, board) = await run(
            [Self.spec(0), Self.spec(1, needs: [0]), Self.spec(2, needs: [1]), Self.spec(3)], slots: 1,
            launcher)
        #expect(board[1] == .blocked(by: JobNumber(0)))
        #expect(board[2] == .blocked(by: JobNumber(0)))
        #expect(board[3] == .done)
        #expect(launcher.calls == [.submit([0], [nil]), .submit([3], [nil]), .end])
        #expect(notes.contains("failed 0"))
    }

    @Test(
        "a job whose process vanishes again and again gets an outcome, and why it cannot be written is told")
    func lost() async {
        let launcher = RecordingLauncher(problem: SystemError("write", "/full", code: 28)) { request in
            [.vanished(request.job.number)]
        }
        let (notes, board) = await run([Self.spec(0)], launcher)
        guard case .failed(let outcome) = board[0] else {
            Issue.record("job 0 stands at \(board[0])")
            return
        }
        #expect(outcome.reason == .lost)
        #expect(launcher.calls.dropLast().last == .record(0, .lost))
        // As many attempts as the policy allows, and not one more.
        let submissions = launcher.calls.count { if case .submit = $0 { true } else { false } }
        #expect(submissions == 3)
        #expect(notes.count { $0.hasPrefix("warning t ") } == submissions)
        #expect(notes.last { $0.hasPrefix("warning") }?.contains("/full") == true)
    }

    @Test("an attempt that was killed for its memory is followed by one with twice as much")
    func memory() async {
        var demand = JobDemand()
        (demand.memory, demand.mostMemory, demand.memoryCapacity) = (1 << 30, 3 << 30, 8 << 30)
        let launcher = RecordingLauncher { request in
            let outcome = request.memory == 3 << 30 ? Outcome(.done) : Outcome(.memory)
            return [.ended(request.job.number, outcome, elsewhere: false)]
        }
        let (notes, board) = await run([Self.spec(0, demand: demand)], launcher)
        #expect(board[0] == .done)
        #expect(
            launcher.calls == [
                .submit([0], [1 << 30]), .submit([0], [2 << 30]), .submit([0], [3 << 30]), .end,
            ])
        #expect(notes.count { $0 == "again 0" } == 2)
    }

    @Test("a drain takes back what waits for others, leaves what others run, and submits nothing more")
    func drain() async throws {
        let launcher = RecordingLauncher { request in
            switch request.job.number.index {
            case 0: [.queued(request.job.number, reason: "a token")]
            default: [.adopted(request.job.number, isOurs: false)]
            }
        }
        let (board, notes) = (JobBoard(), Notes())
        let scheduler = Scheduler(
            plan: Plan(slots: 2), launcher: launcher, board: board, observer: notes)
        for spec in [Self.spec(0), Self.spec(1), Self.spec(2, needs: [0])] {
            board.add()
            scheduler.inbox.yield(.submitted(spec, isDone: false))
        }
        async let end: Void = scheduler.run()
        try await until { board.status(JobNumber(0)) == .queued("a token") }
        try await until { launcher.calls.count >= 2 }
        scheduler.inbox.yield(.drain)
        try await until { launcher.calls.contains(.leave(1)) }
        launcher.report(.released(JobNumber(1), holder: "process 7 on h"))
        scheduler.inbox.yield(.closed)
        await end
        #expect(launcher.calls.contains(.withdraw([0])))
        #expect((0..<3).map { board.status(JobNumber($0)) } == [.notRun, .notRun, .notRun])
        #expect(notes.all.contains { $0.contains("process 7 on h runs it, and goes on") })
        #expect(launcher.calls.last == .end)
    }

    @Test("a held job is watched, and is done when somebody else has run it")
    func held() async throws {
        let launcher = RecordingLauncher(answer: Self.done)
        let (board, notes) = (JobBoard(), Notes())
        let scheduler = Scheduler(
            plan: Plan(slots: 2), launcher: launcher, board: board, observer: notes)
        for spec in [Self.spec(0, isHeld: true), Self.spec(1, needs: [0])] {
            board.add()
            scheduler.inbox.yield(.submitted(spec, isDone: false))
        }
        scheduler.inbox.yield(.scriptEnded)
        scheduler.inbox.yield(.closed)
        async let end: Void = scheduler.run()
        try await until { launcher.calls.contains(.watch(0)) }
        launcher.report(.doneElsewhere(JobNumber(0)))
        await end
        #expect(board.status(JobNumber(0)) == .cached)
        #expect(board.status(JobNumber(1)) == .done)
        #expect(notes.all.contains("held 1"))
        #expect(launcher.calls == [.watch(0), .submit([1], [nil]), .end])
    }

    @Test("a late word of a job that has ended changes nothing")
    func late() async {
        let launcher = RecordingLauncher { request in
            Self.done(request) + [
                .vanished(request.job.number), .queued(request.job.number, reason: "late"),
                .ended(request.job.number, Outcome(.failed, exitCode: 1), elsewhere: false),
            ]
        }
        let (notes, board) = await run([Self.spec(0), Self.spec(1, needs: [0])], launcher)
        #expect(board == [.done, .done])
        #expect(!notes.contains("error 0"))
        #expect(launcher.calls == [.submit([0], [nil]), .submit([1], [nil]), .end])
    }
}
