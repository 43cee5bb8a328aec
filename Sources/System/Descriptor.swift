import CSystemShim
import Glibc
import Text

/// An open file: closed when this value ends. Close-on-exec.
package struct Descriptor: ~Copyable, Sendable {
    package let number: Int32

    /// Takes over an open descriptor.
    package init(owning number: Int32) { self.number = number }

    /// Opens whatever is at a path.
    package init(opening path: String, _ flags: Int32, _ mode: UInt32 = 0o666) throws(SystemError) {
        let operation = flags & O_CREAT != 0 ? "create" : "open"
        // The call would take what is before it.
        if path.has(0) { throw SystemError(operation, path, code: EINVAL) }
        let number = unsafe open(path, flags | O_CLOEXEC, mode_t(mode))
        if number < 0 { throw SystemError(operation, path, code: errno) }
        self.number = number
    }

    /// Opens a regular file to read it; a pipe or a device, which might block, is refused.
    ///
    /// - Throws: EISDIR for a folder, `SystemError.notRegular` for anything else that is no file.
    package init(reading path: String) throws(SystemError) {
        let opened = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK)
        try opened.checkIsRegular(path)
        self = opened
    }

    /// Opens a regular file below a folder to read it: no link is followed on the way, nor out of it.
    ///
    /// - Parameter path: relative to the folder, without `.` and `..`.
    /// - Throws: ELOOP for a link, EISDIR for a folder, `SystemError.notRegular` for anything else that is no file.
    package init(reading path: String, below root: String) throws(SystemError) {
        let whole = "\(root)/\(path)"
        if whole.has(0) { throw SystemError("open", whole, code: EINVAL) }
        let number = unsafe xsys_open_below(root, path)
        if number == -ENXIO { throw SystemError("read", whole, code: SystemError.notRegular) }
        if number < 0 { throw SystemError("open", whole, code: -number) }
        let opened = Descriptor(owning: number)
        try opened.checkIsRegular(whole)
        self = opened
    }

    /// How many bytes the file has by now.
    package borrowing func byteCount() -> Int { Int(lseek(number, 0, SEEK_END)) }

    /// How many names a file has; 0 for one that was removed.
    ///
    /// - Throws: where it is none.
    package borrowing func names(path: String) throws(SystemError) -> Int {
        try checkIsRegular(path)
    }

    @discardableResult
    borrowing func checkIsRegular(_ path: String) throws(SystemError) -> Int {
        var status = xsys_status()
        let failure = unsafe xsys_stat(number, nil, true, &status)
        if failure < 0 { throw SystemError("read", path, code: -failure) }
        if status.kind == CChar(UInt8(ascii: "d")) { throw SystemError("read", path, code: EISDIR) }
        guard status.kind == CChar(UInt8(ascii: "f")) else {
            throw SystemError("read", path, code: SystemError.notRegular)
        }
        return Int(clamping: status.links)
    }

    /// Opens a file of xpm's own to write it, and creates it where it is not there. What lies there and is no
    /// regular file, a link included, is not written through but replaced.
    package init(writing path: String, _ flags: Int32, _ mode: UInt32 = 0o666) throws(SystemError) {
        let flags = flags | O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK
        if let number = try Self.regular(path, flags, mode) {
            self = Descriptor(owning: number)
            return
        }
        if unsafe unlink(path) < 0 { throw SystemError("replace", path, code: errno) }
        self = try Descriptor(opening: path, flags | O_EXCL, mode)
    }

    /// Whether what is open still has this name.
    package borrowing func isAt(_ path: String) -> Bool {
        guard let identity = identity() else { return false }
        return Files.identity(path) == identity
    }

    /// Which file it is, whatever its name is by now.
    package borrowing func identity() -> FileIdentity? {
        var status = xsys_status()
        guard unsafe xsys_stat(number, nil, true, &status) == 0 else { return nil }
        return FileIdentity(device: status.device, inode: status.inode)
    }

    /// Opens a regular file to lock it, and creates it where it is not there. Something else is refused: who
    /// has locked it still has.
    ///
    /// - Parameter isChecked: false where the caller looks what it is, after it has the lock.
    package init(locking path: String, isChecked: Bool = true) throws(SystemError) {
        let opened = try Descriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
        if isChecked { try opened.checkIsRegular(path) }
        self = opened
    }

    /// Opens a file to lock it in a folder that several users may share, and creates it where it is not there:
    /// who may write to the folder may lock it.
    package init(lockingShared path: String) throws(SystemError) {
        let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK
        do throws(SystemError) {
            // In a sticky folder the kernel lets nobody create what is another's already
            // (fs.protected_regular).
            self = try Descriptor(opening: path, flags)
        } catch {
            guard error.isMissing else { throw error }
            do throws(SystemError) { self = try Descriptor(opening: path, flags | O_CREAT | O_EXCL) } catch {
                guard error.code == EEXIST else { throw error }
                self = try Descriptor(opening: path, flags)
                return
            }
            let shared = Files.permissions(Paths.parent(path)).map { $0 & 0o022 } ?? 0
            if shared != 0 { _ = fchmod(number, mode_t(0o644 | shared)) }
        }
    }

    /// - Returns: nil where something else than a regular file lies there.
    private static func regular(_ path: String, _ flags: Int32, _ mode: UInt32) throws(SystemError) -> Int32?
    {
        if path.has(0) { throw SystemError("create", path, code: EINVAL) }
        let number = unsafe open(path, flags & ~O_TRUNC | O_CLOEXEC, mode_t(mode))
        if number < 0 {
            // A link, or a pipe that nobody reads.
            if errno == ELOOP || errno == ENXIO { return nil }
            throw SystemError("create", path, code: errno)
        }
        var status = xsys_status()
        guard unsafe xsys_stat(number, nil, true, &status) == 0, status.kind == CChar(UInt8(ascii: "f"))
        else {
            close(number)
            return nil
        }
        if flags & O_TRUNC != 0, status.size > 0, ftruncate(number, 0) < 0 {
            let code = errno
            close(number)
            throw SystemError("create", path, code: code)
        }
        return number
    }

    deinit { close(number) }

    /// Finds out now whether so many more can be open at once: the runtime of Swift traps where it gets none.
    package static func require(_ count: Int, for what: String) throws(SystemError) {
        var opened: [Int32] = []
        defer { for number in opened { close(number) } }
        for _ in 0..<count {
            let number = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
            if number < 0 {
                throw SystemError("\(what) with so few file descriptors (see ulimit -n)", "", code: errno)
            }
            opened.append(number)
        }
    }

    /// Writes all bytes.
    package borrowing func write(_ bytes: [UInt8], path: String) throws(SystemError) {
        try Self.write(bytes, to: number, path: path)
    }

    /// Makes bytes the whole content of an open file.
    package borrowing func rewrite(_ bytes: [UInt8], path: String) throws(SystemError) {
        if ftruncate(number, 0) < 0 || lseek(number, 0, SEEK_SET) < 0 {
            throw SystemError("write", path, code: errno)
        }
        try write(bytes, path: path)
    }

    /// Writes all bytes to an open descriptor.
    static func write(_ bytes: [UInt8], to number: Int32, path: String) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(number, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("write", path, code: errno)
            }
            written += count
        }
    }

    /// Brings its content and its name to the disk (fsync(2)).
    package borrowing func sync(path: String) throws(SystemError) {
        let failure = unsafe xsys_sync(number, Paths.parent(path))
        if failure < 0 { throw SystemError("sync", path, code: -failure) }
    }

    /// So many bytes from a place on, fewer where the file ends.
    package borrowing func read(at offset: Int, count: Int, path: String) throws(SystemError) -> [UInt8] {
        var failure: Int32 = 0
        let number = number
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = unsafe pread(
                    number, buffer.baseAddress?.advanced(by: filled), count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { return }
                filled += got
            }
        }
        if failure != 0 { throw SystemError("read", path, code: failure) }
        return bytes
    }

    /// What one call gives from a place on, at most so many bytes.
    package borrowing func read(at offset: Int, upTo count: Int, path: String) throws(SystemError) -> [UInt8]
    {
        var failure: Int32 = 0
        let number = number
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            repeat {
                failure = 0
                let got = unsafe pread(number, buffer.baseAddress, count, off_t(offset))
                if got < 0 { failure = errno }
                filled = max(0, got)
            } while failure == EINTR
        }
        // A pipe has no places.
        if failure == ESPIPE { throw SystemError("read", path, code: SystemError.notRegular) }
        if failure != 0 { throw SystemError("read", path, code: failure) }
        return bytes
    }

    /// What is left to read, at most `limit` bytes.
    package borrowing func readToEnd(limit: Int, path: String) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        // Most files are small.
        var size = 2048
        while bytes.count < limit {
            var failure: Int32 = 0
            let number = number
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
                let count = unsafe Glibc.read(number, buffer.baseAddress, size)
                if count < 0 { failure = errno }
                filled = max(0, count)
            }
            if failure == EINTR { continue }
            if failure != 0 { throw SystemError("read", path, code: failure) }
            if piece.isEmpty { break }
            if bytes.isEmpty { bytes = piece } else { bytes += piece }
            size = min(1 << 20, size * 2)
        }
        return bytes
    }
}
