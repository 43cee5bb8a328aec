import CSystemShim

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An exclusive lock on a file, held as long as any process has this open file, or until it is given back.
///
/// The file is removed by the last holder; so who takes a lock checks that the file is still the one of that name.
package struct FileLock: ~Copyable, Sendable {
    package let descriptor: Descriptor
    private let path: String

    /// Takes over a descriptor on which the lock is held already.
    package init(owning descriptor: consuming Descriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Takes the lock if nobody holds it; nil if somebody does.
    package static func take(_ path: String) throws(SystemError) -> FileLock? {
        while true {
            let descriptor = try Descriptor(opening: path, O_RDWR | O_CREAT)
            let result = xsys_lock(descriptor.number)
            if result == -EWOULDBLOCK { return nil }
            if result < 0 { throw SystemError("lock", path, code: -result) }
            if isSameFile(descriptor.number, path) { return FileLock(owning: descriptor, path: path) }
        }
    }

    /// Whether a process holds the lock. Creates nothing.
    package static func isHeld(_ path: String) -> Bool {
        guard let descriptor = try? Descriptor(opening: path, O_RDONLY) else { return false }
        if xsys_lock(descriptor.number) == -EWOULDBLOCK { return true }
        _ = xsys_unlock(descriptor.number)
        return false
    }

    /// Gives the lock back and removes its file.
    package consuming func remove() {
        // Still held: nobody can have taken a lock on this file, and a new file of that name is another lock.
        unsafe _ = unlink(path)
        _ = xsys_unlock(descriptor.number)
    }

    /// The locked open file itself; the lock is given back when it is closed.
    package consuming func take() -> Descriptor { descriptor }

    /// Gives the lock back.
    package consuming func release() { _ = xsys_unlock(descriptor.number) }

    private static func isSameFile(_ number: Int32, _ path: String) -> Bool {
        var (device, inode, size) = (UInt64(0), UInt64(0), Int64(0))
        var (pathDevice, pathInode) = (UInt64(0), UInt64(0))
        return unsafe xsys_identity(number, nil, &device, &inode, &size) == 0
            && xsys_identity(-1, path, &pathDevice, &pathInode, &size) == 0
            && device == pathDevice && inode == pathInode
    }
}
