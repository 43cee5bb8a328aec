import LuaBridge
import Settings
import System
import Text
import YAMLFile

/// Asks a program what options it has. It runs with `--help`, without a terminal, for at most ten seconds; nothing of
/// what it says is run.
struct ProgramProbe {
    private let command: LineCommand
    /// The arguments, from the program on.
    private let words: [String]

    /// What it told: its options, or of Hydra its configuration.
    enum Answer {
        case options(ProgramDescription)
        case configuration(Setting)
    }

    init(_ command: LineCommand) {
        self.command = command
        words =
            switch command.form {
            case .words(let words): words
            case .text(let text): ShellWords.split(text)
            }
    }

    /// Seconds that the program has.
    private static let patience = 10.0
    /// So much of what it prints is read.
    private static let most = 1 << 20

    func ask() throws(Failure) -> Answer {
        let (help, told) = try Failure.onDisk { () throws(SystemError) in
            try Files.withTemporaryFolder("xpm-init") { folder throws(SystemError) in
                let target = "\(folder)/answer.json"
                try Files.write(EmbeddedText.describer, to: "\(folder)/sitecustomize.py")
                let path = Environment["PYTHONPATH"].map { $0.isEmpty ? folder : "\(folder):\($0)" } ?? folder
                let help = try run(["--help"], [("PYTHONPATH", path), ("XPM_DESCRIBE", target)])
                return (help, try? Files.read(target, limit: 1 << 24))
            }
        }
        if let told, let json = try? JSON.parse(told), let description = ProgramDescription(json) {
            return description.framework == .hydra ? try configuration() : .options(description)
        }
        try refuseLate(help, "--help")
        let text = help.output.isBlank ? help.error : help.output
        if text.contains("Powered by Hydra") { return try configuration() }
        let read = HelpText(String(text.prefix(bytes: Self.most))).description
        guard !read.options.isEmpty || help.code == 0 else {
            let last = text.lines.last { !$0.isBlank }.map { ": \(TerminalText.line(String($0)))" } ?? ""
            throw .message("\(shown("--help")) ended with exit code \(help.code)\(last)")
        }
        return .options(read)
    }

    /// What Hydra has composed.
    private func configuration() throws(Failure) -> Answer {
        let answer = try Failure.onDisk { () throws(SystemError) in try run(["--cfg", "job"], []) }
        try refuseLate(answer, "--cfg job")
        guard answer.code == 0 else {
            let last =
                answer.error.lines.last { !$0.isBlank }.map { ": \(TerminalText.line(String($0)))" } ?? ""
            throw .message("\(shown("--cfg job")) ended with exit code \(answer.code)\(last)")
        }
        do throws(SettingError) {
            return .configuration(
                try YAMLFile.parse(answer.output) { .file("--cfg job", line: $0, column: $1) })
        } catch { throw Failure(error) }
    }

    private func run(
        _ options: [String], _ variables: [(String, String)]
    ) throws(SystemError) -> Command.Answer {
        // Lines are not broken, and nothing is coloured.
        let plain = [("COLUMNS", "1000"), ("NO_COLOR", "1"), ("TERM", "dumb"), ("TERMINAL_WIDTH", "1000")]
        return try Command(
            words + options, environment: .current.setting(plain + variables), patience: Self.patience
        ).run()
    }

    private func refuseLate(_ answer: Command.Answer, _ option: String) throws(Failure) {
        if answer.isLate { throw .message("\(shown(option)) has not ended within \(Int(Self.patience)) s") }
    }

    private func shown(_ option: String) -> String { "\(TerminalText.line(command.shown)) \(option)" }
}
