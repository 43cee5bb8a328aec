import Foundation
import Store
import System
import Testing
import Text

/// Jobs through a real Grid Engine.
@Suite("Grid Engine", .serialized, .timeLimit(.minutes(20)), .enabled(if: GridEngineHost.isPossible))
struct GridEngineTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            xpm.launchers.sge { partitions = { { name = "all.q", cores = 4, memory = "4G" } } }
            """, to: "config/xpm/launchers.lua")
        return bench
    }

    /// The names of the jobs that it has.
    private func queue() throws -> [String] {
        try Command(["qstat", "-g", "d"], patience: 30).run().output.split(separator: "\n").dropFirst(2).map {
            String($0)
        }
    }

    @Test(
        "each end is told as what it was: code, signal, time, memory, cancelled, and a resumable task goes on"
    )
    func ends() throws {
        let bench = try bench()
        try bench.write(
            """
            local xpm = require "xpm"
            local function task(name, command, options, kind)
              (kind or xpm.task) { id = "g." .. name, params = {}, command = command } {}:submit(options)
            end
            return xpm.experiment { run = function()
              task("done", "echo $XPM_CORES $XPM_MEMORY $NSLOTS", { requires = "cpu(cores=2, mem=100M)" })
              task("code", "exit 3")
              task("signal", "kill -9 $$")
              task("time", "sleep 60", { requires = "duration=2s" })
              task("memory", { "python3", "-c", "import time; x = bytearray(150 * 10**6); time.sleep(60)" }, { requires = "cpu(mem=60M)" })
              task("deleted", { "sh", "-c", "qdel $JOB_ID.$SGE_TASK_ID; sleep 60" })
              task("resumes", "echo x >> n; test $(wc -l < n) = 3 || sleep 60", { requires = "duration=2s" }, xpm.resumable_task)
            end }
            """, to: "g.lua")
        let run = try bench.run("run", "g.lua", "--launcher", "sge")
        #expect(run.code == 1 && run.error.contains("7 tasks: 2 done, 4 failed, 1 cancelled"), "\(run)")
        func outcome(_ name: String) throws -> Outcome {
            let job = try #require(try bench.jobs("g.\(name)").first)
            return Outcome.read(job.isDone ? job.done : job.failed)
        }
        let first = try #require(try bench.jobs("g.done").first)
        #expect(try Files.readText(first.output) == "2 100000000 2\n")
        #expect(try outcome("code").text == "exit code 3")
        #expect(try outcome("signal").text == "killed by signal 9 (SIGKILL)")
        #expect(try outcome("time").reason == .timeout && outcome("memory").reason == .memory)
        #expect(try outcome("deleted").reason == .cancelled)
        #expect(try outcome("resumes").reason == .done && outcome("resumes").attempt == 3)
        #expect(try Files.list("\(bench.folder)/workspace/.xpm-batches") == ["ends"])
        #expect(try Files.list("\(bench.folder)/workspace/.xpm-locks").isEmpty)
    }

    @Test("the iris example, unchanged: the same jobs and the same table as on this machine")
    func iris() throws {
        let bench = try bench()
        let example = "\(Workbench.root)/Examples/iris/full.yaml"
        let there = try bench.run("run", "-q", example, "--launcher", "sge", "--workdir", "there")
        let here = try bench.run("run", "-q", example, "--workdir", "here")
        #expect(there.code == 0 && here.code == 0, "\(there)")
        let tables = try ["there", "here"].map { place in
            try bench.run("results", "iris", "--workdir", place, "--format", "csv").output
        }
        #expect(tables[0] == tables[1] && tables[0].split(separator: "\n").count > 10)
    }

    @Test("jobs that wait say so, jobs kill takes them back, and a killed run loses nothing")
    func waiting() throws {
        let bench = try bench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "g.t", params = { n = xpm.int }, command = "echo x >>\(bench.folder)/ran{n}; while test ! -e \(bench.folder)/go; do sleep 0.1; done" }
            return xpm.experiment { run = function() for n = 1, 12 do T { n = n }:submit() end end }
            """, to: "g.lua")
        let first = try bench.start(["run", "g.lua", "--launcher", "sge"])
        #expect(try bench.wait(seconds: 30) { Files.exists("\(bench.folder)/ran1") })
        kill(first.process.processIdentifier, SIGKILL)
        first.process.waitUntilExit()
        let second = try bench.start(["run", "g.lua", "--launcher", "sge"])
        #expect(
            try bench.wait(seconds: 30) {
                let said = try bench.read(".\(second.tag).err")
                return said.components(separatedBy: "in the queue of Grid Engine").count > 8
            })
        #expect(try bench.run("jobs", "list").output.contains("in the queue of Grid Engine"))
        let killed = try bench.run("jobs", "kill", "--perform", "--filter", "n = 12")
        #expect(killed.code == 0, "\(killed)")
        try bench.write("", to: "go")
        let run = try bench.finish(second.process, second.tag)
        #expect(run.code == 1 && run.error.contains("1 cancelled"), "\(run)")
        for n in 1...11 { #expect(try bench.read("ran\(n)") == "x\n", "\(n)") }
        #expect(!Files.exists("\(bench.folder)/ran12"))
        #expect(try bench.wait { try queue().isEmpty })
    }

    @Test("what it does not have is refused; pilots work as elsewhere")
    func refused() throws {
        let bench = try bench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "g.t", params = { n = xpm.int }, command = "true" }
            return xpm.experiment { run = function(helper)
              local options = load("return " .. helper.args[1])()
              for n = 1, 20 do T { n = n }:submit(options) end
            end }
            """, to: "g.lua")
        for (options, problem) in [
            ("{ requires = 'nodes=2' }", "2 nodes: xpm makes no such jobs for Grid Engine"),
            ("{ sge = { partition = 'al.q' } }", "has no partition 'al.q' (did you mean 'all.q'?)"),
            ("{ sge = { q = 'nosuch.q' } }", "nosuch.q"),
            ("{ sge = { t = 3 } }", "xpm itself sets --t"),
            ("{ slurm = { account = 'x' } }", "options for slurm, but its launcher 'sge' is Grid Engine's"),
        ] {
            let result = try bench.run("run", "g.lua", "--launcher", "sge", "--", options)
            #expect(result.code != 0 && result.error.contains(problem), "\(options): \(result)")
        }
        let packed = try bench.run("run", "g.lua", "--launcher", "sge", "--", "{ pack = 2 }")
        #expect(packed.code == 0 && packed.error.contains("20 tasks: 20 done"), "\(packed)")
        #expect(try bench.wait { try queue().isEmpty })
        let check = try bench.run("launchers", "check", "sge")
        #expect(check.code == 0 && check.output.hasPrefix("ok  all.q"), "\(check)")
    }
}

/// A Grid Engine of this machine (`scripts/grid-engine`).
enum GridEngineHost {
    private static let script = "\(Workbench.root)/scripts/grid-engine"

    /// Whether one could be started here: needs root, and Debian's gridengine-master, -exec and -client.
    static let isPossible =
        geteuid() == 0
        && ["qsub", "qstat", "sge_qmaster", "sge_execd"].allSatisfy {
            Environment.find(program: $0, along: "/usr/sbin:/usr/bin:/sbin:/bin", from: "/") != nil
        }
        && (try? Command([script, "up"], patience: 60).run())?.code == 0
}
