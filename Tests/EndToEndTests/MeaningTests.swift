import Foundation
import Inventory
import Model
import Store
import System
import Testing
import Text

/// Commands, values and keys mean one thing, and arrive whole.
@Suite("Meaning", .timeLimit(.minutes(20)))
struct MeaningTests {
    private func bench(_ script: String) throws -> Workbench {
        let bench = try Workbench()
        try bench.write("local xpm = require \"xpm\"\n" + script, to: "t.lua")
        return bench
    }

    // MARK: Commands

    @Test("a text fails with its first command that fails, also in a pipe; strict = false lets it go on")
    func strict() throws {
        let bench = try bench(
            #"""
            local A = xpm.task { id = "c.a", params = {}, command = "cat /nonexistent | tee log" }
            local B = xpm.task { id = "c.b", params = {}, command = "false; true" }
            local C = xpm.task { id = "c.c", params = {}, command = "false; cat /nonexistent | tee log", strict = false }
            function run() A {}:submit() B {}:submit() C {}:submit() end
            """#)
        let result = try bench.run("run", "t.lua")
        #expect(result.code == 1 && result.error.contains("1 done, 2 failed"), "\(result)")
        #expect(try bench.jobs("c.c").first?.isDone == true)
    }

    @Test(
        "what a command cannot mean is told at its definition",
        arguments: [
            (#"command = "echo \"{s}\"""#, "{s} stands inside quotes"),
            (#"command = "echo '{s}'""#, "{s} stands inside quotes"),
            (#"command = "echo ${s}""#, "write {s} for the value of a parameter"),
            (#"command = { "echo", "${s}" }"#, "write {s} for the value of a parameter"),
        ])
    func commands(_ command: String, _ message: String) throws {
        let bench = try bench(
            "local T = xpm.task { id = \"q.t\", params = { s = xpm.string }, \(command) }\nfunction run() T { s = \"a\" }:submit() end\n"
        )
        let result = try bench.run("run", "t.lua")
        #expect(
            result.code == 2 && result.error.contains("t.lua:2: q.t: command:")
                && result.error.contains(message), "\(result)")
    }

    @Test("quotes of the shell that hold no value, and values beside them, are as before")
    func quoting() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "q.t", params = { s = xpm.string, o = xpm.optional(xpm.int), m = xpm.map(xpm.string, xpm.int), l = xpm.list(xpm.int) },
              command = "echo \"it's $(echo {s})\" 'a' # don't {s}\ncat <<END\nit's {o}{s}\nEND\nprintf '<%s>' {o} {m} {l}; echo \"a\"{s}'b'" }
            function run() T { s = "x y'z", m = { b = 1 }, l = { 1, 2 } }:submit() end
            """#)
        let refused = try bench.run("run", "t.lua")
        #expect(refused.code == 2 && refused.error.contains("{o} is nil within a word"), "\(refused)")
        try bench.write(bench.read("t.lua").replacing("it's {o}{s}", with: "it's here"), to: "t.lua")
        #expect(try bench.run("run", "t.lua").code == 0)
        let job = try #require(try bench.jobs("q.t").first)
        #expect(try Files.readText(job.output) == "it's x y'z a\nit's here\n<{\"b\": 1}><1><2>ax y'zb\n")
    }

    @Test("a NUL byte is an error where it would be cut off, and a text beyond 128 KB runs")
    func largeAndNUL() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "g.t", params = { s = xpm.string }, command = { "echo", "{s}" } }
            local L = xpm.task { id = "g.l", params = {}, command = "true " .. ("#"):rep(200000) .. "\necho fine" }
            function run(helper)
              if helper.args[1] == "arg" then T { s = "a\0b" }:submit() end
              if helper.args[1] == "env" then T { s = "a" }:submit { env = { X = "a\0b" } } end
              if helper.args[1] == "xp" then helper.xp:setenv("X", "a\0b") end
              L {}:submit()
            end
            """#)
        for (word, message) in [
            ("arg", "argument 1 holds a NUL byte"), ("env", "X holds a NUL byte"),
            ("xp", "X holds a NUL byte"),
        ] {
            let result = try bench.run("run", "t.lua", "--", word)
            #expect(
                result.code == 2 && result.error.contains(message) && result.error.contains("t.lua:"),
                "\(result)")
        }
        #expect(try bench.run("run", "t.lua").code == 0)
        #expect(try Files.readText(try #require(try bench.jobs("g.l").first).output) == "fine\n")
    }

    // MARK: Values

    @Test("Lua tasks draw their own numbers, the same when they run again, and fresh ones when they ask")
    func seeds() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "r.t", params = { n = xpm.int }, execute = function(self)
              local own = math.random(1 << 60)
              math.randomseed()
              self:result { own = own, fresh = math.random(1 << 60) }
            end }
            function run() for n = 1, 24 do T { n = n }:submit() end end
            """#)
        func values() throws -> [(String, JSON?, JSON?)] {
            #expect(try bench.run("run", "-j", "2", "t.lua").code == 0)
            return try bench.jobs("r.t").map {
                ($0.identifier, JobResult.read($0)?["own"], JobResult.read($0)?["fresh"])
            }
            .sorted { $0.0 < $1.0 }
        }
        let first = try values()
        #expect(
            TextSet(first.map { $0.1?.text ?? "" }).count == 24
                && TextSet(first.map { $0.2?.text ?? "" }).count == 24)
        try Files.removeTree("\(bench.folder)/workspace", below: bench.folder)
        let second = try values()
        #expect(zip(first, second).allSatisfy { $0.1 == $1.1 && $0.2 != $1.2 })
    }

    @Test("one seed draws the same points in Lua and in YAML, in any order of the names")
    func draws() throws {
        let bench = try bench(
            #"""
            function run()
              for p in xpm.random { n = 5, seed = 7, k = { "a", "b", "c" }, w = xpm.integers(1, 100), u = xpm.uniform(2, 3), lr = xpm.loguniform(1e-5, 1) } do
                print(p.k, p.lr, p.u, p.w)
              end
            end
            """#)
        let lua = try bench.run("run", "--run-mode", "dry-run", "t.lua").output
        try bench.write("function run(helper, cfg) print(cfg.k, cfg.lr, cfg.u, cfg.w) end\n", to: "y.lua")
        try bench.write(
            "grid_search:\n  random: {w: {integers: [1, 100]}, u: {uniform: [2, 3]}, n: 5, lr: {loguniform: [1e-5, 1]}, seed: 7, k: [a, b, c]}\n",
            to: "y.yaml")
        let yaml = try bench.run("run", "--run-mode", "dry-run", "y.lua", "y.yaml")
        #expect(yaml.code == 0 && yaml.output == lua && !lua.isEmpty, "\(yaml)\n\(lua)")
    }

    @Test("a job that two loops share is found under the tags of both", arguments: [false, true])
    func sharedTags(reversed: Bool) throws {
        let loops = [
            "for _, lr in ipairs { 0.1, 0.2 } do T { lr = xpm.tag(\"lr\", lr), depth = 3 }:submit() end",
            "for _, depth in ipairs { 3, 4 } do T { lr = 0.1, depth = xpm.tag(\"depth\", depth) }:submit() end",
        ]
        let bench = try bench(
            """
            local T = xpm.task { id = "b.t", params = { lr = xpm.float, depth = xpm.int }, execute = function(self) self:result { a = 1 } end }
            function run()
              \((reversed ? loops.reversed() : loops).joined(separator: "\n  "))
            end
            """)
        #expect(try bench.run("run", "t.lua").code == 0)
        for filter in ["lr = 0.1", "depth = 3", "lr = 0.1 and depth = 3"] {
            let found = try bench.run("jobs", "list", "--filter", filter)
            #expect(found.output.split(separator: "\n").count == 1, "\(filter): \(found)")
        }
    }

    @Test("keys of maps have paths of their own, and stay in the folder")
    func mapKeys() throws {
        let bench = try bench(
            #"""
            local C = xpm.config { id = "k.c", params = { f = xpm.job_path "f" } }
            local T = xpm.task { id = "k.t", params = { m = xpm.map(xpm.string, C), i = xpm.map(xpm.int, C) }, execute = function(self)
              local seen = {}
              for _, map in ipairs { self.m, self.i } do
                for key, c in pairs(map) do
                  assert(not seen[c.f] and c.f:find("/out/", 1, true) and not c.f:find("..", 1, true), c.f)
                  seen[c.f] = key
                end
              end
            end }
            function run()
              local m = {}
              for _, key in ipairs { "..", ".", "_", "", "%", "a/b", "a-b", "a%2Fb", "%2E" } do m[key] = C {} end
              T { m = m, i = { [1] = C {}, [7] = C {} } }:submit()
            end
            """#)
        let result = try bench.run("run", "t.lua")
        #expect(result.code == 0, "\(result)")
    }

    @Test("values of the command line merge, replace, keep their signs, and reach quoted names")
    func options() throws {
        let bench = try bench(
            "function run(helper, cfg) print('', cfg.o.lr, cfg.o.m, cfg.s, cfg.l and cfg.l['a.b']) end\n")
        try bench.write("o: {lr: 0.1, m: 0.9}\ns: x\nl: {a.b: 1}\n", to: "t.yaml")
        func printed(_ words: String...) throws -> String {
            let (process, tag) = try bench.start(["run", "--run-mode", "dry-run", "t.lua", "t.yaml"] + words)
            return try bench.finish(process, tag).output
        }
        #expect(try printed("-c", "o={lr: 0.5}") == "\t0.5\t0.9\tx\t1\n")
        #expect(try printed("-c", "o:={lr: 0.5}") == "\t0.5\tnil\tx\t1\n")
        #expect(try printed("-c", "s=run #3", "-c", "l.\"a.b\"=3") == "\t0.1\t0.9\trun #3\t3\n")
        #expect(try printed("-c", "s=#fff") == "\t0.1\t0.9\t#fff\t1\n")
        #expect(try printed("--sweep", "l.\"a.b\"=1,2").split(separator: "\n").count == 2)
        #expect(try printed("--sweep", "o={lr: 1},{lr: 2}") == "\t1\t0.9\tx\t1\n\t2\t0.9\tx\t1\n")
    }

    @Test("the environment is read as YAML is, inside out; a null in a list has a place of its own")
    func environment() throws {
        let bench = try bench(
            #"""
            return xpm.experiment { configuration = xpm.configuration { lr = xpm.float, s = xpm.string, l = xpm.list(xpm.int) { default = {} } },
              run = function(helper, cfg) print(cfg.lr, cfg.s, math.type(cfg.lr)) end }
            """#)
        func run(_ yaml: String, _ variables: [String: String] = [:], _ words: String...) throws
            -> Workbench.Result
        {
            try bench.write(yaml, to: "t.yaml")
            let (process, tag) = try bench.start(
                ["run", "--run-mode", "dry-run", "t.lua", "t.yaml"] + words, environment: variables)
            return try bench.finish(process, tag)
        }
        #expect(try run("lr: ${env:LR:-1e-3}\ns: ${env:ID}\n", ["ID": "012"]).output == "0.001\t012\tfloat\n")
        #expect(
            try run("lr: 1\ns: ${env:A_${env:B}:-${env:C:-d}}\n", ["B": "X", "A_X": "y"]).output
                == "1.0\ty\tfloat\n")
        #expect(try run("lr: 1\ns: \"$${HOME} ${env:C:-d}\"\n").output == "1.0\t${HOME} d\tfloat\n")
        let unknown = try run("lr: 1\ns: ${HOME}\n")
        #expect(
            unknown.code == 2
                && unknown.error.contains("t.yaml:2:4: there is no key 'HOME' for '${HOME}'; ${env:HOME} is"),
            "\(unknown)")
        let hole = try run("lr: 1\ns: a\nl: [1, null]\n")
        #expect(hole.code == 2 && hole.error.contains("t.yaml:3:8: null in a list, at position 1"), "\(hole)")
        let quoted = try run("lr: 1\ns: a\n", [:], "-c", "s=012")
        #expect(quoted.code == 2 && quoted.error.contains("as a text: -c 's=\"012\"'"), "\(quoted)")
        let small = try run("lr: 1\ns: a\n", [:], "-c", "lr=1e-400")
        #expect(small.code == 2 && small.error.contains("too small for a float"), "\(small)")
        #expect(
            try run("lr: 1\ns: a\n", [:], "--sweep", "lr=1,1.0,2").output.split(separator: "\n").count == 2)
    }

    @Test("what outputs returns arrives, setenv keeps what is there, and a tag stays with what stops inside")
    func plan() throws {
        let bench = try bench(
            #"""
            local O = xpm.config { id = "p.o", params = { n = xpm.int } }
            local T = xpm.task { id = "p.t", params = { n = xpm.int }, command = { "sh", "-c", "echo $XPM_TEST_A $XPM_TEST_B" },
              outputs = function(self, dep) return dep(O { n = 1 }), dep(O { n = 2 }), "text" end }
            local U = xpm.task { id = "p.u", params = { o = O, q = O }, command = { "true" } }
            function run(helper)
              helper.xp:setenv("XPM_TEST_A", "new", false)
              helper.xp:setenv("XPM_TEST_B", "new", false)
              local a, b, c = T { n = 1 }:submit()
              assert(a.n == 1 and b.n == 2 and c == "text")
              local inner = O { n = xpm.tag("inner", 7) }
              for _, both in ipairs { xpm.tag("model", xpm.stop_tags(inner)), xpm.stop_tags(xpm.tag("model", inner)) } do
                local tags = U { o = both, q = O { n = 1 } }:tags()
                assert(tags.inner == nil and tags.model ~= nil, tostring(tags.inner))
              end
              U { o = a, q = b }:submit()
            end
            """#)
        let (process, tag) = try bench.start(["run", "t.lua"], environment: ["XPM_TEST_A": "old"])
        let result = try bench.finish(process, tag)
        #expect(result.code == 0, "\(result)")
        #expect(try Files.readText(try #require(try bench.jobs("p.t").first).output) == "old new\n")
    }

    @Test(
        "a chain through parameters writes each ancestor once; a Lua task and diff read on in their own files"
    )
    func chain() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "ch.t", params = { n = xpm.int, before = xpm.optional(xpm.ref "ch.t") }, command = "true" }
            local L = xpm.task { id = "ch.l", params = { t = T }, execute = function(self)
              local numbers, t = {}, self.t
              while t do numbers[#numbers + 1] = t.n t = t.before end
              self:result { numbers = table.concat(numbers, " ") }
            end }
            function run(h)
              local before
              for n = tonumber(h.args[1]), 40 do before = T { n = n, before = before }:submit() end
              L { t = before }:submit()
            end
            """#)
        #expect(try bench.run("run", "t.lua", "--", "1").code == 0)
        let sizes = try bench.jobs("ch.t").map { Files.size(of: $0.parameters) }
        #expect(sizes.max() ?? 0 < 4 * (sizes.min() ?? 0), "\(sizes)")
        let job = try #require(try bench.jobs("ch.l").first)
        #expect(
            JobResult.read(job)?["numbers"]?.string
                == (1...40).reversed().map(String.init).joined(separator: " "))
        #expect(try bench.run("run", "t.lua", "--", "2").code == 0)
        let other = try #require(try bench.jobs("ch.l").first { $0.identifier != job.identifier })
        let difference = try bench.run("diff", job.path, other.path)
        #expect(
            difference.output.contains(".before: ch.t") && difference.output.contains("→ null"),
            "\(difference)")
        // An ancestor whose file is gone is told where it is asked for.
        let first = try #require(
            try bench.jobs("ch.t").first {
                try! RecordedTask.read($0.path).flattened.contains { $0.value == "1" }
            })
        try Files.remove(first.parameters)
        try Files.remove(job.done)
        let broken = try bench.run(job.script(.lua), program: "\(Workbench.programs)/xpm-job")
        #expect(
            broken.code == 1 && broken.error.contains("of an ancestor")
                && broken.error.contains(first.identifier), "\(broken)")
    }

    @Test("links of a service are distinct, whatever the tags are")
    func links() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "v.t", params = { n = xpm.int, s = xpm.string }, command = { "true" } }
            function run(helper)
              local service = xpm.services.command { id = "look", command = { "sleep", "1" } }
              helper.xp:add_service(service)
              for n, s in ipairs { "a/b", "a b", "a-b", ("x"):rep(300), ("x"):rep(301) } do
                service:add(T { n = n, s = xpm.tag("s", s) }:submit())
              end
              service:add(T { n = 8, s = "u" }:submit())
              service:add(T { n = 9, s = "u" }:submit())
            end
            """#)
        let result = try bench.run("run", "t.lua")
        #expect(result.code == 0, "\(result)")
        let found = try bench.run(
            "-c", "find workspace/experiments/t/current/services/ -type l -exec readlink -f {} +",
            program: "/bin/sh")
        let targets = TextSet(found.output.split(separator: "\n").filter { $0.contains("/jobs/v.t/") })
        #expect(targets.count == 7, "\(found)")
    }

    @Test("why finds the nearest of many, and tells what no longer counts")
    func reasons() throws {
        let script = { (params: String, values: String) in
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "w.t", params = { \(params) }, command = { "true" } }
            function run() \(values) end

            """
        }
        let bench = try Workbench()
        let params =
            "a = xpm.int, b = xpm.int, c = xpm.int, workers = xpm.int { default = 4 }, k = xpm.int { default = 1, ignore_default = true }"
        try bench.write(
            script(params, "for a = 1, 6 do for b = 1, 6 do T { a = a, b = b, c = a + b }:submit() end end"),
            to: "t.lua")
        #expect(try bench.run("run", "t.lua").code == 0)
        try bench.write(script(params, "T { a = 3, b = 5, c = 20 }:submit()"), to: "t.lua")
        let nearest = try bench.run("why", "t.lua").output
        #expect(
            nearest.contains("c: 8 → 20") && !nearest.contains("a:") && !nearest.contains("k:"), "\(nearest)")
        try bench.write(
            script(
                params.replacing("{ default = 4 }", with: "{ default = 4, meta = true }"),
                "T { a = 3, b = 5, c = 8 }:submit()"), to: "t.lua")
        let meta = try bench.run("why", "t.lua").output
        #expect(meta.contains("workers: no longer counts"), "\(meta)")
        try bench.write(
            script(
                params.replacing("{ default = 4 }", with: "{ default = 4, ignore_default = true }"),
                "T { a = 3, b = 5, c = 8 }:submit()"), to: "t.lua")
        let ignored = try bench.run("why", "t.lua").output
        #expect(ignored.contains("workers: no longer counts"), "\(ignored)")
    }

    @Test("a byte order mark is skipped, in Lua, YAML and JSON")
    func byteOrderMark() throws {
        let bench = try Workbench()
        let mark = "\u{feff}"
        try bench.write(
            mark + """
                local xpm = require "xpm"
                local T = xpm.task { id = "b.t", params = { n = xpm.int }, command = [[printf '\\357\\273\\277{{"a": 3}' > results.json]] }
                function run(helper, cfg) T { n = cfg.n }:submit() end
                """, to: "t.lua")
        try bench.write(mark + "n: 3\nfile: t\n", to: "t.yaml")
        let result = try bench.run("run", "t.yaml")
        #expect(result.code == 0 && result.output.contains("a=3"), "\(result)")
    }

    @Test("a pattern sees output without colours")
    func colours() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "o.c", params = {}, command = [[printf 'acc: \033[1;32m0.93\033[0m\n']], results = { acc = "acc: ([%d.]+)$" } }
            function run() T {}:submit() end
            """#)
        #expect(try bench.run("run", "t.lua").code == 0)
        #expect(JobResult.read(try #require(try bench.jobs("o.c").first))?["acc"] == .float(0.93))
    }

    @Test("a metatable of xpm on a foreign userdata is an error, not a crash")
    func foreignUserdata() throws {
        let bench = try bench(
            #"""
            local C = xpm.config { id = "u.c", params = { n = xpm.int } }
            local mine = debug.getmetatable(C { n = 1 })
            local file = io.tmpfile()
            local old = debug.getmetatable(file)
            debug.setmetatable(file, mine)
            print(pcall(function() return file.n end))
            print(pcall(tostring, file))
            debug.setmetatable(file, old)
            function run() end
            """#)
        let result = try bench.run("run", "--run-mode", "dry-run", "t.lua")
        #expect(result.code == 0 && result.output.hasPrefix("false"), "\(result)")
    }

    @Test("integers keep their bits, and JSON is strict")
    func numbers() throws {
        let bench = try bench(
            #"""
            local T = xpm.task { id = "i.t", params = { n = xpm.int }, execute = function(self) self:result { big = 9007199254740993 + self.n, inf = 1/0, nan = 0/0 } end }
            function run() for n = 0, 1 do T { n = xpm.tag("n", n) }:submit() end end
            """#)
        let run = try bench.run("run", "--json", "t.lua")
        #expect(run.code == 0)
        let csv = try bench.run("results", "t", "--rows", "n", "--metric", "big", "--format", "csv").output
        #expect(csv.contains("\n0,9007199254740993,") && csv.contains("\n1,9007199254740994,"), "\(csv)")
        let table = try bench.run("results", "t", "--rows", "n", "--json").output
        // As a strict reader: no constants that JSON does not have.
        let strict =
            "import json, sys\ndef no(name): raise ValueError(name)\nfor line in open(sys.argv[1]): print(json.loads(line, parse_constant=no))"
        try bench.write(run.output, to: "run.jsonl")
        try bench.write(table.replacing("\n", with: " ") + "\n", to: "table.jsonl")
        for file in ["run.jsonl", "table.jsonl"] {
            let (process, tag) = try bench.start(["python3", "-c", strict, file], program: "/usr/bin/env")
            let result = try bench.finish(process, tag)
            #expect(result.code == 0 && result.output.contains("inf"), "\(result)")
        }
    }
}
