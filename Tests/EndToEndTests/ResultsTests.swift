import Foundation
import Store
import System
import Testing
import Text

/// `xpm results`, on what real runs left.
@Suite("Results", .timeLimit(.minutes(20)))
struct ResultsTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "r.t", params = { kind = xpm.string, seed = xpm.int, size = xpm.int { default = 7 } },
              command = { "sh", "{here}/work.sh", "{kind}{seed}", "{seed}" } }
            function run()
              for p in xpm.grid { kind = { "a|b", "b" }, seed = { 1, 2, 3 } } do T(p):submit() end
            end
            """, to: "r.lua")
        try bench.write(
            """
            [ "$1" != b2 ] || exit 3
            while [ "$1" = b3 ] && [ ! -e "$BENCH/go" ]; do sleep 0.02; done
            echo '{"score": '$2'.5, "time": {"all": 2}, "name": "x"}' >results.json
            """, to: "work.sh")
        return bench
    }

    private func start(_ bench: Workbench, _ arguments: [String]) throws -> (process: Process, tag: String) {
        try bench.start(arguments, environment: ["BENCH": bench.folder])
    }

    @Test(
        "cells sum up what is done and tell of the rest, while the run goes on and after it; --watch follows it"
    )
    func states() throws {
        let bench = try bench()
        let none = try bench.run("results", "r")
        #expect(none.code == 2 && none.error.contains("there is no such folder"), "\(none)")
        let run = try start(bench, ["run", "-j", "3", "r.lua"])
        let words = ["results", "r", "--metric", "score", "--rows", "kind", "--over", "seed"]
        func table() throws -> String {
            let (process, tag) = try bench.start(words)
            return try bench.finish(process, tag).output
        }
        #expect(try bench.wait { try table().contains("(1 failed, 1 running)") })
        let watch = try start(bench, words + ["--watch"])
        #expect(try bench.wait { try bench.read(".\(watch.tag).out").contains("1 running") })
        try bench.write("", to: "go")
        #expect(try bench.finish(run.process, run.tag).code == 1)
        #expect(
            try table()
                == "kind                 score\na|b              2.5 ± 1.0\nb     2.5 ± 1.4 (1 failed)\n")
        let watched = try bench.finish(watch.process, watch.tag)
        let last = try table()
        #expect(watched.code == 0 && watched.output.hasSuffix(last), "\(watched)")
    }

    @Test("formats, statistics, order and nested results")
    func formats() throws {
        let bench = try bench()
        try bench.write("", to: "go")
        let run = try start(bench, ["run", "-q", "r.lua"])
        #expect(try bench.finish(run.process, run.tag).code == 1)
        for (words, expected) in [
            (
                ["--format", "markdown", "--metric", "score", "--over", "seed"],
                "| kind | score |\n| --- | ---: |\n| a\\|b | 2.5 ± 1.0 |\n| b | 2.5 ± 1.4 (1 failed) |\n"
            ),
            (
                ["--format", "latex", "--metric", "score", "--rows", "kind"],
                "\\begin{tabular}{lr}\n  \\toprule\n  kind & score \\\\\n  \\midrule\n  a\\textbar{}b & 2.5 $\\pm$ 1.0 \\\\\n"
                    + "  b & 2.5 $\\pm$ 1.4 (1 failed) \\\\\n  \\bottomrule\n\\end{tabular}\n"
            ),
            (["--metric", "score", "--best", "max", "--top", "1"], "kind  seed  score\na|b      3  3.500\n"),
            (
                ["--metric", "time.all", "--stat", "count", "--rows", "size"],
                "size      time.all\n   7  5 (1 failed)\n"
            ),
            (
                ["--metric", "score", "--cols", "seed", "--filter", "kind = b"],
                "kind  seed=1  seed=2  seed=3\nb      1.500  failed   3.500\n"
            ),
            (
                [
                    "--metric", "score", "--rows", "kind", "--stat", "median", "--sort", "score",
                    "--descending",
                ],
                "kind             score\na|b              2.500\nb     2.500 (1 failed)\n"
            ),
        ] {
            let (process, tag) = try bench.start(["results", "r"] + words)
            let result = try bench.finish(process, tag)
            #expect(result.output == expected, "\(words): \(result)")
        }
        let json = try JSON.parse(
            Array(try bench.run("results", "r", "--rows", "kind", "--json").output.utf8))
        #expect(json.array?.count == 2)
        #expect(json.array?[1]["metrics"]?["score"]?["missing"]?["failed"] == 1)
        for (words, message) in [
            (["--rows", "knd"], "r: these jobs have no tag and no parameter 'knd' (did you mean 'kind'?)"),
            (["--metric", "scor"], "r: no job has a result 'scor' (did you mean 'score'?)"),
            (["--sort", "x"], "r: the table has no 'x' to sort by"),
        ] {
            let (process, tag) = try bench.start(["results", "r"] + words)
            let wrong = try bench.finish(process, tag)
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(wrong)")
        }
        #expect(try bench.run("results", "r", "--top", "0").code == 64)
    }

    @Test(
        "results come from a file, from lines that a program writes, from what it prints, and from what a Lua task logs"
    )
    func sources() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local P = xpm.task { id = "p.program", params = { n = xpm.int }, command = { "sh", "{here}/work.sh", "{n}" },
              results = { accuracy = "acc: ([%d.]+)", loss = "loss=(%S+)", best = "best (%a+)" } }
            local L = xpm.task { id = "p.lua", params = { n = xpm.int }, execute = function(self)
              for step = 1, 3 do self:log { step = step, loss = 1 / step } end
              self:log("words", 1)
              self:result { fine = true }
            end }
            function run() P { n = xpm.tag(1) }:submit() L { n = xpm.tag(1) }:submit() end
            """, to: "p.lua")
        try bench.write(
            """
            printf 'acc: 0.5\\nloss=1e-3\\nacc: 0.75\\n'; echo best two >&2
            printf '{"step": 1, "epochs": 4}\\n{"result": {"accuracy": 0.9, "extra": 2}}\\n{"progress": 1}\\nnot json\\n{"torn' >>"$XPM_EVENTS"
            echo '{"extra": 3}' >results.json
            """, to: "work.sh")
        let result = try bench.run("run", "p.lua")
        #expect(result.code == 0, "\(result.error)")
        let program = JobResult.read(try #require(try bench.jobs("p.program").first))
        #expect(
            program == [
                "best": "two", "loss": .float(1e-3), "epochs": .float(4), "accuracy": .float(0.9), "extra": 3,
            ]
                || program.map { json in
                    json["best"] == "two" && json["loss"]?.number == 1e-3 && json["epochs"]?.number == 4
                        && json["accuracy"]?.number == 0.9 && json["extra"]?.number == 3
                } == true, "\(String(describing: program))")
        let folder = try #require(try bench.jobs("p.lua").first)
        #expect(JobResult.read(folder)?["loss"]?.number == 1 / 3.0)
        let series = JobLog.series(of: folder)
        #expect(
            series.count == 1 && series[0].points.map(\.step) == [1, 2, 3] && series[0].points[1].value == 0.5
        )
        #expect(try Files.readText(folder.output) == "words\t1\n")
        let table = try bench.run("results", "p", "--metric", "loss", "accuracy", "fine", "--rows", "n")
        #expect(table.output.contains("accuracy") && table.output.contains("0.9000"), "\(table)")
        // What does not fit is told where it was written.
        try bench.write(
            "local xpm = require 'xpm'\nlocal P = xpm.task { id = 'a', params = {}, command = 'true', results = { x = '(' } }\nfunction run() P {}:submit() end\n",
            to: "bad.lua")
        let bad = try bench.run("run", "bad.lua")
        #expect(bad.code == 2 && bad.error.contains(#"x: "(" is no Lua pattern: ')' is missing"#), "\(bad)")
        try bench.write(
            "local xpm = require 'xpm'\nlocal P = xpm.task { id = 'a.l', params = {}, execute = function(self) self:log { step = 1, loss = 'x' } end }\nfunction run() P {}:submit() end\n",
            to: "bad.lua")
        #expect(try bench.run("run", "bad.lua").error.contains("log needs numbers by their names"))
    }

    @Test(
        "what a program wrote is never lost: a file that is no object is kept; the last match of a line counts"
    )
    func kept() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local R = { acc = "acc: ([%d.]+)", slow = "a*a*a*a*a*b", early = "slow: (%d)" }
            local T = xpm.task { id = "k.bad", params = { text = xpm.string }, command = { "sh", "{here}/work.sh", "{text}" }, results = R }
            local S = xpm.resumable_task { id = "k.again", params = {}, execute = function(self)
              local file = io.open(self.jobdir .. "/../../../../again")
              self:log { loss = file and 2 or 1 }
            end }
            function run()
              for _, text in ipairs { "[1, 2]", "", '{"broken": ', '{"f1": 1e400}' } do T { text = xpm.tag(text) }:submit() end
              S {}:submit()
            end
            """, to: "k.lua")
        try bench.write(
            """
            printf 'epoch 1 acc: 0.1\\repoch 2 acc: 0.5, acc: 0.6\\repoch 3 acc: 0.97.\\n'
            [ "$1" != "" ] || for i in $(seq 25); do echo 'slow: 1'; head -c 3000 /dev/zero | tr '\\0' a; echo ' b'; done
            printf '%s' "$1" >results.json
            """, to: "work.sh")
        #expect(try bench.run("run", "k.lua").code == 0)
        for job in try bench.jobs("k.bad") {
            let result = try #require(JobResult.read(job))
            #expect(result["acc"] == .float(0.97), "\(result.text)")
            let parameters = try Files.readText(job.parameters)
            if parameters.contains("1e400") {
                #expect(result["f1"]?.number == .infinity)
                continue
            }
            let kept = try Files.readText("\(job.path)/results.json.invalid")
            #expect(kept.isEmpty || parameters.contains(kept.replacing("\"", with: "\\\"")), "\(kept)")
            #expect(try Files.readText(job.error).contains("xpm: results.json is no JSON object"))
            if kept.isEmpty {
                let told = try Files.readText(job.error)
                #expect(
                    told.contains(
                        "xpm: the pattern of 'slow' takes too long on a line of bad.out: it was not"))
                #expect(told.contains("there is no such result") && result["early"] == 1, "\(told)")
            }
        }
        // A resumable task that runs again: what it tells now counts.
        let again = try #require(try bench.jobs("k.again").first)
        #expect(JobResult.read(again)?["loss"]?.number == 1)
        try Files.remove(again.done)
        try bench.write("", to: "again")
        #expect(try bench.run("run", "k.lua").code == 0)
        #expect(JobResult.read(again)?["loss"]?.number == 2)
        // One that was run by hand and failed leaves nothing either.
        let job = try #require(try bench.jobs("k.bad").first)
        try Files.remove(job.done)
        try Files.write(Array("{\"result\": {\"broken\": 1}}\n".utf8), to: job.programEvents)
        #expect(try bench.run("run", "k.lua").code == 0)
        #expect(JobResult.read(job)?["broken"] == nil && job.isDone)
    }

    @Test("a long log is searched to its end")
    func longLog() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "l.t", params = {}, command = "seq -f 'a line of the log with acc=%.0f in it and some more words' 330000",
              results = { acc = "acc=(%d+)" } }
            function run() T {}:submit() end
            """, to: "l.lua")
        #expect(try bench.run("run", "l.lua").code == 0)
        #expect(JobResult.read(try #require(try bench.jobs("l.t").first))?["acc"] == 330_000)
    }

    @Test(
        "NaN is counted beside the figures; what has no result yet has its state; what may surprise is said")
    func figures() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "n.t", params = { bad = xpm.int, seed = xpm.int }, execute = function(self)
              self:result { acc = self.seed == self.bad and 0/0 or self.seed, note = "0.5" }
            end }
            local E = xpm.task { id = "n.e", params = { t = T, split = xpm.string }, execute = function(self)
              if self.split == "fails" then error "no" end
              self:result { acc = 9 }
            end }
            function run(helper)
              for p in xpm.grid { bad = { 1, 2, 3, 4 }, seed = { 1, 2, 3 } } do
                local t = T(p):submit()
                for _, split in ipairs(helper.args) do E { t = t, split = xpm.tag("split", split) }:submit() end
              end
            end
            """, to: "n.lua")
        #expect(try bench.run("run", "n.lua").code == 0)
        let csv = try bench.run("results", "n", "--rows", "bad", "--over", "seed", "--format", "csv").output
        let lines = csv.split(separator: "\n")
        #expect(
            lines.dropFirst() == [
                "1,2.5,0.7071067811865476,2,2.5,2.0,3.0,6.353102368087338,1 NaN,0.5,0.0,3,0.5,0.5,0.5,0.0,",
                "2,2.0,1.4142135623730951,2,2.0,1.0,3.0,12.706204736174676,1 NaN,0.5,0.0,3,0.5,0.5,0.5,0.0,",
                "3,1.5,0.7071067811865476,2,1.5,1.0,2.0,6.353102368087338,1 NaN,0.5,0.0,3,0.5,0.5,0.5,0.0,",
                "4,2.0,1.0,3,2.0,1.0,3.0,2.4841377117503285,,0.5,0.0,3,0.5,0.5,0.5,0.0,",
            ], "\(csv)")
        let text = try bench.run("results", "n", "--cols", "seed", "--rows", "bad", "--metric", "acc")
        #expect(text.output.contains("NaN") && text.error.isEmpty, "\(text)")
        let note = try bench.run("results", "n", "--metric", "note")
        #expect(
            note.code == 0
                && note.error.contains("note is a text in 12 jobs: it counts as the number that it says"),
            "\(note)")
        // Nothing of the second experiment is done.
        try bench.write(
            bench.read("n.lua").replacing("n.t", with: "f.t").replacing(
                "self:result { acc = self.seed == self.bad and 0/0 or self.seed, note = \"0.5\" }",
                with: "error 'no'"), to: "f.lua")
        #expect(try bench.run("run", "f.lua").code == 1)
        let failed = try bench.run("results", "f", "--rows", "bad", "--over", "seed")
        #expect(
            failed.code == 0 && failed.output.contains("3 failed") && failed.output.contains("result"),
            "\(failed)")
        #expect(
            try bench.run("results", "f", "--metric", "acc", "--rows", "bad", "--over", "seed").output
                .contains("3 failed"))
        #expect(
            try bench.run("results", "n", "--filter", "bad = 7").error.contains("n: there are no such jobs"))
        // Results of two types in one cell, over more than was named.
        #expect(try bench.run("run", "n.lua", "--", "dev", "test").code == 0)
        let mixed = try bench.run("results", "n", "--metric", "acc", "--rows", "bad", "--over", "seed")
        #expect(
            mixed.error.contains("warning: acc is a result of n.e and n.t: a cell may mix them")
                && mixed.error.contains("warning: cells sum up over split too: --rows, --cols or --over"),
            "\(mixed)")
        let one = try bench.run(
            "results", "n", "--metric", "acc", "--rows", "bad", "--over", "seed", "--filter",
            "@name = \"n.t\"")
        #expect(one.code == 0 && one.error.isEmpty, "\(one)")
        // A plan that fails has no jobs, and hides none.
        try bench.write("function run() local x = nil + 1 end", to: "n.lua")
        #expect(try bench.run("run", "n.lua").code == 2)
        let hidden = try bench.run("results", "n")
        #expect(
            hidden.code == 0 && hidden.error.contains("has no jobs: these are of 2"), "\(hidden)"
        )
        #expect(try bench.run("results", "n", "--every-run", "--rows", "bad").code == 0)
    }

    @Test("an attempt that failed leaves its results to nobody")
    func attempts() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "q.t", params = {}, execute = function(self)
              local file = io.open(self.jobdir .. "/../../../../again")
              self:log { loss = 1 }
              if not file then self:result { old = 1 } error "first" end
              self:result { new = 2 }
            end }
            function run() T {}:submit() end
            """, to: "q.lua")
        #expect(try bench.run("run", "q.lua").code == 1)
        try bench.write("", to: "again")
        #expect(try bench.run("run", "q.lua").code == 0)
        let folder = try #require(try bench.jobs("q.t").first)
        let result = try #require(JobResult.read(folder))
        #expect(
            result["old"] == nil && result["new"] == 2 && JobLog.series(of: folder).first?.points.count == 1)
    }

    @Test("a plan decides by its results")
    func decide() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "d.t", params = { lr = xpm.float, seed = xpm.int, long = xpm.bool { default = false } },
              execute = function(self) self:result { score = self.lr * 10 + self.seed } end }
            function run(helper)
              local xp = helper.xp
              assert(#xp:results { metric = "score" } == 0)
              for p in xpm.grid { lr = { 0.1, 0.3, 0.2 }, seed = { 1, 2 } } do T(p):submit() end
              xp:wait()
              local rows = xp:results { rows = "lr", metric = "score", over = "seed", best = "max" }
              if helper.args[1] then xp:results(load("return " .. helper.args[1])()) end
              if #rows == 0 then return print "nothing to decide by" end
              print(#rows, rows[1].lr, rows[1].score.mean, rows[1].score.n, rows[3].lr)
              T { lr = rows[1].lr, seed = 1, long = true }:submit()
            end
            """, to: "d.lua")
        let result = try bench.run("run", "d.lua")
        #expect(result.code == 0 && result.output.hasPrefix("3\t0.3\t4.5\t2\t0.1\n"), "\(result)")
        #expect(result.error.contains("7 tasks: 7 done"))
        for (request, message) in [
            (
                "{ rows = 'lrr' }",
                "d.lua:10: xp:results: these jobs have no tag and no parameter 'lrr' (did you mean 'lr'?)"
            ),
            ("{ metrics = 'x' }", "d.lua:10: xp:results has no 'metrics' (did you mean 'metric'?)"),
            ("{ best = 'most' }", "d.lua:10: xp:results: best is \"max\" or \"min\""),
            ("3", "xp:results takes a table"),
        ] {
            let wrong = try bench.run("run", "d.lua", "--", request)
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(wrong)")
        }
        #expect(
            try bench.run("run", "--workdir", "new", "--run-mode", "dry-run", "d.lua").error.contains(
                "6 tasks"))
    }

    @Test(
        "tags come through outputs; a list of one is tagged; what is told of progress may have numbers; an untold metric belongs to who may have it"
    )
    func week() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local W = xpm.config { id = "y.w", params = { path = xpm.path } }
            local Prep = xpm.task { id = "y.prep", params = {}, execute = function(self) self:result { rows = 3 } end }
            local Train = xpm.task { id = "y.train", params = { prep = Prep, lr = xpm.float, seed = xpm.int, w = xpm.job_path "w" },
              execute = function(self) self:log { step = 1, loss = self.lr, progress = 0.5 } print("only out") end,
              outputs = function(self, dep) return dep(W { path = self.w }) end }
            local Eval = xpm.task { id = "y.eval", params = { w = W }, command = "while [ ! -e {jobdir}/../../../../go ]; do sleep 0.02; done; echo acc: 1",
              results = { acc = "acc: (%d)" } }
            function run()
              for p in xpm.grid { lr = { 0.1 }, seed = { 1, 2 } } do
                Eval { w = Train { prep = Prep {}:submit(), lr = p.lr, seed = p.seed }:submit() }:submit()
              end
            end
            """, to: "y.lua")
        let (process, tag) = try bench.start(["run", "y.lua"])
        #expect(
            try bench.wait {
                try bench.run("results", "y", "--metric", "acc", "--rows", "lr", "--over", "seed").output
                    .contains("2 running")
            })
        let open = try bench.run("results", "y", "--metric", "acc", "--rows", "lr", "--over", "seed")
        #expect(open.output == " lr        acc\n0.1  2 running\n" && open.error.isEmpty, "\(open)")
        try bench.write("", to: "go")
        #expect(try bench.finish(process, tag).code == 0)
        #expect(
            try bench.run("results", "y", "--metric", "acc", "loss", "--rows", "lr", "--over", "seed").output
                .contains("0.1000 ± 0"))
        // Not the first result, of one job, but the first that can be drawn.
        #expect(try bench.run("plot", "y", "-o", "y.svg").code == 0)
        let train = try #require(try bench.jobs("y.train").first)
        #expect(try bench.run("jobs", "log", Paths.name(train.path)).output == "only out\n")
        let json = try JSON.parse(
            Array(try bench.run("sweep", "y.lua", "--sweep", "a=1,2", "--format", "json").output.utf8))
        #expect(json.array?.map { $0["a"] } == [1, 2])
    }

    @Test("a task keeps the tags of its own objects where a task before it was varied by the same name")
    func ownTags() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Optim = xpm.config { id = "z.optim", params = { lr = xpm.float } }
            local W = xpm.config { id = "z.w", params = { n = xpm.int } }
            local Pre = xpm.task { id = "z.pre", params = { optim = Optim, seed = xpm.int }, command = "true",
              outputs = function(self, dep) return dep(W { n = 1 }) end }
            local Fine = xpm.task { id = "z.fine", params = { base = W, optim = Optim }, command = "true" }
            function run()
              local base = Pre { optim = Optim { lr = xpm.tag("lr", 0.1) }, seed = xpm.tag("seed", 3) }:submit()
              for _, lr in ipairs { 0.5, 0.6 } do Fine { base = base, optim = Optim { lr = xpm.tag("lr", lr) } }:submit() end
            end
            """, to: "z.lua")
        #expect(try bench.run("run", "z.lua").code == 0)
        let listed = try bench.run("jobs", "list", "--filter", "@name = \"z.fine\"").output
        #expect(listed.contains("lr=0.5 seed=3") && listed.contains("lr=0.6 seed=3"), "\(listed)")
    }
}
