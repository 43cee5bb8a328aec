import Foundation
import Store
import System
import Testing
import Text

/// Signals and sudden deaths, with real processes.
@Suite("Interrupts and kills", .timeLimit(.minutes(20)))
struct InterruptTests {
    /// Tasks that note each of their starts and ends in a file, and take `seconds`.
    private static func script(count: Int, seconds: String) -> String {
        """
        local xpm = require "xpm"
        local Work = xpm.task {
          id = "k.work", params = { n = xpm.int },
          command = "echo start {n} >> $TALLY; sleep \(seconds); echo end {n} >> $TALLY",
        }
        local Lua = xpm.task {
          id = "k.lua", params = { work = Work },
          execute = function(self)
            local function note(word)
              local file = assert(io.open(os.getenv "TALLY", "a"))
              file:write(word, " lua", self.work.n, "\\n")
              file:close()
            end
            note "start"
            os.execute "sleep \(seconds)"
            note "end"
          end,
        }
        function run() for n = 1, \(count) do Lua { work = Work { n = n }:submit() }:submit() end end
        """
    }

    private func bench(count: Int, seconds: String) throws -> Workbench {
        let bench = try Workbench()
        try bench.write(Self.script(count: count, seconds: seconds), to: "experiment.lua")
        try bench.write("", to: "tally")
        return bench
    }

    private func tally(_ bench: Workbench) throws -> [String] {
        try bench.read("tally").split(separator: "\n").map(String.init)
    }

    private func environment(_ bench: Workbench) -> [String: String] { ["TALLY": "\(bench.folder)/tally"] }

