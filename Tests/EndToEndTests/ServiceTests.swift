import Foundation
import Store
import System
import Testing
import Text

/// Services with real programs: their states, their logs, their addresses, and that nothing of them is left.
@Suite("Services", .timeLimit(.minutes(20)))
struct ServiceTests {
    private func bench(_ services: String, body: String = "", tasks: Int = 1, work: String = "true") throws
        -> Workbench
    {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "s.t", params = { lr = xpm.float, seed = xpm.int }, command = "\(work)" }
            local log = {}
            function run(helper)
              local xp = helper.xp
              local function note(...)
                local file = assert(io.open("notes", "a"))
                file:write(table.concat({ ... }, " "), "\\n")
                file:close()
              end
              \(services)
              local tasks = {}
              for seed = 1, \(tasks) do
                tasks[seed] = T { lr = xpm.tag("lr", 0.5), seed = xpm.tag("seed", seed) }
                tasks[seed]:submit()
              end
              \(body)
            end
            """, to: "s.lua")
        return bench
    }

    /// The processes whose environment names this bench.
    private func processes(_ bench: Workbench) -> [String] {
        ((try? Files.list("/proc")) ?? []).filter { $0.first?.isNumber ?? false }.filter { pid in
            let environment = (try? Files.readText("/proc/\(pid)/environ")) ?? ""
            return environment.contains("BENCH=\(bench.folder)")
        }
    }

    private func run(_ bench: Workbench, _ arguments: String...) throws -> Workbench.Result {
        let (process, tag) = try bench.start(
            arguments, environment: ["BENCH": bench.folder, "PYTHONUNBUFFERED": "1"])
        return try bench.finish(process, tag)
    }

    /// What a GET of a page gives.
    private func page(_ url: String) throws -> String {
        ChildProcess.output(["curl", "-fsS", "--max-time", "5", url])?.text ?? ""
    }

    private func address(_ bench: Workbench, _ name: String) throws -> String {
        let lines = try bench.run("services", "list", name, "--json").output.split(separator: "\n")
        return try JSON.parse(Array(try #require(lines.first).utf8))["url"]?.string ?? ""
    }

    private static let web = """
        local web = xp:add_service(xpm.web_service { id = "web", description = "a server", timeout = "20s",
          command = { "python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", "{dir}", "{port}" }, ready = { http = "/" } })
        xp:add_listener(xpm.service_listener { state_changed = function(service, old, new, id) note(id, old, new, service.url or "-") end })
        """

    @Test("a server is added, ready, linked by tags, stopped at the end, started again, fetched, and stopped")
    func web() throws {
        let bench = try bench(
            Self.web + "\nweb:wait() note('state', web.state)",
            body:
                "for _, t in ipairs(tasks) do web:add(t) end\nxp:wait()\nassert(os.execute('curl -fsS ' .. web.url .. 'runs/lr=0.5/ >page'))",
            tasks: 2)
        let result = try run(bench, "run", "s.lua")
        #expect(result.code == 0, "\(result.error)")
        #expect(try bench.read("page").contains("seed=1") && bench.read("page").contains("seed=2"))
        let notes = try bench.read("notes").split(separator: "\n")
        #expect(notes.contains("state RUNNING"))
        let states = notes.filter { $0.hasPrefix("web ") }.map { $0.split(separator: " ")[2] }
        #expect(
            states == ["STARTING", "RUNNING", "STOPPING", "STOPPED"]
                || states == ["RUNNING", "STOPPING", "STOPPED"], "\(notes)")
        #expect(processes(bench).isEmpty)
        let status = try JSON.parse(Files.read("\(bench.folder)/workspace/experiments/s/current/status.json"))
        let told = try #require(status["services"]?["web"])
        #expect(told["state"]?.string == "STOPPED" && told["description"]?.string == "a server")
        #expect(try bench.run("services", "list", "s").output == "web  STOPPED   a server\n")
        #expect(try bench.run("experiments", "show", "s").output.contains("service web  STOPPED"))
        #expect(try bench.run("attach", "s").output.contains("service web: http://127.0.0.1:"))

        let started = try run(bench, "services", "start", "s/web")
        #expect(started.code == 0 && started.output.contains("RUNNING"), "\(started)")
        #expect(try page("\(address(bench, "s"))runs/lr=0.5/").contains("seed=1"))
        #expect(try bench.run("services", "open", "s/web").output == "\(address(bench, "s"))\n")
        #expect(try run(bench, "services", "restart", "s").output.contains("RUNNING"))
        #expect(try page(address(bench, "s")).contains("runs/"))
        #expect(try run(bench, "services", "stop", "s").output.contains("STOPPED"))
        #expect(processes(bench).isEmpty)
        #expect(try bench.run("services", "log", "s/web").output.contains("GET /"))
        for (arguments, message) in [
            (["open", "s/web"], "web does not run"),
            (["list", "s/wbe"], "s has no service 'wbe' (did you mean 'web'?)"),
            (["list", "t"], "no experiment 't'"),
        ] {
            let (process, tag) = try bench.start(["services"] + arguments)
            let wrong = try bench.finish(process, tag)
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(wrong.error)")
        }
    }

    @Test("a live run's services are stopped and started by command; in a dry run nothing starts")
    func live() throws {
        let bench = try bench(Self.web, work: "while [ ! -e {jobdir}/../../../../go ]; do sleep 0.02; done")
        #expect(try run(bench, "run", "--run-mode", "dry-run", "s.lua").code == 0)
        #expect(processes(bench).isEmpty && !Files.exists("\(bench.folder)/workspace"))
        let (process, tag) = try bench.start(["run", "s.lua"], environment: ["BENCH": bench.folder])
        #expect(
            try bench.wait { (try? bench.run("services", "list", "s").output.contains("RUNNING")) ?? false })
        #expect(try bench.run("services", "stop", "s/web").output.contains("STOPPED"))
        let again = try bench.run("services", "start", "s/web")
        #expect(again.code == 0 && again.output.contains("RUNNING"), "\(again)")
        #expect(try !page(address(bench, "s")).isEmpty)
        try bench.write("", to: "go")
        #expect(try bench.finish(process, tag).code == 0)
        #expect(processes(bench).isEmpty)
    }

    @Test(
        "what goes wrong has its state, its reason and its log; the run goes on, and nothing is left",
        arguments: [
            ("command = { 'no-such-program-x' }", "cannot start: No such file", ""),
            ("command = 'echo broken >&2; exit 3'", "ended by itself: exit code 3: broken", "broken"),
            (
                "command = 'sleep 60 & sleep 60 # {port}', ready = 'tcp', timeout = '0.3s'",
                "not ready after 0.3 s", ""
            ),
            (
                "command = 'echo up; sleep 0.3; exit 4', ready = { output = '^up' }",
                "ended by itself: exit code 4", "up"
            ),
            (
                "command = 'echo up; kill -9 $$', ready = { output = 'never' }",
                "killed by signal 9 (SIGKILL): up", "up"
            ),
            (
                "command = 'true', ready = function(service) error('cannot say') end, timeout = '5s'",
                "ended before it was ready: exit code 0", ""
            ),
        ])
    func wrong(_ keys: String, _ reason: String, _ log: String) throws {
        let bench = try bench(
            "local bad = xp:add_service(xpm.service { id = 'bad', \(keys) })",
            body: "xp:wait() os.execute('sleep 0.8') note(bad.state, bad.error or '')")
        let result = try run(bench, "run", "s.lua")
        #expect(result.code == 0 && result.error.contains("1 done"), "\(result.error)")
        let notes = try bench.read("notes")
        #expect(notes.hasPrefix("ERROR ") && notes.contains(reason), "\(notes)")
        #expect(
            result.error.contains("warning: service bad: ") && result.error.contains(reason),
            "\(result.error)")
        #expect(try bench.run("services", "list", "s").output.contains("ERROR"))
        if !log.isEmpty { #expect(try bench.run("services", "log", "s/bad").output.hasPrefix(log)) }
        #expect(processes(bench).isEmpty)
    }

    @Test("two services of one id are refused at their line; one that closes its output costs nothing")
    func doubled() throws {
        let bench = try bench(
            """
            local quiet = xp:add_service(xpm.service { id = 'quiet', command = "exec sleep 60 >/dev/null 2>&1" })
            local function mine() return xpm.service { id = 'mine', start = function() end, stop = function() note('stopped') end } end
            xp:add_service(mine())
            print(pcall(xp.add_service, xp, mine()))
            collectgarbage() collectgarbage()
            """, body: "xp:wait() os.execute('sleep 1')")
        let result = try run(bench, "run", "s.lua")
        #expect(result.code == 0 && result.output.contains("there is a service 'mine' already"), "\(result)")
        #expect(try bench.read("notes") == "stopped\n")
    }

    @Test("Ctrl-C ends the services too, those in Lua by their own function; a third one leaves none behind")
    func interrupted() throws {
        for count in [1, 3] {
            let bench = try bench(
                """
                xp:add_service(xpm.service { id = 'mine', start = function() end, stop = function() note('stopped') end })
                xp:add_service(xpm.service { id = 'program', command = 'sleep 300' })
                """, work: count == 1 ? "sleep 0.5" : "trap '' TERM; sleep 1")
            let (process, tag) = try bench.start(["run", "s.lua"], environment: ["BENCH": bench.folder])
            #expect(try bench.wait { try bench.jobs("s.t").contains { Files.exists($0.process) } })
            for number in 1...count {
                process.interrupt()
                let words = ["nothing more is launched", "stopping the running jobs", "live on"]
                #expect(try bench.wait { try bench.read(".\(tag).err").contains(words[number - 1]) })
            }
            #expect(try bench.finish(process, tag).code == 130)
            if count == 1 { #expect(try bench.read("notes") == "stopped\n") }
            #expect(try bench.wait { processes(bench).isEmpty }, "\(processes(bench))")
            // What the run could not say any more is put right.
            #expect(try bench.run("doctor", "--mend").code == 0)
            let status = try JSON.parse(
                Files.read("\(bench.folder)/workspace/experiments/s/current/status.json"))
            #expect(status["status"] == "interrupted")
            #expect(status["services"]?["program"]?["state"] == "STOPPED", "\(status.text)")
        }
    }

    @Test("a service that stays is ready when the run is over; the next run's takes its place and its port")
    func stays() throws {
        let bench = try bench(
            """
            xp:add_service(xpm.web_service { id = 'web', port = tonumber(helper.args[1]), keep = true, timeout = '20s',
              command = "sleep 0.7; exec python3 -m http.server --bind 127.0.0.1 {port}", ready = { http = '/' } })
            """)
        let free = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
        let port = try #require(
            ChildProcess.output(["python3", "-c", free])?.text.split(separator: "\n").first)
        for _ in 0..<2 {
            #expect(try run(bench, "run", "s.lua", "--", String(port)).code == 0)
            #expect(try bench.run("services", "list").output.hasPrefix("s/web  RUNNING   http://"))
        }
        let states = try bench.run("experiments", "runs", "s", "--json").output.split(separator: "\n").map {
            try bench.run(
                "services", "list", "s", "--run",
                #require(try JSON.parse(Array($0.utf8))["run"]?.string)
            ).output
        }
        #expect(
            states.count == 2 && states[0].contains("STOPPED") && states[1].contains("RUNNING"), "\(states)")
        #expect(try run(bench, "services", "stop", "s").code == 0 && processes(bench).isEmpty)
    }

    @Test(
        "one that stays and ends later has its reason, and is started as it was defined; Ctrl-C ends the wait for it"
    )
    func alone() throws {
        let bench = try bench(
            """
            xp:add_service(xpm.service { id = 'stays', keep = true, restart = 'on-failure',
              command = "while [ ! -e $BENCH/end ]; do sleep 0.02; done; echo lost connection; exit 3" })
            if helper.args[1] then
              xp:add_service(xpm.service { id = 'slow', keep = true, timeout = '60s', command = 'sleep 60', ready = { output = 'never' } })
            end
            """)
        func status(_ id: String) throws -> JSON? {
            let path = "\(bench.folder)/workspace/experiments/s/current/status.json"
            return try JSON.parse(Files.read(path))["services"]?[id]
        }
        #expect(try run(bench, "run", "s.lua").code == 0)
        for _ in 0..<2 {
            #expect(try bench.run("services", "list", "s").output.contains("RUNNING"))
            #expect(try status("stays")?["state"] == "RUNNING")
            try bench.write("", to: "end")
            #expect(
                try bench.wait {
                    try bench.run("services", "list", "s").output.contains(
                        "ended by itself: exit code 3: lost connection")
                })
            #expect(try bench.wait { try status("stays")?["state"] == "ERROR" })
            let record = try Files.readText(
                "\(bench.folder)/workspace/experiments/s/current/services/stays/service.json")
            #expect(record.contains(#""restart": "on-failure""#), "\(record)")
            try Files.remove("\(bench.folder)/end")
            #expect(try run(bench, "services", "start", "s/stays").code == 0)
        }
        #expect(try run(bench, "services", "stop", "s").code == 0 && processes(bench).isEmpty)
        #expect(try status("stays")?["state"] == "STOPPED")
        let (process, tag) = try bench.start(
            ["run", "s.lua", "--", "slow"], environment: ["BENCH": bench.folder])
        #expect(try bench.wait { try bench.jobs("s.t").allSatisfy(\.isDone) })
        #expect(try bench.stays(seconds: 0.3) { process.isRunning })
        let began = Monotonic.seconds
        process.interrupt()
        #expect(try bench.finish(process, tag).code == 130)
        #expect(Monotonic.seconds - began < 20)
        let left = try bench.run("services", "list", "s").output
        #expect(left.contains("slow   STOPPED") && left.contains("stays  RUNNING"), "\(left)")
        #expect(try run(bench, "services", "stop", "s").code == 0 && processes(bench).isEmpty)
    }

    @Test("a service whose guard is killed is gone too, with what it has started")
    func guardKilled() throws {
        let bench = try bench(
            "xp:add_service(xpm.service { id = 'guarded', command = \"sh -c 'sleep 300; :'; :\" })",
            work: "while [ ! -e {jobdir}/../../../../go ]; do sleep 0.02; done")
        let (process, tag) = try bench.start(["run", "s.lua"], environment: ["BENCH": bench.folder])
        func state() -> JSON? {
            let text = (try? bench.run("services", "list", "s", "--json").output) ?? ""
            return try? JSON.parse(Array(text.utf8))
        }
        #expect(try bench.wait { state()?["state"] == "RUNNING" })
        // The shell has started the other one, which has started the program.
        #expect(try bench.wait { processes(bench).count >= 6 }, "\(processes(bench))")
        kill(Int32(try #require(state()?["pid"]?.int)), SIGKILL)
        #expect(
            try bench.wait { state()?["error"] == "its host was killed" }, "\(String(describing: state()))")
        try bench.write("", to: "go")
        #expect(try bench.finish(process, tag).code == 0)
        #expect(processes(bench).isEmpty, "\(processes(bench))")
    }

    @Test("a required service that fails ends the run, with its reason")
    func required() throws {
        let bench = try bench(
            "xp:add_service(xpm.service { id = 'bad', command = 'exit 3', required = true, ready = { output = 'x' } })",
            tasks: 30, work: "sleep 0.2")
        let result = try run(bench, "run", "-j", "1", "s.lua")
        #expect(
            result.code == 2
                && result.error.contains("error: service bad: ended before it was ready: exit code 3"),
            "\(result.error)")
        #expect(result.error.contains("not run") && processes(bench).isEmpty)
    }

    @Test("a required service that fails when all jobs are done fails the run too, for everybody who asks")
    func requiredAtTheEnd() throws {
        let bench = try bench(
            "local bad = xp:add_service(xpm.service { id = 'bad', command = 'exit 3', required = true, ready = { output = 'x' } })",
            body: "xp:wait() bad:wait()")
        let result = try run(bench, "run", "--notify", "echo $XPM_EVENT $XPM_STATE $XPM_TEXT >told", "s.lua")
        let reason = "service bad: ended before it was ready: exit code 3"
        #expect(result.code == 2 && result.error.contains("error: \(reason)"), "\(result.error)")
        #expect(try bench.read("told") == "end failed s: failed: 1 done, 0 cached, 0 failed; \(reason)\n")
        let attached = try bench.run("attach", "s")
        #expect(attached.code == 2 && attached.error.contains("  failed  "), "\(attached)")
        #expect(attached.error.contains("1 done; \(reason)\n"), "\(attached)")
        let runs = try bench.run("experiments", "runs", "s", "--json").output
        #expect(runs.contains(#""state": "failed""#) && runs.contains(#""exit_code": 2"#), "\(runs)")
    }

    @Test(
        "one that ignores SIGTERM, floods its log and leaves children is gone at the end; its log has an end too"
    )
    func stubborn() throws {
        let bench = try bench(
            """
            local bad = xp:add_service(xpm.service { id = 'bad',
              command = "trap '' TERM; setsid sleep 300 & (sleep 300 &) ; yes flood" })
            """, body: "xp:wait() os.execute('sleep 1') note(bad.state)")
        let result = try run(bench, "run", "s.lua")
        #expect(result.code == 0, "\(result.error)")
        #expect(try bench.read("notes") == "RUNNING\n")
        #expect(processes(bench).isEmpty, "\(processes(bench))")
        let folder = "\(bench.folder)/workspace/experiments/s/current/services/bad"
        #expect(Files.size(of: folder) < 40 << 20)
    }

    @Test(
        "a port that another program has is told; a service that fails is started again where that is wanted")
    func portsAndRestarts() throws {
        let bench = try bench(
            """
            local taken = xp:add_service(xpm.web_service { id = 'taken', port = tonumber(helper.args[1]), command = "sleep 60", ready = 'tcp' })
            local flaky = xp:add_service(xpm.service { id = 'flaky', restart = 'on-failure', ready = { output = 'fine' },
              command = "if [ -e once ]; then echo fine; sleep 60; else touch once; exit 1; fi" })
            xp:add_listener(xpm.service_listener { state_changed = function(_, old, new, id) if id == 'flaky' then note(old, new) end end })
            xp:add_listener(xpm.service_listener { state_changed = function() error 'this listener fails' end })
            """,
            body: "while flaky.state ~= 'RUNNING' do os.execute('sleep 0.05') end note('taken', taken.error)")
        try bench.write(
            "import socket, time\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(9)\nopen('port', 'w').write(str(s.getsockname()[1]) + ' ')\ntime.sleep(60)\n",
            to: "taker.py")
        let taker = try bench.start(["python3", "taker.py"], program: "/usr/bin/env")
        defer { taker.process.terminate() }
        #expect(try bench.wait { ((try? bench.read("port")) ?? "").hasSuffix(" ") })
        let port = String(try bench.read("port").dropLast())
        let result = try run(bench, "run", "s.lua", "--", port)
        #expect(result.code == 0, "\(result.error)")
        let notes = try bench.read("notes").split(separator: "\n").map(String.init)
        #expect(notes.contains("taken port \(port) is taken by another program"), "\(notes)")
        let flaky = notes.filter { !$0.hasPrefix("taken") }
        #expect(
            flaky.suffix(4) == [
                "ERROR STARTING", "STARTING RUNNING", "RUNNING STOPPING", "STOPPING STOPPED",
            ], "\(flaky)")
        #expect(result.error.contains("exit code 1; starting it again (1 of 3)"), "\(result.error)")
        #expect(
            result.error.contains("warning: a service listener failed: s.lua:")
                && result.error.contains("this listener fails"))
        #expect(processes(bench).isEmpty)
    }

    @Test("services in Lua, parts of services, and one that stays when the run ends")
    func kinds() throws {
        let bench = try bench(
            """
            local mine = xp:add_service(xpm.service { id = 'mine', start = function(self) note('start', self.id) end,
              stop = function(self) note('stop', self.id) end, describe = function(self) return 'my own' end })
            local pair = xp:add_service(xpm.service { id = 'pair', command = 'sleep 60', services = {
              xpm.service { id = 'one', command = 'sleep 60' }, xpm.service { id = 'two', command = 'sleep 60', keep = true } } })
            local broken = xp:add_service(xpm.service { id = 'broken', start = function() error 'no way' end })
            xp:add_service(xpm.service { id = 'stays', command = 'sleep 60', keep = true })
            """, body: "xp:wait() note(mine.state, mine.description, broken.state, broken.error)")
        let result = try run(bench, "run", "s.lua")
        #expect(result.code == 0, "\(result.error)")
        let notes = try bench.read("notes").split(separator: "\n")
        #expect(notes.count == 3 && notes[0] == "start mine" && notes[2] == "stop mine", "\(notes)")
        #expect(
            notes[1].hasPrefix("RUNNING my own ERROR s.lua:") && notes[1].hasSuffix("no way"), "\(notes[1])")
        let listed = try bench.run("services", "list", "s").output.split(separator: "\n").map {
            $0.split(separator: " ").prefix(2).joined(separator: " ")
        }
        #expect(
            listed == [
                "broken ERROR", "mine STOPPED", "pair STOPPED", "pair/one STOPPED", "pair/two STOPPED",
                "stays RUNNING",
            ], "\(listed)")
        #expect(!processes(bench).isEmpty)
        #expect(
            try bench.run("services", "start", "s/mine").error.contains(
                "only a run of its script can start it"))
        #expect(try run(bench, "services", "stop", "s/stays").code == 0)
        #expect(processes(bench).isEmpty, "\(processes(bench))")
    }

    @Test(
        "services keep what is set in them; their parts have states; a listener that was removed hears no more"
    )
    func state() throws {
        let bench = try bench(
            """
            local mine = xp:add_service(xpm.service { id = 'mine', start = function(self) self.count = (self.count or 0) + 1 end,
              stop = function(self) note('count', self.count, self.later) end })
            local pair = xp:add_service(xpm.service { id = 'pair', command = 'sleep 60', services = {
              xpm.service { id = 'one', command = 'sleep 60' } } })
            local all = xpm.service_listener { state_changed = function(service, old, new, id) note(id, new) end }
            local one = xpm.service_listener { state_changed = function(service, old, new, id) note('one', id, new) end }
            xp:add_listener(all)
            pair.parts.one:wait():add_listener(one)
            pair:wait()
            note(pair.parts.one.id, pair.parts.one.state, tostring(pair.parts.two), pair.parts.one.log and 'log')
            xp:remove_listener(all)
            pair.parts.one:remove_listener(one)
            mine.later = 'kept'
            note(select(2, pcall(function() mine.id = 3 end)))
            mine:stop() mine:start()
            note(select(2, pcall(function() return pair.coutn end)))
            """, body: "xp:wait()")
        let result = try run(bench, "run", "s.lua")
        #expect(result.code == 0, "\(result.error)")
        let notes = try bench.read("notes").split(separator: "\n").filter { !$0.hasSuffix("RUNNING") }
        #expect(notes.count == 5, "\(notes)")
        #expect(notes.first == "pair/one RUNNING nil log" && notes.last == "count 2 kept", "\(notes)")
        #expect(
            notes[1].contains("keep a value by another name than 'id'") && notes.contains("count 1 kept"),
            "\(notes)")
        #expect(notes.contains { $0.contains("a service has no 'coutn'") }, "\(notes)")
    }

    @Test(
        "kill -9 of xpm at a random moment leaves no process of three services, and the next run starts clean",
        arguments: 0..<10)
    func killed(_ round: Int) throws {
        let bench = try bench(
            """
            for n = 1, 3 do
              xp:add_service(xpm.service { id = 'service' .. n, command = "trap 'sleep 0.1; exit' TERM; echo up; (sleep 300 &); while :; do sleep 0.05; done",
                ready = { output = 'up' } })
            end
            """, work: "sleep 0.4")
        for _ in 0..<5 {
            let (process, tag) = try bench.start(["run", "s.lua"], environment: ["BENCH": bench.folder])
            usleep(UInt32.random(in: 5_000...300_000))
            kill(process.processIdentifier, SIGKILL)
            _ = try bench.finish(process, tag)
            #expect(try bench.wait { processes(bench).isEmpty }, "left: \(processes(bench))")
        }
        let next = try run(bench, "run", "s.lua")
        #expect(next.code == 0 && processes(bench).isEmpty, "\(next.error)")
    }

    @Test("a real TensorBoard, where its package can be had, shows what was linked to it")
    func tensorboard() throws {
        guard ChildProcess.output(["/bin/sh", "-c", "command -v tensorboard"])?.code == 0 else { return }
        let bench = try bench(
            "local tb = xp:add_service(xpm.services.tensorboard {})\ntb:wait()\nnote(tb.state, tb.error or '')",
            body:
                "for _, t in ipairs(tasks) do tb:add(t) end xp:wait() assert(os.execute('curl -fsS ' .. tb.url .. ' >page'))"
        )
        let result = try run(bench, "run", "s.lua")
        #expect(result.code == 0, "\(result.error)")
        #expect(try bench.read("notes") == "RUNNING \n" && bench.read("page").contains("TensorBoard"))
        #expect(try run(bench, "services", "start", "s/tensorboard").code == 0)
        #expect(try page(address(bench, "s")).contains("TensorBoard"))
        #expect(try run(bench, "services", "stop", "s").code == 0 && processes(bench).isEmpty)
    }
}
