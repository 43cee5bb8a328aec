import Store
import System
import Testing
import Text

/// What a script and a file written for experimaestro say means the same here.
@Suite("experimaestro's language", .timeLimit(.minutes(20)))
struct LanguageTests {
    @Test(
        "what the experiment knows of itself; titles are there, empty; alternatives for other systems are left out"
    )
    func experiment() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "l.t", params = { n = xpm.int }, command = { "true" }, requires = "mps(mem=8G) | cuda(mem=1000G) | cpu(cores=1)" }
            function run(h, cfg)
              local t = T { n = xpm.tag(1) }
              t:submit()
              local xp = h.xp
              print(#xp.jobs, xp.jobs[1].identifier == t:identifier(), xp.tags[t:identifier()].n, xp.status, xp.run_id and #xp.run_id)
              print(cfg.title == "", cfg.paper == "", cfg.subtitle)
            end
            """, to: "l.lua")
        try bench.write("id: l\nfile: l\nsubtitle: s\n", to: "l.yaml")
        let run = try bench.run("run", "-q", "l.yaml")
        #expect(run.code == 0 && run.output == "1\ttrue\t1\trunning\t15\ntrue\ttrue\ts\n", "\(run)")
        let dry = try bench.run("run", "-q", "--run-mode", "dry-run", "l.yaml")
        #expect(dry.output.hasPrefix("1\ttrue\t1\trunning\tnil\n"), "\(dry)")
        try bench.write(
            bench.read("l.lua").replacing(
                "mps(mem=8G) | cuda(mem=1000G) | cpu(cores=1)", with: "mps(mem=8G)"), to: "l.lua")
        #expect(try bench.run("run", "l.yaml").error.contains("column 1: mps is for macOS"))
        try bench.write("id: l\nadd_timestamp: true\n", to: "t.yaml")
        try bench.write("function run() end\n", to: "t.lua")
        #expect(try bench.run("run", "t.lua", "t.yaml").code == 0)
        // `l-20261129-0705`
        let names = try Files.list("\(bench.folder)/workspace/experiments")
        #expect(
            names.contains { $0.hasPrefix("l-20") && $0.utf8.count == "l-20261129-0705".utf8.count },
            "\(names)")
    }

    @Test(
        "a key of settings.yaml that means nothing is told, and the rest counts; its max_retries are for resumable tasks"
    )
    func settings() throws {
        let bench = try Workbench()
        try bench.write(
            """
            server: { port: 12345 }
            workspces: []
            max_retries: 1
            env: { COLOUR: red }
            """, to: "config/xpm/settings.yaml")
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.resumable_task { id = "s.t", params = {}, command = "echo x >>tally; echo $COLOUR; exit 75" }
            function run() T {}:submit() end
            """, to: "s.lua")
        let run = try bench.run("run", "s.lua")
        #expect(
            run.code == 1
                && run.error.contains("settings.yaml:1:1: settings.yaml has no key 'server': left out"),
            "\(run)")
        #expect(run.error.contains("no key 'workspces' (did you mean 'workspaces'?)"))
        let job = try #require(try bench.jobs("s.t").first)
        #expect(try Files.readText("\(job.path)/tally") == "x\nx\n" && Files.readText(job.output) == "red\n")
        try bench.write("max_retries: -1\n", to: "config/xpm/settings.yaml")
        #expect(
            try bench.run("run", "s.lua").error.contains(
                "settings.yaml:1:14: max_retries: expected a number from 0"))
        try bench.write("python: [3]\n", to: "config/xpm/settings.yaml")
        #expect(try bench.run("run", "s.lua").error.contains("python: expected the path of a Python"))
    }

    @Test("lists and maps of objects are saved, also without a name, and loaded by another experiment")
    func saving() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local M = xpm.config { id = "v.m", params = { n = xpm.int } }
            function run(h)
              if h.args[1] then
                local all = h.xp:load("v")
                print(#all.models, all.models[2].n, all.best.n, all.note, h.xp:load("v", "one").n)
              else
                local a, b = M { n = 1 }, M { n = 2 }
                h.xp:save({ models = { a, b }, best = b, note = "x" })
                h.xp:save(a, "one")
              end
            end
            """, to: "v.lua")
        #expect(try bench.run("run", "-q", "v.lua").code == 0)
        let load = try bench.run("run", "-q", "v.lua", "--run-mode", "dry-run", "--", "load")
        #expect(load.code == 0 && load.output.hasPrefix("2\t2\t2\tx\t1\n"), "\(load)")
    }

    @Test("a token of the user is one for two workspaces")
    func tokens() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "u.t", params = { n = xpm.int },
              command = "mkdir \(bench.folder)/alone && sleep 0.3 && rmdir \(bench.folder)/alone" }
            function run(h)
              h.xp:token("one", 1, { scope = "user" })
              for n = 1, 2 do T { n = n }:submit { tokens = { one = 1 } } end
            end
            """, to: "u.lua")
        let state = ["XDG_STATE_HOME": "\(bench.folder)/state"]
        let runs = try ["a", "b"].map {
            try bench.start(["run", "-q", "-j", "2", "--workdir", $0, "u.lua"], environment: state)
        }
        for run in runs { #expect(try bench.finish(run.process, run.tag).code == 0) }
        #expect(Files.exists("\(bench.folder)/state/xpm/tokens/one"))
        // Its script knows it too.
        let job = try #require(try bench.jobs("u.t", workspace: "a").first)
        #expect(
            try Files.readText("\(job.path)/t.sh").contains(
                "# token 1 1 \(bench.folder)/state/xpm/tokens/one\n"))
        try bench.write("function run(h) h.xp:token('x', 1, { scope = 'all' }) end\n", to: "w.lua")
        #expect(try bench.run("run", "w.lua").error.contains("w.lua:1: xp:token: the option is scope"))
    }

    @Test(
        "any task is an init task; a default function counts where it gives another value; unions are experimaestro's"
    )
    func identities() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local D = xpm.config { id = "i.d", params = { a = xpm.int } }
            local L = xpm.lightweight_task { id = "i.l", params = { n = xpm.int }, execute = function(s) print("light", s.n) end }
            local I = xpm.task { id = "i.i", params = { n = xpm.int }, execute = function(s) print("init", s.n) end }
            local C = xpm.task { id = "i.c", params = { n = xpm.int }, command = "true" }
            local T = xpm.task { id = "i.t", params = {
                n = xpm.int, u = xpm.union(xpm.int, xpm.string),
                d = xpm.int { default = function() return 7 end, ignore_default = true },
                o = xpm.ref(D) { ignore_default = true, default = function() return D { a = 3 } end } },
              execute = function(s) print("main", s.n, math.type(s.u), s.d, s.o.a) end }
            function run(h)
              local t = T { n = 1, u = "5" } t:submit { init_tasks = { I { n = 2 }, L { n = 3 } } } print(t:identifier())
              for _, d in ipairs { 7, 8 } do t = T { n = 2, u = "5", d = d } t:submit() print(t:identifier()) end
              print(pcall(function() T { n = 3, u = "x" }:submit { init_tasks = { C { n = 1 } } } end))
              local i = I { n = 9 } i:submit()
              print(pcall(function() T { n = 3, u = "x" }:submit { init_tasks = { i } } end))
            end
            """, to: "i.lua")
        let run = try bench.run("run", "-q", "i.lua")
        let lines = run.output.split(separator: "\n").map(String.init)
        // By experimaestro 2.7.0.
        let theirs = [
            "dd7c6ef3e90838952e8f1156b9db849c8108fbde186739bda5a1bafa0a0812a3",
            "b1f52957bbeb67416b4d8cbecbb83e903bfea4840522604b302dd47f7bea7dbf",
            "46079f7e8d60728586b614cd84b678034a9ffbb8566f7ff726aec43c7e745abb",
        ]
        #expect(run.code == 0 && lines.prefix(3).elementsEqual(theirs), "\(run)")
        #expect(lines[3].contains("i.c is a program") && lines[4].contains("i.i was submitted"), "\(run)")
        let first = try #require(try bench.jobs("i.t").first { $0.identifier == theirs[0] })
        #expect(try Files.readText(first.output) == "init\t2\nlight\t3\nmain\t1\tinteger\t7\t3\n")
    }

    @Test("runs are tagged, and keep their tags")
    func runTags() throws {
        let bench = try Workbench()
        try bench.write(
            "local xpm = require 'xpm'\nlocal T = xpm.task { id = 'g.t', params = {}, command = 'true' }\nfunction run() T {}:submit() end\n",
            to: "g.lua")
        for _ in 1...2 { #expect(try bench.run("run", "-q", "g.lua").code == 0) }
        let first = try #require(try bench.run("experiments", "runs", "g").output.split(separator: " ").first)
        #expect(try bench.run("experiments", "tag", "g", "paper", "v2").output.hasSuffix(": paper v2\n"))
        #expect(try bench.run("experiments", "tag", "g", "old", "--run", String(first)).code == 0)
        let runs = try bench.run("experiments", "runs", "g").output.split(separator: "\n")
        #expect(runs[0].hasSuffix("#old") && runs[1].hasSuffix("#paper #v2"), "\(runs)")
        #expect(try bench.read("workspace/experiments/g/current/status.json").contains("\"v2\""))
        #expect(try bench.run("experiments", "untag", "g", "paper").output.hasSuffix(": v2\n"))
        #expect(try bench.run("experiments", "tag", "g", "a b").code == 64)
        #expect(
            try bench.run("experiments", "tag", "g", "x", "--run", "none").error.contains(
                "g has no run 'none'"))
    }

    @Test("a success forgets the runs that failed before it")
    func history() throws {
        let bench = try Workbench()
        try bench.write("history: { max_done: 5, max_failed: 5 }\n", to: "config/xpm/settings.yaml")
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "h.t", params = { n = xpm.int }, command = "exit {n}" }
            function run(h) T { n = tonumber(h.args[1]) }:submit() end
            """, to: "h.lua")
        for n in ["1", "2"] { #expect(try bench.run("run", "-q", "h.lua", "--", n).code == 1) }
        func states() throws -> [String] {
            try bench.run("experiments", "runs", "h").output.split(separator: "\n").map {
                String($0.split(separator: " ")[1])
            }
        }
        #expect(try states() == ["failed", "failed"])
        #expect(try bench.run("run", "-q", "h.lua", "--", "0").code == 0)
        #expect(try states() == ["done"])
        #expect(try bench.run("run", "-q", "h.lua", "--", "3").code == 1)
        #expect(try states().sorted() == ["done", "failed"])
    }

    @Test("what a kept source loads from the experiment's folder is kept too, and why sees its changes")
    func imports() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "i.t", params = { n = xpm.int }, command = { "python3", "{here}/main.py" } }
            local S = xpm.task { id = "i.s", params = {}, command = { "sh", "{here}/main.sh" } }
            function run() T { n = 1 }:submit() S {}:submit() end
            """, to: "i.lua")
        try bench.write(
            "import lab.model\nfrom helper import f as g\nimport json\nprint(lab.model.value, g())\n",
            to: "main.py")
        try bench.write("", to: "lab/__init__.py")
        try bench.write("from . import inner\nvalue = inner.value\n", to: "lab/model.py")
        try bench.write("value = 7\n", to: "lab/inner.py")
        try bench.write("def f(): return 'f'\n", to: "helper.py")
        try bench.write("cd \"$(dirname \"$0\")\"\n. ./inner.sh\n", to: "main.sh")
        try bench.write("echo inner\n", to: "inner.sh")
        let run = try bench.run("run", "i.lua")
        #expect(run.code == 0 && !run.error.contains("not kept"), "\(run)")
        #expect(try Files.readText(try #require(try bench.jobs("i.t").first).output) == "7 f\n")
        let sources = "\(bench.folder)/workspace/sources/i"
        let kept = "\(sources)/\(try #require(try Files.list(sources).first))"
        for name in ["lab/inner.py", "lab/model.py", "lab/__init__.py", "helper.py", "inner.sh"] {
            #expect(Files.kind("\(kept)/\(name)", followingLinks: false) == .file, "\(name)")
        }
        try bench.write("value = 8\n", to: "lab/inner.py")
        #expect(try bench.run("why", "i.lua").output.contains("    since  lab/inner.py changed\n"))
        #expect(try bench.run("run", "i.lua").error.contains("2 cached; lab/inner.py has changed since"))
    }
}
