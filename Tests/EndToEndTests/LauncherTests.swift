import Foundation
import Store
import System
import Testing
import Text

/// `launchers.lua`: what is chosen, and what is refused, without any batch system.
@Suite("Launchers", .timeLimit(.minutes(20)))
struct LauncherTests {
    private static let file = """
        local xpm = require "xpm"
        local here = xpm.launchers.direct {}
        local slurm = xpm.launchers.slurm {
          partitions = {
            { name = "cpu", cores = 64, memory = "256G", duration = "2d" },
            { name = "gpu", cores = 32, memory = "512G", gpus = { "80G", "80G" }, duration = "4d" },
          },
        }
        function find_launcher(requirement, tags)
          if tags.kind == "none" then return nil end
          if tags.kind == "fails" then return tags.x.y end
          if tags.kind == "odd" then return 3 end
          return requirement.duration and slurm or here
        end

        """

    private static let script = """
        local xpm = require "xpm"
        local T = xpm.task { id = "l.t", params = { n = xpm.int }, command = "true" }
        return xpm.experiment { run = function(helper, cfg)
          local t = T { n = 1 }
          if helper.args[2] then t:tag("kind", helper.args[2]) end
          t:submit(load("return " .. (helper.args[1] or "{}"))())
        end }
        """

    private func bench(_ file: String? = Self.file) throws -> Workbench {
        let bench = try Workbench()
        if let file { try bench.write(file, to: "config/xpm/launchers.lua") }
        try bench.write(Self.script, to: "s.lua")
        return bench
    }

    @Test("what no partition has is refused at the line of submit, with each partition's reason")
    func fit() throws {
        let bench = try bench()
        let cases = [
            (
                "{ requires = 'duration=3d & cpu(cores=48)' }",
                "cpu: 72 h 00 min, where a job may take 48 h 00 min; gpu: 48 cores, of which a node has 32"
            ),
            (
                "{ requires = 'duration=1h & cuda(mem=90G)' }",
                "gpu: 1 GPU with 90 GB, of which a node has 0"
            ),
            (
                "{ requires = 'duration=1h & cpu(mem=1T)' }",
                "gpu: 1.0 TB of memory, of which a node has 512 GB"
            ),
            (
                "{ launcher = 'slurm', slurm = { partition = 'gpux' } }",
                "the launcher 'slurm' has no partition 'gpux' (did you mean 'gpu'?): cpu, gpu"
            ),
            (
                "{ launcher = 'slurn' }",
                "has no launcher 'slurn' (did you mean 'slurm'?); there are direct, slurm"
            ),
            (
                "{ launcher = 'direct', slurm = { qos = 'x' } }",
                "options for slurm, but its launcher 'direct'"
            ),
            ("{ requires = 'duration=3' }", "a duration needs a unit: s, m, h or d"),
            ("{ slurm = { time = '1:00' } }", "slurm: xpm itself sets --time; requires"),
            ("{ slurm = { raw = { 'exclusive' } } }", "slurm: 'exclusive' is no option: it begins with '-'"),
            ("{ slurm = { qos = {} } }", "slurm: qos needs a text, a number or true, got"),
            ("{ slurm = 'gpu' }", "slurm needs names and values"),
        ]
        for (options, expected) in cases {
            let run = try bench.run("run", "s.lua", "--", options)
            #expect(run.code == 2 && run.error.contains("s.lua:6: "), "\(options): \(run)")
            #expect(run.error.contains(expected), "\(options): \(run)")
        }
    }

    @Test("find_launcher that fails, or returns nothing or no launcher, is told with its line")
    func finder() throws {
        let bench = try bench()
        let cases = [
            ("none", "launchers.lua:9: find_launcher returned nothing for a job that requires nothing"),
            ("fails", "launchers.lua:11: attempt to index a nil value (field 'x')"),
            ("odd", "launchers.lua:9: find_launcher returned a number for a job that requires nothing"),
        ]
        for (kind, expected) in cases {
            let run = try bench.run("run", "s.lua", "--", "{}", kind)
            #expect(run.code == 2 && run.error.contains("s.lua:6: "), "\(run)")
            #expect(run.error.contains(expected), "\(run)")
        }
        let here = try bench.run("run", "s.lua")
        #expect(here.code == 0 && here.error.contains("1 task: 1 done"), "\(here)")
    }

