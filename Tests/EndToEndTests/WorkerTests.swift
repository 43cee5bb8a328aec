import Foundation
import Glibc
import Store
import System
import Testing
import Text

/// Programs that do many jobs one after the other.
@Suite("Workers", .timeLimit(.minutes(20)))
struct WorkerTests {
    private static let worker = """
        import os, sys, time
        import xpm_worker
        print("loading", file=sys.stderr)

        def run(params):
            n = params["n"]
            print("n is", n, flush=True)
            with open(os.path.join(os.environ["FOLDER"], "tally"), "a") as file:
                file.write(f"{n}\\n")
            if n == 3: raise ValueError("three")
            if n == 4: os._exit(9)
            if n == 5: sys.exit(7)
            if n == 6: os.kill(os.getpid(), 11)
            if n >= 100: time.sleep(0.5)
            if n >= 1000: time.sleep(30)
            xpm_worker.log(step=1, loss=n)
            return {"square": n * n, "pid": os.getpid(), "cwd": os.getcwd(), "own": os.environ.get("OWN", "")}

        xpm_worker.serve(run)
        """

    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local W = xpm.task { id = "k.w", params = { n = xpm.int }, worker = "python3 {here}/worker.py", results = { said = "n is {number}" } }
            local C = xpm.task { id = "k.c", params = { n = xpm.int }, command = { "true" } }
            function run(h)
              h.xp:setenv("FOLDER", "\(bench.folder)")
              for _, n in ipairs(h.args) do
                n = tonumber(n)
                W { n = n }:submit { requires = n >= 1000 and "duration=1s" or nil, env = n == 2 and { OWN = "two" } or nil }
              end
            end
            """, to: "k.lua")
        try bench.write(Self.worker, to: "worker.py")
        return bench
    }

    private func job(_ bench: Workbench, _ n: Int) throws -> JobFolder {
        try #require(
            try bench.jobs("k.w").first {
                try Files.readText($0.parameters).contains("\"n\": \(n)\n")
                    || Files.readText($0.parameters).contains("\"n\": \(n)}")
            })
    }

    @Test("each job has its own folder, log, outcome and results; a worker that dies fails only its job")
    func jobs() throws {
        let bench = try bench()
        let run = try bench.run("run", "-j", "1", "k.lua", "--", "1", "2", "3", "4", "5", "6", "7", "8")
        #expect(run.code == 1 && run.error.contains("4 done, 4 failed"), "\(run)")
        for text in ["exit code 9", "exit code 7", "killed by signal 11 (SIGSEGV)", "ValueError: three"] {
            #expect(run.error.contains(text), "\(text)")
        }
        var processes: Set<Int64> = []
        for n in [1, 2, 7, 8] {
            let job = try job(bench, n)
            let result = try #require(JobResult.read(job))
            #expect(
                result["square"] == .int(Int64(n * n)) && result["said"] == .int(Int64(n))
                    && result["loss"]?.number == Double(n))
            #expect(result["cwd"]?.string == job.path && result["own"] == .string(n == 2 ? "two" : ""))
            #expect(try Files.readText(job.output) == "n is \(n)\n")
            processes.insert(try #require(result["pid"]?.int))
        }
        // Another one for other variables, and a new one after each death.
        #expect(processes.count == 3, "\(processes)")
        // What it loads is told in the log of the job for which it began.
        #expect(try Files.readText(try job(bench, 1).error).contains("loading"))
        // Its script does the one job alone.
        let one = try job(bench, 8)
        try Files.remove(one.done)
        #expect(try bench.run(program: "\(one.path)/w.sh", environment: ["FOLDER": bench.folder]).code == 0)
        #expect(one.isDone && JobResult.read(one)?["square"] == 64)
        // With a command it is the same job.
        try bench.write(
            bench.read("k.lua").replacing(
                "worker = \"python3 {here}/worker.py\"", with: "command = { \"true\" }"),
            to: "k.lua")
        #expect(try bench.run("run", "k.lua", "--", "8").error.contains("1 cached"))
    }

    @Test("a worker in R does many jobs; an error fails its job, and a result is its named list")
    func inR() throws {
        let bench = try Workbench()
        try bench.write(
            """
            source(file.path(Sys.getenv("XPM_HELPERS"), "xpm_worker.R"))
            xpm_serve(function(params) {
              cat("n is", params$n, "of", Sys.getpid(), "\n")
              if (params$n == 3) stop("three")
              xpm_progress(0.5)
              xpm_log(step = 1, loss = params$n)
              list(square = params$n^2, folder = basename(getwd()))
            })
            """, to: "worker.R")
        try bench.write(
            """
            local xpm = require "xpm"
            local W = xpm.task { id = "r.w", params = { n = xpm.int }, worker = "Rscript --vanilla {here}/worker.R" }
            function run()
              for n = 1, 4 do W { n = n }:submit() end
            end
            """, to: "r.lua")
        let run = try bench.run("run", "-j", "1", "--json", "r.lua")
        #expect(run.code == 1, "\(run)")
        var pids: Set<String> = []
        for job in try bench.jobs("r.w") {
            let said = try Files.readText(job.output).split(separator: " ").map(String.init)
            let n = try #require(said.count > 4 ? said[2] : nil)
            pids.insert(said[4])
            let square = JobResult.read(job)?["square"]?.number
            #expect(Files.exists(job.failed) == (n == "3"))
            #expect(square == (n == "3" ? nil : Double(n).map { $0 * $0 }))
            if n == "3" {
                #expect(try Files.readText(job.error).contains("three"))
            } else {
                #expect(JobResult.read(job)?["folder"]?.string == Paths.name(job.path))
            }
        }
        #expect(pids.count == 1)
    }

    @Test("time limits, Ctrl-C and the death of xpm are as for any job")
    func ends() throws {
        let bench = try bench()
        let late = try bench.run("run", "-j", "1", "k.lua", "--", "1000", "1")
        #expect(
            late.code == 1 && late.error.contains("its time was over")
                && late.error.contains("1 done, 1 failed"), "\(late)")
        // xpm is killed: the job goes on, and the next run takes it over.
        let (process, tag) = try bench.start(["run", "-q", "k.lua", "--", "100", "101"])
        #expect(
            try bench.wait {
                try Files.exists("\(bench.folder)/tally") && bench.read("tally").contains("101\n")
            })
        kill(process.processIdentifier, SIGKILL)
        _ = try bench.finish(process, tag)
        let next = try bench.run("run", "k.lua", "--", "100", "101")
        #expect(next.code == 0 && next.error.contains("2 "), "\(next)")
        let tally = try bench.read("tally").split(separator: "\n")
        #expect(tally.count { $0 == "100" } == 1 && tally.count { $0 == "101" } == 1, "\(tally)")
        // Stopped: SIGTERM ends the worker with its job.
        let (second, secondTag) = try bench.start(["run", "-q", "k.lua", "--", "102"])
        #expect(try bench.wait { try bench.read("tally").contains("102\n") })
        for _ in 1...2 {
            kill(second.processIdentifier, SIGINT)
            usleep(50_000)
        }
        #expect(try bench.finish(second, secondTag).code == 130)
    }

    @Test("a PYTHONPATH of the job is kept; what a killed worker has started does not go on beside its job")
    func remains() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "r.t", params = {}, worker = "python3 {here}/r.py" }
            function run(h) T {}:submit { env = { PYTHONPATH = "\(bench.folder)/lib" } } end
            """, to: "r.lua")
        try Files.makeFolder("\(bench.folder)/lib")
        try bench.write("BASE = '\(bench.folder)'\n", to: "lib/own_module.py")
        try bench.write(
            """
            import os, subprocess, time, own_module, xpm_worker
            def run(params):
                first = not os.path.exists(own_module.BASE + "/first")
                if first:
                    loop = "while :; do echo x >>../../../../beats; sleep 0.02; done"
                    with open(own_module.BASE + "/first", "w") as file:
                        file.write(str(subprocess.Popen(["sh", "-c", loop]).pid) + "\\n")
                    time.sleep(60)
                size = os.path.getsize("../../../../beats")
                time.sleep(0.3)
                return {"still": os.path.getsize("../../../../beats") - size}
            xpm_worker.serve(run)
            """, to: "r.py")
        let (process, tag) = try bench.start(["run", "-q", "r.lua"])
        #expect(
            try bench.wait {
                try Files.exists("\(bench.folder)/first") && !bench.read("first").isEmpty
                    && Files.exists("\(bench.folder)/beats")
            })
        // The runner is killed, and xpm.
        let job = try #require(try bench.jobs("r.t").first)
        let worker = try #require(ProcessRecord.read(job.process)?.pid)
        let runner = try #require(ProcessTree.parent(of: worker))
        kill(process.processIdentifier, SIGKILL)
        kill(runner, SIGKILL)
        _ = try bench.finish(process, tag)
        let child = try #require(Int32(bench.read("first").split(separator: "\n").first ?? ""))
        #expect(try bench.wait { ProcessTree.parent(of: worker) == nil })
        #expect(kill(child, 0) == 0)
        let next = try bench.run("run", "r.lua")
        #expect(next.code == 0 && next.error.contains("1 done"), "\(next)")
        #expect(JobResult.read(job)?["still"] == 0)
    }

    @Test(
        "a worker that breaks its promise fails its job; wrong definitions are refused",
        arguments: [
            ("worker = 'python3 {n}'", "it is the same for all jobs"),
            ("worker = ''", "is a program and its arguments"),
            ("worker = 'x | y'", "no shell reads it"),
            ("worker = 'x', command = 'y'", "has one of execute, command, worker"),
            ("command = { 'x' }, shell = 'bash'", "shell belongs to a command that is a text"),
        ])
    func wrong(_ definition: String, _ message: String) throws {
        let bench = try Workbench()
        try bench.write(
            "local xpm = require 'xpm'\nlocal T = xpm.task { id = 'w.t', params = { n = xpm.int }, \(definition) }\nfunction run() T { n = 1 }:submit() end",
            to: "w.lua")
        let run = try bench.run("run", "w.lua")
        #expect(run.code == 2 && run.error.contains(message), "\(run)")
    }

    @Test("a worker that ends, or says what is no answer, fails its job")
    func broken() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local function worker(text) return { "sh", "-c", text } end
            local A = xpm.task { id = "b.a", params = {}, worker = worker "exit 0" }
            local B = xpm.task { id = "b.b", params = {}, worker = worker "echo printed; echo garbage >&3; sleep 60" }
            local D = xpm.task { id = "b.d", params = { n = xpm.int }, worker = { "python3", "-u", "{here}/said.py" } }
            local C = xpm.task { id = "b.c", params = {}, worker = { "python3", "{here}/missing_module.py" } }
            function run() A {}:submit() B {}:submit() C {}:submit() for n = 1, 4 do D { n = n }:submit() end end
            """, to: "b.lua")
        try bench.write("import no_such_module\n", to: "missing_module.py")
        // What it prints is no answer, also to a job that forks.
        try bench.write(
            """
            import os, xpm_worker
            print("loaded")
            os.system("echo loaded, too")
            def run(params):
                print(params["n"])
                if params["n"] == 2 and os.fork() == 0: raise ValueError("in a child")
                if params["n"] == 3: return 0.5
                if params["n"] == 4: return [1, 2]
            xpm_worker.serve(run)
            """, to: "said.py")
        let run = try bench.run("run", "-j", "1", "b.lua")
        #expect(run.code == 1 && run.error.contains("3 done, 4 failed"), "\(run)")
        #expect(run.error.contains("no answer to its job to descriptor 3, and was ended: garbage"))
        #expect(run.error.contains("return a dict of results, or a number"))
        #expect(try bench.jobs("b.d").contains { JobResult.read($0)?["value"] == .float(0.5) })
        #expect(
            try bench.jobs("b.d").contains { try Files.readText($0.output) == "loaded\nloaded, too\n1\n" })
        #expect(run.error.contains("its worker ended without an answer"))
        #expect(run.error.contains("No module named 'no_such_module'"), "\(run)")
    }
}
