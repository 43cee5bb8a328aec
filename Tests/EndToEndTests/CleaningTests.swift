import Foundation
import Store
import System
import Testing
import Text

/// What is removed while runs go on: nothing that one of them refers to, or may.
@Suite("Cleaning beside runs", .timeLimit(.minutes(20)))
struct CleaningTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "c.t", params = { n = xpm.int, big = xpm.job_path { "big", temporary = true } }, command = "echo {n} >>$TALLY; echo {n} >{big}" }
            local U = xpm.task { id = "c.u", params = { t = T, k = xpm.int }, command = "cat {t.big}" }
            function run(helper)
              local how = helper.args[1]
              for n = 1, 5 do
                local t = T { n = n }:submit()
                if how ~= "first" then U { t = t, k = 1 }:submit() end
              end
              if how == "wait" then
                helper.xp:wait()
                os.execute("touch waits; while [ ! -e go ]; do sleep 0.02; done")
                U { t = T { n = 1 }:submit(), k = 2 }:submit()
              end
            end
            """, to: "c.lua")
        return bench
    }

    private func start(_ bench: Workbench, _ arguments: String...) throws -> (Process, String) {
        try bench.start(["run"] + arguments, environment: ["TALLY": "\(bench.folder)/tally"])
    }

    private func run(_ bench: Workbench, _ arguments: String...) throws -> Workbench.Result {
        let (process, tag) = try bench.start(
            ["run"] + arguments, environment: ["TALLY": "\(bench.folder)/tally"])
        return try bench.finish(process, tag)
    }

    @Test(
        "while a script may still submit something nothing is removed; what is cached is in the log by then")
    func planning() throws {
        let bench = try bench()
        #expect(try run(bench, "c.lua", "--", "first").code == 0)
        #expect(try bench.run("experiments", "delete", "c", "--perform").code == 0)
        #expect(try bench.run("gc").error.hasPrefix("6 not needed"))
        let (process, tag) = try start(bench, "c.lua", "--", "wait")
        #expect(try bench.wait { Files.exists("\(bench.folder)/waits") })
        #expect(try bench.run("jobs", "list", "-e", "c").output.split(separator: "\n").count == 10)
        let told = try bench.run("gc")
        #expect(
            told.error.contains("warning: the script of c may still need some of it")
                && told.output.split(separator: "\n").allSatisfy { $0.contains("/big") }, "\(told)")
        for words in [["gc", "--perform"], ["partials", "clean", "--perform"]] {
            let (process, tag) = try bench.start(words)
            let refused = try bench.finish(process, tag)
            #expect(
                refused.code == 2 && refused.error.contains("the script of c may still need what is here"),
                "\(refused)")
        }
        try bench.write("", to: "go")
        let end = try bench.finish(process, tag)
        #expect(end.code == 0 && end.error.contains("11 tasks: 6 done, 5 cached"), "\(end.error)")
        // Now what is temporary goes.
        #expect(try bench.run("gc", "--perform").error.hasPrefix("5 not needed"))
        #expect(try bench.run("doctor").error == "nothing found\n")
    }

    @Test("a run that begins while something is removed waits for that; so does nobody twice")
    func waits() throws {
        let bench = try bench()
        #expect(try run(bench, "c.lua", "--", "first").code == 0)
        guard let lock = try FileLock.take("\(bench.folder)/workspace/.xpm-cleaning") else {
            Issue.record("somebody cleans")
            return
        }
        let second = try bench.run("gc", "--perform")
        #expect(second.code == 2 && second.error.contains("somebody cleans this workspace"), "\(second)")
        let (process, tag) = try start(bench, "c.lua", "--", "first")
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("; waiting for its end") })
        lock.release()
        let end = try bench.finish(process, tag)
        #expect(end.code == 0 && end.error.contains("5 cached"), "\(end.error)")
    }

    @Test(
        "a log that cannot be read may name anything: nothing is removed", arguments: ["damaged", "folder"])
    func unreadable(_ how: String) throws {
        let bench = try bench()
        #expect(try run(bench, "c.lua", "--", "first").code == 0)
        let log = "\(bench.folder)/workspace/experiments/c/current/jobs.jsonl"
        if how == "damaged" {
            let lines = try Files.readText(log)
            try Files.write(Array(("{\"job_id\"\n" + lines).utf8), to: log)
        } else {
            try Files.remove(log)
            try Files.makeFolder(log)
        }
        for words in [["gc"], ["gc", "--perform"]] {
            let (process, tag) = try bench.start(words)
            let refused = try bench.finish(process, tag)
            #expect(
                refused.code == 2 && refused.error.contains("jobs.jsonl")
                    && refused.error.contains("so nothing is removed"), "\(refused)")
        }
        #expect(try bench.jobs("c.t").count == 5)
    }

    @Test("what is made again is forgotten to be gone only when it is made; prepare mode leaves it alone")
    func again() throws {
        let bench = try bench()
        #expect(try run(bench, "c.lua").code == 0)
        #expect(try bench.run("gc", "--perform").code == 0)
        let job = try #require(try bench.jobs("c.t").first)
        #expect(Files.exists(job.collected))
        // As by a run that was killed before it began to make it again.
        try Files.remove(job.done)
        #expect(try run(bench, "c.lua").error.contains("1 done, 9 cached"))
        #expect(!Files.exists(job.collected) && job.isDone)
        #expect(try bench.read("tally").split(separator: "\n").count == 6)
        try bench.write(
            bench.read("c.lua").replacing("k = 1", with: "k = 3"), to: "other.lua")
        let prepared = try run(bench, "--run-mode", "prepare", "other.lua")
        #expect(prepared.code == 0, "\(prepared.error)")
        #expect(try bench.jobs("c.t").filter(\.isDone).count == 5)
    }

    @Test("what is read before it changes is what counts; what is no part of the identity may change")
    func filesRead() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Prep = xpm.task { id = "r.prep", params = {}, command = "echo two >$BENCH/d.csv; ln -sfn b $BENCH/link" }
            local Use = xpm.task { id = "r.use", params = { prep = Prep, data = xpm.file, link = xpm.file }, command = "cat {data}" }
            local Meta = xpm.task { id = "r.meta", params = { prep = Prep, data = xpm.file { meta = true } }, command = "cat {data}" }
            function run(helper)
              local use = Use { data = "d.csv", link = "link" }
              local prep = Prep {}:submit()
              use.prep = prep
              helper.xp:wait()
              use:submit()
              Meta { prep = prep, data = "d.csv" }:submit()
            end
            """, to: "r.lua")
        for (name, text) in [("d.csv", "one"), ("a", "1"), ("b", "2")] { try bench.write(text, to: name) }
        try Files.link("\(bench.folder)/link", to: "a")
        let (process, tag) = try bench.start(["run", "r.lua"], environment: ["BENCH": bench.folder])
        let end = try bench.finish(process, tag)
        #expect(end.code == 1 && end.error.contains("3 tasks: 2 done, 1 failed"), "\(end.error)")
        #expect(end.error.contains("is not what the job was submitted with"), "\(end.error)")
    }

    @Test(
        "a file that has changed since a job was submitted with it fails the job"
    )
    func changedFiles() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "d.t", params = { n = xpm.int, data = xpm.file, big = xpm.job_path { "big", temporary = true } },
              command = "[ {n} != 1 ] || while [ ! -e $BENCH/go ]; do sleep 0.02; done; cat {data} >{big}" }
            local U = xpm.task { id = "d.u", params = { t = T }, command = "cat {t.big}" }
            function run() for n = 1, 3 do U { t = T { n = n, data = "d.csv" }:submit() }:submit() end end
            """, to: "d.lua")
        try bench.write("one", to: "d.csv")
        func run(_ words: String...) throws -> Workbench.Result {
            let (process, tag) = try bench.start(words, environment: ["BENCH": bench.folder])
            return try bench.finish(process, tag)
        }
        let (process, tag) = try bench.start(
            ["run", "-j", "1", "d.lua"], environment: ["BENCH": bench.folder])
        #expect(try bench.wait { try bench.jobs("d.t").contains { Files.exists($0.process) } })
        try bench.write("two", to: "d.csv")
        try bench.write("", to: "go")
        let changed = try bench.finish(process, tag)
        #expect(
            changed.code == 1 && changed.error.contains("6 tasks: 3 failed, 3 blocked"), "\(changed.error)")
        #expect(changed.error.contains("d.csv is not what the job was submitted with"))
        // The same content at another time is the same.
        try bench.write("one", to: "d.csv")
        #expect(try run("run", "d.lua").error.contains("6 tasks: 6 done"))
        try bench.write("two", to: "d.csv")
        #expect(try run("run", "d.lua").error.contains("6 tasks: 6 done"))
    }
}
