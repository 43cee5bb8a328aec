import Model
import Store
import Testing
import Text

@testable import LuaBridge

/// What a lab's type definitions need, as scripts write it.
@Suite("Configurations in scripts", .timeLimit(.minutes(20)))
struct ConfigurationTests {
    private func run(_ body: String, _ plan: String) throws -> PlanBench {
        let bench = try PlanBench()
        try bench.run("local xpm = require \"xpm\"\n\(body)\nfunction run(helper, cfg)\n\(plan)\nend\n")
        return bench
    }

    @Test("a default that a function makes is made for each object, and read at once")
    func factories() throws {
        _ = try run(
            """
            local made = 0
            local Opt = xpm.config { id = "o", params = { lr = xpm.float { default = 0.1 } } }
            local T = xpm.task { id = "t", command = "true", params = {
              opt = xpm.ref(Opt) { default = function() made = made + 1; return Opt { lr = made } end },
              names = xpm.list(xpm.string) { default = function() return { "a" } end } } }
            """,
            """
            local one, two = T {}, T {}
            assert(one.opt ~= two.opt and one.opt.lr == 1 and two.opt.lr == 2)
            one.names[2] = "b"
            assert(#two.names == 1 and one:identifier() ~= two:identifier())
            assert(T { opt = Opt {} }.opt.lr == 0.1 and made == 2)
            assert(one:submit():identifier() == one:identifier())
            """)
    }

    @Test("'..' fills the one parameter that fits, from the right")
    func composition() throws {
        _ = try run(
            """
            local Inner = xpm.config { id = "inner", params = { n = xpm.int } }
            local Middle = xpm.config { id = "middle", params = { inner = xpm.optional(Inner), other = xpm.int { default = 1 } } }
            local Outer = xpm.task { id = "outer", command = "true", params = { middle = Middle } }
            """,
            """
            local whole = Outer {} .. Middle {} .. Inner { n = 3 }
            assert(whole.middle.inner.n == 3)
            assert(whole:identifier() == Outer { middle = { inner = { n = 3 } } }:identifier())
            """)
    }

    @Test("init tasks are part of the identity, in their order")
    func initTasks() throws {
        let bench = try run(
            """
            local Seed = xpm.lightweight_task { id = "seed", params = { n = xpm.int }, execute = function() end }
            local T = xpm.task { id = "t", params = {}, execute = function() end }
            """,
            """
            T {}:submit()
            T {}:submit { init_tasks = { Seed { n = 1 }, Seed { n = 2 } } }
            T {}:submit { init_tasks = { Seed { n = 2 }, Seed { n = 1 } } }
            T {}:submit { init_tasks = { Seed { n = 1 }, Seed { n = 2 } } }
            """)
        #expect(bench.planned.count == 3)
    }

    @Test("deprecated types and names give the identifiers of the new ones")
    func deprecated() throws {
        let bench = try run(
            """
            local New = xpm.config { id = "new", params = {
              values = xpm.list(xpm.int), value = xpm.renamed(function(self, v) self.values = { v } end) } }
            local Old = xpm.deprecate { id = "old", params = { n = xpm.int }, convert = function(self) return New { values = { self.n } } end }
            local Older = xpm.deprecate { id = "older", params = { m = xpm.int }, convert = function(self) return Old { n = self.m } end }
            local Gone = xpm.deprecate { id = "gone", params = { m = xpm.int }, replace = true, to = New, convert = function(self) return New { values = { self.m } } end }
            local Renamed = xpm.deprecate { id = "renamed", to = New }
            local T = xpm.task { id = "t.task", command = "true", params = { new = New } }
            local OldTask = xpm.deprecate { id = "t.old", params = { v = xpm.int }, convert = function(self) return T { new = New { values = { self.v } } } end }
            """,
            """
            local id = New { values = { 4 } }:identifier()
            assert(Old { n = 4 }:identifier() == id)
            assert(Older { m = 4 }:identifier() == id)
            assert(Renamed { values = { 4 } }:identifier() == id)
            assert(New { value = 4 }:identifier() == id)
            local gone = Gone { m = 4 }
            assert(gone.type == "new" and gone.values[1] == 4)
            local one = T { new = Old { n = 4 } }:submit()
            assert(one:identifier() == T { new = New { value = 4 } }:identifier())
            assert(OldTask { v = 4 }:submit():identifier() == one:identifier())
            """)
        #expect(bench.planned.map(\.task.type.id) == ["t.task"])
    }

    @Test("instances are told apart, equal configs are not")
    func instances() throws {
        _ = try run(
            """
            local Part = xpm.instance_config { id = "part", params = { n = xpm.int { default = 1 } } }
            local Pair = xpm.config { id = "pair", params = { a = Part, b = Part } }
            """,
            """
            local part = Part {}
            assert(Pair { a = part, b = part }:identifier() ~= Pair { a = part, b = Part {} }:identifier())
            assert(Pair { a = Part {}, b = Part {} }:identifier() == Pair { a = Part {}, b = Part {} }:identifier())
            """)
    }

