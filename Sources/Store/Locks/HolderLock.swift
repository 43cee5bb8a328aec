import Glibc
package import System
import Text

/// A lock whose file tells who has it: a `ProcessRecord`, written when the lock is taken.
package enum HolderLock {
    /// Takes the lock and says so in its file.
    ///
    /// - Returns: nil if somebody has it.
    static func take(_ path: String) throws(SystemError) -> FileLock? {
        guard let lock = try FileLock.take(path) else { return nil }
        note(path)
        return lock
    }

    /// Only for who asks who it is: a full disk is why somebody cleans.
    private static func note(_ path: String) {
        try? Files.write(ProcessRecord(pid: getpid()).json().bytes, to: path)
    }

    /// Does something while this process has the lock.
    ///
    /// - Returns: what it gives; nil if somebody else has the lock.
    package static func holding<Result>(
        _ path: String, _ body: () throws(SystemError) -> Result
    ) throws(SystemError) -> Result? {
        try FileLock.holding(path) { () throws(SystemError) in
            note(path)
            return try body()
        }
    }

    /// How long a new holder may take to say who it is, in milliseconds.
    private static let patience = 1000

    /// Who has the lock: waited for, where it was taken a moment ago and the record is still that of another.
    ///
    /// - Returns: nil where nobody has it any more, or nobody can say who.
    static func holder(of path: String) -> ProcessRecord? {
        for _ in 0..<patience {
            if let record = ProcessRecord.read(path), record.isAlive || record.isElsewhere { return record }
            guard FileLock.isHeld(path) else { return nil }
            Clock.sleep(milliseconds: 1)
        }
        return nil
    }
}
