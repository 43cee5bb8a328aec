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
}
