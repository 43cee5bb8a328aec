import Foundation
import Store
import System
import Testing
import Text

/// `xpm.search`: trials that are decided by results.
@Suite("Adaptive search, end to end", .timeLimit(.minutes(20)))
struct SearchRunTests {
    /// A search whose options are `more`; the loss of a point is known.
    private func bench(_ more: String = "") throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Train = xpm.task {
              id = "s.train",
              params = { lr = xpm.float, kind = xpm.string, seed = xpm.int, m = xpm.float { default = 0, ignore_default = true } },
              execute = function(self)
                if os.getenv "SLEEP" then os.execute("sleep 0." .. math.floor(self.lr * 1e6) % 10) end
                if self.kind == os.getenv "BAD" then error "bad" end
                local d = math.log(self.lr) - math.log(0.01)
                self:result { loss = d * d + 1 - self.m, acc = -d * d, odd = self.kind == "a" and 0/0 or 1 }
              end,
            }
            function run(helper, cfg)
              local search = xpm.search {
                name = cfg.name or "s", seed = 1, trials = cfg.trials or 20, parallel = cfg.parallel or 3, order = cfg.order,
                space = {
                  lr = xpm.loguniform(1e-5, 1), kind = { "a", "b" }, m = xpm.given({ kind = "b" }, xpm.uniform(0, 0.9)),
                },
                \(more.isEmpty ? "minimize = \"loss\"," : more)
              }
              for trial in search do
                trial:tell(Train { lr = trial.lr, kind = trial.kind, m = trial.m, seed = cfg.seed or 1 }:submit())
              end
              print(search.best.trial, search.best.lr, search.best.loss, search.best.job.path)
            end
            """, to: "s.lua")
        return bench
    }

    private func log(_ bench: Workbench, _ workspace: String = "workspace") throws -> String {
        let folder = "\(bench.folder)/\(workspace)/searches/s"
        let file = try #require(try Files.list(folder).first { $0.hasSuffix(".jsonl") })
        return try Files.readText("\(folder)/\(file)", limit: 1 << 24)
    }

    @Test("a search finds more than it began with; again it runs nothing, and more trials go on from there")
    func again() throws {
        let bench = try bench()
        let first = try bench.run("run", "s.lua")
        #expect(first.code == 0 && first.error.contains("20 tasks: 20 done"), "\(first)")
        let before = try log(bench)
        let second = try bench.run("run", "s.lua")
        #expect(second.error.contains("20 tasks: 20 cached"), "\(second)")
        #expect(try log(bench) == before)
        let more = try bench.run("run", "s.lua", "-c", "trials=24")
        #expect(more.error.contains("24 tasks: 4 done, 20 cached"), "\(more)")
        #expect(try log(bench).hasPrefix(before))
        #expect(try bench.run("search", "check", "s").code == 0)
        let picture = try bench.run("plot", "s", "--kind", "search", "--json")
        #expect(picture.code == 0 && picture.output.contains("s-loss-search.svg"), "\(picture)")
        #expect(try bench.read("s-loss-search.svg").contains("best loss"))
        #expect(try bench.run("plot", "none", "--kind", "search").code == 2)
        #expect(try bench.run("plot", "s", "--kind", "search", "--x", "lr").code == 64)
        let list = try bench.run("search", "list", "--json").output
        let json = try JSON.parse(Array(list.utf8))
        #expect(json["trials"] == .int(24) && json["metric"]?.string == "loss", "\(list)")
        let best = try #require(json["best"]?.number)
        let show = try bench.run("search", "show", "s").output
        #expect(show.split(separator: "\n").contains { $0.hasPrefix("*") }, "\(show)")
        let random = try #require(
            try bench.run("search", "show", "s", "--json").output.split(separator: "\n").prefix(10).compactMap
            {
                try JSON.parse(Array($0.utf8))["value"]?.number
            }.min())
        #expect(best < random)
        // Its values are tags, and what is not there is none.
        let jobs = try bench.run("jobs", "list", "--filter", "kind = a", "--json").output.split(
            separator: "\n")
        #expect(!jobs.isEmpty && jobs.allSatisfy { !$0.contains("\"m\"") && $0.contains("\"lr\"") })
        // A log that was changed does not follow.
        let folder = "\(bench.folder)/workspace/searches/s"
        let file = try #require(try Files.list(folder).first { $0.hasSuffix(".jsonl") })
        let changed = try log(bench).replacing(
            "{\"trial\": 15, \"values\": {\"kind\"", with: "{\"trial\": 15, \"values\": {\"x\": 1, \"kind\"")
        try Files.replace("\(folder)/\(file)", with: Array(changed.utf8))
        let check = try bench.run("search", "check", "s")
        #expect(check.code == 1 && check.output.contains("trial 15"), "\(check)")
    }

    @Test("with a fixed order a search is the same at any speed, and however often it is killed")
    func fixed() throws {
        let bench = try bench()
        #expect(try bench.run("run", "-q", "s.lua", "-c", "order=fixed").code == 0)
        let undisturbed = try log(bench)
        let line = ["run", "-q", "s.lua", "-c", "order=fixed", "--workdir", "killed", "-j", "3"]
        var kills = 0
        for round in 0..<12 {
            let (process, tag) = try bench.start(line, environment: ["SLEEP": "1"])
            usleep(UInt32(150_000 + 70_000 * round))
            if process.isRunning {
                kill(process.processIdentifier, SIGKILL)
                kills += 1
            }
            _ = try bench.finish(process, tag)
        }
        #expect(kills > 2)
        let (process, tag) = try bench.start(line + ["--wait"], environment: ["SLEEP": "1"])
        let last = try bench.finish(process, tag)
        #expect(last.code == 0, "\(last)")
        #expect(try log(bench, "killed") == undisturbed)
        #expect(try bench.jobs("s.train", workspace: "killed").count == 20)
    }

    @Test(
        "failed trials and results that are no numbers count as the worst, or are left out; most of ten end it"
    )
    func failures() throws {
        let bench = try bench("minimize = \"odd\",")
        let odd = try bench.run("run", "s.lua")
        #expect(odd.code == 0, "\(odd)")
        #expect(try log(bench).contains("\"failed\": \"odd is "))
        for failed in ["\"worst\"", "\"left\"", "100"] {
            let bench = try self.bench("minimize = \"loss\", failed = \(failed),")
            let run = try bench.run("run", "s.lua", environment: ["BAD": "a"])
            #expect(run.code == 1 && run.error.contains("failed"), "\(run)")
            #expect(try bench.run("search", "check", "s").code == 0)
        }
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "f.t", params = { x = xpm.float }, command = "false {x}" }
            function run()
              local s = xpm.search { name = "f", minimize = "loss", space = { x = xpm.uniform(0, 1) }, trials = 50 }
              for trial in s do trial:tell(T { x = trial.x }:submit()) end
            end
            """, to: "f.lua")
        let bad = try bench.run("run", "f.lua")
        #expect(bad.code == 1 && bad.error.contains("6 of its first ten trials failed"), "\(bad)")
        #expect(try bench.jobs("f.t").count < 10)
    }

    @Test("what earlier jobs have found is known from the start, and costs no trial")
    func prior() throws {
        let bench = try bench("minimize = \"loss\", sampler = \"random\",")
        #expect(try bench.run("run", "-q", "s.lua", "-c", "trials=15").code == 0)
        // Other jobs are another search.
        let other = try bench.run("run", "-q", "s.lua", "-c", "trials=3", "-c", "seed=2")
        #expect(other.code == 2 && other.error.contains("what the trials run was changed"), "\(other)")
        #expect(
            try bench.run("run", "-q", "s.lua", "-c", "trials=3", "-c", "seed=2", "-c", "name=t").code == 0)
        let script = try bench.read("s.lua").replacing(
            "sampler = \"random\",", with: "prior = { task = Train, seed = 1 },")
        try bench.write(script, to: "s.lua")
        let run = try bench.run("run", "s.lua", "-c", "trials=5")
        #expect(run.code == 0 && run.error.contains("earlier jobs of s.train: 15 known"), "\(run)")
        #expect(run.error.contains("5 tasks: 5 done"), "\(run)")
        #expect(try bench.run("search", "check", "s").code == 0)
        let again = try bench.run("run", "s.lua", "-c", "trials=7")
        #expect(again.error.contains("7 tasks: 2 done, 5 cached"), "\(again)")
    }

    @Test("a maximum, points that come first, patience, several jobs of a trial, numbers, stop and a dry run")
    func options() throws {
        let bench = try bench("maximize = \"acc\", first = { { lr = 0.5, kind = \"a\" } }, patience = 4,")
        let run = try bench.run("run", "s.lua", "-c", "parallel=1")
        #expect(run.code == 0 && run.error.contains("4 trials have not been better"), "\(run)")
        #expect(try log(bench).contains("{\"trial\": 1, \"values\": {\"kind\": \"a\", \"lr\": 0.5}"))
        let dry = try bench.run("run", "--dry-run", "s.lua", "--workdir", "none")
        #expect(dry.code == 0 && dry.error.contains("3 to run"), "\(dry)")
        #expect(!Files.exists("\(bench.folder)/none/searches"))
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "m.t", params = { x = xpm.int, seed = xpm.int }, execute = function(self)
              self:result { loss = self.x + self.seed } end }
            function run()
              local s = xpm.search { name = "m", minimize = "loss", space = { x = { 1, 2, 3 } }, trials = 9 }
              for trial in s do
                trial:tell(T { x = trial.x, seed = 1 }:submit(), T { x = trial.x, seed = 3 }:submit())
              end
              assert(s.best.x == 1 and s.best.loss == 3)
              local n = xpm.search { name = "n", minimize = "y", space = { x = xpm.integers(1, 100) }, trials = 20,
                sampler = function(history, number) return { x = number } end }
              for trial in n do
                if trial.number == 5 then n:stop() end
                trial:tell(trial.x * 2)
              end
              assert(n.best.x == 1 and n.best.y == 2)
            end
            """, to: "m.lua")
        let means = try bench.run("run", "m.lua")
        #expect(means.code == 0 && means.error.contains("every point of the space was tried"), "\(means)")
        #expect(means.error.contains("6 tasks: 6 done"), "\(means)")
        let own = try bench.run("search", "check", "n")
        #expect(own.code == 2 && own.error.contains("a function of the script"), "\(own)")
    }

    @Test(
        "what is wrong with a search is said at its line",
        arguments: [
            ("space = {}", "the space has no parameters"),
            ("space = { x = xpm.loguniform(0, 1) }", "more than 0"),
            ("space = { x = xpm.uniform(2, 1) }", "the lower one first"),
            ("space = { x = {} }", "'x' has no values"),
            ("space = { x = 1 }", "'x' is one value"),
            ("space = { x = xpm.given({ y = 1 }, { 1 }) }", "'y', which is not in the space"),
            ("space = { x = xpm.given({ y = 3 }, { 1 }), y = { 1, 2 } }", "a value that it cannot have"),
            ("parallel = 0", "parallel is a number from 1"), ("trials = 0", "trials is a number from 1"),
            ("trials = 1.5", "trials needs a whole number"), ("order = \"any\"", "order is"),
            ("halve = 1", "has no 'halve'"),
            ("sampler = \"tpf\"", "did you mean 'tpe'?"),
            ("sampler = xpm.tpe { startp = 1 }", "did you mean 'startup'?"),
            ("halving = { epochs = { 1, 27 }, eta = 1 }", "eta is a number from 2"),
            ("halving = { epochs = { 9, 1 } }", "the least comes first"),
            ("failed = 0/0", "finite number"), ("space = { x = { 1, 0/0 } }", "no finite number"),
            ("first = { x = 0.5 }", "a list of points"),
            ("first = { 'x' }", "a list of points"), ("sampler = xpm.tpe(5)", "takes a table"),
            ("space = { tell = { 1 } }", "a name of trials"),
            ("space = { loss = { 1 } }", "is a parameter and the result"),
            ("space = { m = { 1 }, ['m.d'] = { 1 } }", "one below the other"),
            ("space = { x = xpm.given({ y = {} }, { 1 }), y = { 1 } }", "no value of it is named"),
            ("sampler = \"function\"", "not the word"),
            ("prior = { task = T, sede = 1 }", "has no parameter 'sede'"),
            ("prior = { seed = 1 }", "prior needs a task"),
            ("halving = { x = { 1, 9 } }", "is in the space"),
            ("budget = { epochs = 9 }", "budget is of what is halved"),
            ("maximize = \"a\"", "exclude each other"),
            ("minimize = \"los\"", "gave no 'los' (did you mean 'loss'?): it has loss"),
            ("name = \"a/b\"", "cannot name a folder"), ("first = { { x = 7 } }", "no point of the space"),
            ("failed = \"best\"", "failed is"),
            ("trials = xpm.none", "when does it end?"),
        ])
    func wrong(_ option: String, _ message: String) throws {
        let bench = try Workbench()
        let name = option.prefix { $0 != " " }
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "w.t", params = { x = xpm.float }, execute = function(self) self:result { loss = 1 } end }
            function run()
              local options = { name = "w", minimize = "loss", space = { x = xpm.uniform(0, 1) }, trials = 3 }
              options.\(option.contains("xpm.none") ? "trials = nil" : option)
              local s = xpm.search(options)
              for trial in s do trial:tell(T { x = trial.x }:submit()) end
            end
            """, to: "w.lua")
        let wrong = try bench.run("run", "w.lua")
        #expect(wrong.code != 0 && wrong.error.contains(message), "\(name): \(wrong)")
        #expect(wrong.error.contains("w.lua:"), "\(name): \(wrong)")
    }

    @Test(
        "tell forgotten, twice or of nothing, two searches of a name, and logs that are damaged or newer are errors"
    )
    func misuse() throws {
        let bench = try Workbench()
        for (body, message) in [
            ("for trial in s do end", "trial 1 was not told"),
            ("for trial in s do trial:tell(1) trial:tell(1) end", "trial 1 is told twice"),
            ("for trial in s do trial:tell() end", "needs what submit has returned"),
            ("for trial in s do trial:tell('a') end", "needs what submit"),
            ("for trial in s do trial.tell(1) end", "with a colon"),
            ("for trial in s do trial:tell(trial.z) end", "has no 'z'"),
            (
                "xpm.search { name = 'm', minimize = 'l', space = { x = { 1 } }, trials = 1 }",
                "two searches are called 'm'"
            ),
            ("print(s.bst)", "a search has no 'bst'"), ("s.id = 99", "'id' cannot be set"),
            ("s.stop()", "with a colon"), ("for trial in s do trial:tell(0/0) end", ""),
        ] {
            try bench.write(
                """
                local xpm = require "xpm"
                function run()
                  local s = xpm.search { name = "m", minimize = "l", space = { x = xpm.uniform(0, 1) }, trials = 2 }
                  \(body)
                end
                """, to: "m.lua")
            let run = try bench.run("run", "m.lua")
            if message.isEmpty {
                #expect(run.code == 0, "\(body): \(run)")
            } else {
                #expect(run.code == 2 && run.error.contains(message), "\(body): \(run)")
            }
        }
        let folder = "\(bench.folder)/workspace/searches/m"
        let file = try #require(try Files.list(folder).first { $0.hasSuffix(".jsonl") })
        let whole = try Files.readText("\(folder)/\(file)")
        for (text, message) in [
            (whole.replacing("\"search\": 1", with: "\"search\": 9"), "a newer xpm"),
            ("what\n", "no log of a search"),
            (whole.replacing("{\"trial\": 1, \"values\"", with: "{\"trial\": \"x"), "the line is damaged"),
            ("{\"search\": 1}\n{\n", "the line is damaged"),
        ] {
            try Files.replace("\(folder)/\(file)", with: Array(text.utf8))
            let run = try bench.run("run", "m.lua")
            #expect(run.code == 2 && run.error.contains(message), "\(run)")
            #expect(try bench.run("search", "list").code == 2)
        }
        // A last line that was cut off was never proposed.
        try Files.replace("\(folder)/\(file)", with: Array((whole + "{\"trial\": 3, \"val").utf8))
        #expect(try bench.run("run", "m.lua").code == 0)
        #expect(try bench.run("search", "show", "none").code == 2)
    }

    @Test("the searches of a workspace, wherever it is")
    func commands() throws {
        let bench = try bench()
        #expect(try bench.run("run", "-q", "s.lua", "-c", "trials=12", "--workdir", "w").code == 0)
        #expect(try bench.run("search", "list").output == "no searches\n")
        #expect(try bench.run("search", "show", "s").code == 2)
        try bench.write(
            "workspaces: [{ id: named, path: \(bench.folder)/w }]\n", to: "config/xpm/settings.yaml")
        #expect(try bench.run("search", "list", "--workdir", "w").output.contains("12"))
        #expect(try bench.run("search", "list", "--workspace", "named").output.contains("12"))
        #expect(try bench.run("search", "show", "s", "--workdir", "w").output.contains("trial"))
        #expect(try bench.run("search", "show", "s", "--workspace", "named").code == 0)
        #expect(try bench.run("search", "check", "s", "--workdir", "w", "--json").output.isEmpty)
        #expect(try bench.run("search", "check", "s", "--workspace", "named").code == 0)
    }

    @Test(
        "a configuration is searched by options or by its file, crossed with what is swept; the mean counts")
    func configurations() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Prepare = xpm.task { id = "c.prepare", params = { lr = xpm.float }, command = "true {lr}" }
            local Train = xpm.task { id = "c.train", params = { prepared = Prepare, lr = xpm.float, kind = xpm.string, seed = xpm.int },
              execute = function(self)
                local d = math.log(self.lr) - math.log(0.01)
                self:result { loss = d * d + self.seed }
              end }
            return xpm.experiment {
              configuration = xpm.configuration { lr = xpm.float { default = 0.1 }, model = { kind = xpm.string { default = "a" } }, seed = xpm.int { default = 1 } },
              run = function(helper, cfg)
                Train { prepared = Prepare { lr = cfg.lr }:submit(), lr = cfg.lr, kind = cfg.model.kind, seed = cfg.seed }:submit()
              end,
            }
            """, to: "c.lua")
        let line = [
            "run", "c.lua", "--search", "lr=loguniform:1e-5..1", "--search", "model.kind=a,b", "--minimize",
            "loss",
            "--trials", "12", "--parallel", "2",
        ]
        func run(_ words: [String]) throws -> Workbench.Result {
            let (process, tag) = try bench.start(words)
            return try bench.finish(process, tag)
        }
        let first = try run(line)
        #expect(first.code == 0 && first.error.contains("best trial: "), "\(first)")
        #expect(try run(line).error.contains(" cached"))
        #expect(try bench.jobs("c.train").count == 12)
        let other = try run(line + ["--seed", "5"])
        #expect(try other.code == 0 && bench.jobs("c.train").count > 20, "\(other)")
        try bench.write(
            """
            file: c
            search: { minimize: loss, trials: 5, space: { lr: { loguniform: [1e-5, 1] }, model: { kind: [a, b] } } }
            grid_search: { seed: [1, 3] }
            """, to: "c.yaml")
        let file = try run(["run", "c.yaml"])
        #expect(file.code == 0, "\(file)")
        let shown = try run(["search", "list", "--json"]).output.split(separator: "\n").map {
            try JSON.parse(Array($0.utf8))
        }
        #expect(shown.count == 3 && shown.contains { $0["trials"] == .int(5) }, "\(shown)")
        #expect(try run(["search", "check", "c"]).code == 0)
        let largest = try run([
            "run", "c.lua", "--search", "lr=0.1,0.2,0.3", "--maximize", "loss", "--trials", "9",
        ])
        #expect(
            largest.code == 0 && largest.error.contains("every point of the space was tried"), "\(largest)")
        for (words, code, message) in [
            (["--search", "lr=loguniform:0..1", "--minimize", "loss", "--trials", "2"], 2, "above 0"),
            (
                ["--search", "lrr=uniform:0..1", "--minimize", "loss", "--trials", "2"], 2,
                "did you mean 'lr'?"
            ),
            (["--search", "lr=uniform:0..1", "--trials", "2"], 2, "what makes a trial good?"),
            (
                ["--search", "lr=uniform:0..1", "--minimize", "los", "--trials", "2"], 2,
                "did you mean 'loss'?"
            ),
            (
                [
                    "--search", "seed=integers:1..3", "--search", "seed=1,2", "--minimize", "loss",
                    "--trials", "2",
                ], 2, "seed"
            ),
            (["--minimize", "loss"], 64, "goes with --search"),
            (["--search", "lr=uniform:0..1", "--parallel", "0"], 64, "from 1"),
        ] as [([String], Int32, String)] {
            let wrong = try run(["run", "c.lua"] + words)
            #expect(wrong.code == code && wrong.error.contains(message), "\(words): \(wrong)")
        }
    }

    @Test("a line is searched, and the script of it finds the search done")
    func line() throws {
        let bench = try Workbench()
        try bench.write("#!/bin/sh\necho \"loss: $1.5\"\n", to: "show", mode: 0o777)
        let line = [
            "./show {n} {seed}", "n=integers:1..9", "seed=1,2", "--result", "loss=loss: {number}", "--search",
            "--minimize",
            "loss", "--trials", "6", "--parallel", "2", "--seed", "3",
        ]
        func run(_ words: [String]) throws -> Workbench.Result {
            let (process, tag) = try bench.start(words)
            return try bench.finish(process, tag)
        }
        let done = try run(["do"] + line)
        #expect(done.code == 0 && done.error.contains("12 tasks: 12 done"), "\(done)")
        #expect(try run(["do", "--write", "w"] + line).code == 0)
        let script = try run(["run", "w/full.yaml"])
        #expect(script.error.contains("12 tasks: 12 cached"), "\(script)")
        #expect(try run(["search", "list", "--json"]).output.split(separator: "\n").count == 1)
        for (words, code, message) in [
            (
                ["do", "./show {n}", "n=1,2", "--search", "--minimize", "loss", "--trials", "2"], 2,
                "no name has a distribution"
            ),
            (
                ["do", "./show {n}", "n=integers:1..2", "--search", "--trials", "2"], 2,
                "what makes a trial good?"
            ),
            (
                ["do", "./show {n}", "n=integers:1..2", "--maximize", "loss", "--parallel", "2"], 64,
                "goes with --search"
            ),
            (
                ["do", "./show {n}", "n=integers:1..2", "--search", "--sample", "2"], 64,
                "goes without --sample"
            ),
        ] as [([String], Int32, String)] {
            let wrong = try run(words)
            #expect(wrong.code == code && wrong.error.contains(message), "\(words): \(wrong)")
        }
    }

    @Test("gc keeps the jobs that a log names, and removes nothing where a log cannot be read")
    func garbage() throws {
        let bench = try bench()
        #expect(try bench.run("run", "-q", "s.lua", "-c", "trials=5").code == 0)
        try Files.removeTree("\(bench.folder)/workspace/experiments/s", below: bench.folder)
        #expect(try bench.run("gc", "--perform").code == 0)
        #expect(try bench.jobs("s.train").count == 5)
        #expect(try bench.run("run", "s.lua", "-c", "trials=5").error.contains("5 cached"))
        try Files.removeTree("\(bench.folder)/workspace/experiments/s", below: bench.folder)
        try bench.write("what\n", to: "workspace/searches/s/0.jsonl")
        let refused = try bench.run("gc", "--perform")
        #expect(refused.code == 2 && refused.error.contains("no log of a search"), "\(refused)")
        try Files.removeTree("\(bench.folder)/workspace/searches", below: bench.folder)
        #expect(try bench.run("gc", "--perform").code == 0)
        #expect(try bench.jobs("s.train").isEmpty)
    }

    @Test(
        "halving: trials go on in the folder of those before, each epoch is paid once, and never more than the budget"
    )
    func halving() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Train = xpm.task {
              id = "h.train",
              params = {
                lr = xpm.float, epochs = xpm.int { groups = { "length" } },
                state = xpm.job_path { "state", partial = xpm.partial { name = "states", exclude_groups = { "length" } } },
              },
              execute = function(self)
                local done, file = 0, io.open(self.state)
                if file then done = tonumber(file:read "a") file:close() end
                file = io.open("\(bench.folder)/paid", "a") file:write(self.epochs - done, "\\n") file:close()
                file = io.open(self.state, "w") file:write(self.epochs) file:close()
                self:result { loss = (math.log(self.lr) - math.log(0.01)) ^ 2 + 1 / self.epochs }
              end,
            }
            function run(helper, cfg)
              local search = xpm.search {
                name = "h", seed = 1, minimize = "loss", space = { lr = xpm.loguniform(1e-5, 1) }, sampler = cfg.sampler,
                trials = cfg.trials, parallel = 3, halving = { epochs = { 1, 9 }, eta = 3 }, order = cfg.order, budget = cfg.budget,
              }
              for trial in search do trial:tell(Train { lr = trial.lr, epochs = trial.epochs }:submit()) end
              print(search.best.epochs, search.best.loss)
            end
            """, to: "h.lua")
        func run(_ words: String...) throws -> Workbench.Result {
            let (process, tag) = try bench.start(["run", "h.lua"] + words)
            return try bench.finish(process, tag)
        }
        func paid() throws -> Int {
            try bench.read("paid").split(separator: "\n").compactMap { Int($0) }.reduce(0, +)
        }
        let first = try run("-c", "trials=18", "-c", "sampler=gp")
        #expect(first.code == 0 && first.output.contains("9\t"), "\(first)")
        let shown = try bench.run("search", "show", "h", "--json").output.split(separator: "\n").map {
            try JSON.parse(Array($0.utf8))["values"]?["epochs"] ?? .null
        }
        func count(_ epochs: Int64) -> Int { shown.count { $0 == .int(epochs) } }
        #expect(count(1) == 18 && count(3) >= 5 && count(9) >= 1, "\(shown)")
        #expect(try paid() == 18 + 2 * count(3) + 6 * count(9))
        #expect(try bench.run("search", "check", "h").code == 0)
        #expect(try run("-c", "trials=18", "-c", "sampler=gp").error.contains(" cached"))
        try Files.remove("\(bench.folder)/paid")
        let fixed = try run("-c", "budget={epochs: 40}", "-c", "order=fixed", "--workdir", "fixed")
        #expect(fixed.code == 0 && fixed.error.contains("its budget is used"), "\(fixed)")
        #expect(try (30...40).contains(paid()))
        #expect(try bench.run("search", "check", "h", "--workdir", "fixed").code == 0)
    }

    @Test(
        "what was not run has no result; what had failed and is done now has one; what the log has is given again"
    )
    func verdicts() throws {
        let bench = try bench("minimize = \"loss\", patience = 3,")
        #expect(try bench.run("run", "s.lua", "--run-mode", "prepare").code == 0)
        #expect(try !log(bench).contains("\"failed\": \"not run"))
        let first = try bench.run("run", "s.lua")
        #expect(first.code == 0, "\(first)")
        let again = try bench.run("run", "s.lua")
        #expect(again.output.prefix { $0 != "\n" } == first.output.prefix { $0 != "\n" }, "\(again)")
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "v.t", params = { x = xpm.float }, execute = function(self)
              assert(io.open "\(bench.folder)/ok", "not yet") self:result { loss = self.x } end }
            function run()
              local s = xpm.search { name = "v", minimize = "loss", space = { x = xpm.uniform(0, 1) }, trials = 12 }
              for trial in s do trial:tell(T { x = trial.x }:submit()) end
              print(s.best.trial, s.best.loss)
            end
            """, to: "v.lua")
        #expect(try bench.run("run", "v.lua").error.contains("6 of its first ten trials failed"))
        try bench.write("", to: "ok")
        let done = try bench.run("run", "v.lua")
        #expect(done.code == 0 && done.error.contains("12 tasks: 12 done"), "\(done)")
        #expect(try bench.run("search", "check", "v").code == 0)
        #expect(try bench.run("search", "list").output.contains("v"))
    }

    @Test("narrow ranges, points that are one job, nested names, and keys in another order")
    func meanings() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            function run()
              for name, space in pairs {
                a = { x = xpm.uniform(1.7e9, 1.7e9 + 3600) }, b = { x = xpm.uniform(1000000, 1000001) },
                c = { m = { k = { "a", "b" }, d = xpm.given({ k = "a" }, { 1.0, 2.0 }), e = xpm.given({ ["m.d"] = 1 }, xpm.uniform(0, 1)) } },
              } do
                local s = xpm.search { name = name, minimize = "loss", space = space, trials = 20, first = name == "c" and { { m = { k = "b" } } } or nil }
                local count = 0
                for trial in s do count = count + 1 trial:tell(name == "c" and (trial.m.e or 1) or trial.x or 0) end
                print(name, count)
              end
              local again = xpm.search { name = "again", minimize = "loss", space = { x = { 1, 2, 3 } }, trials = 5,
                sampler = function(history) return { x = 2 } end }
              for trial in again do trial:tell(1.7e308, 1.7e308) end
              print("again", again.best.x, again.best.loss)
            end
            """, to: "n.lua")
        let narrow = try bench.run("run", "n.lua")
        #expect(narrow.output.contains("a\t20") && narrow.output.contains("b\t20"), "\(narrow)")
        #expect(narrow.output.contains("c\t20"), "\(narrow)")
        #expect(
            narrow.output.contains("again\t2") && narrow.error.contains("proposes {\"x\": 2} again"),
            "\(narrow)")
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "u.t", params = { o = xpm.string, m = xpm.float { default = 0 } }, execute = function(self) self:result { loss = self.m } end }
            function run(helper, cfg)
              if cfg.o == "sgd" then T { o = cfg.o, m = cfg.m }:submit() else T { o = cfg.o }:submit() end
            end
            """, to: "u.lua")
        let one = try bench.run(
            "run", "u.lua", "--search", "o=adam,sgd", "--search", "m=0.1,0.2,0.3", "--minimize", "loss",
            "--trials", "6")
        #expect(one.code == 0 && one.error.contains("best trial"), "\(one)")
        for text in ["p: 1\nq: 2\n", "q: 2\np: 1\n"] {
            try bench.write(
                "file: u\nid: o\n" + text + """
                    search:
                      minimize: loss
                      trials: 4
                      sampler: { tpe: { startup: 3 } }
                      space: { o: [adam, sgd], m: { given: { o: sgd }, uniform: [0, 1] } }
                    """, to: "o.yaml")
            #expect(try bench.run("run", "o.yaml").code == 0)
        }
        let logs = try Files.list("\(bench.folder)/workspace/searches/o").filter { $0.hasSuffix(".jsonl") }
        #expect(logs.count == 1, "\(logs)")
        for (text, message) in [
            ("minimize: loss\n  parallel: two", "o.yaml:5:13: search: parallel: expected a whole number"),
            ("minimize: 3", "expected string"), ("minimize: loss\n  spaces: {}", "did you mean 'space'?"),
            ("minimize: loss", "what is searched?"),
            ("minimize: loss\n  space: { o: [adam], id: [1, 2] }", "the experiment's own"),
            ("minimize: loss\n  sampler: [1]\n  space: { o: [a] }", "sampler: expected a name"),
            ("minimize: loss\n  sampler: function\n  trials: 2\n  space: { o: [a] }", "not the word"),
            (
                "minimize: loss\n  trials: 2\n  space: { o: [adam, sgd] }\ngrid_search: { o: [adam] }",
                "is searched, and swept too"
            ),
            (
                "minimize: loss\n  trials: 2\n  seed: 1.5\n  space: { o: [a] }",
                "seed: expected a whole number"
            ),
        ] {
            try bench.write("file: u\nm: 1\nsearch:\n  \(text)\n", to: "o.yaml")
            let wrong = try bench.run("run", "o.yaml")
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(text): \(wrong)")
        }
        // One log that is damaged does not hide the others.
        try bench.write("", to: "workspace/searches/zero/aaaa.jsonl")
        let list = try bench.run("search", "list")
        #expect(list.code == 2 && list.output.contains("again") && list.error.contains("zero"), "\(list)")
    }
}
