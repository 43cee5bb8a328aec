package import Model
package import System
import Text

/// A file whose content is a part of a job's identity (`xpm.file`).
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

    /// Reads a file: its state first, so that a change while it is read is seen.
    package static func read(_ path: String) throws(SystemError) -> JobFile {
        let stamp = FileStamp.lasting(path)
        return JobFile(path: path, digest: try digest(of: path), stamp: stamp)
    }

    private static func digest(of path: String) throws(SystemError) -> Identifier {
        Identifier(hashing: try Files.read(path))
    }

    private init(path: String, digest: Identifier, stamp: FileStamp?) {
        (self.path, self.digest, self.stamp, seen) = (path, digest, stamp, nil)
    }

    /// One of which only the content is known.
    package init(path: String, digest: Identifier) { self.init(path: path, digest: digest, stamp: nil) }

    /// From its text; nil for any other.
    ///
    /// - Parameter version: of the script. Older ones noted less, and the content decides.
    init?(_ text: String, version: Int) {
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
        let seen = Files.stamp(path)
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
        let now = Files.stamp(path)
        _ = try check()
        guard let seen, let now, seen.inode == now.inode, seen.size == now.size, seen.modified == now.modified
        else { throw .written(file: path) }
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
