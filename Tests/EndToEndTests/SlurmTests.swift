import Foundation
import Store
import System
import Testing
import Text

extension ClusterTests {
    /// Jobs through a real Slurm.
    @Suite("Slurm", .timeLimit(.minutes(20)))
    struct SlurmTests {
        private func outcomes(_ bench: Workbench, _ type: String) throws -> [String: Outcome] {
            var found: [String: Outcome] = [:]
            for job in try bench.jobs(type) {
                let text = try Files.readText(job.parameters)
                let name = try #require(
                    JSON.parse(Array(text.utf8))["objects"]?.array?.first?["fields"]?["what"]?.string)
                found[name] = Outcome.read(job.isDone ? job.done : job.failed)
            }
            return found
        }

        /// A script whose tasks have commands by their names.
        private func script(_ commands: [(name: String, command: String, options: String)]) -> String {
            let cases = commands.map { one in
                let command = one.command.replacing("{", with: "{{").replacing("}", with: "}}")
                return "  { \"\(one.name)\", [==[\(command)]==], \(one.options) },\n"
            }.joined()
            return """
                local xpm = require "xpm"
                local function task(kind, id, command)
                  return kind { id = id, params = { what = xpm.string }, command = command }
                end
                local cases = {
                \(cases)}
                return xpm.experiment { run = function(helper, cfg)
                  for i, case in ipairs(cases) do
                    local kind = case[1] == "resumes" and xpm.resumable_task or xpm.task
                    local T = task(kind, "s.t" .. i, case[2])
                    T { what = case[1] }:submit(case[3])
                  end
                end }
                """
        }

        private func all(_ bench: Workbench, _ count: Int) throws -> [String: Outcome] {
            var found: [String: Outcome] = [:]
            for index in 1...count { found.merge(try outcomes(bench, "s.t\(index)")) { $1 } }
            return found
        }

