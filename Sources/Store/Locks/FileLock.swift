import CSystemShim
import Glibc
package import System
import Text

/// An exclusive lock on a file, held as long as any process has this open file, or until it is given back.
///
/// The file stays when the lock is given back, but for that of a job that is done (`retire`): who had opened
/// it before finds, with the lock, that it has no name any more, and begins anew. Where flock(2) does not work
/// the lock is a claim (`LockClaim`), which lives as long as its owner.
package struct FileLock: ~Copyable, Sendable {
    package let descriptor: Descriptor
    private let path: String
    /// The nonce of the claim, where locks are claims.
    package let claim: String?

    /// Takes over a descriptor on which the lock is held already, or which came with a claim.
    package init(owning descriptor: consuming Descriptor, path: String, claim: String?) {
        self.descriptor = descriptor
        self.path = path
        self.claim = claim
    }

    /// Takes the lock if nobody holds it; nil if somebody does.
    ///
    /// - Parameter program: the `.pid` of a program that will have a part in the lock.
    package static func take(_ path: String, program: String? = nil) throws(SystemError) -> FileLock? {
        // Each round meets a file that another has removed meanwhile.
        for _ in 0..<mostRounds {
            let descriptor: Descriptor
            do throws(SystemError) {
                descriptor = try Descriptor(locking: path, isChecked: false)
            } catch {
                // Who may not write it can still see that somebody has it.
                if error.isDenied || error.isReadOnly, isHeld(path) { return nil }
                throw error
            }
            if let folder = LockClaim.folder {
                _ = try descriptor.names(path: path)
                guard let claim = try LockClaim.take(path, owner: getpid(), program: program, in: folder)
                else { return nil }
                return FileLock(owning: descriptor, path: path, claim: claim)
            }
            var result = xsys_lock(descriptor.number, true)
            // Whoever only looks whether it is held, holds it for a moment.
            for _ in 0..<5 where result == -EWOULDBLOCK {
                usleep(200)
                result = xsys_lock(descriptor.number, true)
            }
            let names = try descriptor.names(path: path)
            if result == -EWOULDBLOCK { return nil }
            if result < 0 { throw SystemError("lock", path, code: -result) }
            if names > 0 { return FileLock(owning: descriptor, path: path, claim: nil) }
        }
        throw SystemError("lock (its file is removed again and again)", path, code: EBUSY)
    }

    private static let mostRounds = 100

    /// Takes the lock on a file that is of this machine and of no workspace (`MachineFolder`), by flock(2)
    /// whatever locks are in the workspace.
    ///
    /// - Parameter milliseconds: how long it is waited for at most.
    /// - Returns: nil if somebody has it.
    package static func takeShared(
        _ path: String, milliseconds: Int = 0
    ) throws(SystemError) -> FileLock? {
        let end = Monotonic.seconds + Double(milliseconds) / 1000
        while true {
            let descriptor = try Descriptor(lockingShared: path)
            let result = xsys_lock(descriptor.number, true)
            if result < 0, result != -EWOULDBLOCK { throw SystemError("lock", path, code: -result) }
            if result == 0, try descriptor.names(path: path) > 0 {
                return FileLock(owning: descriptor, path: path, claim: nil)
            }
            if result < 0 {
                if Monotonic.seconds >= end { return nil }
                Clock.sleep(milliseconds: 2)
            }
        }
    }

    /// Takes the lock for a job of a batch system, if nobody has it: it is held from here on, without this
    /// process, until the job takes it over or is over. Only where locks are claims.
    ///
    /// - Returns: whether it was free.
    package static func reserve(
        _ path: String, for batch: BatchHolder, program: String
    ) throws(SystemError) -> Bool {
        guard let folder = LockClaim.folder else {
            throw SystemError("lock for a batch job", path, code: ENOLCK)
        }
        _ = try Descriptor(locking: path)
        return try LockClaim.take(path, owner: getpid(), program: program, batch: batch, in: folder) != nil
    }

    /// Gives up what `reserve` has taken, unless the batch job has begun.
    ///
    /// - Parameter hasEnded: whether its system has ended it: then also where it had begun, unless its process
    ///   lives here.
    /// - Returns: whether it was given up.
    package static func giveUp(
        _ path: String, for batch: BatchHolder, hasEnded: Bool = false
    ) throws(SystemError) -> Bool {
        guard let folder = LockClaim.folder,
            let claim = try LockClaim.begin(path, as: batch, program: "", onlyIfNew: !hasEnded, in: folder)
        else { return false }
        LockClaim.release(path, claim)
        return true
    }

    /// On its node: takes over what was reserved for a job of a batch system.
    ///
    /// - Returns: nil where it is another's by now.
    package static func begin(
        _ path: String, as batch: BatchHolder, program: String
    ) throws(SystemError) -> FileLock? {
        guard let folder = LockClaim.folder,
            let claim = try LockClaim.begin(path, as: batch, program: program, in: folder)
        else { return nil }
        return FileLock(owning: try Descriptor(locking: path), path: path, claim: claim)
    }

    /// Does something while this process has the lock, and gives it back, also where that fails.
    ///
    /// - Returns: what it gives; nil if somebody else has the lock.
    package static func holding<Result>(
        _ path: String, _ body: () throws(SystemError) -> Result
    ) throws(SystemError) -> Result? {
        guard let lock = try take(path) else { return nil }
        let result: Result
        do throws(SystemError) { result = try body() } catch {
            lock.release()
            throw error
        }
        lock.release()
        return result
    }

    /// The same for something in a folder that others may remove.
    ///
    /// - Returns: nil also where it is gone.
    package static func holdingIfThere<Result>(
        _ path: String, _ body: () throws(SystemError) -> Result
    ) throws(SystemError) -> Result? {
        do throws(SystemError) { return try holding(path, body) } catch {
            if error.isMissing { return nil }
            throw error
        }
    }

    /// Whether the locked file still has this name: whoever removed it had the lock before.
    package func isAt(_ path: String) -> Bool {
        descriptor.isAt(path)
    }

    /// Whether a process holds the lock. Creates nothing. One that cannot be looked at counts as free: see
    /// `look`.
    ///
    /// - Parameter isOfMachine: whether it is one of `takeShared`.
    package static func isHeld(_ path: String, isOfMachine: Bool = false) -> Bool {
        (try? isOfMachine ? lookShared(path) : look(path)) ?? false
    }

    /// Whether a process holds the lock. Creates nothing.
    ///
    /// - Throws: where that cannot be seen.
    static func look(_ path: String) throws(SystemError) -> Bool {
        LockClaim.isInUse ? try LockClaim.look(path) : try lookShared(path)
    }

    /// Whether a process holds one of `takeShared`.
    ///
    /// - Throws: where that cannot be seen.
    package static func lookShared(_ path: String) throws(SystemError) -> Bool {
        let descriptor: Descriptor
        do throws(SystemError) {
            descriptor = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
        } catch {
            if error.isMissing { return false }
            throw error
        }
        if xsys_lock(descriptor.number, false) == -EWOULDBLOCK { return true }
        _ = xsys_unlock(descriptor.number)
        return false
    }

    /// Says that another process will have the lock, before it gets the descriptor.
    package borrowing func bequeath(to pid: Int32) throws(SystemError) {
        guard let claim, let folder = LockClaim.folder else { return }
        try LockClaim.bequeath(path, claim, to: pid, in: folder)
    }

    /// In that process: takes it over.
    package borrowing func inherit() throws(SystemError) {
        guard let claim, let folder = LockClaim.folder else { return }
        try LockClaim.inherit(path, claim, in: folder)
    }

    /// Gives a lock back, for every process that shares the open file.
    package static func unlock(_ descriptor: Int32) { _ = xsys_unlock(descriptor) }

    /// Removes the file and gives the lock back: for that of a job that is done, which nobody takes again.
    package consuming func retire() {
        // One that is not there any more is not removed for another's.
        if claim != nil || (try? descriptor.names(path: path)) ?? 0 > 0 { try? Files.remove(path) }
        release()
    }

    /// Gives the lock back, for every process that shares the open file.
    package consuming func release() {
        if let claim { return LockClaim.release(path, claim) }
        _ = xsys_unlock(descriptor.number)
    }
}
