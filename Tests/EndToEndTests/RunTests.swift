import Foundation
import Store
import System
import Testing
import Text

@Suite("xpm run", .timeLimit(.minutes(20)))
struct RunTests {
    private static let chain = """
        local xpm = require "xpm"
        local Make = xpm.task {
          id = "c.make", params = { n = xpm.int, file = xpm.job_path "made.txt" },
          execute = function(self)
            local file = assert(io.open(self.file, "w"))
            file:write(self.n * 2)
            file:close()
            print("made", self.n)
            io.stderr:write "a note\\n"
            self:progress(0.5, "half")
            self:result { twice = self.n * 2 }
          end,
        }
        local Show = xpm.task {
          id = "c.show", params = { made = Make, word = xpm.string },
          command = { "sh", "-c", "cat \\"$1\\"; printf ' %s %s' \\"$2\\" \\"$XPM_TASK_ID\\"; test -f \\"$XPM_PARAMS\\"", "sh", "{made.file}", "{word}" },
        }
        function run(helper, cfg)
          for n = 1, 3 do Show { made = Make { n = n }:submit(), word = "it's {n}" }:submit() end
        end
        """

    @Test("tasks run in order, and their output, results and progress are kept")
    func chain() throws {
        let bench = try Workbench()
        try bench.write(Self.chain, to: "experiment.lua")
        let result = try bench.run("run", "experiment.lua")
        #expect(result.code == 0, "\(result.error)")
        #expect(result.output.contains("twice=2") && result.error.contains("6 tasks: 6 done"))
        let shown = try bench.jobs("c.show").map { try Files.readText($0.output) }.sorted()
        #expect(shown == ["2 it's {n} c.show", "4 it's {n} c.show", "6 it's {n} c.show"])
        let made = try #require(try bench.jobs("c.make").first)
        #expect(try Files.readText(made.output).hasPrefix("made\t"))
        #expect(try Files.readText(made.error) == "a note\n")
        #expect(JobEvents.lastProgress(in: made)?.fraction == 0.5)
        #expect(!Files.exists(made.process) && !FileLock.isHeld(made.lock))

        let again = try bench.run("run", "experiment.lua")
        #expect(again.code == 0 && again.error.contains("6 tasks: 6 cached"))
        let run = "workspace/experiments/experiment/current"
        #expect(try JSON.parse(Array(try bench.read("\(run)/status.json").utf8))["status"] == "done")
        #expect(try bench.read("\(run)/jobs.jsonl").split(separator: "\n").count == 6)
        #expect(try bench.read("\(run)/sources/experiment.lua") == Self.chain)
    }

    @Test("the files are found from any folder, with or without their endings")
    func finding() throws {
        let bench = try Workbench()
        try bench.write(
            "local xpm = require 'xpm'\nfunction run(helper, cfg) print(cfg.x, helper.xp.name) end\n",
            to: "p/experiment.lua")
        try bench.write("id: named\nfile: experiment\nx: 5\n", to: "p/full.yaml")
        try bench.write("x: 6\n", to: "p/bare.yaml")
        try bench.write("return { }", to: "p/src/none.lua")
        try bench.write(
            "local xpm = require 'xpm'\nfunction run(helper, cfg) print(cfg.x, helper.xp.name) end\n",
            to: "p/src/stage/one.lua")
        try bench.write("module: stage.one\nluapath: [src]\nx: 7\n", to: "p/module.yaml")
        try bench.write("module: stage.one\npythonpath: [.]\nx: 8\n", to: "p/src/beside.yaml")
        func output(_ arguments: String..., in folder: String = ".") throws -> String {
            let (process, tag) = try bench.start(
                ["run", "--run-mode", "dry-run", "-q"] + arguments, in: folder)
            let result = try bench.finish(process, tag)
            return result.code == 0 ? result.output : result.error
        }
        #expect(try output("p/full.yaml") == "5\tnamed\n")
        #expect(try output("full", in: "p") == "5\tnamed\n")
        #expect(try output("../experiment.lua", "../full.yaml", in: "p/src") == "5\tnamed\n")
        #expect(try output("p/experiment", "p/full") == "5\tnamed\n")
        #expect(try output("p/full.yaml", "p/experiment.lua") == "5\tnamed\n")
        #expect(try output("p/experiment.lua") == "nil\texperiment\n")
        #expect(try output("p/bare.yaml") == "6\tbare\n")
        #expect(try output("p/module.yaml") == "7\tmodule\n")
        #expect(try output("p/src/beside.yaml") == "8\tbeside\n")
        #expect(try output("--module-name", "stage.one", "beside.yaml", in: "p/src") == "8\tbeside\n")
    }

