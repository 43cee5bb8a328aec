import Model
import Settings
import Testing
import Text

@testable import LuaBridge

@Suite("Plans of scripts", .timeLimit(.minutes(20)))
struct ScriptPlanTests {
    @Test("the first example of the documentation plans what it says")
    func example() throws {
        let bench = try PlanBench()
        try bench.write("", to: "evaluate.py")
        try bench.run(
            """
            local xpm = require "xpm"
            local Model = xpm.config {
              id = "iris.model",
              params = { hidden = xpm.int { default = 16, help = "Hidden units" }, dropout = xpm.float { default = 0, ignore_default = true } },
            }
            local Train = xpm.task {
              id = "iris.train", help = "Trains one classifier",
              params = {
                model = Model, learning_rate = xpm.float, seed = xpm.int { default = 1 },
                verbose = xpm.bool { default = false, meta = true }, weights = xpm.job_path "weights.csv",
                version = xpm.constant "2.1",
              },
              execute = function(self) end,
            }
            local Evaluate = xpm.task {
              id = "iris.evaluate",
              params = { trained = Train, split = xpm.enum { "dev", "test", default = "test" } },
              command = { "sh", "{here}/evaluate.py", "--weights", "{trained.weights}", "--split", "{split}" },
            }
            local Configuration = xpm.configuration {
              learning_rate = xpm.float { default = 1e-3 }, seeds = xpm.list(xpm.int) { default = { 1, 2 } },
            }
            local function run(helper, cfg)
              for _, seed in ipairs(cfg.seeds) do
                local trained = Train { model = Model {}, learning_rate = xpm.tag("lr", cfg.learning_rate), seed = xpm.tag(seed) }
                local job = Evaluate { trained = trained:submit() }:submit()
                assert(job:tags().lr == 1e-3 and job:tags().seed == seed)
                assert(xpm.tagspath(job) == "lr=0.001_seed=" .. seed, xpm.tagspath(job))
                assert(trained.weights:match "/jobs/iris.train/%x+/weights.csv$")
                assert(#job:identifier() == 64)
              end
            end
            return xpm.experiment { configuration = Configuration, run = run }
            """)
        #expect(
            bench.planned.map(\.task.type.id) == [
                "iris.train", "iris.evaluate", "iris.train", "iris.evaluate",
            ])
        #expect(bench.planned[1].needs == ["iris.train"])
    }

    @Test("the same task is planned once, whatever is meta, ignored or tagged")
    func once() throws {
        let bench = try PlanBench()
        try bench.run(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t", command = "true", params = {
              n = xpm.float, quiet = xpm.bool { default = false, meta = true }, new = xpm.int { default = 0, ignore_default = true } } }
            function run()
              local one = T { n = 1 }:submit()
              assert(T { n = 1.0, quiet = true }:submit():identifier() == one:identifier())
              T { n = xpm.tag(1), new = 0 }:submit()
              T { n = 2 }:submit()
            end
            """)
        #expect(bench.planned.count == 2)
    }

    @Test("types: inheritance, maps, optional, any, union, refs, methods, instances of bases")
    func types() throws {
        let bench = try PlanBench()
        try bench.run(
            """
            local xpm = require "xpm"
            local Base = xpm.config { id = "base", params = { a = xpm.int }, double = function(self) return 2 * self.a end }
            local Derived = xpm.config { id = "derived", extends = Base, params = { b = xpm.map(xpm.string, xpm.list(xpm.float)) } }
            local Node = xpm.config { id = "node", params = { next = xpm.optional(xpm.ref "node"), any = xpm.any { default = 1 } } }
            local T = xpm.task { id = "t", params = { base = Base, node = Node, u = xpm.union(xpm.int, xpm.string) }, command = "true" }
            function run(helper, cfg)
              local d = Derived { a = 4, b = { x = { 1, 2 }, y = {} } }
              assert(d:double() == 8 and d.b.x[2] == 2.0)
              local t = T { base = d, node = Node { next = Node {}, any = { p = { 1, 2 } } }, u = "x" }
              assert(t.base == d and t.node.next.next == nil and t.node.any.p[2] == 2)
              t:submit()
              local copy = d:copy { a = 5 }
              assert(copy.a == 5 and copy.b.x[1] == 1.0 and d.a == 4)
              copy.a = 6.0
              assert(math.type(copy.a) == "integer")
            end
            """)
        #expect(bench.planned.count == 1)
    }

    @Test("outputs say what depends on the task")
    func outputs() throws {
        let bench = try PlanBench()
        try bench.run(
            """
            local xpm = require "xpm"
            local Model = xpm.config { id = "model", params = { n = xpm.int } }
            local Learn = xpm.task {
              id = "learn", params = { n = xpm.int }, command = "true",
              outputs = function(self, dep) return { model = dep(Model { n = self.n }), free = Model { n = 9 } } end,
            }
            local Use = xpm.task { id = "use", params = { model = Model }, command = "true" }
            function run()
              local out = Learn { n = 1 }:submit()
              Use { model = out.model }:submit()
              Use { model = out.free }:submit()
              assert(xpm.job(out.model).path:match "/jobs/learn/")
            end
            """)
        #expect(bench.planned.map(\.needs) == [[], ["learn"], []])
        #expect(bench.planned[1].task.identifier != bench.planned[2].task.identifier)
    }

    @Test("an output that was part of the task depends on it, and equal outputs of two tasks differ")
    func sharedOutputs() throws {
        let bench = try PlanBench()
        try bench.run(
            """
            local xpm = require "xpm"
            local Model = xpm.config { id = "model", params = { n = xpm.int { default = 1 } } }
            local Learn = xpm.task {
              id = "learn", params = { model = Model, lr = xpm.float }, command = "true",
              outputs = function(self, dep) return dep(self.model) end,
            }
            local Use = xpm.task { id = "use", params = { model = Model }, command = "true" }
            function run()
              for lr = 1, 2 do Use { model = Learn { model = Model {}, lr = lr }:submit() }:submit() end
              local bad = Learn { model = Model {}, lr = 3, }
              local ok = pcall(function() bad:submit { env = { ["A B"] = 1 } } end)
              assert(not ok)
              assert(not pcall(function() Use { model = Model {} }:add_dependencies(bad) end))
            end
            """)
        #expect(bench.planned.map(\.needs) == [[], ["learn"], [], ["learn"]])
        #expect(Set(bench.planned.map(\.task.identifier)).count == 4)
    }

    @Test("an identifier with instances is the same alone, nested, and in the next run")
    func instances() throws {
        let script = """
            local xpm = require "xpm"
            local I = xpm.instance_config { id = "i", params = { v = xpm.int } }
            local T = xpm.task { id = "t", params = { i = I }, command = "true" }
            local D = xpm.task { id = "d", params = { a = I, t = T }, command = "true" }
            function run() D { a = I { v = 1 }, t = T { i = I { v = 1 } }:submit() }:submit() end
            """
        let identifiers = try (0..<2).map { _ in
            let bench = try PlanBench()
            try bench.run(script)
            #expect(bench.planned.map(\.needs) == [[], ["t"]])
            return bench.planned[1].task.identifier
        }
        #expect(identifiers[0] == identifiers[1])
    }

    @Test("scripts that change what they can, and finalizers at the end, do no harm")
    func hostile() throws {
        let bench = try PlanBench()
        try bench.run(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t", params = { n = xpm.int { default = 1 } }, command = "true" }
            function run()
              local t = T {}
              KEEP = setmetatable({}, { __gc = function() print(t.n) end })
              t:submit()
              package = nil
              string = "x"
            end
            """)
        #expect(
            bench.failure(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "t", params = { c = xpm.list(xpm.string) { default = {} } }, command = { "{c}" } }
                function run() T {}:submit() end
                """) == "experiment.lua:3: t: command: there is no program")
        #expect(
            bench.failure("local xpm = require 'xpm'\nlocal t = {} t.a = t\nxpm.configuration(t)")?
                .contains("nested too deep") == true)
    }

    @Test("the quick form: a global run, the YAML as a read-only table, grids, helper.args")
    func quick() throws {
        let bench = try PlanBench()
        let list = Setting(
            .list([Setting(.float(0.1), origin: .none), Setting(.float(0.2), origin: .none)]), origin: .none)
        try bench.run(
            """
            local xpm = require "xpm"
            local Train = xpm.task { id = "train", params = { lr = xpm.float, seed = xpm.int }, command = "echo {lr} {seed} {{x}}" }
            function run(helper, cfg)
              assert(helper.args[1] == "a" and helper.run_mode == "dry-run" and helper.configuration == cfg)
              assert(cfg.nothing == nil and #cfg.lr == 2)
              for key in pairs(cfg) do assert(key == "lr") end
              for p in xpm.grid { lr = cfg.lr, seed = { 1, 2, 3 } } do Train(p):submit() end
            end
            """, configuration: Setting(.map([.init(key: "lr", value: list)]), origin: .none),
            arguments: ["a"])
        #expect(bench.planned.count == 6)
        #expect(bench.planned[5].task.allTags().pathComponent == "lr=0.2_seed=3")
    }

    @Test("helpers of one's own, modules beside the script, along luapath, and a script before it")
    func modules() throws {
        let bench = try PlanBench()
        try bench.write("return { value = 5 }", to: "lib/near.lua")
        try bench.write("return { value = 6 }", to: "elsewhere/far/init.lua")
        try bench.write("before = 1", to: "pre.lua")
        try bench.run(
            """
            local xpm = require "xpm"
            local near, far = require "lib.near", require "far"
            assert(before == 1)
            local Mine = xpm.helper { twice = function(self, n) return 2 * n end }
            return Mine:experiment(function(helper, cfg)
              assert(helper:twice(near.value) == 10 and far.value == 6 and helper.xp.workdir:match "/workspace$")
              helper.xp:setenv("A", "1")
            end)
            """
        ) { [folder = bench.folder] input in
            input.luapath = ["\(folder)/elsewhere"]
            input.preExperiment = "\(folder)/pre.lua"
        }
    }

    @Test("a table of an object is its own: what is changed in it counts until it is submitted")
    func tables() throws {
        let bench = try PlanBench()
        try bench.run(
            """
            local xpm = require "xpm"
            local Part = xpm.config { id = "part", params = { l = xpm.list(xpm.int) } }
            local T = xpm.task { id = "t", command = "true", params = { part = Part, m = xpm.map(xpm.string, xpm.any) } }
            function run()
              local part = Part { l = { 3, 1 } }
              table.insert(part.l, 2)
              table.sort(part.l)
              assert(part.l == part.l and #part.l == 3)
              local t = T { part = part, m = {} }
              t.m.x = { 5 }
              assert(t:copy().m.x[1] == 5)
              t:submit()
              local same = T { part = Part { l = { 1, 2, 3 } }, m = { x = { 5 } } }
              assert(same:identifier() == t:identifier())
              t.m.y = 1
              assert(same:identifier() == t:identifier())
              local names = {}
              for name in pairs(t) do names[#names + 1] = name end
              table.sort(names)
              assert(table.concat(names, " ") == "m part")
              part = Part { l = {} }
              local old = part.l
              part.l = { 7 }
              old[1] = 9
              assert(part.l[1] == 7)
            end
            """)
        #expect(bench.planned.count == 1)
        #expect(
            bench.failure(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "t", command = "true", params = { l = xpm.list(xpm.int) } }
                function run()
                  local t = T { l = {} }
                  t.l[1] = "x"
                  t:submit()
                end
                """) == "experiment.lua:6: t.l[1]: expected int, got string \"x\"")
    }

    @Test("a plan does not depend on the order of pairs, the folder or the locale")
    func determinism() throws {
        let script = """
            local xpm = require "xpm"
            local T = xpm.task { id = "t", params = { m = xpm.map(xpm.string, xpm.any) }, command = "true" }
            function run()
              os.setlocale("C")
              local m = {}
              for i = 1, 50 do m["k" .. i * 7919 % 101] = { a = i, b = { i, i + 0.5 } } end
              T { m = m }:submit()
            end
            """
        let identifiers = try (0..<5).map { _ in
            let bench = try PlanBench()
            try bench.run(script)
            return bench.planned[0].task.identifier
        }
        #expect(Set(identifiers).count == 1)
    }
}
