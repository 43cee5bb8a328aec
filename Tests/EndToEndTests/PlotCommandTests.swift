import Foundation
import System
import Testing
import Text

/// `xpm plot`: pictures that a browser and a converter read, with what the results say.
@Suite("Plots, end to end", .timeLimit(.minutes(20)))
struct PlotCommandTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "p.t", params = { lr = xpm.float, kind = xpm.string, seed = xpm.int }, execute = function(self)
              for step = 1, 5 do self:log { step = step, loss = self.lr / step + self.seed } end
              self:result { score = 10 * self.lr + self.seed, ["a<b"] = 1 }
            end }
            function run() for p in xpm.grid { lr = { 0.001, 0.01, 1 }, kind = { "<a>", "b&c" }, seed = { 1, 3 } } do T(p):submit() end end
            """, to: "p.lua")
        #expect(try bench.run("run", "-q", "p.lua").code == 0)
        return bench
    }

    /// What Python's XML reader finds: `tag count`, and the texts.
    private func shapes(_ bench: Workbench, _ file: String) throws -> (counts: [String: Int], texts: [String])
    {
        try bench.write(
            """
            import collections, sys, xml.etree.ElementTree as tree
            root = tree.parse(sys.argv[1]).getroot()
            names = [e.tag.split('}')[1] for e in root.iter()]
            for name, count in collections.Counter(names).items(): print(name, count)
            for e in root.iter():
                if e.tag.endswith('}text'): print('=' + (e.text or ''))
            """, to: "shapes.py")
        let (process, tag) = try bench.start(["python3", "shapes.py", file], program: "/usr/bin/env")
        let result = try bench.finish(process, tag)
        #expect(result.code == 0, "\(result.error)")
        let lines = result.output.split(separator: "\n")
        let counts = lines.filter { !$0.hasPrefix("=") }.map { $0.split(separator: " ") }
        return (
            Dictionary(counts.map { (String($0[0]), Int($0[1]) ?? 0) }) { $1 },
            lines.filter { $0.hasPrefix("=") }.map { String($0.dropFirst()) }
        )
    }

    @Test("boxes over seeds; without --x and --over the axis is what is varied on purpose")
    func boxes() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task {
              id = "box.t", params = { lr = xpm.float, seed = xpm.int },
              execute = function(self) self:result { score = self.lr * (self.seed == 7 and 50 or self.seed) } end,
            }
            function run() for p in xpm.grid { lr = { 0.1, 0.2 }, seed = xpm.range(1, 7) } do T(p):submit() end end
            """, to: "b.lua")
        #expect(try bench.run("run", "-q", "b.lua").code == 0)
        for (words, name) in [(["--kind", "box"], "b-score-box.svg"), ([], "b-score.svg")] {
            let (process, tag) = try bench.start(["plot", "b"] + words)
            let result = try bench.finish(process, tag)
            #expect(result.code == 0, "\(result)")
            let svg = try bench.read(name)
            // Seven seeds are no axis where two rates are one.
            #expect(svg.contains(">lr<") && !svg.contains(">seed<"), "\(svg)")
            if words.isEmpty { #expect(result.error.contains("cells sum up over seed too")) }
        }
        let svg = try bench.read("b-score-box.svg")
        #expect(svg.split(separator: "<polygon").count == 3 && svg.split(separator: "<circle").count >= 3)
        #expect(
            try bench.run("plot", "b", "--kind", "box", "--x", "lrr").error.contains("did you mean 'lr'?"))
        #expect(try bench.run("plot", "b", "--kind", "box", "--bins", "3").code == 64)
    }

    @Test(
        "a line for each series, a dot and a bar for each point, a logarithmic axis where it is better to read"
    )
    func lines() throws {
        let bench = try bench()
        let result = try bench.run(
            "plot", "p", "--metric", "score", "--x", "lr", "--series", "kind", "--over", "seed")
        #expect(
            result.code == 0 && result.error == "wrote p-score.svg\n" && result.output.isEmpty, "\(result)")
        let (counts, texts) = try shapes(bench, "p-score.svg")
        // Three each, and one each in the legend.
        #expect(counts["polyline"] == 2 && counts["circle"] == 8, "\(counts)")
        for text in ["p", "lr", "score (mean ± std)", "kind=<a>", "kind=b&c", "0.001", "0.01", "0.1", "1"] {
            #expect(texts.contains(text), "\(text): \(texts)")
        }
        // By itself it finds the same.
        #expect(try bench.run("plot", "p", "--metric", "score", "--over", "seed", "-o", "own.svg").code == 0)
        #expect(try bench.read("own.svg") == (try bench.read("p-score.svg")))
    }

    @Test("curves, heat maps and parallel coordinates; PNG by rsvg-convert")
    func kinds() throws {
        let bench = try bench()
        #expect(
            try bench.run("plot", "p", "--kind", "curve", "--series", "kind", "-o", "curve.svg").code == 0)
        let curve = try shapes(bench, "curve.svg")
        #expect(curve.counts["polyline"] == 2 && curve.counts["circle"] == 12 && curve.texts.contains("step"))
        #expect(
            try bench.run(
                "plot", "p", "--kind", "heatmap", "--metric", "score", "--x", "kind", "--y", "lr", "-o",
                "heat.svg"
            ).code == 0)
        let heat = try shapes(bench, "heat.svg")
        // The means over the seeds, 2 and ten times the rate; and a mark of the colour bar.
        #expect(heat.texts.filter { ["2.01", "2.10", "12"].contains($0) }.count == 7, "\(heat.texts)")
        #expect(
            try bench.run("plot", "p", "--kind", "parallel", "--metric", "score", "-o", "all.svg").code == 0)
        let all = try shapes(bench, "all.svg")
        #expect(
            all.counts["polyline"] == 12 && ["lr", "kind", "seed", "score"].allSatisfy(all.texts.contains))
        let png = try bench.run(
            "plot", "p", "--over", "seed", "-o", "new/plot.png", "--width", "400", "--height", "300")
        #expect(png.code == 0, "\(png.error)")
        let bytes = try Files.read("\(bench.folder)/new/plot.png")
        // The signature, then the width and the height, twice as large as asked for.
        #expect(bytes.prefix(8) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        #expect(bytes[16..<24].elementsEqual([0, 0, 3, 32, 0, 0, 2, 88]))
        let none = try bench.run("plot", "p", "-o", "plot.png", environment: ["PATH": "/nowhere"])
        #expect(
            none.code == 2 && none.error.contains("PNG needs rsvg-convert (apt install librsvg2-bin)"),
            "\(none)")
    }

    @Test(
        "what is no number is a gap, and told; options that do not go with a kind are refused; types are not mixed"
    )
    func gaps() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Prep = xpm.task { id = "g.prep", params = { size = xpm.int }, execute = function(self) self:result { rows = self.size } end }
            local T = xpm.task { id = "g.t", params = { prep = Prep, n = xpm.int, kind = xpm.string }, execute = function(self)
              local bad = self.kind == "net" and self.n == 3
              self:result { score = bad and 0/0 or self.n - 3, big = 1e308, none = self.kind == "net" and 0/0 or 1 }
              if self.n == 1 then self:log { step = 1, loss = 5 } return end
              for step = 1, 50 do self:log { step = step, loss = bad and step == 25 and 0/0 or self.n / step } end
            end }
            function run()
              for p in xpm.grid { n = { 1, 2, 3, 4, 5 }, kind = { "net", "tree" }, size = { 1, 2 } } do
                T { prep = Prep { size = p.size }:submit(), n = p.n, kind = p.kind }:submit()
              end
            end
            """, to: "g.lua")
        #expect(try bench.run("run", "-q", "g.lua").code == 0)
        func plot(_ words: String...) throws -> Workbench.Result {
            let (process, tag) = try bench.start(["plot", "g", "-o", "g.svg"] + words)
            return try bench.finish(process, tag)
        }
        let line = try plot("--metric", "score", "--x", "n", "--series", "kind", "--over", "size")
        #expect(
            line.code == 0 && line.error.contains("of 20 jobs 2 NaN: marked, and in no figure"), "\(line)")
        // The net's in two pieces.
        #expect(try shapes(bench, "g.svg").counts["polyline"] == 3)
        #expect(try shapes(bench, "g.svg").counts["circle"] == 11)
        let whole = try shapes(bench, "g.svg").texts
        #expect(whole.contains("NaN") && whole.contains("10 (2 NaN)"), "\(whole)")
        #expect(["1", "2", "3", "4", "5"].allSatisfy(whole.contains) && !whole.contains("2.5"), "\(whole)")
        // Only what the metric's own jobs have varies.
        #expect(try plot("--metric", "score", "--x", "n", "--over", "size").code == 0)
        let curve = try plot("--kind", "curve", "--series", "kind", "--filter", "n in [1, 3] and size = 1")
        #expect(curve.code == 0, "\(curve)")
        let alone = try plot(
            "--kind", "curve", "--series", "n", "--filter", "kind = net and size = 1 and n < 4")
        #expect(alone.error.contains("n=3: 1 NaN"), "\(alone)")
        let curves = try shapes(bench, "g.svg").counts
        // One point has a dot; the third series is in two pieces.
        #expect(curves["circle"] == 1 && curves["polyline"] == 3, "\(curves)")
        let log = try plot("--metric", "score", "--x", "n", "--log-y", "--over", "size", "kind")
        #expect(log.code == 0 && log.error.contains("not above 0 on a logarithmic axis"), "\(log)")
        let empty = try plot("--metric", "score", "--x", "n", "--log-y", "--filter", "n < 3")
        #expect(
            empty.code == 2
                && empty.error.contains("no result 'score' can be drawn: they are not finite, or not above 0")
        )
        #expect(
            try plot("--metric", "none", "--x", "n", "--series", "kind", "--over", "size").error.contains(
                "nothing to show of kind=net"))
        for words in [["--log-y"], []] {
            let (process, tag) = try bench.start(
                ["plot", "g", "-o", "g.svg", "--metric", "big", "--x", "n"] + words)
            let huge = try bench.finish(process, tag)
            #expect(huge.code == (words.isEmpty ? 2 : 0), "\(huge)")
        }
        let parallel = try plot("--kind", "parallel", "--metric", "score")
        #expect(parallel.error.contains("2 of 20 lines are not shown"), "\(parallel)")
        for (words, message) in [
            (["--kind", "parallel", "--x", "n"], "--x goes with --kind line, box, scatter, heatmap"),
            (
                ["--kind", "heatmap", "--series", "kind"],
                "--series goes with --kind line, box, curve, scatter, histogram"
            ),
            (["--kind", "heatmap", "--log-x"], "--log-x goes with --kind line, curve, scatter, histogram"),
            (["--x", "kind", "--log-x"], "'kind' is not a number everywhere"),
            (["--kind", "curve", "--series", "knd"], "no tag and no parameter 'knd'"),
        ] {
            let (process, tag) = try bench.start(
                ["plot", "g", "--metric", words.contains("curve") ? "loss" : "score"] + words)
            let wrong = try bench.finish(process, tag)
            #expect(wrong.code != 0 && wrong.error.contains(message), "\(words): \(wrong)")
        }
    }

    @Test("a terminal that shows pictures gets it")
    func inline() throws {
        let bench = try bench()
        for (environment, start) in [
            (["TERM": "xterm-kitty", "TERM_PROGRAM": "", "TMUX": ""], "\u{1b}_Ga=T,f=100,m="),
            (
                ["TERM": "xterm", "TERM_PROGRAM": "WezTerm", "KITTY_WINDOW_ID": ""],
                "\u{1b}]1337;File=inline=1;size="
            ),
        ] {
            let unset = environment.filter { $0.value.isEmpty }.keys.map { "unset \($0);" }.joined()
            let result = try bench.run(
                "-c", "\(unset) script -qefc '\(Workbench.xpm) plot p' /dev/null", program: "/bin/sh",
                environment: environment)
            #expect(result.output.contains(start), "\(result.output.prefix(200))")
        }
    }

    @Test(
        "what is wrong is told",
        arguments: [
            (["--metric", "scor"], "p: no job has a result 'scor' (did you mean 'score'?)"),
            (["--x", "lrr"], "p: these jobs have no tag and no parameter 'lrr' (did you mean 'lr'?)"),
            (
                ["--kind", "curve", "--metric", "los"],
                "p: no job has logged 'los' (did you mean 'loss'?): loss"
            ),
            (["--x", "lr", "--series", "lr"], "'lr' is named twice"),
        ])
    func wrong(_ arguments: [String], _ message: String) throws {
        let bench = try bench()
        let (process, tag) = try bench.start(["plot", "p"] + arguments)
        let result = try bench.finish(process, tag)
        #expect(result.code == 2 && result.error.contains(message), "\(result)")
        #expect(try bench.run("plot", "p", "-o", "x.jpg").code == 64)
        #expect(try bench.run("plot", "p", "--width", "3").code == 64)
    }
}
