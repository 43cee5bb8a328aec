import Foundation
import Store
import System
import Testing
import Text

/// The page over HTTP: what it shows, what follows a run, and what it bears.
@Suite("Page", .timeLimit(.minutes(20)))
struct PageTests {
    /// Jobs that go on until their file is there; the third fails.
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task {
              id = "w.train", params = { n = xpm.int, lr = xpm.float },
              execute = function(self)
                self:progress(0.25, "epoch 1")
                print("\\27[31mred\\27[0m line " .. self.n)
                if self.n == 3 then error("boom: no such thing") end
                while not io.open("\(bench.folder)/go" .. self.n) do os.execute("sleep 0.05") end
                self:result { loss = self.n * self.lr }
              end,
            }
            function run(helper) for p in xpm.grid { n = xpm.range(1, 6), lr = { 0.5 } } do T(p):submit() end end
            """, to: "w.lua")
        return bench
    }

    private func letGo(_ bench: Workbench) throws {
        for n in 1...6 { try bench.write("", to: "go\(n)") }
    }

    @Test("a run while it goes on: rows, counts, filters, orders, a job, its log")
    func run() throws {
        let bench = try bench()
        let (run, tag) = try bench.start(["run", "-j", "4", "w.lua"])
        try #require(try bench.wait { Files.exists("\(bench.folder)/workspace/experiments/w") })
        let page = try PageBench(bench)
        try #require(try bench.wait { try page.ask("/").body.contains("state live\">running") })
        try #require(
            try bench.wait {
                try page.ask("/experiment/w/rows").body.contains("exit code 1: w.lua:7: boom: no such thing")
            })
        let rows = try page.ask("/experiment/w/rows").body
        #expect(rows.contains("data-fitting=\"6\" data-start=\"0\""))
        #expect(rows.contains("s 25 %"))
        // A click on a value filters by it.
        let link = try #require(
            rows.firstMatch(of: /href="(\/[0-9a-f]{24}\/experiment\/w\?filter=[^"]*)"><span>n</)?.output.1)
        let filtered = try page.ask(String(link)).body
        #expect(filtered.contains("1 of 6 jobs"))
        let failed = try page.ask("/experiment/w/rows?filter=%40state%20%3D%20failed").body
        #expect(failed.contains("data-fitting=\"1\""))
        let byState = try page.ask("/experiment/w/rows?order=state").body
        #expect(
            byState.firstRange(of: "state bad")!.lowerBound < byState.firstRange(of: "state live")!.lowerBound
        )
        let window = try page.ask("/experiment/w/rows?from=4&count=1").body
        #expect(window.contains("data-start=\"4\"") && window.components(separatedBy: "<tr ").count == 2)
        // Beyond the end is the end.
        #expect(try page.ask("/experiment/w/rows?from=999&count=2").body.contains("data-start=\"4\""))
        // A wrong filter is shown as it was typed, with its column.
        let wrong = try page.ask("/experiment/w?filter=lr%20%3D%3D%3D")
        #expect(wrong.code == 200)
        #expect(wrong.body.contains("value=\"lr ===\"") && wrong.body.contains("role=\"alert\""))
        #expect(try page.ask("/experiment/w/rows?filter=lr%20%3D%3D%3D").code == 400)
        let job = try #require(
            rows.firstMatch(of: /href="(\/[0-9a-f]{24}\/job\/w.train\/[0-9a-f]{64})"/)?.output.1)
        #expect(try page.ask(String(job)).body.contains("Kill"))
        let log = try page.ask("\(job)/log").body
        #expect(log.contains("red line 1") && !log.contains("[31m"))
        let text = try page.ask("\(job)/text")
        #expect(text.body == "\u{1b}[31mred\u{1b}[0m line 1\n")
        #expect(text.head.contains("X-Size: \(text.body.utf8.count)"))
        #expect(try page.ask("\(job)/text?from=5").body == "red\u{1b}[0m line 1\n")
        #expect(try page.ask("\(job)/text?from=9999").body.isEmpty)
        try letGo(bench)
        #expect(try bench.finish(run, tag).code == 1)
        #expect(try bench.wait { try page.ask("/").body.contains("state bad\">failed") })
        let failures = try page.ask("/experiment/w/failures").body
        #expect(failures.contains("1 job: exit code 1") && failures.contains("boom: no such thing"))
        #expect(try page.ask("/experiment/w/results").body.contains("<td class=\"right\">2.5</td>"))
        #expect(try page.ask("/experiment/w/results?metric=nothing").body.contains("role=\"alert\""))
        #expect(try page.ask("/experiment/w/picture?kind=scatter&x=n").body.contains("<circle"))
        #expect(try page.ask("/experiment/w/picture?metric=nothing").body.contains("nothing"))
        let history = try page.ask("/experiment/w/runs").body
        let old = try #require(
            history.firstMatch(of: /href="(\/[0-9a-f]{24}\/experiment\/w\?run=[0-9_]+)"/)?.output.1)
        #expect(try page.ask(String(old)).body.contains("6 jobs"))
        for path in [
            "/experiment/nothing", "/experiment/w?run=1", "/job/w.train/\(String(repeating: "0", count: 64))",
        ] {
            #expect(try page.ask(path).code == 404, "\(path)")
        }
    }

    @Test("changes come as events, and go on after the last one that was seen")
    func events() throws {
        let bench = try bench()
        let (run, tag) = try bench.start(["run", "-j", "6", "w.lua"])
        try #require(try bench.wait { Files.exists("\(bench.folder)/workspace/experiments/w") })
        let page = try PageBench(bench)
        try #require(try bench.wait { try page.ask("/experiment/w/rows").body.contains("boom") })
        func listen(after id: String? = nil) throws -> Connection {
            let connection = try page.connect()
            connection.send(
                "GET \(page.prefix)/events/w HTTP/1.1\r\nHost: 127.0.0.1:\(page.port)\r\nCookie: \(page.cookie)\r\n"
                    + (id.map { "Last-Event-ID: \($0)\r\n" } ?? "") + "\r\n")
            return connection
        }
        let first = try listen()
        let begin = first.read(seconds: 1).text
        #expect(begin.contains("text/event-stream") && begin.contains("retry: 1000"))
        #expect(begin.contains("\"running\": 5") && begin.contains("\"rows\": null"))
        let id = try #require(begin.matches(of: /id: (\d+)\n/).last?.output.1)
        try bench.write("", to: "go1")
        let news = first.read(seconds: 2).text
        #expect(news.contains("\"done\": 1") && news.contains("\"rows\": [0]"), "\(news)")
        // What was missed is told.
        try bench.write("", to: "go2")
        try #require(
            try bench.wait {
                try page.ask("/experiment/w/rows").body.components(separatedBy: ">done<").count == 3
            })
        let missed = try listen(after: String(id)).read(seconds: 1).text
        #expect(missed.contains("\"done\": 2") && missed.contains("\"rows\": [0, 1]"), "\(missed)")
        // A number of another page means nothing.
        let strange = try listen(after: "999999").read(seconds: 1).text
        #expect(strange.contains("\"rows\": null"), "\(strange)")
        // A run that is killed is seen within two seconds.
        kill(run.processIdentifier, SIGKILL)
        _ = try bench.finish(run, tag)
        let killed = first.read(seconds: 2.5).text
        #expect(killed.contains("\"live\": false"), "\(killed)")
        #expect(try page.ask("/").body.contains("interrupted"))
        try letGo(bench)
        // A page that is killed leaves a run alone.
        let (next, nextTag) = try bench.start(["run", "w.lua"])
        kill(page.process.processIdentifier, SIGKILL)
        #expect(try bench.finish(next, nextTag).code == 1)
    }

    @Test("what is too large, too slow or too much is refused, and memory stays")
    func limits() throws {
        let bench = try bench()
        try letGo(bench)
        _ = try bench.run("run", "w.lua")
        let page = try PageBench(bench)
        func first(_ text: String, seconds: Double = 5) throws -> String {
            let connection = try page.connect()
            connection.send(text)
            return String(connection.read(seconds: seconds).text.prefix(12))
        }
        let host = "Host: 127.0.0.1:\(page.port)\r\nCookie: \(page.cookie)\r\n"
        #expect(
            try first("GET \(page.prefix)/\(String(repeating: "a", count: 9000)) HTTP/1.1\r\n\(host)\r\n")
                == "HTTP/1.1 414"
        )
        for text in [
            "GET / HTTP/1.1\r\n\(host)X: \(String(repeating: "a", count: 20000))\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)\(String(repeating: "X: a\r\n", count: 200))\r\n",
            "GET / HTTP/9.9\r\n\(host)\r\n", "GET\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "POST \(page.prefix)/do HTTP/1.1\r\n\(host)Content-Length: -1\r\n\r\n",
            "POST \(page.prefix)/do HTTP/1.1\r\n\(host)Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        ] {
            let answer = try first(text)
            #expect(answer.hasPrefix("HTTP/1.1 4"), "\(text.prefix(40)): \(answer)")
        }
        let body = String(repeating: "a=b&", count: 400_000)
        let large = try first(
            "POST \(page.prefix)/do HTTP/1.1\r\n\(host)Origin: \(page.origin)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        #expect(large.isEmpty || large == "HTTP/1.1 413", "\(large)")
        // A body that comes after the answer does not keep a connection open for ever: the time for the next request
        // begins.
        let late = try page.connect()
        late.send("POST / HTTP/1.1\r\nHost: 127.0.0.1:\(page.port)\r\nContent-Length: 1\r\n\r\n")
        #expect(late.read(seconds: 1).text.hasPrefix("HTTP/1.1 401"))
        late.send("x")
        #expect(late.read(seconds: 40).isClosed)
        // Many connections that say nothing: those that come later wait, and are served when others have gone.
        let before = page.memory
        var idle: [Connection] = []
        for _ in 0..<1000 { if let connection = try? page.connect() { idle.append(connection) } }
        for connection in idle { connection.send("GET / HTTP/1.1\r\n") }
        #expect(
            try bench.wait(seconds: 30) { try page.ask("/").code == 200 }, "those that say nothing are closed"
        )
        idle = []
        #expect(try bench.wait { try page.ask("/").code == 200 })
        #expect(page.memory < before + (64 << 20), "\(page.memory) of \(before)")
        // A line of 10 MB.
        let folder = try #require(try bench.jobs("w.train").first)
        try Files.write([UInt8](repeating: 0x61, count: 10 << 20), to: folder.output)
        #expect(try page.ask("/job/w.train/\(folder.identifier)/log").body.utf8.count < 1 << 20)
    }

    @Test("random bytes do it no harm")
    func fuzz() throws {
        let bench = try bench()
        try letGo(bench)
        _ = try bench.run("run", "w.lua")
        let page = try PageBench(bench)
        let job = try #require(try bench.jobs("w.train").first).identifier
        let seeds = [
            "GET \(page.prefix)/experiment/w?filter=lr%20%3D%200.5&order=state HTTP/1.1\r\nHost: 127.0.0.1:\(page.port)\r\nCookie: \(page.cookie)\r\nConnection: close\r\n\r\n",
            "GET \(page.prefix)/job/w.train/\(job)/files/params.json HTTP/1.1\r\nHost: 127.0.0.1:\(page.port)\r\nCookie: \(page.cookie)\r\nConnection: close\r\n\r\n",
            "POST \(page.prefix)/do HTTP/1.1\r\nHost: 127.0.0.1:\(page.port)\r\nOrigin: \(page.origin)\r\nCookie: \(page.cookie)\r\nContent-Length: 20\r\nConnection: close\r\n\r\nwhat=hold&job=a%2Fb&",
        ].map { Array($0.utf8) }
        let end = Monotonic.seconds + 5
        var (count, generator) = (0, SystemRandomNumberGenerator())
        while Monotonic.seconds < end {
            var bytes = seeds.randomElement(using: &generator)!
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: Array("%2e%2e/".utf8), at: place)
                default: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: place)
                }
                if bytes.isEmpty { break }
            }
            let connection = try page.connect()
            connection.send(bytes)
            let said = connection.read(seconds: 0.05).text
            #expect(
                !said.hasPrefix("HTTP/1.1 5"),
                "\(String(decoding: bytes, as: UTF8.self)): \(said.prefix(200))")
            count += 1
        }
        #expect(count > 100)
        #expect(page.process.isRunning)
        #expect(try page.ask("/").code == 200)
    }

    @Test("a port that somebody has is said to be his; wrong options are refused")
    func starting() throws {
        let bench = try bench()
        try letGo(bench)
        _ = try bench.run("run", "w.lua")
        let page = try PageBench(bench)
        let taken = try bench.run("monitor", "--web", "--port", "\(page.port)")
        #expect(taken.code == 2)
        #expect(
            taken.error.contains(
                "port \(page.port) (xpm-page, process \(page.process.processIdentifier), has it)"))
        for words in [
            ["--web", "--json"], ["--web", "--ascii"], ["--port", "9000"], ["--host", "::1"],
            ["--web", "--port", "0"],
        ] {
            let (process, tag) = try bench.start(["monitor"] + words)
            #expect(try bench.finish(process, tag).code == 64, "\(words)")
        }
        // To an experiment at once.
        let named = try PageBench(bench, "w", signIn: false)
        let way = String(try #require(named.start.firstMatch(of: /\/start.*/)).output)
        #expect(try named.ask(way).head.contains("\r\nLocation: \(named.prefix)/experiment/w\r\n"))
        // Each port has addresses of its own: who takes one over learns nothing of the others.
        #expect(named.prefix != page.prefix)
        // At all addresses: what names this machine by a number, or by its own name, is answered.
        let open = try PageBench(bench, "--host", "0.0.0.0", signIn: false)
        #expect(open.start.hasPrefix("http://\(Environment.hostName):\(open.port)/"))
        let first = String(try #require(open.start.firstMatch(of: /\/start.*/)).output)
        #expect(try open.ask(first).code == 303)
        #expect(try open.ask("/", "-H", "Host: evil.example:\(open.port)").code == 421)
        let nowhere = try bench.run(
            "monitor", "--web", "--host", "192.0.2.1", "--port", "\(try Loopback.freePort())")
        #expect(nowhere.code == 2)
        #expect(nowhere.error.contains("192.0.2.1"))
        // Ctrl-C ends it well.
        kill(page.process.processIdentifier, SIGINT)
        page.process.waitUntilExit()
        #expect(page.process.terminationStatus == 0 && page.process.terminationReason == .exit)
    }

    @Test("damage is told in its place, and the rest goes on")
    func damage() throws {
        let bench = try bench()
        try letGo(bench)
        _ = try bench.run("run", "w.lua")
        let page = try PageBench(bench)
        let jobs = try bench.jobs("w.train")
        let runs = "\(bench.folder)/workspace/experiments/w"
        let run = try #require(try Files.list(runs).first { $0.hasPrefix("2") })
        // A line that is cut off, one that is none.
        let log = try Files.read("\(runs)/\(run)/jobs.jsonl")
        try Files.write(log + Array("not json\n{\"task_id\": \"w.tr".utf8), to: "\(runs)/\(run)/jobs.jsonl")
        try Files.remove(jobs[0].parameters)
        #expect(try page.ask("/experiment/w").body.contains("6 jobs"))
        let without = try page.ask("/job/w.train/\(jobs[0].identifier)")
        #expect([200, 404].contains(without.code))
        // Times that are none.
        _ = ChildProcess.output(["/usr/bin/touch", "-d", "1960-01-01 00:00:00.5", jobs[2].output])
        _ = ChildProcess.output(["/usr/bin/touch", "-d", "@9999999999999", jobs[2].error])
        #expect(try page.ask("/job/w.train/\(jobs[2].identifier)/files").body.contains("1960-01-01"))
        let events = try Files.read("\(runs)/\(run)/events.jsonl")
        let strange = ["1e300", "1e999", "-1e300", "0"].flatMap { time in
            ["running", "done"].map { state in
                "{\"timestamp\": \(time), \"job_id\": \"\(jobs[3].identifier)\", \"task_id\": \"w.train\", \"state\": \"\(state)\"}\n"
            }
        }
        try Files.write(events + Array(strange.joined().utf8), to: "\(runs)/\(run)/events.jsonl")
        for view in ["timeline", "rows", "graph"] {
            #expect(try page.ask("/experiment/w/\(view)").code == 200, "\(view)")
        }
        // A job's folder that goes away.
        try Files.removeTree(jobs[1].path, below: bench.folder)
        #expect(try page.ask("/job/w.train/\(jobs[1].identifier)").code == 404)
        #expect(try page.ask("/experiment/w/rows").code == 200)
        try Files.write(Array("{".utf8), to: "\(runs)/\(run)/status.json")
        #expect(try bench.wait { try page.ask("/").body.contains("unknown") })
        // A run that is deleted while it is seen.
        try Files.removeTree("\(runs)/\(run)", below: bench.folder)
        #expect(try bench.wait { try page.ask("/").code == 200 })
        #expect([200, 404].contains(try page.ask("/experiment/w").code))
        try Files.removeTree("\(bench.folder)/workspace", below: bench.folder)
        #expect(try bench.wait { try page.ask("/").body.contains("No experiment has run here yet") })
    }
}
