import Foundation
import Store
import System
import Testing
import Text

/// Links, pipes and strangers' files in a workspace: nothing behind them is written or removed.
@Suite("Nothing followed", .timeLimit(.minutes(20)))
struct LinkTests {
    private static let script = """
        local xpm = require "xpm"
        local Work = xpm.task { id = "l.work", params = { n = xpm.int }, command = "echo {n}; echo x >&2" }
        local Lua = xpm.task {
          id = "l.lua", params = { n = xpm.int },
          execute = function(self) self:progress(0.5); self:log { loss = 1 } end,
        }
        function run()
          Work { n = 1 }:submit()
          Lua { n = 1 }:submit()
        end
        """

    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(Self.script, to: "experiment.lua")
        #expect(try bench.run("run", "experiment.lua").code == 0)
        try bench.write("precious\n", to: "outside/file")
        return bench
    }

    private func isPrecious(_ bench: Workbench, _ name: String = "outside/file") throws -> Bool {
        try bench.read(name) == "precious\n"
    }

    @Test("gc removes nothing behind a link", arguments: ["sources", "sources/experiment", "jobs/l.work"])
    func linkedFolder(_ name: String) throws {
        let bench = try bench()
        #expect(try bench.run("experiments", "delete", "experiment", "--perform").code == 0)
        // The folder itself lies elsewhere now.
        let place = "\(bench.folder)/workspace/\(name)"
        try Files.rename(place, to: "\(bench.folder)/outside/moved")
        try Files.link(place, to: "\(bench.folder)/outside/moved")
        let before = ChildProcess.output(["find", "\(bench.folder)/outside", "-type", "f"])?.text
        #expect(try bench.run("gc", "--perform").code == 0)
        #expect(ChildProcess.output(["find", "\(bench.folder)/outside", "-type", "f"])?.text == before)
        let doctor = try bench.run("doctor")
        #expect(doctor.output.contains("workspace/\(name): a link that xpm has not made"), "\(doctor)")
        _ = try bench.run("jobs", "clean", "--filter", "@state = done", "--every-run", "--perform")
        #expect(ChildProcess.output(["find", "\(bench.folder)/outside", "-type", "f"])?.text == before)
    }

    @Test("experiments delete removes nothing behind a link", arguments: ["experiments/experiment", "run"])
    func linkedExperiment(_ name: String) throws {
        let bench = try bench()
        let run = try #require(Files.linkTarget("\(bench.folder)/workspace/experiments/experiment/current"))
        let path = "\(bench.folder)/workspace/" + (name == "run" ? "experiments/experiment/\(run)" : name)
        try Files.rename(path, to: "\(bench.folder)/outside/moved")
        try Files.link(path, to: "\(bench.folder)/outside/moved")
        let before = ChildProcess.output(["find", "\(bench.folder)/outside", "-name", "*.jsonl"])?.text
        _ = try bench.run("experiments", "delete", "experiment", "--perform")
        #expect(ChildProcess.output(["find", "\(bench.folder)/outside", "-name", "*.jsonl"])?.text == before)
    }

    @Test("what xpm has not made stays, and the doctor names it")
    func strangers() throws {
        let bench = try bench()
        let identifier = String(repeating: "a", count: 64)
        let strange = [
            "jobs/notes", "jobs/l.work/backup", "jobs/l.work/\(identifier)", "sources/archive",
            "sources/experiment/old", "partials/l.work/mine",
        ]
        for name in strange { try bench.write("precious\n", to: "workspace/\(name)/file") }
        try bench.write("precious\n", to: "workspace/experiments/experiment/notes.md")
        #expect(try bench.run("experiments", "delete", "experiment", "--perform").code == 0)
        let gone = try bench.run("gc", "--perform")
        #expect(gone.code == 0 && gone.error.contains("3 not needed"), "\(gone)")
        for name in strange { #expect(try isPrecious(bench, "workspace/\(name)/file"), "\(name)") }
        #expect(try isPrecious(bench, "workspace/experiments/experiment/notes.md"))
        let doctor = try bench.run("doctor")
        #expect(doctor.code == 0, "\(doctor)")
        for name in strange
        where !name.hasSuffix("archive") && name != "jobs/notes" && !name.hasPrefix("partials") {
            #expect(doctor.output.contains("\(name): not of xpm's make"), "\(name): \(doctor)")
        }
    }

    /// What lies in the place of a file that xpm writes.
    enum Obstacle: String, CaseIterable { case link, pipe }

    @Test(
        "what xpm writes is not written through links, and pipes do not hold it up",
        arguments: Obstacle.allCases)
    func obstacles(_ obstacle: Obstacle) throws {
        let bench = try bench()
        func put(_ path: String) throws {
            try Files.removeTree(path, below: bench.folder)
            guard Files.exists(Paths.parent(path)) else { return }
            switch obstacle {
            case .link: try Files.link(path, to: "\(bench.folder)/outside/file")
            case .pipe: #expect(ChildProcess.output(["mkfifo", path])?.code == 0)
            }
        }
        for type in ["l.work", "l.lua"] {
            let job = try #require(try bench.jobs(type).first)
            for path in [
                job.output, job.error, job.process, job.done, job.failed, job.events, job.programEvents,
            ] {
                try put(path)
            }
        }
        try put("\(bench.folder)/workspace/experiments/experiment/planning")
        try put("\(bench.folder)/workspace/experiments/experiment/detached.log")
        let (process, tag) = try bench.start(["run", "--detach", "experiment.lua"])
        #expect(try bench.wait(seconds: 30) { !process.isRunning })
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        let result = try bench.finish(process, tag)
        #expect(try isPrecious(bench), "\(result)")
        // A lock that is none is told; all else is replaced.
        #expect(result.code == 2 && result.error.contains("planning"), "\(result)")
        try Files.remove("\(bench.folder)/workspace/experiments/experiment/planning")
        #expect(try bench.run("run", "experiment.lua").code == 0)
        #expect(try isPrecious(bench))
        #expect(try bench.jobs("l.work").allSatisfy(\.isDone))
    }

    @Test("no job runs in a folder that is a link to elsewhere, and no log is written behind one")
    func linkedJob() throws {
        let bench = try bench()
        let job = try #require(try bench.jobs("l.work").first)
        try Files.removeTree(job.path, below: job.workspace)
        try Files.makeFolder("\(bench.folder)/outside/job")
        try Files.link(job.path, to: "\(bench.folder)/outside/job")
        let other = try #require(try bench.jobs("l.lua").first)
        try Files.remove(other.done)
        try Files.removeTree("\(other.path)/.experimaestro", below: other.path)
        try Files.makeFolder("\(bench.folder)/outside/events")
        try Files.link("\(other.path)/.experimaestro", to: "\(bench.folder)/outside/events")
        let result = try bench.run("run", "experiment.lua")
        #expect(result.code != 0 && result.error.contains("symbolic link"), "\(result)")
        #expect(try Files.list("\(bench.folder)/outside/job") == [])
        #expect(try Files.list("\(bench.folder)/outside/events") == [])
    }

    @Test("a picture is written to a new file of a name that nobody foresees")
    func picture() throws {
        let bench = try Workbench()
        let name = "picture.svg.\(Environment.hostName).\(getpid()).tmp"
        try bench.write("precious\n", to: "file")
        try Files.link("\(bench.folder)/\(name)", to: "file")
        try Files.replace("\(bench.folder)/picture.svg", with: Array("<svg/>".utf8))
        #expect(try bench.read("file") == "precious\n")
        #expect(try bench.read("picture.svg") == "<svg/>")
    }

    @Test("the doctor mends nothing behind links, and takes no program's file for its own")
    func doctor() throws {
        let bench = try bench()
        let victim = "\(bench.folder)/victim"
        try bench.write("precious\n", to: "victim/data.json.host.12.tmp")
        try bench.write("precious\n", to: "victim/20261128_000000/a.json.host.12.tmp")
        try bench.write("{\"torn", to: "victim/20261128_000000/jobs.jsonl")
        try Files.link("\(bench.folder)/workspace/experiments/evil", to: victim)
        try Files.link("\(bench.folder)/workspace/jobs/t.evil", to: victim)
        let job = try #require(try bench.jobs("l.work").first)
        try Files.write(Array("precious\n".utf8), to: "\(job.path)/weights.tmp")
        _ = try bench.run("doctor", "--mend")
        #expect(
            try isPrecious(bench, "victim/data.json.host.12.tmp")
                && isPrecious(bench, "victim/20261128_000000/a.json.host.12.tmp"))
        #expect(try bench.read("victim/20261128_000000/jobs.jsonl") == "{\"torn")
        #expect(Files.exists("\(job.path)/weights.tmp"))
    }

    @Test("a detached run writes nothing behind a link in the place of its experiment")
    func detached() throws {
        let bench = try bench()
        try Files.makeFolder("\(bench.folder)/workspace/experiments")
        try bench.write("precious\n", to: "outside/detached.log")
        try Files.link("\(bench.folder)/workspace/experiments/other", to: "\(bench.folder)/outside")
        try bench.write("id: other\nfile: experiment\n", to: "other.yaml")
        #expect(try bench.run("run", "--detach", "other.yaml").code == 2)
        #expect(try isPrecious(bench, "outside/detached.log"))
    }

    @Test("gc takes a link to a disk that is not there for what cannot be read")
    func dangling() throws {
        let bench = try bench()
        let runs = "\(bench.folder)/workspace/experiments/experiment"
        try Files.rename(runs, to: "\(bench.folder)/away")
        try Files.link(runs, to: "\(bench.folder)/unmounted/experiment")
        let result = try bench.run("gc", "--perform")
        #expect(result.code == 2 && result.error.contains("nothing is removed"), "\(result)")
        #expect(try bench.jobs("l.work").count == 1)
    }
}
