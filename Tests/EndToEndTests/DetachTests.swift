import Foundation
import Store
import System
import Testing
import Text

@Suite("Detached runs", .timeLimit(.minutes(20)))
struct DetachTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "d.t", params = { n = xpm.int },
              command = "while [ ! -e {jobdir}/../../../../go ]; do sleep 0.02; done; [ {n} != 3 ]" }
            function run(helper) for n = 1, tonumber(helper.args[1] or 2) do T { n = n }:submit() end end
            """, to: "d.lua")
        return bench
    }

    private func lock(_ bench: Workbench) -> String { "\(bench.folder)/workspace/experiments/d/lock" }

    @Test("a detached run returns when the plan is made and goes on; attach follows it to its end")
    func attach() throws {
        let bench = try bench()
        let started = try bench.run("run", "--detach", "-j", "3", "d.lua", "--", "3")
        #expect(started.code == 0 && started.output.contains("end it with xpm stop d\n"), "\(started.error)")
        #expect(FileLock.isHeld(lock(bench)))
        // A second one says who has it, or waits.
        let second = try bench.run("run", "d.lua")
        #expect(second.code == 2 && second.error.contains("experiment 'd' is running already: process "))
        let waiting = try bench.start(["run", "--wait", "d.lua"])
        #expect(try bench.wait { try bench.read(".\(waiting.tag).err").contains("waiting for its end") })
        let attached = try bench.start(["attach", "d"])
        try bench.write("", to: "go")
        let result = try bench.finish(attached.process, attached.tag)
        #expect(result.code == 1, "\(result.error)")
        #expect(result.output.split(separator: "\n").count { $0.hasPrefix("done    d.t ") } == 2)
        #expect(result.output.contains("failed  d.t ") && result.output.contains(": exit code 1\n"))
        let waited = try bench.finish(waiting.process, waiting.tag)
        #expect(waited.code == 0, "\(waited.error)")
        #expect(try bench.run("attach", "d").code == 0)
        #expect(try bench.read("workspace/experiments/d/detached.log").contains("3 tasks: 2 done, 1 failed"))
    }

    @Test("what it says to do finds the run, wherever the workspace is")
    func elsewhere() throws {
        let bench = try bench()
        try bench.write("", to: "go")
        let started = try bench.run("run", "--detach", "--workdir", "my place", "d.lua", "--", "1")
        #expect(started.output.contains("xpm attach d --workdir 'my place', end it with"), "\(started)")
        #expect(try bench.run("attach", "d", "--workdir", "my place").code == 0)
        for name in ["a", "b"] { try bench.write("", to: "\(name)/go") }
        try bench.write(
            "workspaces:\n  - { id: a, path: \(bench.folder)/a/w }\n  - { id: b, path: \(bench.folder)/b/w, triggers: [\"big-*\"] }\n",
            to: "config/xpm/settings.yaml")
        try bench.write("id: big-one\nfile: d\n", to: "big.yaml")
        let named = try bench.run("run", "--detach", "big.yaml", "--", "1")
        #expect(named.output.contains("xpm attach big-one, end it with xpm stop big-one\n"), "\(named)")
        for words in [
            ["attach", "big-one"], ["experiments", "runs", "big-one"], ["jobs", "list", "-e", "big-one"],
        ] {
            let (process, tag) = try bench.start(words)
            let result = try bench.finish(process, tag)
            #expect(result.code == 0, "\(words): \(result)")
        }
    }

    @Test("stop waits for the running jobs, with --now it stops them")
    func stop() throws {
        let bench = try bench()
        #expect(try bench.run("run", "--detach", "-j", "1", "d.lua").code == 0)
        #expect(try bench.wait { try !bench.jobs("d.t").allSatisfy { !Files.exists($0.process) } })
        let soft = try bench.start(["stop", "d"])
        #expect(try bench.wait { try bench.read(".\(soft.tag).err").contains("are waited for") })
        // However long that takes.
        #expect(try bench.stays(seconds: 12) { FileLock.isHeld(lock(bench)) })
        try bench.write("", to: "go")
        #expect(try bench.finish(soft.process, soft.tag).code == 0)
        #expect(try bench.jobs("d.t").count { $0.isDone } == 1)
        #expect(try bench.run("attach", "d").code == 130)

        try Files.remove("\(bench.folder)/go")
        #expect(try bench.run("run", "--detach", "-j", "1", "d.lua").code == 0)
        #expect(try bench.wait { try bench.jobs("d.t").contains { Files.exists($0.process) } })
        #expect(try bench.run("stop", "d", "--now").code == 0)
        #expect(!FileLock.isHeld(lock(bench)))
        #expect(try bench.jobs("d.t").count { Files.exists($0.failed) } == 1)
        let idle = try bench.run("stop", "d")
        #expect(idle.code == 2 && idle.error.contains("experiment 'd' is not running"))
        let unknown = try bench.run("stop", "e")
        #expect(
            unknown.code == 2 && unknown.error.contains("no experiment 'e' in workspace (did you mean 'd'?)"))
    }

    @Test("a plan that fails fails the command too, with its message")
    func failing() throws {
        let bench = try Workbench()
        try bench.write("function run() error 'no plan' end\n", to: "f.lua")
        let result = try bench.run("run", "--detach", "f.lua")
        #expect(result.code == 2 && result.error.contains("f.lua:1: no plan"), "\(result.error)")
        #expect(try bench.run("run", "--detach", "--run-mode", "dry-run", "f.lua").code == 64)
    }
}
