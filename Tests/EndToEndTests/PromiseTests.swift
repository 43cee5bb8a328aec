import Foundation
import Store
import System
import Testing
import Text

/// What docs and help promise, where it is easily broken.
@Suite("Promises", .timeLimit(.minutes(20)))
struct PromiseTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task {
              id = "w.work", params = { n = xpm.int },
              command = "echo {n} begins >> $TALLY; sleep 0.1; echo {n} ends >> $TALLY",
            }
            local Lua = xpm.task {
              id = "w.lua", params = {},
              execute = function(self)
                self:result { test = { loss = 1 }, a = 1 }
                self:result { test = { acc = 2 }, a = 2 }
              end,
            }
            local Program = xpm.task {
              id = "w.program", params = {},
              command = { "sh", "{here}/program.sh" },
            }
            function run()
              for n = 1, 3 do Work { n = xpm.tag(n) }:submit() end
              Lua {}:submit()
              Program {}:submit()
            end
            """, to: "experiment.lua")
        try bench.write(
            """
            echo '{"result": {"test": {"loss": 1}}}' >> $XPM_EVENTS
            echo '{"result": {"test": {"acc": 2}}}' >> $XPM_EVENTS

            """, to: "program.sh")
        return bench
    }

    @Test("all that is given of jobs holds: a name, a filter and an experiment")
    func selection() throws {
        let bench = try bench()
        let environment = ["TALLY": "\(bench.folder)/tally"]
        #expect(try bench.run("run", "-q", "experiment.lua", environment: environment).code == 0)
        let jobs = try bench.jobs("w.work")
        let listed = try bench.run("jobs", "path", "--filter", "n = 3").output.trimmed
        let third = try #require(jobs.first { $0.path == listed })
        let other = try #require(jobs.first { $0.path != listed })
        for command in ["clean", "kill", "retry", "show", "path"] {
            for options in [["--filter", "n = 3"], ["-e", "nope"]] {
                let perform = ["clean", "kill"].contains(command) ? ["--perform"] : []
                let (process, tag) = try bench.start(["jobs", command, other.identifier] + options + perform)
                let result = try bench.finish(process, tag)
                #expect(result.code == 2, "\(command) \(options): \(result)")
            }
            #expect(Files.exists(other.path))
        }
        #expect(try bench.run("jobs", "log", other.identifier, "--filter", "n = 3").code == 2)
        #expect(
            try bench.run("jobs", "path", third.identifier, "--filter", "n = 3", "-e", "experiment").code == 0
        )
        #expect(try bench.run("jobs", "clean", third.identifier, "--filter", "n = 3", "--perform").code == 0)
        #expect(!Files.exists(third.path) && Files.exists(other.path))
    }

    @Test("machine: { cores: 1 } lets one job run at a time, by run and by retry")
    func cores() throws {
        let bench = try bench()
        let environment = ["TALLY": "\(bench.folder)/tally"]
        try bench.write("machine: { cores: 1 }\n", to: "config/xpm/settings.yaml")
        #expect(try bench.run("run", "-q", "experiment.lua", environment: environment).code == 0)
        let lines = try bench.read("tally").split(separator: "\n")
        #expect(lines.count == 6)
        for pair in stride(from: 0, to: 6, by: 2) {
            #expect(lines[pair].hasSuffix("begins") && lines[pair + 1].hasSuffix("ends"), "\(lines)")
        }
    }

    @Test("random: { n: 2 } alone picks of what the schema sweeps")
    func sample() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Configuration = xpm.configuration { lr = xpm.sweep(xpm.float) }
            return xpm.experiment { configuration = Configuration, run = function() end }
            """, to: "experiment.lua")
        try bench.write("lr: [1, 2, 3, 4, 5]\ngrid_search: { random: { n: 2 } }\n", to: "full.yaml")
        let points = try bench.run("sweep", "experiment.lua", "full.yaml")
        #expect(
            points.code == 0 && points.error.contains("2 points"),
            "\(points)")
    }

    @Test("results are laid over those before key by key", arguments: ["w.lua", "w.program"])
    func results(_ type: String) throws {
        let bench = try bench()
        let environment = ["TALLY": "\(bench.folder)/tally"]
        #expect(try bench.run("run", "-q", "experiment.lua", environment: environment).code == 0)
        let job = try #require(try bench.jobs(type).first)
        let result = try #require(JobResult.read(job))
        #expect(result["test"]?["loss"] == 1 && result["test"]?["acc"] == 2, "\(result.text)")
    }

    @Test("a held job that another run has done is done for the run that holds it, which ends")
    func heldElsewhere() throws {
        let bench = try Workbench()
        for (name, options) in [("first", "{ hold = true }"), ("second", "{}")] {
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "e.t", params = { n = xpm.int }, command = "echo {n} >>$TALLY" }
                local U = xpm.task { id = "e.u", params = { t = T }, command = "true" }
                function run()
                  local t = T { n = 1 }:submit \(options)
                  if "\(name)" == "first" then U { t = t }:submit() end
                end
                """, to: "\(name).lua")
        }
        let environment = ["TALLY": "\(bench.folder)/tally"]
        let (process, tag) = try bench.start(["run", "first.lua"], environment: environment)
        #expect(try bench.wait { try bench.read(".\(tag).err").contains("only held jobs are left (1)") })
        #expect(try bench.run("run", "second.lua", environment: environment).code == 0)
        let end = try bench.finish(process, tag)
        #expect(end.code == 0 && end.error.contains("2 tasks: 1 done, 1 cached"), "\(end)")
        #expect(try bench.read("tally") == "1\n")
    }

    @Test(
        "of a token that two live runs count differently there are as many as the fewer; both scripts hear of it"
    )
    func tokenCounts() throws {
        let bench = try Workbench()
        for (name, count) in [("many", 3), ("few", 1)] {
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "t.\(name)", params = { n = xpm.int }, command = "sh {here}/step.sh" }
                function run(helper)
                  helper.xp:token("a", \(count))
                  for n = 1, 4 do T { n = n }:submit { tokens = { a = 1 } } end
                  -- It keeps the run alive.
                  if "\(name)" == "few" then T { n = 9 }:submit { hold = true } end
                end
                """, to: "\(name).lua")
        }
        try bench.write(
            """
            echo begin >>$TALLY; sleep 0.2; echo end >>$TALLY
            """, to: "step.sh")
        let environment = ["TALLY": "\(bench.folder)/tally"]
        func most() throws -> Int {
            var (now, most) = (0, 0)
            for line in try bench.read("tally").split(separator: "\n") {
                now += line == "begin" ? 1 : -1
                most = max(most, now)
            }
            return most
        }
        #expect(try bench.run("run", "-j", "4", "many.lua", environment: environment).code == 0)
        #expect(try most() == 3)
        let few = try bench.start(["run", "-j", "4", "few.lua"], environment: environment)
        #expect(try bench.wait { Files.exists("\(bench.folder)/workspace/tokens/a/few.limit.lock") })
        try Files.remove("\(bench.folder)/tally")
        try Files.removeTree("\(bench.folder)/workspace/jobs/t.many", below: bench.folder)
        let many = try bench.run("run", "-j", "4", "many.lua", environment: environment)
        #expect(
            many.error.contains(
                "warning: many.lua:4: xp:token: of 'a' there are 3 here and 1 in 'few', which runs: 1 counts for both"
            ),
            "\(many.error)")
        #expect(many.code == 0)
        #expect(try most() == 1)
        #expect(try bench.run("jobs", "release", "-e", "few").code == 0)
        #expect(try bench.finish(few.process, few.tag).code == 0)
    }

    @Test("a run that only generates hides no run before it")
    func generated() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "g.t", params = { n = xpm.int }, command = "exit {n}" }
            function run(helper) for n = 0, tonumber(helper.args[1]) do T { n = n }:submit() end end
            """, to: "g.lua")
        #expect(try bench.run("run", "--run-mode", "generate", "g.lua", "--", "0").code == 0)
        // It is all there is.
        #expect(try bench.run("experiments", "list").output.contains("  generated  "))
        #expect(try bench.run("jobs", "list").output.contains("g.t"))
        #expect(try bench.run("run", "-q", "g.lua", "--", "1").code == 1)
        let current = Files.linkTarget("\(bench.folder)/workspace/experiments/g/current")
        #expect(try bench.run("run", "--run-mode", "generate", "g.lua", "--", "3").code == 0)
        #expect(Files.linkTarget("\(bench.folder)/workspace/experiments/g/current") == current)
        #expect(try bench.run("attach", "g").code == 1)
        let listed = try bench.run("experiments", "list").output
        #expect(listed.contains("  failed  ") && listed.split(separator: "\n").count == 1, "\(listed)")
        let jobs = try bench.run("jobs", "list").output
        #expect(jobs.split(separator: "\n").count == 2 && jobs.contains("failed"), "\(jobs)")
        #expect(try bench.run("failures").output.contains("exit code 1"))
        let runs = try bench.run("experiments", "runs", "g").output
        #expect(
            runs.split(separator: "\n").map { $0.split(separator: " ")[1] } == [
                "generated", "failed", "generated",
            ])
        // What is removed leads back to the newest that launched.
        #expect(try bench.run("experiments", "show", "g", "--json").output.contains(#""state": "failed""#))
    }

    @Test(
        "of an equal task that is submitted again with other options, those that do not count are told at their line"
    )
    func secondSubmit() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "s.t", params = { n = xpm.int }, command = "true" }
            function run()
              T { n = 1 }:submit { env = { A = "1" }, priority = 2 }
              T { n = 1 }:submit()
              T { n = 1 }:submit { env = { A = "1" }, priority = 2 }
              T { n = 1 }:submit { env = { A = "2" }, priority = 2, hold = true, requires = "cpu(cores=1)" }
              T { n = 2 }:submit()
              T { n = 2 }:submit { max_retries = 3 }
            end
            """, to: "s.lua")
        for mode in ["dry-run", "normal"] {
            let result = try bench.run("run", "--run-mode", mode, "s.lua")
            let told = result.error.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
            #expect(result.code == 0 && told.count == 3, "\(result.error)")
            #expect(told.first?.hasPrefix("warning: s.lua:7: submit: s.t ") == true)
            #expect(
                told.first?.hasSuffix(" was submitted before: its first env, requires, hold count") == true,
                "\(told)")
            #expect(
                told.last?.hasPrefix("warning: s.lua:9: ") == true
                    && told.last?.hasSuffix("its first max_retries counts") == true)
        }
    }

    @Test(
        "two --zip are two groups; an option takes the place of a parameter within zip and random; a range that counts down says its step"
    )
    func groups() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            return xpm.experiment { configuration = xpm.configuration {
              a = xpm.int { default = 0 }, b = xpm.int { default = 0 },
              c = xpm.int { default = 0 }, d = xpm.int { default = 0 },
            }, run = function() end }
            """, to: "experiment.lua")
        func points(_ yaml: String, _ options: String...) throws -> String {
            try bench.write(yaml, to: "full.yaml")
            let (process, tag) = try bench.start(
                ["sweep", "experiment.lua", "full.yaml", "--format", "csv"] + options)
            let result = try bench.finish(process, tag)
            return result.code == 0
                ? result.output.split(separator: "\n").dropFirst().joined(separator: " ") : result.error
        }
        let two = try points("id: x", "--zip", "a=1,2", "b=3,4", "--zip", "c=5,6", "d=7,8")
        #expect(two == "1,3,5,7 1,3,6,8 2,4,5,7 2,4,6,8")
        #expect(
            try points("grid_search: { zip: [{ a: [1, 2], b: [3, 4] }, { c: [5, 6], d: [7, 8] }] }") == two)
        #expect(try points("id: x", "--zip=a=1,2", "b=3,4", "--zip=c=5,6", "d=7,8") == two)
        let zip = "grid_search: { zip: { a: [1, 2], b: [3, 4] } }"
        #expect(try points(zip, "--sweep", "a=7,8,9") == "7,3 7,4 8,3 8,4 9,3 9,4")
        #expect(try points(zip, "-c", "a=7") == "3 4")
        #expect(try points(zip, "-c", "a=7", "-c", "b=8") == "")
        let drawn = try points(
            "grid_search: { random: { n: 3, seed: 1, a: { integers: [1, 99] }, b: { integers: [1, 99] } } }")
        let rest = drawn.split(separator: " ").map { $0.split(separator: ",")[1] }.joined(separator: " ")
        #expect(
            try points(
                "grid_search: { random: { n: 3, seed: 1, a: { integers: [1, 99] }, b: { integers: [1, 99] } } }",
                "-c", "a=5") == rest)
        for (yaml, options) in [
            ("id: x", ["--sweep", "a=5..1"]), ("grid_search: { a: { closed_range: [5, 1] } }", []),
        ] {
            try bench.write(yaml, to: "full.yaml")
            let (process, tag) = try bench.start(["sweep", "experiment.lua", "full.yaml"] + options)
            let result = try bench.finish(process, tag)
            #expect(
                result.code == 2
                    && result.error.contains("a step of 1 does not lead from 5 to 1; one of -1 does"),
                "\(result)")
        }
        #expect(try points("id: x", "--sweep", "a=5..1..-2") == "5 3 1")
        #expect(try points("grid_search: { a: { closed_range: [5, 1, -2] } }") == "5 3 1")
    }

    @Test("a job has the tag of a swept value that it uses, with one value as with two")
    func tags() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Data = xpm.task { id = "t.data", params = {}, command = "true" }
            local Train = xpm.task { id = "t.train", params = { data = Data, lr = xpm.float }, command = "true" }
            local Other = xpm.task { id = "t.other", params = { rate = xpm.float }, command = "true" }
            return xpm.experiment { configuration = xpm.configuration { lr = xpm.sweep(xpm.float), tagged = xpm.bool { default = true } },
              run = function(helper, cfg)
                Train { data = Data {}:submit(), lr = cfg.lr }:submit()
                if not cfg.tagged then return end
                Other { rate = xpm.tag("lr", cfg.lr) }:submit()
              end }
            """, to: "experiment.lua")
        for values in ["0.5", "0.5,0.25"] {
            let run = try bench.run("run", "-q", "experiment.lua", "--sweep", "lr=\(values)")
            #expect(run.code == 0 && run.error.isEmpty, "\(run)")
            let tags = try bench.run("jobs", "list", "--json").output.split(separator: "\n").map {
                try JSON.parse(Array($0.utf8))
            }
            for job in tags {
                let expected = job["task"]?.string == "t.data" ? 0 : 1
                guard case .object(let own)? = job["tags"] else { continue }
                #expect(own.count == expected, "\(values): \(job.text)")
            }
            #expect(tags.count == (values == "0.5" ? 3 : 5))
        }
        try bench.write(
            try bench.read("experiment.lua").replacing("lr = cfg.lr", with: "lr = cfg.lr * 2"),
            to: "experiment.lua")
        let run = try bench.run("run", "-q", "experiment.lua", "--sweep", "lr=1,2", "-c", "tagged=false")
        #expect(
            run.error.contains(
                "no job has the tag 'lr', which varies: a parameter named 'lr' that gets its value has it"),
            "\(run.error)")
    }

    @Test("doctor finds what makes gc refuse, and links that lead nowhere, and says what mends it")
    func doctor() throws {
        let bench = try bench()
        let environment = ["TALLY": "\(bench.folder)/tally"]
        #expect(try bench.run("run", "-q", "experiment.lua", environment: environment).code == 0)
        #expect(try bench.run("doctor").error == "nothing found\n")
        let run = Paths.real("\(bench.folder)/workspace/experiments/experiment/current")
        let log = "\(run)/jobs.jsonl"
        let lines = try Files.readText(log).split(separator: "\n").map(String.init)
        try Files.write(Array((["{}"] + lines).joined(separator: "\n").utf8 + [10]), to: log)
        func check(_ problem: String, stopsCollection: Bool) throws {
            let found = try bench.run("doctor", "--mend")
            #expect(found.code == 1 && found.output.contains(problem), "\(problem): \(found)")
            #expect(try bench.run("gc").code == (stopsCollection ? 2 : 0), "\(problem)")
        }
        try check(
            "jobs.jsonl: line 1 cannot be read: xpm gc removes nothing while it is so; restore it, or remove the line",
            stopsCollection: true)
        try Files.remove(log)
        try check(
            "jobs.jsonl: it is gone: xpm gc removes nothing while it is so; restore it, or remove the run: xpm experiments delete experiment --run",
            stopsCollection: true)
        try Files.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: log)
        try Files.write(Array("{".utf8), to: "\(run)/environment.json")
        try check(
            "environment.json: it cannot be read: no JSON; restore it, or remove it", stopsCollection: false)
        try Files.remove("\(run)/environment.json")
        for (name, stops) in [("jobs/elsewhere", true), ("experiments/gone", true), ("partials/x", false)] {
            try Files.makeFolder(Paths.parent("\(bench.folder)/workspace/\(name)"))
            try Files.link("\(bench.folder)/workspace/\(name)", to: "/nowhere/there")
            try check(
                "\(name): a link to /nowhere/there, which is not there: mount or restore that, or remove the link",
                stopsCollection: stops)
            try Files.remove("\(bench.folder)/workspace/\(name)")
        }
        let current = "\(bench.folder)/workspace/experiments/experiment/current"
        try Files.link(current, to: "20200101_000000")
        let mended = try bench.run("doctor", "--mend")
        #expect(
            mended.code == 0 && mended.output.contains("current: a link to a run that is gone  mended"),
            "\(mended)")
        #expect(Paths.real(current) == run)
        // What jobs clean removes leaves links in the run: nobody has to do anything.
        #expect(try bench.run("jobs", "clean", "--filter", "n = 1", "--perform").code == 0)
        let note = try bench.run("doctor")
        #expect(note.code == 0 && note.output.contains("1 link to a job that is gone"), "\(note)")
        #expect(try bench.run("doctor", "--mend").output.contains("mended"))
        #expect(try bench.run("doctor").output.isEmpty)
    }

    @Test("a relative path of a workspace in settings.yaml is one place, from every folder")
    func relativeWorkspace() throws {
        let bench = try bench()
        let environment = ["TALLY": "\(bench.folder)/tally"]
        try bench.write("workspaces: [{ id: w, path: ./mine }]\n", to: "config/xpm/settings.yaml")
        try bench.write("", to: "below/file")
        #expect(try bench.run("run", "-q", "experiment.lua", environment: environment).code == 0)
        let again = try bench.run("run", "../experiment.lua", in: "below", environment: environment)
        #expect(again.error.contains("5 tasks: 5 cached"), "\(again.error)")
        #expect(try bench.run("jobs", "list", in: "below").output.split(separator: "\n").count == 5)
        #expect(Files.exists("\(bench.folder)/config/xpm/mine/experiments/experiment/current"))
    }

    @Test(
        "what an option would not change is refused, with what it excludes",
        arguments: [
            (
                ["describe", "experiment.lua", "-c", "zz=3"], 64,
                "-c zz=3: this command looks at what the script defines"
            ),
            (["describe", "experiment.lua", "--sweep", "zzz=1"], 64, "Unknown option '--sweep'"),
            (["describe", "experiment.lua", "--workdir", "/nonexist"], 64, "Unknown option '--workdir'"),
            (
                ["deprecated", "list", "experiment.lua", "-c", "zz=1"], 64,
                "-c zz=1: this command looks at what the script defines"
            ),
            (["deprecated", "list", "experiment.lua", "--env", "A=1"], 64, "Unknown option '--env'"),
            (
                ["run", "experiment.lua", "--run-mode", "dry-run", "--notify", "true"], 64,
                "--run-mode dry-run launches nothing: it goes without --notify"
            ),
            (
                ["run", "experiment.lua", "--run-mode", "generate", "--fail-fast"], 64,
                "it goes without --fail-fast"
            ),
            (["run", "experiment.lua", "--run-mode", "generate", "-j", "2"], 64, "it goes without -j"),
            (["run", "experiment.lua", "--run-mode", "dry-run", "--wait"], 64, "it goes without --wait"),
            (
                ["run", "experiment.lua", "--show", "--wait"], 64,
                "--show runs nothing: it goes without --wait"
            ),
            (["run", "experiment.lua", "--show", "-q"], 64, "it goes without --quiet"),
            (
                ["run", "experiment.lua", "--show", "--run-mode", "generate"], 64,
                "--show goes without --run-mode"
            ),
            (
                ["run", "experiment.lua", "-c", "imports=[nofile]"], 2,
                "-c imports=[nofile]: 'imports' belongs into a file; --pre-yaml lays a file below it"
            ),
            (
                ["run", "experiment.lua", "--file", "a", "--module-name", "b"], 64,
                "--file and --module-name exclude each other"
            ),
        ])
    func refused(_ words: [String], _ code: Int32, _ message: String) throws {
        let bench = try bench()
        let (process, tag) = try bench.start(words)
        let result = try bench.finish(process, tag)
        #expect(result.code == code && result.error.contains(message), "\(result)")
    }

    @Test(
        "-c pre_experiment means what it means in the file; a parameter that is swept twice in a file is an error"
    )
    func keysOnTheCommandLine() throws {
        let bench = try Workbench()
        try bench.write("made_before = 'pre'\n", to: "pre.lua")
        try bench.write(
            """
            local xpm = require "xpm"
            return xpm.experiment { configuration = xpm.configuration { lr = xpm.sweep(xpm.float) { default = 1 } },
              run = function(helper, cfg) print(_G.made_before, cfg.lr) end }
            """, to: "experiment.lua")
        try bench.write("pre_experiment: pre.lua\n", to: "full.yaml")
        let inFile = try bench.run("run", "-q", "experiment.lua", "full.yaml")
        #expect(inFile.output == "pre\t1.0\n", "\(inFile)")
        #expect(
            try bench.run("run", "-q", "experiment.lua", "-c", "pre_experiment=pre.lua").output
                == inFile.output)
        #expect(
            try bench.run("describe", "experiment.lua", "-c", "pre_experiment=gone.lua").error.contains(
                "gone.lua"))
        try bench.write("lr: [1, 2]\ngrid_search: { lr: [3, 4] }\n", to: "full.yaml")
        let twice = try bench.run("run", "-q", "experiment.lua", "full.yaml")
        #expect(
            twice.code == 2
                && twice.error.contains("full.yaml:1:5: 'lr' is swept twice: here, and at full.yaml:2:"),
            "\(twice)")
        // In another file it takes the other's place.
        try bench.write("lr: [1, 2]\n", to: "base.yaml")
        try bench.write("imports: base\ngrid_search: { lr: [3, 4] }\n", to: "full.yaml")
        #expect(
            try bench.run("run", "-q", "experiment.lua", "full.yaml").output
                == "pre\t3.0\npre\t4.0\n".replacing("pre", with: "nil"))
        #expect(
            try bench.run("run", "-q", "experiment.lua", "-c", "lr=[5,6]").output == "nil\t5.0\nnil\t6.0\n")
    }

    @Test(
        "-c reaches an element of a default of the schema; elements are counted from 0 by -c and by messages")
    func elements() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            return xpm.experiment { configuration = xpm.configuration {
                model = { layers = xpm.list(xpm.int) { default = { 4, 5 } }, rates = xpm.map(xpm.string, xpm.float) { default = { a = 1 } } },
              },
              run = function(helper, cfg)
                local rates = {}
                for name, rate in pairs(cfg.model.rates) do rates[#rates + 1] = name .. rate end
                table.sort(rates)
                print(cfg.model.layers[1], cfg.model.layers[2], table.unpack(rates))
              end }
            """, to: "experiment.lua")
        try bench.write("model: { layers: [7, 8, 9] }\n", to: "full.yaml")
        func run(_ options: String...) throws -> Workbench.Result {
            let (process, tag) = try bench.start(["run", "-q", "experiment.lua"] + options)
            return try bench.finish(process, tag)
        }
        #expect(try run("-c", "model.layers.0=9").output == "9\t5\ta1.0\n")
        #expect(try run("-c", "model.layers.1=9", "-c", "model.rates.b=2").output == "4\t9\ta1.0\tb2.0\n")
        #expect(
            try run("-c", "model={layers: [1, 2]}", "-c", "model.rates={b: 3}").output == "1\t2\tb3.0\n")
        #expect(try run("full.yaml", "-c", "model.layers.0=1").output == "1\t8\ta1.0\n")
        #expect(
            try run("-c", "model.layers.2=9").error.contains(
                "no position '2' in a list of 2, which are counted from 0"))
        #expect(
            try run("full.yaml", "-c", "model.layers.1=x").error.contains(
                "-c model.layers.1=x: model.layers.1: expected int"))
        #expect(try run("-c", "model.layers.1=x").error.contains("model.layers.1: expected int"))
        #expect(try run("-c", "model.layers=[1, null]").error.contains("null in a list, at position 1"))
    }

    @Test("dirty_git sees a file of the experiment that is not in the repository")
    func untracked() throws {
        let bench = try bench()
        let git = ["-c", "user.name=a", "-c", "user.email=a@b"]
        for words in [["init", "-q"], ["add", "program.sh"], git + ["commit", "-qm", "one"]] {
            let (process, tag) = try bench.start(words, program: "/usr/bin/git")
            #expect(try bench.finish(process, tag).code == 0)
        }
        let environment = ["TALLY": "\(bench.folder)/tally"]
        let told = try bench.run("run", "-q", "experiment.lua", environment: environment)
        #expect(
            told.error.contains("experiment.lua is not in the repository (dirty_git: ignore says nothing)"),
            "\(told)")
        let refused = try bench.run(
            "run", "-q", "experiment.lua", "-c", "dirty_git=error", environment: environment)
        #expect(
            refused.code == 2
                && refused.error.contains(
                    "experiment.lua is not in the repository, and the experiment says dirty_git: error")
        )
        try bench.write("experiment.lua\n", to: ".gitignore")
        #expect(
            try bench.run("run", "-q", "experiment.lua", environment: environment).error.contains(
                "experiment.lua is not in"))
        for words in [["add", "-f", "experiment.lua", ".gitignore"], git + ["commit", "-qm", "two"]] {
            let (process, tag) = try bench.start(words, program: "/usr/bin/git")
            #expect(try bench.finish(process, tag).code == 0)
        }
        // Other files do not count.
        try bench.write("", to: "notes.txt")
        let clean = try bench.run(
            "run", "-q", "experiment.lua", "-c", "dirty_git=error", environment: environment)
        #expect(clean.code == 0 && clean.error.isEmpty, "\(clean)")
    }

    @Test("code --diff tells of a file that is gone; --json has the text of a file")
    func code() throws {
        let bench = try bench()
        let environment = ["TALLY": "\(bench.folder)/tally"]
        #expect(try bench.run("run", "-q", "experiment.lua", environment: environment).code == 0)
        let job = try #require(try bench.jobs("w.program").first).path
        let shown = try bench.run("code", job, "program.sh", "--json")
        #expect(try JSON.parse(Array(shown.output.utf8))["text"]?.string == bench.read("program.sh"))
        #expect(try bench.run("code", job, "--diff").output.isEmpty)
        try Files.remove("\(bench.folder)/program.sh")
        for words in [["code", job, "--diff"], ["code", job, "program.sh", "--diff"]] {
            let (process, tag) = try bench.start(words)
            let result = try bench.finish(process, tag)
            #expect(result.output == "program.sh: gone: there is no program.sh any more\n", "\(result)")
        }
        let wrote = try bench.run("code", job, "--restore", "then", "--json").output.split(separator: "\n")
        #expect(try wrote.allSatisfy { Files.exists(try JSON.parse(Array($0.utf8))["wrote"]?.string ?? "") })
    }

    @Test(
        "services log -f goes on while the service lives; jobs kill --every-run finds a job of an earlier run"
    )
    func following() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Long = xpm.task { id = "f.long", params = { n = xpm.int }, command = "sleep 60" }
            local Short = xpm.task { id = "f.short", params = {}, command = "true" }
            function run(helper)
              helper.xp:add_service(xpm.service { id = "talker", command = "echo one; sleep 0.7; echo two; sleep 60" })
              if helper.args[1] then Long { n = 1 }:submit() else Short {}:submit() end
            end
            """, to: "f.lua")
        let (first, firstTag) = try bench.start(["run", "f.lua", "--", "long"])
        let hasBegun = try bench.wait {
            try bench.jobs("f.long").contains { Files.exists($0.process) }
        }
        #expect(hasBegun)
        let (follower, tag) = try bench.start(["services", "log", "f/talker", "-f"])
        #expect(try bench.wait { try bench.read(".\(tag).out") == "one\ntwo\n" })
        #expect(follower.isRunning)
        // The job lives on.
        kill(first.processIdentifier, SIGKILL)
        _ = try bench.finish(first, firstTag)
        #expect(try bench.finish(follower, tag).code == 0)
        #expect(try bench.run("run", "-q", "f.lua").code == 0)
        #expect(try bench.run("jobs", "kill", "-e", "f").error.contains("0 jobs running"))
        let killed = try bench.run("jobs", "kill", "-e", "f", "--every-run", "--perform")
        #expect(killed.code == 0 && killed.output.hasPrefix("stopped f.long"), "\(killed)")
    }

    @Test(
        "services start and restart fail where the service ends at once, also without a sign of being ready")
    func failingServices() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "s.t", params = {}, command = "true" }
            function run(helper)
              helper.xp:add_service(xpm.service { id = "bad", command = "echo broken >&2; exit 3" })
              helper.xp:add_service(xpm.service { id = "good", command = "sleep 60" })
              T {}:submit()
            end
            """, to: "s.lua")
        #expect(try bench.run("run", "-q", "s.lua").code == 0)
        for word in ["start", "restart"] {
            let bad = try bench.run("services", word, "s/bad")
            #expect(
                bad.code == 1 && bad.error.contains("exit code 3") && bad.output.contains("ERROR"), "\(bad)")
            let good = try bench.run("services", word, "s/good")
            #expect(good.code == 0 && good.output.contains("RUNNING"), "\(good)")
        }
        #expect(try bench.run("services", "stop", "s").code == 0)
    }

    @Test(
        "nothing to retry and nothing to hold have one exit code; a result that nobody has is an error beside failed jobs too"
    )
    func nothingToDo() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "n.t", params = { n = xpm.int, size = xpm.int }, command = "echo '{{\\"acc\\": 1}}' >results.json; test {n} != 2" }
            function run(helper) for n = 1, tonumber(helper.args[1]) do T { n = xpm.tag(n), size = 10 * n }:submit() end end
            """, to: "n.lua")
        #expect(try bench.run("run", "-q", "n.lua", "--", "1").code == 0)
        for words in [
            ["retry", "-e", "n"], ["hold", "-e", "n"], ["release", "-e", "n"], ["priority", "1", "-e", "n"],
        ] {
            let (process, tag) = try bench.start(["jobs"] + words)
            let result = try bench.finish(process, tag)
            #expect(result.code == 2 && result.error.hasPrefix("error: no"), "\(words): \(result)")
        }
        #expect(try bench.run("results", "n", "--metric", "typo").code == 2)
        #expect(try bench.run("run", "-q", "n.lua", "--", "3").code == 1)
        let typo = try bench.run("results", "n", "--metric", "typo")
        #expect(typo.code == 2 && typo.error.contains("no job has a result 'typo'"), "\(typo)")
        // Parameters and beginnings of identifiers fit too.
        #expect(
            try bench.run("jobs", "list", "--filter", "size > 10").output.split(separator: "\n").count == 2)
        #expect(
            try bench.run("jobs", "list", "--filter", "size = 10 or n = 3").output.split(separator: "\n")
                .count == 2)
        let none = try bench.run("jobs", "list", "--filter", "sice = 10")
        #expect(
            none.code == 2 && none.error.contains("none of these jobs has a tag or a parameter 'sice'"),
            "\(none)")
        let id = try #require(try bench.jobs("n.t").first).identifier
        for length in [8, 20, 64] {
            let found = try bench.run("jobs", "path", "--filter", "@id = \(id.prefix(length))").output
            #expect(found.split(separator: "\n").count == 1 && found.contains(id), "\(length): \(found)")
        }
        #expect(try bench.run("jobs", "path", "--filter", "@id = \(id.prefix(7))").output.isEmpty)
        #expect(try bench.run("jobs", "path").output.split(separator: "\n").count == 3)
        #expect(try bench.run("jobs", "show").output.contains("size = 30"))
        #expect(try bench.run("jobs", "clean").code == 2)
    }

    @Test("describe finds experiment.lua; an unknown command names those there are")
    func unknown() throws {
        let bench = try bench()
        #expect(try bench.run("describe").output.contains("w.work"))
        #expect(try bench.run("describe", "--type", "w.work").output.hasPrefix("w.work  task"))
        #expect(try bench.run("describe", "w.work").output.hasPrefix("w.work  task"))
        let top = try bench.run("foo")
        #expect(
            top.code == 64
                && top.error.hasPrefix("error: there is no command 'foo'\nxpm has: run, do, sweep, why, "),
            "\(top)")
        let inner = try bench.run("jobs", "lst")
        #expect(
            inner.error
                == "error: there is no command 'lst' (did you mean 'list'?)\nxpm jobs has: list, show, log, path, hold, release, priority, kill, retry, clean, usage\n",
            "\(inner)")
    }

    @Test("experiments show tells what a run was made with")
    func madeWith() throws {
        let bench = try bench()
        try bench.write(
            "id: named\nfile: experiment\ntitle: Three jobs\ndescription: That tally\n", to: "full.yaml")
        #expect(
            try bench.run("run", "-q", "full.yaml", environment: ["TALLY": "\(bench.folder)/tally"]).code == 0
        )
        let shown = try bench.run("experiments", "show", "named").output
        for line in ["title  Three jobs", "description  That tally", "run -q full.yaml", "xpm  0."] {
            #expect(shown.contains(line), "\(shown)")
        }
    }

    @Test(
        "the job of a task in Lua loads the file that defines it, without calling run; each job that ends has a line"
    )
    func loading() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            print("loaded")
            local T = xpm.task { id = "l.t", params = { n = xpm.int }, execute = function(self) assert(self.n ~= 3) end }
            function run() print("planned") for n = 1, 3 do T { n = n }:submit() end end
            """, to: "l.lua")
        let result = try bench.run("run", "l.lua")
        #expect(result.output == "loaded\nplanned\n", "\(result)")
        for (n, job) in try bench.jobs("l.t").enumerated() {
            #expect(try Files.readText(job.output) == "loaded\n", "\(n)")
        }
        let lines = result.error.split(separator: "\n")
        #expect(
            lines.count { $0.hasPrefix("done    l.t ") } == 2
                && lines.count { $0.hasPrefix("failed  l.t ") } == 1, "\(result.error)")
    }

    @Test("Ctrl-C ends attach only, with 130; the run goes on")
    func attached() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "a.t", params = {}, command = "while test ! -e $GO; do sleep 0.05; done" }
            function run() T {}:submit() end
            """, to: "a.lua")
        let environment = ["GO": "\(bench.folder)/go"]
        #expect(try bench.run("run", "--detach", "a.lua", environment: environment).code == 0)
        let (process, tag) = try bench.start(["attach", "a", "--json"])
        #expect(try bench.wait { try bench.read(".\(tag).out").contains("running") })
        process.interrupt()
        #expect(try bench.finish(process, tag).code == 130)
        #expect(FileLock.isHeld("\(bench.folder)/workspace/experiments/a/lock"))
        try bench.write("", to: "go")
        #expect(try bench.run("attach", "a").code == 0)
    }

    @Test(
        "a service that is there already takes the keys of one's own; a config in a Python task needs a class"
    )
    func keys() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "k.t", params = {}, command = "true" }
            function run(helper)
              local service = helper.xp:add_service(xpm.services.files {
                id = "shelf", description = "What is there", path = "/sub", timeout = "20s", restart = "never", keep = true,
                env = { A = "1" }, required = true, port = 0, ready = "tcp",
              })
              service:wait()
              print(service.id, service.description, service.url:match("/sub$"))
              T {}:submit()
            end
            """, to: "k.lua")
        let result = try bench.run("run", "-q", "k.lua")
        #expect(result.code == 0 && result.output == "shelf\tWhat is there\t/sub\n", "\(result)")
        #expect(try bench.run("services", "stop", "k").code == 0)
        try bench.write(
            """
            local xpm = require "xpm"
            local C = xpm.config { id = "p.c", params = {} }
            local T = xpm.task { id = "p.t", python = "a.b:T", params = { c = C } }
            function run() T { c = C {} }:submit() end
            """, to: "p.lua")
        let python = try bench.run("run", "--run-mode", "dry-run", "p.lua")
        #expect(python.code == 2 && python.error.contains("p.c has no Python class"), "\(python)")
    }

    @Test("a run that was killed before it had begun is forgotten by the next; what else lies there stays")
    func neverBegan() throws {
        let bench = try bench()
        let environment = ["TALLY": "\(bench.folder)/tally"]
        let place = "\(bench.folder)/workspace/experiments/experiment"
        #expect(try bench.run("run", "-q", "experiment.lua", environment: environment).code == 0)
        for name in [
            "29990101_000000/jobs", "29990101_000000.1/jobs/w.work", "2999-notes", "29990102_000000/mine",
        ] {
            try Files.makeFolder("\(place)/\(name)")
        }
        #expect(try bench.run("run", "-q", "experiment.lua", environment: environment).code == 0)
        let left = try Files.list(place)
        #expect(!left.contains("29990101_000000"))
        #expect(left.contains("29990101_000000.1") && left.contains("2999-notes"), "\(left)")
        #expect(Files.exists("\(place)/29990102_000000/mine"))
        #expect(try bench.run("gc").code == 0)
    }

    @Test("a type that a module returns at once belongs to the module's file")
    func tailCall() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            return xpm.task { id = "m.t", params = {}, command = { "sh", "{here}/s.sh" } }
            """, to: "lib/m.lua")
        try bench.write("echo from lib\n", to: "lib/s.sh")
        try bench.write(
            """
            local xpm = require "xpm"
            return { make = function(id) return xpm.task { id = id, params = {}, execute = function(self) print(self.here) end } end }
            """, to: "lib/maker.lua")
        try bench.write(
            """
            local xpm = require "xpm"
            pcall(require, "gone")
            local T, make = require "m", require("maker").make
            local Own = xpm.task { id = "m.own", params = {}, execute = function(self) print(self.here) end }
            local Made = make "m.made"
            function run() T {}:submit() Own {}:submit() Made {}:submit() end
            """, to: "e.lua")
        let result = try bench.run("run", "-q", "e.lua", "-c", "luapath=lib")
        #expect(result.code == 0, "\(result)")
        #expect(try Files.readText(bench.jobs("m.t")[0].output) == "from lib\n")
        for type in ["m.own", "m.made"] {
            #expect(try !Files.readText(bench.jobs(type)[0].output).contains("/lib"))
        }
        let described = try bench.run("describe", "e.lua", "-c", "luapath=lib", "m.t", "m.own").output
        #expect(
            described.contains("defined at lib/m.lua:1") && described.contains("defined at e.lua:4"),
            "\(described)")
    }

    @Test("a tag goes with the value that it came with")
    func lostTags() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "t.t", params = { lr = xpm.float, n = xpm.int { default = 0 } }, command = "true" }
            local function tags(task)
              local all = {}
              for name, value in pairs(task:tags()) do all[#all + 1] = name .. "=" .. value end
              table.sort(all)
              return table.concat(all, " ")
            end
            function run()
              for p in xpm.grid { lr = { 1, 2 } } do
                local t = T(p)
                print(tags(t), tags(t:copy { lr = p.lr * 10 }), tags(t:copy { n = 3 }))
              end
              local u = T { lr = xpm.tag(7) }
              u:tag("own", 1)
              u.lr = 8
              print(tags(u))
              u.lr = xpm.tag("rate", 9)
              print(tags(u))
            end
            """, to: "t.lua")
        let result = try bench.run("run", "-q", "t.lua")
        #expect(
            result.output == "lr=1.0\t\tlr=1.0\nlr=2.0\t\tlr=2.0\nown=1\nown=1 rate=9.0\n"
                || result.output == "lr=1\t\tlr=1\nlr=2\t\tlr=2\nown=1\nown=1 rate=9\n", "\(result)")
    }

    @Test("grid_search may try null; random reaches into maps; nothing stands behind a quoted value")
    func values() throws {
        let bench = try Workbench()
        try bench.write("function run() end\n", to: "e.lua")
        func points(_ yaml: String) throws -> Workbench.Result {
            try bench.write(yaml, to: "full.yaml")
            return try bench.run("sweep", "e.lua", "full.yaml", "--format", "csv")
        }
        #expect(try points("grid_search: { a: [null, x] }").output == "a\nnull\nx\n")
        #expect(
            try points("grid_search: { random: { n: 2, seed: 3, m: { h: { integers: [1, 9] }, k: [a] } } }")
                .output.hasPrefix("m.h,m.k\n"))
        #expect(
            try points("grid_search: { random: { n: 2, m: { unifrm: [1, 9] } } }").error.contains(
                "there is no 'unifrm' (did you mean 'uniform'?)"))
        for option in ["s=\"run\" #3", "s=[1,2] # x", "s={a: 1} #"] {
            let result = try bench.run("run", "e.lua", "--show", "-c", option)
            #expect(result.code == 2 && result.error.contains("stands behind the value"), "\(result)")
        }
        #expect(
            try bench.run(
                "run", "e.lua", "--show", "--json", "-c", "s=\"a #b\"", "-c", "t=['#c']", "-c", "u=x #d"
            ).output.contains("x #d"))
        try bench.write(
            "workspaces: [{ id: a, path: x }, { id: a, path: y }]\n", to: "config/xpm/settings.yaml")
        #expect(
            try bench.run("run", "e.lua").error.contains("settings.yaml:1:34: there are two workspaces 'a'"))
    }

    @Test("gc removes nothing where a log of jobs tells of fewer than the run has counted; doctor says so")
    func lostLog() throws {
        let bench = try bench()
        #expect(
            try bench.run("run", "-q", "experiment.lua", environment: ["TALLY": "\(bench.folder)/tally"]).code
                == 0)
        let log = Paths.real("\(bench.folder)/workspace/experiments/experiment/current") + "/jobs.jsonl"
        let whole = try Files.read(log)
        let zeros = [UInt8](repeating: 0, count: 600)
        for damaged in [[], zeros, Array(whole.dropLast(20)), whole.dropLast(20) + [10]] {
            try Files.write(damaged, to: log)
            let found = try bench.run("doctor")
            #expect(
                found.code == 1 && found.output.contains("xpm gc removes nothing while it is so"), "\(found)")
            let collected = try bench.run("gc", "--perform")
            #expect(collected.code == 2 && collected.output.isEmpty, "\(collected)")
        }
        try Files.remove(log)
        #expect(try bench.run("jobs", "list").code == 2)
        try Files.write(whole, to: log)
        #expect(try bench.run("gc").code == 0)
        #expect(try bench.run("doctor").code == 0)
    }

    @Test(
        "doctor finds outcomes, results and links of runs that do not count; experiments show tells of one run"
    )
    func damage() throws {
        let bench = try bench()
        let environment = ["TALLY": "\(bench.folder)/tally"]
        #expect(try bench.run("run", "-q", "experiment.lua", environment: environment).code == 0)
        let job = try #require(try bench.jobs("w.lua").first)
        func check(_ path: String, _ content: String?, _ problem: String) throws {
            let before = try? Files.read(path)
            if let content { try Files.write(Array(content.utf8), to: path) } else { try? Files.remove(path) }
            let found = try bench.run("doctor")
            #expect(found.code == 1 && found.output.contains(problem), "\(problem): \(found)")
            if let before { try Files.write(before, to: path) }
        }
        try check(job.done, "{", "lua.done: no outcome that xpm has written for this job")
        try check("\(job.path)/results.json", "[", "results.json: no JSON object: the job has no result")
        let run = Paths.real("\(bench.folder)/workspace/experiments/experiment/current")
        try check("\(run)/status.json", nil, "status.json: it is gone: nobody knows how the run ended")
        try Files.remove("\(run)/sources")
        try Files.link("\(run)/sources", to: "../gone")
        #expect(try bench.run("doctor").output.contains("/sources: a link to ../gone, which is not there"))
        // A newer run without jobs shows none.
        try bench.write("function run() end\n", to: "experiment.lua")
        #expect(try bench.run("run", "-q", "experiment.lua").code == 0)
        #expect(try bench.run("experiments", "show", "experiment", "--json").output.contains("\"jobs\": {}"))
        // What is on a disk that is not there is not empty.
        for (part, command) in [("experiments", ["experiments", "list"]), ("jobs", ["jobs", "list"])] {
            let place = "\(bench.folder)/workspace/\(part)"
            #expect(try bench.run(place, "\(place).away", program: "/bin/mv").code == 0)
            try Files.link(place, to: "/nowhere")
            let (process, tag) = try bench.start(command)
            let result = try bench.finish(process, tag)
            #expect(result.code == 2 && !result.error.contains("no workspace"), "\(result)")
            try Files.remove(place)
            #expect(try bench.run("\(place).away", place, program: "/bin/mv").code == 0)
        }
    }

    @Test(
        "what is changed in a list of a submitted task changes nothing; a path's folder is there; limits fit their types"
    )
    func sealedLists() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local M = xpm.config { id = "s.m", params = { loss = xpm.job_path "loss.txt" } }
            local T = xpm.task { id = "s.t", params = { li = xpm.list(xpm.int), m = M, deep = xpm.job_path "a/b/c.txt" },
              execute = function(self)
                for _, path in ipairs { self.m.loss, self.deep } do assert(io.open(path, "w")):close() end
              end }
            local U = xpm.task { id = "s.u", params = { t = T }, command = function(self) return { "echo", self.t.li[1] } end }
            function run()
              local t = T { li = { 1 }, m = {} }
              local before = t.li
              before[2] = 2
              t:submit()
              before[1], t.li[1] = 8, 9
              print(t.li[1], #t.li)
              U { t = t }:submit()
            end
            """, to: "s.lua")
        let result = try bench.run("run", "s.lua")
        #expect(result.code == 0 && result.output.hasPrefix("1\t2\n"), "\(result)")
        #expect(try Files.readText(bench.jobs("s.u")[0].output) == "1\n")
        for (type, message) in [
            (
                "xpm.list(xpm.int) { min = 2 }",
                "min is for numbers, not for list(int); within the type it is of each element"
            ),
            ("xpm.string { max = 3 }", "max is for numbers, not for string"),
            ("xpm.int { pattern = \"^1\" }", "pattern is for strings, not for int"),
        ] {
            try bench.write(
                "local xpm = require 'xpm'\nxpm.config { id = 'x.y', params = { p = \(type) } }\nfunction run() end\n",
                to: "x.lua")
            let wrong = try bench.run("run", "x.lua")
            #expect(
                wrong.code == 2 && wrong.error.contains("x.lua:2: ") && wrong.error.contains(message),
                "\(wrong)")
        }
        try bench.write(
            "local xpm = require 'xpm'\nxpm.config { id = 'x.y', params = { a = xpm.optional(xpm.int) { min = 1 }, b = xpm.list(xpm.int { max = 3 }), c = xpm.union(xpm.string, xpm.int) { pattern = 'a', min = 1 } } }\nfunction run() end\n",
            to: "x.lua")
        #expect(try bench.run("run", "x.lua").code == 0)
        try bench.write(
            "local xpm = require 'xpm'\nreturn xpm.experiment { configuration = xpm.configuration { lr = xpm.sweep(xpm.float) }, run = function() end }\n",
            to: "w.lua")
        #expect(
            try bench.run("sweep", "w.lua", "--sweep", "lr=1,1.0,2", "--format", "csv").output == "lr\n1\n2\n"
        )
    }

    @Test(
        "describe tells limits within types, what is temporary, and former names; a type that is named twice once"
    )
    func describing() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "d.t", command = "true", params = {
              a = xpm.list(xpm.int { min = 1, max = 3 }), b = xpm.optional(xpm.string { pattern = "^a" }),
              c = xpm.job_path { "c.txt", temporary = true }, rate = xpm.float { min = 0 }, lr = xpm.renamed "rate",
            } }
            xpm.deprecate { id = "d.old", params = { x = xpm.int }, convert = function(self) return T { a = { 1 }, rate = self.x } end }
            function run() end
            """, to: "d.lua")
        let told = try bench.run("describe", "d.lua", "d.t", "--type", "d.t", "d.old").output
        for line in [
            "list(int, 1 to 3)", #"optional(string, matches "^a")"#, "temporary", "lr    renamed", "now rate",
            "d.old  deprecated, defined at",
        ] { #expect(told.contains(line), "\(line): \(told)") }
        #expect(told.components(separatedBy: "d.t  task").count == 2, "\(told)")
        #expect(
            try bench.run("describe", "d.lua", "d.t", "--json").output.contains(#""limits": "at least 0""#))
    }
}
