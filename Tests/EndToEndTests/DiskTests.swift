import Foundation
import Store
import System
import Testing
import Text

/// Real disks: images that lose power, file systems of users, and those without links. Needs root, loop
/// devices and FUSE.
@Suite("Disks", .serialized, .timeLimit(.minutes(20)))
struct DiskTests {
    /// Whether this user can mount.
    private static let canMount = geteuid() == 0 && Files.exists("/dev/loop-control")
    private static func has(_ program: String) -> Bool {
        Environment.find(program: program, along: "/usr/sbin:/sbin:/usr/bin:/bin", from: "/") != nil
    }
    private static let canCut = canMount && has("mkfs.ext4")
    private static let canShutDown = canMount && has("mkfs.xfs") && has("xfs_io")
    private static let canFUSE = geteuid() == 0 && Files.exists("/dev/fuse") && has("bindfs")

    private static let script = """
        local xpm = require "xpm"
        local Work = xpm.task {
          id = "p.work", params = { n = xpm.int, out = xpm.job_path "model.bin", all = xpm.job_path "all" },
          command = "head -c 300000 /dev/urandom > {out}; mkdir {all}; head -c 5000 /dev/urandom > {all}/x",
        }
        local Eval = xpm.task {
          id = "p.eval", params = { work = Work },
          execute = function(self)
            local file = assert(io.open(self.work.out, "rb"))
            self:result { size = #file:read "a" }
          end,
        }
        function run()
          for n = 1, 20 do
            local work = Work { n = n }
            work:submit()
            Eval { work = work }:submit()
          end
        end
        """

    /// Runs a text of the shell. Not by Foundation, which would wait for the daemon of a mount too.
    private func shell(_ text: String, in bench: Workbench) throws -> (code: Int32, said: String) {
        try ChildProcess.run(
            ["/bin/sh", "-c", "cd \(bench.folder); { \(text)\n} > .said 2>&1"], environment: .current,
            input: "/dev/null")
    }

    /// Every job that is done has all that it made, and the next run makes the rest good.
    private func check(_ bench: Workbench, _ place: String) throws -> Int {
        let workspace = "\(place)/workspace"
        var count = 0
        for job in try bench.jobs("p.work", workspace: workspace) where Files.size(of: job.done) > 0 {
            count += 1
            #expect(Files.size(of: "\(job.path)/model.bin") == 300_000, "\(job.path)")
            #expect(Files.size(of: "\(job.path)/all/x") == 5000, "\(job.path)")
            #expect(Files.size(of: job.parameters) > 0 && Files.size(of: job.script(.sh)) > 0, "\(job.path)")
        }
        for job in try bench.jobs("p.eval", workspace: workspace) where Files.size(of: job.done) > 0 {
            #expect(try Files.readText("\(job.path)/results.json").contains("300000"))
        }
        let next = try bench.run("run", "experiment.lua", in: place)
        #expect(next.code == 0, "\(next)")
        return count
    }

    @Test(
        "after a power cut, what is done is whole (ext4)", .enabled(if: canCut, "needs root and loop devices")
    )
    func powerCut() throws {
        var done: [Int] = []
        for delay in [0, 60, 150, 400] {
            let bench = try Workbench()
            let made = try shell(
                "set -e; truncate -s 300M img; mkfs.ext4 -q img; mkdir disk cut; mount -o loop img disk",
                in: bench)
            #expect(made.code == 0, "\(made)")
            defer { _ = try? shell("umount disk; umount cut", in: bench) }
            try bench.write(Self.script, to: "disk/experiment.lua")
            #expect(try shell("sync", in: bench).code == 0)
            let (run, tag) = try bench.start(["run", "-j", "4", "experiment.lua"], in: "disk")
            if delay == 0 { run.waitUntilExit() } else { usleep(UInt32(delay) * 1000) }
            // What has reached the disk by now.
            let cut = try shell("cp --sparse=always img img.cut && mount -o loop img.cut cut", in: bench)
            #expect(cut.code == 0, "\(cut)")
            _ = try bench.finish(run, tag)
            done.append(try check(bench, "cut"))
        }
        #expect(done[0] == 20)
    }