    @Test("a launcher that is not there, a file that is not there, a system that is not there")
    func missing() throws {
        let bench = try bench()
        let unknown = try bench.run("run", "s.lua", "--launcher", "slurn")
        #expect(unknown.code == 2 && unknown.error.contains("did you mean 'slurm'?"), "\(unknown)")
        let without = try bench.run(
            "run", "s.lua", "--launcher", "slurm", environment: ["PATH": "\(bench.folder)/nothing"])
        #expect(
            without.code == 1
                && without.error.contains(
                    "there is no sbatch along PATH: this machine submits no batch jobs"),
            "\(without)")
        let bare = try self.bench(nil)
        let absent = try bare.run("run", "s.lua", "--launcher", "slurm")
        #expect(
            absent.code == 2 && absent.error.contains("`xpm launchers generate slurm` writes one"),
            "\(absent)"
        )
        #expect(try bare.run("run", "s.lua", "--launcher", "direct").code == 0)
        try bare.write("workspaces: [{ id: w, path: w, launcher: slurm }]\n", to: "config/xpm/settings.yaml")
        #expect(try bare.run("run", "s.lua").error.contains("there is no launcher 'slurm'"))
    }

    @Test("mistakes in launchers.lua are told at their lines")
    func mistakes() throws {
        let cases = [
            ("xpm.launchers.slurm { partition = 1 }", "has no 'partition' (did you mean 'partitions'?)"),
            (
                "xpm.launchers.slurm { partitions = { { cores = 4 } } }",
                "partition 1 needs a table with a name"
            ),
            (
                "xpm.launchers.slurm { partitions = { { name = \"a\", memory = 64 } } }",
                "partition 'a': memory needs a size with its unit, such as \"64G\", got int 64"
            ),
            (
                "xpm.launchers.slurm { partitions = { { name = \"a\", duration = \"2\" } } }",
                "duration: \"2\": a duration needs a unit: s, m, h or d"
            ),
            (
                "xpm.launchers.slurm { partitions = { { name = \"a\" }, { name = \"a\" } } }",
                "there are two partitions 'a'"
            ),
            ("xpm.launchers.slurm { max_submitted = 0 }", "max_submitted needs a whole number from 1"),
            ("xpm.launchers.slurm { export = \"some\" }", "export is \"all\" or \"none\""),
            ("xpm.launchers.slurm { options = { array = \"1-3\" } }", "options: xpm itself sets --array"),
            ("xpm.launchers.slurm {} xpm.launchers.slurm {}", "there are two launchers 'slurm'"),
            ("xpm.launchers.direct { cores = 3 }", "xpm.launchers.direct has no 'cores'"),
            ("xpm.launchers.pbs {}", "attempt to call a nil value (field 'pbs')"),
            ("find_launcher = 3", "find_launcher is to be a function"),
        ]
        for (line, expected) in cases {
            let bench = try bench("local xpm = require \"xpm\"\n\(line)\n")
            let run = try bench.run("run", "s.lua")
            #expect(run.code == 2 && run.error.contains("launchers.lua"), "\(line): \(run)")
            #expect(run.error.contains(expected), "\(line): \(run)")
        }
    }

    @Test("find-launcher tells where, with what, and why not elsewhere")
    func place() throws {
        let bench = try bench()
        let gpu = try bench.run("find-launcher", "duration=3d & cuda(mem=40G) * 2")
        #expect(
            gpu.output == """
                slurm, partition gpu
                  --partition=gpu --gres=gpu:2 --time=4321
                  not cpu: 72 h 00 min, where a job may take 48 h 00 min

                """, "\(gpu)")
        #expect(try bench.run("find-launcher", "cpu(cores=1)").output == "direct\n")
        let nowhere = try bench.run("find-launcher", "duration=9d")
        #expect(
            nowhere.code == 1 && nowhere.output.hasPrefix("nowhere: slurm cannot give it\n"), "\(nowhere)")
        let tagged = try bench.run("find-launcher", "duration=1h", "--tag", "kind=none")
        #expect(tagged.code == 2 && tagged.error.contains("find_launcher returned nothing"), "\(tagged)")
        let list = try bench.run("launchers")
        #expect(list.output.contains("slurm\n  cpu  64 cores, 256 GB, at most 48 h 00 min\n"), "\(list)")
    }

    @Test("a dry run tells the arrays that it would send, and what they may take at most")
    func forecast() throws {
        let bench = try bench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "l.t", params = { n = xpm.int }, command = "true" }
            return xpm.experiment { run = function(helper, cfg)
              for n = 1, 20 do T { n = n }:submit { requires = "duration=59m & cpu(cores=4, mem=8G)" } end
              for n = 21, 40 do T { n = n }:submit { requires = "duration=30s" } end
              T { n = 0 }:submit()
            end }
            """, to: "f.lua")
        let run = try bench.run("run", "--dry-run", "f.lua")
        #expect(
            run.error.contains(
                "slurm: 20 jobs in 1 array (cpu, 4 cores, 8.0 GB, at most 1 h 00 min each); at most 80 core-hours"
            ), "\(run.error)")
        #expect(
            run.error.contains(
                "slurm: 20 jobs by at most 16 pilots (cpu, at most 30 s each); at most 0.167 core-hours"),
            "\(run.error)")
    }

    /// The site of the page: commands of PBS, here played by programs that start each job as a process.
    private static func pbs(_ bench: Workbench) throws -> [String: String] {
        let page = try Files.readText("\(Workbench.root)/docs/clusters.md")
        let block = try #require(
            page.cut(at: "<!-- file: site/xpm/launchers.lua -->\n```lua\n")?.after.cut(at: "```")?.before)
        try bench.write(String(block), to: "config/xpm/launchers.lua")
        try bench.write(
            """
            #!/bin/bash
            echo "$*" >>\(bench.folder)/calls
            test ! -e \(bench.folder)/down || { echo "cannot connect to server" >&2; exit 1; }
            while test $# -gt 1; do
              case $1 in -J) last=${2#0-}; shift ;; -N) name=$2; shift ;; -o) log=$2; shift ;; esac; shift
            done
            mkdir -p \(bench.folder)/pbs; number=$(ls \(bench.folder)/pbs | wc -l)
            mkdir \(bench.folder)/pbs/$number; echo $name >\(bench.folder)/pbs/$number/name
            for index in $(seq 0 $last); do
              PBS_ARRAY_INDEX=$index setsid sh $1 >>$log 2>&1 & echo $! >\(bench.folder)/pbs/$number/$index
            done
            echo "$number[].srv"
            """, to: "bin/qsub", mode: 0o755)
        try bench.write(
            """
            #!/bin/bash
            cd \(bench.folder)/pbs || exit 0
            test ! -e \(bench.folder)/deaf || { echo "cannot connect to server" >&2; exit 1; }
            for job in *; do for index in $job/[0-9]*; do
              echo "Job Id: $job[${index#*/}].srv"; echo "    Job_Name = $(cat $job/name)"
              kill -0 $(cat $index) 2>/dev/null && echo "    job_state = R" || echo "    job_state = X"
            done; done
            """, to: "bin/qstat", mode: 0o755)
        try bench.write(
            """
            #!/bin/bash
            for job; do number=${job%%[*}; index=${job#*[}; kill -TERM -- -$(cat \(bench.folder)/pbs/$number/${index%%]*}); done
            """, to: "bin/qdel", mode: 0o755)
        return ["PATH": "\(bench.folder)/bin:" + (Environment["PATH"] ?? "/usr/bin:/bin")]
    }

    @Test("a batch system of one's own: three commands, as the page has them for PBS")
    func ownSystem() throws {
        let bench = try Workbench()
        let environment = try Self.pbs(bench)
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "l.t", params = { n = xpm.int }, command = "echo x >>\(bench.folder)/ran{n}; exit {n}" }
            local L = xpm.task { id = "l.long", params = {}, command = "sleep 60" }
            return xpm.experiment { run = function()
              for n = 0, 5 do T { n = n }:submit { requires = "duration=1h & cpu(cores=2, mem=100M)" } end
              T { n = 6 }:submit { pack = true }
              L {}:submit()
            end }
            """, to: "s.lua")
        let run = try bench.start(["run", "s.lua", "--launcher", "pbs"], environment: environment)
        #expect(try bench.wait { try bench.run("jobs", "show", "l.long").output.contains("  running") })
        let killed = try bench.run("jobs", "kill", "--perform", "l.long", environment: environment)
        #expect(killed.code == 0, "\(killed)")
        let result = try bench.finish(run.process, run.tag)
        #expect(
            result.code == 1 && result.error.contains("8 tasks: 1 done, 6 failed, 1 cancelled"), "\(result)")
        for n in 0...6 { #expect(try bench.read("ran\(n)") == "x\n") }
        let calls = try bench.read("calls")
        #expect(
            calls.contains("-J 0-5") && calls.contains("select=1:ncpus=2:mem=100000000b:ngpus=0")
                && calls.contains("walltime=3660"), "\(calls)")
        #expect(try Files.list("\(bench.folder)/workspace/.xpm-batches") == ["ends"])
    }

    @Test("a queue that does not answer for a while loses no job that runs")
    func ownSystemDeaf() throws {
        let bench = try Workbench()
        let environment = try Self.pbs(bench)
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "l.t", params = { n = xpm.int }, command = "echo x >>\(bench.folder)/ran{n}; sleep 12" }
            return xpm.experiment { run = function() for n = 1, 2 do T { n = n }:submit() end end }
            """, to: "s.lua")
        let run = try bench.start(["run", "s.lua", "--launcher", "pbs"], environment: environment)
        #expect(try bench.wait { Files.exists("\(bench.folder)/ran2") })
        try bench.write("", to: "deaf")
        #expect(
            try bench.wait(seconds: 30) { try bench.read(".\(run.tag).err").contains("jobs that run go on") })
        try Files.remove("\(bench.folder)/deaf")
        let result = try bench.finish(run.process, run.tag)
        #expect(result.code == 0 && !result.error.contains("vanished"), "\(result)")
        for n in 1...2 { #expect(try bench.read("ran\(n)") == "x\n") }
    }

    @Test("a batch system of one's own that does not answer for a while: tried again, and nothing runs twice")
    func ownSystemDown() throws {
        let bench = try Workbench()
        let environment = try Self.pbs(bench)
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "l.t", params = { n = xpm.int }, command = "echo x >>\(bench.folder)/ran{n}" }
            return xpm.experiment { run = function() for n = 1, 3 do T { n = n }:submit() end end }
            """, to: "s.lua")
        try bench.write("", to: "down")
        let run = try bench.start(["run", "s.lua", "--launcher", "pbs"], environment: environment)
        #expect(
            try bench.wait {
                try bench.read(".\(run.tag).err").contains("cannot connect to server: tried again")
            })
        try Files.remove("\(bench.folder)/down")
        let result = try bench.finish(run.process, run.tag)
        #expect(result.code == 0, "\(result)")
        for n in 1...3 { #expect(try bench.read("ran\(n)") == "x\n") }
    }

    @Test(
        "what a run that never came back has left of its arrays is found by doctor once they are over, and removed"
    )
    func leftBatches() throws {
        let bench = try Workbench()
        let environment = try Self.pbs(bench)
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "l.t", params = { n = xpm.int }, command = "while test ! -e \(bench.folder)/go; do sleep 0.1; done" }
            return xpm.experiment { run = function() for n = 1, 3 do T { n = n }:submit() end end }
            """, to: "s.lua")
        let run = try bench.start(["run", "s.lua", "--launcher", "pbs"], environment: environment)
        #expect(
            try bench.wait {
                try bench.run("jobs", "list").output.components(separatedBy: "running").count == 4
            })
        kill(run.process.processIdentifier, SIGKILL)
        run.process.waitUntilExit()
        let during = try bench.run("doctor", environment: environment)
        #expect(!during.output.contains("an array that is over"), "\(during)")
        try bench.write("", to: "go")
        #expect(
            try bench.wait(seconds: 40) {
                try bench.run("doctor", environment: environment).output.contains(
                    "an array that is over, of a run that is gone")
            })
        let mended = try bench.run("doctor", "--mend", environment: environment)
        #expect(mended.output.contains("3 words of jobs that have ended"), "\(mended)")
        #expect(try Files.list("\(bench.folder)/workspace/.xpm-batches") == ["ends"])
        let again = try bench.run("run", "s.lua", "--launcher", "pbs", environment: environment)
        #expect(again.code == 0 && again.error.contains("3 tasks: 3 cached"), "\(again)")
    }

    @Test(
        "a batch system of one's own needs its commands",
        arguments: [
            ("submit = 'a', status = 'b', cancel = 'c'", "xpm.launchers.batch needs index, a command for sh"),
            ("submit = 3, status = 'b', cancel = 'c', index = '$I'", "submit is a command for sh, got"),
            ("submit = ' ', status = 'b', cancel = 'c', index = '$I'", "submit is a command for sh, got"),
            (
                "submit = 'a', status = 'b', cancel = 'c', index = '$I', array = 0",
                "array is the most jobs of one"
            ),
            ("sumbit = 'a'", "has no 'sumbit' (did you mean 'submit'?)"),
        ])
    func ownSystemRefused(_ fields: String, _ problem: String) throws {
        let bench = try bench(
            "local xpm = require \"xpm\"\nxpm.launchers.batch { name = \"own\", \(fields) }\n")
        let result = try bench.run("run", "s.lua", "--launcher", "own")
        #expect(
            result.code == 2 && result.error.contains("launchers.lua:2: ") && result.error.contains(problem),
            "\(result)")
    }
}
