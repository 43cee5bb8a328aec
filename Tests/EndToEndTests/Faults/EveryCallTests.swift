import Foundation
import Inventory
import Store
import System
import Testing
import Text

/// A kill or a failure at each call of a run, one at a time, as SQLite is tested: after it a quiet run makes
/// all good.
///
/// `XPM_EVERY_CALL=all` goes through all calls (`scripts/chaos --every-call`), a number through so many,
/// picked at random.
@Suite("Every call", .serialized, .timeLimit(.minutes(20)))
struct EveryCallTests {
    private static let library = FaultyDisk.build("every")

    private static let script = """
        local xpm = require "xpm"
        local T = xpm.task { id = "e.t", params = { n = xpm.int, needs = xpm.list(xpm.ref "e.t") { default = {} } },
          command = "echo start {n} >>$TALLY; sleep 0.02; echo end {n} >>$TALLY" }
        function run()
          local before
          for n = 1, 4 do before = T { n = n, needs = n % 2 == 0 and { before } or {} }:submit() end
        end
        """

    private func run(_ bench: Workbench, _ counter: String, _ number: Int, _ kind: String) throws -> (
        result: Workbench.Result, calls: Int
    ) {
        try Files.write([UInt8](repeating: 0, count: 8), to: counter)
        let (process, tag) = try bench.start(
            ["run", "-j", "2", "e.lua"],
            environment: [
                "LD_PRELOAD": Self.library, "XPM_EVERY": "\(counter) \(number) \(kind)",
                "TALLY": "\(bench.folder)/tally",
            ])
        let isOver = try bench.wait(seconds: 10) { !process.isRunning }
        if !isOver { kill(process.processIdentifier, SIGKILL) }
        #expect(isOver, "call \(number), \(kind): it hangs")
        let result = try bench.finish(process, tag)
        let bytes = try Files.read(counter)
        return (result, bytes.enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) })
    }

    private func tally(_ bench: Workbench) -> [String] {
        ((try? bench.read("tally")) ?? "").split(separator: "\n").map(String.init)
    }

    @Test(
        "whatever call is killed or fails, the next run ends with all done; what was done does not run again, and nothing overlaps",
        arguments: ["kill", "\(ENOSPC)", "\(EIO)", "\(EINTR)", "\(EAGAIN)", "short"], [false, true])
    func everyCall(kind: String, byClaims: Bool) throws {
        let wish = ProcessInfo.processInfo.environment["XPM_EVERY_CALL"] ?? "12"
        let total: Int
        do {
            let bench = try bench(byClaims)
            let quiet = try run(bench, "\(bench.folder)/counter", 0, kind)
            #expect(quiet.result.code == 0, "\(quiet.result)")
            total = quiet.calls
        }
        #expect(total > 200)
        let numbers =
            Int(wish).map { count in (0..<count).map { _ in Int.random(in: 1...total) } } ?? Array(1...total)
        for number in numbers { try check(number, kind, byClaims) }
    }

    private func bench(_ byClaims: Bool) throws -> Workbench {
        let bench = try Workbench()
        try bench.write(Self.script, to: "e.lua")
        if byClaims { try Files.makeFolder("\(bench.folder)/workspace/.xpm-locks") }
        return bench
    }

    private func check(_ number: Int, _ kind: String, _ byClaims: Bool) throws {
        let bench = try bench(byClaims)
        let faulty = try run(bench, "\(bench.folder)/counter", number, kind)
        let place: Comment = "call \(number), \(kind), claims \(byClaims): \(faulty.result)"
        #expect(faulty.result.code < 128 || kind == "kill", place)
        #expect(!faulty.result.error.contains("Fatal error"), place)
        let done = try bench.jobs("e.t").filter(\.isDone).map { job in
            try #require(RecordedTask.read(job.path).flattened.first { $0.name == "n" }?.value)
        }
        let before = tally(bench)
        for name in done { #expect(before.contains("end \(name)"), place) }
        let quiet = try bench.run("run", "-j", "2", "e.lua", environment: ["TALLY": "\(bench.folder)/tally"])
        #expect(quiet.code == 0, "\(place): then \(quiet)")
        let all = tally(bench)
        for name in ["1", "2", "3", "4"] {
            let own = all.filter { $0.hasSuffix(" \(name)") }
            // One after the other, and each to its end: xpm itself ends none of them here.
            #expect(
                own.enumerated().allSatisfy { $1.hasPrefix($0 % 2 == 0 ? "start" : "end") },
                "\(place): \(all)")
            if done.contains(name) {
                #expect(own == before.filter { $0.hasSuffix(" \(name)") }, "\(place): \(all)")
            }
        }
    }
}