    @Test("an endless script ends within a second of Ctrl-C, and says where it was")
    func endless() throws {
        let bench = try Workbench()
        try bench.write("function run()\n  while true do end\nend\n", to: "experiment.lua")
        let (process, tag) = try bench.start(["run", "experiment.lua"])
        #expect(
            try bench.wait {
                Files.exists("\(bench.folder)/workspace/experiments/experiment/current/events.jsonl")
            })
        process.interrupt()
        let result = try bench.finish(process, tag)
        #expect(result.code == 130 && result.error.contains("experiment.lua:2: interrupted"), "\(result)")
    }

    @Test("Ctrl-C once waits for the running jobs and launches no more")
    func once() throws {
        let bench = try bench(count: 6, seconds: "0.5")
        let (process, tag) = try bench.start(
            ["run", "-j", "2", "experiment.lua"], environment: environment(bench))
        #expect(try bench.wait { try tally(bench).count >= 2 })
        process.interrupt()
        let result = try bench.finish(process, tag)
        let lines = try tally(bench)
        #expect(result.code == 130 && result.error.contains("nothing more is launched"), "\(result.error)")
        #expect(lines.filter { $0.hasPrefix("start") }.count == lines.filter { $0.hasPrefix("end") }.count)
        #expect(lines.count <= 6)
        #expect(try bench.run("run", "experiment.lua", environment: environment(bench)).code == 0)
        let all = try tally(bench)
        #expect(TextSet(all).count == 24 && all.count == 24)
    }

    @Test("on a terminal there is a live view, Ctrl-C works as elsewhere, and a clean summary stays")
    func terminal() throws {
        let bench = try bench(count: 6, seconds: "0.5")
        let command = "exec \(Workbench.xpm) run -j 2 experiment.lua"
        let (process, tag) = try bench.start(
            ["-qefc", command, "/dev/null"], program: "/usr/bin/script", environment: environment(bench))
        #expect(
            try bench.wait { try tally(bench).count >= 2 && bench.read(".\(tag).out").contains("2 running") })
        let child = try #require(ChildProcess.output(["pgrep", "-P", String(process.processIdentifier)]))
        let pid = try #require(child.text.split(separator: "\n").first.flatMap { pid_t($0) })
        kill(pid, SIGINT)
        let result = try bench.finish(process, tag)
        let lines = try tally(bench)
        #expect(result.code == 130, "\(result)")
        #expect(result.output.contains("nothing more is launched") && result.output.contains("12 tasks: "))
        #expect(result.output.contains("\u{1b}["))
        #expect(lines.filter { $0.hasPrefix("start") }.count == lines.filter { $0.hasPrefix("end") }.count)
    }

    @Test("Ctrl-C twice stops the running jobs")
    func twice() throws {
        let bench = try bench(count: 2, seconds: "60")
        let (process, tag) = try bench.start(["run", "experiment.lua"], environment: environment(bench))
        #expect(try bench.wait { try tally(bench).count >= 1 })
        process.interrupt()
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("nothing more is launched") })
        process.interrupt()
        // The jobs would go on for a minute.
        let result = try bench.finish(process, tag)
        #expect(result.code == 130)
        #expect(result.error.contains("killed by signal 15 (SIGTERM)"), "\(result.error)")
        #expect(try bench.jobs("k.work").allSatisfy { !FileLock.isHeld($0.lock) && !$0.isDone })
    }

    @Test("Ctrl-C three times leaves at once; the jobs live on and are taken over")
    func thrice() throws {
        let bench = try bench(count: 1, seconds: "0")
        // A program that takes no notice of SIGTERM, and works until it is told to end.
        try bench.write(
            try bench.read("experiment.lua")
                .replacing(
                    "echo start {n} >> $TALLY; sleep 0",
                    with:
                        "trap '' TERM; echo start {n} >> $TALLY; while [ ! -e $TALLY.go ]; do sleep 0.05; done"
                ),
            to: "experiment.lua")
        let (process, tag) = try bench.start(["run", "experiment.lua"], environment: environment(bench))
        #expect(try bench.wait { try tally(bench).count >= 1 })
        for word in ["nothing more is launched", "stopping the running jobs", "live on"] {
            process.interrupt()
            #expect(try bench.wait { try bench.read(".\(tag).err").contains(word) })
        }
        #expect(try bench.finish(process, tag).code == 130)
        #expect(FileLock.isHeld(try #require(try bench.jobs("k.work").first).lock))
        let (next, nextTag) = try bench.start(["run", "experiment.lua"], environment: environment(bench))
        #expect(try bench.wait { FileLock.isHeld("\(bench.folder)/workspace/experiments/experiment/lock") })
        try bench.write("", to: "tally.go")
        let result = try bench.finish(next, nextTag)
        #expect(result.code == 0, "\(result.error)")
        #expect(try tally(bench) == ["start 1", "end 1", "start lua1", "end lua1"])
    }

    @Test("a program that ends well because it was told to stop has not finished")
    func stoppedWell() throws {
        let bench = try bench(count: 1, seconds: "0")
        try bench.write(
            try bench.read("experiment.lua")
                .replacing(
                    "echo start {n} >> $TALLY; sleep 0",
                    with: "trap 'exit 0' TERM; echo start {n} >> $TALLY; while :; do sleep 0.05; done"),
            to: "experiment.lua")
        let (process, tag) = try bench.start(["run", "experiment.lua"], environment: environment(bench))
        #expect(try bench.wait { try tally(bench).count >= 1 })
        process.interrupt()
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("nothing more is launched") })
        process.interrupt()
        #expect(try bench.finish(process, tag).code == 130)
        #expect(try bench.jobs("k.work").allSatisfy { !$0.isDone })
    }

    @Test("SIGTERM is like Ctrl-C once")
    func terminate() throws {
        let bench = try bench(count: 4, seconds: "0.3")
        let (process, tag) = try bench.start(
            ["run", "-j", "1", "experiment.lua"], environment: environment(bench))
        #expect(try bench.wait { try tally(bench).count >= 1 })
        process.terminate()
        #expect(try bench.finish(process, tag).code == 130)
        #expect(try tally(bench).count == 2)
    }

    @Test(
        "kill -9 of xpm at a random moment: each job runs once, and the next run takes the outcomes",
        arguments: 0..<20)
    func killed(_ round: Int) throws {
        let bench = try bench(count: 5, seconds: "0.05")
        let (process, tag) = try bench.start(
            ["run", "-j", "3", "experiment.lua"], environment: environment(bench))
        usleep(UInt32.random(in: 5_000...350_000))
        kill(process.processIdentifier, SIGKILL)
        _ = try bench.finish(process, tag)
        let next = try bench.run("run", "-j", "3", "experiment.lua", environment: environment(bench))
        #expect(next.code == 0, "\(next.error)")
        let expected = (1...5).flatMap { ["start \($0)", "end \($0)", "start lua\($0)", "end lua\($0)"] }
        #expect(try tally(bench).sorted() == expected.sorted())
        #expect(try bench.jobs("k.work").allSatisfy { $0.isDone && !Files.exists($0.process) })
    }

    @Test("kill -9 of a job host: its program's end is waited for, and the job runs again")
    func hostKilled() throws {
        let bench = try bench(count: 1, seconds: "0.5")
        let (process, tag) = try bench.start(["run", "experiment.lua"], environment: environment(bench))
        #expect(try bench.wait { try tally(bench).count >= 1 })
        let hosts = try #require(
            ChildProcess.output(["pgrep", "-P", String(process.processIdentifier), "xpm-job"]))
        for line in hosts.text.split(separator: "\n") { kill(try #require(pid_t(line)), SIGKILL) }
        let result = try bench.finish(process, tag)
        #expect(result.code == 0, "\(result.error)")
        // The first attempt ended before the second began.
        #expect(try Array(tally(bench).prefix(4)) == ["start 1", "end 1", "start 1", "end 1"])
    }

    @Test("two experiments that share tasks, started together: each task runs once, both get its result")
    func shared() throws {
        let bench = try bench(count: 3, seconds: "0.3")
        try bench.write("id: one\n", to: "one.yaml")
        try bench.write("id: two\n", to: "two.yaml")
        let starts = try ["one", "two"].map {
            try bench.start(["run", "experiment.lua", "\($0).yaml"], environment: environment(bench))
        }
        for (process, tag) in starts {
            let result = try bench.finish(process, tag)
            #expect(result.code == 0 && result.error.contains("6 tasks:"), "\(result.error)")
        }
        let all = try tally(bench)
        #expect(all.count == 12 && TextSet(all).count == 12)
    }

    @Test("a task that floods its output and one that closes everything end like others")
    func oddPrograms() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Flood = xpm.task { id = "o.flood", params = {}, command = "yes | head -c 3000000", strict = false }
            local Close = xpm.task { id = "o.close", params = {}, command = "exec <&- >&- 2>&-; sleep 0.1" }
            local Leave = xpm.task { id = "o.leave", params = {}, command = "sleep 60 & echo $! > left.pid" }
            local Exit = xpm.task { id = "o.exit", params = {}, execute = function() print "x" os.exit(4) end }
            function run() Flood {}:submit() Close {}:submit() Leave {}:submit() Exit {}:submit() end
            """, to: "experiment.lua")
        let result = try bench.run("run", "experiment.lua")
        #expect(
            result.code == 1 && result.error.contains("exit code 4")
                && result.error.contains("3 done, 1 failed"), "\(result.error)")
        // What a job leaves behind neither holds up the run nor holds its lock.
        let leave = try #require(try bench.jobs("o.leave").first)
        let left = try #require(pid_t(try Files.readText("\(leave.path)/left.pid").prefix { $0.isNumber }))
        #expect(kill(left, 0) == 0 && !FileLock.isHeld(leave.lock))
        kill(left, SIGKILL)
        #expect(try Files.readText(try #require(try bench.jobs("o.exit").first).output) == "x\n")
    }
}
