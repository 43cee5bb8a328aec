import Foundation
import Glibc
import Store
import System
import Testing
import Text

/// What a terminal shows: by `script`, which gives a program one.
@Suite("Terminals", .timeLimit(.minutes(20)))
struct TerminalTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task {
              id = "t.train", params = { n = xpm.int, rate = xpm.float },
              execute = function(self)
                local hold = io.open("\(bench.folder)/go") == nil
                for i = 1, hold and 200 or 1 do
                  self:progress(0.5, "epoch " .. i)
                  if hold then os.execute("sleep 0.05") end
                  if io.open("\(bench.folder)/go") then break end
                end
                if self.rate == 0.3 then error("boom") end
                self:result { accuracy = self.n * self.rate }
              end,
            }
            function run(helper)
              for p in xpm.grid { rate = { 0.1, 0.2, helper.args[1] == "fail" and 0.3 or nil }, n = xpm.range(1, tonumber(helper.args[2] or 3)) } do
                T { n = p.n, rate = p.rate }:submit()
              end
            end
            """, to: "e.lua")
        return bench
    }

    /// Runs a command on a terminal of so many columns.
    ///
    /// - Returns: what the terminal got.
    private func terminal(_ bench: Workbench, _ command: String, columns: Int = 100) throws
        -> Workbench.Result
    {
        try bench.run(
            "-qefc", "stty cols \(columns) rows 40; \(Workbench.xpm) \(command)", "/dev/null",
            program: "/usr/bin/script", environment: ["TERM": "xterm-256color"])
    }

    /// The lines that stay, without colours, and without those of the view, which end in "erase the rest".
    private func lines(_ text: String) -> [String] {
        TerminalText.plain(text.replacing("\r", with: "")).split(separator: "\n").map(String.init)
    }

    @Test("the end of a run: the table of results, then the summary, then what comes next")
    func results() throws {
        let bench = try bench()
        try bench.write("", to: "go")
        let run = try terminal(bench, "run -j 2 e.lua")
        let shown = lines(run.output)
        let start = try #require(shown.firstIndex { $0.hasPrefix("n  rate  accuracy") })
        #expect(
            shown[start + 1] == "1   0.1    0.1000" && shown[start + 6] == "3   0.2    0.6000", "\(shown)")
        #expect(shown[start + 7].hasPrefix("6 tasks: 6 done in "))
        #expect(shown[(start + 8)...] == ["next: xpm plot e"])
        // In a pipe it is a line for each, as ever.
        let piped = try bench.run("run", "e.lua")
        #expect(piped.output.split(separator: "\n").count == 6 && piped.output.contains("accuracy=0.1"))
    }

    @Test("a long table is cut; failures alike are one, with what repeats them; other workspaces are named")
    func failures() throws {
        let bench = try bench()
        try bench.write("", to: "go")
        let long = lines(try terminal(bench, "run -j 4 --workdir 'my place' e.lua -- all 15").output)
        #expect(long.contains("… 10 more rows"), "\(long)")
        #expect(
            long.suffix(2) == [
                "next: xpm results e --workdir 'my place'", "      xpm plot e --workdir 'my place'",
            ])
        let run = try terminal(bench, "run -j 4 e.lua -- fail 14")
        #expect(run.code == 1)
        let shown = lines(run.output)
        // Ten as they happen, and one at the end.
        #expect(shown.count { $0.contains("t.train") && $0.contains(": exit code 1") } == 11, "\(shown)")
        #expect(shown.contains("more of them are counted, and told at the end"))
        #expect(shown.count { $0.contains("    stderr      e.lua:11: boom") } == 1)
        #expect(
            shown.contains {
                $0.hasPrefix("    also so     t.train ") && $0.contains(" and 10 more: xpm failures")
            })
        #expect(
            shown.suffix(2) == [
                "next: xpm failures -e e", "      xpm jobs retry -e e --filter '@state = failed'",
            ])
    }

    @Test(
        "attach shows what the run shows, on a terminal of 40 columns too; Ctrl-C says that the run goes on")
    func attach() throws {
        let bench = try bench()
        #expect(try bench.run("run", "--detach", "-j", "2", "e.lua").code == 0)
        #expect(try bench.wait { try bench.run("jobs", "list").output.contains("50 %, ") })
        let (process, tag) = try bench.start(
            ["-qefc", "stty cols 40 rows 40; exec \(Workbench.xpm) attach e", "/dev/null"],
            program: "/usr/bin/script", environment: ["TERM": "xterm-256color"])
        #expect(try bench.wait { try bench.read(".\(tag).out").contains("epoch") })
        // The program in front is the one that a terminal interrupts.
        let attached = try #require(
            ProcessTree.children(of: process.processIdentifier).first { pid in
                (try? Files.readText("/proc/\(pid)/cmdline"))?.contains("attach") == true
            })
        kill(attached, SIGINT)
        let left = try bench.finish(process, tag)
        #expect(left.code == 130)
        let shown = lines(left.output)
        #expect(shown.contains("e goes on: xpm attach e follows it, xpm stop e ends it"), "\(shown)")
        #expect(shown.contains { $0.hasPrefix("e  0/6 done · ") }, "\(shown)")
        #expect(
            shown.contains { $0.hasPrefix("  50 %  ") && $0.contains("epoch") && $0.columnsAreAtMost(39) })
        #expect(shown.allSatisfy { $0.columnsAreAtMost(60) })
        try bench.write("", to: "go")
        let whole = lines(try terminal(bench, "attach e").output)
        #expect(
            whole.contains("3   0.2    0.6000") && whole.contains { $0.hasPrefix("6 tasks: 6 done in ") },
            "\(whole)")
        let busy = try bench.run("attach", "e")
        #expect(busy.code == 0 && busy.error.contains("6 done"))
    }

    @Test("who starts it twice is told what there is to do")
    func twice() throws {
        let bench = try bench()
        let (process, tag) = try bench.start(["run", "-q", "e.lua"])
        #expect(try bench.wait { try bench.run("jobs", "list").output.contains("running") })
        let second = try bench.run("run", "e.lua")
        #expect(
            second.error.contains("; xpm attach e follows it, xpm stop e ends it, --wait waits for its end"))
        try bench.write("", to: "go")
        #expect(try bench.finish(process, tag).code == 0)
    }
}

extension String {
    fileprivate func columnsAreAtMost(_ count: Int) -> Bool { self.count <= count }
}
