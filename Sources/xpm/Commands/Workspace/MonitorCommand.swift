import ArgumentParser
import Store
import System
import Text

struct MonitorCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "monitor",
        abstract: "Watch a workspace in the terminal: its runs, their jobs, logs and results.",
        discussion: """
            Shows runs that go on, that are over and that were killed, and needs nothing of them. Keys stand in the last line, '?' lists all. What \
            changes something shows the command that does the same, and waits for a yes.

            Examples:
              xpm monitor
              xpm monitor iris
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

    func validate() throws {
        if json, ascii || readOnly {
            throw ValidationError("--json draws nothing: it goes without --\(ascii ? "ascii" : "read-only").")
        }
    }

    func run() throws {
        do throws(Failure) {
            let place = try ExperimentFiles.existingWorkspace(workspace, experiment: experiment)
            if let experiment { _ = try ExperimentsCommand.runs(of: experiment, workspace) }
            guard json || StandardStream.output.takesEscapes && StandardStream.inputIsTerminal else {
                throw .message(
                    "xpm monitor needs a terminal that can move its cursor; elsewhere there are xpm experiments list, jobs list and attach"
                )
            }
            let program = "\(Paths.parent(Paths.real(Environment.program)))/xpm-monitor"
            guard Files.isExecutable(program) else {
                throw .message("\(program): not there; it is installed beside xpm")
            }
            let words =
                [program, place.path, workspace.text] + (experiment.map { ["--experiment", $0] } ?? [])
                + (ascii ? ["--ascii"] : []) + (readOnly ? ["--read-only"] : []) + (json ? ["--json"] : [])
            let code = ChildProcess.replace(words, environment: .current)
            throw Failure(SystemError("start", program, code: code))
        } catch { throw error.reported() }
    }
}
