import Foundation
import Store
import System
import Testing
import Text

/// What `docs/json.md` says of each command is what the command writes.
@Suite("JSON", .timeLimit(.minutes(20)))
struct JSONTests {
    /// A member as the page describes it.
    private struct Member {
        let name: String
        let type: String

        var isOptional: Bool { type.hasSuffix("?") }

        func accepts(_ value: JSON) -> Bool {
            let types = String(type.hasSuffix("?") ? type.dropLast() : type[...]).components(
                separatedBy: " or ")
            return types.contains { type in
                switch (type, value) {
                case ("any", _), ("null", .null), ("text", .string), ("int", .int), ("number", .int),
                    ("number", .float), ("bool", .bool), ("object", .object), ("array", .array):
                    true
                default: false
                }
            }
        }
    }

    /// The tables of the page by their headings: `xpm jobs list`, `xpm run event job`.
    private static func page() throws -> [String: [Member]] {
        var tables: [String: [Member]] = [:]
        var (commands, names) = ([String](), [String]())
        for line in try Files.readText("\(Workbench.root)/docs/json.md").split(separator: "\n") {
            if let heading = line.after("## ") {
                commands = String(heading).components(separatedBy: ", ")
                names = commands
            } else if let heading = line.after("### ") {
                names = commands.map { "\($0) \(heading)" }
            } else if line.hasPrefix("| `") || line.hasPrefix("| * ") {
                let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                let member = Member(name: cells[0].trimmingCharacters(in: ["`"]), type: cells[1])
                for name in names { tables[name, default: []].append(member) }
            }
        }
        return tables
    }

    /// The commands that do something, with their options.
    static func commands() throws -> [(name: String, options: [String])] {
        let help = try Workbench().run("--experimental-dump-help").output
        var found: [(name: String, options: [String])] = []
        func visit(_ command: JSON, _ path: String) {
            guard let name = command["commandName"]?.string, name != "help" else { return }
            let path = path.isEmpty ? name : "\(path) \(name)"
            if let inner = command["subcommands"]?.array, !inner.isEmpty {
                for one in inner { visit(one, path) }
                if inner.contains(where: { $0["commandName"]?.string != "help" }) { return }
            }
            let options = (command["arguments"]?.array ?? []).filter { $0["kind"] != "positional" }.map {
                option in
                let names = option["names"]?.array ?? []
                let long = names.first { $0["kind"] == "long" }
                return long?["name"]?.string.map { "--\($0)" } ?? "-\(names.first?["name"]?.string ?? "?")"
            }
            found.append((path, options))
        }
        visit(try JSON.parse(Array(help.utf8))["command"] ?? .null, "")
        return found
    }

