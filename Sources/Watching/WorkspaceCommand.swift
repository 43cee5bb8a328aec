package import System
import Text

/// The commands of xpm on one workspace: as somebody would type them, and as they are run.
package struct WorkspaceCommand: Sendable {
    private let program: String
    private let workspace: String
    private let place: String

    /// Commands that look at no workspace.
    private static let withoutWorkspace = [
        "launchers", "find-launcher", "workspaces", "describe", "sweep", "init", "annotations", "completions",
        "help",
    ]

    /// - Parameter place: how other commands name the workspace, ` --workdir w`, or nothing.
    package init(workspace: String, place: String) {
        program = "\(Paths.parent(Paths.real(Environment.program)))/xpm"
        self.workspace = workspace
        self.place = place
    }

    /// A command as somebody would type it.
    package func text(_ words: [String]) -> String {
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
    package static func onlyLooks(_ words: [String]) -> Bool {
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

    /// Runs a command to its end.
    ///
    /// - Parameter patience: seconds that it may take.
    package func run(_ words: [String], patience: Double = .infinity) throws(SystemError) -> Command.Answer {
        let own = words.prefix { $0 != "--" }
        let isNamed =
            own.contains { $0.hasPrefix("--workdir") || $0.hasPrefix("--workspace") }
            || words.first.map(Self.withoutWorkspace.contains) ?? true
        let arguments =
            [program] + own + (isNamed ? [] : ["--workdir", workspace]) + words.dropFirst(own.count)
        return try Command(arguments, patience: patience).run()
    }
}
