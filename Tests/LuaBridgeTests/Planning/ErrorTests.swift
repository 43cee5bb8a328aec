import Settings
import Testing
import Text

@testable import LuaBridge

/// Wrong scripts and what is said of them. `<!>` stands for nothing: it marks the line that the message must
/// name.
@Suite("Errors at the user's line", .timeLimit(.minutes(20)))
struct ErrorTests {
    private static let types = """
        local xpm = require "xpm"
        local Model = xpm.config { id = "t.model", params = { hidden = xpm.int { default = 3, min = 1 } } }
        local Train = xpm.task {
          id = "t.train",
          params = {
            model = Model, learning_rate = xpm.float, seeds = xpm.list(xpm.int) { default = { 1 } },
            split = xpm.enum { "dev", "test", default = "test" }, version = xpm.constant "2", out = xpm.job_path "o",
            name = xpm.string { default = "ab", pattern = "^%l+$" },
          },
          validate = function(self) assert(self.learning_rate > 0, "learning_rate must be positive") end,
          command = { "true", "{learning_rate}" },
        }

        """

    private func inRun(_ body: String) -> String {
        Self.types + "function run(helper, cfg)\n" + body + "\nend\n"
    }

    private func check(
        _ script: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let lines = script.split(separator: "\n", omittingEmptySubsequences: false)
        let line = (lines.firstIndex { $0.contains("<!>") } ?? -2) + 1
        let text = try PlanBench().failure(script.replacing("<!>", with: ""))
        let whole = line > 0 ? "experiment.lua:\(line): \(expected)" : expected
        #expect(text?.hasPrefix(whole) == true, "got: \(text ?? "no error")", sourceLocation: sourceLocation)
    }

