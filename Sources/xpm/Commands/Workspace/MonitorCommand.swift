import ArgumentParser
import Store
import System
import Text

struct MonitorCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "monitor",
        abstract:
            "Watch a workspace in the terminal or in a browser: its runs, their jobs, logs and results.",
        discussion: """
            Shows runs that go on, that are over and that were killed, and needs nothing of them. Keys stand in the last line, '?' lists all. What \
            changes something shows the command that does the same, and waits for a yes.

            With --web the same is a page: an address is printed that lets one browser in, once. It listens on this machine only.

            Examples:
              xpm monitor
              xpm monitor iris
              xpm monitor --web
            """)

    @Argument(help: "The experiment whose jobs are shown first.", completion: Completion.experiments)
    var experiment: String?
    @OptionGroup var workspace: WorkspaceOptions

    @Flag(help: "Draw with ASCII only.")
    var ascii = false

    @Flag(help: "Change nothing.")
    var readOnly = false

    @Flag(
        help:
            "A line for each experiment, and for each job of the one that is named; again when it changes, while a run goes on."
    )
    var json = false

    @Flag(help: "Show it as a page in a browser.")
    var web = false

    @Option(
        help: ArgumentHelp(
            "With --web: the address to listen at; others than this machine's get at any but the default.",
            valueName: "address"))
    var host: String = "127.0.0.1"

    @Option(
        help: ArgumentHelp(
            "With --web: the port to listen at (default: the first free one from 8420 on).", valueName: "port"
        ))
    var port: Int?

    func validate() throws {
        if web, ascii || json {
            throw ValidationError("--web goes without --\(ascii ? "ascii" : "json").")
        }
        if !web, port != nil || host != "127.0.0.1" {
            throw ValidationError("--\(port == nil ? "host" : "port") goes with --web.")
        }
        if let port, !(1...65535).contains(port) {
            throw ValidationError("--port is a number from 1 to 65535, not \(port).")
        }
        if json, ascii || readOnly {
            throw ValidationError("--json draws nothing: it goes without --\(ascii ? "ascii" : "read-only").")
        }
    }

    func run() throws {
        do throws(Failure) {
            let place = try ExperimentFiles.existingWorkspace(workspace, experiment: experiment)
            if let experiment { _ = try ExperimentsCommand.runs(of: experiment, workspace) }
            guard web || json || StandardStream.output.takesEscapes && StandardStream.inputIsTerminal else {
                throw .message(
                    "xpm monitor needs a terminal that can move its cursor; elsewhere there are xpm monitor --web, experiments list, jobs list and attach"
                )
            }
            let name = web ? "xpm-page" : "xpm-monitor"
            let program = "\(Paths.parent(Paths.real(Environment.program)))/\(name)"
            guard Files.isExecutable(program) else {
                let hint = web ? "scripts/setup --with-page builds it" : "it is installed beside xpm"
                throw .message("\(program): not there; \(hint)")
            }
            let words =
                [program, place.path, workspace.text] + (experiment.map { ["--experiment", $0] } ?? [])
                + (ascii ? ["--ascii"] : []) + (readOnly ? ["--read-only"] : []) + (json ? ["--json"] : [])
                + (web ? ["--host", host] : []) + (port.map { ["--port", String($0)] } ?? [])
            let code = ChildProcess.replace(words, environment: .current)
            throw Failure(SystemError("start", program, code: code))
        } catch { throw error.reported() }
    }
}
