import Glibc
import Store
import System
import Text
import Watching

/// The program `xpm-page`, which `xpm monitor --web` starts.
///
///     xpm-page WORKSPACE PLACE OPTION…
///
/// `PLACE` is how other commands name the workspace (` --workdir w`, or nothing); options are `--experiment NAME`,
/// `--host HOST`, `--port PORT` and `--read-only`.
@main
struct XPMPage {
    static func main() {
        let arguments = ViewerArguments()
        var options = PageOptions(workspace: arguments.workspace, place: arguments.place)
        var rest = arguments.options[...]
        while let word = rest.popFirst() {
            switch word {
            case "--read-only": options.isReadOnly = true
            case "--experiment": options.experiment = rest.popFirst()
            case "--host": options.host = rest.popFirst() ?? options.host
            case "--port": options.port = rest.popFirst().flatMap { Int($0) }
            default: break
            }
        }
        if options.port == nil, let other = PageRecord.running(options.workspace.path) {
            StandardStream.error.write("process \(other.process) shows this workspace already\n")
            StandardStream.output.write("\(other.address)\n")
            return
        }
        do throws(SystemError) { try serve(options) } catch {
            StandardStream.error.write("error: \(error.text)\n")
            exit(2)
        }
    }

    /// Shows the page until somebody ends it.
    private static func serve(_ options: PageOptions) throws(SystemError) {
        // Before there are other threads, which would not wait for them.
        let signals = try Signals()
        try NewThread.require(threads)
        try Descriptor.require(64, for: "show a page")
        let port = try chosenPort(options)
        // Of a user on another machine: the port there that ssh carries here.
        let ofCaller = Environment[RemoteFolder.portVariable]
        let named = ofCaller.flatMap { Int($0) } ?? port
        Route.begin(port: named)
        let access = Access(
            BindName(host: options.host, port: named), listening: port, workspace: options.workspace.path)
        let site = Site(
            workspace: options.workspace, hub: try WatchHub(options.workspace),
            commands: WorkspaceCommand(workspace: options.workspace.path, place: options.place),
            isReadOnly: options.isReadOnly, formToken: access.formToken)
        Task {
            let failure = await PageServer(access: access, site: site)
                .run(on: options.host, port: port) { announce(access, options) }
            StandardStream.error.write("error: cannot listen at \(options.host), port \(port): \(failure)\n")
            exit(2)
        }
        while true {
            let signal = signals.next(milliseconds: 1000)
            // Without a terminal there, the end of the connection is told by nothing else.
            let isLeft = ofCaller != nil && StandardStream.output.isAbandoned
            guard isLeft || signal == .interrupt || signal == .terminate else { continue }
            access.forget()
            exit(0)
        }
    }

    /// Those of Swift, of the server and for what blocks.
    private static let threads = 24

    /// The ports that are tried where none was asked for.
    private static let ports = 8420..<8440

    private static func chosenPort(_ options: PageOptions) throws(SystemError) -> Int {
        guard let port = options.port else {
            if let free = ports.first(where: { !Loopback.isOpen($0, milliseconds: 100) }) { return free }
            return try Loopback.freePort()
        }
        guard Loopback.isOpen(port, milliseconds: 100) else { return port }
        let owner = Loopback.owner(of: port).map { process in
            let name = Files.linkTarget("/proc/\(process)/exe").map(Paths.name) ?? "a program"
            return "\(name), process \(process), has it"
        }
        throw SystemError(
            "listen at port \(port) (\(owner ?? "another user's process has it"))", "", code: EADDRINUSE)
    }

    private static func announce(_ access: Access, _ options: PageOptions) {
        do throws(SystemError) { try access.keep() } catch {
            StandardStream.error.write("warning: \(error.text)\n")
        }
        if !BindName.isLoopback(options.host) {
            let may = options.isReadOnly ? "see" : "see, start and stop"
            StandardStream.error.write(
                "warning: who gets at the address below, over a network that is not encrypted, can \(may) everything in \(options.workspace.path)\n"
            )
        }
        StandardStream.error.write("open this address, which lets one browser in (Ctrl-C ends the page):\n")
        StandardStream.output.write("\(access.startAddress(options.experiment))\n")
    }
}

/// What the page was started with.
struct PageOptions {
    let workspace: Workspace
    /// How other commands name the workspace, ` --workdir w`.
    let place: String
    var experiment: String?
    var host = "127.0.0.1"
    /// The first that is free where it is nil.
    var port: Int?
    var isReadOnly = false

    init(workspace: Workspace, place: String) {
        self.workspace = workspace
        self.place = place
    }
}
