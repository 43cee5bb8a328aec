import Inventory
import Synchronization
import System
import Text

/// What a command was to read and could not: named on standard error, and the exit code is 2 in the end,
/// since what was printed is not all.
enum Unreadable {
    private static let told = Mutex<TextSet>([])
    /// So many are named.
    private static let most = 10

    static func note(_ error: SystemError) {
        let count = told.withLock { told in told.insert(error.text).inserted ? told.count : 0 }
        if count > 0, count <= most { Failure.warn(error.text) }
        if count == most + 1 { Failure.warn("more of the workspace cannot be read") }
    }

    /// Tells what of a run could not be read, or is damaged.
    static func note(_ run: RunRecord) {
        guard let text = run.problem else { return }
        if run.isUnreadable { _ = told.withLock { $0.insert(text) } }
        Failure.warn(text)
    }

    /// Tells what of a workspace could not be read.
    static func note(_ problem: WorkspaceInventory.Problem) {
        switch problem {
        case .unreadable(let error): note(error)
        case .damaged: Failure.warn(problem.text)
        }
    }

    /// Tells what could not be read, or is damaged.
    static func note(_ text: String) {
        guard told.withLock({ $0.insert(text).inserted }) else { return }
        Failure.warn(text)
    }

    static var wasMet: Bool { told.withLock { !$0.isEmpty } }
}
