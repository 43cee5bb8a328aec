import Glibc
package import Model
package import System
import Text

/// A file, or a folder, whose content is a part of a job's identity (`xpm.file`). The content of a folder is
/// the names and contents of all that is in it.
///
/// The job's process looks whether it has that content, when it begins and when it has ended. Where all that
/// the file system notes of a file is what it was when the content was read, and was old enough then to tell
/// (`FileStamp.lasting`), it has; else the content decides.
package struct JobFile: Equatable, Sendable {
    package let path: String
    package let digest: Identifier
    /// Nil where the content decides.
    private let stamp: FileStamp?
    /// What it was when it was checked.
    private var seen: FileStamp?

    /// Told how far a large file was read: its path, and bytes. It may end the reading.
    package typealias Progress = (_ path: String, _ done: Int64, _ all: Int64) throws(SystemError) -> Void

    /// From this size on, in bytes, what was read is kept: reading is dearer than a file of its own.
    private static let large: Int64 = 1 << 20
    /// Bytes that are read at once.
    private static let block = 1 << 20

    /// Reads a file or a folder: its state first, so that a change while it is read is seen. A large file that
    /// was read before, and is what it was, is not read again.
    ///
    /// - Parameter hashes: what was read before.
    package static func read(
        _ path: String, knownIn hashes: FileHashes? = nil, progress: Progress = { _, _, _ in }
    ) throws(SystemError) -> JobFile {
        if Files.kind(path) == .folder {
            let tree = try FileTree(path)
            let stamp = tree.stamp.isLasting(path) ? tree.stamp : nil
            if let known = hashes?.file(path), let stamp, known.stamp == stamp { return known }
            let file = JobFile(path: path, digest: try tree.digest(hashes, progress), stamp: stamp)
            if stamp != nil, tree.stamp.size >= large { hashes?.keep(file) }
            return file
        }
        let stamp = FileStamp.lasting(path)
        let size = Files.stamp(path)?.size ?? 0
        if size >= large, let known = hashes?.file(path), let stamp, known.stamp == stamp { return known }
        let file = JobFile(path: path, digest: try digest(of: path, size, progress), stamp: stamp)
        if size >= large, stamp != nil { hashes?.keep(file) }
        return file
    }

    private static func digest(
        of path: String, _ size: Int64, _ progress: Progress
    ) throws(SystemError) -> Identifier {
        let file = try Descriptor(reading: path)
        var offset = 0
        return try Identifier { () throws(SystemError) in
            let piece = try file.read(at: offset, count: block, path: path)
            offset += piece.count
            if !piece.isEmpty { try progress(path, Int64(offset), size) }
            return piece
        }
    }

    /// What the file system notes of a file, or of all in a folder.
    private static func stamp(of path: String) -> FileStamp? {
        Files.kind(path) == .folder ? (try? FileTree(path))?.stamp : Files.stamp(path)
    }

    private init(path: String, digest: Identifier, stamp: FileStamp?) {
        (self.path, self.digest, self.stamp, seen) = (path, digest, stamp, nil)
    }

    /// One of which only the content is known.
    package init(path: String, digest: Identifier) { self.init(path: path, digest: digest, stamp: nil) }

    /// From its text; nil for any other.
    ///
    /// - Parameter version: of the script. Older ones noted less, and the content decides.
    init?(_ text: String, version: Int = 3) {
        let count = version < 3 ? 5 : 6
        let parts = text.split(separator: " ", maxSplits: count - 1)
        guard parts.count == count, let digest = Identifier(hex: parts[0]), let path = parts.last else {
            return nil
        }
        let numbers = parts[2..<(count - 1)].compactMap { Int64($0) }
        guard let inode = UInt64(parts[1]), numbers.count == count - 3 else { return nil }
        var stamp: FileStamp?
        if version >= 3, numbers[0] >= 0 {
            stamp = FileStamp(inode: inode, size: numbers[0], modified: numbers[1], changed: numbers[2])
        }
        self.init(path: String(path), digest: digest, stamp: stamp)
    }

    /// `{sha256} {inode} {size} {microseconds} {microseconds} {path}`; a size of -1 where the content
    /// decides.
    var text: String {
        let stamp = stamp ?? FileStamp()
        return "\(digest.hex) \(stamp.inode) \(stamp.size) \(stamp.modified) \(stamp.changed) \(path)"
    }

    /// Checks that it has the content that the job was submitted with.
    ///
    /// - Returns: the same as it is now, to check again later.
    package func check() throws(JobScriptError) -> JobFile {
        let seen = Self.stamp(of: path)
        if let stamp, seen == stamp {
            var checked = self
            checked.seen = seen
            return checked
        }
        var now: JobFile
        do throws(SystemError) { now = try Self.read(path) } catch { throw .unreadable(file: path, error) }
        guard now.digest == digest else {
            throw .changed(file: path, submitted: digest.hex, now: now.digest.hex)
        }
        now.seen = seen
        return now
    }

    /// Checks it again when the job has ended: also one that has its content again was another file
    /// meanwhile, if it was written.
    package func checkAgain() throws(JobScriptError) {
        let now = Self.stamp(of: path)
        _ = try check()
        guard let seen, let now, seen.inode == now.inode, seen.size == now.size, seen.modified == now.modified
        else { throw .written(file: path) }
    }
}

