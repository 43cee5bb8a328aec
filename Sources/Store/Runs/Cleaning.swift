package import System
import Text

/// Keeps apart who removes what no run refers to, and runs that plan.
///
/// While a script submits, jobs become its run's one after the other, and nobody can say which of them nobody
/// will need. So a run holds `experiments/{experiment}/planning` until it has submitted all, and looks then
/// whether somebody cleans; who cleans holds `.xpm-cleaning`, and looks then whether a run plans. One of the
/// two sees the other.
package enum Cleaning {
    /// Does something while no run plans, and nobody else cleans.
    package static func holding(
        _ workspace: Workspace, _ body: () throws(CleaningError) -> Void
    ) throws(CleaningError) {
        var problem: CleaningError?
        do throws(SystemError) {
            let isFree: Void? = try HolderLock.holding(workspace.cleaning) { () throws(SystemError) in
                let planning = planning(in: workspace)
                do throws(CleaningError) {
                    if let hidden = hidden(in: workspace) { throw .unreadable(hidden.text) }
                    if !planning.isEmpty { throw .planning(planning) }
                    try body()
                } catch { problem = error }
            }
            if isFree == nil { problem = .busy(HolderLock.holder(of: workspace.cleaning)) }
        } catch { throw .system(error) }
        if let problem { throw problem }
    }

    /// Who may refer to any job soon: the experiments that plan now, and copies of experiments.
    package static func planning(in workspace: Workspace) -> [String] {
        let all = (try? Files.list("\(workspace.path)/experiments")) ?? []
        let planning = all.filter { FileLock.isHeld(workspace.planning(ofExperiment: $0)) }
        return planning.map { "the script of \($0)" }
            + CopyStaging.underWay(in: workspace).map { "a copy (\($0))" }
    }

    /// Why nobody can say whether a run plans.
    private static func hidden(in workspace: Workspace) -> SystemError? {
        do throws(SystemError) {
            for name in try Files.list("\(workspace.path)/experiments") {
                _ = try FileLock.look(workspace.planning(ofExperiment: name))
            }
            return nil
        } catch { return error.isMissing ? nil : error }
    }

    /// Whether somebody cleans.
    package static func isUnderWay(in workspace: Workspace) -> Bool { FileLock.isHeld(workspace.cleaning) }
}

/// Why nothing, or nothing more, is removed.
package enum CleaningError: TextualError {
    /// Somebody else cleans.
    case busy(ProcessRecord?)
    /// Who may refer to any job soon.
    case planning([String])
    /// What cannot be read may say what is needed.
    case unreadable(String)
    case system(SystemError)

    package var text: String {
        switch self {
        case .busy(let other):
            "somebody cleans this workspace already: \(other.map(\.text) ?? "an unknown process")"
        case .planning(let names):
            "\(names.joined(separator: ", ")) may still need what is here: nothing is removed before its end"
        case .unreadable(let text): "\(text): it may say what is needed, so nothing is removed"
        case .system(let error): error.text
        }
    }
}
