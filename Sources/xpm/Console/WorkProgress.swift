import Synchronization
import System
import Text

/// How far a command is that takes long: a line on a terminal, from its second second on.
final class WorkProgress: Sendable {
    private let isShown = StandardStream.error.isTerminal
    private let began = Monotonic.seconds
    private let state = Mutex(State())

    private struct State: Sendable {
        /// When the line was written last.
        var told = 0.0
        var isThere = false
    }

    /// What is done now.
    func tell(_ text: @autoclosure () -> String) {
        let now = Monotonic.seconds
        guard isShown, now - began >= 1 else { return }
        state.withLock { state in
            guard now - state.told >= 0.1 else { return }
            StandardStream.error.write("\r\(text())\u{1b}[K")
            (state.told, state.isThere) = (now, true)
        }
    }

    /// Takes the line away: other text comes.
    func clear() {
        state.withLock { state in
            if state.isThere { StandardStream.error.write("\r\u{1b}[K") }
            state.isThere = false
        }
    }
}
