import Glibc
import Store
import System
import Testing
import Text

extension ClusterTests {
    /// Runs that are jobs of a batch system themselves: `xpm run --detach=slurm`.
    @Suite("Runs as batch jobs", .timeLimit(.minutes(20)))
    struct BatchRunTests {
        /// A cluster whose partition lets a job last a minute.
        private func cluster(_ settings: [String: String] = [:], detached: String = "") throws -> SlurmCluster
        {
            let cluster = try SlurmCluster(settings)
            try cluster.bench.write(
                """
                local xpm = require "xpm"
                xpm.launchers.direct { name = "here" }
                xpm.launchers.slurm {
                  partitions = { { name = "debug", cores = 4, memory = "1G", duration = "1m" } }, \(detached)
                }
                """, to: "config/xpm/launchers.lua")
            return cluster
        }

        /// A script of jobs one after the other, each of which lasts until `go` is there, or so many seconds.
        private func write(_ bench: Workbench, jobs: Int, seconds: Int) throws {
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task {
                  id = "b.t", params = { n = xpm.int, before = xpm.optional(xpm.any) },
                  command = "i=0; while [ ! -e \(bench.folder)/go ] && [ $i -lt \(seconds * 10) ]; do sleep 0.1; i=$((i+1)); done; echo $(hostname) >> \(bench.folder)/ran{n}",
                }
                function run(helper)
                  local before
                  for n = 1, \(jobs) do before = T { n = n, before = before }:submit() end
                end
                """, to: "b.lua")
        }

        private func attach(_ cluster: SlurmCluster) throws -> Workbench.Result {
            try cluster.xpm("attach", "b")
        }

        /// Nothing is left of the jobs of the run.
        private func checkLeft(_ cluster: SlurmCluster) throws {
            let place = "\(cluster.bench.folder)/workspace"
            #expect(try cluster.bench.wait { try cluster.queue().isEmpty })
            // The record of the job itself goes last.
            #expect(try cluster.bench.wait { try Files.list("\(place)/.xpm-batches") == ["ends"] })
            let run = try? Files.readText("\(place)/experiments/b/detached.json")
            let log = try? Files.readText("\(place)/experiments/b/detached.log")
            let queue = try cluster.slurm("squeue", "-h", "-t", "all", "-o", "%i %j %T %M %r %k")
            #expect(run == nil, "\(run ?? ""), \(log ?? ""), \(queue)")
            #expect(!Files.exists("\(place)/experiments/b/lock.claim"))
        }

        private func ran(_ bench: Workbench, _ number: Int) throws -> Int {
            try bench.read("ran\(number)").split(separator: "\n").count
        }

        @Test(
            "the run is a job: attach follows it from its place in the queue to its end; what cannot be is told"
        )
        func whole() throws {
            let cluster = try cluster()
            let bench = cluster.bench
            try write(bench, jobs: 2, seconds: 60)
            for (words, told) in [
                (["b.lua", "--detach=slum"], "has no launcher 'slum' (did you mean 'slurm'?)"),
                (["b.lua", "--detach=here"], "--detach=here: this launcher runs jobs on this machine"),
                (["no.lua", "--detach=slurm"], "no.lua"),
                (["wrong.lua", "--detach=slurm"], "wrong.lua:2: "),
            ] {
                try bench.write("local x = \n", to: "wrong.lua")
                let (process, tag) = try bench.start(["run"] + words, environment: cluster.environment)
                let result = try bench.finish(process, tag)
                #expect(result.code == 2 && result.error.contains(told), "\(words): \(result)")
            }
            #expect(try cluster.queue().isEmpty)
            try cluster.slurm("scontrol", "update", "NodeName=n1,n2", "State=DRAIN", "Reason=test")
            let run = try cluster.xpm("run", "b.lua", "--detach=slurm", "--launcher", "slurm")
            #expect(run.code == 0 && run.output.contains("b goes on as job 1 of Slurm; "), "\(run)")
            let second = try cluster.xpm("run", "b.lua", "--detach=slurm")
            #expect(
                second.code == 2 && second.error.contains("runs as a job of 'slurm' already"), "\(second)")
            let (process, tag) = try bench.start(["attach", "b"], environment: cluster.environment)
            #expect(
                try bench.wait {
                    try bench.read(".\(tag).err").contains("waits in the queue of Slurm as job 1")
                })
            try cluster.slurm("scontrol", "update", "NodeName=n1,n2", "State=RESUME")
            #expect(try bench.wait { try cluster.queue().contains { $0.hasSuffix("RUNNING") } })
            let third = try cluster.xpm("run", "b.lua")
            #expect(third.code == 2 && third.error.contains("already"), "\(third)")
            try bench.write("", to: "go")
            let attached = try bench.finish(process, tag)
            #expect(attached.code == 0 && attached.error.contains("2 done"), "\(attached)")
            try checkLeft(cluster)
            #expect(try ran(bench, 1) == 1 && ran(bench, 2) == 1)
            // All is done: it is over at once.
            let json = try cluster.xpm("run", "b.lua", "--detach-to", "slurm", "--json")
            let line = try JSON.parse(Array(json.output.utf8))
            #expect(line["event"] == "detached" && line["launcher"] == "slurm" && line["job"]?.string != nil)
            #expect(try attach(cluster).code == 0)
            try checkLeft(cluster)
        }

        @Test("its time is over before it is: the next job goes on, and what was in the queue runs once")
        func renewal() throws {
            let cluster = try cluster()
            let bench = cluster.bench
            try write(bench, jobs: 3, seconds: 25)
            #expect(try cluster.xpm("run", "b.lua", "--detach=slurm", "--launcher", "slurm").code == 0)
            let attached = try attach(cluster)
            #expect(attached.code == 0 && attached.error.contains("goes on in job "), "\(attached)")
            for number in 1...3 { #expect(try ran(bench, number) == 1) }
            let runs = try cluster.xpm("experiments", "runs", "b").output.split(separator: "\n")
            #expect(
                runs.count == 2 && runs[0].contains("interrupted") && runs[1].contains("3 done"), "\(runs)")
            try checkLeft(cluster)
        }

        @Test(
            "killed with -9, and its node without power: the next job takes the run over, and each of its jobs runs"
        )
        func killed() throws {
            let cluster = try cluster(["SLURM_HOSTS": "1", "SLURM_SHARE": "@"])
            let bench = cluster.bench
            try write(bench, jobs: 2, seconds: 60)
            #expect(try cluster.xpm("run", "b.lua", "--detach=slurm", "--launcher", "slurm").code == 0)
            let lock = "\(bench.folder)/workspace/experiments/b/lock"
            func holder(after former: ProcessRecord?) throws -> ProcessRecord {
                #expect(
                    try bench.wait(seconds: 120) {
                        guard let now = ProcessRecord.read(lock) else { return false }
                        return now != former
                            && Files.exists("\(bench.folder)/workspace/experiments/b/current")
                    })
                return try #require(ProcessRecord.read(lock))
            }
            let first = try holder(after: nil)
            try cluster.slurm("srun", "-w", first.host, "--overlap", "sh", "-c", "kill -9 \(first.pid)")
            let second = try holder(after: first)
            let before = try bench.jobs("b.t").count { LockClaim.batch(of: $0.lock) != nil }
            #expect(before <= 1)
            // The next node may have the job that runs: that is lost too, and runs again.
            kill(try #require(try cluster.host(second.host)), SIGKILL)
            let third = try holder(after: second)
            #expect(third.host != second.host)
            try bench.write("", to: "go")
            let attached = try attach(cluster)
            #expect(attached.code == 0, "\(attached)")
            let ends = try bench.jobs("b.t").map { Outcome.read($0.done).reason }
            #expect(ends == [.done, .done])
            #expect(try ran(bench, 1) == 1 && ran(bench, 2) == 1)
            try checkLeft(cluster)
        }

        @Test(
            "a run on another host is stopped, and its jobs killed and held, from here; one in the queue leaves that"
        )
        func stop() throws {
            let cluster = try cluster(["SLURM_HOSTS": "1", "SLURM_SHARE": "@"])
            let bench = cluster.bench
            // Jobs of the node itself: two at once.
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "b.t", params = { n = xpm.int }, command = "sleep 50" }
                function run(helper) for n = 1, 4 do T { n = n }:submit() end end
                """, to: "b.lua")
            #expect(try cluster.xpm("run", "b.lua", "-j", "2", "--detach=slurm").code == 0)
            func running() throws -> [JobFolder] {
                try bench.jobs("b.t").filter { Files.exists("\($0.lock).claim") && Files.exists($0.process) }
            }
            #expect(try bench.wait { try running().count == 2 })
            let one = try #require(running().first)
            let held = try cluster.xpm("jobs", "hold", "-e", "b", "--filter", "n >= 3")
            #expect(held.code == 0 && held.output.split(separator: "\n").count == 2, "\(held)")
            let killed = try cluster.xpm("jobs", "kill", one.identifier, "--perform")
            #expect(killed.code == 0 && killed.output.contains("stopped"), "\(killed)")
            #expect(Outcome.read(one.failed).reason == .cancelled)
            let stopped = try cluster.xpm("stop", "b", "--now")
            #expect(stopped.code == 0 && stopped.error.contains(" and its jobs"), "\(stopped)")
            #expect(try attach(cluster).code == 130)
            #expect(try bench.jobs("b.t").count { Files.exists($0.failed) } == 2)
            try checkLeft(cluster)
            // In the queue.
            try cluster.slurm("scontrol", "update", "NodeName=n1,n2", "State=DRAIN", "Reason=test")
            #expect(try cluster.xpm("run", "b.lua", "--detach=slurm").code == 0)
            #expect(try cluster.queue().count == 1)
            let left = try cluster.xpm("stop", "b")
            #expect(left.code == 0 && left.error.contains("left the queue"), "\(left)")
            try checkLeft(cluster)
            #expect(try cluster.xpm("stop", "b").code == 2)
        }

        @Test("jobs that end at once, three in a row, are the last: a run that cannot go on leaves the queue")
        func broken() throws {
            let cluster = try cluster()
            let bench = cluster.bench
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "b.t", params = { n = xpm.int }, command = "true" }
                function run(helper)
                  io.open("\(bench.folder)/begun", "a"):write("x\\n"):close()
                  os.execute("kill -9 $PPID")
                end
                """, to: "b.lua")
            #expect(try cluster.xpm("run", "b.lua", "--detach=slurm").code == 0)
            let attached = try attach(cluster)
            #expect(attached.code == 130, "\(attached)")
            let log = try bench.read("workspace/experiments/b/detached.log")
            #expect(log.contains("have ended at once"), "\(log)")
            #expect(try bench.read("begun") == "x\nx\nx\n")
            #expect(try bench.wait { try cluster.queue().isEmpty })
            #expect(!Files.exists("\(bench.folder)/workspace/experiments/b/detached.json"))
        }
    }
}