    @Test(
        "after a file system went down, what is done is whole (xfs)",
        .enabled(if: canShutDown, "needs root and xfs"))
    func shutDown() throws {
        for delay in [100, 250, 2000] {
            let bench = try Workbench()
            let made = try shell(
                "set -e; truncate -s 400M img; mkfs.xfs -q img; mkdir disk; mount -o loop img disk", in: bench
            )
            #expect(made.code == 0, "\(made)")
            defer { _ = try? shell("umount disk", in: bench) }
            try bench.write(Self.script, to: "disk/experiment.lua")
            #expect(try shell("sync", in: bench).code == 0)
            let (run, tag) = try bench.start(["run", "-j", "4", "experiment.lua"], in: "disk")
            usleep(UInt32(delay) * 1000)
            #expect(try shell("xfs_io -x -c shutdown disk", in: bench).code == 0)
            _ = try bench.finish(run, tag)
            #expect(try shell("umount disk && mount -o loop img disk", in: bench).code == 0)
            let count = try check(bench, "disk")
            if delay == 2000 { #expect(count == 20) }
        }
    }

    /// Tasks that note each start.
    private static func noting(_ count: Int) -> String {
        """
        local xpm = require "xpm"
        local Work = xpm.task { id = "p.note", params = { n = xpm.int }, command = "echo {n} >> $TALLY; sleep 0.2" }
        function run() for n = 1, \(count) do Work { n = n }:submit() end end
        """
    }

    /// The same, each going on until `tally.go` is there.
    private static func waiting(_ count: Int) -> String {
        noting(count).replacing("sleep 0.2", with: "while [ ! -e $TALLY.go ]; do sleep 0.02; done")
    }

    /// Ways to one folder by which flock(2) does not see what others have locked.
    enum Mounts: String, CaseIterable { case twoMounts, mountAndFolder }

    @Test(
        "two ways to one workspace: each job runs once", .enabled(if: canFUSE, "needs root, FUSE and bindfs"),
        arguments: Mounts.allCases)
    func mounts(_ mounts: Mounts) throws {
        let bench = try Workbench()
        let made = try shell(
            "set -e; mkdir disk one two; bindfs disk one; bindfs disk two; mkdir disk/ws", in: bench)
        #expect(made.code == 0, "\(made)")
        defer { _ = try? shell("umount one; umount two", in: bench) }
        try bench.write(Self.noting(6), to: "a.lua")
        try bench.write(Self.noting(6), to: "b.lua")
        let tally = ["TALLY": "\(bench.folder)/tally"]
        let (first, firstTag) = try bench.start(
            ["run", "-j", "2", "a.lua", "--workdir", "one/ws"], environment: tally)
        #expect(try bench.wait { Files.exists("\(bench.folder)/disk/ws/experiments/a/current/events.jsonl") })
        let other = mounts == .twoMounts ? "two/ws" : "disk/ws"
        let (second, secondTag) = try bench.start(
            ["run", "-j", "2", "b.lua", "--workdir", other], environment: tally)
        let results = [try bench.finish(first, firstTag), try bench.finish(second, secondTag)]
        #expect(results.allSatisfy { $0.code == 0 }, "\(results)")
        #expect(try bench.read("tally").split(separator: "\n").sorted() == (1...6).map { "\($0)"[...] })
        // Seen once through such a mount, claims stay.
        #expect(Files.kind("\(bench.folder)/disk/ws/.xpm-locks") == .folder)
        #expect(
            try bench.run("run", "a.lua", "--workdir", "disk/ws", environment: tally).error.contains(
                "6 cached"))
    }

