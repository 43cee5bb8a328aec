import Store
import System
import Testing
import Text

/// Figures and pictures hide nothing, and one number is one number.
@Suite("Figures", .timeLimit(.minutes(20)))
struct FigureTests {
    private func bench(_ script: String, _ arguments: String...) throws -> Workbench {
        let bench = try Workbench()
        try bench.write("local xpm = require \"xpm\"\n" + script, to: "f.lua")
        let (process, tag) = try bench.start(["run", "-q", "f.lua"] + arguments)
        let run = try bench.finish(process, tag)
        #expect([0, 1].contains(run.code), "\(run)")
        return bench
    }

    @Test("1 and 1.0 of a float are one value: one row, one point, one group; also as they were recorded")
    func oneNumber() throws {
        let bench = try bench(
            """
            local A = xpm.task { id = "f.a", params = { lr = xpm.float, n = xpm.int }, execute = function(self) self:result { a = self.lr } end }
            local B = xpm.task { id = "f.b", params = { lr = xpm.float }, execute = function(self) self:result { b = 2 } end }
            function run()
              for _, lr in ipairs { 0.5, 1 } do A { lr = xpm.tag(lr), n = xpm.tag(2.0) }:submit() end
              for _, lr in ipairs(xpm.range(0.5, 1, 0.5)) do B { lr = xpm.tag(lr) }:submit() end
              local c = B { lr = 3 }
              c:tag("lr", 3)
              c:submit()
            end
            """)
        #expect(
            try bench.run("results", "f", "--rows", "lr").output == """
                 lr       a  b
                0.5  0.5000  2
                1.0       1  2
                3.0          2

                """)
        #expect(try bench.run("jobs", "list", "--filter", "lr = 1", "--json").output.contains("\"lr\": 1.0"))
        // What an older run wrote: an int beside a float.
        let log = "workspace/experiments/f/current/jobs.jsonl"
        let old = try bench.read(log).replacing("\"lr\": 1.0, \"n\"", with: "\"lr\": 1, \"n\"")
        #expect(old.contains("\"lr\": 1,") && old.contains("\"lr\": 1.0"), "\(old)")
        try bench.write(old, to: log)
        #expect(try bench.run("results", "f", "--rows", "lr").output.split(separator: "\n").count == 4)
    }

    @Test("an int is compared exactly, with an int and with a float")
    func bigInts() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "f.t", params = { seed = xpm.int }, execute = function() end }
            function run() for _, s in ipairs { 9007199254740992, 9007199254740993 } do T { seed = s }:submit() end end
            """)
        for (filter, count) in [
            ("seed = 9007199254740993", 1), ("seed = 9007199254740992.0", 1),
            ("seed > 9007199254740992.0", 1),
            ("seed in [9007199254740992]", 1), ("seed >= 9007199254740992", 2),
        ] {
            let jobs = try bench.run("jobs", "list", "--filter", filter, "--json").output
            #expect(
                jobs.split(separator: "\n").count { $0.contains("\"id\"") } == count,
                "\(filter): \(jobs)")
        }
    }

    @Test("wrong numbers are refused with a reason; whole floats are whole numbers")
    func numbers() throws {
        let bench = try Workbench()
        func plan(_ body: String, yaml: String? = nil, environment: [String: String] = [:]) throws
            -> Workbench.Result
        {
            try bench.write(
                "local xpm = require \"xpm\"\nlocal T = xpm.task { id = 'w.t', params = { x = xpm.float }, execute = function() end }\n\(body)",
                to: "w.lua")
            if let yaml { try bench.write(yaml, to: "w.yaml") }
            return try bench.run(
                "run", "-q", "--run-mode", "dry-run", "w.lua", yaml == nil ? "-q" : "w.yaml",
                environment: environment)
        }
        #expect(
            try plan("function run() xpm.random { n = 2, x = xpm.uniform(-1e308, 1e308) } end").error
                .contains(
                    "xpm.uniform: from -1e+308 to 1e+308 is further than a float can tell"))
        #expect(
            try plan("function run() T { x = 9007199254740993 } end").error.contains(
                "the int 9007199254740993 is no exact float: a float would hold 9007199254740992.0"))
        let whole = try plan(
            """
            function run(h)
              h.xp:token("t", 2.0)
              for p in xpm.random { n = 3.0, seed = 8.0, x = xpm.integers(1.0, 1e3) } do
                T(p):submit { priority = 1e1, max_retries = 2.0, tokens = { t = 1.0 } }
              end
              assert(#xpm.linspace(0, 1, 5.0) == 5)
            end
            """)
        #expect(whole.code == 0, "\(whole)")
        let draws = try plan(
            "function run(h, cfg) end",
            yaml: "grid_search: { random: { n: 2.0, x: { uniform: [-1e308, 1e308] } } }")
        #expect(draws.error.contains("further than a float can tell"), "\(draws)")
    }

    @Test("a variable of the environment is read as YAML: a list is a list")
    func environment() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            function run(h, cfg) print(#cfg.seeds, cfg.seeds[2], cfg.text) end
            """, to: "e.lua")
        try bench.write("seeds: ${env:SEEDS}\ntext: \"${env:SEEDS}\"\n", to: "e.yaml")
        let result = try bench.run(
            "run", "-q", "--run-mode", "dry-run", "e.lua", "e.yaml", environment: ["SEEDS": "[1, 2.5]"])
        #expect(result.output.hasPrefix("2\t2.5\t[1, 2.5]\n"), "\(result)")
    }

    @Test(
        "what is summed up without a name is told; so is what an earlier stage differs in, by its parameters")
    func pooled() throws {
        let bench = try bench(
            """
            local A = xpm.task { id = "f.a", params = { lr = xpm.float, seed = xpm.int }, execute = function() end }
            local B = xpm.task { id = "f.b", params = { base = A, lr = xpm.float }, execute = function(self) self:result { acc = self.lr + self.base.lr } end }
            function run()
              for p in xpm.grid { lr = { 1, 2 }, seed = { 1, 2 } } do
                local a = A { lr = p.lr, seed = p.seed }:submit()
                for _, lr in ipairs { 3, 4 } do B { base = a, lr = xpm.tag("lr", lr) }:submit() end
              end
            end
            """)
        let all = try bench.run("results", "f", "--rows", "lr")
        #expect(
            all.error.contains("cells mix jobs that differ in base.lr, which is no tag")
                || all.error.contains("cells sum up over seed too"), "\(all)")
        let named = try bench.run("results", "f", "--rows", "base.lr", "--cols", "lr", "--over", "seed")
        #expect(named.code == 0 && named.output.contains("4 ± 0") && named.error.isEmpty, "\(named)")
        #expect(
            try bench.run("jobs", "list", "--filter", "base.lr = 2 and lr = 3", "--json").output.split(
                separator: "\n"
            )
            .count { $0.contains("\"id\"") } == 2)
        let plot = try bench.run("plot", "f", "--x", "base.lr", "--series", "lr")
        #expect(plot.code == 0 && plot.error.contains("seed"), "\(plot)")
    }

    @Test("texts and lists are results too; of what is logged the best step counts where it is asked for")
    func kindsOfResults() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "f.t", params = { n = xpm.int, seed = xpm.int }, execute = function(self)
              for step = 1, 5 do self:log { step = step, loss = math.abs(step - 3) + self.n } end
              self:result { answer = self.seed == 1 and "yes" or "no", mixed = self.seed == 1 and 5 or "n/a", probs = { 0.25 * self.n, 0.5 }, none = {} }
            end }
            function run() for p in xpm.grid { n = { 1, 2 }, seed = { 1, 2, 3 } } do T(p):submit() end end
            """)
        func results(_ words: String...) throws -> String {
            let (process, tag) = try bench.start(["results", "f", "--rows", "n", "--over", "seed"] + words)
            let result = try bench.finish(process, tag)
            #expect(result.code == 0 && result.error.isEmpty, "\(result)")
            return result.output
        }
        #expect(try results("--metric", "answer").contains("1  no ×2, yes ×1\n"))
        #expect(
            try bench.run("results", "f", "--metric", "none").error.contains(
                "the result 'none' is an empty list"))
        #expect(
            try bench.run("plot", "f", "--metric", "none", "--kind", "histogram").error.contains("empty list")
        )
        #expect(
            try results("--metric", "probs", "--format", "csv").hasPrefix(
                "n,probs.1,probs.1_std,probs.1_n,probs.1_median,probs.1_min,probs.1_max,probs.1_ci95,probs.1_missing,probs.2,"
            ))
        #expect(
            try bench.run(
                "results", "f", "--rows", "n", "--over", "seed", "--metric", "mixed", "--format", "csv"
            )
            .output.contains("\n1,5.0,,1,5.0,5.0,5.0,,n/a ×2\n"))
        #expect(try results("--metric", "probs.1", "--stat", "median").contains("0.25"))
        #expect(try results("--metric", "loss", "--stat", "max").contains("1     3"))
        #expect(
            try results("--metric", "loss", "--stat", "max", "--step", "best", "--best", "min").contains(
                "1     1"))
        #expect(try results("--metric", "loss", "--stat", "max", "--step", "2").contains("1     2"))
        #expect(try bench.run("results", "f", "--step", "best").code == 64)
        let json = try JSON.parse(Array(try results("--metric", "answer", "--json").utf8))
        #expect(json.array?.first?["metrics"]?["answer"]?["texts"]?["no"] == 2)
        let number = try bench.run("plot", "f", "--metric", "answer", "--x", "n")
        #expect(
            number.code == 2 && number.error.contains("no job has a number as a result 'answer'"), "\(number)"
        )
    }

    @Test("columns of CSV have names of their own")
    func columns() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "f.t", params = { n = xpm.int }, execute = function(self) self:result { acc = 1, acc_std = 2, n = 7 } end }
            function run() for p in xpm.grid { n = { 1, 2 } } do T(p):submit() end end
            """)
        let head = try #require(
            try bench.run("results", "f", "--format", "csv").output.split(separator: "\n").first)
        let names = head.split(separator: ",").map(String.init)
        #expect(TextSet(names).count == names.count, "\(head)")
        #expect(
            names.contains("acc_std") && names.contains("acc__std") && names.contains("n_result"), "\(head)")
    }

    @Test(
        "a resumed job's curve has the later value of a step, and no band; failed jobs are in it where asked for"
    )
    func curves() throws {
        let bench = try bench(
            """
            local T = xpm.resumable_task { id = "f.t", params = { n = xpm.int }, execute = function(self)
              local f = io.open(self.taskdir .. "/seen")
              for step = f and 3 or 1, f and 6 or 4 do self:log { step = step, loss = f and 1 or 5 } end
              if self.n == 2 then error "diverged" end
              if not f then io.open(self.taskdir .. "/seen", "w"):close() os.exit(75) end
            end }
            function run() for p in xpm.grid { n = { 1, 2 } } do T(p):submit { max_retries = 3 } end end
            """)
        let curve = try bench.run("plot", "f", "--kind", "curve", "--metric", "loss")
        #expect(
            curve.code == 0 && curve.error.contains("1 failed job is left out: --failed shows them"),
            "\(curve)")
        let svg = try bench.read("f-loss-curve.svg")
        #expect(!svg.contains("mean ± std"), "\(svg)")
        #expect(svg.ranges(of: "<circle").count == 6)
        let both = try bench.run(
            "plot", "f", "--kind", "curve", "--metric", "loss", "--failed", "--over", "n")
        #expect(both.code == 0 && both.error.contains("1 of 2 jobs to the end"), "\(both)")
        #expect(try bench.read("f-loss-curve.svg").contains("stroke-dasharray=\"3 4\""))
        // Another kind has another file.
        #expect(try bench.run("plot", "f", "--metric", "loss", "--x", "n").code == 0)
        #expect(
            Files.exists("\(bench.folder)/f-loss.svg") && Files.exists("\(bench.folder)/f-loss-curve.svg"))
    }

    @Test("designs of several dimensions are points; equal series are both seen; categories are not joined")
    func shapes() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "f.t", params = { a = xpm.float { default = 0 }, b = xpm.float { default = 0 }, m = xpm.string { default = "" } }, execute = function(self)
              self:result { score = self.a + (self.b > 0 and 1 or 0) }
            end }
            local U = xpm.task { id = "f.u", params = { name = xpm.string, m = xpm.string }, execute = function(self) self:result { other = 1 } end }
            function run()
              for p in xpm.sobol { n = 12, a = xpm.uniform(0, 1), b = xpm.uniform(1, 2) } do T(p):submit() end
              local names = {}
              for i = 1, 30 do names[i] = "a-long-name-of-a-patient_" .. i .. "-and-more-that-is-the-same" end
              for p in xpm.grid { name = names, m = { "x", "y" } } do U(p):submit() end
            end
            """)
        let design = try bench.run("plot", "f", "--metric", "score", "--x", "a")
        #expect(design.code == 0 && design.error.contains("points are not joined"), "\(design)")
        #expect(!(try bench.read("f-score.svg")).contains("<polyline"))
        #expect(try bench.run("plot", "f", "--metric", "other", "--x", "name", "--series", "m").code == 0)
        let names = try bench.read("f-other.svg")
        #expect(!names.contains("<polyline") && names.contains("stroke-width=\"1.5\""))
        for number in 1...30 {
            #expect(names.contains("patient_\(number)-") || names.contains("…\(number)…"), "\(number)")
        }
        // In their natural order.
        let two = try #require(names.firstRange(of: "_2") ?? names.firstRange(of: "…2…"))
        let ten = try #require(names.firstRange(of: "_10") ?? names.firstRange(of: "…10…"))
        #expect(two.lowerBound < ten.lowerBound)
        for (kind, file) in [("scatter", "f-score-scatter.svg"), ("histogram", "f-score-histogram.svg")] {
            let words = kind == "scatter" ? ["--x", "b"] : ["--bins", "4"]
            let (process, tag) = try bench.start(["plot", "f", "--kind", kind, "--metric", "score"] + words)
            #expect(try bench.finish(process, tag).code == 0)
            #expect(try bench.read(file).contains(kind == "scatter" ? "<circle" : "<polyline"))
        }
        // The ends of the axis: what lies beyond is told.
        let cut = try bench.run("plot", "f", "--metric", "score", "--x", "a", "--ymin", "1.5", "--ymax", "2")
        #expect(cut.code == 0 && cut.error.contains("beyond --ymin or --ymax"), "\(cut)")
        #expect(try bench.run("plot", "f", "--ymin", "2", "--ymax", "1").code == 64)
    }

    @Test("heat maps tell NaN from failed from absent")
    func heatMap() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "f.t", params = { a = xpm.int, b = xpm.int }, execute = function(self)
              if self.a == 1 and self.b == 1 then error "no" end
              self:result { score = self.a == 2 and self.b == 2 and 0/0 or self.a * 10 ^ self.b }
            end }
            function run() for p in xpm.where(xpm.grid { a = { 1, 2, 3 }, b = { 1, 2, 3 } }, function(p) return p.a + p.b < 6 end) do T(p):submit() end end
            """)
        let plot = try bench.run("plot", "f", "--kind", "heatmap", "--log-z")
        #expect(plot.code == 0 && plot.error.contains("of 8 jobs 1 NaN, 1 failed"), "\(plot)")
        let svg = try bench.read("f-score-heatmap.svg")
        for text in [">NaN<", ">failed<", ">no job<"] { #expect(svg.contains(text), "\(text)") }
    }

    @Test("a run's status has its counts while it runs")
    func counts() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "c.t", params = { n = xpm.int }, command = { "sh", "-c", "while [ ! -e {n}.go ]; do sleep 0.05; done; exit 0" } }
            local F = xpm.task { id = "c.f", params = { n = xpm.int }, command = "exit 3" }
            function run() F { n = 1 }:submit() T { n = 1 }:submit() end
            """, to: "c.lua")
        let (process, tag) = try bench.start(["run", "-q", "c.lua"])
        func status() throws -> JSON? {
            try? JSON.parse(Array(bench.read("workspace/experiments/c/current/status.json").utf8))
        }
        #expect(try bench.wait { try status()?["counts"] == ["failed": 1, "running": 1] })
        #expect(
            try status()?["status"] == "running" && status()?["total_jobs"] == 2
                && status()?["failed_jobs"] == 1)
        let job = try #require(try bench.jobs("c.t").first)
        try bench.write("", to: "workspace/jobs/c.t/\(Paths.name(job.path))/1.go")
        #expect(try bench.finish(process, tag).code == 1)
        #expect(try status()?["counts"] == ["done": 1, "failed": 1])
    }
}
