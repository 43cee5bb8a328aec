import Engine
import LuaBridge
import Store
import System
import Text

/// A command on a workspace of another host: the xpm there does it, through OpenSSH.
///
/// One connection serves all commands of a while (ssh_config(5), ControlMaster). What a script needs is sent first
/// (`RemoteUpload`).
struct RemoteCommand {
    let place: RemoteFolder
    /// How the xpm there is called.
    private let program: String
    /// The launcher of `--launcher` that led there.
    private let usedLauncher: String?
    /// The launcher there of jobs that name none, where the command line names none.
    private let launcher: String?
    /// Variables for its jobs.
    private let environment: [EnvironmentVariable]

    /// - Parameters:
    ///   - launcher: as the workspace's settings name it.
    ///   - environment: as they give it to jobs.
    init(_ place: RemoteFolder, launcher: String? = nil, environment: [EnvironmentVariable] = []) {
        self.place = place
        self.launcher = launcher
        self.environment = environment
        usedLauncher = nil
        // Who has described the host for runs has said how xpm is called there.
        let same = (try? LauncherFile.ofUser())?.all.lazy.compactMap { one -> String? in
            if case .remote(let other, _, let program) = one.kind, other.host == place.host {
                program
            } else {
                nil
            }
        }
        program = same?.first { _ in true } ?? "xpm"
    }

    /// - Returns: nil for a launcher of this host.
    init?(_ definition: LauncherDefinition) {
        guard case .remote(let place, let launcher, let program) = definition.kind else { return nil }
        self.place = place
        self.program = program
        self.launcher = launcher
        environment = []
        usedLauncher = definition.name
    }

    /// The variable with the words that start ssh, as `GIT_SSH_COMMAND`.
    private static let ssh = "XPM_SSH"

    /// Has the command done there. Returns only where that cannot begin.
    ///
    /// - Parameter script: whether it reads a script, which goes there first.
    /// - Returns: why not.
    func forward(withScript script: Bool) -> String {
        var words = Array(Arguments.all.dropFirst())
        // Who types waits for no other host.
        if words.first == "---completion" { return "\(place.text) is on another host" }
        do throws(RemoteUpload.Problem) {
            var folder: String?
            if script {
                let upload = try RemoteUpload(Paths.current, words)
                folder = try send(upload)
                words = upload.words
            }
            if words.first == "plot" { try fetch(words) }
            if words.first == "monitor", words.contains("--web") { return try show(words).text }
            return try become(line(words, in: folder)).text
        } catch { return error.text }
    }

    /// The command writes files: in a folder for that there, which come here. Does not return.
    private func fetch(_ words: [String]) throws(RemoteUpload.Problem) {
        if let path = words.first(where: {
            $0.hasPrefix("/") && ($0.hasSuffix(".svg") || $0.hasSuffix(".png"))
        }) {
            throw RemoteUpload.Problem(
                text:
                    "\(path): a picture of a workspace on another host comes into the current folder: give its name there"
            )
        }
        let archive = try Self.temporary([])
        defer { try? Files.remove(archive) }
        let command = """
            t=$(mktemp -d) && cd "$t" && { sh -c \(ShellWords.quote(line(words, in: nil))) >&2; c=$?; \
            tar -cf - .; cd /; rm -rf "$t"; exit $c; }
            """
        let ssh = try connection(terminal: false, "exec sh -c \(ShellWords.quote(command))")
        let here = "\(ssh.map(ShellWords.quote).joined(separator: " ")) > \(ShellWords.quote(archive))"
        let code = ChildProcess.output(["/bin/sh", "-c", here], tellsErrors: true)?.code ?? 2
        if code == 0 { _ = ChildProcess.output(["/usr/bin/env", "tar", "-xf", archive], tellsErrors: true) }
        try? Files.remove(archive)
        Standalone.exit(code == 255 ? 2 : code)
    }

