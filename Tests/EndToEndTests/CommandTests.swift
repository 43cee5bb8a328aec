import Store
import System
import Testing
import Text

/// Commands, their files and their data.
@Suite("Commands", .timeLimit(.minutes(20)))
struct CommandTests {
    @Test("the examples of the help fit 80 columns, and no shell takes their brackets")
    func examples() throws {
        func visit(_ command: JSON) {
            let name = command["commandName"]?.string ?? "?"
            for line in (command["discussion"]?.string ?? "").split(separator: "\n")
            where line.hasPrefix("  xpm ") {
                #expect(line.count <= 78, "\(name): \(line)")
                let unquoted = line.replacing("'", with: "").count == line.count
                #expect(!line.contains("=[") || !unquoted, "\(name): \(line)")
            }
            for inner in command["subcommands"]?.array ?? [] { visit(inner) }
        }
        let help = try Workbench().run("--experimental-dump-help").output
        visit(try #require(try JSON.parse(Array(help.utf8))["command"]))
        #expect(help.contains("  xpm run --dry-run full.yaml"))
    }

    @Test("completion is put where each shell looks, and offers what the workspace has")
    func completions() throws {
        let bench = try Workbench()
        let home = [
            "HOME": bench.folder, "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "SHELL": "/usr/bin/zsh",
        ]
        for (words, path, advice) in [
            ([], ".local/share/zsh/site-functions/_xpm", "put this into ~/.zshrc: fpath=("),
            (["bash"], ".local/share/bash-completion/completions/xpm", "new shells have it"),
            (["fish"], ".config/fish/completions/xpm.fish", "new shells have it"),
        ] {
            let (process, tag) = try bench.start(["completions", "install"] + words, environment: home)
            let result = try bench.finish(process, tag)
            #expect(
                result.code == 0 && result.output.contains("wrote ") && result.output.contains(advice),
                "\(result)")
            #expect(try bench.read(path).contains("xpm"))
        }
        #expect(try bench.run("completions", "install", "bash", "--print").output.hasPrefix("#!/bin/bash"))
        let unknown = try bench.run(
            "completions", "install", environment: home.merging(["SHELL": "/bin/tcsh"]) { $1 })
        #expect(unknown.code == 2 && unknown.error.contains("the shell is 'tcsh': say bash, zsh or fish"))
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "c.train", params = { lr = xpm.float }, execute = function(self) self:result { accuracy = 1 } end }
            function run() T { lr = xpm.tag(0.1) }:submit() end
            """, to: "comp.lua")
        #expect(try bench.run("run", "-q", "comp.lua").code == 0)
        let job = Paths.name(try #require(try bench.jobs("c.train").first).path).prefix(8)
        func offered(_ command: String, _ option: String, _ words: String...) throws -> [String] {
            let (process, tag) = try bench.start(
                ["---completion"] + command.split(separator: " ").map(String.init) + [
                    "--", option, String(words.count - 1), "0",
                ] + words,
                environment: ["SAP_SHELL": "bash"])
            let result = try bench.finish(process, tag)
            #expect(result.code == 0 && result.error.isEmpty, "\(result)")
            return result.output.split(separator: "\n").map(String.init)
        }
        #expect(try offered("jobs list", "-e", "xpm", "jobs", "list", "-e", "") == ["comp"])
        #expect(try offered("results", "--metric", "xpm", "results", "comp", "--metric", "") == ["accuracy"])
        #expect(try offered("plot", "--series", "xpm", "plot", "comp", "--series", "") == ["lr"])
        #expect(
            try offered("jobs log", "positional@0", "xpm", "jobs", "log", "") == [
                "c.train", "c.train/\(job)",
            ])
        // Where there is no workspace nothing is offered, and nothing said.
        #expect(try offered("attach", "positional@0", "xpm", "attach", "--workdir", "gone", "") == [])
    }

    @Test("a program that another task makes, a shell of one's own, and a tool beside the script")
    func programs() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Build = xpm.task { id = "p.build", params = { exe = xpm.job_path "tool" },
              command = "printf '#!/bin/sh\\necho made $1\\n' >{exe}; chmod +x {exe}" }
            local Run = xpm.task { id = "p.run", params = { build = Build }, command = { "{build.exe}", "list" } }
            local Text = xpm.task { id = "p.text", params = { build = Build }, command = "{build.exe} text" }
            local Shell = xpm.task { id = "p.shell", params = {}, shell = "bash -u", command = "false; echo $0 ok; echo $missing" }
            function run() local b = Build {}:submit() Run { build = b }:submit() Text { build = b }:submit() Shell {}:submit() end
            """, to: "p.lua")
        let run = try bench.run("run", "p.lua")
        #expect(
            run.code == 1 && run.error.contains("3 done, 1 failed")
                && run.error.contains("missing: unbound variable"), "\(run)")
        #expect(try Files.readText(try #require(try bench.jobs("p.run").first).output) == "made list\n")
        #expect(try Files.readText(try #require(try bench.jobs("p.text").first).output) == "made text\n")
        try bench.write("#!/bin/sh\n", to: "tool", mode: 0o777)
        for (command, message) in [
            ("'./tool x'", "the one beside the script is {here}/tool"),
            ("{ './tool' }", "the one beside the script is {here}/tool"),
            ("{ 'tool' }", "not in PATH; the one beside the script is {here}/tool"),
            ("{ 'nothing' }", "(not in PATH)"),
            ("{ '/no/such' }", "no such program"),
        ] {
            try bench.write(
                "local xpm = require 'xpm'\nlocal T = xpm.task { id = 'w.t', params = {}, command = \(command) }\nfunction run() T {}:submit() end",
                to: "w.lua")
            let wrong = try bench.run("run", "w.lua")
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(command): \(wrong)")
        }
    }

    @Test("a fan-in of 2,000: as arguments, as a file of lines, as JSON; reports are short")
    func fanIn() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local P = xpm.task { id = "f.p", params = { n = xpm.int, out = xpm.job_path "out.txt" }, execute = function(self) io.open(self.out, "w"):write(self.n):close() end }
            local M = xpm.task { id = "f.m", params = { parts = xpm.list(P) }, command = {
              "sh", "-c", "xargs cat <$1 | wc -c; python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(len(d), d[1999][\\"n\\"], d[3][\\"out\\"][-7:])' $2; shift 2; echo $#",
              "sh", "{list:parts.out}", "{json:parts}", "{parts.out}" } }
            function run(h) local parts = {} for n = 1, tonumber(h.args[1]) do parts[n] = P { n = n }:submit() end M { parts = parts }:submit() end
            """, to: "f.lua")
        let dry = try bench.run("run", "--run-mode", "dry-run", "f.lua", "--", "2000")
        let last = dry.output.split(separator: "\n").drop { !$0.hasPrefix("f.m ") }
        #expect(last.joined(separator: "\n").utf8.count < 2000 && dry.output.contains("and 1992 more"))
        let run = try bench.run("run", "-q", "f.lua", "--", "2000")
        #expect(run.code == 0, "\(run.error)")
        let merge = try #require(try bench.jobs("f.m").first)
        #expect(try Files.readText(merge.output) == "6893\n2000 2000 out.txt\n2000\n")
        // What came to a list is named.
        let why = try bench.run("why", "f.lua", "--job", "f.m", "--", "2001")
        #expect(why.output.contains("1 added (") && why.output.contains("; 2001 now"), "\(why)")
        for (command, message) in [
            ("{ 'cat', '{list:n}' }", "is no list"), ("{ 'cat', '{list:x}' }", "no parameter"),
            ("{ 'cat', 'a{objects}' }", "is a list within a word"),
        ] {
            try bench.write(
                """
                local xpm = require 'xpm'
                local C = xpm.config { id = 'w.c', params = {} }
                local T = xpm.task { id = 'w.t', params = { n = xpm.int, objects = xpm.list(C) }, command = \(command) }
                function run() T { n = 1, objects = { C {} } }:submit() end
                """, to: "w.lua")
            let wrong = try bench.run("run", "w.lua")
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(command): \(wrong)")
        }
    }

    @Test("a type with a program of its own takes nothing of its base's")
    func derived() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "e.a", params = { n = xpm.int }, worker = "python3 {here}/none.py" }
            local B = xpm.task { id = "e.b", extends = A, execute = function(self) self:result { by = "lua" } end }
            local C = xpm.task { id = "e.c", extends = B, command = "false; echo by text", strict = false, results = { by = "by (%a+)" } }
            local D = xpm.task { id = "e.d", extends = C, command = { "echo", "by words" } }
            function run(h) for _, T in ipairs { B, C, D } do T { n = 1 }:submit() end end
            """, to: "e.lua")
        let run = try bench.run("run", "e.lua")
        #expect(run.code == 0 && run.error.contains("3 done"), "\(run)")
        for (task, by) in [("e.b", "lua"), ("e.c", "text"), ("e.d", "words")] {
            let job = try #require(try bench.jobs(task).first)
            #expect(JobResult.read(job)?["by"] == .string(by), "\(task)")
        }
    }

    @Test("files of values have names of their own")
    func values() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "v.t", params = { status = xpm.any, arguments = xpm.any },
              command = "sleep 1.3; cat {json:status} {json:arguments} >both" }
            function run(h) T { status = { 7 }, arguments = { 8 } }:submit() end
            """, to: "v.lua")
        #expect(try bench.run("run", "v.lua").code == 0)
        let job = try #require(try bench.jobs("v.t").first)
        #expect(try Files.readText("\(job.path)/both").filter { $0.isNumber } == "78")
        #expect(try Files.readText("\(job.path)/.experimaestro/status.json").contains("\"done\""))
    }

    @Test("a file of any size and a folder are data; a large one is read once, as long as it is what it was")
    func data() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "d.t", params = { data = xpm.file }, command = { "true" } }
            function run(h) for _, path in ipairs(h.args) do local t = T { data = path } t:submit() print(t:identifier()) end end
            """, to: "d.lua")
        func identifiers(_ paths: String...) throws -> [Substring] {
            let (process, tag) = try bench.start(["run", "-q", "d.lua", "--"] + paths)
            let run = try bench.finish(process, tag)
            #expect(run.code == 0, "\(run)")
            return run.output.split(separator: "\n")
        }
        let shell = try bench.run(
            "-c",
            "truncate -s 1200M big; head -c 2000000 /dev/zero >some; mkdir -p tree/a tree/empty; echo 1 >tree/a/x; echo 2 >tree/b; ln -s b tree/c; touch -d '1 hour ago' some tree/* tree/a/x; sleep 3.2",
            program: "/bin/sh")
        #expect(shell.code == 0)
        let first = try identifiers("big", "some", "tree")
        #expect(TextSet(first.map(String.init)).count == 3)
        #expect(try Files.list("\(bench.folder)/workspace/hashes").count == 2)
        #expect(try identifiers("big", "some", "tree") == first)
        // What it was read as counts, and no other content.
        try bench.write("3\n", to: "tree/a/x")
        let changed = try identifiers("tree")
        #expect(changed != [first[2]])
        try bench.write("1\n", to: "tree/a/x")
        #expect(try identifiers("tree") == [first[2]])
        #expect(try bench.run("-c", "mv tree/b tree/d; ln -sf d tree/c", program: "/bin/sh").code == 0)
        #expect(try identifiers("tree") != [first[2]])
        #expect(
            try bench.run(
                "-c", "printf x | dd of=some bs=1 seek=1000000 conv=notrunc 2>/dev/null", program: "/bin/sh"
            ).code == 0)
        #expect(try identifiers("some") != [first[1]])
        // A job may link to what it reads.
        try bench.write(
            bench.read("d.lua").replacing(
                "{ \"true\" }", with: "{ \"sh\", \"-c\", \"ln {data}/d . 2>/dev/null; true\" }"),
            to: "l.lua")
        #expect(try bench.run("run", "l.lua", "--", "tree").code == 0)
        for (make, name, message) in [
            ("mkdir bad; mkfifo bad/pipe", "bad", "it is no file and no folder"),
            ("mkdir loop; ln -s . loop/l", "loop", "its links lead in a circle"),
            ("true", "none", "No such file"),
        ] {
            #expect(try bench.run("-c", make, program: "/bin/sh").code == 0)
            let wrong = try bench.run("run", "d.lua", "--", name)
            #expect(
                wrong.code == 2 && wrong.error.contains(name) && wrong.error.contains(message),
                "\(message): \(wrong)")
        }
    }

    @Test(
        "a plan reads files: glob, csv, json; they are kept with the run, and why says when they have changed"
    )
    func reading() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local folds = xpm.json "folds.json"
            local T = xpm.task { id = "r.t", params = { path = xpm.path, k = xpm.int }, command = { "echo", "{k}" } }
            local L = xpm.task { id = "r.l", params = {}, execute = function(self) self:result { k = folds.k } end }
            function run()
              for _, path in ipairs(xpm.glob "data/**/*.txt") do print(path:match "[^/]+$") end
              for _, row in ipairs(xpm.csv "rows.csv") do print(row.name, math.type(row.n) or row.n, row.ok) end
              T { path = "x", k = folds.k }:submit()
              L {}:submit()
            end
            """, to: "r.lua")
        for name in ["data/p_10.txt", "data/p_2.txt", "data/in/p_1.txt", "data/x.csv"] {
            try bench.write("", to: name)
        }
        try bench.write("\u{feff}name,n,ok\r\n\"a, \"\"b\"\"\nc\",1,true\r\n\r\nd,,\n", to: "rows.csv")
        try bench.write("{\"k\": 5}", to: "folds.json")
        let run = try bench.run("run", "-q", "r.lua")
        #expect(
            run.code == 0
                && run.output.hasPrefix(
                    "p_1.txt\np_2.txt\np_10.txt\na, \"b\"\nc\tinteger\ttrue\nd\tnil\tnil\n"),
            "\(run)")
        #expect(run.output.contains("k=5"))
        try bench.write("{\"k\": 5, \"note\": 1}", to: "folds.json")
        #expect(try bench.run("why", "r.lua").output.contains("    since  folds.json changed\n"))
        for (file, text, message) in [
            ("rows.csv", "a,b\n1\n", "rows.csv:2: 1 fields, and 2 names"),
            ("rows.csv", "a,a\n", "two columns have one name"),
            ("rows.csv", "a\n\"x\n", "a quoted field without an end"),
            ("folds.json", "{\n\"k\": }", "folds.json:2: "),
        ] {
            let before = try bench.read(file)
            try bench.write(text, to: file)
            let wrong = try bench.run("run", "r.lua")
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(text): \(wrong)")
            try bench.write(before, to: file)
        }
        let missing = try bench.run("run", "r.lua", "-c", "x=1")
        #expect(missing.code == 0 || missing.code == 2)
    }

    @Test(
        "many equal failures are one group at the end; filters take quotes; a failed plan points to earlier runs; a service's address is told"
    )
    func reports() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "g.t", params = { n = xpm.int, s = xpm.string }, execute = function(self)
              if self.n > 1 then error("bad value " .. self.n) end
              self:result { x = 1 }
            end }
            function run(h)
              h.xp:add_service(xpm.web_service { id = "page", command = { "python3", "-m", "http.server", "--bind", "127.0.0.1", "{port}" } })
              for n = 1, 12 do T { n = n, s = xpm.tag("s", 'a"b') }:submit() end
              if h.args[1] then error "plan" end
            end
            """, to: "g.lua")
        let run = try bench.run("run", "g.lua")
        #expect(
            run.code == 1 && run.error.contains("and 7 more: xpm failures lists them"), "\(run)")
        #expect(run.error.contains("service page: http://"), "\(run)")
        let filtered = try bench.run("jobs", "list", "--filter", "s = \"a\\\"b\" and n = 1", "--json").output
        #expect(filtered.split(separator: "\n").count == 1)
        try bench.write(
            bench.read("g.lua").replacing("for n = 1, 12", with: "for n = 1, (h.args[1] and 2 or 12)"),
            to: "g.lua")
        #expect(try bench.run("run", "g.lua", "--", "x").code == 2)
        #expect(try bench.run("results", "g").error.contains("--every-run has the jobs of earlier ones too"))
    }
}
