import Foundation
import Store
import System
import Testing
import Text

/// Temporary outputs, and copies of experiments.
@Suite("gc and copies", .timeLimit(.minutes(20)))
struct CollectionTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Prepare = xpm.task { id = "g.prepare", params = { n = xpm.int, big = xpm.job_path { "big.bin", temporary = true } },
              command = "echo prepared {n} >>$TALLY; head -c 20000 /dev/zero >{big}" }
            local Train = xpm.task { id = "g.train", params = { data = Prepare, lr = xpm.float, model = xpm.job_path { "model", temporary = true } },
              command = "test -s {data.big} && echo trained {lr} >>$TALLY && echo {lr} >{model}" }
            local Test = xpm.task { id = "g.test", params = { trained = Train, split = xpm.string },
              command = "cat {trained.model}" }
            function run(helper)
              local data = Prepare { n = 1 }:submit()
              for _, lr in ipairs { 0.1, 0.2 } do
                local trained = Train { data = data, lr = lr }:submit()
                for i = 1, #helper.args do Test { trained = trained, split = helper.args[i] }:submit() end
              end
            end
            """, to: "g.lua")
        return bench
    }

    private func run(_ bench: Workbench, _ splits: String...) throws -> Workbench.Result {
        let (process, tag) = try bench.start(
            ["run", "-j", "1", "g.lua", "--"] + splits, environment: ["TALLY": "\(bench.folder)/tally"])
        return try bench.finish(process, tag)
    }

    @Test(
        "outputs that nobody needs go, are not missed by what is done, and are made again for something new")
    func temporary() throws {
        let bench = try bench()
        #expect(try run(bench, "dev").code == 0)
        let told = try bench.run("gc")
        // The models too: their tests are done.
        #expect(
            told.output.split(separator: "\n").count == 3 && told.error.hasPrefix("3 not needed, 20 KB"),
            "\(told)")
        #expect(Files.exists("\(try bench.jobs("g.prepare")[0].path)/big.bin"))
        #expect(try bench.run("gc", "--perform").code == 0)
        #expect(try bench.run("gc").error.hasPrefix("0 not needed"))
        let same = try run(bench, "dev")
        #expect(same.code == 0 && same.error.contains("5 tasks: 5 cached"), "\(same.error)")
        let plan = try bench.run("run", "--run-mode", "dry-run", "g.lua", "--", "dev", "test")
        #expect(plan.error.contains("7 tasks: 2 cached, 5 to run"), "\(plan.error)\(plan.output)")
        #expect(
            plan.output.split(separator: "\n").count { $0.hasSuffix("  made again") } == 3, "\(plan.output)")
        let new = try run(bench, "dev", "test")
        // The data once, both models, and the new tests.
        #expect(new.code == 0 && new.error.contains("7 tasks: 5 done, 2 cached"), "\(new.error)")
        #expect(
            try bench.read("tally")
                == "prepared 1\ntrained 0.1\ntrained 0.2\nprepared 1\ntrained 0.1\ntrained 0.2\n")
        #expect(try bench.run("doctor").error == "nothing found\n")
    }

    @Test("an experiment is copied with its jobs, shared folders and code; what is there is left alone")
    func copy() throws {
        let bench = try bench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "h.t", params = { n = xpm.int { groups = { "x" } }, out = xpm.job_path "out.txt",
                state = xpm.job_path { "state", partial = xpm.partial { name = "s", exclude_groups = { "x" } } } },
              command = "[ {n} != 3 ] || exit 3; echo {n} >{out}; echo {n} >>{state}" }
            local U = xpm.task { id = "h.u", params = { t = T }, command = "cat {t.out}" }
            function run() for n = 1, 3 do U { t = T { n = n }:submit() }:submit() end end
            """, to: "h.lua")
        #expect(try bench.run("run", "h.lua").code == 1)
        let copied = try bench.run("experiments", "copy", "h", "--to", "other")
        #expect(
            copied.code == 0 && copied.error.contains("5 jobs, 1 shared folder and 1 run copied"), "\(copied)"
        )
        #expect(try bench.jobs("h.t", workspace: "other").count(where: \.isDone) == 2)
        #expect(try bench.run("failures", "--workdir", "other").output.contains("exit code 3"))
        // The runs there are the runs here, and nothing runs again.
        #expect(try bench.run("experiments", "list", "--workdir", "other").output.contains("h  "))
        let there = try bench.run("run", "--workdir", "other", "h.lua")
        #expect(there.error.contains("6 tasks: 4 cached, 1 failed, 1 blocked"), "\(there.error)")
        let job = Paths.name(try #require(try bench.jobs("h.t", workspace: "other").first).path)
        #expect(try bench.run("code", job, "--workdir", "other").output.hasPrefix("h.lua  same"))
        let again = try bench.run("experiments", "copy", "h", "--to", "other", "--json")
        #expect(
            again.code == 0 && again.error.contains("0 jobs, 0 shared folders and 0 runs copied"), "\(again)")
        #expect(try bench.run("doctor", "--workdir", "other").error == "nothing found\n")
        let itself = try bench.run("experiments", "copy", "h", "--to", "workspace")
        #expect(
            itself.code == 2 && itself.error.contains("is the workspace that it would be copied from"),
            "\(itself.error)")
    }

    @Test(
        "a copy stands alone: what runs in it touches the original nowhere; a workspace that was moved goes on",
        arguments: ["copied", "my moved 'one'"])
    func standsAlone(_ name: String) throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "a.t", params = { n = xpm.int, w = xpm.job_path "w.txt" }, command = { "sh", "{here}/c.sh", "{n}", "{w}" } }
            local L = xpm.task { id = "a.l", params = { n = xpm.int, w = xpm.job_path "w.txt" }, execute = function(self)
              local file = assert(io.open(self.w, "w")) file:write(self.here, "\\n") file:close()
              if self.n == 2 then assert(io.open(os.getenv "OK")) end
            end }
            local A = xpm.action { id = "a.action", params = { n = xpm.int }, execute = function(self) print("action " .. self.n) end }
            function run(helper)
              for n = 1, 2 do T { n = n }:submit() L { n = n }:submit() end
              helper.xp:add_action(A { n = 3 }, "act")
            end
            """, to: "a.lua")
        try bench.write("echo $1 >$2; [ $1 != 2 ] || [ -e $OK ]", to: "c.sh")
        let environment = ["OK": "\(bench.folder)/ok"]
        func run(_ words: String...) throws -> Workbench.Result {
            let (process, tag) = try bench.start(words, environment: environment)
            return try bench.finish(process, tag)
        }
        // The jobs of the first run are of use to the second one's.
        #expect(try run("run", "a.lua").code == 1)
        #expect(try run("run", "a.lua").code == 1)
        let before = try run("jobs", "list").output
        let marks = try bench.jobs("a.t") + bench.jobs("a.l")
        for job in marks { try Files.write(Array("mark\n".utf8), to: "\(job.path)/w.txt") }
        let isCopy = name == "copied"
        if isCopy {
            #expect(try run("experiments", "copy", "a", "--to", name).code == 0)
        } else {
            try Files.rename("\(bench.folder)/workspace", to: "\(bench.folder)/\(name)")
        }
        try bench.write("", to: "ok")
        let why = try run("why", "a.lua", "--workdir", name)
        #expect(!why.output.contains("its command changed"), "\(why.output)")
        let retried = try run("jobs", "retry", "--workdir", name, "-e", "a")
        #expect(retried.code == 0 && retried.error.contains("2 done"), "\(retried.error)")
        for job in try bench.jobs("a.l", workspace: name) {
            let here = try Files.readText("\(job.path)/w.txt")
            let isRetried = try Files.readText(job.parameters).contains("\"n\":2") || here != "mark\n"
            if isRetried { #expect(here.hasPrefix("\(bench.folder)/\(name)/sources/"), "\(here)") }
        }
        #expect(try run("actions", "run", "a", "act", "--workdir", name).output == "action 3\n")
        let job = try #require(try bench.jobs("a.t", workspace: name).first)
        #expect(try run("code", Paths.name(job.path), "--workdir", name).code == 0)
        #expect(try run("run", "--workdir", name, "a.lua").error.contains("4 cached"))
        guard isCopy else { return }
        for job in marks { #expect(try Files.readText("\(job.path)/w.txt") == "mark\n") }
        #expect(try run("jobs", "list").output == before)
    }

    @Test("a copy that is killed leaves no half of a job, and the next one goes on", arguments: 0..<6)
    func killed(_ round: Int) throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "k.t", params = { n = xpm.int }, command = "for i in 1 2 3 4 5; do echo $i >part$i; done" }
            function run() for n = 1, 150 do T { n = n }:submit() end end
            """, to: "k.lua")
        #expect(try bench.run("run", "-q", "k.lua").code == 0)
        let (process, tag) = try bench.start(["experiments", "copy", "k", "--to", "other"])
        usleep(UInt32(round) * 6000 + 8000)
        kill(process.processIdentifier, SIGKILL)
        _ = try bench.finish(process, tag)
        for job in try bench.jobs("k.t", workspace: "other") {
            #expect(job.isDone && Files.exists("\(job.path)/part5"))
        }
        #expect(try bench.run("experiments", "copy", "k", "--to", "other").code == 0)
        #expect(try bench.jobs("k.t", workspace: "other").count == 150)
        #expect(try bench.run("run", "--workdir", "other", "k.lua").error.contains("150 cached"))
        let doctor = try bench.run("doctor", "--workdir", "other")
        #expect(doctor.error == "nothing found\n", "\(doctor)")
    }
}
