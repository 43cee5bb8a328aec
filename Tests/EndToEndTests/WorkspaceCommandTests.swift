import Foundation
import Store
import System
import Testing
import Text

/// `xpm jobs`, `failures`, `experiments`, `gc`, `doctor` and `workspaces`, on what real runs left.
@Suite("Workspace commands", .timeLimit(.minutes(20)))
struct WorkspaceCommandTests {
    private static let script = """
        local xpm = require "xpm"
        local Train = xpm.task { id = "m.train", params = { lr = xpm.float, seed = xpm.int },
          command = "[ {seed} != 2 ] || [ -e {jobdir}/../../../../ok ] || {{ echo bad value {lr} in {jobdir} >&2; exit 3; }" }
        local Test = xpm.task { id = "m.test", params = { trained = Train }, execute = function(self) self:result { fine = true } end }
        function run(helper, cfg)
          for _, lr in ipairs { 0.1, 0.2 } do
            for seed = 1, 2 do
              Test { trained = Train { lr = xpm.tag("lr", lr), seed = xpm.tag("seed", seed) }:submit() }:submit()
            end
          end
        end
        """

    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(Self.script, to: "m.lua")
        #expect(try bench.run("run", "m.lua").code == 1)
        return bench
    }

    private func lines(_ text: String) throws -> [JSON] {
        try text.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
    }

    @Test("jobs are listed, picked by tags and states, counted from the newest")
    func list() throws {
        let bench = try bench()
        let all = try lines(try bench.run("jobs", "list", "--json").output)
        #expect(all.count == 8)
        #expect(all.filter { $0["state"] == "done" }.count == 4)
        #expect(all.filter { $0["state"] == "failed" }.count == 2)
        #expect(all.filter { $0["state"] == "blocked" }.count == 2)
        let two = try lines(try bench.run("jobs", "list", "--json", "-c", "2").output)
        #expect(two.map { $0["id"] } == all.prefix(2).map { $0["id"] })
        let picked = try bench.run("jobs", "list", "--filter", "@state = failed and lr in [0.1]")
        #expect(picked.output.split(separator: "\n").count == 1 && picked.output.contains("lr=0.1 seed=2"))
        for (arguments, message) in [
            (["--filter", "lr ="], "filter, column 5: expected a value"),
            (["-e", "n"], "no experiment 'n' in workspace (did you mean 'm'?)"),
            (
                ["--filter", "lrr = 1"],
                "filter: none of these jobs has a tag or a parameter 'lrr' (did you mean 'lr'?)"
            ),
            (["--workdir", "nowhere"], "nowhere: there is no such folder"),
        ] {
            let (process, tag) = try bench.start(["jobs", "list"] + arguments)
            let wrong = try bench.finish(process, tag)
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(wrong.error)")
        }
    }

    @Test("what has failed in an earlier run waits in one that goes on")
    func again() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local go = "\(bench.folder)/go"
            local S = xpm.task { id = "slow", params = {}, command = "while test -e " .. go .. ".hold; do sleep 0.02; done" }
            local A = xpm.task { id = "a", params = {}, command = "test -e " .. go }
            local B = xpm.task { id = "b", params = { a = A }, command = "true" }
            function run(helper)
              if helper.args[1] then S {}:submit() end
              B { a = A {}:submit() }:submit()
            end
            """, to: "e.lua")
        #expect(try bench.run("run", "-q", "e.lua").code == 1)
        func states() throws -> [String] {
            try lines(try bench.run("jobs", "list", "--json").output).map {
                "\($0["task"]?.string ?? "?") \($0["state"]?.string ?? "?")"
            }.reversed()
        }
        #expect(try states() == ["a failed", "b blocked"])
        try bench.write("", to: "go")
        try bench.write("", to: "go.hold")
        let (run, tag) = try bench.start(["run", "-q", "-j", "1", "e.lua", "--", "1"])
        #expect(
            try bench.wait { try states() == ["slow running", "a ready", "b waiting"] })
        try Files.remove("\(bench.folder)/go.hold")
        #expect(try bench.finish(run, tag).code == 0)
        #expect(try states() == ["slow done", "a done", "b done"])
    }

    @Test("each state has one word, in lists, filters, counts and JSON; the word of older versions is taken")
    func states() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local A = xpm.task {
              id = "a", params = { n = xpm.int }, retry = { failed = 3 },
              command = "test {n} != 1 || exit 3; touch \(bench.folder)/began.{n}; exec sleep 1000",
            }
            local B = xpm.task { id = "b", params = { a = A }, command = "true" }
            function run(helper)
              for n = 1, 3 do
                local a = A { n = n }:submit { retry = n == 1 and { failed = 0 } or nil }
                B { a = a }:submit { hold = n == 3 }
              end
              A { n = 4 }:submit()
            end
            """, to: "e.lua")
        func states(_ options: String...) throws -> [String] {
            let (process, tag) = try bench.start(["jobs", "list", "--json"] + options)
            return try lines(try bench.finish(process, tag).output).map {
                "\($0["task"]?.string ?? "?") \($0["state"]?.string ?? "?")"
            }.reversed()
        }
        let (run, tag) = try bench.start(["run", "-j", "2", "--json", "e.lua"])
        #expect(try bench.wait { Files.exists("\(bench.folder)/began.3") })
        #expect(
            try states() == [
                "a failed", "b blocked", "a running", "b waiting", "a running", "b held", "a ready",
            ])
        #expect(try states("--filter", "@state in [ready, blocked]") == ["b blocked", "a ready"])
        func status() throws -> JSON? {
            try? JSON.parse(Array(bench.read("workspace/experiments/e/current/status.json").utf8))
        }
        #expect(
            try bench.wait {
                try status()?["counts"] == [
                    "blocked": 1, "failed": 1, "ready": 1, "running": 2, "waiting": 2,
                ]
            })
        // One is stopped by name; then the run, with what it runs.
        let second = try #require(
            try lines(try bench.run("jobs", "list", "--json", "--filter", "n = 2 and @name = a").output)
                .first?["id"]?.string)
        #expect(try bench.run("jobs", "kill", second, "--perform").code == 0)
        #expect(try bench.wait { Files.exists("\(bench.folder)/began.4") })
        #expect(try bench.run("stop", "e", "--now").code == 0)
        let ended = try bench.finish(run, tag)
        #expect(ended.code == 130)
        let last = try #require(try lines(ended.output).last)
        #expect(last["failed"] == 1 && last["cancelled"] == 3 && last["blocked"] == 3, "\(last)")
        #expect(
            try states() == [
                "a failed", "b blocked", "a cancelled", "b blocked", "a cancelled", "b blocked",
                "a cancelled",
            ])
        #expect(try bench.run("failures").output.contains("1 job  exit code 3"))
        #expect(!(try bench.run("failures").output.contains("SIGTERM")))
        let old = try bench.run("jobs", "list", "--filter", "@state in ['error']")
        #expect(old.output.hasPrefix("failed") && old.output.split(separator: "\n").count == 1)
        #expect(old.error == "warning: filter: the state 'error' is 'failed' now\n")
        #expect(
            try bench.run("jobs", "list", "--filter", "@state in [eror]").error.contains("no state 'eror'"))
        // What was cancelled is run again.
        for n in [2, 3, 4] { try Files.remove("\(bench.folder)/began.\(n)") }
        let (again, againTag) = try bench.start([
            "jobs", "retry", "--filter", "@state = cancelled", "-j", "3",
        ])
        #expect(try bench.wait { [2, 3, 4].allSatisfy { Files.exists("\(bench.folder)/began.\($0)") } })
        again.terminate()
        _ = try bench.finish(again, againTag)
    }

    @Test("the workspace is found from the folders below it, beside it, and from a job's folder")
    func nearest() throws {
        let bench = try bench()
        let folder = try bench.run("jobs", "path", "--filter", "@state = failed and lr = 0.1").output
            .trimmingCharacters(in: .newlines)
        try Files.makeFolder("\(bench.folder)/notes/may")
        for place in ["notes/may", "workspace", folder] {
            let all = try bench.run("jobs", "list", "--json", in: place)
            #expect(all.code == 0 && all.output.split(separator: "\n").count == 8, "\(place): \(all.error)")
        }
        for arguments in [["jobs", "show", folder], ["jobs", "log", folder], ["code", folder]] {
            let (process, tag) = try bench.start(arguments, in: "/")
            let shown = try bench.finish(process, tag)
            #expect(shown.code == 0 && !shown.output.isEmpty, "\(arguments): \(shown.error)")
        }
        // What is named goes first.
        let other = try bench.run("jobs", "show", folder, "--workdir", "nowhere")
        #expect(other.code == 2 && other.error.contains("nowhere: there is no such folder"))
    }

    @Test("failures are grouped by what they said, and a group is run again, with what had to wait for it")
    func failures() throws {
        let bench = try bench()
        let groups = try bench.run("failures")
        #expect(groups.output.hasPrefix("1  2 jobs  exit code 3: bad value N in PATH\n"), "\(groups.output)")
        #expect(try bench.run("jobs", "retry", "--group", "2").code == 2)
        let still = try bench.run("jobs", "retry", "--group", "1")
        #expect(still.code == 1 && still.error.contains("2 tasks: 2 failed"))
        try bench.write("", to: "ok")
        let retried = try bench.run("jobs", "retry", "-e", "m", "-j", "2")
        #expect(retried.code == 0 && retried.error.contains("4 tasks: 4 done"), "\(retried.error)")
        #expect(try bench.run("failures").error == "no job has failed\n")
        #expect(try bench.run("run", "m.lua").error.contains("8 tasks: 8 cached"))
    }

    @Test("show, path and log tell of one job")
    func show() throws {
        let bench = try bench()
        let job = try #require(
            try lines(try bench.run("jobs", "list", "--json", "--filter", "@state = failed").output).first)
        let name = String((job["id"]?.string ?? "").prefix(10))
        let shown = try bench.run("jobs", "show", name)
        #expect(
            shown.output.contains("outcome     exit code 3\n")
                && shown.output.contains("stderr      bad value"), "\(shown.output)")
        #expect(shown.output.contains("parameter   seed = 2\n"))
        #expect(try bench.run("jobs", "path", name).output == (job["folder"]?.string ?? "") + "\n")
        #expect(try bench.run("jobs", "log", name).output.hasPrefix("bad value"))
        let wrong = try bench.run("jobs", "show", "m.trai/\(name)")
        #expect(wrong.code == 2 && wrong.error.contains("(did you mean 'm.train'?)"))
    }

    @Test("running jobs are followed and stopped")
    func stop() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "s.t", params = { n = xpm.int }, command = "echo begun >&2; sleep 60" }
            function run() for n = 1, 2 do T { n = n }:submit() end end
            """, to: "s.lua")
        let run = try bench.start(["run", "-j", "2", "s.lua"])
        #expect(
            try bench.wait {
                try bench.jobs("s.t").count(where: {
                    Files.size(of: $0.error) > 0 && ProcessRecord.read($0.process) != nil
                }) == 2
            })
        let follower = try bench.start(["jobs", "log", "-f", Paths.name(try bench.jobs("s.t")[0].path)])
        #expect(try bench.run("jobs", "kill", "-e", "s").error == "2 jobs running; --perform does it\n")
        let killed = try bench.run("jobs", "kill", "-e", "s", "--perform")
        #expect(killed.output.split(separator: "\n").count == 2)
        #expect(try bench.finish(run.process, run.tag).code == 1)
        #expect(try bench.finish(follower.process, follower.tag).output == "begun\n")
        #expect(try bench.jobs("s.t").allSatisfy { Files.exists($0.failed) })
    }

    @Test("runs are listed and removed; then nobody needs their jobs")
    func experiments() throws {
        let bench = try bench()
        try bench.write("", to: "ok")
        #expect(try bench.run("run", "m.lua").code == 0)
        let runs = try lines(try bench.run("experiments", "runs", "m", "--json").output)
        #expect(runs.map { $0["state"] } == ["failed", "done"])
        #expect(try bench.run("experiments", "list").output.contains("  done  "))
        #expect(try bench.run("experiments", "show", "m").output.contains("m.train  4 done"))
        let first = try #require(runs.first?["run"]?.string)
        #expect(
            try bench.run("experiments", "delete", "m", "--run", first).output == "would remove m/\(first)\n")
        #expect(try bench.run("experiments", "delete", "m", "--run", first, "--perform").code == 0)
        #expect(try bench.run("gc").error.hasPrefix("0 not needed"))
        #expect(try bench.run("experiments", "delete", "m", "--perform").code == 0)
        #expect(try bench.run("experiments", "list").error == "no experiments\n")
        // The jobs, and the code that only they refer to.
        let told = try bench.run("gc")
        #expect(told.error.hasPrefix("9 not needed") || told.error.hasPrefix("10 not needed"), "\(told)")
        #expect(try bench.jobs("m.train").count == 4)
        let did = try bench.run("gc", "--perform")
        #expect(did.output == told.output.replacing("would remove", with: "removed"))
        #expect(try bench.jobs("m.train").isEmpty)
        #expect(try bench.run("doctor").error == "nothing found\n")
    }

    @Test("jobs are removed only when told so, and never while they run")
    func clean() throws {
        let bench = try bench()
        #expect(try bench.run("jobs", "clean").error.contains("which jobs?"))
        #expect(
            try bench.run("jobs", "clean", "--filter", "@state = failed").error
                == "2 jobs to remove; --perform does it\n")
        #expect(try bench.jobs("m.train").count == 4)
        #expect(try bench.run("jobs", "clean", "--filter", "@state = failed", "--perform").code == 0)
        #expect(try bench.jobs("m.train").count == 2)
    }

    @Test("the workspaces of settings.yaml")
    func workspaces() throws {
        let bench = try Workbench()
        try bench.write(
            "workspaces:\n  - id: main\n    path: \(bench.folder)/ws\n", to: "config/xpm/settings.yaml")
        #expect(try bench.run("workspaces").output == "main  \(bench.folder)/ws  (not made yet)\n")
    }

    @Test(
        "what a killed run left half written is mended by the next run, or by the doctor",
        arguments: [true, false])
    func torn(_ runsAgain: Bool) throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "torn.t", params = { n = xpm.int }, command = "true" }
            function run() for n = 1, 3 do T { n = n }:submit() end end
            """, to: "torn.lua")
        #expect(try bench.run("run", "-q", "torn.lua").code == 0)
        let run = Paths.real("\(bench.folder)/workspace/experiments/torn/current")
        let status = try Files.readText("\(run)/status.json").replacing(
            #""status": "done""#, with: #""status": "running""#)
        try Files.replace("\(run)/status.json", with: Array(status.utf8))
        let logs = ["jobs.jsonl", "objects.jsonl", "events.jsonl"].map { "\(run)/\($0)" }
        for log in logs { try Files.replace(log, with: Array(try Files.read(log).dropLast(9))) }
        if runsAgain {
            #expect(try bench.run("run", "-q", "torn.lua").code == 0)
        } else {
            #expect(try bench.run("doctor", "--mend").output.split(separator: "\n").count == 4)
        }
        #expect(try bench.run("doctor").error == "nothing found\n")
        for log in logs { #expect(try Files.read(log).last == UInt8(ascii: "\n")) }
    }

    @Test("a lock that a killed host left in a finished job is found by doctor, and goes with the next run")
    func abandonedClaim() throws {
        let bench = try bench()
        try Files.makeFolder("\(bench.folder)/workspace/.xpm-locks")
        let job = try #require(try bench.jobs("m.test").first { $0.isDone })
        var record = ProcessRecord(pid: Environment.processID)
        record.startTime += 1
        guard case .object(let members) = record.json() else { return }
        let claim = "\(job.lock).claim"
        try Files.write(JSON.object(members + [.init("nonce", "a1")]).bytes, to: claim)
        let told = try bench.run("doctor")
        #expect(told.output.contains("the lock of a process that is gone"), "\(told)")
        #expect(try bench.run("run", "-q", "m.lua").code == 1 && !Files.exists(claim))
    }
}