/// All that is in a folder, links followed.
private struct FileTree {
    /// The ways from the folder to what is in it, in byte order; of folders with `/` at the end.
    private var entries: [String] = []
    private let path: String
    /// As of one file: the sizes together, and the latest times; for an inode, what tells the state of each
    /// entry.
    private(set) var stamp = FileStamp(size: 0)

    /// More entries are no data of a task, but a mistake.
    private static let most = 1_000_000

    init(_ path: String) throws(SystemError) {
        self.path = path
        var above: Set<FileIdentity> = []
        var states: [(way: String, state: [UInt8])] = []
        try visit("", &above, &states)
        entries.sort(by: ByteOrder.less)
        // Times and sizes of one may hide those of another: each counts by itself. A link to one, which changes
        // its `changed`, is no write.
        states.sort { ByteOrder.less($0.way, $1.way) }
        let digest = Identifier(hashing: states.flatMap { Array($0.way.utf8) + [0] + $0.state })
        stamp.inode = UInt64(digest.hex.prefix(16), radix: 16) ?? 0
    }

    private mutating func visit(
        _ way: String, _ above: inout Set<FileIdentity>, _ states: inout [(way: String, state: [UInt8])]
    ) throws(SystemError) {
        let folder = way.isEmpty ? path : "\(path)/\(way)"
        guard let own = Files.look(folder) else { throw SystemError("read", folder, code: ENOENT) }
        guard above.insert(own.identity).inserted else {
            throw SystemError("read (its links lead in a circle)", folder, code: EINVAL)
        }
        defer { above.remove(own.identity) }
        add(own.stamp, size: 0)
        states.append((way, own.stamp.bytes(own.identity.device)))
        for name in try Files.list(folder, refusingStrangers: true) {
            let inner = "\(way)\(name)"
            let place = "\(path)/\(inner)"
            guard entries.count < Self.most else { throw SystemError("read", path, code: EFBIG) }
            guard let one = Files.look(place) else { throw SystemError("read", place, code: ENOENT) }
            switch one.kind {
            case .folder:
                entries.append("\(inner)/")
                try visit("\(inner)/", &above, &states)
            case .file:
                entries.append(inner)
                add(one.stamp, size: one.stamp.size)
                states.append((inner, one.stamp.bytes(one.identity.device)))
            default: throw SystemError("read (it is no file and no folder)", place, code: EINVAL)
            }
        }
    }

    private mutating func add(_ one: FileStamp, size: Int64) {
        stamp.size += size
        stamp.modified = max(stamp.modified, one.modified)
        stamp.changed = max(stamp.changed, one.changed)
    }

    /// The SHA-256 of a line for each entry: its way, and the SHA-256 of a file.
    func digest(_ hashes: FileHashes?, _ progress: JobFile.Progress) throws(SystemError) -> Identifier {
        var text: [UInt8] = Array("xpm folder 1\n".utf8)
        for entry in entries {
            text += Array(entry.utf8)
            text.append(0)
            if !entry.hasSuffix("/") {
                text += Array(
                    try JobFile.read("\(path)/\(entry)", knownIn: hashes, progress: progress).digest.hex.utf8)
            }
            text.append(0x0a)
        }
        return Identifier(hashing: text)
    }
}

extension ConfigObject {
    /// The files that count for its identity, in its parameters and in the objects of it, each once; those of
    /// other tasks are their affair.
    package func files() -> [(path: String, digest: Identifier)] {
        var found: [(path: String, digest: Identifier)] = []
        var visited: Set<ObjectIdentifier> = []
        func visit(_ object: ConfigObject) {
            guard visited.insert(ObjectIdentifier(object)).inserted else { return }
            if let replacement = object.replacement { return visit(replacement) }
            for (parameter, value) in zip(object.type.parameters, object.values) {
                let value = value ?? .null
                if IdentityComputer.reasonToSkip(parameter, value) == nil { visit(value) }
            }
            for task in object.initTasks { visit(task) }
        }
        func visit(_ value: Value) {
            switch IdentityComputer.withoutMeta(value) {
            case .file(let path, let digest):
                // A line of a script names it.
                let isKnown = found.contains { $0.path == path } || path.contains("\n")
                if !isKnown { found.append((path, digest)) }
            case .list(let values), .set(let values): values.forEach(visit)
            case .map(let entries), .openMap(let entries): for entry in entries { visit(entry.value) }
            case .object(let object): if object.task == nil { visit(object) }
            default: break
            }
        }
        visit(self)
        return found
    }
}
