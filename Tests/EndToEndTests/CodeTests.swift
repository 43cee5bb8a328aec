import Foundation
import Store
import System
import Testing
import Text

@Suite("Code of jobs, and history of runs", .timeLimit(.minutes(20)))
struct CodeTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "c.t", params = { n = xpm.int }, command = { "sh", "{here}/work.sh", "{n}" } }
            function run(helper) for n = 1, tonumber(helper.args[1] or 1) do T { n = n }:submit() end end
            """, to: "c.lua")
        try bench.write("echo first $1\n", to: "work.sh")
        return bench
    }

    private func runs(_ bench: Workbench) throws -> [String] {
        try Files.list("\(bench.folder)/workspace/experiments/c").filter { $0.first?.isNumber ?? false }
    }

    @Test("xpm code lists, prints, compares and restores what a job was submitted with")
    func code() throws {
        let bench = try bench()
        #expect(try bench.run("run", "-q", "c.lua").code == 0)
        let job = Paths.name(try #require(try bench.jobs("c.t").first).path)
        try bench.write("echo second $1\n", to: "work.sh")
        #expect(
            try bench.run("code", job).output
                == "c.lua    same  \(try bench.read("c.lua").utf8.count) B\nwork.sh  changed  14 B\n")
        #expect(try bench.run("code", job, "work.sh").output == "echo first $1\n")
        #expect(try bench.run("code", job, "--diff").output.contains("-echo first $1\n+echo second $1\n"))
        #expect(try bench.run("code", job, "work.sh", "--diff").output.contains("+echo second $1\n"))
        #expect(try bench.run("code", job, "c.lua", "--diff").output.isEmpty)
        #expect(try bench.run("code", job, "--restore", "then").code == 0)
        #expect(try bench.read("then/work.sh") == "echo first $1\n")
        #expect(try bench.run("code", job, "--restore", "then").code == 0)
        let wrong = try bench.run("code", job, "--restore", ".")
        #expect(
            wrong.code == 2 && wrong.error.contains("work.sh: cannot write another content into"),
            "\(wrong.error)")
        #expect(try bench.read("work.sh") == "echo second $1\n")
        #expect(try bench.run("code", job, "wrok.sh").error.contains("(did you mean 'work.sh'?)"))
    }

    @Test("code outlives its run, is kept once where it did not change, and goes when no job needs it")
    func outlives() throws {
        let bench = try bench()
        #expect(try bench.run("run", "-q", "c.lua").code == 0)
        #expect(try bench.run("run", "-q", "c.lua", "--", "2").code == 0)
        let sources = "\(bench.folder)/workspace/sources/c"
        let copies = try Files.list(sources)
        #expect(copies.count == 2)
        #expect(Set(copies.map { Files.inode("\(sources)/\($0)/c.lua") }).count == 1)
        let job = Paths.name(
            try #require(try bench.jobs("c.t").first { try Files.readText($0.script(.sh)).contains(" 1\n") })
                .path)
        #expect(try bench.run("experiments", "delete", "c", "--run", copies[0], "--perform").code == 0)
        #expect(try bench.run("code", job, "work.sh").output == "echo first $1\n")
        #expect(try bench.run("gc", "--perform").error.hasPrefix("0 not needed"))
        #expect(try bench.run("jobs", "clean", job, "--perform").code == 0)
        #expect(try bench.run("gc", "--perform").error.hasPrefix("1 not needed"))
        #expect(try Files.list(sources) == [copies[1]])
    }

    @Test("history keeps so many runs that are done and so many that failed")
    func history() throws {
        let bench = try bench()
        try bench.write("history: { max_done: 2, max_failed: 1 }\n", to: "config/xpm/settings.yaml")
        for _ in 0..<3 { #expect(try bench.run("run", "-q", "c.lua").code == 0) }
        #expect(try runs(bench).count == 2)
        try bench.write("exit 1\n", to: "work.sh")
        for _ in 0..<2 { #expect(try bench.run("run", "-q", "c.lua", "--", "2").code == 1) }
        #expect(try runs(bench).count == 3)
        #expect(
            try bench.run("experiments", "runs", "c").output.split(separator: "\n").count {
                $0.contains("failed")
            } == 1)
        #expect(Files.exists("\(bench.folder)/workspace/experiments/c/current/status.json"))
        try bench.write("history: { max_done: 0 }\n", to: "config/xpm/settings.yaml")
        let wrong = try bench.run("run", "c.lua")
        #expect(
            wrong.code == 2 && wrong.error.contains("settings.yaml:1:22: max_done: expected a number from 1"),
            "\(wrong.error)")
    }

    @Test("a run notes its commit and what was not committed")
    func git() throws {
        let bench = try bench()
        let git =
            "git init -q . && git add c.lua work.sh && git -c user.name=x -c user.email=x@x commit -qm first"
        #expect(try bench.run("-c", git, program: "/bin/sh").code == 0)
        try bench.write("echo second $1\n", to: "work.sh")
        #expect(try bench.run("run", "c.lua").error.contains("uncommitted changes"))
        let environment = try JSON.parse(
            Files.read("\(bench.folder)/workspace/experiments/c/current/environment.json"))
        let noted = try #require(environment["git"])
        #expect(noted["dirty"] == JSON.bool(true) && noted["commit"]?.string?.count == 40)
        #expect(noted["diff"]?.string?.contains("+echo second $1") == true)
    }
}