    @Test(
        "in run",
        arguments: [
            (
                "Train { learning_rat = 1 }<!>",
                "t.train has no parameter 'learning_rat' (did you mean 'learning_rate'?)"
            ),
            (
                "Train { learning_rate = \"fast\" }<!>",
                "t.train.learning_rate: expected float, got string \"fast\""
            ),
            (
                "Train { seeds = { 1, nil, 3 } }<!>",
                "t.train.seeds: a list with a hole: nothing at position 2"
            ),
            ("Train { seeds = { 1, 2.5 } }<!>", "t.train.seeds[2]: expected int, got float 2.5"),
            (
                "Train { model = { hidden = \"x\" } }<!>",
                "t.train.model.hidden: expected int, got string \"x\""
            ),
            ("Train { model = Model { hidden = 0 } }<!>", "t.model.hidden: expected at least 1, got int 0"),
            (
                "Model { default = 1 }<!>",
                "t.model has no parameter 'default'; a parameter of this type gets attributes by xpm.ref(Type) { default = … }"
            ),
            (
                "Train { name = \"AB\" }<!>",
                "t.train.name: expected a match of the pattern \"^%l+$\", got string \"AB\""
            ),
            ("local x = Train {} .. Train {}<!>", "no parameter of t.train takes a t.train"),
            ("local x = Train {} .. 3<!>", "'..' puts a config object into another: "),
            (
                "Train { learning_rate = 1 }:submit { init_tasks = { Model {} } }<!>",
                "t.train: submit: init_tasks needs tasks, got a t.model"
            ),
            (
                "Train { learning_rate = 1 }:submit { init_tasks = {} }<!>",
                "t.train: init_tasks run in the task's own process: it needs execute or python, not command"
            ),
            ("Train {}:watch_output(\"x\", print)<!>", "watch_output: t.train is no resumable_task"),
            ("Train {}:output(\"x\", {})<!>", "output belongs to execute"),
            (
                "helper.xp:token(\"gpu\", 2) Train { learning_rate = 1 }:submit { tokens = { gp = 1 } }<!>",
                "t.train: submit: there is no token 'gp': xp:token(\"gp\", n) makes it (did you mean 'gpu'?)"
            ),
            (
                "helper.xp:token(\"gpu\", 2) Train { learning_rate = 1 }:submit { tokens = { gpu = 3 } }<!>",
                "t.train: submit: 3 of the token 'gpu', of which there are 2"
            ),
            ("helper.xp:token(\"a/b\", 2)<!>", "xp:token(name, n): a name of letters"),
            ("helper.xp:save(Model {}, \"a/b\")<!>", "xp:save(object, name): a name is a string without '/'"),
            ("helper.xp:load(\"other\", \"x\")<!>", "xp:load: 'x': there is no experiment 'other' in "),
            ("xpm.save(Train {}, \"f\")<!>", "t.train: missing parameter 'learning_rate'"),
            (
                "Train { model = Model }<!>",
                "t.train.model: 't.model' is a type: call it to make an object, model {}"
            ),
            ("Train { model = Train {} }<!>", "t.train.model: expected t.model, got a t.train"),
            (
                "Train { split = \"dve\" }<!>",
                "t.train.split: expected one of \"dev\", \"test\", got string \"dve\""
            ),
            ("Train { version = \"3\" }<!>", "t.train.version: 'version' is a constant"),
            ("Train { out = \"x\" }<!>", "t.train.out: 'out' is made by xpm: it cannot be set"),
            (
                "Train { name = \"A1\" }<!>",
                "t.train.name: expected a match of the pattern \"^%l+$\", got string \"A1\""
            ),
            ("Train { learning_rate = 0/0 }<!>", "t.train.learning_rate: NaN has no identity"),
            (
                "Train { learning_rate = print }<!>",
                "t.train.learning_rate: a function cannot be the value of a parameter"
            ),
            ("Train { 1 }<!>", "t.train takes parameters by name"),
            ("Train(3)<!>", "t.train takes a table of parameters, got 3"),
            (
                "local x = {} x.x = x Train { seeds = x }<!>",
                "t.train.seeds: a table that is nested too deep or contains itself"
            ),
            ("Train { model = Model {} }:submit()<!>", "t.train: missing parameter 'learning_rate'"),
            ("Train { learning_rate = 1 }:submit()<!>", "t.train: missing parameter 'model'"),
            ("Model {}:submit()<!>", "t.model is a config: only a task can be submitted"),
            (
                "local t = Train { learning_rate = 1, model = Model {} }\nt:submit()\nt.learning_rate = 2<!>",
                "t.train.learning_rate cannot be set: the object is sealed"
            ),
            (
                "local m = Model {}\nTrain { learning_rate = 1, model = m }:submit()\nm.hidden = 2<!>",
                "t.model.hidden cannot be set: the object is sealed"
            ),
            ("local x = Model {}.hiden<!>", "t.model has no parameter 'hiden' (did you mean 'hidden'?)"),
            (
                "Train { learning_rate = 1, model = Model {} }:submit { lancher = 1 }<!>",
                "t.train: submit has no option 'lancher' (did you mean 'launcher'?)"
            ),
            (
                "Train { learning_rate = 1, model = Model {} }:submit { launcher = 1 }<!>",
                "t.train: submit: launcher needs the name of a launcher, such as \"slurm\""
            ),
            (
                "Train { learning_rate = 1, model = Model {} }:submit { requires = \"cpu(mem=8)\" }<!>",
                "t.train: submit: requires: \"cpu(mem=8)\": column 9: a memory size needs a unit, as in 8G"
            ),
            (
                "Train { learning_rate = 1, model = Model {} }:submit { max_retries = -1 }<!>",
                "t.train: submit: max_retries needs a whole number from 0"
            ),
            (
                "Train { learning_rate = 1, model = Model {} }:submit { priority = \"high\" }<!>",
                "t.train: submit: priority needs a whole number"
            ),
            (
                "Train { learning_rate = 1, model = Model {} }:submit { hold = 1 }<!>",
                "t.train: submit: hold needs true or false"
            ),
            ("xpm.graceful_timeout()<!>", "xpm.graceful_timeout belongs to execute"),
            ("helper.xp:add_action(Model {})<!>", "xp:add_action: t.model is no action"),
            (
                "xpm.web_service { id = \"a b\", command = \"x\" }<!>",
                "xpm.web_service: needs an id of letters"
            ),
            (
                "xpm.service { id = \"a\" }<!>",
                "service 'a': needs command (a program), or start (a Lua function)"
            ),
            ("xpm.service { id = \"a\", start = 3 }<!>", "service 'a': start needs a function"),
            (
                "xpm.service { id = \"a\", command = \"x\", redy = 1 }<!>",
                "xpm.service 'a' has no key 'redy' (did you mean 'ready'?)"
            ),
            (
                "xpm.service { id = \"a\", command = \"x\", ready = { output = \"(\" } }<!>",
                "service 'a': ready: '(' is no regular expression"
            ),
            (
                "xpm.service { id = \"a\", command = \"x\", timeout = \"3\" }<!>",
                "service 'a': timeout: a duration needs a unit"
            ),
            (
                "xpm.service { id = \"a\", command = \"x\", start = print }<!>",
                "xpm.service 'a': give command (a program) or start (a Lua function), not both"
            ),
            (
                "xpm.service { id = \"a\", command = \"x\", ready = \"tcp\" }<!>",
                "service 'a': nothing tells the program its port: {port} in its command"
            ),
            (
                "xpm.service { id = \"a\", command = \"x --port {prot}\" }<!>",
                "service 'a': there is no {prot} (did you mean 'port'?)"
            ),
            (
                "local s = xpm.service { id = \"a\", command = \"x\" } s.id = \"b\"<!>",
                "service 'a': its keys are given where it is made"
            ),
            (
                "Train { learning_rate = 1, model = Model {} }:submit { retries = 3 }<!>",
                "t.train: submit has no option 'retries' (did you mean 'max_retries'?)"
            ),
            (
                "Train { learning_rate = 1, model = Model {} }:submit { requires = \"duration=1h & (cpu())\" }<!>",
                "t.train: submit: requires: \"duration=1h & (cpu())\": column 15: parentheses do not group"
            ),
            (
                "xpm.services.tensorbord {}<!>",
                "xpm.services has no 'tensorbord' (did you mean 'tensorboard'?)"
            ),
            ("helper.xp:add_service(3)<!>", "xp:add_service needs what xpm.service"),
            ("xpm.service_listener { changed = 1 }<!>", "xpm.service_listener has no 'changed'"),
            ("cfg.x = 1<!>", "cfg is read-only: 'x' cannot be set"),
            ("xpm.grid { a = {} }<!>", "xpm.grid: 'a' has no values"),
            ("xpm.gird {}<!>", "xpm has no 'gird' (did you mean 'grid'?)"),
            ("helper.xp:wiat()<!>", "xp has no 'wiat' (did you mean 'wait'?)"),
            ("xpm.job(Model {})<!>", "xpm.job: t.model is not the output of a submitted task"),
            (
                "xpm.task { id = \"t.late\", execute = function() end }<!>",
                "t.late: a task with execute must be defined at the top of its file"
            ),
            ("error(\"mine\")<!>", "mine"),
            ("local x = nil\nx.y = 1<!>", "attempt to index a nil value (local 'x')"),
        ])
    func inRun(_ body: String, _ expected: String) throws { try check(inRun(body), expected) }