    @Test("a failure is reported with all that helps, what needs it is not run, the rest goes on")
    func failure() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Bad = xpm.task { id = "f.bad", params = { n = xpm.int }, command = "echo some words; echo the reason >&2; exit {n}" }
            local Lua = xpm.task { id = "f.lua", params = {}, execute = function(self)
              local function deep() error("in lua") end
              deep()
            end }
            local Killed = xpm.task { id = "f.killed", params = {}, command = { "sh", "-c", "kill -9 $$" } }
            local Good = xpm.task { id = "f.good", params = {}, command = { "true" } }
            local After = xpm.task { id = "f.after", params = { bad = Bad }, command = { "true" } }
            function run()
              After { bad = Bad { n = xpm.tag(3) }:submit() }:submit()
              Lua {}:submit() Killed {}:submit() Good {}:submit()
            end
            """, to: "experiment.lua")
        let result = try bench.run("run", "experiment.lua")
        #expect(result.code == 1)
        for text in [
            "f.bad", "exit code 3", "n = 3", "n=3", "the reason", "not run     f.after",
            "folder      workspace/jobs/f.bad/",
            "experiment.lua:4: in lua", "experiment.lua:5: in", "killed by signal 9 (SIGKILL)",
            "5 tasks: 1 done, 3 failed, 1 blocked",
        ] { #expect(result.error.contains(text), "no '\(text)' in\n\(result.error)") }
        #expect(!result.error.contains("swift") && !result.error.contains("[C]"))
        #expect(try bench.jobs("f.after").allSatisfy { !Files.exists($0.output) })
        let failed = Outcome.read(try #require(try bench.jobs("f.killed").first).failed)
        #expect(failed.signal == 9)
        // Failed tasks are tried again; done ones are not.
        #expect(
            try bench.run("run", "experiment.lua").error.contains("5 tasks: 1 cached, 3 failed, 1 blocked"))
    }

    @Test("--fail-fast and -j")
    func failFast() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t", params = { n = xpm.int }, command = "test {n} != 2" }
            function run() for n = 1, 9 do T { n = n }:submit() end end
            """, to: "experiment.lua")
        let result = try bench.run("run", "-j", "1", "--fail-fast", "experiment.lua")
        #expect(result.code == 1 && result.error.contains("9 tasks: 1 done, 1 failed, 7 not run"))
    }

    @Test("generate writes folders whose scripts run one task alone, and refuse one that is not ready")
    func generate() throws {
        let bench = try Workbench()
        try bench.write(Self.chain, to: "experiment.lua")
        let result = try bench.run("run", "--run-mode", "generate", "experiment.lua")
        #expect(result.code == 0 && result.error.contains("6 to run"))
        let show = try #require(try bench.jobs("c.show").first)
        let early = try bench.run(program: show.script(.sh))
        #expect(
            early.code == 2 && early.error.contains("made") == false
                && early.error.contains("is not done yet"))
        for make in try bench.jobs("c.make") {
            #expect(!Files.exists(make.output))
            let made = try bench.run(program: make.script(.lua), in: "/")
            #expect(made.code == 0 && made.output.hasPrefix("made\t"), "\(made.error)")
            #expect(make.isDone)
        }
        let alone = try bench.run(program: show.script(.sh))
        #expect(alone.code == 0 && alone.output.contains("it's {n} c.show"))
        #expect(try bench.run(program: show.script(.sh)).error.contains("done already"))
        #expect(try bench.run("run", "experiment.lua").error.contains("6 tasks: 2 done, 4 cached"))
    }

    @Test("a dry run tells everything and touches nothing")
    func dryRun() throws {
        let bench = try Workbench()
        try bench.write(Self.chain, to: "experiment.lua")
        let result = try bench.run("run", "--run-mode", "dry-run", "experiment.lua")
        #expect(result.code == 0 && !Files.exists("\(bench.folder)/workspace"))
        #expect(
            result.output.contains("c.show ") && result.output.contains("needs  c.make ")
                && result.output.contains("new"))
        let json = try bench.run("run", "--run-mode", "dry-run", "--json", "experiment.lua")
        let planned = try json.output.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }.filter {
            $0["event"] == "planned"
        }
        #expect(planned.count == 6 && planned[1]["depends_on"]?.array == [planned[0]["id"] ?? .null])
        #expect(planned[0]["id"]?.string?.count == 64 && planned[0]["cached"] == .bool(false))
    }

    @Test("jobs get variables from the script, the options and settings.yaml, which also names the workspace")
    func environment() throws {
        let bench = try Workbench()
        try bench.write(
            """
            workspaces:
              - { id: other, path: "\(bench.folder)/other" }
              - { id: chosen, path: "\(bench.folder)/chosen", triggers: ["e*"], env: { B: "2" } }
            env: { A: "1" }
            """, to: "config/xpm/settings.yaml")
        try bench.write(
            """
            local xpm = require "xpm"
            local Sh = xpm.task { id = "sh", params = {}, command = "echo $A $B $C $D $E" }
            local Lua = xpm.task { id = "lua", params = {}, execute = function() print(os.getenv "A", os.getenv "E") end }
            function run(helper)
              helper.xp:setenv("D", 4)
              Sh {}:submit { env = { E = "5" } }
              Lua {}:submit { env = { E = "6" } }
            end
            """, to: "experiment.lua")
        let result = try bench.run("run", "--env", "C=3", "experiment.lua")
        #expect(result.code == 0, "\(result.error)")
        #expect(
            try Files.readText(try #require(try bench.jobs("sh", workspace: "chosen").first).output)
                == "1 2 3 4 5\n")
        #expect(
            try Files.readText(try #require(try bench.jobs("lua", workspace: "chosen").first).output)
                == "1\t6\n")
        #expect(
            try bench.run("run", "--workspace", "othr", "experiment.lua").error.contains(
                "did you mean 'other'?"))
        #expect(try bench.run("run", "--workspace", "other", "experiment.lua").code == 0)
        #expect(try bench.jobs("sh", workspace: "other").count == 1)
    }

    @Test("a job runs the code it was submitted with")
    func keptSources() throws {
        let bench = try Workbench()
        try bench.write("return { word = 'old' }", to: "words.lua")
        try bench.write("echo old $(cat \"$(dirname \"$0\")/data.txt\")", to: "say.sh")
        try bench.write("old", to: "data.txt")
        try bench.write(
            """
            local xpm = require "xpm"
            local words = require "words"
            local Lua = xpm.task { id = "lua", params = {}, execute = function() print(words.word, require "words" == words) end }
            local Sh = xpm.task { id = "sh", params = {}, command = { "sh", "{here}/say.sh" }, sources = { "*.txt" } }
            function run() Lua {}:submit() Sh {}:submit() end
            """, to: "experiment.lua")
        #expect(try bench.run("run", "--run-mode", "generate", "experiment.lua").code == 0)
        for name in ["words.lua", "say.sh", "data.txt"] {
            try bench.write(try bench.read(name).replacing("old", with: "new"), to: name)
        }
        for (job, language) in [("lua", JobScript.Language.lua), ("sh", .sh)] {
            let result = try bench.run(program: try #require(try bench.jobs(job).first).script(language))
            #expect(
                result.code == 0 && result.output.contains("old") && !result.output.contains("new"),
                "\(result)")
        }
    }

    @Test("callbacks and waiting: a plan can go on with results")
    func callbacks() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t", params = { n = xpm.int }, execute = function(self)
              if self.n == 3 then error "no" end
              self:result { n = self.n }
            end }
            function run(helper)
              local seen = {}
              for n = 1, 3 do
                T { n = n }:submit():on_completed(function(task) seen[#seen + 1] = task.n end)
              end
              local job = xpm.job(T { n = 4 }:submit())
              assert(job:wait() == "done" and job:state() == "done" and job:result().n == 4)
              helper.xp:wait()
              table.sort(seen)
              print(table.concat(seen, ","))
              local file = assert(io.open(helper.xp.results_path .. "/seen.txt", "w"))
              file:write(#seen)
              file:close()
              T { n = 5 }:submit()
            end
            """, to: "experiment.lua")
        let result = try bench.run("run", "experiment.lua")
        #expect(result.code == 1 && result.output.hasPrefix("1,2\n"), "\(result)")
        #expect(result.error.contains("5 tasks: 4 done, 1 failed"))
        #expect(try bench.read("workspace/experiments/experiment/current/results/seen.txt") == "2")
    }

    @Test("what is kept never touches the user's files, wherever they lie")
    func keptSubfolders() throws {
        let bench = try Workbench()
        try bench.write("#!/bin/sh\ncat \"$(dirname \"$0\")/../src/data.txt\"\n", to: "src/run.sh")
        try bench.write("data", to: "src/data.txt")
        try bench.write(
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "a", params = {}, command = "ls {here}" }
            local B = xpm.task { id = "b", params = {}, command = { "{here}/src/run.sh" }, sources = { "src/*.txt" } }
            function run()
              A {}:submit()
              local lazy = require "src.lazy"
              B {}:submit()
            end
            """, to: "experiment.lua")
        try bench.write("return {}", to: "src/lazy.lua")
        _ = ChildProcess.output(["chmod", "755", "\(bench.folder)/src/run.sh"])
        let result = try bench.run("run", "experiment.lua")
        #expect(result.code == 0, "\(result.error)")
        #expect(try Files.readText(try #require(try bench.jobs("b").first).output) == "data")
        let kept = "\(bench.folder)/workspace/experiments/experiment/current/sources/src"
        #expect(Files.kind(kept, followingLinks: false) == .folder)
        for name in ["run.sh", "data.txt", "lazy.lua"] {
            #expect(Files.kind("\(kept)/\(name)", followingLinks: false) == .file)
            #expect(Files.kind("\(bench.folder)/src/\(name)", followingLinks: false) == .file)
        }
        #expect(Files.isExecutable("\(bench.folder)/src/run.sh") && Files.isExecutable("\(kept)/run.sh"))
    }

    @Test("modules written in C load, in the plan and in a job")
    func modulesInC() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local cjson = require "cjson"
            local T = xpm.task { id = "t", params = { text = xpm.string }, execute = function(self)
              self:result { n = cjson.decode(self.text).n + 1 }
            end }
            function run() T { text = cjson.encode { n = 41 } }:submit() end
            """, to: "experiment.lua")
        let result = try bench.run("run", "experiment.lua")
        #expect(result.code == 0 && result.output.contains("n=42"), "\(result)")
    }

    @Test("--show prints the merged configuration, with --provenance where each value comes from")
    func show() throws {
        let bench = try Workbench()
        try bench.write("model: {hidden: 1, depth: 2}\n", to: "base.yaml")
        try bench.write("imports: base\nlr: 1e-4\nhost: ${env:WHERE}\n", to: "full.yaml")
        try bench.write("function run() end", to: "experiment.lua")
        let yaml = try bench.run(
            "run", "full.yaml", "--show", "-c", "model.depth=9", environment: ["WHERE": "here"])
        #expect(yaml.output == "model:\n  hidden: 1\n  depth: 9\nlr: 0.0001\nhost: here\n", "\(yaml)")
        let origins = try bench.run(
            "run", "full.yaml", "--show", "--provenance", "-c", "model.depth=9", environment: ["WHERE": "h"])
        #expect(origins.output.contains("model.hidden: 1  # base.yaml:1:17"), "\(origins)")
        #expect(origins.output.contains("# -c model.depth=9") && origins.output.contains("# full.yaml:2:5"))
        let json = try bench.run("run", "full.yaml", "--show", "--json", environment: ["WHERE": "h"])
        #expect(try JSON.parse(Array(json.output.utf8))["lr"] == .float(0.0001))
    }
}
