import Foundation
import Glibc
import Store
import System
import Testing
import Text

/// A real terminal (tmux), with a server of its own.
private final class Tmux {
    let bench: Workbench
    private let socket = "xpm-\(UUID().uuidString.prefix(8))"

    static let isPossible = Environment.find(program: "tmux", along: "/usr/bin:/bin", from: "/") != nil

    init(_ bench: Workbench, columns: Int = 100, rows: Int = 24) throws {
        self.bench = bench
        tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "-c", bench.folder,
            "env", "PS1=$ ", "TERM=xterm-256color", "XDG_CONFIG_HOME=\(bench.folder)/config",
            "PATH=\(Workbench.programs):/usr/bin:/bin", "/bin/sh")
    }

    deinit { tmux("kill-server") }

    @discardableResult
    func tmux(_ words: String...) -> String {
        ChildProcess.output(["/usr/bin/tmux", "-L", socket] + words)?.text ?? ""
    }

    /// Types a text.
    func type(_ text: String) { tmux("send-keys", "-l", text) }

    /// Presses keys by their names.
    func press(_ keys: String...) { for key in keys { tmux("send-keys", key) } }

    var lines: [String] {
        tmux("capture-pane", "-p").split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0).trimmedRight
        }
    }

    /// Waits until the screen shows something.
    func shows(_ text: String) throws -> Bool { try bench.wait { lines.contains { $0.contains(text) } } }
}

