import Foundation
import Store
import System
import Testing
import Text

/// What stands around a job's program: containers, here by bubblewrap.
@Suite("Wraps", .timeLimit(.minutes(20)))
struct WrapTests {
    /// Whether a container can be made here.
    private static let hasContainers =
        ChildProcess.output(["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "true"])?.code == 0

    /// A root of `/usr` alone, in which the job's folder and the script's are seen.
    private static let container = """
        { "bwrap", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/lib", "/lib",
          "--symlink", "usr/bin", "/bin", "--dev", "/dev", "--unshare-pid", "--proc", "/proc",
          "--die-with-parent", "--bind", "{workspace}", "{workspace}", "--ro-bind", "{here}", "{here}", "--chdir", "{folder}" }
        """

    private func bench(_ script: String) throws -> Workbench {
        let bench = try Workbench()
        try bench.write("local xpm = require \"xpm\"\nlocal box = \(Self.container)\n" + script, to: "w.lua")
        return bench
    }

    @Test(
        "a wrap of the task: its program runs inside, xpm-job outside; nothing runs again without it",
        .enabled(if: hasContainers))
    func inside() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "w.in", params = { n = xpm.int, out = xpm.job_path "out.txt" }, wrap = box,
              command = "test -d /home && echo yes >{out} || echo 0 >{out}; cat {here}/data.txt; echo pid $$; exit {n}" }
            function run(helper)
              T { n = 0 }:submit(helper.args[1] == "off" and { wrap = false } or {})
              if helper.args[1] == "more" then
                T { n = 7 }:submit()
                T { n = 8 }:submit { wrap = { "env", "N=1" } }
              end
            end
            """)
        try bench.write("seen\n", to: "data.txt")
        #expect(try bench.run("run", "w.lua").code == 0)
        let job = try #require(try bench.jobs("w.in").first)
        #expect(try Files.readText("\(job.path)/out.txt").trimmed == "0")
        #expect(try Files.readText(job.output).hasPrefix("seen\npid "))
        #expect(try bench.run("jobs", "show").output.contains("command     bwrap --ro-bind /usr /usr"))
        // It is no part of the identity.
        let off = try bench.run("run", "w.lua", "--", "off")
        #expect(off.code == 0 && off.error.contains("1 task: 1 cached"), "\(off)")
        let more = try bench.run("run", "w.lua", "--", "more")
        #expect(more.code == 1 && more.error.contains("exit code 7") && more.error.contains("exit code 8"))
        let plain = try #require(try bench.jobs("w.in").first { JobScript.arguments(in: $0).first == "env" })
        #expect(JobScript.arguments(in: plain).prefix(2) == ["env", "N=1"])
    }

    @Test(
        "each end is told as without a wrap: a signal, a time limit, cancelled, memory",
        .enabled(if: hasContainers))
    func ends() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "w.end", params = { how = xpm.string }, wrap = box,
              command = { "python3", "-c", "import os, signal, sys, time\\nhow = sys.argv[1]\\nif how == 'memory': x = bytearray(200 * 10**6)\\nif how == 'signal': os.kill(os.getpid(), signal.SIGKILL)\\ntime.sleep(60)", "{how}" } }
            function run()
              T { how = "signal" }:submit()
              T { how = "time" }:submit { requires = "duration=2s" }
              T { how = "memory" }:submit { requires = "cpu(mem=60M)" }
              T { how = "kill" }:submit()
            end
            """)
        let (process, tag) = try bench.start(["run", "w.lua", "-j", "4"])
        #expect(try bench.wait { (try? bench.read(".\(tag).err"))?.contains("asked for 60 MB") ?? false })
        let killed = try bench.run("jobs", "kill", "--perform", "--filter", "how = \"kill\"")
        #expect(killed.code == 0, "\(killed)")
        let run = try bench.finish(process, tag)
        #expect(run.code == 1 && run.error.contains("3 failed, 1 cancelled"), "\(run.error)")
        var reasons: TextMap<String> = [:]
        for job in try bench.jobs("w.end") {
            let how = JobScript.arguments(in: job).last ?? ""
            reasons[how] = Outcome.read(job.failed).reason.rawValue
        }
        #expect(
            reasons["time"] == "TIMEOUT" && reasons["memory"] == "MEMORY" && reasons["kill"] == "CANCELLED"
                && reasons["signal"] == "FAILED", "\(reasons.orderedKeys.map { ($0, reasons[$0] ?? "") })")
        // Nothing of them is left.
        #expect(
            try bench.wait {
                ChildProcess.output(["pgrep", "-f", bench.folder])?.text.isEmpty ?? true
            })
    }

    @Test("a launcher's wrap holds for programs, not for Lua functions; who asks for one of these is told")
    func launcher() throws {
        let bench = try bench(
            """
            local P = xpm.task { id = "w.p", params = {}, command = { "sh", "-c", "echo $WRAPPED" } }
            local L = xpm.task { id = "w.l", params = {}, execute = function(self) end }
            function run(helper)
              P {}:submit()
              L {}:submit(helper.args[1] and { wrap = { "env" } } or {})
            end
            """)
        try bench.write(
            """
            local xpm = require "xpm"
            xpm.launchers.direct { name = "box", wrap = { "env", "WRAPPED={workspace}" } }
            """, to: "config/xpm/launchers.lua")
        let run = try bench.run("run", "w.lua", "--launcher", "box")
        #expect(run.code == 0, "\(run)")
        let job = try #require(try bench.jobs("w.p").first)
        #expect(try Files.readText(job.output).trimmed.hasSuffix("/workspace"))
        let lua = try bench.run("run", "w.lua", "--", "wrapped")
        #expect(
            lua.code == 2
                && lua.error.contains(
                    "w.lua:9: w.l: wrap: its program is a Lua function, which runs in xpm-job itself"),
            "\(lua)")
    }

    @Test(
        "what is no wrap is refused at its line",
        arguments: [
            ("wrap = \"apptainer\"", "w.t: submit: wrap: a list of words"),
            ("wrap = { 1 }", "w.t: submit: wrap: a list of words, in which"),
            ("wrap = { \"env\", \"{workspce}\" }", "{workspce} (did you mean 'workspace'?)"),
            ("wrap = { \"nosuchprogram\" }", "command not found: 'nosuchprogram' (not in PATH)"),
            ("wrap = {}", "w.t: submit: wrap: a list of words"),
            ("wrap = { \"env\", \"{here\" }", "'{' without '}'"),
        ])
    func refused(_ option: String, _ problem: String) throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "w.t", params = {}, command = "true" }
            function run()
              T {}:submit { \(option) }
            end
            """)
        let result = try bench.run("run", "w.lua")
        #expect(
            result.code == 2 && result.error.contains("w.lua:7: ") && result.error.contains(problem),
            "\(result)")
    }

    @Test("on this machine a job has one node: {srun} is nothing, and what it meets others by is there")
    func oneNode() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "w.n", params = { n = xpm.int }, requires = "nodes=1",
              command = "{srun} echo $XPM_NODE_COUNT $MASTER_ADDR $(test $MASTER_PORT -gt 0 && echo port); test $XPM_NODES = $(hostname)" }
            local L = xpm.task { id = "w.list", params = {}, command = { "{srun}", "echo", "x" } }
            function run(helper)
              T { n = 1 }:submit()
              L {}:submit()
              if helper.args[1] then T { n = 2 }:submit { requires = helper.args[1] } end
            end
            """)
        let run = try bench.run("run", "w.lua")
        #expect(run.code == 0, "\(run)")
        let job = try #require(try bench.jobs("w.n").first)
        #expect(try Files.readText(job.output) == "1 127.0.0.1 port\n")
        for (requirement, problem) in [
            ("nodes=2", "w.n requires 2 nodes, where this machine is one"),
            ("nodes=0", "column 7: the number of nodes is a whole number from 1"),
            ("nodes", "expected '=': nodes=2"),
        ] {
            let refused = try bench.run("run", "w.lua", "--", requirement)
            #expect(refused.code == 2 && refused.error.contains(problem), "\(refused)")
        }
    }
}
