import Foundation
import Model
import Store
import System
import Testing
import Text

/// Files that change while or before they are read, and outputs that go.
@Suite("Inputs that change", .timeLimit(.minutes(20)))
struct ChangingInputTests {
    private func bench(_ command: String) throws -> Workbench {
        let bench = try Workbench()
        try bench.write("one\n", to: "data.txt")
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task {
              id = "c.work", params = { data = xpm.file, out = xpm.job_path "out.txt" }, command = [[\(command)]],
            }
            function run() Work { data = "data.txt" }:submit { hold = os.getenv "HOLD" ~= nil } end
            """, to: "experiment.lua")
        return bench
    }

    /// How a file gets another content that looks the same from outside: of the same size, in the same
    /// moment, with the same time.
    enum Edit: String, CaseIterable { case inPlace, copied }

    @Test(
        "a file that was changed between submission and start fails its job, with both sums",
        arguments: Edit.allCases)
    func before(_ edit: Edit) throws {
        let bench = try bench("cat {data} > {out}")
        // Old enough for its times to tell, and then a change that keeps them.
        _ = ChildProcess.output(["touch", "-d", "2020-01-01", "\(bench.folder)/data.txt"])
        let (run, tag) = try bench.start(["run", "experiment.lua"], environment: ["HOLD": "1"])
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("held") })
        try bench.write("two\n", to: edit == .inPlace ? "data.txt" : "other.txt")
        if edit == .copied {
            _ = ChildProcess.output(["touch", "-d", "2020-01-01", "\(bench.folder)/other.txt"])
            _ = ChildProcess.output(["cp", "-p", "\(bench.folder)/other.txt", "\(bench.folder)/data.txt"])
        }
        _ = ChildProcess.output(["touch", "-d", "2020-01-01", "\(bench.folder)/data.txt"])
        #expect(try bench.run("jobs", "release", "-e", "experiment").code == 0)
        let result = try bench.finish(run, tag)
        let sums = [
            Identifier(hashing: Array("one\n".utf8)).hex, Identifier(hashing: Array("two\n".utf8)).hex,
        ]
        #expect(result.code == 1 && sums.allSatisfy(result.error.contains), "\(result)")
        let next = try bench.run("run", "experiment.lua")
        #expect(next.code == 0 && next.error.contains("1 done"), "\(next)")
    }

    @Test("a file that changes while a job reads it fails the job")
    func during() throws {
        let bench = try bench("cat {data} > {out}; echo two > {data}")
        let result = try bench.run("run", "experiment.lua")
        #expect(result.code == 1 && result.error.contains("while it ran: "), "\(result)")
        #expect(try bench.jobs("c.work").allSatisfy { !$0.isDone })
    }

    @Test("a file that has its content again when the job ends fails the job too")
    func backAgain() throws {
        let bench = try bench("cp {data} kept; echo two > {data}; cat {data} > {out}; cat kept > {data}")
        let result = try bench.run("run", "experiment.lua")
        #expect(
            result.code == 1 && result.error.contains("nobody can tell what the job has read"), "\(result)")
    }

    @Test("a stamp of a file that was changed a moment ago is no proof")
    func racy() throws {
        let bench = try Workbench()
        let path = try bench.write("one", to: "file")
        #expect(FileStamp.lasting(path) == nil)
        #expect(
            FileStamp.lasting(path, now: Timestamp(microseconds: Timestamp.now.microseconds + 10_000_000))
                != nil)
    }

    @Test("what only a task requires is kept with the plan, and what was not is refused")
    func lazyModules() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task {
              id = "c.lua", params = { n = xpm.int },
              execute = function(self)
                -- require "commented"
                local lazy = require("lazy")
                print(lazy.name(), pcall(require, "dyn" .. "amic"))
              end,
            }
            function run() Work { n = 1 }:submit { hold = true } end
            """, to: "experiment.lua")
        try bench.write("return { name = function() return require 'deep'.name end }\n", to: "lazy.lua")
        try bench.write("return { name = 'old' }\n", to: "deep.lua")
        try bench.write("return 'new'\n", to: "dynamic.lua")
        let (run, tag) = try bench.start(["run", "experiment.lua"])
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("held") })
        try bench.write("return { name = 'new' }\n", to: "deep.lua")
        try bench.write("error 'changed'\n", to: "lazy.lua")
        #expect(try bench.run("jobs", "release", "-e", "experiment").code == 0)
        let result = try bench.finish(run, tag)
        #expect(result.code == 0, "\(result)")
        let output = try Files.readText(try #require(try bench.jobs("c.lua").first).output)
        #expect(
            output.hasPrefix("old\tfalse\t") && output.contains("module 'dynamic' was not kept"), "\(output)")
        // Named as a source it is kept.
        try bench.write(
            try bench.read("experiment.lua").replacing(
                "params = { n", with: "sources = { \"*.lua\" }, params = { n"
            )
            .replacing("hold = true", with: ""), to: "other.lua")
        try bench.write("return { name = function() return require 'deep'.name end }\n", to: "lazy.lua")
        for job in try bench.jobs("c.lua") { try Files.remove(job.done) }
        #expect(try bench.run("run", "other.lua").code == 0)
        let now = try Files.readText(try #require(try bench.jobs("c.lua").first).output)
        #expect(now == "new\ttrue\tnew\n" || now.hasPrefix("new\ttrue\tnew"), "\(now)")
    }

    @Test("the configuration that a run keeps is the one that it has read")
    func configuration() throws {
        let bench = try Workbench()
        try bench.write("x: 1\n", to: "full.yaml")
        try bench.write(
            """
            local file = assert(io.open("full.yaml", "w"))
            file:write "x: 2\\n"
            file:close()
            local xpm = require "xpm"
            local Work = xpm.task { id = "c.y", params = { x = xpm.int }, sources = { "*.yaml" }, command = "true" }
            function run(helper, cfg) Work { x = cfg.x }:submit() end
            """, to: "experiment.lua")
        #expect(try bench.run("run", "experiment.lua", "full.yaml").code == 0)
        let kept = Paths.real("\(bench.folder)/workspace/experiments/full/current/sources") + "/full.yaml"
        #expect(try Files.readText(kept) == "x: 1\n")
    }

    @Test("outputs of finished jobs that are gone are named, and made again where that is wanted")
    func lostOutputs() throws {
        let bench = try bench("cat {data} > {out}")
        #expect(try bench.run("run", "experiment.lua").code == 0)
        #expect(try bench.run("doctor").code == 0)
        let job = try #require(try bench.jobs("c.work").first)
        try Files.remove("\(job.path)/out.txt")
        let doctor = try bench.run("doctor")
        #expect(
            doctor.code == 1 && doctor.output.contains("out.txt: an output of a finished job is gone"),
            "\(doctor)")
        #expect(try bench.run("run", "experiment.lua").error.contains("1 cached"))
        let again = try bench.run("run", "--check-outputs", "experiment.lua")
        #expect(again.code == 0 && again.error.contains("1 done"), "\(again)")
        #expect(try bench.run("doctor").code == 0 && Files.exists("\(job.path)/out.txt"))
    }
}
