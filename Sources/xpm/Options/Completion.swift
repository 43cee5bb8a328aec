import ArgumentParser
import Synchronization
import Text

/// What a shell offers for names that only a workspace knows. The options and arguments that take such names
/// say so; who knows the names is told when the program starts.
enum Completion {
    enum Names: Sendable {
        case experiments, workspaces, jobs, launchers
        /// The results, and the tags and parameters, of the experiment that stands before.
        case metrics, parameters
    }

    static let experiments = offer(.experiments)
    static let workspaces = offer(.workspaces)
    static let jobs = offer(.jobs)
    static let launchers = offer(.launchers)
    static let metrics = offer(.metrics)
    static let parameters = offer(.parameters)

    struct Source: Sendable {
        /// The names, by the words of the command line.
        let names: @Sendable (Names, [String]) -> [String]
        /// The script of a shell.
        let script: @Sendable (CompletionShell) -> String
    }

    private static let source = Mutex<Source?>(nil)

    static func use(_ new: Source) { source.withLock { $0 = new } }

    static func script(for shell: CompletionShell) -> String {
        source.withLock { $0 }?.script(shell) ?? ""
    }

    private static func offer(_ names: Names) -> CompletionKind {
        .custom { words, _, prefix in
            (source.withLock { $0 }?.names(names, words) ?? []).filter { $0.hasPrefix(prefix) }
        }
    }
}
