import Store
import System
import Testing
import Text

/// Programs that know nothing of xpm.
@Suite("Programs", .timeLimit(.minutes(20)))
struct ProgramTests {
    private static let params = """
        local xpm = require "xpm"
        local M = xpm.config { id = "m", params = { h = xpm.int, deep_name = xpm.string { default = "a b" } } }
        local Base = xpm.task { id = "base", params = { n = xpm.int, out = xpm.job_path "o" }, command = "true" }
        local p = {
          learning_rate = xpm.float, verbose = xpm.bool { default = true }, quiet = xpm.bool { default = false },
          layers = xpm.list(xpm.int) { default = { 1, 2 } }, none = xpm.list(xpm.int) { default = {} }, m = M,
          o = xpm.optional(xpm.int), v = xpm.constant "1", neg = xpm.float { default = -1e-5 },
          opt = xpm.map(xpm.string, xpm.any) { default = { a = 1 } }, base = Base,
          text = xpm.string { default = "it's {x}" }, word = xpm.string { default = "true" },
        }

        """

    /// The lines that a command with `{args}` prints, without the folders of this workspace.
    private func arguments(_ definition: String) throws -> [String] {
        let bench = try Workbench()
        try bench.write(
            Self.params + """
                local T = xpm.task { id = "t", params = p, \(definition) }
                function run()
                  T { learning_rate = 0.1, m = { h = 3 }, base = Base { n = 1 }:submit() }:submit()
                end
                """, to: "e.lua")
        let result = try bench.run("run", "-q", "e.lua")
        #expect(result.code == 0, "\(result)")
        let folder = try #require(try bench.jobs("t").first)
        let base = try #require(try bench.jobs("base").first).path
        return try Files.readText(folder.output).split(separator: "\n").map {
            $0.replacing(base, with: "BASE")
        }
    }