@Suite("Monitor", .timeLimit(.minutes(20)), .enabled(if: Tmux.isPossible))
struct MonitorTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task {
              id = "m.train", params = { n = xpm.int },
              execute = function(self)
                self:progress(0.25, "epoch 1")
                print("first 日本 \\27]0;title\\7 line")
                if self.n == 3 then error("boom: no such thing") end
                while not io.open("\(bench.folder)/go" .. self.n) do os.execute("sleep 0.05") end
                self:result { loss = self.n }
              end,
            }
            function run(helper) for p in xpm.grid { n = xpm.range(1, 6) } do T { n = p.n }:submit() end end
            """, to: "m.lua")
        return bench
    }

    @Test("runs, jobs, a job, its log, a filter; what changes something shows its command first")
    func tour() throws {
        let bench = try bench()
        let terminal = try Tmux(bench)
        terminal.type("xpm run --detach -j 3 m.lua; xpm monitor\n")
        #expect(try terminal.shows("EXPERIMENT"))
        #expect(try terminal.shows("running"))
        terminal.press("Enter")
        #expect(try terminal.shows("› m › jobs"))
        #expect(try terminal.shows("25% m.train n=1  epoch 1"))
        #expect(try terminal.shows("exit code 1: m.lua:7: boom: no such thing"))
        // It follows the run.
        try bench.write("", to: "go1")
        #expect(try terminal.shows("1 done"))
        terminal.press("l")
        #expect(try terminal.shows("first 日本"))
        #expect(!terminal.lines.joined().contains("title"))
        terminal.press("Escape")
        #expect(try terminal.shows("JOB"))
        terminal.press("/")
        terminal.type("n = 2")
        terminal.press("Enter")
        #expect(try terminal.shows("/n = 2  1 of 6"))
        terminal.press("K")
        #expect(try terminal.shows("xpm jobs kill m.train/"))
        #expect(try bench.jobs("m.train").allSatisfy { !Files.exists($0.stopMark) })
        terminal.press("y")
        #expect(try terminal.shows("1 job stopped"))
        #expect(try terminal.shows("■ cancelled"))
        terminal.press("Enter")
        #expect(try terminal.shows("parameter   n = 2"))
        terminal.press("Escape", "Escape")
        #expect(try bench.wait { !terminal.lines.joined().contains("of 6") })
        terminal.type(":jobs list -c 1")
        terminal.press("Enter")
        #expect(try terminal.shows("› jobs list -c 1"))
        terminal.press("Escape", "/")
        terminal.type("n ==== 3")
        terminal.press("Enter")
        #expect(try terminal.shows("filter, column"))
        terminal.press("s")
        #expect(try terminal.shows("xpm stop m"))
        terminal.press("Escape")
        terminal.press("?")
        #expect(try terminal.shows("the command is shown first"))
        for n in 2...6 { try bench.write("", to: "go\(n)") }
        terminal.press("Escape", "Escape")
        #expect(try terminal.shows("EXPERIMENT"))
        #expect(try bench.wait { terminal.lines.contains { $0.contains("m ") && $0.contains("failed") } })
        terminal.press("q")
        // The terminal is the shell's, with what was there and a summary.
        #expect(try bench.wait { terminal.lines.last { !$0.isEmpty } == "$" })
        #expect(terminal.lines.contains { $0.hasPrefix("m  ") && $0.contains("failed") }, "\(terminal.lines)")
        terminal.type("stty -a | grep -c ' icanon'\n")
        #expect(try terminal.shows("1"))
    }

    @Test(
        "a run that is killed is seen to be; Ctrl-Z gives the shell back; sizes down to one cell do no harm")
    func ends() throws {
        let bench = try bench()
        let (run, _) = try bench.start(["run", "-j", "2", "m.lua"])
        let terminal = try Tmux(bench, columns: 60, rows: 15)
        #expect(try bench.wait { try bench.jobs("m.train").contains { Files.exists($0.process) } })
        terminal.type("xpm monitor m\n")
        #expect(try terminal.shows("▶ running"))
        // Names are cut, and not how far a job is.
        #expect(try terminal.shows("25% "))
        #expect(terminal.lines.allSatisfy { $0.columns <= 60 })
        kill(run.processIdentifier, SIGKILL)
        run.waitUntilExit()
        terminal.press("Escape")
        #expect(try bench.wait(seconds: 3) { terminal.lines.contains { $0.contains("interrupted") } })
        for (columns, rows) in [(10, 3), (2, 2), (1, 1), (200, 50), (60, 15)] {
            terminal.tmux("resize-window", "-x", "\(columns)", "-y", "\(rows)")
            Clock.sleep(milliseconds: 150)
        }
        #expect(try terminal.shows("interrupted"))
        terminal.press("C-z")
        #expect(try bench.wait { terminal.lines.contains { $0.hasSuffix("$") } })
        terminal.type("fg\n")
        #expect(try terminal.shows("EXPERIMENT"))
        terminal.press("C-c")
        #expect(try bench.wait { terminal.lines.last { !$0.isEmpty }?.hasSuffix("$") == true })
        for n in 1...6 { try bench.write("", to: "go\(n)") }
        // What lived on is taken over.
        #expect(try bench.run("run", "m.lua").code == 1)
    }

    @Test("ASCII only, nothing to change, no colours, no terminal, no workspace")
    func options() throws {
        let bench = try bench()
        for n in 1...6 { try bench.write("", to: "go\(n)") }
        #expect(try bench.run("run", "-j", "2", "m.lua").code == 1)
        let terminal = try Tmux(bench)
        let words = ["monitor", "m", "--ascii", "--read-only"]
        terminal.type("NO_COLOR=1 xpm \(words.joined(separator: " "))\n")
        #expect(try terminal.shows("x failed"))
        #expect(
            terminal.lines.filter { $0.contains("m.train") }.allSatisfy { $0.utf8.allSatisfy { $0 < 128 } })
        #expect(!terminal.tmux("capture-pane", "-p", "-e").contains("\u{1b}[31m"))
        terminal.press("R")
        #expect(try terminal.shows("read only: xpm jobs retry m.train/"))
        terminal.type(":gc --perform")
        terminal.press("Enter")
        #expect(try terminal.shows("read only: xpm gc --perform"))
        terminal.press("q")
        let nowhere = try bench.run("monitor")
        #expect(nowhere.code == 2 && nowhere.error.contains("needs a terminal"), "\(nowhere)")
        let unknown = try bench.run("monitor", "nosuch")
        #expect(unknown.code == 2 && unknown.error.contains("no experiment 'nosuch'"), "\(unknown)")
    }
}
