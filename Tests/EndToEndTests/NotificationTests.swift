import Foundation
import System
import Testing
import Text

@Suite("Notifications", .timeLimit(.minutes(20)))
struct NotificationTests {
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "n.t", params = { n = xpm.int }, command = "exit {n}" }
            function run(helper) for n = 0, tonumber(helper.args[1] or 2) do T { n = n }:submit() end end
            """, to: "n.lua")
        return bench
    }

    @Test("a command is told of the first failure, once, and of the end")
    func command() throws {
        let bench = try bench()
        try bench.write(
            """
            notify:
              - "echo $XPM_EVENT $XPM_EXPERIMENT $XPM_STATE >>all; cat >$XPM_EVENT.json"
              - { command: "echo $XPM_TEXT >>failures", on: failure }
            """, to: "config/xpm/settings.yaml")
        #expect(try bench.run("run", "-j", "1", "n.lua").code == 1)
        #expect(
            try bench.read("all").split(separator: "\n").sorted() == ["end n failed", "failure n running"])
        #expect(
            try bench.read("failures").hasPrefix("n: n.t ")
                && bench.read("failures").hasSuffix("failed: exit code 1\n"))
        let end = try JSON.parse(Array(bench.read("end.json").utf8))
        #expect(
            end["counts"]?["failed"] == JSON.int(2)
                && end["text"]?.string == "n: failed: 1 done, 0 cached, 2 failed")
        try bench.write("function run() error 'no plan' end\n", to: "n2.lua")
        #expect(try bench.run("run", "n2.lua").code == 2)
        #expect(
            try bench.read("end.json").contains("n2: failed: 0 done, 0 cached, 0 failed; n2.lua:1: no plan"))
        #expect(
            try bench.run("experiments", "list").output.contains("n2  ")
                && bench.run("attach", "n2").code == 2)
        let stream = try bench.run("run", "--json", "n2.lua").output.split(separator: "\n")
            .map { try JSON.parse(Array($0.utf8)) }
        #expect(stream.first { $0["event"] == "error" }?["message"]?.string?.contains("no plan") == true)
        #expect(
            stream.last?["event"] == "finished" && stream.last?["state"] == "failed"
                && stream.last?["exit_code"] == .int(2))
        let missing = try bench.run("run", "--json", "nope.lua")
        #expect(missing.code == 2 && missing.output.hasPrefix(#"{"event": "error""#), "\(missing.output)")
        try Files.remove("\(bench.folder)/all")
        try bench.write("one\ntwo\n", to: "all")
        #expect(try bench.run("run", "-q", "n.lua", "--run-mode", "dry-run").code == 0)
        #expect(try bench.read("all").split(separator: "\n").count == 2)
    }

    @Test("an address gets the JSON by POST; one that does not answer is a warning")
    func address() throws {
        let bench = try bench()
        try bench.write(
            """
            import http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    open("got", "ab").write(self.headers["Content-Type"].encode() + b" " + body.replace(b"\\n", b"") + b"\\n")
                    self.send_response(200)
                    self.end_headers()
                def log_message(self, *_): pass
            server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
            open("port.new", "w").write(str(server.server_port))
            import os; os.rename("port.new", "port")
            server.serve_forever()
            """, to: "server.py")
        let server = try bench.start(["python3", "server.py"], program: "/usr/bin/env")
        defer { server.process.terminate() }
        #expect(try bench.wait { Files.exists("\(bench.folder)/port") })
        let port = try bench.read("port")
        let result = try bench.run(
            "run", "--notify", "http://127.0.0.1:\(port)/hook?token=secret", "n.lua", "--", "0")
        #expect(result.code == 0, "\(result.error)")
        let got = try bench.read("got")
        #expect(got.hasPrefix("application/json {") && got.contains("\"event\": \"end\""), "\(got)")
        let silent = try bench.run("run", "--notify", "http://127.0.0.1:1/x?token=secret", "n.lua", "--", "0")
        #expect(
            silent.code == 0 && silent.error.contains("warning: notify: http://127.0.0.1:1 failed"),
            "\(silent.error)")
        #expect(!silent.error.contains("secret"))
        #expect(try bench.run("run", "--notify", " ", "n.lua").code == 64)
    }

    @Test(
        "wrong settings",
        arguments: [
            ("notify: 3", "1:9: notify: expected a list"),
            ("notify: [{ url: x, command: y }]", "give command or url"),
            ("notify: [{ command: y, on: never }]", "on: expected failure or end"),
            ("notify: ['']", "1:10: notify: the command is empty"),
            ("notify: ['ftp://x']", "1:10: notify: 'ftp://x': an address starts with http:// or https://"),
            ("notify: [{ url: x }]", "url: 'x' does not begin with http:// or https://"),
            ("notify: [{ comand: y }]", "notify has no key 'comand' (did you mean 'command'?)"),
            ("machine: { memory: 8 }", "1:20: memory: a memory size needs a unit"),
            ("machine: { cores: 0 }", "cores: expected a number from 1"),
            ("machine: { gpus: 2 }", "gpus: expected a list of their memories"),
        ])
    func wrong(_ yaml: String, _ message: String) throws {
        let bench = try bench()
        try bench.write(yaml + "\n", to: "config/xpm/settings.yaml")
        let result = try bench.run("run", "n.lua")
        #expect(result.code == 2 && result.error.contains(message), "\(result.error)")
    }
}
