import Store
import System
import TestSupport
import Testing
import Text

@Suite("Runs as jobs of a batch system", .timeLimit(.minutes(20)))
struct BatchRunFileTests {
    private let run = BatchRun(
        experiment: "e", launcher: "slurm", folder: "/w", arguments: ["run", "e.lua"], next: "a1")

    @Test("each job takes its turn once; one that is not named leaves; jobs that do not last are the last")
    func turns() {
        var run = run
        #expect(run.begin("b2") == .leave && run.begin("a1") == .go && run.current == "a1")
        // Begun again by the system.
        #expect(run.begin("a1") == .go)
        for (number, nonce) in ["a2", "a3", "a4"].enumerated() {
            run.next = nonce
            #expect(run.begin(nonce) == (number < 2 ? .go : .tooOften))
        }
        #expect(run.nonces == ["a1", "a2", "a3", "a4"])
        var lasting = self.run
        #expect(lasting.begin("a1") == .go)
        for nonce in ["a2", "a3", "a4", "a5", "a6"] {
            lasting.lasts()
            lasting.next = nonce
            #expect(lasting.begin(nonce) == .go)
        }
    }

    @Test("the file is as it was written; one that cannot be read is no run that is over")
    func file() throws {
        let folder = try TemporaryFolder()
        let workspace = Workspace(path: "\(folder.path)/w")
        try workspace.create()
        #expect(try BatchRun.read("e", in: workspace) == nil)
        let run = run
        try BatchRun.change("e", in: workspace) { $0 = run }
        try BatchRun.change("e", in: workspace) { _ = $0?.begin("a1") }
        let known = try #require(try BatchRun.read("e", in: workspace))
        #expect(known.current == "a1" && known.arguments == ["run", "e.lua"] && known.next == nil)
        // Nothing is known of its job.
        #expect(known.isOver(in: workspace) == true)
        let path = "\(workspace.experiment("e"))/detached.json"
        for text in ["", "{", "[]", "{\"version\": 2}", String(repeating: "x", count: 5000)] {
            try Files.write(Array(text.utf8), to: path)
            #expect(throws: SystemError.self) { try BatchRun.read("e", in: workspace) }
            #expect(throws: SystemError.self) { try BatchRun.change("e", in: workspace) { $0 = nil } }
            #expect(Files.exists(path))
        }
        try Files.remove(path)
        try BatchRun.change("e", in: workspace) { #expect($0 == nil) }
        #expect(!Files.exists(path))
    }
}