        @Test("each end is told as what it was: code, signal, time, cancelled, and a resumable task goes on")
        func ends() throws {
            let cluster = try SlurmCluster()
            let bench = cluster.bench
            try bench.write(
                script([
                    (
                        "done", "echo $XPM_CORES $XPM_MEMORY $OMP_NUM_THREADS",
                        "{ requires = \"cpu(cores=2, mem=100M)\" }"
                    ),
                    ("code", "exit 3", "{}"), ("signal", "kill -9 $$", "{}"),
                    ("term", "kill -15 $$", "{}"),
                    ("time", "sleep 60", "{ requires = \"duration=2s\" }"),
                    ("cancelled", "scancel ${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; sleep 60", "{}"),
                    (
                        "resumes", "echo x >> n; test $(wc -l < n) = 3 || sleep 60",
                        "{ requires = \"duration=2s\" }"
                    ),
                ]), to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 1, "\(run)")
            let found = try all(bench, 7)
            #expect(found["done"]?.reason == .done)
            let words = try Files.readText(try #require(bench.jobs("s.t1").first).output)
            #expect(words == "2 100000000 2\n")
            #expect(found["code"]?.text == "exit code 3")
            #expect(found["signal"]?.text == "killed by signal 9 (SIGKILL)")
            #expect(found["term"]?.text == "killed by signal 15 (SIGTERM)")
            #expect(found["time"]?.reason == .timeout, "\(String(describing: found["time"]))")
            #expect(found["cancelled"]?.reason == .cancelled, "\(String(describing: found["cancelled"]))")
            #expect(found["resumes"]?.reason == .done && found["resumes"]?.attempt == 3)
            #expect(run.error.contains("7 tasks: 2 done, 4 failed, 1 cancelled"), "\(run.error)")
            #expect(try bench.wait { try cluster.queue().isEmpty })
            // Nothing is left of the arrays.
            let left = try Files.list("\(bench.folder)/workspace/.xpm-batches").filter { $0 != "ends" }
            #expect(left.isEmpty, "\(left)")
            #expect(try Files.list("\(bench.folder)/workspace/.xpm-batches/ends/s").isEmpty)
            #expect(try Files.list("\(bench.folder)/workspace/.xpm-locks").isEmpty)
        }

        @Test("a node that goes down, and a job that Slurm begins again by itself: it runs to its end, once")
        func lost() throws {
            let cluster = try SlurmCluster()
            let bench = cluster.bench
            let first = "echo x >> \(bench.folder)/starts; test $(wc -l < \(bench.folder)/starts) != 1 ||"
            let second = "echo x >> \(bench.folder)/again; test $(wc -l < \(bench.folder)/again) != 1 ||"
            try bench.write(
                script([
                    (
                        "down",
                        "\(first) { scontrol update NodeName=$SLURMD_NODENAME State=DOWN Reason=test; sleep 60; }",
                        "{}"
                    ),
                    (
                        "requeued",
                        "\(second) { scontrol requeue ${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; sleep 60; }",
                        "{ slurm = { requeue = true } }"
                    ),
                ]), to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 0 && run.error.contains("2 tasks: 2 done"), "\(run)")
            #expect(try bench.read("starts") == "x\nx\n")
            #expect(try bench.read("again").hasPrefix("x\n"))
            #expect(try cluster.queue().isEmpty)
        }

        @Test("sbatch that fails three times, or that is refused; arrays no longer than the site allows")
        func submission() throws {
            let cluster = try SlurmCluster(["SLURM_MAXARRAY": "10"], path: "bin")
            let bench = cluster.bench
            try bench.write(
                """
                #!/bin/sh
                echo x >> \(bench.folder)/calls
                if [ $(wc -l < \(bench.folder)/calls) -le 3 ]; then
                  echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2
                  exit 1
                fi
                exec /usr/bin/sbatch "$@"
                """, to: "bin/sbatch", mode: 0o777)
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, command = "echo {n} >> \(bench.folder)/ran" }
                local B = xpm.task { id = "s.b", params = { n = xpm.int }, command = "true" }
                return xpm.experiment { run = function(helper, cfg)
                  for n = 1, 25 do T { n = n }:submit() end
                  B { n = 1 }:submit { slurm = { constraint = "nosuch" } }
                end }
                """, to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 1 && run.error.contains("26 tasks: 25 done, 1 failed"), "\(run)")
            #expect(run.error.contains("sbatch: Batch job submission failed: Invalid feature specification"))
            #expect(try bench.read("ran").split(separator: "\n").count == 25)
            let indices = try cluster.slurm("squeue", "-h", "-r", "-t", "all", "-o", "%K").split(
                separator: "\n")
            #expect(indices.count == 25 && indices.compactMap { Int($0) }.max() == 9)
        }

        @Test(
            "the setup of a launcher holds for the job; one that fails is a failure to launch, with its words"
        )
        func setup() throws {
            let cluster = try SlurmCluster()
            let bench = cluster.bench
            try bench.write(
                """
                local xpm = require "xpm"
                xpm.launchers.slurm { setup = "export WORD='it is' ; ulimit -n 100", export = "none" }
                xpm.launchers.slurm { name = "bad", setup = "true\\nmodule load nosuch\\necho not here" }
                """, to: "config/xpm/launchers.lua")
            try bench.write(
                script([
                    ("good", "echo $WORD $(ulimit -n) ${XPM_LEAK:-none}", "{ launcher = \"slurm\" }"),
                    ("bad", "echo no", "{ launcher = \"bad\" }"),
                ]), to: "s.lua")
            let run = try bench.run(
                "run", "s.lua", environment: cluster.environment.merging(["XPM_LEAK": "leaked"]) { $1 })
            #expect(run.code == 1, "\(run)")
            #expect(try Files.readText(try #require(bench.jobs("s.t1").first).output) == "it is 100 none\n")
            let bad = try #require(try all(bench, 2)["bad"])
            #expect(bad.reason == .launch && bad.text.contains("setup") && bad.text.contains("127"), "\(bad)")
            #expect(run.error.contains("module: command not found"), "\(run.error)")
        }

        @Test("a run that is killed again and again: each job runs once, and nothing is left in the queue")
        func killed() throws {
            let cluster = try SlurmCluster()
            let bench = cluster.bench
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int },
                  command = "mkdir -p \(bench.folder)/ran; echo x >> \(bench.folder)/ran/{n}; sleep 1.2" }
                local U = xpm.task { id = "s.u", params = { t = T },
                  command = "echo x >> \(bench.folder)/ran/after-{t.n}" }
                return xpm.experiment { run = function(helper, cfg)
                  for n = 1, 25 do U { t = T { n = n }:submit() }:submit() end
                end }
                """, to: "s.lua")
            try cluster.runAndKill("s.lua", times: 50, after: 20_000...900_000)
            let last = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(last.code == 0, "\(last)")
            let ran = try Files.list("\(bench.folder)/ran")
            #expect(ran.count == 50)
            for name in ran { #expect(try bench.read("ran/\(name)") == "x\n", "\(name)") }
            #expect(try bench.wait { try cluster.queue().isEmpty })
        }