    @Test("validate tells the type, and the line that submits is in the traceback")
    func validate() throws {
        let text = try #require(
            try PlanBench().failure(inRun("Train { learning_rate = -1, model = Model {} }:submit()")))
        #expect(text.contains("t.train: ") && text.contains("learning_rate must be positive"))
    }

    @Test(
        "in definitions",
        arguments: [
            (
                "xpm.task { id = \"a\" }<!>",
                "a: a task needs execute (a Lua function), command or worker (a program) or python (a class)"
            ),
            ("xpm.task { id = \"a\", execute = 1 }<!>", "a: execute needs a function"),
            (
                "xpm.task { id = \"a\", comand = \"x\" }<!>",
                "a: a definition has no key 'comand' (did you mean 'command'?)"
            ),
            (
                "xpm.action { id = \"a\", command = \"true\" }<!>",
                "a: an action is a Lua function: execute = function(self, ask) … end"
            ),
            ("xpm.prepare { id = \"a\" }<!>", "a: a task needs execute (a Lua function)"),
            ("xpm.config { params = {} }<!>", "xpm.config: needs an id"),
            ("xpm.config { id = \"a/b\" }<!>", "a/b: 'a/b' cannot be the id of a type"),
            (
                "xpm.config { id = \"a\", params = { submit = xpm.int } }<!>",
                "a: 'submit' is a reserved name: every object has it"
            ),
            (
                "xpm.config { id = \"a\", params = { x = 3 } }<!>",
                "a: parameter 'x' needs a type such as xpm.int, got 3"
            ),
            (
                "xpm.config { id = \"a\" }\nxpm.config { id = \"a\" }<!>",
                "the type id 'a' is used twice: first at "
            ),
            ("xpm.int { defalt = 1 }<!>", "a parameter has no attribute 'defalt' (did you mean 'default'?)"),
            ("xpm.int { default = \"x\" }<!>", "default: expected int, got string \"x\""),
            ("xpm.int { default = 0, min = 1 }<!>", "default: expected at least 1, got int 0"),
            ("xpm.list(3)<!>", "xpm.list needs a type such as xpm.int, got 3"),
            ("xpm.job_path \"../x\"<!>", "xpm.job_path: '../x' is not a path inside the job's folder"),
            (
                "xpm.task { id = \"a\", params = { n = xpm.int }, command = { \"x\", \"{m}\" } }<!>",
                "a: command: {m} is no parameter (did you mean '{n}'?)"
            ),
            (
                "xpm.task { id = \"a\", command = \"awk '{print}'\" }<!>",
                "a: command: {print} is no parameter; a brace is written '{{'"
            ),
            (
                "xpm.task { id = \"a\", command = {} }<!>",
                "a: command: the list is empty or has a hole at position 1"
            ),
            ("require \"no.such.module\"<!>", "module 'no.such.module' not found:"),
            (
                "xpm.task { id = \"a\", command = \"true\", python = \"m:C\" }<!>",
                "a: a task has one of execute, command, worker and python"
            ),
            (
                "xpm.config { id = \"a\", python = \"m.C\" }<!>",
                "python needs \"package.module:Class\", got m.C"
            ),
            ("xpm.config { params = {} }<!>", "xpm.config: needs an id, such as id = \"demo.train\""),
            (
                "xpm.lightweight_task { id = \"a\", command = \"true\" }<!>",
                "a: a lightweight task runs inside another: it has execute, not command"
            ),
            (
                "local B = xpm.config { id = \"b\", params = { n = xpm.int } }\nxpm.config { id = \"a\", extends = B, params = { n = xpm.string } }<!>",
                "a: parameter 'n' is int in the base type and cannot become string"
            ),
            ("xpm.string { pattern = \"[\" }<!>", "pattern: malformed pattern (missing ']')"),
            ("xpm.int { choices = { 1, \"x\" } }<!>", "choices: expected int, got string \"x\""),
            (
                "xpm.int { ignore_default = true, default = function() return 'a' end }<!>",
                "default: expected int, got string \"a\""
            ),
            ("xpm.list(xpm.int { default = 1 })<!>", "xpm.list: xpm.int describes a parameter, not a type"),
            (
                "xpm.map(xpm.string, xpm.job_path \"x\")<!>",
                "xpm.map: xpm.job_path \"x\" describes a parameter"
            ),
            (
                "xpm.partial { exclude_al = {} }<!>",
                "xpm.partial has no 'exclude_al' (did you mean 'exclude_all'?)"
            ),
            ("xpm.partial { name = \"a/b\" }<!>", "xpm.partial: name: use letters, digits"),
            (
                "xpm.task { id = \"a\", command = \"true\", params = { n = xpm.int { groups = { \"len\" } }, f = xpm.job_path { \"f\", partial = xpm.partial { exclude_groups = { \"lne\" } } } } }<!>",
                "a: no parameter is in the group 'lne', which a partial names (did you mean 'len'?)"
            ),
            (
                "local A = xpm.config { id = \"a\", params = { n = xpm.int, m = xpm.renamed \"n\" } }\nA { n = 1, m = 2 }<!>",
                "a: 'm' was renamed to 'n': give one of them"
            ),
            (
                "local A = xpm.config { id = \"a\", params = { n = xpm.int { min = 1, default = function() return 0 end } } }\nA {}<!>",
                "a.n: expected at least 1, got int 0 by default"
            ),
            (
                "local A = xpm.config { id = \"a\", params = { a = xpm.ref \"a\" { default = function() return {} end } } }\nA {}<!>",
                "a.a"
            ),
            ("xpm.partial { exclude_all = 1 }<!>", "xpm.partial: exclude_all: expected bool, got 1"),
            (
                "xpm.job_path { \"x\", partial = 1 }<!>",
                "xpm.job_path: partial needs what xpm.partial gives, got 1"
            ),
            ("xpm.deprecate { id = \"a\" }<!>", "a: xpm.deprecate needs convert = function(self)"),
            ("xpm.deprecate { id = \"a\", to = 1 }<!>", "a: to needs a type, got 1"),
            (
                "xpm.config { id = \"a\", params = { b = xpm.renamed \"c\" } }<!>",
                "a: 'b' was renamed to 'c', which is no parameter"
            ),
            ("xpm.config { id = \"A\" }\nxpm.config { id = \"a\" }<!>", "the type id 'a' is used twice"),
            ("xpm.ref(3)<!>", "xpm.ref needs a config type, or the id of one"),
            ("xpm.load \"/no/such\"<!>", "/no/such/experimaestro.json: cannot open: No such file"),
        ])
    func definitions(_ text: String, _ expected: String) throws {
        try check("local xpm = require \"xpm\"\n\(text)\nfunction run() end\n", expected)
    }

    @Test("commands: a program that is not there, a name that is not, a config as text")
    func commands() throws {
        let head =
            "local xpm = require \"xpm\"\nlocal C = xpm.config { id = \"c\", params = { v = xpm.int } }\n"
        func task(_ command: String) -> String {
            head + "local T = xpm.task { id = \"t\", params = { c = C }, command = \(command) }\n"
                + "function run()\n  T { c = C { v = 1 } }:submit()<!>\nend\n"
        }
        try check(
            task("{ \"no-such-program\" }"), "t: command not found: 'no-such-program' (not in PATH)")
        try check(task("\"no-such-program -x\""), "t: command not found: 'no-such-program'")
        try check(
            task("{ \"/no/such/program\" }"), "t: command not found: '/no/such/program' (no such program)")
        try check(task("{ \"echo\", \"{c.w}\" }"), "t: command: {c.w}: c has no 'w' (did you mean 'v'?)")
        try check(
            task("{ \"echo\", \"{c}\" }"),
            "t: command: {c} is a c, not a text; name a value of it, such as {c.v}")
        try check(task("{ \"sh\", \"{here}/no.sh\" }"), "t: command: there is no file ")
    }

    @Test("a dependency cycle is refused with its way")
    func cycle() throws {
        try check(
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "a", params = { b = xpm.optional(xpm.ref "b") }, command = "true" }
            local B = xpm.task { id = "b", params = { a = xpm.optional(A) }, command = "true" }
            function run()
              local a, b = A {}, B {}
              a.b = b
              b.a = a
              a:submit()<!>
            end
            """, "a: a dependency cycle: a → b → a")
    }

    @Test("configs that contain themselves, or nest without end, are refused")
    func nesting() throws {
        let head = """
            local xpm = require "xpm"
            local C = xpm.config { id = "c", params = { n = xpm.optional(xpm.ref "c") } }
            local T = xpm.task { id = "t", params = { c = C }, command = "true" }
            function run()
              local c = C {}

            """
        try check(head + "c.n = c\nT { c = c }:submit()<!>\nend", "t: a config that contains itself: c → c")
        try check(
            head + "for _ = 1, 20000 do c = C { n = c } end<!>\nend", "c.n: nested more than 200 levels")
        try check(
            head
                + "local last = c\nfor _ = 1, 1000 do local x = C {} last.n = x last = x end\nT { c = c }:submit()<!>\nend",
            "t: configs nested more than 200 levels")
        try check(head + "os.exit(0)<!>\nend", "os.exit in a plan would lose its tasks")
        try check(head + "error({})<!>\nend".replacing("<!>", with: ""), "error value: table: ")
    }

    @Test("no run, a syntax error, a value of a configuration")
    func whole() throws {
        try check(
            "local x = 1\n", "experiment.lua: no run: the script defines no global function run(helper, cfg)")
        try check("local x = = 1<!>\n", "unexpected symbol near '='")
        let script = """
            local xpm = require "xpm"
            local C = xpm.configuration { learning_rate = xpm.float, model = { hidden = xpm.int { default = 1 } } }
            return xpm.experiment { configuration = C, run = function() end }
            """
        func setting(_ pairs: (String, Setting.Content, Int)...) -> Setting {
            Setting(
                .map(
                    pairs.map {
                        .init(
                            key: $0.0,
                            value: Setting($0.1, origin: .file("/full.yaml", line: $0.2, column: 16)))
                    }),
                origin: .file("/full.yaml", line: 1, column: 1))
        }
        let bench = try PlanBench()
        #expect(
            bench.failure(script, configuration: setting(("learning_rate", .string("fast"), 3)))
                == "/full.yaml:3:16: learning_rate: expected float, got string \"fast\"")
        #expect(
            bench.failure(script, configuration: setting(("learning_rat", .int(1), 2)))
                == "/full.yaml:2:16: unknown key 'learning_rat' (did you mean 'learning_rate'?)")
        #expect(
            bench.failure(script, configuration: setting(("id", .string("x"), 1)))
                == "/full.yaml:1:1: learning_rate: missing value 'learning_rate'")
    }

    @Test(
        "names that nobody has defined",
        arguments: [
            ("local seed = 1\nlocal x = sed<!>", "'sed' is not defined (did you mean 'seed'?)"),
            ("Train { learning_rate = xpm.tag(lr) }<!>", "'lr' is not defined (_G.lr is nil where"),
            ("local x = None<!>", "'None' is not defined (Lua says nil)"),
            ("local x = { a = True }<!>", "'True' is not defined (Lua says true)"),
            ("print(len({ 1 }))<!>", "'len' is not defined (the length of a list is #list)"),
            ("for i in range(3) do end<!>", "'range' is not defined (for i = 1, n do"),
            ("prnt(1)<!>", "'prnt' is not defined (did you mean 'print'?)"),
            ("print(tostrin(1))<!>", "'tostrin' is not defined (did you mean 'tostring'?)"),
            ("local t = {}\nfunction t.f() return self end\nt.f()", "'self' is not defined (define the"),
            ("local rate = 1\nlocal f = function() return rat end<!>\nf()", "'rat' is not defined (did you"),
            ("if DEBUG then print(1) end<!>", "'DEBUG' is not defined (_G.DEBUG is nil where a name may"),
            ("xp:wait()<!>", "'xp' is not defined (it is helper.xp in run(helper, cfg))"),
            ("Trian { learning_rate = 1 }<!>", "'Trian' is not defined (did you mean 'Train'?)"),
        ])
    func undefined(_ body: String, _ expected: String) throws {
        if body.contains("<!>") { return try check(inRun(body), expected) }
        #expect(try PlanBench().failure(inRun(body))?.contains(expected) == true)
    }

    @Test("at the top of a file: xpm, and the arguments of run")
    func undefinedOutside() throws {
        try check("xpm.task {}<!>\nfunction run() end\n", "'xpm' is not defined (write local xpm = require")
        try check("print(cfg.lr)<!>\nfunction run() end\n", "'cfg' is not defined (it is the second argument")
    }

    @Test("what may be missing stays nil: _G.name, rawget, other code; setmetatable(_G, nil) ends strictness")
    func lenient() throws {
        let failure = try PlanBench().failure(
            inRun(
                """
                assert(_G.no_such == nil and rawget(_G, "no_such") == nil and _ENV ~= nil)
                assert(load("return no_such")() == nil)
                assert((unpack or table.unpack) == table.unpack and (loadstring or load) == load and jit == nil)
                assert(load("return no_such", "x", "t", setmetatable({}, { __index = _G }))() == nil)
                rawset(_G, "one", 1)
                assert(one == 1 and rawget(_G, "one") == 1 and rawget(_ENV, "one") == 1)
                _G.two = 2
                assert(two == 2 and _G.two == 2 and rawequal(require "_G", _G))
                three = 3
                local seen = {}
                for name in pairs(_G) do seen[name] = true end
                for name in next, _G do assert(seen[name], name) end
                assert(seen.one and seen.two and seen.three and seen.print and seen._G)
                assert(type(getmetatable(_G).__index) == "function" and getmetatable({}) == nil)
                assert(setmetatable(_G, nil) == _G)
                assert(no_such == nil and _G.no_such == nil)
                setmetatable(_G, { __index = function(_, name) return "<" .. name .. ">" end })
                assert(no_such == "<no_such>" and _G.no_such == "<no_such>" and _G.one == 1)
                assert(not pcall(setmetatable, setmetatable({}, { __metatable = 1 }), {}))
                assert(getmetatable(setmetatable({}, { __metatable = 1 })) == 1 and getmetatable("").__index == string)
                assert(rawset({}, "a", 1).a == 1 and next({}) == nil and not pcall(rawset, {}, nil, 1))
                """))
        #expect(failure == nil)
    }

    @Test(
        "keys that the configuration does not have, where something is done with the nil",
        arguments: [
            (
                "for _, s in ipairs(cfg.seeds) do end<!>",
                "attempt to index a nil value: cfg has no 'seeds', no YAML"
            ),
            (
                "for _, s in pairs(cfg.seeds) do end<!>",
                "bad argument #1 to 'for iterator' (table expected, got nil): cfg has no 'seeds'"
            ),
            ("for i = 1, cfg.n do end<!>", "bad 'for' limit (number expected, got nil): cfg has no 'n'"),
            (
                "print(cfg.model.hidden)<!>",
                "attempt to index a nil value (field 'model'): cfg has no 'model'"
            ),
            (
                "local x = 2 * cfg.lr<!>",
                "attempt to perform arithmetic on a nil value (field 'lr'): cfg has no 'lr'"
            ),
            (
                "local lr = cfg.learning_rate\nTrain { learning_rate = lr }:submit()<!>",
                "t.train: missing parameter 'learning_rate': cfg has no 'learning_rate'"
            ),
        ])
    func missedKeys(_ body: String, _ expected: String) throws {
        try check(inRun(body), expected)
    }

    @Test("tasks that nobody has submitted: an error where there is no other")
    func forgotten() throws {
        try check(
            inRun("for i = 1, 3 do\nTrain { learning_rate = i }<!>\nend"),
            "3 tasks made here were neither submitted nor given to another: add :submit()")
        try check(
            inRun("local t = Train { learning_rate = 1 }<!>\nt.name = \"b\" t:tag(\"x\", 1)"), "a task made")
        for use in ["t:identifier()", "t:copy():submit()", "t:submit()", "t:tags()"] {
            let failure = try PlanBench().failure(
                inRun("local t = Train { model = {}, learning_rate = 1 }\n\(use)"))
            #expect(failure == nil, "\(use)")
        }
    }

    @Test("a run that xpm does not see")
    func hiddenRun() throws {
        try check(
            "local x = 1\nlocal function run(helper) end<!>\n", "run is local: xpm sees a global function")
        try check("local x = 1\nlocal run = function() end<!>\n", "run is local: xpm sees a global function")
        try check("return { run = print }\n", "experiment.lua: no run: the script returns a table that")
    }

    @Test("a job's own code cannot submit, and plan functions say so")
    func helperErrors() throws {
        try check(inRun("helper.xp.results_path = 1<!>"), "the experiment cannot be changed")
        try check(inRun("local p = helper.xp.results_path<!>"), "results_path: a dry run writes nothing")
    }
}
