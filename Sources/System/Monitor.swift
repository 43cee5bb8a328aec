import CSystemShim
import Text

/// State that one thread changes and another waits for.
///
/// The closures neither await nor call out; they run with the lock held.
@safe package final class Monitor<State>: @unchecked Sendable {
    // @unchecked Sendable because `state` is only touched with `lock` held.
    private var state: State
    private let lock: OpaquePointer

    package init(_ state: sending State) {
        self.state = state
        unsafe lock = xsys_monitor_new()
    }

    deinit { unsafe xsys_monitor_free(lock) }

    package func withLock<Result: Sendable>(_ body: (inout State) throws -> Result) rethrows -> Result {
        unsafe xsys_monitor_lock(lock)
        defer { unsafe xsys_monitor_unlock(lock) }
        return try body(&state)
    }

    /// Changes the state and wakes those who wait.
    package func change<Result: Sendable>(_ body: (inout State) throws -> Result) rethrows -> Result {
        unsafe xsys_monitor_lock(lock)
        defer {
            unsafe xsys_monitor_notify(lock)
            unsafe xsys_monitor_unlock(lock)
        }
        return try body(&state)
    }

    /// Waits until `body` gives a value.
    package func wait<Result: Sendable>(until body: (inout State) -> Result?) -> Result {
        unsafe xsys_monitor_lock(lock)
        defer { unsafe xsys_monitor_unlock(lock) }
        while true {
            if let result = body(&state) { return result }
            unsafe xsys_monitor_wait(lock, -1)
        }
    }

    /// Waits until `body` is true, at most so long; returns whether it was.
    package func wait(milliseconds: Int, until body: (inout State) -> Bool) -> Bool {
        let end = xsys_monotonic() + UInt64(milliseconds) * 1_000_000
        unsafe xsys_monitor_lock(lock)
        defer { unsafe xsys_monitor_unlock(lock) }
        while true {
            if body(&state) { return true }
            let now = xsys_monotonic()
            if now >= end { return false }
            unsafe xsys_monitor_wait(lock, Int((end - now) / 1_000_000) + 1)
        }
    }
}
