import Store
import System
import Text

/// Runs commands of xpm, one after the other, while the monitor goes on.
final class CommandRunner: Sendable {
    struct Answer: Sendable {
        let text: String
        /// Of the view that shows it; nil for one that is told in a line.
        let title: String?
    }

    private struct State {
        var answers: [(Answer, isError: Bool)] = []
    }

    private let program: String
    private let workspace: String
    private let place: String
    private let state = Monitor(State())

    /// Commands that look at no workspace.
    private static let withoutWorkspace = [
        "launchers", "find-launcher", "workspaces", "describe", "sweep", "init", "annotations", "completions",
        "help",
    ]

    init(_ options: MonitorOptions) {
        program = "\(Paths.parent(Paths.real(Environment.program)))/xpm"
        workspace = options.workspace.path
        place = options.place
    }

    /// A command as somebody would type it.
    func text(_ words: [String]) -> String {
        let shown = words.map { word in
            // An identifier by its beginning is enough.
            guard let (task, identifier) = word.cut(atLast: "/"), identifier.utf8.count == 64 else {
                return ShellWords.quote(word)
            }
            return ShellWords.quote("\(task)/\(identifier.prefix(8))")
        }
        return "xpm \(shown.joined(separator: " "))\(place)"
    }

    /// Commands that change nothing.
    static func onlyLooks(_ words: [String]) -> Bool {
        let looks = [
            "results", "failures", "why", "describe", "identity", "diff", "doctor", "gc",
        ]
        if words.contains(where: { $0.hasPrefix("--perform") || $0.hasPrefix("--mend") }) { return false }
        if looks.contains(words[0]) { return true }
        let kinds = ["list", "show", "runs", "path", "logs", "usage"]
        return ["jobs", "experiments", "launchers", "services", "workspaces", "actions"].contains(words[0])
            && words.count > 1
            && kinds.contains(words[1])
    }

    func start(_ words: [String], title: String?) {
        let own = words.prefix { $0 != "--" }
        let isNamed =
            own.contains { $0.hasPrefix("--workdir") || $0.hasPrefix("--workspace") }
            || words.first.map(Self.withoutWorkspace.contains) ?? true
        let arguments =
            [program] + own + (isNamed ? [] : ["--workdir", workspace]) + words.dropFirst(own.count)
        let work: @Sendable () -> Void = { [state] in
            let answer: (Answer, isError: Bool)
            do throws(SystemError) {
                let said = try Command(arguments, patience: .infinity).run()
                // What it tells comes first, and then what it warns of.
                answer = (Answer(text: said.output + said.error, title: title), said.code != 0)
            } catch { answer = (Answer(text: error.text, title: nil), true) }
            state.withLock { $0.answers.append(answer) }
        }
        do throws(SystemError) { try NewThread.start(work) } catch { work() }
    }

    /// What a command has said that has ended.
    func said() -> (Answer, Bool)? {
        state.withLock { state in
            state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
    }
}
