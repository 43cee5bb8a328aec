import ArgumentParser
import Batch
import LuaBridge
import System
import Text

/// The program `xpm`: commands parse, call and print.
@main
struct XPM: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "xpm",
        abstract: "Runs computational experiments written in Lua, with parameters from YAML.",
        discussion: """
            Examples:
              xpm init demo                      a new experiment in the folder demo
              xpm run experiment.lua full.yaml   run it; what is done is not run again
              xpm run --dry-run full.yaml        which tasks, what they need, done or not
              xpm run full.yaml -c lr=1e-3 -j 4  another value, four jobs at once
              xpm why full.yaml                  why each task would run, or would not


            Exit codes: 0 all done (or the plan has stopped itself), 1 a job failed, 2 bad input or xpm failed, 64 usage, 130 interrupted.
            Shell completion: xpm completions install
            """,
        version: "xpm \(xpmVersion)",
        subcommands: [
            RunCommand.self, DoCommand.self, SweepCommand.self, WhyCommand.self, DiffCommand.self,
            DescribeCommand.self,
            IdentityCommand.self,
            MonitorCommand.self, AttachCommand.self, StopCommand.self, ActionsCommand.self, CodeCommand.self,
            ServicesCommand.self, JobsCommand.self,
            FailuresCommand.self, ResultsCommand.self, PlotCommand.self,
            SearchCommand.self, ExperimentsCommand.self, WorkspacesCommand.self, LaunchersCommand.self,
            FindLauncherCommand.self,
            GCCommand.self, DoctorCommand.self, DeprecatedCommand.self, PartialsCommand.self,
            InitCommand.self, AnnotationsCommand.self, CompletionsCommand.self,
        ])

    /// The commands that read a script, which gets what follows `--`.
    private static let withScript = [
        "run", "do", "sweep", "why", "describe", "identity", "deprecated", "partials", "diff",
    ]

    static func main() {
        StandardStream.openAll()
        Signals.surviveFileLimit()
        Signals.admit()
        StandardStream.checkAtExit()
        refuseStrangeBytes()
        refuseSurroundings()
        Completion.use(
            .init(names: { CompletionNames.of($0, in: $1) }, script: { completionScript(of: $0) }))
        BatchQueue.findTrusted { _ = try? LauncherFile.ofUser() }
        let arguments = Arguments.all.dropFirst()
        refuseUnknown(arguments.first == "help" ? arguments.dropFirst() : arguments)
        refuseComment(arguments)
        let hasScript = arguments.first.map(withScript.contains) ?? false
        let own = hasScript ? arguments.prefix { $0 != "--" } : arguments
        start(own.first == "run" || own.first == "do" ? RunCommand.detaching(own) : own)
        if Unreadable.wasMet { Self.exit(withError: ExitCode(2)) }
    }

    /// The script of a shell. In bash a word that names no file is not taken for one: a folder of its name
    /// would add a slash.
    private static func completionScript(of shell: CompletionShell) -> String {
        let script = completionScript(for: shell)
        guard shell == .bash else { return script }
        let head = "__xpm_add_completions() {\n"
        return script.replacing(
            head, with: head + "    [[ \"${1}\" == -W ]] && compopt +o filenames 2>/dev/null\n")
    }

    /// Runs the command that the first words name. It is parsed by itself: through all commands above it,
    /// ArgumentParser needs longer than most commands run. What cannot be parsed like this, such as a request
    /// for help, goes the long way.
    private static func start(_ arguments: ArraySlice<String>) {
        if arguments.elementsEqual(["--version"], by: ==) {
            return StandardStream.output.write("xpm \(xpmVersion)\n")
        }
        var command: any ParsableCommand.Type = XPM.self
        var rest = arguments
        while let word = rest.first,
            let next = command.configuration.subcommands.first(where: { $0._commandName == word })
        {
            command = next
            rest = rest.dropFirst()
        }
        guard command.configuration.subcommands.isEmpty else { return main(Array(arguments)) }
        var parsed: any ParsableCommand
        do { parsed = try command.parseAsRoot(Array(rest)) } catch {
            refuseStrangers(error, of: command)
            return main(Array(arguments))
        }
        guard type(of: parsed) == command else { return main(Array(arguments)) }
        do { try parsed.run() } catch { exit(withError: error) }
    }

    /// A shell that takes no comments at its prompt, as zsh does, gives their words to the command.
    private static func refuseComment(_ words: ArraySlice<String>) {
        guard words.prefix(while: { $0 != "--" }).contains("#") else { return }
        StandardStream.error.write(
            "error: '#' came as an argument: this shell takes no comments at its prompt; leave it out, or, in zsh, setopt interactive_comments\n"
        )
        exit(withError: ExitCode(64))
    }

    /// What a parser says of words that it does not know, and what they may have been meant for.
    private static func refuseStrangers(_ error: any Error, of command: any ParsableCommand.Type) {
        let text = message(for: error)
        func told(_ start: String) -> String? {
            text.after(start).flatMap { $0.cut(at: "'") }.map { String($0.before) }
        }
        if let option = told("Unknown option '"), option.hasPrefix("--"),
            withScript.contains(command._commandName),
            // One of another command is no key of a configuration.
            !RunCommand.helpMessage().contains("\(option) ")
        {
            let name = option.dropFirst(2).replacing("-", with: "_")
            StandardStream.error.write(
                "error: \(command._commandName) has no option '\(option)'; a key of the configuration gets a value by -c \(name)=…, and 'xpm help \(command._commandName)' lists the options\n"
            )
        } else if let word = told("Unexpected argument '") ?? told("1 unexpected argument: '"),
            command.helpMessage().contains("-e, --experiment")
        {
            StandardStream.error.write(
                "error: unexpected argument '\(word)'; -e \(ShellWords.quote(word)) names an experiment\n")
        } else {
            return
        }
        exit(withError: ExitCode(64))
    }

    /// Nothing but help goes without /proc, /dev/null and a current folder.
    private static func refuseSurroundings() {
        let words = Arguments.all.dropFirst()
        let asksForHelp =
            words.first.map { $0 == "help" || $0.hasPrefix("-") } ?? true
            || words.contains { $0 == "--help" || $0 == "-h" }
        guard !asksForHelp, let problem = Surroundings.problem else { return }
        StandardStream.error.write("error: \(problem)\n")
        exit(withError: ExitCode(2))
    }

    /// Swift replaces bytes that are not UTF-8: another file would be meant.
    private static func refuseStrangeBytes() {
        guard let text = Arguments.firstThatIsNotUTF8 else { return }
        StandardStream.error.write("error: an argument is not UTF-8: \(text)\n")
        exit(withError: ExitCode(2))
    }

    /// ArgumentParser would take an unknown command for an argument of the one before it.
    private static func refuseUnknown(_ words: ArraySlice<String>) {
        var command: any ParsableCommand.Type = XPM.self
        for word in words {
            let known = command.configuration.subcommands
            if word.hasPrefix("-") || known.isEmpty { return }
            if word == "help" { continue }
            guard let next = known.first(where: { $0._commandName == word }) else {
                let isScript =
                    command == XPM.self && Paths.hasExtension(word, "lua", "yaml", "yml")
                    && Files.kind(word) == .file
                let hint =
                    isScript
                    ? " (did you mean 'xpm run \(word)'?)"
                    : Suggestion.hint(for: word, among: known.map { $0._commandName })
                let names = known.map { $0._commandName }.joined(separator: ", ")
                let path = command == XPM.self ? "xpm" : "xpm \(command._commandName)"
                StandardStream.error.write(
                    "error: there is no command '\(word)'\(hint)\n\(path) has: \(names)\n")
                Self.exit(withError: ExitCode(64))
            }
            command = next
        }
    }
}
