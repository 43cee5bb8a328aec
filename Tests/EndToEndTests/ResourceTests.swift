import Foundation
import Store
import System
import Testing
import Text

/// Requirements, time limits and retries, with real processes.
@Suite("Resources, time and retries", .timeLimit(.minutes(20)))
struct ResourceTests {
    private func bench(_ script: String) throws -> Workbench {
        let bench = try Workbench()
        try bench.write("local xpm = require \"xpm\"\n" + script, to: "r.lua")
        return bench
    }

    /// A machine of two GPUs, as nvidia-smi tells of it: the files `used` and `apps` say who uses the first.
    private func twoGPUs(_ bench: Workbench) throws {
        try bench.write(
            """
            #!/bin/sh
            cd \(bench.folder)
            case "$*" in
            *memory.total*) printf '0, GPU-aaaa, 24564\\n1, GPU-bbbb, 8192\\n' ;;
            *memory.used*) printf '0, GPU-aaaa, %s\\n1, GPU-bbbb, 12\\n' "$(cat used 2>/dev/null || echo 12)" ;;
            *compute-apps*) cat apps 2>/dev/null || : ;;
            esac

            """, to: "tools/nvidia-smi", mode: 0o755)
    }

    @Test("each GPU job has a GPU of its own, large enough; the next starts when one is free")
    func gpus() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.gpu", params = { n = xpm.int, mem = xpm.string { meta = true } },
              command = "echo start $CUDA_VISIBLE_DEVICES >>$TALLY; sleep 0.2; echo end $CUDA_VISIBLE_DEVICES >>$TALLY" }
            function run()
              for n = 1, 4 do T { n = n, mem = "4G" }:submit { requires = "cuda(mem=4G)" } end
              for n = 5, 6 do T { n = n, mem = "16G" }:submit { requires = "cuda(mem=16G)" } end
              T { n = 7, mem = "all" }:submit { requires = "cuda() * 2" }
            end
            """)
        try twoGPUs(bench)
        let environment = [
            "TALLY": "\(bench.folder)/tally", "PATH": "\(bench.folder)/tools:\(Environment["PATH"] ?? "")",
        ]
        let result = try bench.run("run", "-j", "8", "r.lua", environment: environment)
        #expect(result.code == 0, "\(result.error)")
        var busy: Set<Substring> = []
        var used: [String] = []
        for line in try bench.read("tally").split(separator: "\n") {
            let words = line.split(separator: " ")
            for device in words[1].split(separator: ",") {
                if words[0] == "start" {
                    #expect(busy.insert(device).inserted, "two on GPU \(device)")
                } else {
                    busy.remove(device)
                }
            }
            if words[0] == "start" { used.append(String(words[1])) }
        }
        #expect(used.count == 7 && Set(used).subtracting(["0", "1", "1,0"]).isEmpty, "\(used)")
        #expect(used.count { $0 == "0" } >= 2)
    }

    @Test("two xpm on one workspace give no GPU twice, and a killed holder's is free again")
    func gpusOfTwo() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.gpu", params = { n = xpm.int },
              command = "echo start $CUDA_VISIBLE_DEVICES >>$TALLY; sleep 0.1; echo end $CUDA_VISIBLE_DEVICES >>$TALLY" }
            function run(helper)
              local first = tonumber(helper.args[1])
              for n = first, first + 4 do T { n = n }:submit { requires = "cuda()" } end
            end
            """)
        try bench.write("machine: { gpus: [8G] }\n", to: "config/xpm/settings.yaml")
        try bench.write("id: two\nfile: r\n", to: "two.yaml")
        let environment = ["TALLY": "\(bench.folder)/tally"]
        let runs = try [["run", "r.lua", "--", "1"], ["run", "two.yaml", "--", "11"]].map {
            try bench.start($0, environment: environment)
        }
        for run in runs { #expect(try bench.finish(run.process, run.tag).code == 0) }
        let words = try bench.read("tally").split(separator: "\n")
        #expect(words.count == 20)
        for (index, word) in words.enumerated() { #expect(word == (index % 2 == 0 ? "start 0" : "end 0")) }
    }

    @Test("runs in two workspaces give no GPU twice, and no more cores than the machine has")
    func twoWorkspaces() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.part", params = { n = xpm.int },
              command = "echo start >>$TALLY; sleep 0.15; echo end >>$TALLY" }
            local G = xpm.task { id = "r.gpu", params = { n = xpm.int },
              command = "echo start >>$TALLY.gpu; sleep 0.1; echo end >>$TALLY.gpu" }
            function run()
              for n = 1, 4 do
                T { n = n }:submit { requires = "cpu(cores=2)" }
                G { n = n }:submit { requires = "cuda()" }
              end
            end
            """)
        try bench.write("machine: { cores: 4, memory: 8G, gpus: [8G] }\n", to: "config/xpm/settings.yaml")
        let environment = ["TALLY": "\(bench.folder)/tally"]
        let runs = try ["one", "two", "three"].map {
            try bench.start(["run", "r.lua", "-j", "4", "--workdir", $0], environment: environment)
        }
        for run in runs {
            let result = try bench.finish(run.process, run.tag)
            #expect(result.code == 0, "\(result.error)")
        }
        func most(_ name: String) throws -> Int {
            var (now, most) = (0, 0)
            for line in try bench.read(name).split(separator: "\n") {
                now += line == "start" ? 1 : -1
                most = max(most, now)
            }
            return most
        }
        #expect(try bench.read("tally").split(separator: "\n").count == 24)
        #expect(try most("tally") == 2)
        #expect(try bench.read("tally.gpu").split(separator: "\n").count == 24)
        #expect(try most("tally.gpu") == 1)
        let left = try Files.list("\(bench.folder)/state/xpm/machines/\(Environment.hostName)/uses")
        #expect(left.isEmpty, "\(left)")
    }

    @Test("what a killed job had of the machine is free again, and what it says of who has it is told")
    func killedShare() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.part", params = { n = xpm.int },
              command = "echo $$ >>$TALLY; sleep {n}" }
            function run(helper)
              T { n = tonumber(helper.args[1]) }:submit { requires = "cpu(cores=3, mem=1G)" }
            end
            """)
        try bench.write("machine: { cores: 4, memory: 8G }\n", to: "config/xpm/settings.yaml")
        let environment = ["TALLY": "\(bench.folder)/tally"]
        let first = try bench.start(
            ["run", "r.lua", "--workdir", "one", "--", "600"], environment: environment)
        #expect(try bench.wait { Files.size(of: "\(bench.folder)/tally") > 0 })
        let second = try bench.start(
            ["run", "r.lua", "--workdir", "two", "--", "0"], environment: environment)
        #expect(
            try bench.wait {
                (try? bench.read(".\(second.tag).err"))?.contains(
                    "waits for 3 cores and 1.0 GB of memory: 3 of 4 cores and 1.0 GB of 8.0 GB held by r.part "
                )
                    ?? false
            })
        let pid = try #require(Int32(try bench.read("tally").split(separator: "\n")[0]))
        first.process.terminate()
        kill(-pid, SIGKILL)
        kill(pid, SIGKILL)
        let result = try bench.finish(second.process, second.tag)
        #expect(result.code == 0, "\(result)")
        _ = try bench.finish(first.process, first.tag)
    }

    @Test(
        "a GPU that another program uses is passed over; where all are in use, a job waits and says who uses it"
    )
    func busyGPUs() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.gpu", params = { n = xpm.int },
              command = "echo $CUDA_VISIBLE_DEVICES $HIP_VISIBLE_DEVICES >>$TALLY" }
            function run(helper)
              T { n = 1 }:submit { requires = "cuda(mem=1G)" }
              if helper.args[1] then T { n = 2 }:submit { requires = "cuda(mem=20G)" } end
            end
            """)
        try twoGPUs(bench)
        let environment = [
            "TALLY": "\(bench.folder)/tally", "PATH": "\(bench.folder)/tools:\(Environment["PATH"] ?? "")",
        ]
        // The smaller one is used by this very process.
        try bench.write("GPU-bbbb, \(getpid()), 700\n", to: "apps")
        #expect(try bench.run("run", "r.lua", environment: environment).code == 0)
        #expect(try bench.read("tally") == "0 0\n")
        // The larger one by somebody who is not seen.
        try bench.write("21504", to: "used")
        let run = try bench.start(
            ["run", "r.lua", "--workdir", "two", "--", "both"], environment: environment)
        #expect(
            try bench.wait {
                let said = (try? bench.read(".\(run.tag).err")) ?? ""
                return said.contains("waits for a GPU, gpu 0 in use by another program, 23 GB")
                    && said.contains("gpu 1 in use by your process \(getpid()) (")
            })
        try Files.remove("\(bench.folder)/used")
        try Files.remove("\(bench.folder)/apps")
        let result = try bench.finish(run.process, run.tag)
        #expect(result.code == 0, "\(result)")
        #expect(try bench.read("tally").split(separator: "\n").count == 3)
        // Who wants it so takes them all the same.
        try bench.write("21504", to: "used")
        try bench.write("machine: { busy_gpus: use }\n", to: "config/xpm/settings.yaml")
        let all = try bench.run("run", "r.lua", "--workdir", "three", "--", "both", environment: environment)
        #expect(all.code == 0, "\(all)")
    }

    @Test(
        "where the user's own folder cannot be used each run counts for itself; a shared one that cannot is an error"
    )
    func noHome() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.t", params = { n = xpm.int }, requires = "cpu(cores=1, mem=50M) & cuda()", command = "true" }
            function run() for n = 1, 4 do T { n = n }:submit() end end
            """)
        try bench.write("machine: { gpus: [8G] }\n", to: "config/xpm/settings.yaml")
        let result = try bench.run(
            "run", "r.lua", "-j", "2", environment: ["XDG_STATE_HOME": "/proc/none"])
        #expect(result.code == 0, "\(result)")
        #expect(Files.exists("\(bench.folder)/workspace/tokens/.gpus/\(Environment.hostName)/0.lock"))
        try bench.write(
            "machine: { gpus: [8G], shared: /proc/none }\n", to: "config/xpm/settings.yaml")
        let shared = try bench.run("run", "r.lua", "--workdir", "two")
        #expect(shared.code == 1 && shared.error.contains("/proc/none"), "\(shared)")
    }

    @Test("GPUs of AMD, and parts of one of NVIDIA, are devices too")
    func otherGPUs() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.gpu", params = { n = xpm.int },
              command = "echo $CUDA_VISIBLE_DEVICES $HIP_VISIBLE_DEVICES >>$TALLY; sleep 0.3" }
            function run()
              T { n = 1 }:submit { requires = "cuda(mem=16G)" }
            end
            """)
        let environment = [
            "TALLY": "\(bench.folder)/tally", "PATH": "\(bench.folder)/tools:\(Environment["PATH"] ?? "")",
        ]
        try bench.write(
            """
            #!/bin/sh
            echo '{"card0": {"VRAM Total Memory (B)": "8589934592", "VRAM Total Used Memory (B)": "0"},
            "card1": {"VRAM Total Memory (B)": "25753026560", "VRAM Total Used Memory (B)": "20"}}'

            """, to: "tools/rocm-smi", mode: 0o755)
        let amd = try bench.run("run", "r.lua", "--workdir", "amd", environment: environment)
        #expect(amd.code == 0, "\(amd)")
        try bench.write(
            """
            #!/bin/sh
            case "$*" in
            *mig.mode*) echo '0, GPU-aaaa, 40960, Enabled' ;;
            -L) echo 'GPU 0: A100 (UUID: GPU-aaaa)'; echo '  MIG 1g.5gb     Device  0: (UUID: MIG-1)'
                echo '  MIG 3g.20gb    Device  1: (UUID: MIG-2)' ;;
            *memory.used*) echo '0, GPU-aaaa, 0' ;;
            esac

            """, to: "tools/nvidia-smi", mode: 0o755)
        let mig = try bench.run("run", "r.lua", "--workdir", "mig", environment: environment)
        #expect(mig.code == 0, "\(mig)")
        #expect(try bench.read("tally") == "1 1\nMIG-2 MIG-2\n")
    }

    @Test("a job that uses more memory than it asked for is ended, with all that it has started, as MEMORY")
    func memoryLimit() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.eat", params = { mb = xpm.int },
              command = "sleep 300 & echo $! >>$TALLY; python3 -c 'import sys, time; x = bytearray(int(sys.argv[1]) * 10**6); time.sleep(1.5)' {mb}; echo over" }
            local F = xpm.task { id = "r.file", params = {},
              command = [[truncate -s 400M data; python3 -c 'import mmap, time; f = open("data", "r+b"); m = mmap.mmap(f.fileno(), 0); sum(m[i] for i in range(0, len(m), 4096)); time.sleep(1.5)'; rm data]] }
            function run(helper)
              if helper.args[1] == "file" then
                F {}:submit { requires = "cpu(mem=100M)" }
              else
                T { mb = 150 }:submit { requires = "cpu(mem=100M..400M)" }
              end
            end
            """)
        let environment = ["TALLY": "\(bench.folder)/tally"]
        let grown = try bench.run("run", "r.lua", environment: environment)
        #expect(
            grown.error.contains("of memory, and had asked for 100 MB; attempt 2 follows"), "\(grown)")
        let children = try bench.read("tally").split(separator: "\n")
        #expect(children.count == 2)
        // The second is left behind by one that has finished.
        #expect(try bench.wait { !Files.exists("/proc/\(children[0])") })
        if let last = Int32(children[1]) { kill(last, SIGKILL) }
        // Pages of a file are the kernel's to take back.
        let file = try bench.run("run", "r.lua", "--", "file")
        #expect(file.code == 0 && !file.error.contains("attempt"), "\(file)")
    }

    @Test("what cannot be had is an error at the line of submit; a dry run asks nothing of the machine")
    func tooMuch() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.t", params = {}, requires = "cpu(cores=4000)", command = "true" }
            function run()
              T {}:submit()
            end
            """)
        let result = try bench.run("run", "r.lua")
        #expect(
            result.code == 2
                && result.error.contains("r.lua:4: r.t requires 4000 cores, of which this machine has "),
            "\(result.error)")
        #expect(try bench.run("run", "--run-mode", "dry-run", "r.lua").code == 0)
    }

    @Test("a resumable task goes on after its time, with its logs kept and its count; a plain one fails")
    func timeouts() throws {
        let bench = try bench(
            """
            local Long = xpm.resumable_task { id = "r.long", params = {}, requires = "duration=1s", max_retries = 5,
              execute = function(self)
                local file = io.open("step")
                local step = file and file:read("n") or 0
                if file then file:close() end
                print("begins at " .. step)
                while step < 5 do
                  assert(self:remaining_time() <= 1)
                  if self:remaining_time() < 0.6 then xpm.graceful_timeout("to be continued") end
                  os.execute("sleep 0.2")
                  step = step + 1
                  local out = io.open("step", "w")
                  out:write(step) out:close()
                end
                self:result { steps = step }
              end }
            local Plain = xpm.task { id = "r.plain", params = {}, command = { "sleep", "30" } }
            local Stubborn = xpm.task { id = "r.stubborn", params = {},
              command = "trap '' TERM; while [ $(date +%s) -lt $((${{XPM_DEADLINE%.*} + 2)) ]; do sleep 0.1; done" }
            function run()
              Long {}:submit()
              Plain {}:submit { requires = "duration=1s" }
              Stubborn {}:submit { requires = "duration=1s" }
            end
            """)
        let result = try bench.run("run", "-j", "3", "r.lua")
        #expect(result.code == 1 && result.error.contains("3 tasks: 2 done, 1 failed"), "\(result.error)")
        #expect(result.error.contains("failed  r.plain"))
        #expect(result.error.contains("its time was over; attempt 2 follows"))
        let long = try #require(try bench.jobs("r.long").first)
        let logs = try Files.list(long.path).filter { $0.hasPrefix("long.2") && $0.hasSuffix(".out") }
        #expect(!logs.isEmpty)
        let attempt = Outcome.read(long.done).attempt
        #expect(attempt == logs.count + 1)
        #expect(try logs.contains { try Files.readText("\(long.path)/\($0)") == "begins at 0\n" })
        let plain = Outcome.read(try #require(try bench.jobs("r.plain").first).failed)
        #expect(plain.reason == .timeout && plain.signal == SIGTERM && plain.attempt == 1)
    }

    @Test("a program that ignores SIGTERM is killed ten seconds after its time")
    func stubborn() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.stubborn", params = {}, command = "trap '' TERM; while :; do sleep 0.2; done" }
            function run() T {}:submit { requires = "duration=1s" } end
            """)
        let result = try bench.run("run", "r.lua")
        #expect(result.code == 1 && result.error.contains("its time was over"), "\(result.error)")
        #expect(try bench.run("failures").output.hasPrefix("1  1 job  its time was over\n"))
        let outcome = Outcome.read(try #require(try bench.jobs("r.stubborn").first).failed)
        #expect(outcome.reason == .timeout && outcome.signal == SIGKILL)
    }

    @Test("a program learns its cores, its attempt and its time")
    func environment() throws {
        let bench = try bench(
            """
            local T = xpm.resumable_task { id = "r.env", params = {},
              command = "echo $XPM_CORES $OMP_NUM_THREADS ${{XPM_ATTEMPT:-1} ${{XPM_DEADLINE:+limited}; [ \\"$XPM_ATTEMPT\\" = 2 ] || exit 75" }
            function run() T {}:submit { requires = "cpu(cores=1) & duration=1h" } end
            """)
        let result = try bench.run("run", "r.lua", environment: ["OMP_NUM_THREADS": ""])
        #expect(result.code == 0, "\(result.error)")
        #expect(
            try Files.readText(try #require(try bench.jobs("r.env").first).output) == "1 1 2 limited\n")
    }

    @Test("a job that kills its own host is given up after three times, and that is its outcome")
    func lost() throws {
        let bench = try bench(
            """
            local T = xpm.task { id = "r.lost", params = {}, command = "kill -9 $PPID; kill -9 $$" }
            function run() T {}:submit() end
            """)
        let result = try bench.run("run", "r.lua")
        #expect(result.code == 1, "\(result.error)")
        #expect(result.error.contains("its process was killed 3 times"))
        let job = try #require(try bench.jobs("r.lost").first)
        #expect(Outcome.read(job.failed).reason == .lost && !Files.exists(job.process))
        #expect(try bench.run("jobs", "list").output.hasPrefix("failed "))
        #expect(try bench.run("failures").output.contains("its process was killed N times"))
        let dry = try bench.run("run", "--run-mode", "dry-run", "r.lua").output
        #expect(dry.contains("failed before"), "\(dry)")
    }

    @Test("a resumable task out of retries goes on in the next run, and its attempts are counted on")
    func budget() throws {
        let bench = try bench(
            """
            local T = xpm.resumable_task { id = "r.count", params = {}, max_retries = 1,
              command = "echo ${{XPM_ATTEMPT:-1} >>tries; exit 75" }
            function run() T {}:submit() end
            """)
        for _ in 1...2 { #expect(try bench.run("run", "r.lua").code == 1) }
        let job = try #require(try bench.jobs("r.count").first)
        #expect(try Files.readText("\(job.path)/tries") == "1\n2\n3\n4\n")
        #expect(Outcome.read(job.failed).attempt == 4)
    }

    @Test("a job that the kernel kills for its memory runs again with more, and knows how much")
    func memory() throws {
        // A control group of this test's own; without one there is no kernel that would kill for so little.
        let group = "/sys/fs/cgroup/memory/xpm-test-\(Environment.processID)"
        guard (try? Files.makeFolder(group)) != nil else { return }
        defer { unsafe _ = rmdir(group) }
        try Files.write(Array("\(120 << 20)".utf8), to: "\(group)/memory.limit_in_bytes")
        let bench = try bench(
            """
            local T = xpm.task { id = "r.big", params = {}, command = { "sh", "{here}/big.sh" } }
            function run() T {}:submit { requires = "cpu(mem=64M..256M)" } end
            """)
        // It takes more than the group has until it has been given 200 MB.
        try bench.write(
            """
            echo "$XPM_MEMORY"
            [ "$XPM_MEMORY" -ge 200000000 ] && exit 0
            echo $$ >\(group)/cgroup.procs
            exec perl -e 'my $x = "x" x (400 << 20); sleep 1'
            """, to: "big.sh")
        let result = try bench.run("run", "r.lua")
        #expect(result.code == 0, "\(result.error)")
        // By the kernel, or by xpm where that has looked first.
        let first = result.error.split(separator: "\n").first ?? ""
        #expect(first.contains("memory") && first.contains("64 MB"), "\(result.error)")
        #expect(
            first.contains("attempt 2 follows") && result.error.contains("attempt 3 follows"),
            "\(result.error)")
        let job = try #require(try bench.jobs("r.big").first)
        #expect(Outcome.read(job.done).memory == 256_000_000 && Outcome.read(job.done).attempt == 3)
    }

    @Test(
        "an outcome has what its program used, with its children; jobs usage writes a requirement that is enough"
    )
    func usage() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "u.t", params = { n = xpm.int }, requires = "duration=1h & cpu(cores=2, mem=100M..900M)",
              command = "python3 -c 'import time; x = bytearray(150 << 20); t = time.time(); [0 for _ in iter(lambda: time.time() < t + 0.3, False)]'" }
            return xpm.experiment { run = function(helper, cfg) for n = 1, 2 do T { n = n }:submit() end end }
            """, to: "u.lua")
        #expect(try bench.run("run", "-q", "u.lua").code == 0)
        for job in try bench.jobs("u.t") {
            let usage = try #require(Outcome.read(job.done).usage)
            #expect(usage.peakMemory > 150 << 20 && usage.peakMemory < 400 << 20, "\(usage)")
            #expect(usage.cpu > 0.2 && usage.cpu < 3, "\(usage)")
        }
        let text = try bench.run("jobs", "usage").output
        #expect(
            text.contains("u.t  2 jobs\n  asked for  duration=1h & cpu(cores=2, mem=100M..900M)\n"), "\(text)"
        )
        #expect(
            text.contains("enough     requires = \"duration=1m & cpu(cores=1, mem=300M)\"")
                || text.contains("mem=200M"), "\(text)")
    }
}
