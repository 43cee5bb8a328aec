import Foundation
import Store
import System
import Testing
import Text

/// Full, read-only and failing disks, and disks without flock.
@Suite("Faults of the disk", .timeLimit(.minutes(20)))
struct DiskFaultTests {
    private static let script = """
        local xpm = require "xpm"
        local T = xpm.task { id = "f.t", params = { n = xpm.int, needs = xpm.list(xpm.ref "f.t") { default = {} } },
          command = "echo start {n} >>${{TALLY:-/dev/null}; echo out {n}; sleep 0.05; echo end {n} >>${{TALLY:-/dev/null}" }
        function run()
          local before
          for n = 1, 8 do before = T { n = n, needs = n % 2 == 0 and { before } or {} }:submit() end
        end
        """

    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(Self.script, to: "f.lua")
        return bench
    }

    private func run(_ bench: Workbench, _ faults: [String: String], _ arguments: String...) throws
        -> Workbench.Result
    {
        let (process, tag) = try bench.start(arguments, environment: faults)
        return try bench.finish(process, tag)
    }

    /// Neither a Swift trap nor a signal.
    private func isOrderly(_ result: Workbench.Result) -> Bool {
        result.code < 128 && !result.error.contains("Fatal error")
    }

    @Test(
        "where flock does not work, locks are claims: each job runs once, killed xpm or not, and nothing is left"
    )
    func withoutFlock() throws {
        let bench = try bench()
        let faults = FaultyDisk.environment((.flock, ENOLCK, "/workspace/")).merging([
            "TALLY": "\(bench.folder)/tally"
        ]) { $1 }
        try bench.write("id: two\nfile: f\n", to: "two.yaml")
        for _ in 0..<3 {
            let killed = try bench.start(["run", "-j", "2", "f.lua"], environment: faults)
            let other = try bench.start(["run", "-j", "2", "two.yaml"], environment: faults)
            usleep(UInt32.random(in: 30_000...150_000))
            kill(killed.process.processIdentifier, SIGKILL)
            _ = try bench.finish(killed.process, killed.tag)
            #expect(try bench.finish(other.process, other.tag).code == 0)
        }
        #expect(Files.kind("\(bench.folder)/workspace/.xpm-locks") == .folder)
        // One that sees flock work does as the workspace says.
        let last = try bench.run("run", "f.lua")
        #expect(last.code == 0 && last.error.contains("8 tasks: 8 cached"), "\(last.error)")
        let tally = try bench.read("tally").split(separator: "\n").sorted()
        #expect(tally == (1...8).flatMap { ["end \($0)", "start \($0)"] }.map { $0[...] }.sorted())
        for job in try bench.jobs("f.t") {
            #expect(try !Files.list(job.path).contains { $0.contains(".claim") })
        }
        #expect(try Files.list("\(bench.folder)/workspace/.xpm-locks").isEmpty)
        #expect(try bench.run("doctor").error == "nothing found\n")
    }

    @Test("two runs of one experiment, without flock: the second says who has it")
    func busy() throws {
        let bench = try bench()
        let faults = FaultyDisk.environment((.flock, ENOSYS, "/workspace/"))
        let first = try bench.start(["run", "-j", "1", "f.lua"], environment: faults)
        #expect(
            try bench.wait { Files.exists("\(bench.folder)/workspace/experiments/f/current/events.jsonl") })
        let second = try run(bench, faults, "run", "f.lua")
        #expect(
            second.code == 2
                && second.error.contains("'f' is running already: process \(first.process.processIdentifier)")
        )
        #expect(try bench.finish(first.process, first.tag).code == 0)
    }

    @Test(
        "a failing disk is told with its path and errno, nothing passes for done, and the next run makes it good",
        arguments: [
            (FaultyDisk.Call.write, EIO, "t.pid", "t.pid: cannot write: Input/output error (EIO)"),
            (.rename, EIO, "t.done", "t.done: Input/output error (EIO)"),
            (.open, EACCES, "t.out", "t.out: cannot create: Permission denied (EACCES)"),
            (.open, EACCES, "params.json", "params.json: cannot create: Permission denied (EACCES)"),
            (.write, ENOSPC, "jobs.jsonl", "jobs.jsonl: cannot write: No space left on device (ENOSPC)"),
            (.open, EROFS, "/experiments/", "cannot create: Read-only file system (EROFS)"),
            (.rename, EDQUOT, "status.json", "status.json: Disk quota exceeded (EDQUOT)"),
        ])
    func failing(_ call: FaultyDisk.Call, _ code: Int32, _ path: String, _ message: String) throws {
        let bench = try bench()
        let result = try run(bench, FaultyDisk.environment((call, code, path)), "run", "-j", "2", "f.lua")
        #expect(isOrderly(result) && result.code != 0, "\(result)")
        let told = result.error.replacing("cannot rename to: ", with: "")
        #expect(told.contains(message), "\(result.error)")
        let next = try bench.run("run", "-j", "2", "f.lua")
        #expect(next.code == 0, "\(next.error)")
        #expect(try bench.jobs("f.t").allSatisfy(\.isDone))
        #expect(try bench.run("doctor", "--mend").code == 0)
    }

    @Test("an event log that cannot be written is a warning; the run goes on")
    func eventLog() throws {
        let bench = try bench()
        let result = try run(bench, FaultyDisk.environment((.write, EIO, "events.jsonl")), "run", "f.lua")
        #expect(result.code == 0 && result.error.contains("8 done"), "\(result.error)")
        #expect(result.error.split(separator: "\n").count { $0.contains("events.jsonl: cannot write") } == 1)
    }

    @Test("a disk that cannot be read is told, not taken for empty")
    func unreadable() throws {
        let bench = try bench()
        #expect(try bench.run("run", "-q", "f.lua").code == 0)
        for arguments in [["jobs", "list"], ["experiments", "list"], ["doctor"], ["failures"]] {
            let (process, tag) = try bench.start(
                arguments, environment: FaultyDisk.environment((.read, EIO, "/workspace/")))
            let result = try bench.finish(process, tag)
            #expect(isOrderly(result), "\(arguments): \(result)")
            #expect(
                result.error.contains("cannot") || result.output.contains("cannot"), "\(arguments): \(result)"
            )
        }
    }

    /// A shell in a mount namespace of its own, where `mount` is allowed to everybody who may have one.
    private func inNamespace(_ bench: Workbench, _ script: String) throws -> Workbench.Result {
        try bench.run("-rm", "/bin/sh", "-c", script, program: "/usr/bin/unshare")
    }

    @Test("a full disk: the run fails with its path, and goes on when there is room")
    func full() throws {
        let bench = try bench()
        try bench.write(
            Self.script.replacing("echo out {n}", with: "head -c 40000 /dev/zero"), to: "f.lua")
        try Files.makeFolder("\(bench.folder)/workspace")
        let xpm = Workbench.xpm
        let result = try inNamespace(
            bench,
            """
            mount -t tmpfs -o size=256k none workspace || exit 99
            \(xpm) run -j 2 f.lua; echo "code $?"
            find workspace -name '*.done' | wc -l
            \(xpm) jobs list >/dev/null; echo "list $?"
            mount -o remount,size=32m workspace
            \(xpm) run -j 2 f.lua; echo "code $?"
            find workspace -name '*.done' | wc -l
            \(xpm) doctor --mend
            """)
        #expect(result.code == 0, "\(result)")
        let lines = result.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(lines.count >= 5 && ["code 1", "code 2"].contains(lines[0]), "\(result)")
        #expect(result.error.contains("No space left on device") && !result.error.contains("Fatal error"))
        #expect(
            Int(lines[1]) ?? 9 < 8 && lines[2] == "list 0" && lines[3] == "code 0" && lines[4] == "8",
            "\(result)")
    }

    @Test("a disk that becomes read-only while a run goes on, and one that is from the start")
    func readOnly() throws {
        let bench = try bench()
        try Files.makeFolder("\(bench.folder)/workspace")
        let xpm = Workbench.xpm
        let result = try inNamespace(
            bench,
            """
            mount -t tmpfs -o size=32m none workspace || exit 99
            \(xpm) run -j 1 f.lua & pid=$!
            while [ -z "$(find workspace -name '*.done')" ]; do sleep 0.01; done
            # Open files keep it from that; a bind of the same disk takes it from everybody.
            mount --bind workspace workspace
            until mount -o remount,bind,ro workspace 2>/dev/null; do sleep 0.002; done
            wait $pid; echo "code $?"
            cd . && \(xpm) jobs list >/dev/null; echo "list $?"
            \(xpm) run f.lua; echo "code $?"
            umount workspace
            \(xpm) run -j 2 f.lua; echo "code $?"
            find workspace -name '*.done' | wc -l
            """)
        #expect(!result.error.contains("Fatal error"), "\(result)")
        let lines = result.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(lines.count == 5, "\(result)")
        #expect(lines[1...] == ["list 0", "code 2", "code 0", "8"], "\(result)")
        #expect(result.error.contains("Read-only file system (EROFS)"))
    }

    @Test(
        "a job folder removed while its job runs: that one fails, the others go on, and the next run makes it anew"
    )
    func removed() throws {
        let bench = try bench()
        try bench.write(
            Self.script.replacing(
                "sleep 0.05", with: "while [ {n} = 1 ] && [ ! -e $TALLY.go ]; do sleep 0.02; done"),
            to: "f.lua")
        let tally = ["TALLY": "\(bench.folder)/tally"]
        let (process, tag) = try bench.start(["run", "-j", "4", "f.lua"], environment: tally)
        #expect(try bench.wait { ((try? bench.read("tally")) ?? "").contains("start 1\n") })
        let isFirst = { (job: JobFolder) in
            Files.exists(job.process) && ((try? Files.readText(job.script(.sh))) ?? "").contains("start 1 ")
        }
        #expect(try bench.wait { try bench.jobs("f.t").contains(where: isFirst) })
        let job = try #require(try bench.jobs("f.t").first(where: isFirst))
        try Files.removeTree(job.path, below: job.workspace)
        try bench.write("", to: "tally.go")
        let result = try bench.finish(process, tag)
        #expect(result.code == 1 && result.error.contains("6 done, 1 failed, 1 blocked"), "\(result.error)")
        #expect(result.error.contains("its folder was moved or removed while it ran"), "\(result.error)")
        let next = try bench.run("run", "f.lua", environment: tally)
        #expect(next.code == 0 && next.error.contains("2 done, 6 cached"), "\(next.error)")
    }

    @Test("files of every kind, empty and cut in half: every command goes on, and a run makes them good")
    func damaged() throws {
        let bench = try bench()
        try bench.write(Self.script.replacing("n = 1, 8", with: "n = 1, 2"), to: "f.lua")
        #expect(try bench.run("run", "-q", "f.lua").code == 0)
        let run = Paths.real("\(bench.folder)/workspace/experiments/f/current")
        let job = try #require(try bench.jobs("f.t").first)
        let files =
            (["status.json", "jobs.jsonl", "objects.jsonl", "events.jsonl", "environment.json"].map {
                "\(run)/\($0)"
            }
                + [
                    job.parameters, job.done, job.script(.sh), job.output,
                    "\(bench.folder)/workspace/experiments/f/lock",
                ])
        for path in files {
            let whole = try Files.read(path)
            for end in [0, whole.count / 2] {
                try Files.write(Array(whole[..<end]), to: path)
                for arguments in [
                    ["jobs", "list"], ["jobs", "show", "-e", "f", Paths.name(job.path)],
                    ["experiments", "show", "f"],
                    ["failures"], ["doctor"], ["why", "f.lua"], ["gc"], ["code", Paths.name(job.path)],
                    ["run", "--run-mode", "dry-run", "f.lua"],
                ] {
                    let (process, tag) = try bench.start(arguments)
                    let result = try bench.finish(process, tag)
                    #expect(isOrderly(result), "\(Paths.name(path)) cut at \(end), \(arguments): \(result)")
                }
                let again = try bench.run("run", "f.lua")
                #expect(again.code == 0, "\(Paths.name(path)) cut at \(end): \(again.error)")
                try Files.write(whole, to: path)
            }
        }
    }
}
