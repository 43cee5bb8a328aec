import Foundation
import System
import Testing
import Text

@Suite("Waiting jobs of a live run", .timeLimit(.minutes(20)))
struct WaitingJobsTests {
    @Test("a script that waits for held jobs is told to be the one that waits")
    func waitingScript() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "h.t", params = { n = xpm.int }, command = "true" }
            function run(helper)
              print(pcall(function() T { n = 0 }:submit { priority = math.mininteger } end))
              local held = T { n = 1 }
              held:submit { hold = true }
              T { n = 2 }:submit()
              helper.xp:wait()
              T { n = 3 }:submit()
            end
            """, to: "h.lua")
        let (process, tag) = try bench.start(["run", "h.lua"])
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("only held jobs are left (1)") })
        // Of all its jobs only the one that is held.
        let released = try bench.run("jobs", "release", "-e", "h")
        #expect(released.output.split(separator: "\n").count == 1, "\(released)")
        let end = try bench.finish(process, tag)
        #expect(end.code == 0 && end.error.contains("3 done"), "\(end.error)")
        let late = try bench.run("jobs", "release", "-e", "h")
        #expect(late.code == 2 && late.error.contains("none of these jobs is held"), "\(late)")
        #expect(end.output.contains("needs a whole number"), "\(end.output)")
    }

    @Test("jobs that are released together start in the order of their submission")
    func releaseOrder() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "o.t", params = { n = xpm.int }, command = "echo {n} >>$TALLY" }
            function run() for n = 1, 6 do T { n = n }:submit { hold = true } end end
            """, to: "o.lua")
        let (process, tag) = try bench.start(
            ["run", "-j", "1", "o.lua"], environment: ["TALLY": "\(bench.folder)/tally"])
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("only held jobs are left (6)") })
        #expect(try bench.run("jobs", "release", "-e", "o").code == 0)
        #expect(try bench.finish(process, tag).code == 0)
        #expect(try bench.read("tally") == "1\n2\n3\n4\n5\n6\n")
    }

    @Test(
        "a held job that had failed before is held, and released; one that has failed in this run is not held"
    )
    func failedBefore() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "f.t", params = { n = xpm.int }, command = "[ -e {jobdir}/../../../../ok ] || exit 3" }
            local U = xpm.task { id = "f.u", params = {}, command = "exit 4" }
            function run(helper)
              if helper.args[1] then U {}:submit() end
              T { n = 1 }:submit { hold = helper.args[1] ~= nil }
              helper.xp:wait()
              if helper.args[1] then T { n = 2 }:submit { hold = true } end
            end
            """, to: "f.lua")
        #expect(try bench.run("run", "f.lua").code == 1)
        try bench.write("", to: "ok")
        let (process, tag) = try bench.start(["run", "f.lua", "--", "hold"])
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("only held jobs are left (1)") })
        #expect(try bench.run("jobs", "list", "-e", "f", "--filter", "@state = held").output.contains("f.t "))
        let hold = try bench.run("jobs", "hold", "-e", "f")
        #expect(hold.code == 2 && hold.error.contains("none of these jobs waits"), "\(hold)")
        #expect(try bench.run("jobs", "release", "-e", "f").output.split(separator: "\n").count == 1)
        // It says it again when it waits again.
        #expect(
            try bench.wait {
                try bench.read(".\(tag).err").components(separatedBy: "only held jobs are left (1)").count
                    == 3
            })
        #expect(try bench.run("jobs", "release", "-e", "f").code == 0)
        #expect(try bench.finish(process, tag).error.contains("2 done, 1 failed"))
    }

    @Test("held jobs wait and are released; a greater priority starts first")
    func holdAndOrder() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "w.t", params = { n = xpm.int },
              command = "echo {n} >>$TALLY; [ {n} != 1 ] || while [ ! -e $TALLY.go ]; do sleep 0.02; done" }
            function run()
              for n = 1, 5 do T { n = xpm.tag(n) }:submit { hold = n == 2, priority = n == 4 and 7 or 0 } end
            end
            """, to: "w.lua")
        let run = try bench.start(
            ["run", "-j", "1", "w.lua"], environment: ["TALLY": "\(bench.folder)/tally"])
        #expect(try bench.wait { try bench.jobs("w.t").count == 5 && Files.exists("\(bench.folder)/tally") })
        #expect(
            try bench.run("jobs", "priority", "9", "--filter", "n = 5").output.contains("priority 9  w.t "))
        #expect(
            try bench.run("jobs", "hold", "--filter", "n = 3", "--json").output.contains(#""asked": "held""#))
        let lower = try bench.run("jobs", "priority", "-1", "--filter", "n = 4")
        #expect(lower.output.contains("priority -1  w.t "), "\(lower.error)")
        #expect(try bench.run("jobs", "priority", "-x", "--filter", "n = 4").code == 64)
        #expect(try bench.run("jobs", "priority", "7", "--filter", "n = 4").code == 0)
        let events = "\(bench.folder)/workspace/experiments/w/current/events.jsonl"
        #expect(
            try bench.wait {
                try Files.readText(events).split(separator: "\n").count { $0.contains("\"held\"") } == 2
            })
        let states = try bench.run("jobs", "list").output
        #expect(
            [
                "running     w.t", "held        w.t", "ready       w.t", "n=4  priority 7\n",
                "n=5  priority 9\n",
            ]
            .allSatisfy(states.contains), "\(states)")
        let heldJobs = try bench.run("jobs", "path", "--filter", "@state = held").output
        #expect(heldJobs.split(separator: "\n").count == 2)
        #expect(try bench.run("jobs", "show", "--filter", "n = 3").output.contains("held        until "))
        let clean = try bench.run("jobs", "clean", "-e", "w", "--perform")
        #expect(clean.code == 2 && clean.error.contains("belongs to w, which is running"), "\(clean.error)")
        #expect(try bench.jobs("w.t").count == 5)
        try bench.write("", to: "tally.go")
        #expect(try bench.wait { try bench.read("tally") == "1\n5\n4\n" })
        #expect(run.process.isRunning)
        let attached = try bench.start(["attach", "w"])
        #expect(try bench.wait { try bench.read(".\(run.tag).err").contains("only held jobs are left (2)") })
        #expect(try bench.run("jobs", "release", "-e", "w").output.split(separator: "\n").count == 2)
        let result = try bench.finish(run.process, run.tag)
        #expect(result.code == 0 && result.error.contains("held    w.t"), "\(result.error)")
        #expect(try bench.read("tally").split(separator: "\n").count == 5)
        #expect(result.error.contains("released w.t ") && result.error.contains("priority 9 w.t "))
        let told = try bench.finish(attached.process, attached.tag).output
        #expect(
            told
                == result.error.split(separator: "\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix("only ") && !$0.contains("tasks: ") }.joined(separator: "\n"))
        let late = try bench.run("jobs", "hold", "-e", "w")
        #expect(late.code == 2 && late.error.contains("none of these jobs waits in a run that goes on"))
    }

    @Test("a job that waits for a token of another run is listed as waiting, and can be held")
    func waitingForOthers() throws {
        let bench = try Workbench()
        for (name, command) in [("first", "while test ! -e $GO; do sleep 0.05; done"), ("second", "true")] {
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "w.\(name)", params = {}, command = "\(command)" }
                function run(helper)
                  helper.xp:token("a", 1)
                  T {}:submit { tokens = { a = 1 } }
                end
                """, to: "\(name).lua")
        }
        let environment = ["GO": "\(bench.folder)/go"]
        let first = try bench.start(["run", "-q", "first.lua"], environment: environment)
        #expect(try bench.wait { try bench.run("jobs", "list").output.hasPrefix("running") })
        let second = try bench.start(["run", "second.lua"], environment: environment)
        #expect(try bench.wait { try bench.read(".\(second.tag).err").contains("waits for token a") })
        #expect(try bench.run("jobs", "list", "-e", "second").output.hasPrefix("waiting"))
        #expect(try bench.run("jobs", "hold", "-e", "second").output.hasPrefix("held  w.second"))
        #expect(try bench.wait { try bench.run("jobs", "list", "-e", "second").output.hasPrefix("held") })
        try bench.write("", to: "go")
        #expect(try bench.finish(first.process, first.tag).code == 0)
        #expect(try bench.run("jobs", "release", "-e", "second").code == 0)
        #expect(try bench.finish(second.process, second.tag).code == 0)
    }

    @Test("jobs that wait for a token of another run start by their priorities")
    func orderBehindOthers() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "o.t", params = { n = xpm.int }, command = "echo {n} >>$TALLY; test {n} != 0 || while test ! -e $GO; do sleep 0.02; done" }
            function run(helper)
              helper.xp:token("a", 1)
              for _, n in ipairs(helper.args) do T { n = tonumber(n) }:submit { tokens = { a = 1 }, priority = tonumber(n) } end
            end
            """, to: "o.lua")
        try bench.write("id: first\nfile: o\n", to: "first.yaml")
        let environment = ["GO": "\(bench.folder)/go", "TALLY": "\(bench.folder)/tally"]
        let first = try bench.start(["run", "-q", "first.yaml", "--", "0"], environment: environment)
        #expect(try bench.wait { Files.exists("\(bench.folder)/tally") })
        let second = try bench.start(
            ["run", "-j", "8", "o.lua", "--", "1", "5", "3", "2", "4"], environment: environment)
        #expect(try bench.wait { try bench.read(".\(second.tag).err").contains("o.t") })
        // The one of the greatest priority waits at last.
        #expect(
            try bench.wait {
                let lines = try bench.run("jobs", "list", "-e", "o", "--json").output
                return lines.contains("waiting") && !lines.contains("running")
            })
        #expect(
            try bench.stays(seconds: 0.5) { second.process.isRunning })
        try bench.write("", to: "go")
        #expect(try bench.finish(first.process, first.tag).code == 0)
        #expect(try bench.finish(second.process, second.tag).code == 0)
        #expect(try bench.read("tally") == "0\n5\n4\n3\n2\n1\n")
    }
}
