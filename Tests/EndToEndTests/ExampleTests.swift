import Foundation
import System
import Testing
import Text

/// The examples of the repository, run as a user runs them.
@Suite("Examples", .timeLimit(.minutes(20)))
struct ExampleTests {
    private func run(_ bench: Workbench, _ arguments: String...) throws -> Workbench.Result {
        let (process, tag) = try bench.start(
            ["run", "--json"] + arguments.map { $0.replacing("@", with: Workbench.root + "/Examples") })
        return try bench.finish(process, tag)
    }

    private func lines(_ result: Workbench.Result, _ event: String) throws -> [JSON] {
        try result.output.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }.filter {
            $0["event"]?.string == event
        }
    }

    @Test("iris: a softmax regression tells the species as well as such a model does")
    func iris() throws {
        let bench = try Workbench()
        let result = try run(bench, "@/iris/full.yaml")
        #expect(result.code == 0, "\(result.error)")
        let accuracies = try lines(result, "result").map { line in
            (tags: line["tags"]?.string ?? "", accuracy: line["values"]?["accuracy"]?.number ?? 0)
        }
        #expect(accuracies.count == 75)
        let best = accuracies.filter {
            $0.tags.contains("learning_rate=0.1 ") && $0.tags.contains("epochs=450")
        }.map(\.accuracy)
        // Textbooks give 0.93 to 1.0 for 45 test flowers; an untrained model has 0.33.
        #expect(best.count == 5 && best.allSatisfy { $0 >= 0.9 })
        let worst = accuracies.filter {
            $0.tags.contains("learning_rate=0.001 ") && $0.tags.contains("epochs=450")
        }.map(\.accuracy)
        #expect(worst.reduce(0, +) < best.reduce(0, +))
        let again = try run(bench, "@/iris/full.yaml")
        let counts = try #require(try lines(again, "finished").first)
        #expect(counts["cached"] == 155 && counts["done"] == 0)
        // The quick file's points are points of the full one.
        #expect(try lines(try run(bench, "@/iris/quick.yaml"), "finished").first?["cached"] == 3)
    }

    @Test("iris: the table of the README's command has the numbers that an independent computation has")
    func irisResults() throws {
        let bench = try Workbench()
        #expect(try run(bench, "@/iris/full.yaml").code == 0)
        let command = try #require(
            try Files.readText("\(Workbench.root)/README.md").split(separator: "\n")
                .first { $0.hasPrefix("bin/xpm results iris ") })
        let words = command.split(separator: " ").dropFirst().map(String.init)
        let table = try bench.start(words)
        let text = try bench.finish(table.process, table.tag)
        #expect(text.code == 0, "\(text.error)")
        let rows = text.output.split(separator: "\n")
        #expect(rows.count == 6 && rows[0].hasPrefix("learning_rate") && rows[0].hasSuffix("epochs=450"))
        let csv = try bench.start(words + ["--format", "csv"])
        try bench.write(try bench.finish(csv.process, csv.tag).output, to: "table.csv")
        try bench.write(
            """
            import csv, glob, json, statistics
            cells = {}
            for line in open("workspace/experiments/iris/current/jobs.jsonl"):
                job = json.loads(line)
                if job["task_id"] == "iris.evaluate":
                    result = json.load(open(f"workspace/jobs/iris.evaluate/{job['job_id']}/results.json"))
                    key = (job["tags"]["learning_rate"], job["tags"]["epochs"])
                    cells.setdefault(key, []).append(result["accuracy"])
            rows = list(csv.DictReader(open("table.csv")))
            assert len(rows) == len(cells) == 15, (len(rows), len(cells))
            for row in rows:
                values = cells[float(row["learning_rate"]), int(row["epochs"])]
                expected = {"accuracy": statistics.fmean(values), "accuracy_std": statistics.stdev(values),
                            "accuracy_n": 5, "accuracy_median": statistics.median(values),
                            "accuracy_min": min(values), "accuracy_max": max(values)}
                for name, value in expected.items():
                    assert abs(float(row[name]) - value) < 1e-12, (row, name, value)
            print("agree")
            """, to: "check.py")
        let check = try bench.start(["python3", "check.py"], program: "/usr/bin/env")
        let agreed = try bench.finish(check.process, check.tag)
        #expect(agreed.output == "agree\n", "\(agreed.error)")
        let plot = try #require(
            try Files.readText("\(Workbench.root)/README.md").split(separator: "\n")
                .first { $0.hasPrefix("bin/xpm plot iris ") })
        let drawn = try bench.start(plot.split(separator: " ").dropFirst().map(String.init))
        #expect(try bench.finish(drawn.process, drawn.tag).code == 0)
        // Three lines of five points, and a point of each in the legend.
        let svg = try bench.read("iris-accuracy.svg")
        #expect(svg.ranges(of: "<polyline").count == 3 && svg.ranges(of: "<circle").count == 18)
    }

    @Test("compress: every program gives the file back, and makes it smaller")
    func compress() throws {
        let bench = try Workbench()
        let result = try run(bench, "@/compress/full.yaml")
        #expect(result.code == 0, "\(result.error)")
        let runs = try lines(result, "result").filter { $0["task"]?.string == "compress.run" }
        #expect(runs.count >= 3)
        for run in runs {
            #expect(run["values"]?["ratio"]?.number ?? 0 > 1.2)
            #expect(run["values"]?["seconds"]?.number ?? -1 >= 0)
        }
        #expect(try lines(result, "result").contains { $0["task"]?.string == "compress.best" })
    }

    @Test("minimal: the quick form")
    func minimal() throws {
        let bench = try Workbench()
        let result = try run(bench, "@/minimal/experiment.lua", "@/minimal/lr.yaml")
        #expect(result.code == 0, "\(result.error)")
        let losses = try lines(result, "result").compactMap { $0["values"]?["loss"]?.number }
        #expect(losses.count == 9 && abs((losses.first ?? 0) - 0.0164) < 1e-9)
    }

    @Test("learning_rate: the YAML's 1e-4 in place of the default 1e-3")
    func learningRate() throws {
        let bench = try Workbench()
        let result = try run(bench, "@/learning_rate/full.yaml")
        #expect(result.code == 0, "\(result.error)")
        let x = try #require(try lines(result, "result").first?["values"]?["x"]?.number)
        // x after n steps of gradient descent on (x - 3)² from 0.
        #expect(abs(x - 3 * (1 - pow(1 - 2e-4, 1000))) < 1e-9)
        let byDefault = try run(bench, "@/learning_rate/experiment.lua")
        let other = try #require(try lines(byDefault, "result").first?["values"]?["x"]?.number)
        #expect(abs(other - 3 * (1 - pow(1 - 2e-3, 1000))) < 1e-9)
    }

    @Test("xpm init writes an experiment that runs")
    func initialise() throws {
        let bench = try Workbench()
        #expect(try bench.run("init", "demo").code == 0)
        let result = try bench.run("run", "--json", "demo/full.yaml")
        #expect(result.code == 0, "\(result.error)")
        let estimates = try lines(result, "result").compactMap { $0["values"]?["pi"]?.number }
        #expect(estimates.count == 9 && estimates.allSatisfy { abs($0 - Double.pi) < 0.2 })
        // Two of them in one workspace are two experiments.
        for (folder, id) in [("other-one", "other-one"), ("2026", "2026"), ("a b", "a b")] {
            #expect(try bench.run("init", folder).code == 0)
            #expect(try bench.run("run", "--quiet", "\(folder)/full.yaml", "-c", "darts=[100]").code == 0)
            #expect(Files.exists("\(bench.folder)/workspace/experiments/\(id)"), "\(folder)")
        }
        // What is there is left alone, and the rest is written.
        try bench.write("-- mine\n", to: "demo/xpm.meta.lua")
        try Files.remove("\(bench.folder)/demo/full.yaml")
        let again = try bench.run("init", "demo")
        #expect(again.code == 0 && again.output.contains("left demo/experiment.lua"), "\(again)")
        #expect(try bench.read("demo/xpm.meta.lua") == "-- mine\n")
        #expect(try bench.run("run", "--quiet", "demo/full.yaml").code == 0)
    }
}
