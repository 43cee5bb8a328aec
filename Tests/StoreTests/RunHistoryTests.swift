import Store
import System
import TestSupport
import Testing
import Text

@Suite("Run history", .timeLimit(.minutes(20)))
struct RunHistoryTests {
    @Test(
        "a new run sorts behind all others, within one second, with a clock that went back, and after removals"
    )
    func names() throws {
        let folder = try TemporaryFolder()
        let workspace = Workspace(path: folder.path)
        let experiment = workspace.experiment("e")
        let now = Timestamp.now
        func next() -> String { RunHistory(experiment: "e", in: workspace).nextName(at: now) }
        let first = now.runName
        #expect(next() == first)
        for number in 1...11 {
            try Files.makeFolder("\(experiment)/\(next())")
            #expect(next() == "\(first).\(number)")
        }
        // Freed names are not used again.
        try Files.removeTree("\(experiment)/\(first)", below: experiment)
        #expect(next() == "\(first).11")
        try Files.makeFolder("\(workspace.sources)/e/\(first).20")
        #expect(next() == "\(first).21")
        try Files.link("\(experiment)/current", to: "\(first).30")
        #expect(next() == "\(first).31")
        // Folders of other people name no run.
        for name in ["3d-pictures", "30000101_000000.9223372036854775807", "99999999"] {
            try Files.makeFolder("\(experiment)/\(name)")
            #expect(next() == "\(first).31")
        }
        try Files.makeFolder("\(experiment)/29991231_235959")
        #expect(next() == "29991231_235959.1")
    }
}
