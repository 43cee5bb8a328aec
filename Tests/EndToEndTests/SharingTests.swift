import Foundation
import Store
import System
import Testing
import Text

/// A workspace that several users share, and processes that are not xpm's.
@Suite("Sharing", .timeLimit(.minutes(20)))
struct SharingTests {
    /// A job that runs until the file `go` is there.
    private static let script = """
        local xpm = require "xpm"
        local Work = xpm.task {
          id = "s.work", params = { n = xpm.int },
          command = "echo begin; while [ ! -e $GO ]; do sleep 0.02; done; echo end",
        }
        function run() Work { n = 1 }:submit() end
        """

    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(Self.script, to: "a.lua")
        try bench.write(Self.script, to: "b.lua")
        return bench
    }

    private func environment(_ bench: Workbench) -> [String: String] { ["GO": "\(bench.folder)/go"] }

    private func isRunning(_ bench: Workbench) throws -> Bool {
        try bench.jobs("s.work").first.map { job in
            Files.size(of: job.output) > 0 && FileLock.isHeld(job.lock)
        } ?? false
    }

    /// How a run that only watches a job may be ended.
    enum Ending: String, CaseIterable { case interrupts, terminations, stopNow, termination }

    @Test("a run that ends leaves the jobs of another run, and says so", arguments: Ending.allCases)
    func watched(_ ending: Ending) throws {
        let bench = try bench()
        let environment = environment(bench)
        let (first, firstTag) = try bench.start(["run", "a.lua"], environment: environment)
        #expect(try bench.wait { try isRunning(bench) })
        let (second, secondTag) = try bench.start(["run", "b.lua"], environment: environment)
        let events = "workspace/experiments/b/current/events.jsonl"
        #expect(try bench.wait { (try? bench.read(events).contains("running")) ?? false })
        switch ending {
        case .interrupts:
            second.interrupt()
            // It may be over at once: then the second signal finds nobody.
            _ = try bench.stays(seconds: 0.3) { second.isRunning }
            second.interrupt()
        case .terminations:
            second.terminate()
            // It may be over at once: then the second signal finds nobody.
            _ = try bench.stays(seconds: 0.3) { second.isRunning }
            second.terminate()
        case .termination: second.terminate()
        case .stopNow: #expect(try bench.run("stop", "b", "--now").code == 0)
        }
        let ended = try bench.finish(second, secondTag)
        #expect(ended.code == 130)
        #expect(ended.error.contains("runs it, and goes on"), "\(ended.error)")
        #expect(ended.error.contains("1 not run"), "\(ended.error)")
        #expect(try isRunning(bench))
        try bench.write("", to: "go")
        let result = try bench.finish(first, firstTag)
        #expect(result.code == 0, "\(result.error)")
    }

    @Test("a job whose run is gone is the affair of the run that takes it over")
    func orphan() throws {
        let bench = try bench()
        let environment = environment(bench)
        // Its program takes no notice of the end of xpm, as one does that was left by a third Ctrl-C.
        try bench.write(
            Self.script.replacing("echo begin;", with: "trap '' TERM; echo begin;"), to: "a.lua")
        let (first, firstTag) = try bench.start(["run", "a.lua"], environment: environment)
        #expect(try bench.wait { try isRunning(bench) })
        kill(first.processIdentifier, SIGKILL)
        _ = try bench.finish(first, firstTag)
        #expect(try isRunning(bench))
        let former = Files.linkTarget("\(bench.folder)/workspace/experiments/a/current")
        let (second, secondTag) = try bench.start(["run", "a.lua"], environment: environment)
        let current = "\(bench.folder)/workspace/experiments/a/current"
        #expect(try bench.wait { Files.linkTarget(current) != former })
        let events = "workspace/experiments/a/current/events.jsonl"
        #expect(try bench.wait { (try? bench.read(events).contains("running")) ?? false })
        second.interrupt()
        #expect(try bench.wait { try bench.read(".\(secondTag).err").contains("nothing more is launched") })
        #expect(try bench.read(".\(secondTag).err").contains("goes on") == false)
        try bench.write("", to: "go")
        let result = try bench.finish(second, secondTag)
        #expect(result.code == 130 && result.error.contains("1 cached"), "\(result.error)")
    }

    @Test(
        "who may not be signalled is told at once: whose it is", .enabled(if: Person.canSwitch, "needs root"))
    func otherUser() throws {
        let bench = try bench()
        try bench.share()
        let environment = environment(bench)
        let (run, tag) = try bench.start(as: .ana, ["run", "a.lua"], environment: environment)
        #expect(try bench.wait { try isRunning(bench) })
        let place = "\(bench.folder)/workspace"
        let began = Date.now
        let killed = try bench.run(
            as: .ben, "jobs", "kill", "--workdir", place, "--filter", "@state = running", "--perform")
        #expect(killed.code == 2, "\(killed)")
        #expect(killed.error.contains("games's") && killed.output.contains("left "), "\(killed)")
        let stopped = try bench.run(as: .ben, "stop", "a", "--workdir", place)
        #expect(stopped.code == 2 && stopped.error.contains("games"), "\(stopped)")
        // Nothing waits for what cannot happen.
        #expect(Date.now.timeIntervalSince(began) < 8)
        #expect(try isRunning(bench))
        let shown = try bench.run(
            as: .ben, "jobs", "show", "--workdir", place, "--filter", "@state = running")
        #expect(shown.output.contains("of games on "), "\(shown)")
        try bench.write("", to: "go", mode: 0o666)
        #expect(try bench.finish(run, tag).code == 0)
        #expect(try bench.read("workspace/experiments/a/current/status.json").contains("\"user\": \"games\""))
    }

    @Test("a record that names a process of mine that is not of xpm's gets it no signal")
    func forged() throws {
        let bench = try bench()
        let environment = environment(bench)
        let (run, tag) = try bench.start(["run", "a.lua"], environment: environment)
        #expect(try bench.wait { try isRunning(bench) })
        let job = try #require(try bench.jobs("s.work").first)
        let record = try Files.read(job.process)
        // It reads the file that its record would have to be proven by, and leads a group of its own.
        let (victim, victimTag) = try bench.start(
            ["-w", "/bin/sh", "-c", "exec 7<\(job.lock) 8<workspace/experiments/a/lock; exec sleep 600"],
            program: "/usr/bin/setsid")
        let pids = ChildProcess.output(["pgrep", "-P", String(victim.processIdentifier)])?.text ?? ""
        let pid = pids.split(separator: "\n").first.flatMap { Int32($0) } ?? victim.processIdentifier
        let forged = ProcessRecord(pid: pid).json().bytes
        try Files.write(forged, to: job.process)
        let killed = try bench.run("jobs", "kill", "--filter", "@state = running", "--perform")
        #expect(killed.code == 2 && killed.error.contains("is not of xpm"), "\(killed)")
        try Files.write(record, to: job.process)
        let lock = "\(bench.folder)/workspace/experiments/a/lock"
        let holder = try Files.read(lock)
        try Files.write(forged, to: lock)
        let stopped = try bench.run("stop", "a", "--now")
        #expect(stopped.code == 2 && stopped.error.contains("is not of xpm"), "\(stopped)")
        try Files.write(holder, to: lock)
        #expect(victim.isRunning)
        kill(pid, SIGKILL)
        _ = try bench.finish(victim, victimTag)
        // The true record is as good as ever.
        #expect(try bench.run("jobs", "kill", "--filter", "@state = running", "--perform").code == 0)
        #expect(try bench.finish(run, tag).code == 1)
    }

    @Test(
        "a job in another container is not signalled: its run is asked; without one that is told at once",
        .enabled(if: Person.canSwitch && Files.isExecutable("/usr/bin/unshare"), "needs root"))
    func container() throws {
        let bench = try bench()
        func start() throws -> (process: Process, tag: String) {
            let run = try bench.start(
                ["--pid", "--fork", "--mount-proc", Workbench.xpm, "run", "a.lua"],
                program: "/usr/bin/unshare", environment: environment(bench))
            #expect(try bench.wait { try isRunning(bench) })
            return run
        }
        let kill = ["jobs", "kill", "--filter", "@state = running", "--perform"]
        func xpm(_ words: [String]) throws -> Workbench.Result {
            let (process, tag) = try bench.start(words)
            return try bench.finish(process, tag)
        }
        let first = try start()
        let killed = try xpm(kill)
        #expect(killed.code == 0 && killed.output.contains("stopped"), "\(killed)")
        #expect(try bench.finish(first.process, first.tag).code == 1)
        let second = try start()
        let stopped = try bench.run("stop", "a", "--now")
        #expect(stopped.code == 0 && stopped.error.contains("in another container"), "\(stopped)")
        #expect(try bench.finish(second.process, second.tag).code == 130)
        let third = try start()
        // As if its run were gone.
        try Files.remove("\(bench.folder)/workspace/experiments/a/lock")
        let refused = try xpm(kill)
        #expect(refused.code == 2 && refused.error.contains("in another container"), "\(refused)")
        #expect(try isRunning(bench))
        try bench.write("", to: "go")
        #expect(try bench.finish(third.process, third.tag).code == 0)
    }

    @Test(
        "who only reads can list, look and plot", .enabled(if: Person.canSwitch, "needs root"))
    func readOnly() throws {
        let bench = try Workbench()
        try bench.share()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task {
              id = "s.read", params = { n = xpm.int }, execute = function(self) self:result { square = self.n ^ 2 } end,
            }
            function run() for n = 1, 3 do Work { n = xpm.tag(n) }:submit() end end
            """, to: "a.lua")
        var ana = Person.ana
        ana.umask = "022"
        #expect(try bench.run(as: ana, "run", "a.lua", "--workdir", "ws").code == 0)
        let place = "\(bench.folder)/ws"
        for words in [
            ["jobs", "list"], ["experiments", "list"], ["experiments", "show", "a"], ["results", "a"],
            ["failures"],
            ["jobs", "show", "-e", "a"], ["plot", "a", "--x", "n", "-o", "\(bench.folder)/p.svg"], ["doctor"],
            ["gc"],
            ["run", "a.lua", "--run-mode", "dry-run"], ["why", "a.lua"],
        ] {
            let (process, tag) = try bench.start(as: .ben, words + ["--workdir", place])
            let result = try bench.finish(process, tag)
            #expect(result.code == 0 && !result.error.contains("cannot"), "\(words): \(result)")
        }
        let runs = try bench.run(as: .ben, "experiments", "runs", "a", "--workdir", place)
        #expect(runs.output.contains("of games"), "\(runs)")
    }

    @Test("jobs retry leaves what waits in a run that goes on to that run")
    func retryWaiting() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task {
              id = "s.work", params = { n = xpm.int },
              command = "echo {n} >> $TALLY; [ -e $OK ] || exit 1; while [ ! -e $GO ]; do sleep 0.02; done",
            }
            function run() for n = 1, 3 do Work { n = n }:submit() end end
            """, to: "a.lua")
        var environment = [
            "TALLY": "\(bench.folder)/tally", "OK": "\(bench.folder)/ok", "GO": "\(bench.folder)/go",
        ]
        #expect(try bench.run("run", "-j", "1", "a.lua", environment: environment).code == 1)
        environment["OK"] = "/"
        try bench.write("", to: "tally")
        // One runs, two wait, which have failed before.
        let (run, tag) = try bench.start(["run", "-j", "1", "a.lua"], environment: environment)
        #expect(try bench.wait { try bench.read("tally") != "" })
        let retried = try bench.run("jobs", "retry", "-e", "a", environment: environment)
        #expect(retried.error.contains("2 jobs of these wait in a"), "\(retried)")
        #expect(try bench.read("tally").utf8.count == 2)
        try bench.write("", to: "go")
        #expect(try bench.finish(run, tag).code == 0)
        #expect(try bench.read("tally").utf8.count == 6)
    }

    @Test(
        "a workspace of another user counts only where somebody has named it",
        .enabled(if: Person.canSwitch, "needs root"))
    func strangersWorkspace() throws {
        let bench = try bench()
        try bench.share()
        let environment = environment(bench)
        try bench.write("", to: "go")
        #expect(try bench.run(as: .ana, "run", "a.lua", environment: environment).code == 0)
        for command in [
            ["jobs", "list"], ["run", "a.lua"], ["jobs", "retry", "--filter", "@state = done"], ["gc"],
        ] {
            let (process, tag) = try bench.start(as: .ben, command, environment: environment)
            let result = try bench.finish(process, tag)
            #expect(result.code == 2 && result.error.contains("belongs to games"), "\(command): \(result)")
        }
        #expect(try bench.run(as: .ben, "jobs", "list", "--workdir", "workspace").code == 0)
        try bench.write(
            "workspaces: [{ id: lab, path: \(bench.folder)/workspace }]\n",
            to: "config-news/xpm/settings.yaml")
        _ = ChildProcess.output(["chmod", "-R", "a+rX", "\(bench.folder)/config-news"])
        #expect(try bench.run(as: .ben, "jobs", "list").output.contains("s.work"))
    }

    /// Where a text stands in the files of a folder, with their modes: `600 jobs/…`.
    private func files(with text: String, in folder: String) -> [String] {
        let found = ChildProcess.output(["grep", "-rlF", "--", text, folder])?.text ?? ""
        return found.split(separator: "\n").map { path in
            "\(String(Files.permissions(String(path)) ?? 0, radix: 8)) \(path.after(folder) ?? path[...])"
        }
    }

    @Test("values of variables are masked in records, and files that need them are for their owner only")
    func secrets() throws {
        let bench = try Workbench()
        let names = ["of-settings", "of-option", "of-submit", "of-environment", "of-service", "of-conf"]
        let secrets = TextMap(texts: names.map { ($0, "s3cr3t-'\($0)'-\(UUID().uuidString.prefix(6))") })
        func secret(_ name: String) -> String { secrets[name] ?? "" }
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task {
              id = "s.work", params = { n = xpm.int, key = xpm.string },
              command = "printf '%s ' \\"$A\\" \\"$B\\" \\"$C\\" {key} > $XPM_JOB_DIR/seen; chmod 600 seen",
            }
            local Lua = xpm.task {
              id = "s.lua", params = { n = xpm.int },
              execute = function() assert(os.getenv "A" ~= nil and os.getenv "C" ~= nil) end,
            }
            function run(helper, cfg)
              local env = { C = os.getenv "OF_SUBMIT" }
              Work { n = 1, key = cfg.key }:submit { env = env }
              Lua { n = 1 }:submit { env = env }
              helper.xp:add_service(xpm.service { id = "s", command = { "sleep", "600" }, env = { D = os.getenv "OF_SERVICE" } })
            end
            """, to: "experiment.lua")
        try bench.write("key: ${env:OF_ENVIRONMENT}\nother: plain\n", to: "full.yaml")
        try bench.write(
            "env: { A: \"\(secret("of-settings"))\" }\nsecret: [password]\n", to: "config/xpm/settings.yaml")
        let environment = [
            "OF_SUBMIT": secret("of-submit"), "OF_ENVIRONMENT": secret("of-environment"),
            "OF_SERVICE": secret("of-service"),
        ]
        let result = try bench.run(
            "run", "experiment.lua", "full.yaml", "--env", "B=\(secret("of-option"))", "-c",
            "password=\(secret("of-conf"))", environment: environment)
        #expect(result.code == 0, "\(result)")
        for name in names {
            let found = files(with: secret(name), in: "\(bench.folder)/workspace")
            #expect(found.allSatisfy { $0.hasPrefix("600 ") || $0.hasPrefix("700 ") }, "\(name): \(found)")
            #expect(found.allSatisfy { !$0.contains("environment.json") && !$0.contains("service.json") })
        }
        let seen = try bench.read(
            "workspace/jobs/s.work/\(try #require(try bench.jobs("s.work").first).identifier)/seen")
        for name in ["of-settings", "of-option", "of-submit", "of-environment"] {
            #expect(seen.contains(secret(name)), "\(name)")
        }
        let record = try bench.read("workspace/experiments/full/current/environment.json")
        #expect(
            record.contains("B=***") && record.contains("password=***")
                && record.contains("${env:OF_ENVIRONMENT}"))
        #expect(record.contains("plain"))
        // Nothing is left for the next run to do, and what is shown of it is not changed.
        let again = try bench.run(
            "why", "--all", "experiment.lua", "full.yaml", "--env", "B=\(secret("of-option"))",
            environment: environment)
        #expect(again.output.contains("cached") && !again.output.contains("changed"), "\(again)")
    }

    @Test("a script from before keeps its variables, and one that is run alone finds its own")
    func variables() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task { id = "s.work", params = {}, command = "echo [$A]" }
            function run() Work {}:submit { env = { A = "it's \\n two" } } end
            """, to: "experiment.lua")
        #expect(try bench.run("run", "experiment.lua").code == 0)
        let job = try #require(try bench.jobs("s.work").first)
        #expect(try Files.readText(job.output) == "[it's two]\n")
        try Files.remove(job.done)
        let alone = try bench.run(program: job.script(.sh))
        #expect(alone.output == "[it's two]\n" && alone.code == 0, "\(alone)")
        // One that somebody has changed goes to the shell.
        try Files.remove(job.done)
        let text = try Files.readText(job.script(.sh)).replacing("\nexec ", with: "\necho changed\nexec ")
        try Files.write(Array(text.utf8), to: job.script(.sh))
        let changed = try bench.run(program: job.script(.sh))
        #expect(changed.output == "changed\n[it's two]\n", "\(changed)")
    }

    @Test("a lock that is a link proves nothing")
    func forgedLock() throws {
        let bench = try bench()
        try bench.write("", to: "go")
        #expect(try bench.run("run", "a.lua", environment: environment(bench)).code == 0)
        let job = try #require(try bench.jobs("s.work").first)
        let (victim, tag) = try bench.start(["-F", "mine.lock", "sleep", "600"], program: "/usr/bin/flock")
        let lock = "\(bench.folder)/mine.lock"
        #expect(try bench.wait { FileLock.isHeld(lock) })
        try Files.remove(job.done)
        try Files.remove(job.lock)
        try Files.link(job.lock, to: lock)
        try Files.write(ProcessRecord(pid: victim.processIdentifier).json().bytes, to: job.process)
        _ = try bench.run("jobs", "kill", job.identifier, "--perform")
        #expect(victim.isRunning)
        kill(victim.processIdentifier, SIGKILL)
        _ = try bench.finish(victim, tag)
    }

    @Test(
        "where /proc hides others' processes they are not dead",
        .enabled(if: Person.canSwitch && Files.isExecutable("/usr/bin/unshare"), "needs root"))
    func hiddenProcesses() throws {
        let bench = try bench()
        try bench.share()
        let environment = environment(bench)
        let (run, tag) = try bench.start(as: .ana, ["run", "a.lua"], environment: environment)
        #expect(try bench.wait { try isRunning(bench) })
        let began = Date.now
        let killed = try bench.run(
            "-m", "/bin/sh", "-c",
            "mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid news --regid users --clear-groups "
                + "\(bench.folder)/bin/xpm jobs kill --workdir workspace --filter '@state = running' --perform",
            program: "/usr/bin/unshare", environment: ["HOME": "/nonexistent"])
        #expect(killed.code == 2 && killed.error.contains("games"), "\(killed)")
        #expect(Date.now.timeIntervalSince(began) < 8)
        try bench.write("", to: "go")
        #expect(try bench.finish(run, tag).code == 0)
    }

    @Test(
        "a job with a secret in its parameters is done for colleagues too, and they leave it as it is",
        .enabled(if: Person.canSwitch, "needs root"))
    func secretsOfOthers() throws {
        let bench = try Workbench()
        try bench.share()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task { id = "s.key", params = { key = xpm.string }, command = "sh {here}/w.sh {key}" }
            function run(helper, cfg) Work { key = cfg.key }:submit() end
            """, to: "a.lua")
        try bench.write("true\n", to: "w.sh")
        try bench.write("key: ${env:KEY}\n", to: "full.yaml")
        let key = ["KEY": "s3cr3t-key"]
        #expect(
            try bench.run(as: .ana, "run", "a.lua", "full.yaml", "--workdir", "ws", environment: key).code
                == 0)
        let job = try #require(try bench.jobs("s.key", workspace: "ws").first)
        #expect(Files.permissions(job.parameters) == 0o600)
        let listed = try bench.run(as: .ben, "jobs", "list", "--workdir", "ws")
        #expect(listed.code == 0 && listed.output.contains("done"), "\(listed)")
        try bench.write("id: other\nfile: a\nkey: ${env:KEY}\n", to: "other.yaml")
        let again = try bench.run(as: .ben, "run", "other.yaml", "--workdir", "ws", environment: key)
        #expect(again.code == 0 && again.error.contains("1 cached"), "\(again)")
        #expect(Files.owner(job.parameters) == Files.owner(job.done))
        // Nor is the code removed that its script, which ben cannot read, may need.
        #expect(
            try bench.run(as: .ana, "experiments", "delete", "full", "--workdir", "ws", "--perform").code == 0
        )
        _ = try bench.run(as: .ben, "gc", "--workdir", "ws", "--perform")
        #expect(Files.exists("\(bench.folder)/ws/sources/full"))
    }

    @Test("secrets of sweeps, in other forms and behind -- are as secret")
    func sweptSecrets() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local Work = xpm.task { id = "s.swept", params = { password = xpm.string, n = xpm.any }, command = "echo {password} {n} > seen; chmod 600 seen" }
            function run(helper, cfg)
              local work = Work { password = xpm.tag(cfg.db.password), n = cfg.n }
              work:submit()
              helper.xp:save(work, "saved")
            end
            """, to: "experiment.lua")
        try bench.write("secret: [password]\n", to: "config/xpm/settings.yaml")
        try bench.write(
            "db: { password: x }\nn: ${env:NUMBER}\ngrid_search: { db.password: [gridpw111, gridpw222] }\n",
            to: "full.yaml")
        let result = try bench.run(
            "run", "experiment.lua", "full.yaml", "--", "--password", "behind-pw",
            environment: ["NUMBER": "1_234_567_890"])
        #expect(result.code == 0, "\(result)")
        let option = try bench.run(
            "run", "experiment.lua", "full.yaml", "--sweep", "db.password=optionpw1,optionpw2",
            environment: ["NUMBER": "0x1F2E3D4C"])
        #expect(option.code == 0, "\(option)")
        for secret in ["gridpw111", "gridpw222", "optionpw1", "behind-pw", "1234567890", "523124044"] {
            let found = files(with: secret, in: "\(bench.folder)/workspace")
            #expect(
                found.allSatisfy { $0.hasPrefix("600 ") || $0.hasPrefix("700 ") || $0.hasPrefix("400 ") },
                "\(secret): \(found)")
        }
    }
}
