import Foundation
import Store
import System
import Testing
import Text

/// What depends on types, from definition to job: real processes and files.
@Suite("Configurations of jobs", .timeLimit(.minutes(20)))
struct ConfigurationTests {
    @Test("texts that name other keys follow a sweep, the schema's defaults and options")
    func references() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local C = xpm.configuration {
              lr = xpm.sweep(xpm.float) { default = 0.5 }, half = xpm.float { default = 0 },
              name = xpm.string { default = "x" }, model = { hidden = xpm.int { default = 3 } }, n = xpm.int { default = 0 },
            }
            return xpm.experiment {
              configuration = C, run = function(_, cfg) print(cfg.lr, cfg.half, cfg.name, cfg.n) end,
            }
            """, to: "e.lua")
        func run(_ yaml: String, _ options: String...) throws -> Workbench.Result {
            try bench.write("file: e\n\(yaml)\n", to: "f.yaml")
            let (process, tag) = try bench.start(["run", "-q", "f.yaml"] + options)
            return try bench.finish(process, tag)
        }
        let whole = try run("half: ${lr}\nname: run-${lr}-${model.hidden}\nn: ${model.hidden}")
        #expect(whole.output == "0.5\t0.5\trun-0.5-3\t3\n", "\(whole)")
        let swept = try run("lr: [1, 2]\nhalf: ${lr}\nname: a ${half}")
        #expect(swept.output == "1.0\t1.0\ta 1\t0\n2.0\t2.0\ta 2\t0\n", "\(swept)")
        let grid = try run("half: ${lr}\ngrid_search: { n: [1, 2], lr: ['${n}'] }")
        #expect(grid.output == "1.0\t1.0\tx\t1\n2.0\t2.0\tx\t2\n", "\(grid)")
        let option = try run("half: ${lr}", "-c", "lr=7", "-c", "name=${lr}${n}")
        #expect(option.output == "7.0\t7.0\t70\t0\n", "\(option)")
        // Below a reference a sweep sets a copy's value.
        let below = try run("model: { hidden: 5 }\nn: ${model.hidden}", "--sweep", "model.hidden=6,7")
        #expect(below.output == "0.5\t0.0\tx\t6\n0.5\t0.0\tx\t7\n", "\(below)")
        try bench.write(
            """
            local xpm = require "xpm"
            return xpm.experiment { run = function(_, cfg) print(cfg.a.lr, cfg.a.h, cfg.base.lr) end }
            """, to: "free.lua")
        try bench.write("file: free\nbase: { lr: 0.1, h: 3 }\na: ${base}\n", to: "free.yaml")
        let copied = try bench.run("run", "-q", "free.yaml", "--sweep", "a.lr=0.5,0.7")
        #expect(copied.output == "0.5\t3\t0.1\n0.7\t3\t0.1\n", "\(copied)")
        #expect(
            try bench.run("run", "free.yaml", "-c", "a.lr=0.5").error.contains(
                "'lr' is below ${base}: set base.lr"))
        let missing = try run("half: ${model.hiden}")
        #expect(
            missing.code == 2
                && missing.error.contains(
                    "f.yaml:2:7: there is no key 'model.hiden' for '${model.hiden}' (did you mean 'model.hidden'?)"
                ),
            "\(missing)")
        // What xpm reads before the script cannot come from its schema.
        #expect(try run("id: run-${name}").error.contains("f.yaml:2:5: there is no key 'name'"))
        #expect(try run("id: run-${name}\nname: z").code == 0)
        #expect(Files.exists("\(bench.folder)/workspace/experiments/run-z"))
    }

    @Test("init tasks run before the task, in its process; a default of a function comes to the job")
    func initTasks() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local state = {}
            local Init = xpm.lightweight_task { id = "i.init", params = { seed = xpm.int },
              execute = function(self) state[#state + 1] = self.seed end }
            local T = xpm.task { id = "i.task", params = { names = xpm.list(xpm.string) { default = function() return { "a", "b" } end } },
              execute = function(self) self:result { order = table.concat(state, " "), names = #self.names } end }
            function run() T {}:submit { init_tasks = { Init { seed = 4 }, Init { seed = 2 } } } end
            """, to: "experiment.lua")
        let result = try bench.run("run", "experiment.lua")
        #expect(
            result.code == 0 && result.output.contains("names=2 order=4 2"), "\(result.error)\(result.output)"
        )
    }

    private static let watching = """
        local xpm = require "xpm"
        local Checkpoint = xpm.config { id = "o.checkpoint", params = { step = xpm.int, from = xpm.string } }
        local Validation = xpm.config { id = "o.validation", params = { every = xpm.int },
          checkpoint = function(self, dep, values) return dep(Checkpoint { step = values.step, from = "validation" }) end }
        local Learn = xpm.resumable_task { id = "o.learn", params = { steps = xpm.int, validation = Validation },
          execute = function(self)
            for step = 1, self.steps do
              if step % self.validation.every == 0 then self.validation:output("checkpoint", { step = step }) end
              self:output("raw", { step = step })
            end
            if os.getenv "FAIL" then error "failed late" end
          end }
        local Test = xpm.task { id = "o.test", params = { checkpoint = Checkpoint }, command = { "echo", "{checkpoint.step}" } }
        function run(helper)
          local learn = Learn { steps = 6, validation = Validation { every = 2 } }
          local raw, again = 0, 0
          learn:watch_output(learn.validation, "checkpoint", function(checkpoint) Test { checkpoint = checkpoint }:submit() end)
          learn:watch_output("raw", function(values) raw = raw + values.step end)
          learn:submit()
          learn:watch_output("raw", function(values) again = again + 1 end)
          helper.xp:wait()
          print("raw", raw, "again", again)
        end
        """

    @Test(
        "outputs of a running task make tasks, which run again only if they are new; each run tells all of them"
    )
    func watching() throws {
        let bench = try Workbench()
        try bench.write(Self.watching, to: "experiment.lua")
        let first = try bench.run("run", "experiment.lua")
        #expect(first.code == 0 && first.error.contains("4 tasks: 4 done"), "\(first.error)")
        #expect(first.output.contains("raw\t21\tagain\t6"), "\(first.output)")
        let second = try bench.run("run", "experiment.lua")
        #expect(second.error.contains("4 tasks: 4 cached") && second.output.contains("raw\t21\tagain\t6"))
        #expect(try bench.jobs("o.test").count == 3)
    }

    @Test("what depends on an output of a task that failed later runs all the same, and is not run again")
    func replay() throws {
        let bench = try Workbench()
        try bench.write(Self.watching, to: "experiment.lua")
        let first = try bench.run("run", "experiment.lua", environment: ["FAIL": "1"])
        #expect(first.code == 1 && first.error.contains("4 tasks: 3 done, 1 failed"), "\(first.error)")
        let second = try bench.run("run", "experiment.lua")
        #expect(second.code == 0 && second.error.contains("4 tasks: 1 done, 3 cached"), "\(second.error)")
        // What it made twice is told twice.
        #expect(second.output.contains("raw\t42\tagain\t12"), "\(second.output)")
    }

    @Test("a callback at the end of a task may submit more")
    func completed() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "c.t", params = { n = xpm.int }, execute = function(self) end }
            function run()
              local function more(object) if object.n < 3 then T { n = object.n + 1 }:submit():on_completed(more) end end
              T { n = 1 }:submit():on_completed(more)
            end
            """, to: "experiment.lua")
        let result = try bench.run("run", "experiment.lua")
        #expect(result.error.contains("3 tasks: 3 done"), "\(result.error)")
    }

    @Test(
        "tasks that share a folder never run at the same time, and the folder goes when no job refers to it")
    func partials() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Learn = xpm.task { id = "p.learn", params = {
              lr = xpm.float, epochs = xpm.int { groups = { "iter" } },
              ckpt = xpm.job_path { "state", partial = xpm.partial { name = "checkpoints", exclude_groups = { "iter" } } } },
              command = "mkdir {ckpt} && sleep 0.1 && echo {epochs} >>{ckpt}.log && rmdir {ckpt}" }
            function run(helper)
              for epochs = 1, 4 do Learn { lr = 0.1, epochs = epochs }:submit() end
              Learn { lr = 0.2, epochs = 1 }:submit()
            end
            """, to: "experiment.lua")
        let result = try bench.run("run", "-j", "4", "experiment.lua")
        #expect(result.code == 0, "\(result.error)")
        let folder = "\(bench.folder)/workspace/partials/p.learn/checkpoints"
        let logs = try Files.list(folder).map { try Files.readText("\(folder)/\($0)/state.log").count }
        #expect(logs.sorted() == [2, 8])

        #expect(try bench.run("partials", "list").output.contains("  4 jobs\n"))
        for job in try bench.jobs("p.learn") where try Files.readText(job.parameters).contains("0.2") {
            try Files.removeTree(job.path, below: job.workspace)
        }
        let dry = try bench.run("partials", "clean")
        #expect(
            dry.output.hasPrefix("would remove p.learn/checkpoints/") && dry.error.contains("1 of 2 unused"))
        #expect(try Files.list(folder).count == 2)
        #expect(try bench.run("partials", "clean", "--perform").output.hasPrefix("removed "))
        #expect(try Files.list(folder).count == 1)
    }

    @Test("two xpm never use a shared folder at the same time")
    func partialsOfTwo() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Learn = xpm.task { id = "p.learn", params = { epochs = xpm.int { groups = { "iter" } },
              ckpt = xpm.job_path { "state", partial = xpm.partial { exclude_groups = { "iter" } } } },
              command = "mkdir {ckpt} && sleep 0.05 && rmdir {ckpt}" }
            function run(helper)
              for n = 1, 6 do Learn { epochs = n + helper.args[1] }:submit() end
            end
            """, to: "experiment.lua")
        try bench.write("id: one\nfile: experiment\n", to: "one.yaml")
        try bench.write("id: two\nfile: experiment\n", to: "two.yaml")
        let one = try bench.start(["run", "one.yaml", "--", "0"])
        let two = try bench.start(["run", "two.yaml", "--", "100"])
        for (process, tag) in [one, two] {
            let result = try bench.finish(process, tag)
            #expect(result.code == 0, "\(result.error)")
        }
    }

    @Test(
        "of a token no more are held than there are, by two xpm together, and those of killed jobs are free")
    func tokens() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t.t", params = { n = xpm.int },
              command = "mkdir {jobdir}/../../../held/{n}; ls {jobdir}/../../../held | wc -l >>{jobdir}/../../../seen; sleep 0.1; rmdir {jobdir}/../../../held/{n}" }
            function run(helper)
              helper.xp:token("gpu", 2)
              for n = 1, 6 do T { n = n + helper.args[1] }:submit { tokens = { gpu = n == 1 and 2 or 1 } } end
            end
            """, to: "t.lua")
        for name in ["one", "two"] { try bench.write("id: \(name)\nfile: t\n", to: "\(name).yaml") }
        try Files.makeFolder("\(bench.folder)/workspace/held")
        let starts = try [("one", "0"), ("two", "10")].map {
            try bench.start(["run", "-j", "6", "\($0.0).yaml", "--", $0.1])
        }
        for (process, tag) in starts {
            let result = try bench.finish(process, tag)
            #expect(result.code == 0, "\(result.error)")
        }
        let seen = try bench.read("workspace/seen").split(separator: "\n").compactMap {
            Int($0.filter(\.isNumber))
        }
        #expect(seen.count == 12 && seen.allSatisfy { $0 <= 2 }, "\(seen)")
        #expect(!FileLock.isHeld("\(bench.folder)/workspace/tokens/gpu/0.lock"))
    }

    @Test("results of deprecated definitions are linked to the new ones, and unlinked again")
    func deprecated() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Train = xpm.task { id = "d.old", params = { lr = xpm.float, file = xpm.job_path "w" }, command = "echo {lr} >{file}" }
            local Test = xpm.task { id = "d.test", params = { trained = Train, sp = xpm.string }, command = "cat {trained.file}" }
            function run() Test { trained = Train { lr = 0.5 }:submit(), sp = "dev" }:submit() end
            """, to: "old.lua")
        try bench.write(
            """
            local xpm = require "xpm"
            local Train = xpm.task { id = "d.train", params = { rate = xpm.float, file = xpm.job_path "w" }, command = "echo {rate} >{file}" }
            xpm.deprecate { id = "d.old", params = { lr = xpm.float, file = xpm.job_path "w" },
              convert = function(self) return Train { rate = self.lr } end }
            local Test = xpm.task { id = "d.test", params = { trained = Train, split = xpm.string, sp = xpm.renamed "split" }, command = "cat {trained.file}" }
            function run() Test { trained = Train { rate = 0.5 }:submit(), split = "dev" }:submit() end
            """, to: "new.lua")
        #expect(try bench.run("run", "old.lua").code == 0)
        let list = try bench.run("deprecated", "list", "new.lua")
        #expect(
            list.output.split(separator: "\n").count == 2 && list.output.contains("d.old ")
                && list.output.contains("unlinked"))
        #expect(try bench.run("deprecated", "fix", "new.lua").error.contains("2 linked"))
        #expect(try bench.run("deprecated", "fix", "new.lua").error.contains("nothing to do"))
        #expect(try bench.run("run", "new.lua").error.contains("2 tasks: 2 cached"))
        #expect(try bench.run("deprecated", "fix", "--undo", "new.lua").error.contains("2 unlinked"))
        #expect(try bench.jobs("d.train").isEmpty && bench.jobs("d.test").count == 1)
        #expect(try bench.run("run", "old.lua").error.contains("2 tasks: 2 cached"))
    }

    @Test(
        "a deprecation that would lose a value, or give two jobs one identifier, is refused; a dangling link is removed"
    )
    func deprecatedWrongly() throws {
        let bench = try Workbench()
        let old = """
            local xpm = require "xpm"
            local A = xpm.task { id = "g.old", params = { a = xpm.int }, command = "echo {a}" }
            function run() A { a = 1 }:submit(); A { a = 2 }:submit() end
            """
        try bench.write(old, to: "old.lua")
        func new(_ deprecation: String) -> String {
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "g.new", params = { b = xpm.int { default = 5 } }, command = "echo {b}" }
            xpm.deprecate { id = "g.old", \(deprecation) }
            function run() A {}:submit() end
            """
        }
        #expect(try bench.run("run", "old.lua").code == 0)
        try bench.write(new("to = A"), to: "lost.lua")
        let lost = try bench.run("deprecated", "fix", "lost.lua")
        #expect(lost.code == 2 && lost.error.contains("g.old has no parameter 'a' any more"), "\(lost.error)")
        try bench.write(
            new("params = { a = xpm.int }, convert = function(self) error 'cannot' end"), to: "failing.lua")
        let failing = try bench.run("deprecated", "list", "failing.lua")
        #expect(
            failing.code == 2 && failing.error.contains("failing.lua:3: cannot")
                && !failing.error.contains("LuaError"))
        try bench.write(
            new("params = { a = xpm.int }, convert = function(self) return A {} end"), to: "one.lua")
        let why = try bench.run("why", "one.lua")
        #expect(why.output.contains("is its result under the old definition"), "\(why.output)")
        let fixed = try bench.run("deprecated", "fix", "one.lua")
        #expect(
            fixed.error.contains("another old job has the same new identifier")
                && fixed.error.contains("1 linked"))
        for job in try bench.jobs("g.old") { try Files.removeTree(job.path, below: job.workspace) }
        #expect(try bench.run("deprecated", "list", "one.lua").output.contains("dangling"))
        #expect(try bench.run("deprecated", "fix", "--undo", "one.lua").code == 0)
        #expect(try bench.run("run", "one.lua").error.contains("1 task: 1 done"))
    }

    @Test("a shared folder stays locked while the program lives, though its host is killed")
    func sharedLock() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local L = xpm.task { id = "h.l", params = { n = xpm.int { groups = { "n" } },
              f = xpm.job_path { "f", partial = xpm.partial { exclude_groups = { "n" } } } },
              command = "touch {f}; while [ ! -e {f}.stop ]; do sleep 0.02; done" }
            function run() L { n = 1 }:submit() end
            """, to: "experiment.lua")
        let (process, tag) = try bench.start(["run", "experiment.lua"])
        var folder = ""
        #expect(
            try bench.wait {
                let partials = "\(bench.folder)/workspace/partials/h.l/f"
                folder = (try? Files.list(partials).first).map { "\(partials)/\($0)" } ?? ""
                return !folder.isEmpty && Files.exists("\(folder)/f")
            })
        let job = try #require(try bench.jobs("h.l").first)
        // Written when the program has begun.
        #expect(try bench.wait { ProcessRecord.read(job.process) != nil })
        let record = try #require(ProcessRecord.read(job.process))
        let stat = try Files.readText("/proc/\(record.pid)/stat")
        let fields = (stat.split(separator: ")").last ?? "").split(separator: " ")
        let host = try #require(Int32(fields[1]))
        kill(host, SIGKILL)
        #expect(try bench.stays(seconds: 0.1) { FileLock.isHeld("\(folder)/.lock") })
        try Files.write([], to: "\(folder)/f.stop")
        _ = try bench.finish(process, tag)
        #expect(!FileLock.isHeld("\(folder)/.lock"))
    }

    @Test("what a run saved is loaded by another experiment, whose task waits for nothing")
    func savedByRun() throws {
        let bench = try Workbench()
        let types = """
            local xpm = require "xpm"
            local Model = xpm.config { id = "s.model", params = { n = xpm.int } }
            local Train = xpm.task { id = "s.train", params = { n = xpm.int, w = xpm.job_path "w" }, command = "echo {n} >{w}",
              outputs = function(self, dep) return dep(Model { n = self.n }) end }
            local Use = xpm.task { id = "s.use", params = { model = Model }, command = { "echo", "{model.n}" } }

            """
        try bench.write(
            types + """
                function run(helper)
                  local model = Train { n = 3 }:submit()
                  Use { model = model }:submit()
                  helper.xp:save(model, "best")
                end
                """, to: "first.lua")
        try bench.write(
            types + "function run(helper) Use { model = helper.xp:load(\"first\", \"best\") }:submit() end\n",
            to: "second.lua")
        #expect(try bench.run("run", "first.lua").code == 0)
        let second = try bench.run("run", "second.lua")
        #expect(second.code == 0 && second.error.contains("1 task: 1 cached"), "\(second.error)")
        for job in try bench.jobs("s.train") { try Files.removeTree(job.path, below: job.workspace) }
        let gone = try bench.run("run", "second.lua")
        #expect(gone.code == 2 && gone.error.contains("which is not done here"), "\(gone.error)")
    }

    @Test(
        "a job with a damaged params.json fails with the reason",
        arguments: [
            ("{", "params.json is not JSON"),
            ("{\"version\": 3, \"objects\": []}", "params.json: no objects"),
            ("{\"version\": 99, \"objects\": [1]}", "has version 99"),
            ("{\"version\": 3, \"scheme\": \"other\", \"objects\": [1]}", "identity scheme \"other\""),
            (
                "{\"version\": 3, \"objects\": [{\"id\": 1, \"typename\": \"f.task\", \"identifier\": \"\", \"task\": 1, \"fields\": {\"n\": \"x\"}}]}",
                "f.task.n: expected int, got string \"x\""
            ),
        ])
    func damagedParameters(_ text: String, _ reason: String) throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "f.task", params = { n = xpm.int }, execute = function(self) end }
            function run() T { n = 1 }:submit() end
            """, to: "experiment.lua")
        #expect(try bench.run("run", "--run-mode", "generate", "experiment.lua").code == 0)
        let job = try #require(try bench.jobs("f.task").first)
        try Files.write(Array(text.utf8), to: job.parameters)
        let result = try bench.run(program: job.script(.lua))
        #expect(result.code != 0 && result.error.contains(reason), "\(result.error)")
        #expect(Files.exists(job.failed) && !Files.exists(job.done))
    }

    @Test("identifiers do not depend on the folder, the layout of files, the locale or the order of pairs")
    func independence() throws {
        let bench = try Workbench()
        let types = """
            local xpm = require "xpm"
            local M = xpm.config { id = "n.model", params = { sizes = xpm.map(xpm.string, xpm.float), when = xpm.any, data = xpm.path } }
            local T = xpm.task { id = "n.task", command = "true", params = { models = xpm.list(M), label = xpm.string, out = xpm.job_path "ä" } }
            """
        let plan = """
            function run(helper)
              local sizes = {}
              local names = { "z", "a", "É", "e", "ä", "10", "9", "x.y" }
              local first = tonumber(helper.args[1] or 1)
              for index = 1, #names do
                local name = names[(index * first) % #names + 1]
                sizes[name] = #name / 3
              end
              T { models = { M { sizes = sizes, when = { b = 1, a = { 2, 3 } }, data = "data.csv" } }, label = "Ünï" }:submit()
            end
            """
        try bench.write("\(types)\n\(plan)", to: "one.lua")
        try bench.write("return require 'lib.whole'", to: "deep/er/two.lua")
        try bench.write("-- a comment\n\(types)\n\n\(plan)\n", to: "deep/er/lib/whole.lua")
        try bench.write("\(types)\nlocal \(plan)\nreturn xpm.experiment(run)", to: "three.lua")
        var found: Set<String> = []
        for (arguments, folder, environment) in [
            (["one.lua"], ".", [:]), (["../../one.lua", "--", "3"], "deep/er", ["LC_ALL": "tr_TR.UTF-8"]),
            (["two.lua", "--", "5"], "deep/er", ["LC_ALL": "C"]),
            (["deep/er/two.lua", "--", "7"], ".", ["LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo"]),
            (["three.lua", "--workdir", "/tmp/elsewhere"], ".", ["HOME": "/nowhere"]),
        ] as [([String], String, [String: String])] {
            let (process, tag) = try bench.start(
                ["identity"] + arguments, in: folder, environment: environment)
            let result = try bench.finish(process, tag)
            #expect(result.code == 0, "\(result.error)")
            found.insert(result.output)
        }
        #expect(found.count == 1, "\(found)")
    }

    @Test("annotations are written beside an experiment, and by init")
    func annotations() throws {
        let bench = try Workbench()
        let result = try bench.run("annotations")
        #expect(result.code == 0 && result.output == "wrote xpm.meta.lua\n")
        #expect(try bench.read("xpm.meta.lua").hasPrefix("---@meta xpm\n"))
        #expect(try bench.run("annotations", "--print").output == bench.read("xpm.meta.lua"))
        #expect(try bench.run("init", "new").code == 0)
        #expect(try bench.read("new/xpm.meta.lua") == bench.read("xpm.meta.lua"))
        #expect(try bench.run("annotations", "no/such").code == 2)
    }
}
