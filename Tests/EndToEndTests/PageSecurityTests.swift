import Foundation
import Store
import System
import Testing
import Text

/// Who may see the page, and what it gives away.
@Suite("Page: security", .timeLimit(.minutes(20)))
struct PageSecurityTests {
    private static let secret = "the-secret-of-somebody"

    /// A workspace with jobs, one of them with files and links of all kinds, and a secret beside it.
    private func bench() throws -> (bench: Workbench, job: String, folder: JobFolder) {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task {
              id = "p.train", params = { n = xpm.int, out = xpm.job_path "out.txt" },
              command = "echo hello {n} >{out}; sleep {n}",
            }
            function run(helper) T { n = 0 }:submit { env = { API_TOKEN = "\(Self.secret)" } } end
            """, to: "p.lua")
        let run = try bench.run("run", "p.lua")
        try #require(run.code == 0, "\(run.error)")
        let folder = try #require(try bench.jobs("p.train").first)
        try bench.write(Self.secret, to: "outside/secret.txt")
        let outside = "\(bench.folder)/outside"
        try Files.link("\(folder.path)/link.txt", to: "\(outside)/secret.txt")
        try Files.link("\(folder.path)/linked", to: outside)
        try Files.link("\(folder.path)/up", to: "../../..")
        try Files.link("\(folder.path)/passwd", to: "/etc/passwd")
        try Files.makeFolder("\(folder.path)/inner")
        try Files.write(Array("fine".utf8), to: "\(folder.path)/inner/a b.txt")
        _ = ChildProcess.output(["/usr/bin/mkfifo", "\(folder.path)/pipe"])
        _ = ChildProcess.output(["/bin/mknod", "\(folder.path)/zero", "c", "1", "5"])
        return (bench, "/job/p.train/\(folder.identifier)", folder)
    }

    /// Everything that there is to ask for.
    private func routes(_ job: String) -> [String] {
        [
            "/", "/?part=1", "/events", "/events/p", "/experiment/p", "/experiment/p/rows",
            "/experiment/p/graph", "/experiment/p/timeline", "\(job)/curves",
            "/experiment/p/failures", "/experiment/p/results", "/experiment/p/plot", "/experiment/p/picture",
            "/experiment/p/services", "/experiment/p/runs", job, "\(job)/log", "\(job)/text", "\(job)/files",
            "\(job)/files/out.txt", "\(job)/difference?with=p.train/\(Paths.name(job))",
            "/find/\(Paths.name(job))", "/do?what=stop&experiment=p", "/assets/page.css", "/assets/page.js",
        ]
    }

    @Test("the address lets one browser in, once, and is kept where only its user reads it")
    func startAddress() throws {
        let (bench, _, _) = try bench()
        let page = try PageBench(bench, signIn: false)
        let path = String(try #require(page.start.after(page.origin + page.prefix)))
        #expect(path.utf8.count == "/start?token=".utf8.count + 64)
        let record = "\(bench.folder)/state/xpm/pages/\(Environment.hostName)/\(page.port).json"
        #expect(Files.permissions(record) == 0o600)
        #expect(try Files.readText(record).contains(page.start))
        // Who only looks at the address does not use it up.
        #expect(try page.ask(path, "--head").code == 401)
        let first = try page.ask(path)
        #expect(first.code == 303)
        #expect(first.head.contains("\r\nLocation: \(page.prefix)/\r\n"))
        let cookie = try #require(first.head.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") })
        #expect(cookie.hasPrefix("Set-Cookie: xpm-\(page.port)="))
        // What listens at another port is the same site: it is not sent the cookie for want of the path.
        #expect(cookie.hasSuffix("; Path=\(page.prefix)/; HttpOnly; SameSite=Strict"))
        #expect(Files.permissions("\(bench.folder)/state/xpm/pages/secret") == 0o600)
        let second = try page.ask(path)
        #expect(second.code == 401)
        #expect(!second.head.contains("Set-Cookie"))
        #expect(!(try Files.readText(record)).contains(page.start))
        // Another browser is let in by another address, which the same command prints.
        let again = try bench.run("monitor", "--web")
        #expect(again.code == 0)
        #expect(
            again.error.contains("process \(page.process.processIdentifier) shows this workspace already"))
        let other = again.output.trimmingCharacters(in: .newlines)
        #expect(other != page.start)
        #expect(try page.signIn(other))
        // Who has the cookie may go back to a used address.
        #expect(try page.ask(path).code == 303)
        // The secrets stand in no output.
        #expect(!again.error.contains("token="))
        page.process.terminate()
        page.process.waitUntilExit()
        #expect(!Files.exists(record))
    }

    @Test("without the cookie nothing is told, whatever is asked for")
    func unknownBrowser() throws {
        let (bench, job, _) = try bench()
        let page = try PageBench(bench)
        let wrong = [
            "", "xpm-\(page.port)=", "xpm-\(page.port)=" + String(repeating: "0", count: 64),
            "xpm-1=" + (page.cookie.cut(at: "=").map { String($0.after) } ?? ""),
            page.cookie.replacing("xpm-", with: "ypm-"), String(page.cookie.dropLast()), "\(page.cookie)0",
        ]
        for path in routes(job) + [
            "/nothing", "/../../etc/passwd", "\(job)/files/../../../../outside/secret.txt",
        ] {
            for cookie in wrong {
                let words = cookie.isEmpty ? [] : ["-H", "Cookie: \(cookie)"]
                let answer =
                    words.isEmpty
                    ? try page.ask(path, cookie: "") : try page.ask(path, words[0], words[1], cookie: "")
                #expect([401, 404].contains(answer.code), "\(path) \(cookie): \(answer.code)")
                #expect(!answer.body.contains(bench.folder), "\(path)")
                #expect(!answer.body.contains("p.train"), "\(path)")
            }
        }
        let post = try page.ask(
            "/do", "-X", "POST", "-H", "Origin: \(page.origin)", "-d", "what=stop", cookie: "")
        #expect(post.code == 401)
        // With it all of them are there.
        for path in routes(job) where !path.hasPrefix("/events") {
            let code = try page.ask(path).code
            #expect([200, 303].contains(code), "\(path): \(code)")
        }
    }

    @Test("every answer forbids what a page does not need")
    func headers() throws {
        let (bench, job, _) = try bench()
        let page = try PageBench(bench)
        let wanted = [
            "Content-Security-Policy: default-src 'none'", "frame-ancestors 'none'",
            "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "Cache-Control: no-store",
        ]
        let paths = routes(job).filter { !$0.hasPrefix("/events") } + ["/nothing", "/start?token=1"]
        for path in paths {
            for cookie in [page.cookie, ""] {
                let head = try page.ask(path, cookie: cookie).head
                for line in wanted where !(path.hasPrefix("/do") && line.hasPrefix("Referrer")) {
                    #expect(head.contains(line), "\(path): \(line)")
                }
                #expect(!head.contains("unsafe-eval"))
            }
        }
        let body = try page.ask(job).body
        #expect(!body.contains("style="))
        #expect(!body.contains("onclick"))
        #expect(!body.contains("<script>"))
    }

    @Test("only this machine's names are answered to, and only the page's own requests")
    func hostAndOrigin() throws {
        let (bench, _, _) = try bench()
        let page = try PageBench(bench)
        let port = page.port
        for host in ["127.0.0.1:\(port)", "localhost:\(port)", "LOCALHOST:\(port)", "[::1]:\(port)"] {
            #expect(try page.ask("/", "-H", "Host: \(host)").code == 200, "\(host)")
        }
        for host in [
            "evil.example", "evil.example:\(port)", "127.0.0.1", "127.0.0.1:\(port + 1)",
            "localhost.evil.example:\(port)",
            "127.0.0.1:\(port).evil.example", "127.0.0.1.evil.example:\(port)", "192.168.1.1:\(port)",
            "0.0.0.0:\(port)",
            "user@127.0.0.1:\(port)", ":\(port)", "[::2]:\(port)",
        ] {
            let code = try page.ask("/", "-H", "Host: \(host)").code
            #expect([400, 421].contains(code), "\(host): \(code)")
        }
        // 127.0.0.1, and no other address of this machine (proc(5)).
        let listening = try Files.readText("/proc/net/tcp", limit: 1 << 24).lines.filter {
            $0.contains(":\(String(port, radix: 16, uppercase: true)) ") && $0.contains(" 0A ")
        }
        #expect(listening.count == 1 && listening[0].contains(" 0100007F:"), "\(listening)")
        let connection = try page.connect()
        connection.send("GET \(page.prefix)/ HTTP/1.1\r\nCookie: \(page.cookie)\r\nConnection: close\r\n\r\n")
        let said = connection.read(seconds: 5).text
        #expect(said.hasPrefix("HTTP/1.1 421") || said.hasPrefix("HTTP/1.1 400"), "\(said)")
        #expect(try page.ask("/", "-H", "Origin: \(page.origin)").code == 200)
        for origin in [
            "http://evil.example", "null", "https://127.0.0.1:\(port)", "http://127.0.0.1:\(port + 1)",
            "http://127.0.0.1:\(port).evil.example", "file://", "",
        ] where !origin.isEmpty {
            #expect(try page.ask("/", "-H", "Origin: \(origin)").code == 403, "\(origin)")
        }
    }

    @Test("no path leads out of a job's folder, and nothing but files is read")
    func traversal() throws {
        let (bench, job, folder) = try bench()
        let page = try PageBench(bench)
        let name = folder.name
        let good = ["out.txt": "hello 0\n", "inner/a%20b.txt": "fine", "%6Fut.txt": "hello 0\n"]
        for (path, text) in good {
            let answer = try page.ask("\(job)/files/\(path)")
            #expect(answer.code == 200)
            #expect(answer.body == text)
        }
        let bad = [
            "../../../outside/secret.txt", "..%2f..%2f..%2foutside%2fsecret.txt",
            "%2e%2e/%2e%2e/%2e%2e/outside/secret.txt",
            "%252e%252e/secret.txt", "..%5c..%5coutside", "..\\..\\outside\\secret.txt", "/etc/passwd",
            "//etc/passwd",
            "%2fetc%2fpasswd", "link.txt", "linked/secret.txt", "linked", "up/outside/secret.txt", "passwd",
            "out.txt%00.png", "out.txt%", "out.txt%2", "out.txt%zz", "%ff%fe", "./out.txt",
            "inner/../out.txt", "inner//a",
            "pipe", "zero", "\(name).env", "nothing", "inner/nothing", "out.txt/x", "inner/./a%20b.txt",
        ]
        for path in bad {
            let answer = try page.ask("\(job)/files/\(path)")
            #expect([400, 403, 404].contains(answer.code), "\(path): \(answer.code)")
            #expect(!answer.body.contains(Self.secret), "\(path)")
            #expect(!answer.body.contains("root:"), "\(path)")
        }
        for path in [
            "/job/../outside", "/job/p.train/..", "/job/..%2f..%2foutside/\(folder.identifier)",
            "/job/p.train/\(folder.identifier)%2f..",
            "/job/.hidden/\(folder.identifier)", "/job/p.train/0123", "/experiment/..", "/experiment/..%2f..",
            "/experiment/%2e%2e/rows",
            "/experiment/p?run=..", "/experiment/p?run=..%2f..%2fjobs", "/experiment/p/rows?run=%2fetc",
            "/find/..%2f..%2fetc",
            "/assets/..%2fpage.css", "/assets/page.css%00",
            "/job/p.train/\(String(repeating: "f", count: 64))",
        ] {
            let code = try page.ask(path).code
            #expect([400, 404].contains(code), "\(path): \(code)")
        }
        // The list of files has no links, and not the variables either.
        let list = try page.ask("\(job)/files").body
        #expect(list.contains("out.txt") && list.contains("inner/"))
        for name in ["link.txt", "linked", "passwd", ".env", "pipe", "zero"] {
            #expect(!list.contains(">\(name)"), "\(name)")
        }
        // A job's folder that is a link elsewhere is none.
        try Files.link(
            "\(bench.folder)/workspace/jobs/p.train/\(String(repeating: "a", count: 64))",
            to: "\(bench.folder)/outside")
        #expect(
            try page.ask("/job/p.train/\(String(repeating: "a", count: 64))/files/secret.txt").code == 404)
    }

    @Test("a GET changes nothing; a POST needs the page's own form")
    func changes() throws {
        let (bench, _, _) = try bench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "p.long", params = { n = xpm.int }, command = "sleep 60" }
            function run(helper) T { n = 1 }:submit() end
            """, to: "long.lua")
        let (run, tag) = try bench.start(["run", "long.lua"])
        defer {
            run.terminate()
            _ = try? bench.finish(run, tag)
        }
        let isRunning = {
            try bench.jobs("p.long").first.map { $0.state() == .running } ?? false
        }
        try #require(try bench.wait { try isRunning() })
        let job = try #require(try bench.jobs("p.long").first)
        let page = try PageBench(bench)
        let fields = "what=kill&job=p.long%2F\(job.identifier)"
        let question = try page.ask("/do?\(fields)")
        #expect(question.code == 200)
        #expect(question.body.contains("xpm jobs kill --perform -- p.long/\(job.identifier.prefix(8))"))
        let token = try #require(
            question.body.firstMatch(of: /name="token" value="([0-9a-f]{64})"/)?.output.1)
        let own = "Origin: \(page.origin)"
        let wrong: [(String, [String])] = [
            ("without Origin", ["-d", "\(fields)&token=\(token)"]),
            ("another Origin", ["-H", "Origin: http://evil.example", "-d", "\(fields)&token=\(token)"]),
            ("no token", ["-H", own, "-d", fields]),
            ("a wrong token", ["-H", own, "-d", "\(fields)&token=\(String(repeating: "0", count: 64))"]),
            ("an empty one", ["-H", own, "-d", "\(fields)&token="]),
            ("in the address", ["-H", own, "-d", fields, "-X", "POST"]),
        ]
        for (what, words) in wrong {
            let path = what == "in the address" ? "/do?\(fields)&token=\(token)" : "/do"
            #expect(try page.ask(path, words).code == 403, "\(what)")
        }
        for path in ["/", "/experiment/long", "/events"] {
            #expect(try page.ask(path, ["-H", own, "-d", "\(fields)&token=\(token)"]).code == 405, "\(path)")
        }
        for method in ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "FOO"] {
            let code = try page.ask("/do?\(fields)", ["-X", method, "-H", own]).code
            #expect([400, 405, 501].contains(code), "\(method): \(code)")
        }
        for fields in [
            "what=kill&job=p.long", "what=kill&job=..%2F..", "what=erase&job=p.long%2F\(job.identifier)",
            "what=kill",
            "what=stop&experiment=..", "what=start-service&service=x", "",
        ] {
            #expect(try page.ask("/do?\(fields)").code == 400, "\(fields)")
        }
        #expect(try isRunning())
        let done = try page.ask("/do", ["-H", own, "-d", "\(fields)&token=\(token)"])
        #expect(done.code == 200)
        #expect(try bench.wait { try !isRunning() })
        // Words of a form are words, not options: a filter that looks like one is a wrong filter.
        let odd = "what=hold&experiment=p&filter=--every-run"
        #expect(try page.ask("/do?\(odd)").body.contains("--filter=--every-run"))
        let said = try page.ask("/do", ["-H", own, "-d", "\(odd)&token=\(token)"]).body
        #expect(said.contains("exit code 64") || said.contains("exit code 2"), "\(said)")
        #expect(said.contains("--every-run"))
    }

    @Test("--read-only has no actions")
    func readOnly() throws {
        let (bench, job, _) = try bench()
        let page = try PageBench(bench, "--read-only")
        for path in routes(job).filter({ !$0.hasPrefix("/events") && !$0.hasPrefix("/do") }) {
            #expect(!(try page.ask(path).body).contains("/do?"), "\(path)")
        }
        let refused = try page.ask("/do?what=stop&experiment=p")
        #expect(refused.code == 403 && refused.body.contains("--read-only"))
        #expect(try page.ask("/").body.contains("read only"))
    }

    @Test("names, tags, logs and parameters are text, whatever is in them")
    func hostileTexts() throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local bad = "<script>alert(1)</script>\\"'><img src=x onerror=alert(1)>\\27]52;c;aGk=\\7\\u{202e}gpj"
            local T = xpm.task {
              id = "h.train", params = { s = xpm.string },
              execute = function(self)
                print(bad); io.stderr:write(bad, "\\n")
                self:progress(0.5, bad)
                local f = io.open("<img src=x>.svg", "w"); f:write("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"); f:close()
                local f = io.open("page.html", "w"); f:write("<script>alert(1)</script>"); f:close()
                if self.s == "x" then error(bad) end
                self:result { note = bad, loss = 1 }
              end,
            }
            function run(helper)
              T { s = xpm.tag(bad, bad) }:submit()
              T { s = "x" }:submit()
            end
            """, to: "h.lua")
        try bench.write("id: \"<b>h&amp;\"\nfile: h\n", to: "h.yaml")
        let run = try bench.run("run", "h.yaml")
        #expect(run.code == 1, "\(run.error)")
        let page = try PageBench(bench)
        let name = "%3Cb%3Eh%26amp%3B"
        var paths = ["/"]
        for tab in [
            "", "/rows", "/failures", "/results", "/plot", "/picture", "/graph", "/timeline", "/runs",
            "/services",
        ] {
            paths.append("/experiment/\(name)\(tab)")
        }
        for job in try bench.jobs("h.train") {
            for tab in ["", "/log", "/log?stream=err", "/files"] {
                paths.append("/job/h.train/\(job.identifier)\(tab)")
            }
        }
        paths += ["/experiment/\(name)?filter=%3Cscript%3E", "/do?what=stop&experiment=%3Cscript%3E"]
        for path in paths {
            let answer = try page.ask(path)
            #expect(answer.code == 200, "\(path): \(answer.code)")
            for piece in ["<script>alert", "<img src=x", "\u{1b}", "\u{202e}", "<b>h"] {
                #expect(!answer.body.contains(piece), "\(path): \(piece)")
            }
        }
        // A file of a job runs nothing in the browser.
        let job = try #require(try bench.jobs("h.train").first)
        for (file, type) in [
            ("%3Cimg%20src%3Dx%3E.svg", "image/svg+xml"), ("page.html", "text/plain; charset=utf-8"),
        ] {
            let answer = try page.ask("/job/h.train/\(job.identifier)/files/\(file)")
            #expect(answer.code == 200)
            #expect(answer.head.contains("Content-Type: \(type)"))
            #expect(answer.head.contains("sandbox"))
            #expect(!answer.head.contains("script-src"))
        }
    }
}
