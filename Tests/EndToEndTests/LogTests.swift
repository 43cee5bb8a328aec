import Foundation
import Store
import System
import Testing
import Text

/// What jobs write, read back while and after they run.
@Suite("Logs", .timeLimit(.minutes(20)))
struct LogTests {
    private func bench(_ command: String) throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task {
              id = "g.work", params = { n = xpm.int }, results = { acc = "acc: (%S+)" },
              command = [[\(command)]],
            }
            function run() Work { n = 1 }:submit { hold = true } end
            """, to: "experiment.lua")
        return bench
    }

    @Test("jobs log -f waits for a job that has not begun, follows it, and survives the removal of the log")
    func follow() throws {
        let bench = try bench("echo one; sleep 0.3; rm work.out; sleep 0.3; echo end >&2; sleep 0.2")
        let (run, tag) = try bench.start(["run", "experiment.lua"])
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("held") })
        let identifier = try #require(try bench.jobs("g.work").first).identifier
        let (log, logTag) = try bench.start(["jobs", "log", "-f", "--out", identifier])
        #expect(try bench.stays(seconds: 0.5) { log.isRunning })
        #expect(try bench.run("jobs", "release", "-e", "experiment").code == 0)
        let printed = try bench.finish(log, logTag)
        #expect(printed.output == "one\n" && printed.code == 0, "\(printed)")
        #expect(try bench.finish(run, tag).code == 0)
    }

    @Test("jobs log -f does not wait for what nobody will run")
    func neverBegins() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "g.a", params = {}, command = "false" }
            local B = xpm.task { id = "g.b", params = { a = A }, command = "true" }
            function run() B { a = A {}:submit() }:submit() end
            """, to: "experiment.lua")
        #expect(try bench.run("run", "-q", "experiment.lua").code == 1)
        let blocked = try #require(try bench.jobs("g.b").first)
        let log = try bench.run("jobs", "log", "-f", blocked.identifier)
        #expect(log.code == 2 && log.error.contains("nothing has run"), "\(log)")
    }

    @Test("jobs log follows from one attempt to the next")
    func rotation() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.resumable_task {
              id = "g.work", params = { n = xpm.int },
              command = "echo attempt $XPM_ATTEMPT >&2; sleep 0.4; [ x$XPM_ATTEMPT = x3 ] || exit 75",
            }
            function run() Work { n = 1 }:submit { max_retries = 5 } end
            """, to: "experiment.lua")
        let (run, tag) = try bench.start(["run", "experiment.lua"])
        #expect(try bench.wait { try !bench.jobs("g.work").isEmpty })
        let (log, logTag) = try bench.start([
            "jobs", "log", "-f", try #require(try bench.jobs("g.work").first).identifier,
        ])
        let printed = try bench.finish(log, logTag)
        #expect(printed.output == "attempt\nattempt 2\nattempt 3\n", "\(printed)")
        #expect(try bench.finish(run, tag).code == 0)
    }

    @Test("a log of more than a gigabyte is printed and searched, and a search can be stopped")
    func large() throws {
        let bench = try bench("truncate -s 1200M work.out; printf '\\nacc: 0.5\\n' >> work.out; echo x >&2")
        let (run, tag) = try bench.start(["run", "experiment.lua"])
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("held") })
        #expect(try bench.run("jobs", "release", "-e", "experiment").code == 0)
        #expect(try bench.finish(run, tag).code == 0)
        let job = try #require(try bench.jobs("g.work").first)
        #expect(try Files.readText("\(job.path)/results.json").contains("0.5"))
        let last = try bench.run("jobs", "log", "--out", "-n", "1", job.identifier)
        #expect(last.output == "acc: 0.5\n" && last.code == 0)
        let all = try bench.run(
            "-c", "\(Workbench.xpm) jobs log --out \(job.identifier) | tail -c 1100000000 | wc -c",
            program: "/bin/sh")
        #expect(all.output.trimmed == "1100000000", "\(all)")
    }

    @Test("a report shows the beginning of a long line")
    func longLine() throws {
        let bench = try bench("head -c 30000 /dev/zero | tr '\\0' x >&2; exit 1")
        try bench.write(
            try bench.read("experiment.lua").replacing("{ hold = true }", with: "()"), to: "experiment.lua")
        let result = try bench.run("run", "experiment.lua")
        #expect(result.code == 1 && result.error.utf8.count < 1500, "\(result.error.utf8.count)")
        #expect(try bench.run("failures").output.utf8.count < 1500)
    }

    @Test("a name that is too long is told to be too long")
    func longNames() throws {
        let bench = try Workbench()
        let long = String(repeating: "a", count: 300)
        try bench.write("function run() end\n", to: "experiment.lua")
        let id = try bench.run("run", "experiment.lua", "-c", "id=\(long)")
        #expect(id.code == 2 && id.error.contains("longer than 200 bytes (300)"), "\(id)")
        for text in [
            "xpm.task { id = \"\(long)\", params = {}, command = \"true\" }",
            "xpm.partial { name = \"\(long)\" }",
            "xpm.service { id = \"\(long)\", command = { \"true\" } }",
        ] {
            try bench.write(
                "local xpm = require \"xpm\"\nlocal x = \(text)\nfunction run() end\n", to: "experiment.lua")
            let result = try bench.run("run", "experiment.lua")
            #expect(result.code == 2 && result.error.contains("longer than 200 bytes"), "\(result)")
            #expect(!result.error.contains("use letters"), "\(result)")
        }
        try bench.write("function run() end\n", to: "experiment.lua")
        let path = try bench.run("run", "experiment.lua", "--workdir", "\(long)\(long)")
        #expect(path.code == 2 && path.error.contains("longer than 255 bytes"), "\(path)")
    }
}
