import Glibc
import Synchronization
package import System
import Text

/// Why a run cannot begin.
package enum RunError: TextualError {
    /// Another run of the experiment is alive, or somebody removes runs of it.
    case busy(experiment: String, ProcessRecord?)
    /// It is to go on as a job of a batch system, and is in its queue, or begins there.
    case inQueue(experiment: String, launcher: String)
    case cleaning(ProcessRecord?)
    case system(SystemError)

    package var text: String {
        switch self {
        case .cleaning(let cleaner):
            "\(cleaner.map(\.text) ?? "another process") removes what no run refers to"
        case .busy(let experiment, let holder):
            "experiment '\(experiment)' is running already\(holder.map { ": \($0.text)" } ?? ""); \(Self.ways(experiment))"
        case .inQueue(let experiment, let launcher):
            "experiment '\(experiment)' runs as a job of '\(launcher)' already; \(Self.ways(experiment))"
        case .system(let error): error.text
        }
    }

    private static func ways(_ experiment: String) -> String {
        let name = ShellWords.quote(experiment)
        return "xpm attach \(name) follows it, xpm stop \(name) ends it, --wait waits for its end"
    }
}
