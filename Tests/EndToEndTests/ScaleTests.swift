import Foundation
import Store
import System
import Testing
import Text

/// What must not grow with the number of jobs: counts of bytes, files and points, not of seconds.
@Suite("Scale", .timeLimit(.minutes(20)))
struct ScaleTests {
    private static let opens = FaultyDisk.build("opens")

    private func bench(_ count: Int = 400) throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "sc.t", params = { i = xpm.int, seed = xpm.int },
              execute = function(self) self:result { value = self.i + self.seed } end }
            function run(helper)
              for k = 0, tonumber(helper.args[1]) - 1 do T { i = xpm.tag(k // 10), seed = xpm.tag(k % 10) }:submit() end
            end
            """, to: "sc.lua")
        let result = try run(bench, count)
        #expect(result.code == 0, "\(result)")
        return bench
    }

    private func run(_ bench: Workbench, _ count: Int, _ more: String...) throws -> Workbench.Result {
        let (process, tag) = try bench.start(["run", "-q", "sc.lua"] + more + ["--", "\(count)"])
        return try bench.finish(process, tag)
    }

    private func runs(_ bench: Workbench, of experiment: String = "sc") throws -> [String] {
        let folder = "\(bench.folder)/workspace/experiments/\(experiment)"
        return try Files.list(folder).filter { $0.utf8.first?.isDigit ?? false }.map { "\(folder)/\($0)" }
    }

    /// Bytes in logs that a run shares with no other.
    private func ownBytes(_ run: String) -> Int64 {
        RunFolder.logs.map { "\(run)/\($0)" }.filter { Files.names(of: $0) < 2 }.map(Files.size).reduce(0, +)
    }

    @Test(
        "a run that has nothing to do writes at most 30 bytes a job to its logs, and says all the same what it has submitted"
    )
    func again() throws {
        let bench = try bench()
        let first = try #require(try runs(bench).first)
        let logs = try RunFolder.logs.map { try Files.read("\(first)/\($0)") }
        #expect(try run(bench, 400).code == 0)
        let all = try runs(bench)
        try #require(all.count == 2)
        #expect(ownBytes(all[1]) <= 30 * 400, "\(ownBytes(all[1]))")
        // Its state names each job for monitors, up to 2,000.
        #expect(Files.size(of: "\(all[1])/status.json") <= 100 * 400)
        for name in ["jobs.jsonl", "objects.jsonl"] {
            #expect(Files.identity("\(all[0])/\(name)") == Files.identity("\(all[1])/\(name)"))
        }
        let listed = try bench.run("jobs", "list", "--json").output.split(separator: "\n")
        #expect(
            listed.count == 400 && listed.allSatisfy { $0.contains("\"run\": \"\(Paths.name(all[1]))\"") })
        #expect(try bench.run("results", "sc", "--rows", "i", "--over", "seed").code == 0)
        // One that says more has logs of its own; the earlier ones are as they were.
        #expect(try run(bench, 410).code == 0)
        #expect(try RunFolder.logs.map { try Files.read("\(first)/\($0)") } == logs)
        #expect(try bench.run("jobs", "list", "--json").output.split(separator: "\n").count == 410)
        // Of the jobs that were done its events are one line.
        let events = try Files.readText("\(all[1])/events.jsonl")
        #expect(events.contains("\"count\": 400") && events.contains("\"through\": "), "\(events)")
        // Each run can be removed without the others.
        let removed = try bench.run(
            "experiments", "delete", "sc", "--run", Paths.name(first), "--perform")
        #expect(removed.code == 0, "\(removed)")
        #expect(try bench.run("jobs", "list", "--json").output.split(separator: "\n").count == 410)
        #expect(try bench.run("doctor").error == "nothing found\n")
        #expect(try bench.run("gc").error.hasPrefix("0 not needed"))
    }

    @Test(
        "runs of a done plan that are killed at any point leave the logs of earlier ones as they were",
        arguments: 0..<8)
    func killed(_ round: Int) throws {
        let bench = try bench(300)
        let first = try #require(try runs(bench).first)
        let logs = try ["jobs.jsonl", "objects.jsonl"].map { try Files.read("\(first)/\($0)") }
        for part in 0..<4 {
            let (process, tag) = try bench.start(["run", "-q", "sc.lua", "--", part < 2 ? "300" : "320"])
            usleep(UInt32(round) * 7000 + UInt32(part) * 1700 + 3000)
            kill(process.processIdentifier, SIGKILL)
            _ = try bench.finish(process, tag)
            #expect(try ["jobs.jsonl", "objects.jsonl"].map { try Files.read("\(first)/\($0)") } == logs)
        }
        let last = try run(bench, 320)
        #expect(last.code == 0, "\(last)")
        #expect(try bench.jobs("sc.t").count { $0.isDone } == 320)
        #expect(try bench.run("jobs", "list", "--json").output.split(separator: "\n").count == 320)
    }

    @Test(
        "plans that change from run to run, and wait in between: the log of each has all that it has submitted"
    )
    func changing() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "ch.t", params = { n = xpm.int }, execute = function() end }
            function run(helper)
              for _, word in ipairs(helper.args) do
                if word == "wait" then helper.xp:wait() else T { n = tonumber(word) }:submit() end
              end
            end
            """, to: "ch.lua")
        var plans = [
            ["0", "1", "wait", "2", "3"], ["0", "1"], ["0", "1", "wait", "2", "3"],
            ["0", "1", "wait", "9", "2"],
            ["0", "wait", "1", "2", "3"],
        ]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<10 {
            let count = Int.random(in: 1..<9, using: &random)
            plans.append((0..<count).flatMap { Bool.random(using: &random) ? ["\($0)"] : ["wait", "\($0)"] })
        }
        var all: [String: [[UInt8]]] = [:]
        for plan in plans {
            let (process, tag) = try bench.start(["run", "-q", "ch.lua", "--"] + plan)
            let result = try bench.finish(process, tag)
            #expect(result.code == 0, "\(plan) \(result)")
            let folder = "\(bench.folder)/workspace/experiments/ch"
            let runs = try Files.list(folder).filter { $0.utf8.first?.isDigit ?? false }
            let newest = try #require(
                RunHistory(experiment: "ch", in: Workspace(path: "\(bench.folder)/workspace")).names.last)
            for name in ["jobs.jsonl", "objects.jsonl"] {
                let lines = try Files.readText("\(folder)/\(newest)/\(name)").split(separator: "\n")
                #expect(lines.count == plan.count { $0 != "wait" }, "\(plan) \(name)")
                #expect(lines.allSatisfy { (try? JSON.parse(Array($0.utf8))) != nil })
            }
            // Those of earlier runs are as they were.
            for run in runs {
                let now = try ["jobs.jsonl", "objects.jsonl"].map { try Files.read("\(folder)/\(run)/\($0)") }
                #expect(all[run].map { $0 == now } ?? true, "\(plan) \(run)")
                all[run] = now
            }
        }
        #expect(try bench.run("doctor").error == "nothing found\n")
        #expect(try bench.run("gc").error.hasPrefix("0 not needed"))
    }

    @Test("a secret makes the log of its run private, not that of the run before")
    func secret() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "se.t", params = { word = xpm.string }, execute = function() end }
            local C = xpm.configuration { word = xpm.string { default = "" } }
            return xpm.experiment { configuration = C, run = function(helper, cfg)
              T { word = "a" }:submit()
              helper.xp:wait()
              if cfg.word ~= "" then T { word = cfg.word }:submit() end
            end }
            """, to: "se.lua")
        try bench.write("id: se\nfile: se\n", to: "one.yaml")
        try bench.write("id: se\nfile: se\nword: ${env:XPM_TEST_PASSWORD}\n", to: "two.yaml")
        #expect(try bench.run("run", "-q", "one.yaml").code == 0)
        let secret = try bench.run(
            "run", "-q", "two.yaml", environment: ["XPM_TEST_PASSWORD": "correct horse battery"])
        #expect(secret.code == 0, "\(secret)")
        let runs = try runs(bench, of: "se")
        try #require(runs.count == 2)
        let modes = runs.map { Files.permissions("\($0)/objects.jsonl") ?? 0 }
        #expect(modes[0] & 0o044 == 0o044 && modes[1] == 0o600, "\(modes)")
    }

    @Test("lines of logs that say what cannot be are no end of what reads them")
    func hostile() throws {
        let bench = try bench(3)
        let run = try #require(try runs(bench).first)
        let jobs = try Files.readText("\(run)/jobs.jsonl").split(separator: "\n")
        let ids = try jobs.map { try #require(try JSON.parse(Array($0.utf8))["job_id"]?.string) }
        var events = try Files.readText("\(run)/events.jsonl")
        for (first, last, count) in [(1, 0, 0), (2, 0, -1), (0, 2, 4), (0, 2, 2), (2, 2, 0), (0, 2, Int.min)]
        {
            events +=
                "{\"timestamp\": 1.0, \"job_id\": \"\(ids[first])\", \"task_id\": \"sc.t\", \"state\": \"done\", \"cached\": true, \"through\": \"\(ids[last])\", \"count\": \(count)}\n"
        }
        try Files.write(Array(events.utf8), to: "\(run)/events.jsonl")
        for words in [
            ["monitor", "--json", "sc"], ["attach", "sc"], ["jobs", "list"], ["experiments", "list"],
        ] {
            let (process, tag) = try bench.start(words)
            let result = try bench.finish(process, tag)
            #expect(result.code == 0, "\(words) \(result)")
        }
        // What is no JSON in a log of jobs is found, and stops what removes.
        for (old, new) in [
            ("\"timestamp\": 1", "\"timestamp\": 1x"), ("\"depends_on\": []", "\"depends_on\": x"),
            ("\"tags\": {", "\"tags\": tr{"), (", \"task_id\"", " \"task_id\""), ("]}", "]}\u{0}\u{0}"),
        ] {
            var lines = jobs.map(String.init)
            #expect(lines[1].contains(old))
            lines[1] = lines[1].replacing(old, with: new)
            try Files.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: "\(run)/jobs.jsonl")
            #expect(try bench.run("doctor").output.contains("line 2 cannot be read"), "\(new)")
            #expect(try bench.run("gc").code != 0, "\(new)")
        }
    }

    @Test("jobs that were removed since the last run run again, also where it is looked at ahead")
    func removed() throws {
        let bench = try bench(600)
        let jobs = try bench.jobs("sc.t")
        for index in [0, 1, 99, 100, 350, 599] { try Files.removeTree(jobs[index].path, below: bench.folder) }
        for index in [7, 8, 301] { try Files.write([], to: jobs[index].parameters) }
        let result = try bench.run("run", "sc.lua", "--", "600")
        #expect(result.error.contains("600 tasks: 9 done, 591 cached"), "\(result.error)")
        #expect(try bench.jobs("sc.t").count { $0.isDone } == 600)
    }

    @Test(
        "why opens the files of the jobs that it compares, of however many there are; a filter those that fit"
    )
    func opened() throws {
        let bench = try bench()
        func opened(_ words: [String]) throws -> (count: Int, output: String) {
            let log = "\(bench.folder)/opens-\(UUID().uuidString)"
            let (process, tag) = try bench.start(
                words, environment: ["LD_PRELOAD": Self.opens, "XPM_OPENS": log])
            let result = try bench.finish(process, tag)
            #expect(result.code == 0, "\(result)")
            let lines = try Files.readText(log).split(separator: "\n")
            return (lines.count { $0.hasSuffix("/params.json") }, result.output)
        }
        // Whether a job is done is seen at both ends of its parameters.
        let plan = try opened(["run", "-q", "--dry-run", "sc.lua", "--", "0"]).count
        let few = try opened(["why", "sc.lua", "--", "403"])
        #expect(few.output.split(separator: "\n").count { $0.hasPrefix("sc.t ") } == 3, "\(few.output)")
        let all = try opened(["run", "-q", "--run-mode", "generate", "sc.lua", "--", "400"]).count
        // Three new ones, each compared with a few.
        #expect(few.count - plan <= all + 30, "\(few.count) \(all) \(plan)")
        // Ten jobs fit.
        let filtered = try opened(["jobs", "list", "--filter", "i = 7"])
        #expect(filtered.output.split(separator: "\n").count == 10 && filtered.count <= 20, "\(filtered)")
        // gc removes what logs do not name: it opens no folder for that.
        #expect(try opened(["gc"]).count == 0)
    }

    @Test(
        "a plan of layers, each job with all of the layer before: what differs is told, and files stay short")
    func layers() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "la.t", command = "true",
              params = { layer = xpm.int, k = xpm.int, rate = xpm.float, before = xpm.list(xpm.ref "la.t") { default = {} } } }
            function run(helper)
              local before = {}
              for layer = 1, 8 do
                local now = {}
                for k = 1, 12 do
                  now[k] = T { layer = layer, k = k, rate = layer == 1 and tonumber(helper.args[1]) or 1, before = before }
                  now[k]:submit()
                end
                before = now
              end
            end
            """, to: "la.lua")
        #expect(try bench.run("run", "-q", "la.lua", "--", "0.5").code == 0)
        let sizes = try bench.jobs("la.t").map { Files.size(of: $0.parameters) }
        #expect(sizes.allSatisfy { $0 < 6000 }, "\(sizes.max() ?? 0)")
        let why = try bench.run("why", "la.lua", "--", "0.25")
        #expect(why.code == 0 && why.error == "96 changed\n", "\(why.error)")
        // What the first layer has is told of it, and of those that come from it.
        #expect(why.output.contains("    why    rate: 0.5 → 0.25\n"))
        #expect(why.output.contains("before[1].rate: 0.5 → 0.25"), "\(why.output)")
        // A job reads what it comes from, however far away.
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "lb.t", params = { n = xpm.int, before = xpm.list(xpm.ref "lb.t") { default = {} } },
              execute = function(self)
                local b = self.before[12]
                self:result { n = self.n, far = b and b.before[3] and b.before[3].n or 0 }
              end }
            function run()
              local before = {}
              for layer = 1, 3 do
                local now = {}
                for k = 1, 12 do now[k] = T { n = layer * 100 + k, before = before } now[k]:submit() end
                before = now
              end
            end
            """, to: "lb.lua")
        let result = try bench.run("run", "-q", "lb.lua")
        #expect(result.code == 0, "\(result)")
        #expect(result.output.contains("n=312") && result.output.contains("far=103"), "\(result.output)")
    }

    @Test("a picture of very many steps has at most 4 points a column of pixels, and keeps a single peak")
    func curves() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "cu.t", params = { seed = xpm.int }, command = "awk -v s={seed} -f {here}/log.awk" }
            function run() for s = 1, 2 do T { seed = xpm.tag(s) }:submit() end end
            """, to: "cu.lua")
        try bench.write(
            """
            BEGIN {
              for (k = 0; k < 60000; k++)
                printf "{\\"step\\": %d, \\"loss\\": %s, \\"other\\": %d}\\n", k, k == 31234 ? 77 : (k * 7919 + s) % 101 / 100, k >ENVIRON["XPM_EVENTS"]
            }
            """, to: "log.awk")
        let result = try bench.run("run", "-q", "cu.lua")
        try #require(result.code == 0, "\(result)")
        let plot = try bench.run(
            "plot", "cu", "--kind", "curve", "--metric", "loss", "--ymin", "0", "--ymax", "100", "-o", "c.svg"
        )
        #expect(plot.code == 0, "\(plot)")
        let svg = try bench.read("c.svg")
        #expect(svg.utf8.count < 200_000)
        let lines = svg.split(separator: "\n").filter { $0.hasPrefix("<polyline") }
        #expect(lines.count == 2)
        for line in lines {
            let list = try #require(line.cut(at: "points=\"")?.after.cut(at: "\"")?.before)
            let points = list.split(separator: " ").map { pair in
                pair.split(separator: ",").map { Double(String($0)) ?? .nan }
            }
            // One that is written as at the edge of a column may lie on either side.
            let inside = points.filter { $0[0] != $0[0].rounded() }
            let columns = Dictionary(grouping: inside) { Int($0[0].rounded(.down)) }
            #expect(points.count - inside.count < 100)
            #expect(columns.count > 300 && columns.values.allSatisfy { $0.count <= 4 })
            // 77 of 100, from the bottom at about 0.
            let (top, bottom) = (points.map { $0[1] }.min() ?? 0, points.map { $0[1] }.max() ?? 0)
            let next = points.map { $0[1] }.sorted().dropFirst().first ?? 0
            #expect(bottom - top > 50 * (bottom - next), "\(top) \(next) \(bottom)")
        }
    }

    @Test("jobs show shortens long values, and tells their length")
    func long() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "lo.t", params = { text = xpm.string, numbers = xpm.list(xpm.int) }, execute = function(self)
              self:result { many = self.numbers }
            end }
            function run()
              local numbers = {}
              for k = 1, 5000 do numbers[k] = k end
              T { text = ("x"):rep(100000), numbers = numbers }:submit()
            end
            """, to: "lo.lua")
        #expect(try bench.run("run", "-q", "lo.lua").code == 0)
        let shown = try bench.run("jobs", "show").output
        #expect(
            shown.utf8.count < 4000 && shown.contains("… (5000 values)") && shown.contains("… (100 KB)"),
            "\(shown)")
        let json = try JSON.parse(Array(try bench.run("jobs", "show", "--json").output.utf8))
        #expect(json["parameters"]?["numbers"]?.array?.count == 5000)
    }
}
