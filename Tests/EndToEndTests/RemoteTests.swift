import Foundation
import Glibc
import Store
import System
import Testing
import Text

/// A real sshd on the loopback, with keys of its own, and a workbench whose commands reach it as `login.site`.
private final class LoginHost {
    let bench: Workbench
    let environment: [String: String]

    static let isPossible = ["sshd", "ssh", "ssh-keygen"].allSatisfy {
        Environment.find(program: $0, along: "/usr/sbin:/usr/bin:/sbin:/bin", from: "/") != nil
    }

    init() throws {
        bench = try Workbench()
        let folder = bench.folder
        for name in ["host", "user"] {
            let key = "\(folder)/keys/\(name)"
            try Files.makeFolder("\(folder)/keys")
            _ = ChildProcess.output(["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
            try Files.setPermissions(0o600, of: key)
        }
        try Files.makeFolder("\(folder)/socket", mode: 0o700)
        if geteuid() == 0 { try Files.makeFolder("/run/sshd", mode: 0o755) }
        try bench.write("SetEnv XDG_CONFIG_HOME=\(folder)/there/config\n", to: "sshd_more")
        var variables: [String: String] = [:]
        // Somebody else may take the port between two looks.
        for _ in 0..<20 {
            let port = Int.random(in: 20_000...60_000)
            try bench.write(
                """
                Port \(port)
                ListenAddress 127.0.0.1
                HostKey \(folder)/keys/host
                AuthorizedKeysFile \(folder)/keys/user.pub
                PidFile \(folder)/sshd.pid
                StrictModes no
                UsePAM no
                PermitRootLogin yes
                SetEnv XDG_CONFIG_HOME=\(folder)/there/config XDG_STATE_HOME=\(folder)/there/state
                """, to: "sshd_config")
            try bench.write(
                """
                Host login.site
                  HostName 127.0.0.1
                  Port \(port)
                  IdentityFile \(folder)/keys/user
                  IdentitiesOnly yes
                  UserKnownHostsFile \(folder)/keys/known
                  StrictHostKeyChecking accept-new
                Host nowhere.site
                  HostName 127.0.0.1
                  Port 1
                """, to: "ssh_config")
            _ = ChildProcess.output([
                "/usr/sbin/sshd", "-f", "\(folder)/sshd_config", "-E", "\(folder)/sshd.log",
            ])
            if try bench.wait(seconds: 1, { Files.exists("\(folder)/sshd.pid") }) { break }
        }
        variables["XPM_SSH"] = "ssh -F \(folder)/ssh_config"
        variables["XDG_RUNTIME_DIR"] = "\(folder)/socket"
        environment = variables
        try bench.write(
            """
            local xpm = require "xpm"
            xpm.launchers.ssh {
              name = "site", host = "login.site", workspace = "\(folder)/there/w", program = "\(Workbench.xpm)",
            }
            """, to: "config/xpm/launchers.lua")
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task {
              id = "r.t", params = { n = xpm.int, data = xpm.file },
              command = "sh {here}/sub/go.sh {n} && cat {data}", results = { said = "hello (%d+)" },
            }
            function run(helper, cfg)
              for _, n in ipairs(cfg.n) do T { n = n, data = "data.txt" }:submit() end
            end
            """, to: "here/e.lua")
        try bench.write("file: e\nid: e\nn: [1, 2]\n", to: "here/full.yaml")
        try bench.write("echo hello $1\n", to: "here/sub/go.sh")
        try bench.write("some data\n", to: "here/data.txt")
    }

    deinit {
        _ = ChildProcess.output([
            "/usr/bin/ssh", "-F", "\(bench.folder)/ssh_config", "-O", "exit", "login.site",
        ])
        if let pid = (try? Files.readText("\(bench.folder)/sshd.pid")).flatMap({ Int32($0.trimmed) }) {
            kill(pid, SIGTERM)
        }
    }

    var place: String { "login.site:\(bench.folder)/there/w" }

    func xpm(_ arguments: String..., in folder: String = "here") throws -> Workbench.Result {
        let (process, tag) = try bench.start(arguments, in: folder, environment: environment)
        return try bench.finish(process, tag)
    }

    var uploads: [String] { (try? Files.list("\(bench.folder)/there/w/.xpm-uploads")) ?? [] }
}

/// Workspaces of other hosts, through a real OpenSSH.
@Suite("Other hosts", .timeLimit(.minutes(20)), .enabled(if: LoginHost.isPossible))
struct RemoteTests {
    @Test(
        "a run goes to the host with the files of its script, once; what looks at the workspace goes there too"
    )
    func run() throws {
        let host = try LoginHost()
        let bench = host.bench
        let first = try host.xpm("run", "full.yaml", "--launcher", "site")
        #expect(first.code == 0 && first.error.contains("sending 4 files, "), "\(first)")
        #expect(first.error.contains("2 tasks: 2 done"), "\(first)")
        #expect(!Files.exists("\(bench.folder)/here/workspace"))
        let again = try host.xpm("run", "full.yaml", "--launcher", "site")
        #expect(again.code == 0 && again.error.hasPrefix("2 tasks: 2 cached"), "\(again)")
        let list = try host.xpm("jobs", "list", "--workdir", host.place, "--filter", "n = 1")
        #expect(list.code == 0 && list.output.split(separator: "\n").count == 1, "\(list)")
        let job = try #require(Files.paths(in: "\(bench.folder)/there/w/jobs/r.t").first)
        #expect(try Files.readText("\(job)/t.out").hasSuffix("some data\n"))
        // By an id of settings.yaml, with what the script reads changed.
        try bench.write(
            "workspaces: [{ id: far, path: \"\(host.place)\" }]\n", to: "config/xpm/settings.yaml")
        try bench.write("echo hello again $1\n", to: "here/sub/go.sh")
        let why = try host.xpm("why", "full.yaml", "-c", "n=[1,2,3]")
        #expect(
            why.code == 0 && why.output.contains("sub/go.sh changed")
                && !why.output.contains("its command changed"), "\(why)")
        let more = try host.xpm(
            "run", "full.yaml", "--workspace", "far", "-c", "n=[1,2,3]", "--", "--workdir", "x")
        #expect(more.code == 0 && more.error.contains("1 done, 2 cached"), "\(more)")
        #expect(host.uploads.count == 1)
        try Files.remove("\(bench.folder)/here/sub/go.sh")
        let gone = try host.xpm("run", "full.yaml", "--workspace", "far", "-c", "n=[5]")
        #expect(gone.code == 2 && gone.error.contains("sub/go.sh"), "\(gone)")
        let names = try host.xpm("workspaces", "list")
        #expect(names.output.contains("\(host.place)  (on another host)"), "\(names)")
        let copy = try host.xpm("experiments", "copy", "e", "--to", "far", "--workdir", ".")
        #expect(copy.code == 2 && !Files.exists("\(bench.folder)/here/login.site:"), "\(copy)")
        // One connection serves all of these.
        let entries = try Files.readText("\(bench.folder)/sshd.log").split(separator: "\n")
        #expect(entries.count { $0.contains("Accepted publickey") } == 1, "\(entries)")
    }

    @Test("exit codes, detached runs and what they say to do; the command stops there as here")
    func ends() throws {
        let host = try LoginHost()
        let bench = host.bench
        try bench.write("exit 3\n", to: "here/sub/go.sh")
        let failed = try host.xpm("run", "full.yaml", "--launcher=site", "-j", "1")
        #expect(failed.code == 1 && failed.error.contains("exit code 3"), "\(failed)")
        try bench.write(
            "while [ ! -e \(bench.folder)/go ]; do sleep 0.05; done; echo hello $1\n", to: "here/sub/go.sh")
        let left = try host.xpm("run", "full.yaml", "--launcher", "site", "--detach")
        #expect(left.output.contains("xpm attach e --workdir \(host.place), end it"), "\(left)")
        try bench.write("", to: "go")
        let attached = try host.xpm("attach", "e", "--workdir", host.place)
        #expect(attached.code == 0 && attached.error.contains("done"), "\(attached)")
        let results = try host.xpm("results", "e", "--workdir", host.place, "--format", "csv", "--rows", "n")
        let plot = try host.xpm("plot", "e", "--x", "n", "--workdir", host.place, "-o", "said.svg")
        #expect(plot.code == 0 && plot.error.contains("said.svg"), "\(plot)")
        #expect(try bench.read("here/said.svg").hasPrefix("<svg "))
        #expect(results.code == 0 && results.output.split(separator: "\n").count == 3, "\(results)")
    }

    @Test(
        "in a git repository what git ignores stays here, the folder's place in it is kept, and names are bytes"
    )
    func git() throws {
        let host = try LoginHost()
        let bench = host.bench
        for words in [["init", "-q"], ["config", "user.email", "a@b"], ["config", "user.name", "a"]] {
            _ = ChildProcess.output(["/usr/bin/env", "git", "-C", bench.folder + "/here"] + words)
        }
        try bench.write("*.bin\n", to: "here/.gitignore")
        try bench.write("x", to: "here/large.bin")
        try bench.write("x", to: "here/odd '\nname é")
        // The script names its file from where it stands.
        try bench.write("file: ../e\nid: s\nn: [4]\n", to: "here/sub/s.yaml")
        let run = try host.xpm("run", "s.yaml", "--launcher", "site", in: "here/sub")
        #expect(run.code == 0 && run.error.contains("1 done"), "\(run)")
        let upload = "\(bench.folder)/there/w/.xpm-uploads/\(try #require(host.uploads.first))"
        #expect(Files.exists("\(upload)/odd '\nname é") && !Files.exists("\(upload)/large.bin"))
        let outside = try host.xpm("run", "\(bench.folder)/sshd_config", "--launcher", "site")
        #expect(outside.code == 2, "\(outside)")
    }

    @Test("the page of a workspace there is at a port here, and ends with the connection")
    func page() throws {
        let host = try LoginHost()
        let bench = host.bench
        let run = try host.xpm("run", "full.yaml", "--launcher", "site")
        try #require(run.code == 0, "\(run)")
        // By a shell: ssh closes the descriptor by which Foundation hears of the end of a process.
        let (process, tag) = try bench.start(
            [
                "-c", "\"$0\" \"$@\" & echo $! >ssh.pid; wait", Workbench.xpm, "monitor", "--web",
                "--workdir", host.place,
            ],
            program: "/bin/sh", in: "here", environment: host.environment)
        let ssh = { try Int32(bench.read("here/ssh.pid").trimmingCharacters(in: .newlines)) ?? 0 }
        defer {
            if let number = try? ssh() { kill(number, SIGKILL) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try #require(try bench.wait { try bench.read(".\(tag).out").hasSuffix("\n") })
        let address = try bench.read(".\(tag).out").trimmingCharacters(in: .newlines)
        let base = try #require(address.firstMatch(of: /http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]+/)?.output)
        let jar = "\(bench.folder)/jar"
        let said = try bench.run("-s", "-L", "-c", jar, "-b", jar, address, program: "/usr/bin/curl")
        #expect(said.output.contains("/experiment/e\">e</a>"), "\(said)")
        let job = try bench.run(
            "-s", "-b", jar, "\(base)/do?what=stop&experiment=e", program: "/usr/bin/curl")
        // A command is shown as somebody here would type it.
        #expect(job.output.contains("xpm stop -- e --workdir \(host.place)"), "\(job)")
        let pages = "\(bench.folder)/there/state/xpm/pages/\(Environment.hostName)"
        let shown = try #require(Files.paths(in: pages).first)
        let there = try #require(Int32((try JSON.parse(Files.read(shown)))["process"]?.int ?? 0))
        kill(try ssh(), SIGTERM)
        #expect(try bench.wait { kill(there, 0) != 0 }, "the page goes on there")
        #expect(!Files.exists(shown))
    }

    @Test("what cannot be is told: no host, no xpm there or another one, a single job, wrong words")
    func wrong() throws {
        let host = try LoginHost()
        let bench = host.bench
        let program = try bench.write("#!/bin/sh\necho xpm 9.9.9\n", to: "there/bin/xpm", mode: 0o777)
        func launchers(_ text: String) throws {
            try bench.write(
                "local xpm = require \"xpm\"\nxpm.launchers.ssh { \(text) }\n", to: "config/xpm/launchers.lua"
            )
        }
        for (text, told) in [
            ("host = \"nowhere.site\", workspace = \"/x\"", "no connection to nowhere.site"),
            (
                "host = \"login.site\", workspace = \"/x\", program = \"/no/xpm\"",
                "login.site has no /no/xpm along PATH"
            ),
            (
                "host = \"login.site\", workspace = \"/x\", program = \"\(program)\"",
                "login.site has xpm 9.9.9, and here is xpm "
            ),
            (
                "host = \"-oProxyCommand=x\", workspace = \"/x\"",
                "launchers.lua:2: xpm.launchers.ssh: host is a name"
            ),
            ("host = \"a\", workspace = \"x\"", "workspace an absolute path there, got 'a' and 'x'"),
            ("host = \"a\"", "xpm.launchers.ssh needs host"),
            ("host = \"a\", workspac = \"/x\"", "has no 'workspac' (did you mean 'workspace'?)"),
        ] {
            try launchers(text)
            let run = try host.xpm("run", "full.yaml", "--launcher", "ssh")
            #expect(run.code == 2 && run.error.contains(told), "\(text): \(run)")
        }
        try launchers("host = \"login.site\", workspace = \"/x\"")
        try bench.write(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "r.o", params = {}, command = "true" }
            function run() T {}:submit { launcher = "ssh" } end
            """, to: "here/one.lua")
        let single = try host.xpm("run", "one.lua")
        #expect(
            single.code == 2 && single.error.contains("one.lua:3: ")
                && single.error.contains("takes whole runs to login.site"), "\(single)")
        let outside = try host.xpm("run", "../full.yaml", "--launcher", "ssh", in: "here/sub")
        #expect(outside.code == 2 && outside.error.contains("../full.yaml is not below "), "\(outside)")
    }
}
