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

    private static let silent = """
        local xpm = require "xpm"
        local Silent = xpm.task { id = "l.silent", params = { n = xpm.int }, command = "date +%N >left.$$" }
        local Fails = xpm.task { id = "l.fails", params = {}, command = "exit 3" }
        local Size = xpm.task {
          id = "l.size", params = { file = xpm.string, silent = Silent }, command = "wc -c <{file}",
        }
        function run(helper)
          for n = 1, 3 do
            local silent = Silent { n = n }
            silent:submit()
            if n > 1 and helper.args[1] then Size { file = xpm.job(silent).stdout, silent = silent }:submit() end
          end
          if helper.args[1] then Fails {}:submit() end
        end
        """

    @Test(
        "a job that is done and printed nothing has five inodes; its logs are empty, and there for who asks")
    func silent() throws {
        let bench = try Workbench()
        try bench.write(Self.silent.replacing("date +%N >left.$$", with: "true"), to: "l.lua")
        #expect(try bench.run("run", "l.lua").code == 0)
        for job in try bench.jobs("l.silent") {
            #expect(try Files.list(job.path).sorted() == ["params.json", "silent.done", "silent.sh"])
            for options in [[], ["--follow"], ["--out"]] {
                let (process, tag) = try bench.start(["jobs", "log", job.identifier] + options)
                let log = try bench.finish(process, tag)
                #expect(log.code == 0 && log.output.isEmpty && log.error.isEmpty, "\(log)")
            }
        }
        let count = try bench.run("doctor", "--inodes", "--json")
        #expect(count.output.contains("\"in_jobs\": 14, \"jobs\": 3"), "\(count)")
        // One is done by now, the others run with those that read their logs.
        let more = try bench.run("run", "l.lua", "--", "more")
        #expect(more.code == 1, "\(more)")
        for job in try bench.jobs("l.size") { #expect(try Files.readText(job.output).trimmed == "0") }
        #expect(try bench.jobs("l.size").count == 2)
        for job in try bench.jobs("l.fails") {
            #expect(Files.exists(job.lock) && Files.exists(job.output) && Files.exists(job.error))
        }
    }

    @Test(
        "a job whose outcome somebody has removed begins in a clean folder, also where it had printed nothing"
    )
    func removedOutcome() throws {
        let bench = try Workbench()
        try bench.write(Self.silent, to: "l.lua")
        #expect(try bench.run("run", "l.lua").code == 0)
        let job = try #require(try bench.jobs("l.silent").first)
        let before = try Files.list(job.path).filter { $0.hasPrefix("left.") }
        try Files.remove(job.done)
        #expect(try bench.run("run", "l.lua").code == 0)
        let after = try Files.list(job.path).filter { $0.hasPrefix("left.") }
        #expect(before.count == 1 && after.count == 1 && before != after, "\(before) \(after)")
    }
}
