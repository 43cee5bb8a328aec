import ArgumentParser
import Inventory
import LuaBridge
import Store
import System
import Text

struct ActionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "actions",
        abstract: "Do what an experiment offers to do with what it has made.",
        discussion: """
            A plan offers actions with xp:add_action. They run later, from the files that were kept with the run.

            Examples:
              xpm actions list iris
              xpm actions run iris export --set target=/tmp/model
            """,
        subcommands: [List.self, Run.self])

    /// Of which run.
    struct RunOption: ParsableArguments {
        @Argument(help: "The experiment.", completion: Completion.experiments) var experiment: String

        @Option(help: ArgumentHelp("The run (default: the newest that offers actions).", valueName: "run"))
        var run: String?

        @OptionGroup var workspace: WorkspaceOptions

        /// The run's folder and its actions.
        func actions() throws(Failure) -> (run: RunRecord, actions: [RunAction]) {
            let runs = try ExperimentsCommand.runs(of: experiment, workspace)
            if let run {
                let found = try ExperimentsCommand.find(run, of: experiment, among: runs)
                return (found, RunAction.all(in: found.path))
            }
            for run in runs.reversed() {
                let actions = RunAction.all(in: run.path)
                if !actions.isEmpty { return (run, actions) }
            }
            return (runs[runs.count - 1], [])
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "list", of: "actions", abstract: "List the actions of an experiment.")

        @OptionGroup var source: RunOption
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            do throws(Failure) {
                let (run, actions) = try source.actions()
                let width = actions.map(\.name.count).max() ?? 0
                for action in actions {
                    let line: JSON = [
                        "name": .string(action.name), "type": .string(action.typeID),
                        "description": .string(action.description), "run": .string(run.run),
                    ]
                    StandardStream.output.write(
                        json
                            ? line.text + "\n"
                            : "\(action.name.padded(to: width))  \(TextReport.printable(action.description))\n"
                    )
                }
                if actions.isEmpty { StandardStream.error.write("\(run.experiment) offers no actions\n") }
            } catch { throw error.reported() }
        }
    }

    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "run", of: "actions",
            abstract: "Do an action. It asks what it needs to know; --set answers beforehand.",
            discussion: """
                Only a terminal is asked. Elsewhere a question without an answer has its default, and one without a default is an error.

                Example:
                  xpm actions run iris export --set target=/tmp/model
                """)

        @OptionGroup var source: RunOption
        @Argument(help: "The action.") var action: String

        @Option(
            name: .customLong("set"), help: ArgumentHelp("The answer to a question.", valueName: "key=value"))
        var answers: [String] = []

        @Flag(help: "A JSON object, when it is done; what the action prints goes to standard error.")
        var json = false

        func validate() throws {
            for answer in answers where !answer.contains("=") {
                throw ValidationError("--set needs key=value, not '\(answer)'.")
            }
        }

        func run() throws {
            do throws(Failure) {
                let (run, actions) = try source.actions()
                guard let action = actions.first(where: { $0.name == action }) else {
                    let hint = Suggestion.hint(for: action, among: actions.map(\.name))
                    throw .message("\(run.experiment) offers no action '\(action)'\(hint)")
                }
                var questionnaire = Questionnaire(answers)
                let place = try ExperimentFiles.workspace(
                    source.workspace, experiment: run.experiment)
                defer { for text in questionnaire.strangers { Failure.warn(text) } }
                let write = json ? StandardStream.divertOutput() : nil
                do {
                    try TaskSession().run(action, in: run.path, workspace: place) {
                        try questionnaire.answer($0)
                    }
                } catch { throw Failure(any: error) }
                let line: JSON = [
                    "experiment": .string(run.experiment), "run": .string(run.run),
                    "action": .string(action.name), "answers": .object(questionnaire.answers),
                ]
                write?(Array((line.text + "\n").utf8))
            } catch { throw error.reported() }
        }
    }
}
