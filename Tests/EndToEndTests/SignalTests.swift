import Foundation
import Store
import System
import Testing
import Text

/// Signals that were ignored, processes that do nothing, clocks, niceness, terminals without a name.
@Suite("Signals and time", .timeLimit(.minutes(20)))
struct SignalTests {
    private func bench(_ command: String) throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task { id = "t.work", params = { n = xpm.int }, command = [[\(command)]] }
            function run() Work { n = 1 }:submit() end
            """, to: "experiment.lua")
        return bench
    }

    private func hasBegun(_ bench: Workbench) throws -> Bool {
        try bench.jobs("t.work").contains { Files.size(of: $0.output) > 0 }
    }

    @Test(
        "a runner that was stopped does not keep xpm: 20 s after SIGTERM it has ended, and nothing is left",
        arguments: [1, 2])
    func stoppedRunner(_ times: Int) throws {
        let bench = try bench("echo begin; exec sleep 600")
        let (run, tag) = try bench.start(["run", "experiment.lua"])
        #expect(try bench.wait { try hasBegun(bench) })
        let job = try #require(try bench.jobs("t.work").first)
        let program = try #require(ProcessRecord.read(job.process))
        let runners = ChildProcess.output(["pgrep", "-P", String(run.processIdentifier)])?.text ?? ""
        for pid in runners.split(separator: "\n").compactMap({ Int32($0) }) + [program.pid] {
            kill(pid, SIGSTOP)
        }
        let began = Date.now
        for _ in 0..<times {
            run.terminate()
            #expect(try bench.stays(seconds: 0.3) { run.isRunning })
        }
        let result = try bench.finish(run, tag)
        #expect(result.code == 130, "\(result)")
        #expect(Date.now.timeIntervalSince(began) < 21)
        #expect(!program.isAlive && !FileLock.isHeld(job.lock))
        #expect(try bench.run("jobs", "list").output.contains("running") == false)
    }

    @Test("under nohup a closed terminal does not stop a run, nor its jobs")
    func nohup() throws {
        let bench = try bench("echo begin; while [ ! -e $GO ]; do sleep 0.02; done")
        let (run, tag) = try bench.start(
            ["-c", "trap '' HUP; exec \(Workbench.xpm) run experiment.lua"], program: "/bin/sh",
            environment: ["GO": "\(bench.folder)/go"])
        #expect(try bench.wait { try hasBegun(bench) })
        for _ in 0..<3 {
            kill(run.processIdentifier, SIGHUP)
            #expect(try bench.stays(seconds: 0.1) { run.isRunning })
        }
        let job = try #require(try bench.jobs("t.work").first)
        if let program = ProcessRecord.read(job.process)?.pid { kill(program, SIGHUP) }
        try bench.write("", to: "go")
        let result = try bench.finish(run, tag)
        #expect(result.code == 0 && !result.error.contains("stopping"), "\(result)")
    }

    @Test("jobs have the niceness of xpm")
    func niceness() throws {
        let bench = try bench("nice")
        let result = try bench.run(
            "-n", "7", Workbench.xpm, "run", "experiment.lua", program: "/usr/bin/nice")
        #expect(result.code == 0)
        #expect(try Files.readText(try #require(try bench.jobs("t.work").first).output) == "7\n")
    }

    @Test("durations are not of the time of day, and times tell their zone")
    func times() throws {
        let bench = try bench("sleep 0.3")
        #expect(try bench.run("run", "experiment.lua").code == 0)
        let job = try #require(try bench.jobs("t.work").first)
        let outcome = try JSON.parse(try Files.read(job.done))
        let seconds = try #require(outcome["seconds"]?.number)
        #expect(seconds >= 0.3 && seconds < 20)
        // The clock was set back while it ran.
        let text = try Files.readText(job.done)
        let ended = try #require(outcome["ended"]?.text)
        try Files.write(
            Array(text.replacing("\"ended\": \(ended)", with: "\"ended\": 1000.5").utf8), to: job.done)
        let shown = try bench.run("jobs", "show", job.identifier, environment: ["TZ": "XYZ-3"])
        let took = try #require(shown.output.split(separator: "\n").first { $0.contains("took") })
        #expect(!took.contains("-") && shown.output.contains(" XYZ"), "\(shown)")
        let runs = try bench.run("experiments", "runs", "experiment", environment: ["TZ": "XYZ-3"])
        #expect(runs.output.contains(" XYZ  1 done"), "\(runs)")
        let json = try bench.run("jobs", "list", "--json", environment: ["TZ": "XYZ-3"])
        #expect(
            try JSON.parse(Array(json.output.utf8))["submitted"]?.string?.hasSuffix("+03:00") == true,
            "\(json)")
    }

    @Test(
        "a terminal without a name, or a dumb one, gets no escapes",
        arguments: ["unset TERM", "TERM=", "TERM=dumb"])
    func terminals(_ setting: String) throws {
        let bench = try bench("true")
        let command = "\(setting); export TERM; exec \(Workbench.xpm) run experiment.lua"
        let set = setting == "unset TERM" ? "unset TERM; exec \(Workbench.xpm) run experiment.lua" : command
        let result = try bench.run("-qefc", set, "/dev/null", program: "/usr/bin/script")
        #expect(result.code == 0 && result.output.contains("1 done"), "\(result)")
        #expect(!result.output.contains("\u{1b}"), "\(result)")
    }
}
