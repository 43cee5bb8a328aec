import Inventory
import Model
import Store
import System
import TestSupport
import Testing
import Text

@testable import Watching

/// A workspace with a run whose logs a test writes.
private final class WrittenRun {
    let workspace: Workspace
    let folder: String
    private let root: TemporaryFolder

    init() throws {
        root = try TemporaryFolder()
        workspace = Workspace(path: "\(root.path)/w")
        try workspace.create()
        folder = "\(workspace.experiment("e"))/20261130_010000"
        try Files.makeFolder(folder)
        try Files.link("\(workspace.experiment("e"))/current", to: "20261130_010000")
    }

    static func identifier(_ number: Int) -> String { Identifier(hashing: Array("\(number)".utf8)).hex }

    private func append(_ lines: [String], to name: String) throws {
        let path = "\(folder)/\(name)"
        let former = (try? Files.read(path)) ?? []
        try Files.write(former + Array(lines.map { $0 + "\n" }.joined().utf8), to: path)
    }

    func submit(
        _ numbers: some Sequence<Int>, task: String = "t.a", needs: [Int] = [],
        tags: (Int) -> String = { "{\"n\": \($0)}" }
    ) throws {
        let needs = needs.map { "\"\(Self.identifier($0))\"" }.joined(separator: ", ")
        try append(
            numbers.map {
                "{\"task_id\": \"\(task)\", \"job_id\": \"\(Self.identifier($0))\", \"timestamp\": 1796000000.5, \"tags\": \(tags($0)), \"depends_on\": [\(needs)]}"
            }, to: "jobs.jsonl")
    }

    func tell(_ state: String, _ number: Int, at time: Double, _ more: String = "") throws {
        try append(
            [
                "{\"timestamp\": \(time), \"job_id\": \"\(Self.identifier(number))\", \"task_id\": \"t.a\", \"state\": \"\(state)\"\(more)}"
            ], to: "events.jsonl")
    }

    var watch: RunWatch { RunWatch(experiment: "e", run: "20261130_010000", in: workspace) }
}