        @Test("jobs kill ends a job of Slurm that runs and one that waits; both are cancelled")
        func stop() throws {
            let cluster = try SlurmCluster(nodes: 1, cores: 1)
            let bench = cluster.bench
            try bench.write(script([("one", "sleep 60", "{}"), ("two", "sleep 60", "{}")]), to: "s.lua")
            let (process, tag) = try bench.start(
                ["run", "s.lua", "--launcher", "slurm"], environment: cluster.environment)
            #expect(
                try bench.wait {
                    let states = try cluster.queue().joined(separator: " ")
                    return states.contains("RUNNING") && states.contains("PENDING")
                })
            #expect(
                try bench.wait {
                    let list = try cluster.xpm("jobs", "list").output
                    return list.contains("running") && list.contains("waiting")
                        && list.contains("Slurm: Resources")
                })
            #expect(try cluster.xpm("jobs", "show").output.contains("reason      Slurm: Resources"))
            let killed = try cluster.xpm("jobs", "kill", "--perform", "s.t1", "s.t2")
            #expect(killed.code == 0 && killed.error.contains("2 jobs stopped"), "\(killed)")
            #expect(try cluster.queue().isEmpty)
            let run = try bench.finish(process, tag)
            #expect(run.error.contains("2 tasks: 2 cancelled"), "\(run.error)")
        }

        @Test("two jobs with a GPU each never have the same one")
        func gpus() throws {
            let cluster = try SlurmCluster(nodes: 1, cores: 4, ["SLURM_GPUS": "2"])
            let bench = cluster.bench
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, requires = "cuda(mem=8G)",
                  command = "mkdir \(bench.folder)/gpu$CUDA_VISIBLE_DEVICES && sleep 0.2 && rmdir \(bench.folder)/gpu$CUDA_VISIBLE_DEVICES && echo $CUDA_VISIBLE_DEVICES" }
                return xpm.experiment { run = function(helper, cfg) for n = 1, 8 do T { n = n }:submit() end end }
                """, to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 0, "\(run)")
            let devices = try bench.jobs("s.t").map { try Files.readText($0.output).trimmed }
            #expect(TextSet(devices).ordered == ["0", "1"])
        }

        @Test("what is done needs no command of Slurm; Ctrl-C takes back what waits")
        func quiet() throws {
            let cluster = try SlurmCluster(nodes: 1, cores: 1, path: "bin")
            let bench = cluster.bench
            for name in ["sbatch", "squeue", "scontrol", "sacct", "scancel"] {
                try bench.write(
                    "#!/bin/sh\necho \(name) >> \(bench.folder)/calls\nexec /usr/bin/\(name) \"$@\"\n",
                    to: "bin/\(name)", mode: 0o777)
            }
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, command = "sleep {n}" }
                return xpm.experiment { run = function(helper, cfg) for _, n in ipairs(helper.args) do T { n = math.tointeger(n) }:submit() end end }
                """, to: "s.lua")
            let first = try cluster.xpm("run", "s.lua", "--launcher", "slurm", "--", "0")
            #expect(first.code == 0, "\(first)")
            #expect(try bench.read("calls").contains("sbatch\n"))
            try Files.remove("\(bench.folder)/calls")
            let second = try cluster.xpm("run", "s.lua", "--launcher", "slurm", "--", "0")
            #expect(second.code == 0 && !Files.exists("\(bench.folder)/calls"), "\(second)")
            let (process, tag) = try bench.start(
                ["run", "s.lua", "--launcher", "slurm", "--", "3", "4", "5"], environment: cluster.environment
            )
            #expect(try bench.wait { try bench.jobs("s.t").contains { Files.exists($0.process) } })
            process.interrupt()
            let run = try bench.finish(process, tag)
            #expect(run.code == 130 && run.error.contains("3 tasks: 1 done, 2 not run"), "\(run)")
            #expect(try cluster.queue().isEmpty)
        }

        @Test("the iris example, unchanged: the same jobs and the same table as on this machine")
        func iris() throws {
            let cluster = try SlurmCluster()
            let example = "\(Workbench.root)/Examples/iris/full.yaml"
            let dry = try cluster.xpm("run", "--dry-run", example, "--launcher", "slurm")
            #expect(
                dry.error.contains("slurm: 155 jobs in 1 array (debug); the first may start 20"),
                "\(dry.error)")
            let there = try cluster.xpm("run", "-q", example, "--launcher", "slurm", "--workdir", "there")
            let here = try cluster.xpm("run", "-q", example, "--workdir", "here")
            #expect(there.code == 0 && here.code == 0, "\(there)")
            let tables = try ["there", "here"].map { place in
                try cluster.xpm("results", "iris", "--workdir", place, "--format", "csv").output
            }
            #expect(tables[0] == tables[1] && tables[0].split(separator: "\n").count > 10)
            let names = try ["there", "here"].map { place in
                try Files.list("\(cluster.bench.folder)/\(place)/jobs").sorted().map { type in
                    try Files.list("\(cluster.bench.folder)/\(place)/jobs/\(type)").sorted()
                }
            }
            #expect(names[0] == names[1])
        }

        @Test("the compress example, unchanged: the same jobs, and programs that give their files back")
        func compress() throws {
            let cluster = try SlurmCluster()
            let example = "\(Workbench.root)/Examples/compress/full.yaml"
            let there = try cluster.xpm("run", "-q", example, "--launcher", "slurm", "--workdir", "there")
            let here = try cluster.xpm("run", "-q", example, "--workdir", "here")
            #expect(there.code == 0 && here.code == 0, "\(there)")
            let names = try ["there", "here"].map { place in
                try Files.list("\(cluster.bench.folder)/\(place)/jobs").sorted().map { type in
                    try Files.list("\(cluster.bench.folder)/\(place)/jobs/\(type)").sorted()
                }
            }
            #expect(names[0] == names[1] && names[0].count > 1)
            let best = try ["there", "here"].map { place in
                try Files.readText(
                    "\(try #require(try cluster.bench.jobs("compress.best", workspace: place).first).path)/results.json"
                )
            }
            #expect(best[0] == best[1])
        }

        @Test(
            "where the user has jobs of his own in the queue, and a limit, all of a run's jobs are done in the end"
        )
        func foreignJobs() throws {
            let cluster = try SlurmCluster(cores: 2, path: "bin")
            let bench = cluster.bench
            // A site that takes no more than 20 of the user's jobs: sbatch of one that has no accounting has no limit.
            try bench.write(
                """
                #!/bin/bash
                n=1; for word; do case $word in --array=*) last=${word#--array=0-}; n=$((last + 1)) ;; esac; done
                have=$(squeue -h -r -t PENDING,RUNNING,COMPLETING -o x | wc -l)
                if [ $((have + n)) -gt 20 ]; then
                  echo "sbatch: error: AssocMaxSubmitJobLimit" >&2
                  echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)" >&2
                  exit 1
                fi
                exec /usr/bin/sbatch "$@"
                """, to: "bin/sbatch", mode: 0o755)
            for _ in 0..<5 {
                _ = try cluster.slurm("/usr/bin/sbatch", "--wrap=sleep 6", "--output=/dev/null")
            }
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, command = "echo x >> \(bench.folder)/ran{n}" }
                return xpm.experiment { run = function(helper, cfg) for n = 1, 60 do T { n = n }:submit() end end }
                """, to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 0 && run.error.contains("the rest waits until it takes more"), "\(run)")
            for n in 1...60 { #expect(try bench.read("ran\(n)") == "x\n", "\(n)") }
        }

        @Test("a job that Slurm would never begin fails with its reason")
        func hopeless() throws {
            let cluster = try SlurmCluster()
            try cluster.slurm("scontrol", "update", "PartitionName=debug", "MaxTime=1")
            try cluster.bench.write(script([("long", "true", "{ requires = \"duration=5m\" }")]), to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(
                run.code == 1 && run.error.contains("Slurm would never begin it: PartitionTimeLimit"),
                "\(run)")
            #expect(try cluster.queue().isEmpty)
        }

        @Test("three hosts that do not see each other's flock run one workspace: each task once")
        func hosts() throws {
            let cluster = try SlurmCluster(["SLURM_HOSTS": "1", "SLURM_SHARE": "@"])
            let bench = cluster.bench
            for name in ["a", "b", "c"] {
                try bench.write(
                    """
                    local xpm = require "xpm"
                    local T = xpm.task { id = "s.t", params = { n = xpm.int },
                      command = "mkdir -p \(bench.folder)/ran; echo $(hostname) >> \(bench.folder)/ran/{n}; sleep 0.2" }
                    return xpm.experiment { run = function(helper, cfg) for n = 1, 30 do T { n = n }:submit() end end }
                    """, to: "\(name).lua")
            }
            let login = try bench.start(
                ["run", "a.lua", "--launcher", "slurm"], environment: cluster.environment)
            let nodes = try [("n1", "b", "direct"), ("n2", "c", "slurm")].map { node, name, launcher in
                try bench.start(
                    [
                        "-w", node, "-n", "1", "--chdir", bench.folder, Workbench.xpm, "run", "\(name).lua",
                        "-j",
                        "2",
                        "--launcher", launcher,
                    ], program: "/usr/bin/srun", environment: cluster.environment)
            }
            for one in [login] + nodes {
                let result = try bench.finish(one.process, one.tag)
                #expect(result.code == 0, "\(result)")
            }
            let ran = try Files.list("\(bench.folder)/ran")
            #expect(ran.count == 30)
            for name in ran {
                #expect(try bench.read("ran/\(name)").split(separator: "\n").count == 1, "\(name)")
            }
            #expect(try cluster.queue().isEmpty)
        }

        @Test("a node loses its power: its job runs again elsewhere")
        func power() throws {
            let cluster = try SlurmCluster(["SLURM_HOSTS": "1", "SLURM_SHARE": "@"])
            let bench = cluster.bench
            try bench.write(
                script([
                    (
                        "one",
                        "hostname >> \(bench.folder)/hosts; test $(wc -l < \(bench.folder)/hosts) != 1 || sleep 600",
                        "{}"
                    )
                ]),
                to: "s.lua")
            let (process, tag) = try bench.start(
                ["run", "s.lua", "--launcher", "slurm"], environment: cluster.environment)
            #expect(try bench.wait { Files.size(of: "\(bench.folder)/hosts") > 1 })
            let first = try bench.read("hosts").trimmed
            kill(try #require(try cluster.host(String(first))), SIGKILL)
            let run = try bench.finish(process, tag)
            #expect(run.code == 0, "\(run)")
            let hosts = try bench.read("hosts").split(separator: "\n")
            #expect(hosts.count == 2 && hosts[0] != hosts[1])
        }

        @Test(
            "launchers generate writes what check then finds to work; a partition that is down, and a full one, are told"
        )
        func site() throws {
            let cluster = try SlurmCluster(["SLURM_GPUS": "2"])
            let bench = cluster.bench
            let kept = try cluster.xpm("launchers", "generate", "slurm")
            #expect(kept.code == 2 && kept.error.contains("is there, and left as it is"), "\(kept)")
            let shown = try cluster.xpm("launchers", "generate", "slurm", "--print")
            #expect(
                shown.output.contains("{ name = \"debug\", cores = 4, memory = \"1000MiB\", gpus = 2 }"),
                "\(shown)")
            try Files.remove("\(bench.folder)/config/xpm/launchers.lua")
            #expect(try cluster.xpm("launchers", "generate", "slurm").code == 0)
            let check = try cluster.xpm("launchers", "check", "slurm", "--workdir", "w")
            #expect(check.code == 0 && check.output.hasPrefix("ok  debug  on "), "\(check)")
            #expect(try Files.list("\(bench.folder)/w/.xpm-batches").isEmpty)
            try cluster.slurm("scontrol", "update", "NodeName=n1,n2", "State=DRAIN", "Reason=test")
            try bench.write("workspaces: [{ id: s, path: w }]\n", to: "config/xpm/settings.yaml")
            let waiting = try cluster.xpm("launchers", "check", "slurm", "--workspace", "s", "--wait", "2")
            #expect(
                waiting.code == 1 && waiting.output.contains("it still waits after 2.0 s ("), "\(waiting)")
            #expect(try bench.wait { try cluster.queue().isEmpty })
            try cluster.slurm("scontrol", "update", "NodeName=n1,n2", "State=RESUME")
            try bench.write(
                "require('xpm').launchers.slurm { name = 'odd', setup = 'cd /nosuch' }",
                to: "config/xpm/launchers.lua")
            let odd = try cluster.xpm("launchers", "check", "odd", "--workdir", "w", "--wait", "5")
            #expect(
                odd.code == 1 && odd.output.contains("it failed: ") && odd.output.contains("/nosuch"),
                "\(odd)")
        }

        @Test("pilots take many jobs in few allocations, also what comes later; they leave with the run")
        func pilots() throws {
            let cluster = try SlurmCluster(path: "bin")
            let bench = cluster.bench
            try bench.write(
                "#!/bin/sh\necho x >> \(bench.folder)/calls\nexec /usr/bin/sbatch \"$@\"\n", to: "bin/sbatch",
                mode: 0o777)
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, command = "echo $SLURM_ARRAY_TASK_ID; exit {n}" }
                local U = xpm.task { id = "s.u", params = { t = T, n = xpm.int }, execute = function(self) self:result { n = self.n } end }
                return xpm.experiment { run = function(helper, cfg)
                  local t = T { n = 0 }:submit { pack = true }
                  for n = 1, 60 do U { t = t, n = n }:submit { pack = true } end
                  T { n = 7 }:submit { pack = true }
                end }
                """, to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 1 && run.error.contains("62 tasks: 61 done, 1 failed"), "\(run)")
            #expect(run.error.contains("exit code 7"))
            #expect(try bench.read("calls").split(separator: "\n").count <= 2)
            #expect(try bench.wait { try cluster.queue().isEmpty })
            #expect(try Files.list("\(bench.folder)/workspace/.xpm-batches") == ["ends"])
            #expect(try Files.list("\(bench.folder)/workspace/.xpm-locks").isEmpty)
        }

        @Test(
            "a pilot that is killed, and a run that is: each packed job ends, and those that ended do not run again"
        )
        func pilotsKilled() throws {
            let cluster = try SlurmCluster()
            let bench = cluster.bench
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int },
                  command = "mkdir -p \(bench.folder)/ran; echo x >> \(bench.folder)/ran/{n}; test {n} != 5 -o $(wc -l < \(bench.folder)/ran/{n}) != 1 || kill -9 $PPID; sleep 0.1" }
                return xpm.experiment { run = function(helper, cfg)
                  for n = 1, 60 do T { n = n }:submit { pack = true } end
                end }
                """, to: "s.lua")
            try cluster.runAndKill("s.lua", times: 4, after: 100_000...1_500_000)
            let last = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(last.code == 0, "\(last)")
            let ran = try Files.list("\(bench.folder)/ran")
            #expect(ran.count == 60)
            for name in ran {
                #expect(try bench.read("ran/\(name)") == (name == "5" ? "x\nx\n" : "x\n"), "\(name)")
            }
        }

        @Test(
            "a pilot of four jobs at a time: each has GPUs of its own; one that is killed leaves the others alone"
        )
        func lanes() throws {
            let cluster = try SlurmCluster(nodes: 1, cores: 4, ["SLURM_GPUS": "4"])
            let bench = cluster.bench
            let place = bench.folder
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, requires = "cuda(mem=8G) & cpu(cores=1, mem=50M)",
                  command = "mkdir \(place)/gpu$CUDA_VISIBLE_DEVICES && echo x >> \(place)/ran{n}; sleep 0.4; rmdir \(place)/gpu$CUDA_VISIBLE_DEVICES; echo $CUDA_VISIBLE_DEVICES" }
                local L = xpm.task { id = "s.long", params = {}, requires = "cuda(mem=8G) & cpu(cores=1, mem=50M)", command = "sleep 60" }
                local K = xpm.task { id = "s.killer", params = {}, requires = "cuda(mem=8G) & cpu(cores=1, mem=50M)",
                  command = "echo x >> \(place)/killer; test $(wc -l < \(place)/killer) != 1 || kill -9 $PPID; sleep 0.5" }
                return xpm.experiment { run = function(helper, cfg)
                  L {}:submit { pack = 4 }
                  K {}:submit { pack = 4 }
                  for n = 1, 12 do T { n = n }:submit { pack = 4 } end
                end }
                """, to: "s.lua")
            let (process, tag) = try bench.start(
                ["run", "s.lua", "--launcher", "slurm"], environment: cluster.environment)
            #expect(try bench.wait(seconds: 30) { Files.exists("\(place)/ran3") })
            #expect(try cluster.queue().filter { $0.contains("RUNNING") }.count == 1)
            let killed = try cluster.xpm("jobs", "kill", "--perform", "s.long")
            #expect(killed.code == 0 && killed.error.contains("1 job stopped"), "\(killed)")
            let run = try bench.finish(process, tag)
            #expect(run.code == 1 && run.error.contains("14 tasks: 13 done, 1 cancelled"), "\(run)")
            let devices = try bench.jobs("s.t").map { try Files.readText($0.output).trimmed }
            #expect(
                devices.count == 12 && devices.allSatisfy { ["0", "1", "2", "3"].contains($0) }, "\(devices)")
            #expect(TextSet(devices).count > 2)
            for n in 1...12 { #expect(try bench.read("ran\(n)") == "x\n") }
            #expect(try bench.read("killer") == "x\nx\n")
            #expect(try bench.wait { try cluster.queue().isEmpty })
        }

        @Test("pilots on two hosts never have the same job")
        func pilotsOfHosts() throws {
            let cluster = try SlurmCluster(cores: 2, ["SLURM_HOSTS": "1", "SLURM_SHARE": "@"])
            let bench = cluster.bench
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, requires = "cpu(cores=2)",
                  command = "echo $(hostname) >> \(bench.folder)/ran{n}; sleep 0.4" }
                return xpm.experiment { run = function(helper, cfg)
                  for n = 1, 16 do T { n = n }:submit { pack = true } end
                end }
                """, to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 0, "\(run)")
            var hosts: [String] = []
            for n in 1...16 {
                let ran = try bench.read("ran\(n)").split(separator: "\n")
                #expect(ran.count == 1, "\(n): \(ran)")
                hosts += ran.map { String($0) }
            }
            #expect(TextSet(hosts).count == 2, "\(hosts)")
        }

        @Test(
            "a job of two nodes: each program has its rank and reaches the first node; a failure ends all of it"
        )
        func nodes() throws {
            let cluster = try SlurmCluster(cores: 2, ["SLURM_HOSTS": "1", "SLURM_SHARE": "@"])
            let bench = cluster.bench
            try bench.write(
                """
                import os, socket, sys, time
                rank, count = int(os.environ["SLURM_PROCID"]), int(os.environ["XPM_NODE_COUNT"])
                address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
                assert address == os.environ["XPM_NODES"].split(",")[0]
                if rank == 0:
                    server = socket.create_server(("", port))
                    for _ in range(count - 1):
                        peer, _ = server.accept()
                        print("heard", peer.recv(100).decode())
                else:
                    for _ in range(100):
                        try: peer = socket.create_connection(("127.0.0.1", port)); break
                        except OSError: time.sleep(0.1)
                    peer.sendall(f"rank {rank} on {socket.gethostname()}".encode())
                if sys.argv[1] == "fail" and rank == 1: sys.exit(3)
                if sys.argv[1] == "fail": time.sleep(60)
                """, to: "meet.py")
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { how = xpm.string }, requires = "nodes=2 & duration=5m & cpu(cores=2)",
                  command = "{srun} python3 {here}/meet.py {how}" }
                return xpm.experiment { run = function(helper, cfg)
                  T { how = "well" }:submit()
                  T { how = "wrapped" }:submit { wrap = { "env", "INSIDE=1" } }
                  T { how = "fail" }:submit()
                end }
                """, to: "s.lua")
            let dry = try cluster.xpm("run", "s.lua", "--launcher", "slurm", "--dry-run")
            #expect(dry.code == 0 && (dry.output + dry.error).contains("2 nodes each"), "\(dry)")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 1 && run.error.contains("3 tasks: 2 done, 1 failed"), "\(run)")
            for job in try bench.jobs("s.t") where job.isDone {
                #expect(try Files.readText(job.output).hasPrefix("heard rank 1 on n2"))
            }
            let words = try bench.jobs("s.t").map { JobScript.arguments(in: $0) }
            #expect(words.count { $0.first == "srun" && $0.contains("INSIDE=1") } == 1, "\(words)")
            #expect(words.count { $0.last?.hasPrefix("srun ") ?? false } == 2, "\(words)")
            #expect(try bench.wait { try cluster.queue().isEmpty })
        }

        @Test("sbatch that says it failed, and did not: nothing runs twice, and nothing stays in the queue")
        func uncertain() throws {
            let cluster = try SlurmCluster(path: "bin")
            let bench = cluster.bench
            try bench.write(
                """
                #!/bin/sh
                echo x >> \(bench.folder)/calls
                /usr/bin/sbatch "$@" || exit
                [ $(wc -l < \(bench.folder)/calls) -gt 2 ] && exit 0
                echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2
                exit 1
                """, to: "bin/sbatch", mode: 0o777)
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, command = "mkdir -p \(bench.folder)/ran; echo x >> \(bench.folder)/ran/{n}; sleep 1" }
                return xpm.experiment { run = function(helper, cfg) for n = 1, 12 do T { n = n }:submit() end end }
                """, to: "s.lua")
            let run = try cluster.xpm("run", "s.lua", "--launcher", "slurm")
            #expect(run.code == 0 && run.error.contains("12 tasks: 12 done"), "\(run)")
            for name in try Files.list("\(bench.folder)/ran") {
                #expect(try bench.read("ran/\(name)") == "x\n", "\(name)")
            }
            #expect(try bench.wait { try cluster.queue().isEmpty })
            #expect(try Files.list("\(bench.folder)/workspace/.xpm-batches") == ["ends"])
        }

        @Test("slurmctld away for a while, slurmd and slurmstepd killed: each job ends, once")
        func away() throws {
            let cluster = try SlurmCluster(nodes: 1, cores: 2)
            let bench = cluster.bench
            try bench.write(
                """
                local xpm = require "xpm"
                local T = xpm.task { id = "s.t", params = { n = xpm.int }, command = "mkdir -p \(bench.folder)/ran; echo x >> \(bench.folder)/ran/{n}; sleep 3" }
                return xpm.experiment { run = function(helper, cfg) for n = 1, 5 do T { n = n }:submit() end end }
                """, to: "s.lua")
            let (process, tag) = try bench.start(
                ["run", "s.lua", "--launcher", "slurm"], environment: cluster.environment)
            #expect(try bench.wait { Files.exists("\(bench.folder)/ran") })
            // Its jobs go on, and are seen to end.
            try cluster.signal("slurmctld", SIGSTOP)
            #expect(try bench.wait { try bench.jobs("s.t").contains { $0.isDone } })
            usleep(8_000_000)
            try cluster.signal("slurmctld", SIGCONT)
            #expect(try bench.wait(seconds: 40) { (try? Files.list("\(bench.folder)/ran"))?.count ?? 0 >= 3 })
            try cluster.killSteps()
            try cluster.signal("slurmd-", SIGKILL)
            usleep(4_000_000)
            try cluster.start("slurmd", "-N", "n1")
            // Slurm still takes the two for running; the last one needs what they hold.
            let run = try bench.finish(process, tag)
            #expect(run.code == 0 && run.error.contains("5 tasks: 5 done"), "\(run)")
            for name in try Files.list("\(bench.folder)/ran") {
                #expect(try bench.read("ran/\(name)") == "x\n", "\(name)")
            }
        }
    }
}
