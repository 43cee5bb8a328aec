import Foundation
import Store
import System
import Testing
import Text

/// Nothing wrong may pass for right: outcomes, scripts, leftovers, limits, streams.
@Suite("Trust", .timeLimit(.minutes(20)))
struct TrustTests {
    private func bench(_ script: String) throws -> Workbench {
        let bench = try Workbench()
        try bench.write("local xpm = require \"xpm\"\n" + script, to: "t.lua")
        return bench
    }

    // MARK: Outcomes

    @Test("a program's own .done is none: it is removed, the job fails, and runs again")
    func ownDone() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "d.train", params = {}, command = "touch train.done; echo {{}} > train.failed; exit 1" }
            function run() T {}:submit() end
            """#)
        for _ in 0..<2 {
            let result = try bench.run("run", "t.lua")
            #expect(result.code == 1 && result.error.contains("1 failed"), "\(result)")
            let job = try #require(try bench.jobs("d.train").first)
            #expect(!job.isDone && !Files.exists(job.done))
        }
    }

    @Test(
        "xpm's own names are refused for paths of a job",
        arguments: [
            "t.done", "t.failed", "t.lock", "t.pid", "t.out", "t.err", "t.sh", "params.json", "./t.done",
            ".experimaestro/x", "t.20261123192722.out", "../x", "../\u{301}x", "a\u{0}b",
        ])
    func ownNames(_ name: String) throws {
        let escaped = name.utf8.map { "\\\(String(Int($0) + 1000).dropFirst())" }.joined()
        let bench = try bench(
            """
            local T = xpm.task { id = "n.t", params = { p = xpm.job_path "\(escaped)" }, command = { "true" } }
            function run() T {}:submit() end
            """)
        let result = try bench.run("run", "t.lua")
        #expect(result.code == 2 && result.error.contains("t.lua:2:"), "\(result)")
    }

    @Test("a plain task that runs again begins in a clean folder; a resumable one goes on with what it made")
    func cleanFolder() throws {
        let bench = try bench(
            #"""
            local command = "ls > seen; [ -e part ] && echo again >> seen; touch part; [ -e {jobdir}/../../../../ok ]"
            local P = xpm.task { id = "c.plain", params = {}, command = command }
            local R = xpm.resumable_task { id = "c.going", params = {}, command = command }
            function run() P {}:submit() R {}:submit() end
            """#)
        #expect(try bench.run("run", "t.lua").code == 1)
        try bench.write("", to: "ok")
        #expect(try bench.run("run", "t.lua").code == 0)
        func seen(_ type: String) throws -> String {
            try Files.readText("\(try #require(try bench.jobs(type).first).path)/seen")
        }
        let (again, going) = (try seen("c.plain"), try seen("c.going"))
        #expect(!again.contains("again") && going.contains("again"))
    }

    @Test("what was submitted runs, though hosts were killed and an older program still went on")
    func newScript() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "s.t", params = {}, command = "touch started; sleep 2; echo old" }
            function run() T {}:submit() end
            """#)
        let (process, tag) = try bench.start(["run", "t.lua"])
        #expect(
            try bench.wait { try bench.jobs("s.t").first.map { Files.exists("\($0.path)/started") } ?? false }
        )
        let job = try #require(try bench.jobs("s.t").first)
        let program = try #require(ProcessRecord.read(job.process))
        let stat = try Files.readText("/proc/\(program.pid)/stat")
        let host = Int32(stat.split(separator: ")").last?.split(separator: " ")[1] ?? "") ?? 0
        kill(process.processIdentifier, SIGKILL)
        kill(host, SIGKILL)
        _ = try bench.finish(process, tag)
        try bench.write(bench.read("t.lua").replacing("echo old", with: "echo new"), to: "t.lua")
        let second = try bench.run("run", "t.lua")
        #expect(second.code == 0, "\(second)")
        #expect(try Files.readText(job.output) == "new\n")
    }

    @Test("what outlives SIGTERM is gone before the next attempt begins")
    func leftovers() throws {
        // The shell dies at once; its program, which saves for a while, is waited for.
        let bench = try bench(
            #"""
            local T = xpm.resumable_task { id = "l.t", params = {}, requires = "duration=1s", max_retries = 1,
              command = "echo $$ >> pids; (trap 'sleep 2; echo saved >> log; exit 0' TERM; echo begin >> log; while :; do sleep 0.1; done)" }
            function run() T {}:submit() end
            """#)
        _ = try bench.run("run", "t.lua")
        let job = try #require(try bench.jobs("l.t").first)
        let log = try Files.readText("\(job.path)/log").split(separator: "\n").map(String.init)
        #expect(log == ["begin", "saved", "begin", "saved"], "\(log)")
    }

    @Test("a daemon that a job leaves behind holds no token, and a wait tells who holds one")
    func tokens() throws {
        let bench = try bench(
            #"""
            local D = xpm.task { id = "k.d", params = { n = xpm.int }, command = "sleep {n} & touch begun" }
            local W = xpm.task { id = "k.w", params = {}, command = "touch begun; sleep 2" }
            function run(helper)
              helper.xp:token("gpu", 1)
              local kind = helper.args[1]
              if kind == "daemon" then for n = 20, 21 do D { n = n }:submit { tokens = { gpu = 1 } } end
              else W {}:submit { tokens = { gpu = 1 } } end
            end
            """#)
        let first = try bench.run("run", "t.lua", "--", "daemon")
        #expect(first.code == 0 && first.error.contains("2 done"), "\(first)")
        let (process, tag) = try bench.start(["run", "t.lua", "--", "wait"])
        #expect(
            try bench.wait { try bench.jobs("k.w").first.map { Files.exists("\($0.path)/begun") } ?? false })
        try bench.write("id: other\nfile: t\n", to: "other.yaml")
        try bench.write(bench.read("t.lua").replacing("k.w", with: "k.v"), to: "v.lua")
        let waiting = try bench.run("run", "v.lua", "--", "wait")
        #expect(waiting.code == 0 && waiting.error.contains("waits for token gpu, held by k.w"), "\(waiting)")
        #expect(try bench.finish(process, tag).code == 0)
    }

    @Test("jobs retry asks for what xpm run asks for")
    func retry() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "r.t", params = {}, requires = "cpu(cores=2)", command = "exit 3" }
            function run() T {}:submit() end
            """#)
        try bench.write("machine: {cores: 2}\n", to: "config/xpm/settings.yaml")
        #expect(try bench.run("run", "t.lua").code == 1)
        try bench.write("machine: {cores: 1}\n", to: "config/xpm/settings.yaml")
        let result = try bench.run("jobs", "retry", "--experiment", "t")
        #expect(
            result.code == 2 && result.error.contains("2 cores, of which this machine has 1"), "\(result)")
    }

    // MARK: Limits and streams

    @Test(
        "limits that are too low are told, and no trap",
        arguments: ["prlimit --nofile=12", "prlimit --nofile=9", "ulimit -v 200000;", "ulimit -f 1;"])
    func limits(_ limit: String) throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "m.t", params = { n = xpm.int }, command = "true" }
            function run() for n = 1, 3 do T { n = n }:submit() end end
            """#)
        let result = try bench.run("-c", "\(limit) \(Workbench.xpm) run t.lua", program: "/bin/sh")
        #expect(result.code < 126 && !result.error.contains("Fatal error"), "\(result)")
        if result.code != 0 { #expect(!result.error.isEmpty) }
        #expect(try bench.run("run", "t.lua").code == 0)
    }

    @Test("with few descriptors jobs wait for each other")
    func fewDescriptors() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "m.t", params = { n = xpm.int }, command = "sleep 0.05" }
            function run() for n = 1, 12 do T { n = n }:submit() end end
            """#)
        let result = try bench.run(
            "-c", "ulimit -n 20; exec \(Workbench.xpm) run -j 12 t.lua", program: "/bin/sh")
        #expect(result.code == 0 && result.error.contains("12 done"), "\(result)")
    }

    @Test(
        "a script run alone with closed streams has no file of xpm as its stderr",
        arguments: ["2>&-", "<&-", "<&- >&- 2>&-"])
    func closedStreams(_ redirections: String) throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "z.t", params = {}, command = "echo to stderr >&2; readlink /proc/self/fd/2 > two" }
            function run() T {}:submit() end
            """#)
        #expect(try bench.run("run", "--run-mode", "generate", "t.lua").code == 0)
        let job = try #require(try bench.jobs("z.t").first)
        _ = try bench.run("-c", "\(job.script(.sh)) \(redirections)", program: "/bin/sh")
        #expect(job.isDone)
        #expect(!(try Files.readText("\(job.path)/two").contains(".lock")) && Files.size(of: job.lock) == 0)
    }

    @Test(
        "a pipe in place of a file of a job is refused, and nobody hangs",
        arguments: ["results.json", "events.jsonl", "t.done", "t.failed", "params.json"])
    func pipes(_ name: String) throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "p.t", params = {}, command = "rm -f $XPM_EVENTS; true" }
            function run() T {}:submit() end
            """#)
        #expect(try bench.run("run", "t.lua").code == 0)
        let job = try #require(try bench.jobs("p.t").first)
        try? Files.remove("\(job.path)/\(name)")
        unsafe mkfifo("\(job.path)/\(name)", 0o600)
        for words in [
            ["run", "t.lua"], ["jobs", "list"], ["jobs", "show", job.identifier], ["results", "t"],
            ["why", "t.lua"], ["doctor"],
        ] {
            let (process, tag) = try bench.start(words)
            let isOver = try bench.wait(seconds: 10) { !process.isRunning }
            if !isOver { kill(process.processIdentifier, SIGKILL) }
            #expect(isOver, "\(words)")
            _ = try bench.finish(process, tag)
        }
    }

    @Test(
        "output that nobody takes is told by each command",
        arguments: [
            ["results", "t", "--format", "csv"], ["jobs", "list"], ["--help"], ["why", "t.lua"],
            ["run", "--run-mode", "dry-run", "t.lua"], ["experiments", "list"],
        ])
    func fullOutput(_ words: [String]) throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "o.t", params = {}, execute = function(self) self:result { a = 1 } end }
            function run() T {}:submit() end
            """#)
        #expect(try bench.run("run", "t.lua").code == 0)
        if words[0] == "why" {
            try bench.write(bench.read("t.lua").replacing("o.t", with: "o.u"), to: "t.lua")
        }
        let command = ([Workbench.xpm] + words).joined(separator: " ")
        let result = try bench.run("-c", "\(command) >/dev/full", program: "/bin/sh")
        #expect(result.code == 2 && result.error.contains("cannot write to standard output"), "\(result)")
    }

    @Test("no escape of a job reaches the terminal")
    func escapes() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "x.t", params = { m = xpm.map(xpm.string, xpm.int), s = xpm.string },
              execute = function(self) io.stderr:write("\u{9b}2J\27[2Jbad\n") self:result { ["a\27[2J"] = 1 } if self.s == "f" then error("\27]0;t\7") end end }
            function run()
              for _, s in ipairs { "ok\27[1m", "f" } do T { m = { ["k\27[2J"] = 1 }, s = xpm.tag("s", s) }:submit() end
            end
            """#)
        for words in [
            ["run", "--run-mode", "dry-run", "t.lua"], ["run", "t.lua"], ["results", "t"], ["failures"],
            ["jobs", "list"], ["why", "t.lua"],
        ] {
            let (process, tag) = try bench.start(words)
            let result = try bench.finish(process, tag)
            for text in [result.output, result.error] {
                #expect(
                    !text.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{9b}" || $0 == "\u{7}" },
                    "\(words): \(text)")
            }
        }
    }
}