@Suite("Watching a run", .timeLimit(.minutes(20)))
struct RunWatchTests {
    @Test("what needs what: by rows, both ways, and folded by types; jobs of other runs are left out")
    func graph() throws {
        let run = try WrittenRun()
        let watch = run.watch
        #expect(watch.graph().nodes.isEmpty)
        try run.submit(0..<2)
        try run.submit(2..<5, task: "t.b", needs: [0, 1, 99])
        try run.submit([5], task: "t.c", needs: [0, 2, 3])
        _ = watch.refresh(isLive: true)
        #expect(watch.needs(0) == [] && watch.needs(2) == [0, 1] && watch.needs(5) == [0, 2, 3])
        #expect(
            watch.dependants(0) == [2, 3, 4, 5] && watch.dependants(4) == [] && watch.dependants(5) == [])
        // What comes later is counted too.
        try run.tell("running", 2, at: 10)
        try run.tell("done", 2, at: 11)
        try run.submit([6], task: "t.c", needs: [5])
        _ = watch.refresh(isLive: true)
        let (nodes, edges) = watch.graph()
        #expect(nodes.map(\.task) == ["t.a", "t.b", "t.c"])
        #expect(nodes.map(\.counts.total) == [2, 3, 2])
        #expect(nodes[1].counts[.done] == 1)
        let told = edges.map { "\(nodes[$0.from].task) \(nodes[$0.to].task) \($0.count)" }
        #expect(told == ["t.a t.b 3", "t.a t.c 1", "t.b t.c 1", "t.c t.c 1"])
    }

    @Test("states, times and reasons follow the logs; a line that is torn, strange or too early does no harm")
    func follows() throws {
        let run = try WrittenRun()
        let watch = run.watch
        #expect(!watch.refresh(isLive: true) && watch.count == 0)
        // An event may be read before the submission.
        try run.tell("running", 2, at: 10)
        #expect(watch.refresh(isLive: true))
        try run.submit(1...3)
        #expect(watch.refresh(isLive: true))
        #expect(watch.states == [.waiting, .running, .waiting])
        try run.tell("done", 2, at: 14.5)
        try run.tell("failed", 3, at: 15, ", \"reason\": \"exit \\u0063ode 1\"")
        try run.tell("done", 1, at: 15, ", \"cached\": true")
        for text in [
            "not json", "{\"job_id\": 7}", "[]", "{",
            "{\"job_id\": \"\(WrittenRun.identifier(1))\", \"state\": \"new word\"}",
        ] {
            try Files.write(
                try Files.read("\(run.folder)/events.jsonl") + Array("\(text)\n".utf8),
                to: "\(run.folder)/events.jsonl")
        }
        #expect(watch.refresh(isLive: true))
        #expect(watch.states == [.done, .done, .failed])
        #expect(watch.duration(1, at: 100) == 4.5 && watch.duration(0, at: 100) == nil)
        #expect(watch.isCached(0) && !watch.isCached(1))
        #expect(watch.reason(2) == "exit code 1")
        #expect(watch.counts[.done] == 2 && watch.counts[.failed] == 1 && watch.counts.total == 3)
        #expect(!watch.refresh(isLive: true))
        #expect(watch.tags(2) == "n=3" && watch.task(0) == "t.a")
    }

    @Test("the time left knows earlier runs, of each type by itself")
    func timeLeft() throws {
        let run = try WrittenRun()
        let earlier = "\(run.workspace.experiment("e"))/20261129_010000"
        try Files.makeFolder(earlier)
        let id = WrittenRun.identifier(9)
        try Files.write(
            Array(
                """
                {"timestamp": 10, "job_id": "\(id)", "task_id": "t.a", "state": "running"}
                {"timestamp": 40, "job_id": "\(id)", "task_id": "t.a", "state": "done"}

                """.utf8), to: "\(earlier)/events.jsonl")
        let watch = run.watch
        try run.submit(1...3)
        try run.tell("running", 1, at: 100)
        _ = watch.refresh(isLive: true)
        // One of 30 s has run for 10, two wait.
        #expect(watch.timeLeft(at: 110)?.middle == 80)
        try run.tell("done", 1, at: 160)
        try run.tell("running", 2, at: 160)
        _ = watch.refresh(isLive: true)
        // What this run shows says as much as what was.
        #expect(watch.timeLeft(at: 160)?.middle == 90)
        _ = watch.refresh(isLive: false)
        #expect(watch.timeLeft(at: 170) == nil)
    }

    @Test("of a run that was killed, what ran is what its folder says, and what waited has not run")
    func killed() throws {
        let run = try WrittenRun()
        let watch = run.watch
        try run.submit(1...3)
        for number in 1...2 { try run.tell("running", number, at: 10) }
        #expect(watch.refresh(isLive: true))
        let done = watch.folder(0)
        try Files.makeFolder(done.path)
        try Files.write(Array("{}".utf8), to: done.parameters)
        try done.record(Outcome(.done), isDurable: false)
        #expect(watch.refresh(isLive: false))
        #expect(watch.states == [.done, .notRun, .notRun])
        #expect(!watch.refresh(isLive: false))
    }

    @Test("filters and orders take the rows that jobs list would; a tag of strange names and values too")
    func rows() throws {
        let run = try WrittenRun()
        let watch = run.watch
        try run.submit(1...3)
        try run.submit([4]) { _ in #"{"a \"b\"": "x, {y}", "n": 4, "d": {"k": [1, 2]}}"# }
        try run.tell("running", 2, at: 10)
        try run.tell("failed", 3, at: 15)
        _ = watch.refresh(isLive: true)
        func chosen(_ filter: String, _ order: RunWatch.Order = .submitted) throws -> [Int] {
            watch.rows(try JobFilter(filter), by: order, at: 20)
        }
        #expect(try chosen("n >= 2 and @state != failed") == [1, 3])
        #expect(try chosen("@id = \(WrittenRun.identifier(1).prefix(8))") == [0])
        #expect(try chosen("\"a \\\"b\\\"\" = \"x, {y}\"") == [3])
        #expect(try chosen("nosuch = 1") == [])
        #expect(watch.rows(nil, by: .state, at: 20) == [2, 1, 0, 3])
        #expect(watch.rows(nil, by: .duration, at: 20).first == 1)
    }

    @Test("each line of the logs is read once")
    func large() throws {
        let run = try WrittenRun()
        let watch = run.watch
        try run.submit(1...20_000)
        #expect(watch.refresh(isLive: true) && watch.count == 20_000)
        // What was read is not looked at again.
        let path = "\(run.folder)/jobs.jsonl"
        let size = try Files.read(path).count
        try Files.write(Array(repeating: UInt8(ascii: "x"), count: size - 1) + [UInt8(ascii: "\n")], to: path)
        try run.submit([20_001])
        #expect(watch.refresh(isLive: true) && watch.count == 20_001)
    }
}

@Suite("Watching a workspace", .timeLimit(.minutes(20)))
struct WorkspaceWatchTests {
    @Test("experiments come and go; one that is opened is followed")
    func experiments() throws {
        let run = try WrittenRun()
        let watch = WorkspaceWatch(run.workspace)
        #expect(watch.refresh() && watch.experiments.map(\.name) == ["e"])
        try run.submit(1...2)
        watch.open("e")
        #expect(watch.open?.count == 2)
        watch.open("nosuch")
        #expect(watch.open?.experiment == "e")
        try Files.removeTree(run.workspace.experiment("e"), below: run.workspace.path)
        Clock.sleep(milliseconds: 1100)
        #expect(watch.refresh() && watch.experiments.isEmpty)
        #expect(watch.open?.count == 2)
    }
}