    @Test("{args} gives every parameter by its name, as a library's command lines have them")
    func arguments() throws {
        let argparse = [
            "--base", "BASE", "--layers", "1", "2", "--learning_rate", "0.1", "--m.deep_name", "a b", "--m.h",
            "3",
            "--neg=-1e-05", "--opt", #"{"a": 1}"#, "--text", "it's {x}", "--verbose", "--word", "true",
        ]
        // As words of a list, and in a text for a shell.
        #expect(try arguments(#"command = { "printf", "%s\n", "{args}" }"#) == argparse)
        #expect(try arguments(#"command = "printf '%s\\n' {args}""#) == argparse)
        #expect(
            try arguments(
                #"command = { "printf", "%s\n", "{learning_rate}", "{args}" }, args = { style = "click", no = true, skip = { "opt", "m.h", "base" } }"#
            ) == [
                "0.1", "--layers", "1", "--layers", "2", "--m.deep-name", "a b", "--neg=-1e-05", "--no-quiet",
                "--text", "it's {x}", "--verbose", "--word", "true",
            ])
        #expect(
            try arguments(
                #"command = { "printf", "%s\n", "{args}" }, args = { style = "hydra", rename = { m = "model", learning_rate = "lr", ["m.h"] = "units" } }"#
            ) == [
                "base=BASE", "layers=[1,2]", "lr=0.1", "model.deep_name='a b'", "units=3", "neg=-1e-05",
                "none=[]",
                "opt.a=1", "quiet=false", #"text='it\'s {x}'"#, "verbose=true", "word='true'",
            ])
    }

    @Test(
        "what is wrong with args is told where the task is defined",
        arguments: [
            (#"args = { style = "argparser" }"#, "t: args: style is argparse, click, hydra, not argparser"),
            (#"args = { skp = {} }"#, "t: args has no 'skp' (did you mean 'skip'?)"),
            (
                #"args = { skip = { "lerning_rate" } }"#,
                "t: args: skip: t has no parameter 'lerning_rate' (did you mean 'learning_rate'?)"
            ),
            (#"args = { rename = { lr = "x" } }"#, "t: args: rename: t has no parameter 'lr'"),
            (#"args = { rename = { m = 3 } }"#, "t: args: rename: m needs a name, got int 3"),
            (#"args = { dashes = 1 }"#, "t: args: dashes is true or false, not 1"),
            (#"args = { style = "hydra", no = true }"#, "t: args: no: Hydra is told"),
            (#"args = "click""#, "t: args needs a table"),
        ])
    func wrongArguments(_ definition: String, _ message: String) throws {
        let bench = try Workbench()
        try bench.write(
            Self.params
                + "local T = xpm.task { id = 't', params = p, command = 'true', \(definition) }\nfunction run() end",
            to: "e.lua")
        let result = try bench.run("run", "e.lua")
        #expect(result.code == 2 && result.error.contains("e.lua:11: \(message)"), "\(result)")
    }

    /// What `{args}` gives of one parameter.
    private func words(_ parameter: String, _ value: String, _ args: String) throws -> Workbench.Result {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local In = xpm.config { id = "in", params = { c_d = xpm.int } }
            local A = xpm.config { id = "w.a", params = { inner = In } }
            local T = xpm.task {
              id = "w.t", params = { v = \(parameter) }, command = { "printf", "%s|", "{args}" }, args = { \(args) },
            }
            function run() T { v = \(value) }:submit() end
            """, to: "e.lua")
        let result = try bench.run("run", "-q", "e.lua")
        guard result.code == 0, let job = try bench.jobs("w.t").first else { return result }
        return .init(code: 0, output: try Files.readText(job.output), error: "")
    }

    @Test(
        "{args}: what cannot be said is an error, and nothing is left out in silence",
        arguments: [
            ("xpm.list(xpm.int)", "{}", "", "--v|"), ("xpm.list(xpm.int)", "{ -1, 2 }", "", "--v|-1|2|"),
            ("xpm.list(xpm.float)", "{ -1.5 }", "", "--v|-1.5|"),
            (
                "xpm.list(xpm.float)", "{ -1e-5 }", "",
                "v has '-1e-05' in it, which argparse takes for an option"
            ),
            ("xpm.list(xpm.int)", "{}", "style = 'click'", "v is an empty list, which options"),
            ("xpm.string", "[[a\\d+]]", "style = 'hydra'", "v='a\\d+'|"),
            ("xpm.string", "[[it's \\]]", "style = 'hydra'", #"v='it\'s \\'|"#),
            ("xpm.string", "'${y}'", "style = 'hydra'", #"v='\${y}'|"#),
            ("xpm.map(xpm.string, xpm.int)", "{}", "style = 'hydra'", "v={}|"),
            (
                "xpm.map(xpm.string, xpm.int)", "{ ['a b'] = 1 }", "style = 'hydra'",
                "v has the key 'a b', which Hydra"
            ),
            ("A", "{ inner = { c_d = 3 } }", "rename = { v = 'x', ['v.inner'] = 'y' }", "--y.c_d|3|"),
            ("A", "{ inner = { c_d = 3 } }", "rename = { v = 'x' }, dashes = true", "--x.inner.c-d|3|"),
        ])
    func corners(_ parameter: String, _ value: String, _ args: String, _ expected: String) throws {
        let result = try words(parameter, value, args)
        if expected.hasSuffix("|") {
            #expect(result.output == expected, "\(result)")
        } else {
            #expect(
                result.code == 2 && result.error.contains("e.lua:7: w.t: command: {args}: \(expected)"),
                "\(result)")
        }
    }

    @Test("{args} within a word is refused; a parameter of that name is that parameter")
    func placeholder() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t", params = { n = xpm.int }, command = { "echo", "--all={args}" } }
            local U = xpm.task { id = "u", params = { args = xpm.string }, command = { "echo", "{args}" } }
            function run(helper)
              U { args = "mine" }:submit()
              if helper.args[1] then T { n = 1 }:submit() end
            end
            """, to: "e.lua")
        #expect(try bench.run("run", "-q", "e.lua").code == 0)
        #expect(try Files.readText(try #require(try bench.jobs("u").first).output) == "mine\n")
        let within = try bench.run("run", "e.lua", "--", "1")
        #expect(within.error.contains("e.lua:6: t: command: {args} is many arguments"), "\(within)")
    }

    @Test("XPM_VALUES names a file with the parameters, for a program whose text has that name")
    func values() throws {
        let bench = try Workbench()
        try bench.write("import os, helper\nprint(open(os.environ[helper.NAME]).read())\n", to: "show.py")
        try bench.write("NAME = 'XPM_VALUES'\n", to: "helper.py")
        try bench.write("data", to: "data.txt")
        try bench.write(
            """
            local xpm = require "xpm"
            local M = xpm.config { id = "x.M", params = { h = xpm.int } }
            local A = xpm.task { id = "A", params = { n = xpm.int, out = xpm.job_path "o.txt" }, command = "true" }
            local p = {
              m = M, a = A, list = xpm.list(M), none = xpm.optional(xpm.int), kind = xpm.enum { "x", "y" },
              data = xpm.file, out = xpm.job_path "out", sizes = xpm.map(xpm.string, xpm.int), parts = xpm.set(xpm.int),
            }
            local T = xpm.task { id = "t", params = p, command = "python3 {here}/show.py" }
            local U = xpm.task { id = "u", params = p, command = "cat $XPM_VALUES" }
            local N = xpm.task { id = "n", params = p, command = "true" }
            function run()
              local values = {
                m = { h = 1 }, a = A { n = 2 }:submit(), list = { { h = 2 } }, kind = "y", data = "data.txt",
                sizes = { s = 1 }, parts = { 1 },
              }
              for _, type in ipairs { T, U, N } do type(values):submit() end
            end
            """, to: "e.lua")
        let run = try bench.run("run", "-q", "e.lua")
        #expect(run.code == 0, "\(run)")
        let a = try #require(try bench.jobs("a").first).path
        for name in ["t", "u"] {
            let job = try #require(try bench.jobs(name).first)
            let expected =
                #"{"a": {"@type": "A", "n": 2, "out": "\#(a)/o.txt", "jobdir": "\#(a)"}, "data": "\#(bench.folder)/data.txt", "kind": "y", "list": [{"@type": "x.M", "h": 2}], "m": {"@type": "x.M", "h": 1}, "none": null, "out": "\#(job.path)/out", "parts": [1], "sizes": {"s": 1}, "jobdir": "\#(job.path)"}"#
            let told = try JSON.parse(Array(Files.readText(job.output).utf8))
            #expect(told.text == expected)
            let show = try bench.run("jobs", "show", "--json", Paths.name(job.path))
            #expect(try JSON.parse(Array(show.output.utf8))["values"]?.text == expected, "\(show)")
        }
        // Of files that load each other, each asks.
        try bench.write("import os, b2\nprint(len(os.environ['XPM_VALUES']) > 0)\n", to: "a2.py")
        try bench.write("try:\n    import a2\nexcept KeyError:\n    raise SystemExit(3)\n", to: "b2.py")
        try bench.write(
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "z.a", params = { n = xpm.int }, command = "python3 {here}/a2.py" }
            local B = xpm.task { id = "z.b", params = { n = xpm.int }, command = "python3 {here}/b2.py" }
            function run() A { n = 1 }:submit() B { n = 1 }:submit() end
            """, to: "z.lua")
        let cycle = try bench.run("run", "-q", "z.lua")
        #expect(cycle.code == 0, "\(cycle)")
        let other = try #require(try bench.jobs("n").first)
        #expect(!Files.exists("\(other.path)/.experimaestro/arguments.json"))
    }

    @Test("a program beside the script that is named without {here} is told, once a type")
    func beside() throws {
        let bench = try Workbench()
        try bench.write("print('x')\n", to: "train.py")
        try bench.write("x", to: "data.csv")
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t", params = { n = xpm.int }, command = "python3 train.py {n} data.csv" }
            local U = xpm.task { id = "u", params = { n = xpm.int }, command = "python3 {here}/train.py {n} train.py" }
            function run()
              for n = 1, 2 do T { n = n }:submit() end
              U { n = 1 }:submit()
            end
            """, to: "e.lua")
        let run = try bench.run("run", "e.lua")
        let warnings = run.error.split(separator: "\n").filter { $0.hasPrefix("warning") }
        #expect(
            warnings == [
                "warning: e.lua:5: t: command: a job runs in its own folder, where there is no train.py: did you mean {here}/train.py?"
            ], "\(run)")
        #expect(run.code == 1)
    }

    @Test(
        "a table for one of several config types: it says which, or fits one",
        arguments: [
            (
                "{ type: g.sgd, lr: 0.1 }", nil,
                "optimizer = g.sgd, optimizer.lr = 0.1, optimizer.momentum = 0.0"
            ),
            ("{ type: adam, lr: 0.1 }", nil, "optimizer = g.adam, optimizer.beta = 0.9, optimizer.lr = 0.1"),
            ("{ lr: 0.1, beta: 0.5 }", nil, "optimizer = g.adam, optimizer.beta = 0.5"),
            ("{ lr: 0.1 }", "the table may be a g.sgd or g.adam: say which with type", ""),
            ("{}", "the table may be a g.sgd or g.adam: say which with type", ""),
            ("{ type: adm, lr: 1 }", "no type 'adm' (did you mean 'adam'?): g.sgd, g.adam", ""),
            ("{ type: 3, lr: 1 }", "expected the name of a type, got int 3", ""),
            ("{ type: sgd, lr: 1, beta: 2 }", "g.sgd has no parameter 'beta'", ""),
            (
                "{ rate: 1 }",
                "the table fits none of g.sgd or g.adam: say which with type (g.sgd has no parameter 'rate': lr, momentum; g.adam has",
                ""
            ),
        ] as [(String, String?, String)])
    func groups(_ yaml: String, _ problem: String?, _ parameters: String) throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local SGD = xpm.config { id = "g.sgd", params = { lr = xpm.float, momentum = xpm.float { default = 0 } } }
            local Adam = xpm.config { id = "g.adam", params = { lr = xpm.float, beta = xpm.float { default = 0.9 } } }
            local T = xpm.task { id = "g.t", params = { optimizer = xpm.union(SGD, Adam) }, command = "true" }
            return xpm.experiment {
              configuration = xpm.configuration { optimizer = xpm.union(SGD, Adam) },
              run = function(_, cfg) T { optimizer = cfg.optimizer }:submit() end,
            }
            """, to: "e.lua")
        try bench.write("file: e\noptimizer: \(yaml)\n", to: "full.yaml")
        let result = try bench.run("run", "--run-mode", "dry-run", "full.yaml")
        if let problem {
            #expect(result.code == 2 && result.error.contains("full.yaml:2:"), "\(result)")
            #expect(result.error.contains(problem), "\(result)")
        } else {
            #expect(result.code == 0 && result.output.contains(parameters), "\(result)")
        }
    }

    @Test("a dry run prints the command of what would run; jobs show that of a job")
    func commands() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t", params = { s = xpm.string }, command = { "echo", "{s}" } }
            local U = xpm.task { id = "u", params = { s = xpm.string }, command = "echo {s} | cat" }
            local L = xpm.task { id = "l", params = { s = xpm.string }, execute = function() end }
            function run() for _, type in ipairs { T, U, L } do type { s = "it's" }:submit() end end
            """, to: "e.lua")
        let dry = try bench.run("run", "--run-mode", "dry-run", "e.lua")
        let lines = dry.output.split(separator: "\n").filter { $0.contains("command") }
        #expect(lines == [#"    command echo 'it'\''s'"#, #"    command echo 'it'\''s' | cat"#], "\(dry)")
        let json = try bench.run("run", "--run-mode", "dry-run", "--json", "e.lua")
        #expect(json.output.contains(#""command": ["echo", "it's"]"#), "\(json)")
        #expect(json.output.contains(#""command": []"#), "\(json)")
        #expect(try bench.run("run", "-q", "e.lua").code == 0)
        let show = try bench.run("jobs", "show", Paths.name(try #require(try bench.jobs("u").first).path))
        #expect(show.output.contains(#"command     echo 'it'\''s' | cat"#), "\(show)")
        #expect(!(try bench.run("run", "--run-mode", "dry-run", "e.lua").output.contains("command")))
    }
}