    /// The page of a workspace there, at a port here: ssh carries what goes to that one. Returns only where that cannot
    /// begin.
    private func show(_ words: [String]) throws(RemoteUpload.Problem) -> SystemError {
        if words.contains(where: { $0 == "--host" || $0.hasPrefix("--host=") }) {
            throw RemoteUpload.Problem(
                text: "the page of a workspace on another host is at a port here: it goes without --host")
        }
        let asked =
            words.firstIndex(of: "--port").flatMap { words.dropFirst($0 + 1).first }
            ?? words.lazy.compactMap { $0.after("--port=").map(String.init) }.first
        let ports: (here: String, there: String)
        do throws(SystemError) {
            let here = if let asked { asked } else { String(try Loopback.freePort()) }
            ports = (here, String(try Loopback.freePort()))
        } catch { throw RemoteUpload.Problem(text: error.text) }
        var own = words
        if let place = own.firstIndex(of: "--port") { own.removeSubrange(place..<min(own.count, place + 2)) }
        own.removeAll { $0.hasPrefix("--port=") }
        guard Int(ports.here).map({ (1...65535).contains($0) }) ?? false else {
            throw RemoteUpload.Problem(text: "--port is a number from 1 to 65535, not \(ports.here)")
        }
        let command =
            "export \(RemoteFolder.portVariable)=\(ports.here); \(line(own + ["--port", ports.there], in: nil))"
        return try become(
            command,
            ["-o", "ExitOnForwardFailure=yes", "-L", "127.0.0.1:\(ports.here):127.0.0.1:\(ports.there)"])
    }

    // MARK: The line there

    /// What the shell there runs.
    private func line(_ words: [String], in folder: String?) -> String {
        let own = words.prefix { $0 != "--" }
        let all =
            [program] + withoutPlace(own) + ["--workdir", place.path]
            + settings(own) + words.drop { $0 != "--" }
        // The path may begin with the home folder there.
        let quoted = all.map { $0 == place.path ? shellPath : ShellWords.quote($0) }.joined(separator: " ")
        let cd = folder.map { "cd \($0) && " } ?? ""
        return check + "export \(CallerHost.variable)=\(ShellWords.quote(place.host)); \(cd)exec \(quoted)"
    }

    /// The workspace's path for a shell.
    private var shellPath: String {
        place.path.after("~/").map { "\"$HOME\"/\(ShellWords.quote(String($0)))" }
            ?? ShellWords.quote(place.path)
    }

    /// Shell that ends where the host has no xpm, or another one.
    private var check: String {
        let host = ShellWords.quote(place.host)
        let command = ShellWords.quote(program)
        return """
            PATH=$PATH:$HOME/.local/bin:$HOME/bin:/usr/local/bin; export PATH; \
            there=$(\(command) --version 2>/dev/null) || { \
            printf 'error: %s has no %s along PATH: install xpm there, as here\\n' \(host) \(command) >&2; exit 2; }; \
            [ "$there" = 'xpm \(xpmVersion)' ] || { \
            printf 'error: %s has %s, and here is xpm \(xpmVersion)\\n' \(host) "$there" >&2; exit 2; }; 
            """
    }

    /// What the settings here say for a command that submits, or tells what it would.
    private func settings(_ words: ArraySlice<String>) -> [String] {
        guard let command = words.first, ["run", "why"].contains(command) else { return [] }
        let variables = environment.flatMap { ["--env", "\($0.name)=\($0.value)"] }
        let isNamed = words.contains { $0 == "--launcher" || $0.hasPrefix("--launcher=") }
        guard let launcher, usedLauncher != nil || !isNamed else { return variables }
        return variables + ["--launcher", launcher]
    }

    /// The words without what says the workspace, and the launcher that led here.
    private func withoutPlace(_ words: ArraySlice<String>) -> [String] {
        var kept: [String] = []
        var rest = words
        while let word = rest.popFirst() {
            let name = word.cut(at: "=").map { String($0.before) } ?? word
            let isPlace = ["--workdir", "--workspace"].contains(name)
            let isLauncher = name == "--launcher" && usedLauncher != nil
            guard isPlace || isLauncher else {
                kept.append(word)
                continue
            }
            if name == word { _ = rest.popFirst() }
        }
        return kept
    }

    // MARK: Sending

    /// Sends the files of a script, unless they are there as they are here. Their folder there is the same each time,
    /// so that the paths of files that tasks read are.
    ///
    /// - Returns: the folder of the command there, for a shell.
    private func send(_ upload: RemoteUpload) throws(RemoteUpload.Problem) -> String {
        let root = "\(shellPath)/.xpm-uploads/\(ShellWords.quote(upload.name))"
        let (digest, list, new) = (
            "\(root)/.xpm-upload", "\(root)/.xpm-upload.list", "\(root)/.xpm-upload.new"
        )
        let answer = try run(
            ["/bin/sh", "-c", "\(check)mkdir -p \(root) && cat \(digest) 2>/dev/null || true"], remote: true)
        if answer != upload.digest {
            StandardStream.error.write("sending \(upload.told) to \(place.host)\n")
            let own = try Self.temporary(upload.list)
            defer { try? Files.remove(own) }
            let here = (list: ShellWords.quote(own), root: ShellWords.quote(upload.root))
            try pipe("cat \(here.list)", to: "cat > \(new)")
            // What is not here any more goes; that all is there is said last.
            let unpack = """
                set -e; export LC_ALL=C; rm -f \(digest); tar -C \(root) -xzf -; touch \(list); cd \(root); \
                comm -z -23 .xpm-upload.list .xpm-upload.new | xargs -0 -r rm -f --; mv .xpm-upload.new .xpm-upload.list; \
                printf %s \(upload.digest) > .xpm-upload
                """
            try pipe(
                "LC_ALL=C tar -C \(here.root) --null --no-recursion --dereference -T \(here.list) -czf -",
                to: "exec sh -c \(ShellWords.quote(unpack))")
        }
        return upload.folder.isEmpty ? root : "\(root)/\(ShellWords.quote(upload.folder))"
    }

