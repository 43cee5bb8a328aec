import Glibc
import Synchronization
package import System
import Text

/// Why a run cannot begin.
package enum RunError: TextualError {
    /// Another run of the experiment is alive, or somebody removes runs of it.
    case busy(experiment: String, ProcessRecord?)
    case cleaning(ProcessRecord?)
    case system(SystemError)

    package var text: String {
        switch self {
        case .cleaning(let cleaner):
            "\(cleaner.map(\.text) ?? "another process") removes what no run refers to"
        case .busy(let experiment, let holder):
            "experiment '\(experiment)' is running already\(holder.map { ": \($0.text)" } ?? ""); xpm attach \(ShellWords.quote(experiment)) follows it, xpm stop \(ShellWords.quote(experiment)) ends it, --wait waits for its end"
        case .system(let error): error.text
        }
    }
}
