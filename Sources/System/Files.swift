import CSystemShim
import Glibc
import Text

/// What is on the disk: reading, writing and naming of files, with errors that tell the path.
package enum Files {
    package enum Kind {
        case file, folder, link, other
    }

    private static func status(_ path: String, followingLinks: Bool = true) -> xsys_status? {
        var status = xsys_status()
        guard !path.has(0), unsafe xsys_stat(-1, path, followingLinks, &status) == 0 else {
            return nil
        }
        return status
    }

    /// What is at a path, or nil.
    package static func kind(_ path: String, followingLinks: Bool = true) -> Kind? {
        status(path, followingLinks: followingLinks).map(kind)
    }

    private static func kind(_ status: xsys_status) -> Kind {
        switch UInt8(bitPattern: status.kind) {
        case UInt8(ascii: "f"): .file
        case UInt8(ascii: "d"): .folder
        case UInt8(ascii: "l"): .link
        default: .other
        }
    }

    /// What is at a path, which file it is, and its state, by one look; nil if there is nothing.
    package static func look(_ path: String) -> (kind: Kind, identity: FileIdentity, stamp: FileStamp)? {
        status(path).map { (kind($0), identity($0), stamp($0)) }
    }

    /// How many names a file has; 0 if there is none.
    package static func names(of path: String) -> Int { Int(clamping: status(path)?.links ?? 0) }

    /// The number of a file, which a file that takes its name does not have; nil if there is none.
    package static func inode(_ path: String) -> UInt64? { status(path)?.inode }

    /// What tells a file from every other of this machine; nil if there is none.
    package static func identity(_ path: String) -> FileIdentity? {
        status(path).map(identity)
    }

    private static func identity(_ status: xsys_status) -> FileIdentity {
        FileIdentity(device: status.device, inode: status.inode)
    }

    /// The number of the user whom a file belongs to; nil if there is none.
    package static func owner(_ path: String) -> UInt32? { status(path)?.owner }

    /// Who may do what with a file: the last nine bits of its mode; nil if there is none.
    package static func permissions(_ path: String) -> UInt32? { status(path).map { $0.mode & 0o777 } }

    /// The last on a path that is there and that this user can look at, whose it is, and its permissions.
    static func nearest(to path: String) -> (path: String, owner: UInt32, permissions: UInt32)? {
        var path = path
        while true {
            if let status = status(path) { return (path, status.owner, status.mode & 0o777) }
            let parent = Paths.parent(path)
            if parent == path { return nil }
            path = parent
        }
    }

    /// Says who may do what with a file.
    package static func setPermissions(_ mode: UInt32, of path: String) throws(SystemError) {
        if unsafe chmod(path, mode_t(mode)) != 0 {
            throw SystemError("change the mode of", path, code: errno)
        }
    }

    /// Lets a folder of this user be used as another one may, the bits for groups and sticky folders among that.
    package static func takeMode(of other: String, for path: String) throws(SystemError) {
        // Nobody has put a link in its place meanwhile.
        let folder = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var own = xsys_status()
        guard let mode = status(other)?.mode, mode & 0o022 != 0,
            unsafe xsys_stat(folder.number, nil, true, &own) == 0, own.owner == geteuid()
        else { return }
        if fchmod(folder.number, mode_t(mode & 0o7777)) != 0 {
            throw SystemError("change the mode of", path, code: errno)
        }
    }

    /// Tells one state of a file from another; nil if there is none.
    package static func stamp(_ path: String) -> FileStamp? {
        status(path).map(stamp)
    }

    private static func stamp(_ status: xsys_status) -> FileStamp {
        FileStamp(
            inode: status.inode, size: status.size, modified: status.modified, changed: status.changed)
    }

    /// When a file was changed last, in microseconds since 1970; nil if there is none. To tell and to sort,
    /// not to decide.
    package static func modified(_ path: String) -> Int64? { status(path)?.modified }

    package static func exists(_ path: String) -> Bool { status(path) != nil }

    /// Whether there is a file without content.
    package static func isEmpty(_ path: String) -> Bool {
        guard let status = status(path) else { return false }
        return status.kind == CChar(UInt8(ascii: "f")) && status.size == 0
    }

    /// Whether nothing is there, as far as this user may look.
    package static func isMissing(_ path: String) -> Bool {
        status(path) == nil && (errno == ENOENT || errno == ENOTDIR)
    }

    /// Makes a folder and those above it.
    ///
    /// - Parameter mode: of the folder itself.
    /// - Returns: whether this call made it.
    @discardableResult
    package static func makeFolder(_ path: String, mode: UInt32 = 0o777) throws(SystemError) -> Bool {
        if unsafe mkdir(path, mode_t(mode)) == 0 { return true }
        switch errno {
        case EEXIST:
            if kind(path) == .folder { return false }
            throw SystemError("create folder", path, code: EEXIST)
        case ENOENT:
            let parent = Paths.parent(path)
            guard parent != path else { throw SystemError("create folder", path, code: ENOENT) }
            try makeFolder(parent)
            if unsafe mkdir(path, mode_t(mode)) == 0 { return true }
            if errno == EEXIST, kind(path) == .folder { return false }
            throw SystemError("create folder", path, code: errno)
        default: throw SystemError("create folder", path, code: errno)
        }
    }

    /// Makes a folder and those above it, below a root that has to be there: what was moved away meanwhile is
    /// not made anew.
    ///
    /// - Returns: whether this call made it.
    /// - Throws: ENOENT where the root is gone, ELOOP where a link is on the way from the root.
    @discardableResult
    package static func makeFolder(_ path: String, below root: String) throws(SystemError) -> Bool {
        try makeFolder(path, root, trustsFirst: false)
    }

    /// The same in a workspace, of which a whole part, as `jobs`, may be a link to another disk.
    @discardableResult
    package static func makeFolder(_ path: String, in workspace: String) throws(SystemError) -> Bool {
        try makeFolder(path, workspace, trustsFirst: true)
    }

    private static func makeFolder(
        _ path: String, _ root: String, trustsFirst: Bool
    ) throws(SystemError) -> Bool {
        guard !path.has(0), !root.has(0), let way = path.after("\(root)/") else {
            throw SystemError("create folder", path, code: EINVAL)
        }
        var made = false
        let failure = unsafe xsys_make_folder(root, String(way), trustsFirst, &made)
        if failure < 0 { throw SystemError("create folder", path, code: -failure) }
        return made
    }

    /// The whole content of a file.
    ///
    /// - Parameter limit: a larger file is refused, with EFBIG.
    package static func read(_ path: String, limit: Int = 1 << 30) throws(SystemError) -> [UInt8] {
        let bytes = try Descriptor(reading: path).readToEnd(limit: limit + 1, path: path)
        if bytes.count > limit { throw SystemError("read", path, code: EFBIG) }
        return bytes
    }

    /// The content of what the user has named, which may be a pipe.
    package static func readAnything(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let bytes = try Descriptor(opening: path, O_RDONLY).readToEnd(limit: limit + 1, path: path)
        if bytes.count > limit { throw SystemError("read", path, code: EFBIG) }
        return bytes
    }

    /// The first byte of a file, and the last one that is no blank; nil where it has none, or too many blanks
    /// at its end.
    package static func ends(of path: String) throws(SystemError) -> (first: UInt8?, last: UInt8?) {
        // A pipe or a folder gives nothing below.
        let descriptor = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK)
        var first: UInt8?
        func lastByte(_ buffer: UnsafeBufferPointer<UInt8>) -> UInt8? {
            unsafe buffer.last { !$0.isBlank && $0 != 10 && $0 != 13 }
        }
        let number = descriptor.number
        let last = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { buffer -> UInt8? in
            let count = unsafe pread(number, buffer.baseAddress, buffer.count, 0)
            if count <= 0 { return nil }
            first = unsafe buffer[0]
            if count < buffer.count {
                return unsafe lastByte(UnsafeBufferPointer(rebasing: buffer[max(0, count - 16)..<count]))
            }
            let start = max(0, lseek(number, 0, SEEK_END) - 16)
            let rest = unsafe pread(number, buffer.baseAddress, 16, start)
            return unsafe lastByte(UnsafeBufferPointer(rebasing: buffer[..<max(0, rest)]))
        }
        return (first, last)
    }

    /// The content of a file of which most are small, by one look: for many of them.
    ///
    /// - Parameter limit: a larger file is refused, with EFBIG.
    package static func readSmall(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK)
        let bytes = try descriptor.read(at: 0, upTo: min(limit + 1, 4096), path: path)
        // A regular file gives less than it is asked for only at its end.
        if bytes.count < 4096, bytes.count <= limit { return bytes }
        try descriptor.checkIsRegular(path)
        let whole = try descriptor.readToEnd(limit: limit + 1, path: path)
        if whole.count > limit { throw SystemError("read", path, code: EFBIG) }
        return whole
    }

    /// The content from an offset on; `most` bytes of it, or a few more.
    package static func read(
        _ path: String, from offset: Int, most: Int = 1 << 30
    ) throws(SystemError) -> [UInt8] {
        let descriptor = try Descriptor(reading: path)
        lseek(descriptor.number, off_t(offset), SEEK_SET)
        return try descriptor.readToEnd(limit: most, path: path)
    }

    /// The content as text; bytes that are not UTF-8 are replaced.
    package static func readText(_ path: String, limit: Int = 1 << 30) throws(SystemError) -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// The last bytes of a file, at most `count`; nil if it cannot be read.
    package static func tail(_ path: String, count: Int) -> [UInt8]? { try? end(of: path, count: count) }

    /// The last bytes of a file, at most `count`.
    package static func end(of path: String, count: Int) throws(SystemError) -> [UInt8] {
        let descriptor = try Descriptor(reading: path)
        let end = lseek(descriptor.number, 0, SEEK_END)
        lseek(descriptor.number, max(0, end - off_t(count)), SEEK_SET)
        return try descriptor.readToEnd(limit: count, path: path)
    }

    /// Writes a new file in place; use where a torn file is recognised for one.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o666) throws(SystemError) {
        let descriptor = try Descriptor(writing: path, O_TRUNC, mode)
        try descriptor.write(bytes, path: path)
    }

    /// Writes a file that is not there yet.
    ///
    /// - Returns: false if it is there; then nothing is written.
    package static func create(
        _ path: String, with bytes: [UInt8], mode: UInt32 = 0o666
    ) throws(SystemError) -> Bool {
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        if number < 0 {
            if errno == EEXIST { return false }
            throw SystemError("create", path, code: errno)
        }
        let descriptor = Descriptor(owning: number)
        try descriptor.write(bytes, path: path)
        return true
    }

    /// Replaces a file as a whole: readers see the old content or the new.
    ///
    /// - Parameter folder: where the temporary file lies, on the same disk; nil for beside the file.
    package static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32 = 0o666, temporaryIn folder: String? = nil
    ) throws(SystemError) {
        let place = folder.map { "\($0)/\(Paths.name(path))" } ?? path
        let temporary = temporaryName(for: place)
        do throws(SystemError) {
            guard try create(temporary, with: bytes, mode: mode) else {
                throw SystemError("create", temporary, code: EEXIST)
            }
            try rename(temporary, to: path)
        } catch {
            unsafe _ = unlink(temporary)
            throw SystemError(error.operation, path, code: error.code)
        }
    }

    /// Replaces a file by one more name of another one, as a whole.
    package static func replaceByLink(_ path: String, to file: String) throws(SystemError) {
        let temporary = temporaryName(for: path)
        try linkHard(temporary, to: file)
        do throws(SystemError) { try rename(temporary, to: path) } catch {
            unsafe _ = unlink(temporary)
            throw error
        }
    }

    /// A name that nobody foresees, and that tells whose file it is: another host may share the disk, and
    /// have the same process numbers.
    private static func temporaryName(for path: String) -> String {
        let number = String(UInt64.random(in: .min ... .max), radix: 36)
        return "\(path).\(number).\(Environment.hostName).\(getpid()).tmp"
    }

    /// Whether a name is one of those under which xpm writes a file of its own before it is whole:
    /// `params.json.….HOST.PID.tmp`. A program's files are its own, whatever they are called.
    package static func isTemporary(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts.last == "tmp", Int32(parts[parts.count - 2]) != nil else {
            return false
        }
        let kinds = [
            "json", "jsonl", "sh", "lua", "env", "done", "failed", "collected", "lock", "claim", "current",
        ]
        return parts.dropLast(2).contains { kinds.contains(String($0)) }
    }

    /// Removes the temporary files of `replace` whose process, of this host, is gone.
    package static func removeAbandoned(in folder: String) {
        for name in (try? list(folder)) ?? [] {
            guard let pid = name.before(".tmp")?.split(separator: ".").last.flatMap({ Int32($0) }), pid > 0,
                name.hasSuffix(".\(Environment.hostName).\(pid).tmp"), kill(pid, 0) != 0, errno == ESRCH
            else { continue }
            try? remove("\(folder)/\(name)")
        }
    }

    package static func rename(_ from: String, to: String) throws(SystemError) {
        // Both names are in one folder or on one disk, so the rename is atomic.
        if unsafe renameFile(from, to) != 0 { throw SystemError("rename to", to, code: errno) }
    }

    /// Removes a file; one that is not there is no error.
    package static func remove(_ path: String) throws(SystemError) {
        if unsafe unlink(path) != 0, errno != ENOENT { throw SystemError("remove", path, code: errno) }
    }

    /// Removes a folder if nothing is in it.
    package static func removeEmptyFolder(_ path: String) throws(SystemError) {
        if unsafe rmdir(path) != 0, ![ENOENT, ENOTEMPTY, EEXIST].contains(errno) {
            throw SystemError("remove", path, code: errno)
        }
    }

    /// Gives a new folder of this user's alone, below `$TMPDIR` or `/tmp`, whose name nobody foresees, and removes it
    /// after use.
    package static func withTemporaryFolder<Result>(
        _ name: String, _ use: (String) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let root = Environment["TMPDIR"] ?? "/tmp"
        let folder = "\(root)/\(name).\(UInt64.random(in: .min ... .max))"
        guard try makeFolder(folder, mode: 0o700) else {
            throw SystemError("create folder", folder, code: EEXIST)
        }
        defer { try? removeTree(folder, below: root) }
        return try use(folder)
    }

    /// Removes a file, or a folder with all in it. Links are not followed, neither in it nor on the way from
    /// the root to it.
    ///
    /// - Parameter root: a folder above it, which may be a link.
    /// - Throws: ELOOP where a link is on the way, EINVAL for what is not below the root.
    package static func removeTree(_ path: String, below root: String) throws(SystemError) {
        guard !path.has(0), !root.has(0), let way = path.after("\(root)/") else {
            throw SystemError("remove", path, code: EINVAL)
        }
        let failure = unsafe xsys_remove_tree(root, String(way))
        if failure < 0 { throw SystemError("remove", path, code: -failure) }
    }

    /// Whether a folder is there, and no link is on the way from the root to it.
    package static func isFolder(_ path: String, below root: String) -> Bool {
        guard let way = path.after("\(root)/") else { return false }
        var folder = root
        for name in way.split(separator: "/") {
            folder += "/\(name)"
            if kind(folder, followingLinks: false) != .folder { return false }
        }
        return true
    }

    /// Brings the data of a file, or of all files in a folder, to the disk before what is renamed after this
    /// (`xsys_settle`). What is not there has no data.
    package static func settle(_ path: String) throws(SystemError) {
        switch kind(path, followingLinks: false) {
        case .folder: for name in try list(path) { try settle("\(path)/\(name)") }
        case .file:
            let file: Descriptor
            do throws(SystemError) {
                file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            } catch {
                // One that its program has made unreadable is no concern of ours.
                if error.isMissing || error.code == EACCES { return }
                throw error
            }
            let failure = xsys_settle(file.number)
            if failure < 0 { throw SystemError("bring to the disk", path, code: -failure) }
        default: return
        }
    }

    /// The bytes of a file, or of all files in a folder; links count nothing.
    package static func size(of path: String) -> Int64 {
        guard let status = status(path, followingLinks: false) else { return 0 }
        switch UInt8(bitPattern: status.kind) {
        case UInt8(ascii: "d"): return ((try? list(path)) ?? []).reduce(0) { $0 + size(of: "\(path)/\($1)") }
        case UInt8(ascii: "f"): return status.size
        default: return 0
        }
    }

    /// A symbolic link; an existing one of that name is replaced.
    package static func link(_ path: String, to target: String) throws(SystemError) {
        if unsafe symlink(target, path) == 0 { return }
        guard errno == EEXIST else { throw SystemError("create link", path, code: errno) }
        if linkTarget(path) == target { return }
        let temporary = temporaryName(for: path)
        if unsafe symlink(target, temporary) != 0 { throw SystemError("create link", path, code: errno) }
        try rename(temporary, to: path)
    }

    /// A second name of a file.
    package static func linkHard(_ path: String, to file: String) throws(SystemError) {
        if unsafe hardLink(file, path) != 0 { throw SystemError("create link", path, code: errno) }
    }

    /// Copies a file, or a folder with all in it.
    ///
    /// - Parameters:
    ///   - keepingLinks: whether a link becomes the same link; else what it leads to is copied.
    ///   - isLeft: what is not copied.
    /// - Throws: EINVAL where the copy would lie inside what is copied.
    package static func copyTree(
        _ from: String, to target: String, keepingLinks: Bool = false,
        without isLeft: (String) -> Bool = { _ in false }
    ) throws(SystemError) {
        if isLeft(from) { return }
        if keepingLinks, kind(from, followingLinks: false) == .link, let leads = linkTarget(from) {
            return try link(target, to: leads)
        }
        if kind(from) == .folder, "\(Paths.absolute(target))/".hasPrefix("\(Paths.absolute(from))/") {
            throw SystemError("copy into itself", from, code: EINVAL)
        }
        guard kind(from) == .folder else {
            try makeFolder(Paths.parent(target))
            let source = try Descriptor(reading: from)
            // What others could not read they cannot read in the copy either.
            let permissions = permissions(from) ?? 0
            let shared: UInt32 = permissions & 0o077 == 0 ? 0o700 : 0o777
            let mode = (isExecutable(from) ? 0o777 : 0o666) & shared
            let copy = try Descriptor(writing: target, O_TRUNC, mode)
            while true {
                let bytes = try source.readToEnd(limit: 1 << 20, path: from)
                if bytes.isEmpty { return }
                try copy.write(bytes, path: target)
            }
        }
        try makeFolder(target)
        for name in try list(from, refusingStrangers: true) {
            try copyTree(
                "\(from)/\(name)", to: "\(target)/\(name)", keepingLinks: keepingLinks, without: isLeft)
        }
    }

    /// The target of a symbolic link; nil where there is none, or it is not UTF-8.
    package static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { buffer in
                guard let start = buffer.baseAddress else { return -1 }
                return unsafe readlink(path, start, buffer.count)
            }
        }
        return count < 0 ? nil : String(validating: buffer[..<count], as: UTF8.self)
    }

    /// Whether the user may write to a folder.
    package static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK) == 0 }

    /// Whether the user may read the file.
    package static func isReadable(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }

    /// Whether the user may execute the file.
    package static func isExecutable(_ path: String) -> Bool {
        unsafe kind(path) == .file && access(path, X_OK) == 0
    }
}

/// link(2), under a name that `Files.link` does not hide.
private func hardLink(_ from: UnsafePointer<CChar>, _ to: UnsafePointer<CChar>) -> Int32 {
    unsafe link(from, to)
}

/// rename(2), under a name that `Files.rename` does not hide.
private func renameFile(_ from: UnsafePointer<CChar>, _ to: UnsafePointer<CChar>) -> Int32 {
    unsafe rename(from, to)
}
