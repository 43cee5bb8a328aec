import CSystemShim

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An exclusive lock on a file, held as long as any process has this open file, or until it is given back.
///
/// The file itself stays when the lock is given back, as experimaestro's does: removing it would make a second lock of the
/// same name possible, and costs a file system more than keeping it.
package struct FileLock: ~Copyable, Sendable {
    package let descriptor: Descriptor

    /// Takes over a descriptor on which the lock is held already.
    package init(owning descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Takes the lock if nobody holds it; nil if somebody does.
    package static func take(_ path: String) throws(SystemError) -> FileLock? {
        let descriptor = try Descriptor(opening: path, O_RDWR | O_CREAT)
        var result = xsys_lock(descriptor.number, true)
        // Whoever only looks whether it is held, holds it for a moment.
        for _ in 0..<5 where result == -EWOULDBLOCK {
            usleep(200)
            result = xsys_lock(descriptor.number, true)
        }
        if result == -EWOULDBLOCK { return nil }
        if result < 0 { throw SystemError("lock", path, code: -result) }
        return FileLock(owning: descriptor)
    }

    /// Whether the locked file still has this name: whoever removed it had the lock before.
    package func isAt(_ path: String) -> Bool {
        var (device, inode, size) = (UInt64(0), UInt64(0), Int64(0))
        let result = unsafe xsys_identity(descriptor.number, nil, &device, &inode, &size)
        return result == 0 && Files.inode(path) == inode
    }

    /// Whether a process holds the lock. Creates nothing.
    package static func isHeld(_ path: String) -> Bool {
        guard let descriptor = try? Descriptor(opening: path, O_RDONLY) else { return false }
        if xsys_lock(descriptor.number, false) == -EWOULDBLOCK { return true }
        _ = xsys_unlock(descriptor.number)
        return false
    }

    /// The locked open file itself; the lock is given back when it is closed.
    package consuming func take() -> Descriptor { descriptor }

    /// Gives the lock back, for every process that shares the open file.
    package consuming func release() { _ = xsys_unlock(descriptor.number) }
}
