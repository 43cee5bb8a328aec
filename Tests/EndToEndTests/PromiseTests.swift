import Engine
import Foundation
import Testing
import Text

/// What docs and help promise, where it is easily broken.
@Suite("Promises")
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
        #expect(jobs.split(separator: "\n").count == 2 && jobs.contains("error"), "\(jobs)")
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
            #expect(result.code == 0 && told.count == 2, "\(result.error)")
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
            ("id: x", ["--sweep", "a=5..1"]), ("grid_search: { a: { range: [5, 1] } }", []),
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
        #expect(try points("grid_search: { a: { range: [5, 1, -2] } }") == "5 3 1")
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
}