    /// A file of this user's alone, whose name nobody knows before.
    private static func temporary(_ bytes: [UInt8]) throws(RemoteUpload.Problem) -> String {
        let path =
            "\(Environment["TMPDIR"] ?? "/tmp")/xpm-\(String(UInt64.random(in: .min ... .max), radix: 16))"
        do throws(SystemError) {
            guard try Files.create(path, with: bytes) else { throw SystemError("create", path, code: 17) }
            try Files.setPermissions(0o600, of: path)
        } catch { throw RemoteUpload.Problem(text: error.text) }
        return path
    }

    /// Gives what a command writes here to one there.
    private func pipe(_ command: String, to other: String) throws(RemoteUpload.Problem) {
        let words = try connection(terminal: false, other).map(ShellWords.quote).joined(separator: " ")
        _ = try run(["/bin/sh", "-c", "\(command) | \(words)"], remote: false)
    }

    // MARK: ssh

    /// The words of ssh, with a command for the host's shell.
    private func connection(
        terminal: Bool, _ command: String, _ more: [String] = []
    ) throws(RemoteUpload.Problem) -> [String] {
        let own = Environment[Self.ssh].flatMap { $0.isBlank ? nil : $0 } ?? "ssh"
        var words = ShellWords.split(own)
        guard
            let program = Environment.find(program: words[0], along: Environment["PATH"], from: Paths.current)
        else { throw RemoteUpload.Problem(text: "there is no \(words[0]) along PATH (OpenSSH)") }
        words[0] = program
        let folders = [Environment["XDG_RUNTIME_DIR"] ?? "", "\(Paths.home)/.ssh"]
        // What is forwarded ends with its connection: it has one of its own.
        if !more.isEmpty { words += ["-o", "ControlPath=none"] }
        // A folder that others may not write.
        if more.isEmpty,
            let folder = folders.first(where: {
                // A socket has a short name, and an option no blanks.
                !$0.isEmpty && $0.utf8.count <= 40 && !$0.has(0x20) && !$0.has(UInt8(ascii: "%"))
                    && Files.permissions($0).map { $0 & 0o022 == 0 } ?? false
            })
        {
            words += [
                "-o", "ControlMaster=auto", "-o", "ControlPath=\(folder)/xpm-%C", "-o", "ControlPersist=60",
            ]
        }
        // Not that a connection was closed.
        return words + more + ["-o", "LogLevel=ERROR", terminal ? "-t" : "-T", "--", place.host, command]
    }

    private func run(_ words: [String], remote: Bool) throws(RemoteUpload.Problem) -> String {
        var words = words
        if remote {
            words = try connection(terminal: false, words.map(ShellWords.quote).joined(separator: " "))
        }
        guard let answer = ChildProcess.output(words, tellsErrors: true) else {
            throw RemoteUpload.Problem(text: "\(words[0]) cannot be started")
        }
        guard answer.code == 0 else {
            // It has said why; 255 is ssh's own.
            throw RemoteUpload.Problem(
                text: answer.code == 255
                    ? "no connection to \(place.host)"
                    : "\(place.host) has not done it (exit code \(answer.code))")
        }
        return answer.text
    }

    /// This process is ssh from here on: its exit code is that of the command there.
    ///
    /// - Returns: why it could not become that.
    private func become(_ line: String, _ more: [String] = []) throws(RemoteUpload.Problem) -> SystemError {
        let isTerminal = StandardStream.output.isTerminal && StandardStream.error.isTerminal
        let words = try connection(terminal: isTerminal, "exec sh -c \(ShellWords.quote(line))", more)
        return SystemError("start", words[0], code: ChildProcess.replace(words, environment: .current))
    }
}
