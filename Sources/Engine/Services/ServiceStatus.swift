package import Store
import System
import Text

/// The state of one service, and its listeners.
///
/// Only legal changes are made. Each is told to every listener, in the order in which they were made, one at
/// a time, whatever threads make them: who finds nobody telling tells, the others leave theirs to it.
package final class ServiceStatus: Sendable {
    private struct Change {
        let old: ServiceState
        let new: ServiceState
    }

    private struct State {
        var state = ServiceState.stopped
        var untold: [Change] = []
        var isTelling = false
        var listeners: [any ServiceListener] = []
    }

    private let monitor = Monitor(State())

    package init() {}

    package var state: ServiceState { monitor.withLock { $0.state } }

    /// Changes that come later are told to it too.
    package func add(_ listener: any ServiceListener) { monitor.withLock { $0.listeners.append(listener) } }

    /// Tells some listeners no more.
    package func remove(where isGone: (any ServiceListener) -> Bool) {
        monitor.withLock { $0.listeners.removeAll(where: isGone) }
    }

    /// Makes a change, if it is legal.
    ///
    /// - Parameter service: whose state it is.
    /// - Returns: whether it was made.
    @discardableResult
    package func move(to new: ServiceState, of service: any Service) -> Bool {
        let (isMade, mustTell) = monitor.change { state in
            guard state.state.mayBecome(new) else { return (false, false) }
            state.untold.append(Change(old: state.state, new: new))
            state.state = new
            defer { state.isTelling = true }
            return (true, !state.isTelling)
        }
        if mustTell { tell(service) }
        return isMade
    }

    private func tell(_ service: any Service) {
        while true {
            let (changes, listeners) = monitor.change { state in
                defer { state.untold = [] }
                if state.untold.isEmpty { state.isTelling = false }
                return (state.untold, state.listeners)
            }
            if changes.isEmpty { return }
            for change in changes {
                for listener in listeners {
                    listener.stateChanged(of: service, from: change.old, to: change.new)
                }
            }
        }
    }

    /// Waits until the state is one of some, and all changes up to it have been told.
    ///
    /// - Returns: the state; nil after so many milliseconds.
    package func wait(milliseconds: Int, until isFine: @Sendable (ServiceState) -> Bool) -> ServiceState? {
        let isThere = monitor.wait(milliseconds: milliseconds) { isFine($0.state) && !$0.isTelling }
        return isThere ? state : nil
    }
}
