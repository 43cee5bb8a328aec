import Foundation
import System
import Testing
import Text

/// Sweeps of a configuration: by YAML and by options.
@Suite("Sweeps of a configuration, end to end", .timeLimit(.minutes(20)))
struct SweepCommandTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Split = xpm.task { id = "s.split", params = { seed = xpm.int }, command = "true" }
            local Train = xpm.task { id = "s.train", params = { split = Split, lr = xpm.float, depth = xpm.int }, command = "true" }
            local C = xpm.configuration {
              lr = xpm.sweep(xpm.float) { help = "Learning rates" }, seed = xpm.sweep(xpm.int) { default = 1 },
              model = { depth = xpm.int { default = 2 } },
            }
            local function plan(cfg)
              Train { split = Split { seed = cfg.seed }:submit(), lr = cfg.lr, depth = cfg.model.depth }:submit()
            end
            return xpm.experiment { configuration = C, once = os.getenv "ONCE" ~= nil, run = function(helper, cfg)
              if not os.getenv "ONCE" then return plan(cfg) end
              local seen = 0
              for each in helper:configurations() do seen = seen + 1 plan(each) end
              print(seen)
            end }
            """, to: "e.lua")
        try bench.write(
            "file: e\nid: e\nlr: [0.1, 0.01]\ngrid_search:\n  model.depth: { closed_range: [1, 3] }\n",
            to: "full.yaml")
        return bench
    }

    private func tags(_ bench: Workbench) throws -> [String: Int] {
        let lines = try bench.run("jobs", "list", "--json").output.split(separator: "\n")
        return try lines.reduce(into: [:]) { counts, line in
            let job = try JSON.parse(Array(line.utf8))
            counts["\(job["task"]?.string ?? "") \(job["tags"]?.text ?? "")", default: 0] += 1
        }
    }

    @Test("-c and files above win over what is swept; options that contradict each other are refused")
    func precedence() throws {
        let bench = try bench()
        func points(_ options: String...) throws -> Workbench.Result {
            let (process, tag) = try bench.start(["sweep", "full.yaml", "--format", "csv"] + options)
            return try bench.finish(process, tag)
        }
        #expect(try points().output.split(separator: "\n").count == 7)
        let one = try points("-c", "model.depth=9")
        #expect(one.output == "lr\n0.1\n0.01\n", "\(one)")
        try bench.write("model: { depth: 5 }\n", to: "above.yaml")
        #expect(try points("--post-yaml", "above.yaml").output == "lr\n0.1\n0.01\n")
        try bench.write("imports: [above.yaml]\n", to: "over.yaml")
        #expect(try points("--post-yaml", "over.yaml").output == "lr\n0.1\n0.01\n")
        #expect(try points("--pre-yaml", "above.yaml").output.split(separator: "\n").count == 7)
        let plan = try bench.run("run", "--run-mode", "dry-run", "full.yaml", "-c", "model.depth=9")
        #expect(plan.output.split(separator: "\n").count { $0.contains("depth = 9") } == 2, "\(plan.output)")
        for (options, message) in [
            (["-c", "model.depth=deep"], "depth: expected int, got string"),
            (["-c", "seed=1", "--sweep", "seed=1,2"], "'seed' is swept, and has one value by -c seed=1"),
            (["--sweep", "seed=1,2", "--sweep", "seed=3"], "'seed' is swept twice"),
            (["--sweep", "seed=5,6", "--zip", "lr=1,2", "seed=1,2"], "'seed' is swept twice"),
            (["--sweep", "lr=0.1..0.5"], "0.1..0.5: say the step too, as 0.1..0.5..0.1"),
            (["--sweep", "seed=1...3"], "1...3: a range has two dots, as 1..5"),
            (["--sweep", "seed=-9223372036854775807..9223372036854775807"], "there are too many values"),
        ] {
            let (process, tag) = try bench.start(["sweep", "full.yaml"] + options)
            let wrong = try bench.finish(process, tag)
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(options): \(wrong)")
        }
    }

    @Test("what a callback of a loop over a sweep submits has the tags of its point")
    func loopCallbacks() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Train = xpm.task { id = "k.train", params = { lr = xpm.float }, command = "true" }
            local Eval = xpm.task { id = "k.eval", params = { lr = xpm.float, n = xpm.int }, command = "true" }
            function run(helper)
              for p in xpm.grid { lr = { 0.1, 0.2 } } do
                local t = Train(p)
                t:submit()
                t:on_completed(function() Eval { lr = p.lr, n = 8 }:submit() end)
              end
            end
            """, to: "k.lua")
        #expect(try bench.run("run", "k.lua").code == 0)
        let found = try tags(bench)
        #expect(found["k.eval {\"lr\": 0.1}"] == 1 && found["k.eval {\"lr\": 0.2}"] == 1, "\(found)")
    }

    @Test(
        "what a point's callback submits has the tags of that point; what is submitted beside the points has none"
    )
    func callbacks() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Train = xpm.task { id = "k.train", params = { lr = xpm.float }, command = "true" }
            local Eval = xpm.task { id = "k.eval", params = { train = Train, again = xpm.bool { default = false } }, command = "true" }
            local Data = xpm.task { id = "k.data", params = { n = xpm.int }, command = "true" }
            local function plan(cfg)
              local t = Train { lr = cfg.lr }
              t:submit()
              t:on_completed(function() Eval { train = t }:submit() end)
            end
            return xpm.experiment { once = os.getenv "ONCE" ~= nil, run = function(helper, cfg)
              if not os.getenv "ONCE" then return plan(cfg) end
              Data { n = 1 }:submit()
              for each in helper:configurations() do plan(each) end
              Data { n = 2 }:submit()
            end }
            """, to: "k.lua")
        for once in ["", "1"] {
            let environment = once.isEmpty ? [:] : ["ONCE": once]
            let (process, tag) = try bench.start(
                ["run", "k.lua", "--sweep", "lr=0.1,0.2,0.3"], environment: environment)
            #expect(try bench.finish(process, tag).code == 0)
            let found = try tags(bench)
            for lr in [0.1, 0.2, 0.3] {
                #expect(found["k.eval {\"lr\": \(lr)}"] == 1, "\(found)")
                #expect(found["k.train {\"lr\": \(lr)}"] == 1, "\(found)")
            }
            #expect(found["k.data {}"] == (once.isEmpty ? nil : 2), "\(found)")
        }
    }

    @Test(
        "run is called for each point; jobs have the tags of what they depend on; a grown sweep runs what is new"
    )
    func points() throws {
        let bench = try bench()
        let first = try bench.run("run", "full.yaml")
        #expect(
            first.code == 0 && first.error.hasPrefix("sweep: 6 points: model.depth (3), lr (2)\n"), "\(first)"
        )
        #expect(first.error.contains("7 tasks: 7 done"))
        var found = try tags(bench)
        #expect(found.count == 7 && found["s.split {}"] == 1)
        #expect(found[#"s.train {"lr": 0.01, "model.depth": 3}"#] == 1, "\(found)")
        let grown = try bench.run("run", "full.yaml", "--sweep", "seed=1..2")
        #expect(
            grown.error.contains("sweep: 12 points") && grown.error.contains("14 tasks: 7 done, 7 cached"))
        found = try tags(bench)
        #expect(
            found[#"s.split {"seed": 2}"#] == 1
                && found[#"s.train {"lr": 0.1, "model.depth": 1, "seed": 2}"#] == 1)
        // An option takes the place of what the file says of a parameter.
        let other = try bench.run(
            "run", "full.yaml", "--run-mode", "dry-run", "--sweep", "lr=1,2,3", "--sweep", "model.depth=9")
        #expect(
            other.error.contains("sweep: 3 points: lr (3)") && other.output.contains("depth = 9, lr = 3.0"))
        let zipped = try bench.run(
            "run", "--run-mode", "dry-run", "full.yaml", "--zip", "lr=1,2", "model.depth=8,9")
        #expect(
            zipped.output.contains("depth = 8, lr = 1.0")
                && zipped.error.contains("3 tasks: 1 cached, 2 to run"), "\(zipped)")
    }

    @Test("a script may go through the configurations itself")
    func once() throws {
        let bench = try bench()
        let result = try bench.run("run", "full.yaml", environment: ["ONCE": "1"])
        #expect(
            result.code == 0 && result.output.hasPrefix("6\n") && result.error.contains("7 tasks: 7 done"),
            "\(result)")
        #expect(try tags(bench)[#"s.train {"lr": 0.01, "model.depth": 3}"#] == 1)
        let single = try bench.run("run", "e.lua", "-c", "lr=0.1", environment: ["ONCE": "1"])
        #expect(single.output.hasPrefix("1\n") && !single.error.contains("sweep:"), "\(single)")
    }

    @Test("xpm sweep shows the points")
    func show() throws {
        let bench = try bench()
        let shown = try bench.run("sweep", "full.yaml", "--sample", "2", "--seed", "1", "--format", "csv")
        let lines = shown.output.split(separator: "\n")
        #expect(
            lines.count == 3 && lines[0] == "lr,model.depth" && shown.error.contains("2 points"), "\(shown)")
        #expect(
            try bench.run("sweep", "full.yaml").output.hasPrefix("  lr  model.depth\n 0.1            1\n"))
        #expect(
            try bench.run("sweep", "full.yaml", "--json").output.hasPrefix(#"{"lr": 0.1, "model.depth": 1}"#))
        #expect(!Files.exists("\(bench.folder)/workspace"))
    }

    @Test(
        "what is wrong is told at its place",
        arguments: [
            (["--sweep", "lrr=1,2"], "--sweep lrr=1,2: unknown key 'lrr' (did you mean 'lr'?)"),
            (["--sweep", "lr="], "--sweep lr=: lr: there are no values"),
            (["--sweep", "lr"], "--sweep lr: expected name=value,value"),
            (["--sweep", "lr=0..1..0"], "0..1..0: a step of 0 leads nowhere"),
            (["--sweep", "seed=1,x"], "--sweep seed=1,x: seed: expected int, got string \"x\""),
            (["--sweep", "id=a,b"], "'id' is the experiment's own: it cannot be swept"),
            (["--zip", "lr=1,2", "seed=1"], "zip: 'seed' has 1 values and 'lr' 2"),
            (
                ["-c", "grid_search={model.dpth: [1, 2]}"],
                "(did you mean"
            ),
        ])
    func wrong(_ arguments: [String], _ message: String) throws {
        let bench = try bench()
        let (process, tag) = try bench.start(["run", "full.yaml"] + arguments)
        let result = try bench.finish(process, tag)
        #expect(result.code == 2 && result.error.contains(message), "\(result)")
    }

    @Test("a wrong place in grid_search is told with its line; a task takes no sweep; a sample needs a sweep")
    func places() throws {
        let bench = try bench()
        try bench.write("file: e\nlr: 0.1\ngrid_search:\n  model.depth: [1, two]\n", to: "full.yaml")
        #expect(
            try bench.run("run", "full.yaml").error.contains(
                "full.yaml:4:20: model.depth: expected int, got string \"two\""))
        try bench.write("file: e\nlr: 0.1\ngrid_search:\n  modl.depth: [1, 2]\n", to: "full.yaml")
        #expect(
            try bench.run("run", "full.yaml").error.contains(
                "full.yaml:4:16: unknown key 'modl' (did you mean 'model'?)"))
        let empty = try bench.run("run", "e.lua", "-c", "lr=1", "--sample", "3")
        #expect(empty.code == 2 && empty.error.contains("a sample of 3: nothing is swept here"))
        try bench.write(
            "local xpm = require 'xpm'\nxpm.task { id = 'a.b', params = { lr = xpm.sweep(xpm.float) }, command = 'true' }\n",
            to: "e.lua")
        #expect(
            try bench.run("run", "e.lua").error.contains(
                "e.lua:2: a.b.lr: xpm.sweep belongs into xpm.configuration"))
        #expect(try bench.run("run", "e.lua", "--zip", "lr=1", "e.yaml").code == 64)
        #expect(try bench.run("run", "e.lua", "--seed", "1").code == 64)
    }
}