    @Test(
        "a run by flock(2) is not joined by one that would not see its locks",
        .enabled(if: canFUSE, "needs root, FUSE and bindfs"))
    func mixed() throws {
        let bench = try Workbench()
        #expect(try shell("mkdir disk one && bindfs disk one", in: bench).code == 0)
        defer { _ = try? shell("umount one", in: bench) }
        try bench.write(Self.noting(3), to: "a.lua")
        try bench.write(Self.noting(3), to: "b.lua")
        let tally = ["TALLY": "\(bench.folder)/tally"]
        let (first, tag) = try bench.start(
            ["run", "-j", "1", "a.lua", "--workdir", "disk/ws"], environment: tally)
        #expect(try bench.wait { ((try? bench.read("tally")) ?? "") != "" })
        let second = try bench.run("run", "b.lua", "--workdir", "one/ws", environment: tally)
        #expect(
            second.code == 2 && second.error.contains("takes them by flock(2): end that first"), "\(second)")
        #expect(try bench.finish(first, tag).code == 0)
        #expect(try bench.run("run", "b.lua", "--workdir", "one/ws", environment: tally).code == 0)
        #expect(try bench.read("tally").split(separator: "\n").count == 3)
    }

    @Test(
        "a copy that was made while claims were held is not held",
        .enabled(if: canFUSE, "needs root, FUSE and bindfs"))
    func liveCopy() throws {
        let bench = try Workbench()
        #expect(try shell("mkdir disk one && bindfs disk one", in: bench).code == 0)
        defer { _ = try? shell("umount one", in: bench) }
        try bench.write(Self.waiting(2), to: "a.lua")
        let tally = ["TALLY": "\(bench.folder)/tally"]
        let (first, tag) = try bench.start(
            ["run", "-j", "1", "a.lua", "--workdir", "one/ws"], environment: tally)
        #expect(try bench.wait { ((try? bench.read("tally")) ?? "") != "" })
        #expect(try shell("cp -a disk/ws copy", in: bench).code == 0)
        try bench.write("", to: "other.go")
        let copy = try bench.run(
            "run", "a.lua", "--workdir", "copy", environment: ["TALLY": "\(bench.folder)/other"])
        #expect(copy.code == 0 && copy.error.contains("2 done"), "\(copy)")
        // By the other name of the original it is held.
        let held = try bench.run("jobs", "list", "--workdir", "disk/ws")
        #expect(held.output.contains("running"), "\(held)")
        try bench.write("", to: "tally.go")
        #expect(try bench.finish(first, tag).code == 0)
    }

    @Test("a disk without symbolic links is told before anything is made")
    func noLinks() throws {
        let bench = try Workbench()
        try bench.write(Self.noting(1), to: "a.lua")
        let faults = FaultyDisk.environment((.symlink, EPERM, "ws"))
        let result = try bench.run("run", "a.lua", "--workdir", "ws", environment: faults)
        #expect(result.code == 2 && result.error.contains("no symbolic links, as on vfat"), "\(result)")
        #expect(!Files.exists("\(bench.folder)/ws"))
    }

    @Test("a start that fails leaves no run behind")
    func refusedStart() throws {
        let bench = try Workbench()
        try bench.write(Self.noting(1), to: "a.lua")
        let tally = ["TALLY": "\(bench.folder)/tally"]
        #expect(try bench.run("run", "a.lua", environment: tally).code == 0)
        let folder = "\(bench.folder)/workspace/experiments/a"
        let before = (
            try Files.list(folder), Files.linkTarget("\(folder)/current"),
            try Files.list("\(bench.folder)/workspace/sources/a")
        )
        for fault in [
            (FaultyDisk.Call.rename, EDQUOT, "status.json"), (.open, ENOSPC, "events.jsonl"),
            (.symlink, EIO, "/a/2"),
        ] {
            let result = try bench.run(
                "run", "a.lua", environment: tally.merging(FaultyDisk.environment(fault)) { $1 })
            #expect(result.code == 2, "\(result)")
            let after = (
                try Files.list(folder), Files.linkTarget("\(folder)/current"),
                try Files.list("\(bench.folder)/workspace/sources/a")
            )
            #expect(before == after, "\(fault)")
        }
        #expect(try bench.run("jobs", "list").output.contains("p.note"))
    }

    @Test("a workspace that was copied with its links followed goes on")
    func followedCopy() throws {
        let bench = try Workbench()
        try bench.write(Self.noting(2), to: "a.lua")
        let tally = ["TALLY": "\(bench.folder)/tally"]
        #expect(try bench.run("run", "a.lua", environment: tally).code == 0)
        #expect(try shell("cp -rL workspace copy", in: bench).code == 0)
        let next = try bench.run("run", "a.lua", "--workdir", "copy", environment: tally)
        #expect(next.code == 0 && next.error.contains("2 cached"), "\(next)")
        #expect(Files.kind("\(bench.folder)/copy/experiments/a/current", followingLinks: false) == .link)
    }

    @Test(
        "a workspace that is moved while a job runs: the job fails, and nothing is made where it was",
        arguments: ["sh", "lua"])
    func moved(_ language: String) throws {
        let bench = try Workbench()
        let program =
            language == "sh"
            ? "command = \"while [ ! -e $TALLY.go ]; do sleep 0.02; done\""
            : """
            execute = function(self)
              while not io.open(os.getenv "TALLY" .. ".go") do os.execute "sleep 0.02" end
              self:progress(0.5, "half")
              self:log { loss = 1 }
              self:result { size = 1 }
            end
            """
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task { id = "p.moved", params = {}, \(program) }
            function run() Work {}:submit() end
            """, to: "a.lua")
        let (run, tag) = try bench.start(["run", "a.lua"], environment: ["TALLY": "\(bench.folder)/tally"])
        #expect(try bench.wait { try bench.jobs("p.moved").contains { Files.exists($0.process) } })
        try Files.rename("\(bench.folder)/workspace", to: "\(bench.folder)/elsewhere")
        try bench.write("", to: "tally.go")
        let result = try bench.finish(run, tag)
        #expect(result.code != 0 && result.error.contains("1 failed"), "\(result)")
        #expect(!Files.exists("\(bench.folder)/workspace"))
        let next = try bench.run(
            "run", "a.lua", "--workdir", "elsewhere", environment: ["TALLY": "\(bench.folder)/tally"])
        #expect(next.code == 0 && next.error.contains("1 done"), "\(next)")
    }

    @Test(
        "no command takes what goes on by flock(2) for idle, seen through a mount that shows no locks",
        .enabled(if: canFUSE, "needs root, FUSE and bindfs"))
    func throughMount() throws {
        let bench = try Workbench()
        #expect(try shell("mkdir disk one && bindfs disk one", in: bench).code == 0)
        defer { _ = try? shell("umount one", in: bench) }
        try bench.write(Self.waiting(2), to: "a.lua")
        let tally = ["TALLY": "\(bench.folder)/tally"]
        let (first, tag) = try bench.start(
            ["run", "-j", "1", "a.lua", "--workdir", "disk/ws"], environment: tally)
        #expect(try bench.wait { ((try? bench.read("tally")) ?? "") != "" })
        for words in [
            ["doctor", "--mend"], ["jobs", "clean", "-e", "a", "--perform"],
            ["experiments", "delete", "a", "--perform"],
            ["jobs", "retry", "-e", "a"], ["gc", "--perform"], ["jobs", "list"], ["stop", "a"],
        ] {
            let (process, commandTag) = try bench.start(words + ["--workdir", "one/ws"], environment: tally)
            let result = try bench.finish(process, commandTag)
            #expect(result.code == 2 && result.error.contains("by flock(2)"), "\(words): \(result)")
        }
        // A job whose run is gone counts too, and so does one on another host.
        kill(first.processIdentifier, SIGKILL)
        _ = try bench.finish(first, tag)
        let next = try bench.run("run", "a.lua", "--workdir", "one/ws", environment: tally)
        #expect(next.code == 2 && next.error.contains("by flock(2)"), "\(next)")
        try bench.write("", to: "tally.go")
        #expect(
            try bench.wait {
                try bench.jobs("p.note", workspace: "disk/ws").contains { Files.exists($0.done) }
            })
        #expect(
            try bench.wait {
                try bench.jobs("p.note", workspace: "disk/ws").allSatisfy { !FileLock.isHeld($0.lock) }
            })
        let last = try bench.run("run", "a.lua", "--workdir", "one/ws", environment: tally)
        #expect(last.code == 0, "\(last)")
        #expect(try bench.read("tally").split(separator: "\n").sorted() == ["1", "2"])
    }

    @Test(
        "what another disk has mounted in a job's folder is not removed", .enabled(if: canMount, "needs root")
    )
    func mounted() throws {
        let bench = try Workbench()
        try bench.write(Self.noting(1), to: "a.lua")
        #expect(try bench.run("run", "a.lua", environment: ["TALLY": "\(bench.folder)/tally"]).code == 0)
        let job = try #require(try bench.jobs("p.note").first)
        #expect(
            try shell(
                "mkdir \(job.path)/m && mount -t tmpfs none \(job.path)/m && echo x > \(job.path)/m/file",
                in: bench
            ).code == 0)
        defer { _ = try? shell("umount \(job.path)/m", in: bench) }
        let cleaned = try bench.run("jobs", "clean", "-e", "a", "--perform")
        #expect(cleaned.code == 2 && cleaned.error.contains("another disk is mounted"), "\(cleaned)")
        #expect(Files.exists("\(job.path)/m/file"))
        #expect(try shell("umount \(job.path)/m", in: bench).code == 0)
        // What is left is still known for a job's.
        #expect(try bench.run("jobs", "clean", "-e", "a", "--perform").code == 0)
        #expect(!Files.exists(job.path))
    }
}
