import Foundation
import Store
import System
import Testing
import Text

@Suite("Wrong input", .timeLimit(.minutes(20)))
struct WrongInputTests {
    @Test(
        "what somebody who comes from another language writes: the place, the words, exit code 2",
        arguments: [
            ("local x = 1 # comment", "h.lua:1: unexpected symbol near '#' (a comment begins with --)"),
            ("\n# comment", "h.lua:2: unexpected symbol near '#' (a comment begins with --)"),
            ("// comment", "h.lua:1: unexpected symbol near '//' (a comment begins with --)"),
            ("if x != 1 then end", "h.lua:1: 'then' expected near '!' (Lua writes ~= for !=)"),
            ("local x = !y", "h.lua:1: unexpected symbol near '!' (Lua says not)"),
            ("local x = 1 x += 1", "h.lua:1: syntax error near '+' (Lua has no +=: write x = x + …)"),
            ("local x = 1 x -= 1", "h.lua:1: syntax error near '-' (Lua has no -=: write x = x - …)"),
            ("local x = 1 x++", "h.lua:1: syntax error near '+' (Lua has no ++: write x = x + 1)"),
            (
                "local t = { a = 1\n b = 2 }",
                "h.lua:2: '}' expected (to close '{' at line 1) near 'b' (is a comma missing before it?)"
            ),
            ("local t = { \"a\": 1 }", "h.lua:1: '}' expected near ':' (a table is { name = value }"),
            ("if x = 1 then end", "h.lua:1: 'then' expected near '=' (== compares)"),
            ("for i in range(3):\n  print(i)", "(Lua says do or then, and end, where Python has a colon)"),
            ("if x == 1:\n  print(x)", "(Lua says do or then, and end, where Python has a colon)"),
            ("def f():\n  pass", "(function name(…) … end defines a function)"),
            ("local f = lambda x: x", "(function(x) return … end is a function)"),
            ("import numpy as np", "(local name = require \"module\" loads a module)"),
            ("if x then y() else if z then y() end", "(elseif is one word: else if needs an end of its own)"),
            (
                "function run() for x in { 1, 2 } do end end",
                "h.lua:1: attempt to call a table value (for iterator 'for iterator') (for _, value in ipairs(list) do"
            ),
            (
                "local xpm = require 'xpm' local T = xpm.task { id = 't', params = { n = xpm.int, lr = xpm.float }, command = 'true' }\nfunction run() T { zzzz = 1 } end",
                "h.lua:2: t has no parameter 'zzzz': lr, n"
            ),
            (
                "local xpm = require 'xpm' local T = xpm.task { id = 't', params = { n = xpm.int }, command = 'true' }\nfunction run() print(T { n = 1 }.zzzz) end",
                "h.lua:2: t has no parameter 'zzzz': n"
            ),
        ])
    func foreignLua(_ script: String, _ message: String) throws {
        let bench = try Workbench()
        try bench.write(script + "\n", to: "h.lua")
        let result = try bench.run("run", "h.lua")
        #expect(result.code == 2 && result.error.contains(message), "\(result)")
    }

