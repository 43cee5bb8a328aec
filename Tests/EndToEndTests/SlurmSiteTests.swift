import Glibc
import Store
import System
import Testing
import Text

extension ClusterTests {
    /// Sites with accounting, limits of users and control groups, and the ends of jobs of two nodes.
    @Suite("Slurm sites", .timeLimit(.minutes(20)))
    struct SlurmSiteTests {
        /// Whether Slurm's accounting can be started: needs Debian's slurmdbd, slurm-wlm-mysql-plugin and mariadb-server.
        static let hasAccounting = ["slurmdbd", "mariadbd", "mariadb-install-db"].allSatisfy {
            Environment.find(program: $0, along: "/usr/sbin:/usr/bin:/sbin:/bin", from: "/") != nil
        }

        /// Whether control groups of version 1 limit memory here.
        static let limitsMemory = Files.exists("/sys/fs/cgroup/memory/memory.limit_in_bytes")

        @Test(
            "a user who may have 20 jobs, with five of his own in the queue, and arrays of at most ten: all run",
            .enabled(if: hasAccounting))
        func limits() throws {
            let cluster = try SlurmCluster(
                ["SLURM_DBD": "1", "SLURM_MAXARRAY": "11", "SLURM_MAXSUBMIT": "20"], path: "bin")
            let bench = cluster.bench
            try bench.write(
                "#!/bin/sh\necho x >> \(bench.folder)/calls\nexec /usr/bin/sbatch \"$@\"\n", to: "bin/sbatch",
                mode: 0o777)
            try cluster.slurm("/usr/bin/sbatch", "--array=0-4", "--output=/dev/null", "--wrap", "sleep 300")
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, command = "echo {n} >> \(bench.folder)/ran" }
                function run() for n = 1, 40 do T { n = n }:submit() end end
                """, to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 0 && run.error.contains("40 tasks: 40 done"), "\(run)")
            #expect(run.error.contains("the rest waits until it takes more"), "\(run)")
            let ran = try bench.read("ran").split(separator: "\n").map(String.init)
            #expect(ran.count == 40 && TextSet(ran).count == 40)
            // Four would do where the site let all in at once; how many there are depends on when jobs end.
            let calls = try bench.read("calls").split(separator: "\n").count
            #expect(calls <= 20)
            #expect(try cluster.queue().count == 5)
        }

        @Test(
            "a job that Slurm kills for its memory has more the next time, as far as its requirement lets it",
            .enabled(if: hasAccounting && limitsMemory))
        func memory() throws {
            let cluster = try SlurmCluster(["SLURM_DBD": "1", "SLURM_CGROUP": "1"])
            let bench = cluster.bench
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { most = xpm.string },
                  command = "echo x >> \(bench.folder)/starts; python3 -c 'b = bytearray(300 << 20); print(len(b))'" }
                function run()
                  T { most = "800M" }:submit { requires = "cpu(mem=100M..800M)" }
                  T { most = "200M" }:submit { requires = "cpu(mem=100M..200M)" }
                end
                """, to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 1 && run.error.contains("2 tasks: 1 done, 1 failed"), "\(run)")
            let jobs = try bench.jobs("s.t")
            let done = try #require(jobs.first { $0.isDone })
            let failed = try #require(jobs.first { !$0.isDone })
            #expect(Outcome.read(done.done).attempt == 3)
            #expect(Outcome.read(failed.failed).reason == .memory)
            #expect(try bench.read("starts").split(separator: "\n").count == 5)
        }

        @Test("jobs of two nodes end as others do: code, signal, time, cancelled, a node that goes down")
        func twoNodes() throws {
            let cluster = try SlurmCluster(nodes: 4, cores: 2, ["SLURM_HOSTS": "1", "SLURM_SHARE": "@"])
            let bench = cluster.bench
            let cases: [(name: String, command: String, kind: String, requires: String)] = [
                // One that fails ends the others, by a signal where they have not ended yet: so they end before.
                ("code", "{srun} sh -c 'test $SLURM_PROCID = 1 || (sleep 2; exit 3)'", "task", ""),
                ("signal", "{srun} sleep 1; kill -9 $$", "task", ""),
                ("time", "{srun} sleep 60", "task", " & duration=2s"),
                (
                    "cancelled",
                    "scancel ${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID; {srun} sleep 60", "task", ""
                ),
                (
                    "resumes", "echo x >> n; test $(wc -l < n) = 2 && exec {srun} true; {srun} sleep 60",
                    "resumable_task",
                    " & duration=2s"
                ),
                (
                    "down",
                    "echo x >> \(bench.folder)/starts; test $(wc -l < \(bench.folder)/starts) = 1 || exec {srun} true; "
                        + "scontrol update NodeName=${{XPM_NODES##*,}} State=DOWN Reason=test; {srun} sleep 60",
                    "task", ""
                ),
            ]
            let tasks = cases.map { one in
                "xpm.\(one.kind) { id = \"n.\(one.name)\", params = {}, requires = \"nodes=2 & cpu(cores=2)\(one.requires)\", command = [==[\(one.command)]==] } {}:submit()"
            }
            try bench.write(
                "local xpm = require \"xpm\"\nfunction run()\n\(tasks.joined(separator: "\n"))\nend\n",
                to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 1 && run.error.contains("6 tasks: 2 done, 3 failed, 1 cancelled"), "\(run)")
            func outcome(_ name: String) throws -> Outcome {
                let job = try #require(bench.jobs("n.\(name)").first)
                return Outcome.read(job.isDone ? job.done : job.failed)
            }
            let code = try outcome("code")
            #expect(code.text == "exit code 3", "\(code)")
            #expect(try outcome("signal").text == "killed by signal 9 (SIGKILL)")
            #expect(try outcome("time").reason == .timeout)
            #expect(try outcome("cancelled").reason == .cancelled)
            let resumed = try outcome("resumes")
            #expect(resumed.reason == .done && resumed.attempt == 2)
            #expect(try bench.read("starts") == "x\nx\n")
            #expect(try bench.wait { try cluster.queue().isEmpty })
        }
    }
}
