import Foundation
import Store
import System
import Testing
import Text

/// What xpm finds around it: what it may not read, what is not there, and names that are not text.
@Suite("Surroundings", .timeLimit(.minutes(20)))
struct SurroundingsTests {
    private static let script = """
        local xpm = require "xpm"
        local Work = xpm.task { id = "u.work", params = { n = xpm.int }, command = "echo {n}" }
        function run() for n = 1, 3 do Work { n = n }:submit() end end
        """

    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(Self.script, to: "experiment.lua")
        return bench
    }

    // MARK: What may not be read

    @Test("a workspace that may not be read is not empty", .enabled(if: Person.canSwitch, "needs root"))
    func unreadable() throws {
        let bench = try bench()
        try bench.share()
        var ana = Person.ana
        #expect(try bench.run(as: ana, "run", "experiment.lua", "--workdir", "ws").code == 0)
        let (lists, place) = (
            ["jobs list", "failures", "doctor", "results experiment", "experiments list"],
            "\(bench.folder)/ws"
        )
        // The folder of one job, then of all of a type, of the experiment's runs, of all.
        let job = try #require(try bench.jobs("u.work", workspace: "ws").first)
        for hidden in [job.path, "\(place)/jobs/u.work", "\(place)/jobs", "\(place)/experiments"] {
            #expect(ChildProcess.output(["chmod", "700", hidden])?.code == 0)
            for list in lists
            where list.hasPrefix("experiments") == hidden.hasSuffix("experiments")
                || !hidden.hasSuffix("experiments")
            {
                if list.hasPrefix("experiments"), !hidden.hasSuffix("experiments") { continue }
                let (process, tag) = try bench.start(
                    as: .ben, list.split(separator: " ").map(String.init) + ["--workdir", place])
                let result = try bench.finish(process, tag)
                #expect(result.code == 2, "\(hidden) \(list): \(result)")
                #expect(result.error.contains("games's, mode 700"), "\(hidden) \(list): \(result)")
                #expect(
                    !result.error.contains("no jobs") && !result.error.contains("nothing found"), "\(result)")
                #expect(!result.output.contains("not run"), "\(hidden) \(list): \(result)")
            }
            if !hidden.hasSuffix("experiments") {
                let plan = try bench.run(
                    as: .ben, "run", "--run-mode", "dry-run", "experiment.lua", "--workdir", place)
                #expect(plan.code == 2 && plan.output.contains("  unreadable"), "\(hidden): \(plan)")
                #expect(plan.output.contains("  new") == false, "\(hidden): \(plan)")
            }
            #expect(ChildProcess.output(["chmod", "2775", hidden])?.code == 0)
        }
        ana.umask = "077"
        try bench.write(Self.script.replacing("1, 3", with: "4, 4"), to: "private.lua")
        _ = ChildProcess.output(["chmod", "a+r", "\(bench.folder)/private.lua"])
        #expect(try bench.run(as: ana, "run", "private.lua", "--workdir", "ws").code == 0)
        let listed = try bench.run(as: .ben, "jobs", "list", "--workdir", place)
        #expect(listed.code == 2 && listed.error.contains("games's, mode 700"), "\(listed)")
    }

    @Test(
        "a job that may not be written fails by itself; one that a colleague runs is waited for",
        .enabled(if: Person.canSwitch, "needs root"))
    func unwritable() throws {
        let bench = try bench()
        try bench.share()
        var ana = Person.ana
        ana.umask = "022"
        let go = "\(bench.folder)/go"
        try bench.write(
            Self.script.replacing(
                "echo {n}", with: "[ {n} != 1 ] || while [ ! -e \(go) ]; do sleep 0.02; done; [ {n} != 2 ]"
            )
            .replacing("1, 3", with: "1, 2"),
            to: "experiment.lua")
        let (first, firstTag) = try bench.start(as: ana, ["run", "experiment.lua", "--workdir", "ws"])
        #expect(
            try bench.wait { try bench.jobs("u.work", workspace: "ws").contains { Files.exists($0.failed) } })
        // The experiment is another: it has a folder of its own. The third job is new, in a folder that is
        // not ben's.
        _ = ChildProcess.output([
            "chmod", "-R", "a+rwX", "\(bench.folder)/ws/experiments", "\(bench.folder)/ws/sources",
        ])
        try bench.write(
            try bench.read("experiment.lua").replacing("1, 2 do", with: "1, 3 do"), to: "other.lua")
        _ = ChildProcess.output(["chmod", "a+r", "\(bench.folder)/other.lua"])
        let (second, secondTag) = try bench.start(as: .ben, ["run", "other.lua", "--workdir", "ws"])
        #expect(try bench.wait { try bench.read(".\(secondTag).err").contains("failed") })
        #expect(try bench.stays(seconds: 0.2) { second.isRunning })
        try bench.write("", to: "go")
        let result = try bench.finish(second, secondTag)
        #expect(result.code == 1 && result.error.contains("1 cached, 2 failed"), "\(result)")
        #expect(result.error.contains("is games's, mode 755: games shares it with umask 002"), "\(result)")
        #expect(try bench.finish(first, firstTag).code == 1)
    }

    @Test("jobs of the runs before are listed where the newest could not begin")
    func refusedStart() throws {
        let bench = try bench()
        #expect(try bench.run("run", "experiment.lua").code == 0)
        let run = "\(bench.folder)/workspace/experiments/experiment/29991231_000000"
        try Files.makeFolder(run)
        try Files.write([], to: "\(run)/jobs.jsonl")
        let listed = try bench.run("jobs", "list")
        #expect(listed.code == 0 && listed.output.split(separator: "\n").count >= 3, "\(listed)")
    }

    @Test(
        "done without its parameters is not done", arguments: ["", "\0\0\0\0", "{\"version\": 3,", "missing"])
    func lostParameters(_ content: String) throws {
        let bench = try bench()
        #expect(try bench.run("run", "experiment.lua").code == 0)
        let job = try #require(try bench.jobs("u.work").first)
        if content == "missing" {
            try Files.remove(job.parameters)
        } else {
            try Files.write(Array(content.utf8), to: job.parameters)
        }
        let again = try bench.run("run", "experiment.lua")
        #expect(again.code == 0 && again.error.contains("1 done, 2 cached"), "\(again)")
    }

    // MARK: What is not there

    /// Runs something where a part of the machine is missing.
    private func without(_ what: String, _ bench: Workbench, _ command: String) throws -> Workbench.Result {
        try bench.run(
            "-m", "/bin/sh", "-c", "\(what)\nexec \(Workbench.xpm) \(command)", program: "/usr/bin/unshare")
    }

    private static let canUnshare = geteuid() == 0 && Files.isExecutable("/usr/bin/unshare")

    @Test("without /proc xpm says so, and still helps", .enabled(if: canUnshare, "needs root"))
    func noProc() throws {
        let bench = try bench()
        for command in ["run experiment.lua", "jobs list", "identity experiment.lua"] {
            let result = try without("umount -l /proc", bench, command)
            #expect(
                result.code == 2 && result.error.contains("/proc is not mounted"), "\(command): \(result)")
        }
        #expect(try without("umount -l /proc", bench, "--version").output.contains("xpm 0"))
        #expect(try without("umount -l /proc", bench, "jobs kill --help").output.contains("SIGTERM"))
        #expect(!Files.exists("\(bench.folder)/workspace"))
    }

    @Test("without /dev/null xpm names it", .enabled(if: canUnshare, "needs root"))
    func noNull() throws {
        let bench = try bench()
        let hide = "mkdir dev; mount --bind dev /dev"
        let result = try without(hide, bench, "run experiment.lua")
        #expect(result.code == 2 && result.error.contains("/dev/null: cannot open"), "\(result)")
    }

    @Test("where the current folder is gone nothing is made elsewhere")
    func noFolder() throws {
        let bench = try bench()
        let result = try bench.run(
            "-c",
            "mkdir gone; cd gone; rmdir ../gone; exec \(Workbench.xpm) run \(bench.folder)/experiment.lua",
            program: "/bin/sh")
        #expect(result.code == 2 && result.error.contains("the current folder"), "\(result)")
        #expect(!Files.exists("/workspace"))
    }

    @Test("names that are not UTF-8 are refused, or kept byte for byte")
    func strangeNames() throws {
        let bench = try bench()
        let cd = "mkdir \"$(printf 'a\\377b')\"; cd \"$(printf 'a\\377b')\"; "
        let inside = try bench.run(
            "-c", cd + "exec \(Workbench.xpm) run ../experiment.lua", program: "/bin/sh")
        #expect(inside.code == 2 && inside.error.contains("current folder is not UTF-8"), "\(inside)")
        let config = try bench.run(
            "-c", "XDG_CONFIG_HOME=$(printf 'c\\377') exec \(Workbench.xpm) jobs list", program: "/bin/sh")
        #expect(config.code == 2 && config.error.contains("XDG_CONFIG_HOME"), "\(config)")
        // A program's own data have names of their own.
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task { id = "u.data", params = {}, command = { "sh", "{here}/code.sh" } }
            function run() Work {}:submit() end
            """, to: "project/experiment.lua")
        try bench.write("cat \"$(dirname \"$0\")\"/d*\n", to: "project/code.sh")
        #expect(
            try bench.run("-c", "echo data > \"$(printf 'project/d\\377')\"", program: "/bin/sh").code == 0)
        #expect(try bench.run("run", "project/experiment.lua").code == 0)
        #expect(try Files.readText(try #require(try bench.jobs("u.data").first).output) == "data\n")
    }

    // MARK: git

    @Test("dirty_git: error does not pass where nobody knows; xpm's own workspace does not count")
    func dirtyGit() throws {
        let bench = try bench()
        try bench.write("dirty_git: error\n", to: "project/full.yaml")
        try bench.write(Self.script, to: "project/experiment.lua")
        func run(_ environment: [String: String] = [:]) throws -> Workbench.Result {
            try bench.run("run", "experiment.lua", "full.yaml", in: "project", environment: environment)
        }
        let none = try run()
        #expect(none.code == 2 && none.error.contains("there is no git repository"), "\(none)")
        let git =
            "cd project && git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -qm x"
        #expect(try bench.run("-c", git, program: "/bin/sh").code == 0)
        #expect(try run().code == 0)
        // Committed with the workspace in it, which every run changes.
        let all = "cd project && git add -A -f && git -c user.name=a -c user.email=a@b commit -qm y"
        #expect(try bench.run("-c", all, program: "/bin/sh").code == 0)
        #expect(try run().code == 0)
        let again = try run()
        #expect(again.code == 0, "\(again)")
        let absent = try run(["PATH": "/nonexistent"])
        #expect(absent.code == 2 && absent.error.contains("git"), "\(absent)")
        let refusing =
            "printf '#!/bin/sh\\necho fatal: detected dubious ownership >&2; exit 128\\n' > git; chmod +x git"
        #expect(try bench.run("-c", refusing, program: "/bin/sh").code == 0)
        let dubious = try run(["PATH": "\(bench.folder):/usr/bin:/bin"])
        #expect(dubious.code == 2 && dubious.error.contains("dubious ownership"), "\(dubious)")
        try bench.write("dirty_git: warn\n", to: "project/full.yaml")
        let warned = try run(["PATH": "\(bench.folder):/usr/bin:/bin"])
        #expect(
            warned.code == 0 && warned.error.contains("warning:") && warned.error.contains("dubious"),
            "\(warned)")
    }
}
