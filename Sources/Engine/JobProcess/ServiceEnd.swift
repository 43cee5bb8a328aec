import Inventory
import Store
import System
import Text

/// How a service ended, in words.
enum ServiceEnd {
    /// `ended by itself: exit code 3`
    static func reason(code: Int32, signal: Int32, wasReady: Bool) -> String {
        let how = signal > 0 ? Outcome(.failed, signal: signal).text : "exit code \(code)"
        return "\(wasReady ? "ended by itself" : "ended before it was ready"): \(how)"
    }

    /// A reason with what the program said last, which tells more than how it ended.
    static func quoting(_ log: String, from mark: Int64, after reason: String) -> String {
        guard Files.size(of: log) > mark, let line = OutputTail.lines(of: log, 1).last else { return reason }
        return "\(reason): \(line)"
    }
}
