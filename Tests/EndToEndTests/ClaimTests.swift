import Store
import System
import Testing
import Text

/// What ran is what is claimed: results that are older than what they are made from, code that has changed,
/// results that never came.
@Suite("Claims", .timeLimit(.minutes(20)))
struct ClaimTests {
    private func chain() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "s.a", params = { n = xpm.int }, command = { "cat", "{here}/data.txt" } }
            local B = xpm.task { id = "s.b", params = { a = A }, command = "cat {a}/a.out >b.txt" }
            local C = xpm.task { id = "s.c", params = { b = B }, command = "cat {b}/b.txt" }
            function run() for n = 1, 2 do C { b = B { a = A { n = n }:submit() }:submit() }:submit() end end
            """, to: "s.lua")
        try bench.write("old\n", to: "data.txt")
        #expect(try bench.run("run", "-q", "s.lua").code == 0)
        return bench
    }

    @Test(
        "a result that is older than what it is made from is told: by clean, the run, and why; --refresh runs it"
    )
    func refresh() throws {
        let bench = try chain()
        try bench.write("new\n", to: "data.txt")
        let clean = try bench.run("jobs", "clean", "--filter", "@name = s.a and n = 1", "--perform")
        #expect(
            clean.error.contains("1 finished job is made from these and stays as it is: s.b "), "\(clean)")
        let dry = try bench.run("run", "--run-mode", "dry-run", "s.lua")
        #expect(dry.error.contains("1 cached result is older than what it is made from (s.b "), "\(dry)")
        #expect(dry.output.contains("is made again: --refresh runs it"))
        // Also after the run that has made it anew, in whatever run.
        for _ in 1...2 {
            let run = try bench.run("run", "s.lua")
            #expect(run.code == 0 && run.error.contains("1 cached result is older"), "\(run)")
        }
        let why = try JSON.parse(
            Array(
                try #require(
                    try bench.run("why", "s.lua", "--job", "s.b", "--json").output.split(separator: "\n")
                        .first {
                            $0.contains("\"newer\": [\"")
                        }
                ).utf8))
        #expect(why["reason"]?["newer"]?.array?.count == 1 && why["reason"]?["state"] == "cached")
        let jobs = try bench.jobs("s.c").map { try Files.readText($0.output) }
        #expect(jobs == ["old\n", "old\n"])
        let planned = try bench.run("run", "--run-mode", "dry-run", "--refresh", "s.lua")
        #expect(planned.error.contains("4 cached, 2 to run"), "\(planned)")
        let refreshed = try bench.run("run", "--refresh", "s.lua")
        #expect(
            refreshed.error.contains("2 done, 4 cached") && !refreshed.error.contains("older"), "\(refreshed)"
        )
        #expect(try bench.jobs("s.c").map { try Files.readText($0.output) }.sorted() == ["new\n", "old\n"])
        #expect(!(try bench.run("run", "s.lua")).error.contains("older"))
    }

    @Test("a job that runs again only for what it had made makes nothing older")
    func remade() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "r.a", params = { big = xpm.job_path { "big", temporary = true } }, command = "echo 1 >{big}" }
            local B = xpm.task { id = "r.b", params = { a = A, n = xpm.int }, command = "cat {a.big}" }
            function run(h) local a = A {}:submit() for n = 1, tonumber(h.args[1]) do B { a = a, n = n }:submit() end end
            """, to: "r.lua")
        #expect(try bench.run("run", "-q", "r.lua", "--", "1").code == 0)
        #expect(try bench.run("gc", "--perform").code == 0)
        let grown = try bench.run("run", "r.lua", "--", "2")
        #expect(grown.code == 0 && grown.error.contains("2 done, 1 cached"), "\(grown)")
        let again = try bench.run("run", "r.lua", "--", "2")
        #expect(again.code == 0 && !again.error.contains("older"), "\(again)")
    }

    @Test("code that has changed since cached jobs ran is named, by run and by retry")
    func code() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "c.t", params = { n = xpm.int }, command = { "python3", "{here}/train.py", "{n}" } }
            function run() for n = 1, 3 do T { n = n }:submit() end end
            """, to: "c.lua")
        try bench.write(
            "import sys\nimport json\nsys.exit(sys.argv[1] == '3')\n",
            to: "train.py")
        let first = try bench.run("run", "c.lua")
        #expect(!first.error.contains("json") && !first.error.contains("has changed"))
        try bench.write(try bench.read("train.py") + "# changed\n", to: "train.py")
        let second = try bench.run("run", "c.lua")
        #expect(second.error.contains("2 cached; train.py has changed since: xpm why"), "\(second)")
        let retry = try bench.run("jobs", "retry", "--filter", "@state = failed")
        #expect(!retry.error.contains("has changed"), "\(retry)")
        try bench.write(try bench.read("train.py") + "# again\n", to: "train.py")
        let old = try bench.run("jobs", "retry", "--filter", "@state = failed")
        #expect(old.error.contains("train.py has changed since these jobs were submitted"), "\(old)")
    }

    @Test("what a source from elsewhere loads beside it, and what is not kept, is named")
    func strangers() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "c.t", params = {}, command = { "true" }, sources = { "../common/tool.py" } }
            function run() T {}:submit() end
            """, to: "plan/c.lua")
        try bench.write("import utils, json\nfrom lib import inner\n", to: "common/tool.py")
        try bench.write("", to: "common/utils.py")
        try bench.write("", to: "common/lib/__init__.py")
        try bench.write("", to: "common/lib/inner.py")
        let run = try bench.run("run", "plan/c.lua")
        for name in ["utils.py", "lib/__init__.py", "lib/inner.py"] {
            #expect(
                run.error.contains("common/tool.py loads common/\(name), which is not kept"),
                "\(name): \(run)")
        }
        #expect(!run.error.contains("json"))
    }

    @Test("{number} is a whole number; a pattern that takes a part of one, or nothing, is told")
    func numbers() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "n.t", params = { text = xpm.string },
              command = { "printf", "%s\\n", "{text}" },
              results = { x = "x: {number}", y = "y=([%d.]+)", z = "^z " .. xpm.number .. "%%$" } }
            function run(h) for _, text in ipairs(h.args) do T { text = text }:submit() end end
            """, to: "n.lua")
        func result(_ text: String) throws -> (JSON?, String) {
            let run = try bench.run("run", "n.lua", "--", text)
            #expect(run.code == 0, "\(run)")
            let job = try #require(
                try bench.jobs("n.t").first { try Files.readText($0.output) == text + "\n" })
            return (JobResult.read(job), run.error)
        }
        for (text, value) in [
            ("x: 1.2e-05", 1.2e-05), ("x: -3.5", -3.5), ("x: 3. Done", 3), ("x: +.5e3,", 500), ("x: 7e", 7),
            ("a x: 1 x: -2", -2), ("x: inf", .infinity), ("x: -1E+2", -100),
        ] as [(String, Double)] {
            #expect(try result(text).0?["x"]?.number == value, "\(text)")
        }
        #expect(try result("x: nan").0?["x"] == "NaN")
        #expect(try result("z 95%").0?["z"] == 95)
        let (cut, told) = try result("y=1.2e-05")
        #expect(
            cut?["y"] == .float(1.2) && told.contains("the pattern of 'y' takes '1.2' of '1.2e-05'"),
            "\(told)")
        for (text, whole) in [
            ("x: 1,234.5", "1,234.5"), ("x: 1_000", "1_000"), ("x: -1.0D+05", "1.0D+05"), ("x: 0x1f", "0x1f"),
            ("x: 3.2.1", "3.2.1"),
        ] {
            let told = try result(text).1
            #expect(told.contains("of '\(whole)'"), "\(text): \(told)")
        }
        for text in ["x: 12ms", "x: 1, 2", "x: 3.", "x: 5 d", "x: 1,23"] {
            #expect(try result(text).1.contains("takes") == false, "\(text)")
        }
        let (none, missing) = try result("x: info")
        #expect(
            none?["x"] == nil && missing.contains("no line of its output fits \"x: {number}\""), "\(missing)")
        #expect(try result("y=-3.5 y=2 fold-3").1.contains("takes") == false)
    }

    @Test(
        "exit code 75 of a plain task and max_retries without effect are told; retry tries an exit code again"
    )
    func retry() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local A = xpm.task { id = "e.a", params = {}, max_retries = 3, command = "exit 75" }
            local B = xpm.task { id = "e.b", params = { n = xpm.int }, retry = { [29] = { reason = "HTTP 429", delay = 0.01, most = 4 } },
              command = "cd \(bench.folder); echo x >>count{n}; test $(wc -l <count{n}) -gt 3 || exit 29" }
            function run() A {}:submit() B { n = 1 }:submit() B { n = 2 }:submit { retry = { [29] = { reason = "once", most = 1, delay = 0 } } } end
            """, to: "e.lua")
        let run = try bench.run("run", "e.lua")
        #expect(run.code == 1)
        for text in [
            "e.lua:5: e.a: max_retries counts the attempts",
            "exit code 75, by which a task asks to go on later",
            "HTTP 429 (exit code 29); attempt 4 follows", "once (exit code 29)", "1 done, 2 failed",
        ] {
            #expect(run.error.contains(text), "\(text): \(run)")
        }
        #expect(try bench.read("count1") == "x\nx\nx\nx\n" && bench.read("count2") == "x\nx\n")
        for (retry, message) in [
            ("{ [0] = 'x' }", "an exit code is from 1 to 255"),
            ("{ [3] = { delay = -1 } }", "delay needs seconds"),
            ("{ [3] = { mst = 1 } }", "not 'mst' (did you mean 'most'?)"), ("3", "needs what is tried again"),
            ("{ faild = 2 }", "'faild' is none of failed, lost, memory, timeout (did you mean 'failed'?)"),
            ("{ failed = -1 }", "failed: most needs a whole number from 0"),
        ] {
            try bench.write(
                "local xpm = require 'xpm'\nlocal T = xpm.task { id = 'w.t', params = {}, command = 'true' }\nfunction run() T {}:submit { retry = \(retry) } end",
                to: "w.lua")
            let wrong = try bench.run("run", "w.lua")
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(retry): \(wrong)")
        }
    }
}
