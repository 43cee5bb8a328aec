import ArgumentParser
import System
import Text

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "completions",
        abstract: "Completion of commands, options, experiments, jobs and results for a shell.",
        discussion: """
            Examples:
              xpm completions install             for the shell of this user
              xpm completions install zsh --print >_xpm
            """, subcommands: [Install.self])

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish

        fileprivate var script: String {
            switch self {
            case .bash: Completion.script(for: .bash)
            case .zsh: Completion.script(for: .zsh)
            case .fish: Completion.script(for: .fish)
            }
        }

        /// That of the user, as `$SHELL` says.
        fileprivate static var own: Shell? {
            Environment["SHELL"].flatMap { Shell(rawValue: Paths.name($0)) }
        }

        /// Where the shell looks for it, or can be told to.
        fileprivate func path() throws(Failure) -> String {
            guard let home = Environment["HOME"], home.hasPrefix("/") else {
                throw .message(
                    "HOME names no folder: --print writes it to standard output")
            }
            let data = folder("XDG_DATA_HOME") ?? "\(home)/.local/share"
            return switch self {
            case .bash: "\(data)/bash-completion/completions/xpm"
            case .zsh: "\(data)/zsh/site-functions/_xpm"
            case .fish: "\(folder("XDG_CONFIG_HOME") ?? "\(home)/.config")/fish/completions/xpm.fish"
            }
        }

        private func folder(_ variable: String) -> String? {
            Environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil }
        }

        /// What is left to do.
        fileprivate func advice(_ path: String) -> String {
            switch self {
            case .bash:
                "new shells have it with the package bash-completion; else put this into ~/.bashrc: source \(ShellWords.quote(path))"
            case .zsh:
                "put this into ~/.zshrc: fpath=(\(ShellWords.quote(Paths.parent(path))) $fpath); autoload -Uz compinit; compinit"
            case .fish: "new shells have it"
            }
        }
    }

    struct Install: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "install", of: "completions", abstract: "Put the completion where the shell finds it.",
            discussion: """
                Without a name: for the shell that $SHELL names. What was there is replaced; nothing else is changed.
                """)

        @Argument(help: "bash, zsh or fish.") var shell: Shell?

        @Flag(help: "Write it to standard output instead.")
        var print = false

        @Flag(help: "A JSON object: which file.")
        var json = false

        func validate() throws {
            if print, json { throw ValidationError("--print and --json exclude each other.") }
        }

        func run() throws {
            do throws(Failure) {
                guard let shell = shell ?? Shell.own else {
                    let name = Environment["SHELL"].map { "'\(Paths.name($0))'" } ?? "unknown"
                    throw .message("the shell is \(name): say bash, zsh or fish")
                }
                if print { return StandardStream.output.write(bytes: Array((shell.script + "\n").utf8)) }
                let path = try shell.path()
                try Failure.onDisk { () throws(SystemError) in
                    try Files.makeFolder(Paths.parent(path))
                    try Files.replace(path, with: Array(shell.script.utf8))
                }
                if json {
                    let line: JSON = ["shell": .string(shell.rawValue), "file": .string(path)]
                    return StandardStream.output.write(line.text + "\n")
                }
                StandardStream.output.write("wrote \(Paths.shown(path)); \(shell.advice(path))\n")
            } catch { throw error.reported() }
        }
    }
}