    @Test("the content of an xpm.file counts, its name does not")
    func files() throws {
        let bench = try PlanBench()
        try bench.write("same", to: "a.txt")
        try bench.write("same", to: "sub/b.txt")
        try bench.write("other", to: "c.txt")
        try bench.run(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t", command = { "cat", "{data}" }, params = { data = xpm.file } }
            function run()
              local a = T { data = "a.txt" }
              assert(a:identifier() == T { data = "sub/b.txt" }:identifier())
              assert(a:identifier() ~= T { data = "c.txt" }:identifier())
              assert(a.data:match "^/.*/a.txt$")
              a:submit()
            end
            """)
        #expect(bench.planned.count == 1)
    }

    @Test("tags stay with an object that says so")
    func stopTags() throws {
        _ = try run(
            """
            local M = xpm.config { id = "m", params = { n = xpm.int } }
            local T = xpm.task { id = "t", command = "true", params = { m = M, lr = xpm.float } }
            """,
            """
            local m = M { n = xpm.tag(3) }
            assert(T { m = m, lr = xpm.tag(1) }:tags().n == 3)
            local task = T { m = xpm.stop_tags(m), lr = xpm.tag(1) }
            assert(task:tags().n == nil and task:tags().lr == 1 and m:tags().n == 3)
            """)
    }

    @Test("an object is saved and loaded with its data, in a plan")
    func saving() throws {
        let bench = try PlanBench()
        try bench.write("w", to: "weights.bin")
        try bench.run(
            """
            local xpm = require "xpm"
            local M = xpm.config { id = "m", params = { w = xpm.data_path, n = xpm.int } }
            function run()
              local folder = "\(bench.folder)/saved"
              local model = M { w = "weights.bin", n = 3 }
              xpm.save(model, folder)
              local loaded = xpm.load(folder)
              assert(loaded.n == 3 and loaded:identifier() == model:identifier())
              assert(io.open(loaded.w):read "a" == "w" and loaded.w == folder .. "/w")
            end
            """, mode: .generate)
    }

    @Test("the parameter named like what a file of parameters uses keeps its place in the identity")
    func metadataNames() throws {
        _ = try run(
            """
            local T = xpm.task { id = "t", command = "true", params = {
              id = xpm.int, fields = xpm.int { default = 0 }, typename = xpm.string { default = "" }, module = xpm.map(xpm.string, xpm.any) { default = {} } } }
            """,
            """
            local base = T { id = 1 }:identifier()
            for _, other in ipairs { T { id = 2 }, T { id = 1, fields = 1 }, T { id = 1, typename = "t" }, T { id = 1, module = { type = "python", value = 1 } } } do
              assert(other:identifier() ~= base)
              other:submit()
            end
            """)
    }

    @Test("a config of two tasks has the paths of each in that one's folder")
    func sharedPaths() throws {
        _ = try run(
            """
            local M = xpm.config { id = "m", params = { w = xpm.job_path "w.txt" } }
            local T = xpm.task { id = "t", command = { "touch", "{m.w}" }, params = { m = M, also = xpm.list(M) { default = {} }, n = xpm.int } }
            """,
            """
            local m = M {}
            local one = T { m = m, n = 1 }:submit()
            local two = T { m = m, also = { m }, n = 2 }:submit()
            assert(one.m.w:find(one:identifier(), 1, true) and two.m.w:find(two:identifier(), 1, true))
            assert(two.m == two.also[1])
            """)
    }

    @Test(
        "submitting again gives the same job, also when its output was part of it; what changed before counts"
    )
    func again() throws {
        let bench = try run(
            """
            local M = xpm.config { id = "m", params = { sizes = xpm.list(xpm.int), old = xpm.renamed "sizes" } }
            local T = xpm.task { id = "t", command = "true", params = { m = M }, outputs = function(self, dep) return dep(self.m) end }
            local U = xpm.task { id = "u", command = "true", params = { n = xpm.int }, outputs = function(self, dep)
              local m = M { sizes = { 1 } }
              m.sizes[2] = 2
              return dep(m)
            end }
            """,
            """
            local task = T { m = M { sizes = { 1 } } }
            assert(task:submit() == task:submit())
            assert(#U { n = 1 }:submit().sizes == 2)
            local m = M { sizes = { 1 } }
            local before = #m.sizes
            m.old = { 7, 8 }
            assert(m.sizes[2] == 8 and T { m = m }:submit().sizes[1] == 7)
            """)
        #expect(bench.planned.count == 3)
    }

    @Test(
        "what was said of a deprecated task is said of the one that it becomes, and tasks see the new objects"
    )
    func takenOver() throws {
        let bench = try run(
            """
            local New = xpm.config { id = "new", params = { sizes = xpm.list(xpm.int) } }
            local Old = xpm.deprecate { id = "old", params = { n = xpm.int }, convert = function(self) return New { sizes = { self.n } } end }
            local First = xpm.task { id = "first", command = "true", params = {} }
            local T = xpm.task { id = "t", command = { "echo", "{new.sizes}" }, params = { new = New } }
            local OldTask = xpm.deprecate { id = "t.old", params = { n = xpm.int }, convert = function(self) return T { new = Old { n = self.n } } end }
            """,
            """
            local first = First {}:submit()
            local old = OldTask { n = 3 }
            old:add_dependencies(first)
            local task = old:submit()
            assert(task.new.type == "new" and task.new.sizes[1] == 3)
            """)
        #expect(bench.planned.last?.needs == ["first"])
    }
}