    @Test("every command has --json, and a table")
    func all() throws {
        let page = try Self.page()
        let commands = try Self.commands()
        #expect(commands.count > 35)
        for command in commands {
            #expect(command.options.contains("--json"), "\(command.name) has no --json")
            #expect(
                page.keys.contains { $0.hasPrefix(command.name) }, "\(command.name) is not in docs/json.md")
        }
        for heading in page.keys {
            #expect(commands.contains { heading.hasPrefix($0.name) }, "there is no '\(heading)'")
        }
    }

    @Test("what a command writes has the members of its table, with their types")
    func tables() throws {
        let bench = try Workbench()
        try Self.write(to: bench)
        let page = try Self.page()
        var met: [String: Set<String>] = [:]

        /// Checks values against a table.
        func check(_ name: String, _ values: [JSON]) {
            guard let table = page[name] else {
                Issue.record("docs/json.md has no '\(name)'")
                return
            }
            #expect(!values.isEmpty, "\(name): nothing was written")
            for value in values {
                guard case .object(let members) = value else {
                    Issue.record("\(name): no object: \(value.text)")
                    continue
                }
                for member in members {
                    guard let known = table.first(where: { $0.name == member.name || $0.name == "*" }) else {
                        Issue.record("\(name): '\(member.name)' is not in the table")
                        continue
                    }
                    #expect(
                        known.accepts(member.value),
                        "\(name): \(member.name) is no \(known.type): \(member.value.text)")
                    met[name, default: []].insert(known.name)
                }
                for known in table where !known.isOptional && known.name != "*" {
                    #expect(
                        members.contains { $0.name == known.name },
                        "\(name): '\(known.name)' is missing: \(value.text)")
                }
            }
        }
        /// What a program wrote: lines, or one array or object.
        func values(_ text: String) throws -> [JSON] {
            if let whole = try? JSON.parse(Array(text.utf8)) { return whole.array ?? [whole] }
            return try text.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
        }
        func run(
            _ arguments: [String], codes: [Int32] = [0], environment: [String: String] = [:]
        ) throws -> [JSON] {
            let (process, tag) = try bench.start(arguments + ["--json"], environment: environment)
            let result = try bench.finish(process, tag)
            #expect(codes.contains(result.code), "\(arguments): \(result)")
            return try values(result.output)
        }
        func checkEvents(_ lines: [JSON], of command: String = "xpm run") {
            for line in lines { check("\(command) event \(line["event"]?.string ?? "?")", [line]) }
        }

        // Runs: one that fails, one that another process changes, one that is stopped.
        checkEvents(try run(["run", "broken.lua"], codes: [2]))
        checkEvents(try run(["run", "full.yaml", "--run-mode", "dry-run"]))
        checkEvents(try run(["run", "full.yaml", "-j", "2"], codes: [1]))
        let held = try bench.start(["run", "held.lua", "-j", "1", "--json"])
        #expect(try bench.wait { try bench.read(".\(held.tag).out").contains("\"waiting\"") })
        check("xpm jobs show", try run(["jobs", "show", "-e", "held"]))
        check("xpm jobs priority", try run(["jobs", "priority", "3", "-e", "held"]))
        check("xpm jobs release", try run(["jobs", "release", "-e", "held", "--filter", "n < 3"]))
        #expect(try bench.wait { try bench.read(".\(held.tag).out").contains("\"running\"") })
        check("xpm jobs hold", try run(["jobs", "hold", "-e", "held", "--filter", "n = 2"]))
        check("xpm jobs show", try run(["jobs", "show", "-e", "held"]))
        check("xpm jobs kill", try run(["jobs", "kill", "-e", "held"]))
        check("xpm stop", try run(["stop", "held", "--now"]))
        checkEvents(try values(try bench.finish(held.process, held.tag).output))
        checkEvents(try run(["run", "quick.lua", "--detach"]))
        check("xpm attach", try run(["attach", "quick"], codes: [1]).filter { $0["job_id"] != nil })
        checkEvents(try run(["run", "quick.lua"], codes: [1]))
        check("xpm attach", try run(["attach", "quick"], codes: [1]).filter { $0["job_id"] != nil })
        check("xpm attach", try run(["attach", "held"], codes: [130]).filter { $0["job_id"] != nil })

        checkEvents(try run(["do", "echo {x}", "x=1,2"]))
        // Of a run that found all done, one line tells of several jobs.
        checkEvents(try run(["do", "echo {x}", "x=1,2"]))
        check("xpm attach", try run(["attach", "echo"]).filter { $0["job_id"] != nil })
        // The log of a search whose proposal does not follow.
        try bench.write(
            """
            {"search": 1, "name": "s", "space": {"x": {"uniform": [0.0, 1.0]}}, "sampler": {"sampler": "random"}, "seed": 1, "metric": "loss", "goal": "min", "failed": "worst", "first": []}
            {"trial": 1, "values": {"x": 0.5}, "seen": []}
            {"trial": 1, "jobs": ["a/b"]}
            {"trial": 1, "value": 0.25}

            """, to: "workspace/searches/s/0123.jsonl")
        checkEvents(try run(["monitor", "quick"]), of: "xpm monitor")

        for (name, arguments, codes) in [
            ("xpm sweep", ["sweep", "full.yaml", "--sweep", "a=1,2"], [0]),
            ("xpm why", ["why", "full.yaml", "--all"], [0]),
            ("xpm describe", ["describe", "full.yaml"], [0]),
            ("xpm identity", ["identity", "full.yaml"], [0]),
            ("xpm identity with --explain", ["identity", "full.yaml", "--explain"], [0]),
            ("xpm actions list", ["actions", "list", "js"], [0]),
            ("xpm actions run", ["actions", "run", "js", "export"], [0]),
            ("xpm services list", ["services", "list"], [0]),
            ("xpm services start", ["services", "start", "js"], [0]),
            ("xpm services restart", ["services", "restart", "js"], [0]),
            ("xpm services open", ["services", "open", "js/pages"], [0]),
            ("xpm services log", ["services", "log", "js/pages"], [0]),
            ("xpm services stop", ["services", "stop", "js"], [0]),
            ("xpm jobs list", ["jobs", "list"], [0]), ("xpm jobs path", ["jobs", "path"], [0]),
            ("xpm jobs show", ["jobs", "show"], [0]), ("xpm jobs usage", ["jobs", "usage"], [0]),
            ("xpm failures", ["failures"], [0]), ("xpm results", ["results", "js"], [0]),
            ("xpm plot", ["plot", "js", "--metric", "acc", "--x", "seed"], [0]),
            ("xpm experiments list", ["experiments", "list"], [0]),
            ("xpm experiments runs", ["experiments", "runs", "js"], [0]),
            ("xpm experiments tag", ["experiments", "tag", "js", "a"], [0]),
            ("xpm experiments untag", ["experiments", "untag", "js", "a"], [0]),
            ("xpm experiments show", ["experiments", "show", "js"], [0]),
            ("xpm experiments copy", ["experiments", "copy", "js", "--to", "other"], [0]),
            ("xpm experiments delete", ["experiments", "delete", "js"], [0]),
            ("xpm workspaces list", ["workspaces", "list"], [0]),
            ("xpm partials list", ["partials", "list"], [0]),
            ("xpm jobs clean", ["jobs", "clean", "-e", "js", "--filter", "@state = failed"], [0]),
            ("xpm jobs retry", ["jobs", "retry", "-e", "js"], [1]),
            ("xpm gc", ["gc"], [0]),
            ("xpm completions install", ["completions", "install", "bash"], [0]),
            ("xpm do", ["do", "echo {x}", "x=1", "--write", "made"], [0]),
            ("xpm search list", ["search", "list"], [0]), ("xpm search show", ["search", "show", "s"], [0]),
            ("xpm search check", ["search", "check", "s"], [1]),
            ("xpm init", ["init", "new"], [0]), ("xpm annotations", ["annotations", "new"], [0]),
            ("xpm deprecated list", ["deprecated", "list", "renamed.lua"], [0]),
            ("xpm deprecated fix", ["deprecated", "fix", "renamed.lua"], [0]),
        ] as [(String, [String], [Int32])] {
            check(name, try run(arguments, codes: codes))
        }
        let jobs = try bench.jobs("j.train").map(\.path)
        check("xpm diff", try run(["diff", jobs[0], jobs[1]], codes: [1]))
        check("xpm jobs log", try run(["jobs", "log", jobs[0]]))
        check("xpm code", try run(["code", jobs[0]]))
        check("xpm code", try run(["code", jobs[0], "experiment.lua"]))
        check("xpm code with --restore", try run(["code", jobs[0], "--restore", "then"]))
        try Files.remove("\(bench.folder)/experiment.lua")
        check("xpm code", try run(["code", jobs[0], "--diff"]))
        try Files.link("\(bench.folder)/workspace/jobs/j.train/x", to: "/nowhere")
        check("xpm doctor", try run(["doctor"], codes: [1]))
        check(
            "xpm doctor with --inodes, at the end",
            try run(["doctor", "--inodes"], codes: [1]).suffix(1))
        for job in jobs { try Files.removeTree(job, below: bench.folder) }
        for job in try bench.jobs("j.eval") { try Files.removeTree(job.path, below: bench.folder) }
        check("xpm partials clean", try run(["partials", "clean"]))

        // A cluster whose one node is this machine; the real one is in SlurmTests.
        try bench.write(
            "#!/bin/sh\necho 'debug*|4|1000|gpu:2|1-00:00:00|up'\n", to: "bin/sinfo", mode: 0o777)
        try bench.write(
            "#!/bin/sh\nfor script; do :; done\nsh \"$script\" && echo 1\n", to: "bin/sbatch", mode: 0o777)
        let site = [
            "PATH": "\(bench.folder)/bin:" + (Environment["PATH"] ?? "/usr/bin:/bin"),
            "XDG_CONFIG_HOME": "\(bench.folder)/site",
        ]
        check("xpm launchers generate", try run(["launchers", "generate", "slurm"], environment: site))
        check("xpm launchers list", try run(["launchers", "list"], environment: site))
        check("xpm launchers check", try run(["launchers", "check", "slurm"], environment: site))
        check("xpm find-launcher", try run(["find-launcher", "cuda() & duration=1h"], environment: site))
        check(
            "xpm find-launcher", try run(["find-launcher", "duration=5d"], codes: [1], environment: site))

        // What the page describes is there.
        for (name, table) in page where name != "xpm run event error" {
            for member in table {
                #expect(
                    met[name]?.contains(member.name) == true, "\(name): '\(member.name)' was in no output")
            }
        }
    }

    private static func write(to bench: Workbench) throws {
        try bench.write(
            """
            local xpm = require "xpm"
            local Model = xpm.config { id = "j.model", params = { hidden = xpm.int { default = 8, help = "units" } } }
            local Train = xpm.task {
              id = "j.train",
              params = {
                model = Model, lr = xpm.float, seed = xpm.int, big = xpm.job_path { "big.txt", temporary = true },
                length = xpm.int { default = 1, groups = { "g" } },
                shared = xpm.job_path { "s", partial = xpm.partial { name = "sh", exclude_groups = { "g" } } },
              },
              command = "echo hello; echo oops >&2; echo 1 > {big}; echo x > {shared}; echo '{{\\"acc\\": '{lr}'}}' > results.json; test {seed} != 3",
            }
            local Again = xpm.resumable_task {
              id = "j.again", params = {}, max_retries = 1, command = "test -e mark && exit 0; touch mark; exit 75",
            }
            local Export = xpm.action {
              id = "j.export", params = { model = Model }, describe = function() return "exports" end,
              execute = function(self, ask) print("hi", ask:text("name", "Name?", { default = "x" })) end,
            }
            local Eval = xpm.task { id = "j.eval", params = { train = Train },
              -- Until the service can be reached, so that the run tells where.
              command = "for i in $(seq 200); do grep -q RUNNING ../../../experiments/js/current/status.json && break; sleep 0.05; done; true" }
            function run(helper, cfg)
              local xp = helper.xp
              xp:add_service(xpm.web_service {
                id = "pages", description = "d",
                command = { "python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", "{dir}", "{port}" },
                ready = { http = "/" },
              })
              for seed = 1, 3 do
                local t = Train { model = Model { hidden = 4 }, lr = 0.5, seed = xpm.tag(seed) }:submit { priority = seed }
                Eval { train = t }:submit()
              end
              Train { model = Model { hidden = 4 }, lr = 0.5, seed = xpm.tag(1) }:submit { priority = 9 }
              Again {}:submit()
              xp:add_action(Export { model = Model {} })
            end
            """, to: "experiment.lua")
        try bench.write("id: js\nfile: experiment\ntitle: A title\n", to: "full.yaml")
        try bench.write("local xpm = require 'xpm'\nfunction run() error 'no' end\n", to: "broken.lua")
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "h.t", params = { n = xpm.int }, command = "echo '{{\\"progress\\": 0.5, \\"text\\": \\"half\\"}}' >>$XPM_EVENTS; sleep 60" }
            function run() for n = 1, 3 do T { n = xpm.tag(n) }:submit { hold = true } end end
            """, to: "held.lua")
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "q.t", params = {}, command = "true" }
            local U = xpm.resumable_task { id = "q.u", params = {}, max_retries = 1, command = "test -e mark && exit 1; touch mark; exit 75" }
            local Old = xpm.task { id = "q.old", params = {}, command = "true" }
            function run() T {}:submit() T {}:submit() U {}:submit() Old {}:submit() end
            """, to: "quick.lua")
        try bench.write(
            """
            local xpm = require "xpm"
            local New = xpm.task { id = "q.new", params = {}, command = "true" }
            xpm.deprecate { id = "q.old", to = New }
            function run() end
            """, to: "renamed.lua")
        try bench.write(
            "workspaces: [{ id: w, path: \(bench.folder)/workspace }]\n", to: "config/xpm/settings.yaml")
    }
}