    @Test(
        "what is wrong in YAML at first sight: the place, the words, exit code 2",
        arguments: [
            ("model:\n\thidden: 3", "h.yaml:2:1: ", "(YAML is indented with blanks, not with tabs)"),
            ("model:\n  hidden: 3\n lr: 1", "h.yaml:3:2: ", "(is the line indented as those before it?)"),
            (
                "lr: 1\n  model: 3", "h.yaml:2:8: ",
                "(is the line indented as those before it? a text with ': '"
            ),
            ("lr: 0.1: 2", "h.yaml:1:8: ", "a text with ': ' in it stands in quotes)"),
            ("lr: @x", "h.yaml:1:5: ", "(a text that begins with '@' stands in quotes)"),
            ("lr: %x", "h.yaml:1:5: ", "(a text that begins with '%' stands in quotes)"),
            ("lr: `x`", "h.yaml:1:5: ", "(a text that begins with '`' stands in quotes)"),
            ("lr:1", "h.yaml:1:1: ", "(a blank follows the colon: name: value)"),
            (
                "model.hidden: 3", "h.yaml:1:",
                "unknown key 'model.hidden' (a map in a map: model: { hidden: … })"
            ),
            ("zzzz: 3", "h.yaml:1:", "unknown key 'zzzz': lr, model"),
            ("lr: 1,5", "h.yaml:1:5: ", "lr: expected float, got string \"1,5\""),
            ("lr: [1, 2", "h.yaml:1:5: ", "did not find expected ',' or ']'"),
            ("lr: *x", "h.yaml:1:5: ", "an alias without its anchor: 'x'"),
            ("lr: \"abc", "h.yaml:1:5: ", "found unexpected end of stream"),
            ("model: 3", "h.yaml:1:8: ", "expected table, got int 3"),
            ("model: { hidden: x }", "h.yaml:1:18: ", "model.hidden: expected int, got string \"x\""),
        ])
    func firstYAML(_ yaml: String, _ place: String, _ words: String) throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local C = xpm.configuration {
              model = { hidden = xpm.int { default = 1 } }, lr = xpm.float { default = 1 },
            }
            return xpm.experiment { configuration = C, run = function() end }
            """, to: "h.lua")
        try bench.write(yaml + "\n", to: "h.yaml")
        let result = try bench.run("run", "h.lua", "h.yaml")
        #expect(
            result.code == 2 && result.error.contains(place) && result.error.contains(words), "\(result)")
    }

    @Test("commands that are nearly right: --dry-run, a type for a job, a type without a script")
    func nearly() throws {
        let bench = try Workbench()
        #expect(
            try bench.run("describe", "nosuch").error.contains(
                "'nosuch' is no file, and there is no experiment.lua"))
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "near.train", params = { n = xpm.int }, command = "echo n is {n}" }
            local U = xpm.task { id = "near.test", params = { n = xpm.int }, command = "true" }
            function run() T { n = 1 }:submit() U { n = 1 }:submit() U { n = 2 }:submit() end
            """, to: "e.lua")
        let dry = try bench.run("run", "--dry-run", "e.lua")
        #expect(dry.output == (try bench.run("run", "--run-mode", "dry-run", "e.lua").output))
        #expect(dry.output.contains("near.train") && !Files.exists("\(bench.folder)/workspace/jobs"))
        #expect(
            try bench.run("run", "--dry-run", "--run-mode", "generate", "e.lua").error.contains(
                "--dry-run goes without --run-mode generate"))
        #expect(try bench.run("run", "--dry-run", "--wait", "e.lua").code == 64)
        #expect(try bench.run("run", "-q", "e.lua").code == 0)
        for name in ["near.train", "train", "NEAR.train"] {
            #expect(try bench.run("jobs", "log", name).output == "n is 1\n")
        }
        let several = try bench.run("jobs", "log", "test")
        #expect(
            several.code == 2 && several.error.contains("near.test has 2 jobs: name one, such as near.test/"))
    }

    @Test(
        "files and values: the place, the words and exit code 2",
        arguments: [
            ("lr: [1, 2\nb: 3\n", "full.yaml:", "not YAML"),
            ("a: 1\na: 2\n", "full.yaml:", "the key 'a' is there twice"),
            ("file: nothere\n", "nothere", "no such script"),
            ("file: experimnt\n", "experimnt", "did you mean 'experiment.lua'?"),
            ("module: no.such\n", "module 'no.such' not found", "no/such.lua"),
            ("imports: [gone.yaml]\n", "full.yaml:1:11", "no file gone.yaml"),
            ("imports: [full.yaml]\n", "full.yaml → full.yaml", "import each other"),
            ("learning_rate: fast\n", "full.yaml:1:16: learning_rate", "expected float, got string \"fast\""),
            (
                "learning_rat: 1\n", "full.yaml:1:",
                "unknown key 'learning_rat' (did you mean 'learning_rate'?)"
            ),
            ("id: x\n", "full.yaml:1:1", "missing value 'learning_rate'"),
            ("learning_rate: 1\ngrid_serach: {}\n", "full.yaml:2", "did you mean 'grid_search'?"),
            ("learning_rate: 1\nid: a/b\n", "full.yaml:2:5", "cannot name a folder"),
            ("learning_rate: 1\ndirty_git: maybe\n", "full.yaml:2:12", "expected ignore, warn or error"),
            ("learning_rate: 1\ngrid_search: {a: []}\n", "full.yaml:2:18", "a: there are no values"),
            (
                "learning_rate: ${env:NO_SUCH_VARIABLE_X}\n", "full.yaml:1:16",
                "no variable 'NO_SUCH_VARIABLE_X'"
            ),
            ("file: a\nmodule: b\n", "full.yaml:2:9", "exclude each other"),
            ("luapath: 3\n", "full.yaml:1:10", "expected a list of folders"),
            ("learning_rate: .nan\n", "full.yaml:1:16", "NaN has no identity"),
        ])
    func files(_ yaml: String, _ place: String, _ words: String) throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            return xpm.experiment { configuration = xpm.configuration { learning_rate = xpm.float }, run = function() end }
            """, to: "experiment.lua")
        try bench.write(yaml, to: "full.yaml")
        let result = try bench.run("run", "full.yaml")
        #expect(result.code == 2)
        #expect(result.error.contains(place) && result.error.contains(words), "\(result.error)")
        #expect(result.output.isEmpty && !Files.exists("\(bench.folder)/workspace"))
    }

    @Test("options: usage errors have exit code 64, wrong values 2")
    func options() throws {
        let bench = try Workbench()
        try bench.write("function run() end", to: "experiment.lua")
        #expect(try bench.run("run").code == 64)
        #expect(try bench.run("run", "a", "b", "c").code == 64)
        #expect(try bench.run("run", "experiment.lua", "-j", "0").code == 64)
        #expect(try bench.run("run", "experiment.lua", "--run-mode", "fast").code == 64)
        for (words, message) in [
            (["runn", "x.lua"], "no command 'runn' (did you mean 'run'?)"),
            (["jobs", "lst"], "no command 'lst' (did you mean 'list'?)"),
            (["results", "e", "--top", "-1"], "--top needs a number from 1"),
        ] {
            let (process, tag) = try bench.start(words)
            let wrong = try bench.finish(process, tag)
            #expect(wrong.code == 64 && wrong.error.contains(message), "\(words): \(wrong)")
        }
        let help = try bench.run("help", "jobs", "lsit")
        #expect(help.code == 64 && help.error.contains("no command 'lsit' (did you mean 'list'?)"))
        #expect(try bench.run("help", "jobs", "list").output.contains("USAGE: xpm jobs list"))
        let missing = try bench.run("run", "experimet.lua")
        #expect(
            missing.code == 2 && missing.error.contains("no such script (did you mean 'experiment.lua'?)"))
        #expect(try bench.run("run", "experiment.lua", "nothere.yaml").code == 2)
        let conf = try bench.run("run", "experiment.lua", "-c", "a.b")
        #expect(conf.code == 2 && conf.error.contains("-c a.b: expected name=value"))
        #expect(try bench.run("--version").output == "xpm 0.1.0\n")
        for help in [["--help"], ["run", "--help"], ["init", "--help"], ["help", "run"]] {
            let (process, tag) = try bench.start(help)
            let result = try bench.finish(process, tag)
            #expect(result.code == 0 && result.output.contains("xpm") && result.output.contains("Example"))
        }
        for shell in ["bash", "zsh", "fish"] {
            let result = try bench.run("--generate-completion-script", shell)
            #expect(result.code == 0 && result.output.contains("run-mode"))
        }
    }

    @Test("a workspace that cannot be made, and one that is busy")
    func workspace() throws {
        let bench = try Workbench()
        try bench.write("function run() end", to: "experiment.lua")
        try bench.write("a file", to: "file")
        let result = try bench.run("run", "--workdir", "file/ws", "experiment.lua")
        #expect(
            result.code == 2 && result.error.contains("file/ws") && result.error.contains("ENOTDIR"),
            "\(result.error)")
        // A mount that cannot be written is refused to root too.
        let readOnly = try bench.run("run", "--workdir", "/proc/xpm", "experiment.lua")
        #expect(readOnly.code == 2 && readOnly.error.contains("/proc/xpm"))
        try bench.write(
            "local xpm = require 'xpm'\nfunction run() local t = os.time() while os.time() < t + 30 do end end",
            to: "slow.lua")
        let (process, tag) = try bench.start(["run", "slow.lua"])
        #expect(try bench.wait { FileLock.isHeld("\(bench.folder)/workspace/experiments/slow/lock") })
        let busy = try bench.run("run", "slow.lua")
        #expect(
            busy.code == 2 && busy.error.contains("is running already: process \(process.processIdentifier)"))
        process.interrupt()
        #expect(try bench.finish(process, tag).code == 130)
        #expect(try bench.run("run", "experiment.lua").code == 0)
    }

    // MARK: The first hour

    private static let head = """
        local xpm = require "xpm"
        local T = xpm.task { id = "f.t", params = { n = xpm.int { default = 3 }, m = xpm.int { default = 1 } }, command = "true" }

        """

    @Test(
        "sweeps in a script that are taken for lists, names that no point has, run(cfg)",
        arguments: [
            (
                "function run() for _, p in ipairs(xpm.grid { n = { 1, 2 } }) do T(p):submit() end end",
                "f.lua:2: a sweep is no list: for p in sweep do"
            ),
            (
                "function run() print(#xpm.grid { n = { 1, 2 } }) end",
                "f.lua:2: a sweep is no list: for p in sweep do"
            ),
            (
                "function run() for k, v in pairs(xpm.grid { n = { 1, 2 } }) do T { n = v }:submit() end end",
                "f.lua:2: a sweep is no list: for p in sweep do"
            ),
            (
                "function run() T(xpm.grid { n = { 1, 2 } }):submit() end",
                "f.lua:2: a sweep is no table of parameters: for p in sweep do"
            ),
            (
                "function run() for p in xpm.grid { n = { 1, 2 } } do T { n = p.nn }:submit() end end",
                "f.lua:2: the point of the sweep has no 'nn'"
            ),
            (
                "function run() for p in xpm.grid { [\"a.b\"] = { 1, 2 } } do T { n = p.a.c }:submit() end end",
                "f.lua:2: the point of the sweep has no 'c'"
            ),
            (
                "function run(cfg) T { n = cfg.depth }:submit() end",
                "f.lua:2: helper has no 'depth', and cfg has: it is the second argument of run(helper, cfg)"
            ),
        ])
    func sweeps(_ script: String, _ message: String) throws {
        let bench = try Workbench()
        try bench.write(Self.head.dropLast() + script + "\n", to: "f.lua")
        let result = try bench.run("run", "f.lua", "-c", "depth=4")
        #expect(result.code == 2 && result.error.contains(message), "\(result)")
    }

    @Test("a chain's points may lack what others of them have; what varies and tags no job is told")
    func chains() throws {
        let bench = try Workbench()
        try bench.write(
            Self.head + """
                function run()
                  for p in xpm.chain(xpm.grid { n = { 1, 2 } }, xpm.grid { m = { 5, 6 } }) do
                    T { n = p.n or 9, m = p.m }:submit()
                  end
                  for p in xpm.grid { n = { 11, 12 }, seed = { 1, 2 } } do T { n = p.n }:submit() end
                end
                """, to: "f.lua")
        let run = try bench.run("run", "f.lua")
        #expect(run.code == 0 && run.error.contains("6 tasks: 6 done"), "\(run)")
        #expect(run.error.contains("no job has the tag 'seed', which varies"), "\(run)")
        #expect(!run.error.contains("the tag 'm'"), "\(run)")
    }

    @Test(
        "a script of a command that is not there, also in a shell text: told at submit, with the nearest name"
    )
    func scriptsOfCommands() throws {
        let bench = try Workbench()
        try bench.write("print(1)\n", to: "py/train.py")
        for (command, isTold) in [
            ("python3 {here}/py/trian.py {n}", true), ("cd /tmp && sh -e {here}/py/trian.py", true),
            ("{here}/py/trian.py", true), ("test -f {here}/py/trian.py || true", false),
            ("ls {here}/py/*.xx || true", false),
        ] {
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "f.t", params = { n = xpm.int }, command = "\(command)" }
                function run() T { n = 1 }:submit() end
                """, to: "f.lua")
            let run = try bench.run("run", "--dry-run", "f.lua")
            let told = run.error.contains("py/trian.py (did you mean 'train.py'?)")
            #expect(told == isTold && (run.code == 2) == isTold, "\(command): \(run)")
        }
    }

    @Test("execute may return its result; an output that was declared and not made is told")
    func returned() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "f.a", params = { n = xpm.int },
              execute = function(self) return { loss = self.n / 2 } end }
            local B = xpm.task { id = "f.b", params = { out = xpm.job_path "m.txt" }, command = "true" }
            function run() for n = 1, 2 do A { n = xpm.tag(n) }:submit() end B {}:submit() end
            """, to: "f.lua")
        let run = try bench.run("run", "f.lua")
        #expect(run.code == 0, "\(run)")
        #expect(
            run.error.contains("f.b") && run.error.contains("has not made m.txt, which it declares"), "\(run)"
        )
        #expect(try bench.run("results", "f", "--format", "csv").output.contains("0.5"))
    }

    @Test("words that were meant for -c, for -e or for a comment")
    func words() throws {
        let bench = try Workbench()
        try bench.write(Self.head + "function run(_, cfg) T { n = cfg.depth }:submit() end\n", to: "f.lua")
        try bench.write("file: f\ndepth: 2\n", to: "tour/full.yaml")
        try bench.write("file: nosuch\n", to: "bad.yaml")
        try bench.write("print(1)\n", to: "train.py")
        let cases: [([String], Int32, String)] = [
            (
                ["run", "f.lua", "depth=3"], 64,
                "'depth=3' is no file; a key of the configuration gets a value by -c depth=3"
            ),
            (
                ["run", "f.lua", "--depth", "3"], 64,
                "run has no option '--depth'; a key of the configuration gets a value by -c depth=…"
            ),
            (["run", "f.lua", "#", "a", "comment"], 64, "'#' came as an argument"),
            (["results", "tour", "#", "x"], 64, "'#' came as an argument"),
            (["jobs", "list", "tour"], 64, "unexpected argument 'tour'; -e tour names an experiment"),
            (["failures", "tour"], 64, "unexpected argument 'tour'; -e tour names an experiment"),
            (["run", "tour"], 2, "tour is a folder (did you mean 'tour/full.yaml'?)"),
            (["run", "bad.yaml"], 2, "bad.yaml:1:7: nosuch: no such script"),
            (["run", "train.py"], 2, "train.py: an experiment is a Lua script, whose tasks run programs"),
        ]
        for (arguments, code, expected) in cases {
            let (process, tag) = try bench.start(arguments)
            let run = try bench.finish(process, tag)
            #expect(run.code == code && run.error.contains(expected), "\(arguments): \(run)")
        }
        let near = try bench.run("run", "--dry-run", "f.lua", "tour/full.yaml", "-c", "dpth=3")
        #expect(
            near.error.contains("-c dpth=3: no file has the key 'dpth' (did you mean 'depth'?)"), "\(near)")
        #expect(try bench.run("run", "-q", "f.lua", "tour/full.yaml", "-c", "id=tour").code == 0)
        let filter = try bench.run("jobs", "list", "--filter", "state = done")
        #expect(filter.error.contains("'state' (did you mean '@state'?)"), "\(filter)")
    }

    @Test("a list, or several values in a text, where one is wanted: how each is tried")
    func several() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "f.t", params = { n = xpm.int }, command = "true" }
            return xpm.experiment {
              configuration = xpm.configuration {
                lr = xpm.float { default = 1 }, opt = xpm.string { default = "sgd" }, seeds = xpm.list(xpm.int) { default = { 1 } },
              },
              run = function(helper, cfg) T { n = 1 }:submit() end,
            }
            """, to: "f.lua")
        for (option, expected) in [
            ("opt=[sgd, adam]", "got a list of 2; to try each: --sweep opt=…, or grid_search: { opt: […] }"),
            ("lr=1e-3,1e-4", "got string \"1e-3,1e-4\"; to try each: --sweep lr=1e-3,1e-4"),
            ("seeds=1,2,3", "got string \"1,2,3\"; a list is [1, 2, 3]"),
        ] {
            let run = try bench.run("run", "f.lua", "-c", option)
            #expect(run.code == 2 && run.error.contains(expected), "\(option): \(run)")
        }
        #expect(try bench.run("run", "-q", "f.lua").code == 0)
        let unknown = try bench.run("results", "tour")
        #expect(
            unknown.error.contains("no experiment 'tour' in ") && unknown.error.contains(": it has f\n"),
            "\(unknown)")
        let slash = try bench.run("results", "f/")
        #expect(
            slash.error.contains("no experiment 'f/' in ") && slash.error.contains("(did you mean 'f'?)"),
            "\(slash)")
    }

    @Test(
        "near misses: a script for a command, a result in a filter of jobs, keys of xpm's in other spellings")
    func nearMisses() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "n.t", params = { i = xpm.int }, execute = function(self) self:result { loss = 0.25 } end }
            function run() T { i = 1 }:submit() end
            """, to: "e.lua")
        let command = try bench.run("e.lua")
        #expect(command.code == 64 && command.error.contains("(did you mean 'xpm run e.lua'?)"), "\(command)")
        #expect(try bench.run("run", "e.lua").code == 0)
        let filter = try bench.run("jobs", "list", "--filter", "loss < 0.5")
        #expect(
            filter.code == 2 && filter.error.contains("'loss'; it is a result, which xpm results shows"),
            "\(filter)")
        try bench.write("file: e\nid: z\ngridsearch: { i: [1] }\nDirty-Git: ignore\nTitle: t\n", to: "z.yaml")
        let keys = try bench.run("run", "--dry-run", "z.yaml")
        #expect(
            keys.code == 0
                && keys.error.contains(
                    "z.yaml:3:1: 'gridsearch' is the experiment's own: did you mean 'grid_search'?")
                && keys.error.contains("did you mean 'dirty_git'?") && !keys.error.contains("'Title'"),
            "\(keys)")
    }
}
