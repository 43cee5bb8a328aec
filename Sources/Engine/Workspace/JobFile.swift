import Text

/// A file whose content is a part of a job's identity (`xpm.file`).
///
/// The job's process looks whether it still has that content: where inode, size and time are those that it had when the content was read it has; else
/// the content decides.
package struct JobFile: Equatable, Sendable {
    package let path: String
    package let digest: Identifier
    private let stamp: FileStamp

    /// Reads a file: its state first, so that a change while it is read is seen.
    package static func read(_ path: String) throws(SystemError) -> JobFile {
        let stamp = Files.stamp(path) ?? FileStamp()
        return JobFile(path: path, digest: Identifier(hashing: try Files.read(path)), stamp: stamp)
    }

    private init(path: String, digest: Identifier, stamp: FileStamp) {
        (self.path, self.digest, self.stamp) = (path, digest, stamp)
    }

    /// One of which only the content is known.
    package init(path: String, digest: Identifier) {
        self.init(path: path, digest: digest, stamp: FileStamp())
    }

    /// From its text; nil for any other.
    init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 4)
        guard parts.count == 5, let digest = Identifier(hex: parts[0]), let inode = UInt64(parts[1]),
            let size = Int64(parts[2]), let modified = Int64(parts[3])
        else { return nil }
        self.init(
            path: String(parts[4]), digest: digest,
            stamp: FileStamp(inode: inode, size: size, modified: modified))
    }

    /// `{sha256} {inode} {size} {microseconds} {path}`
    var text: String { "\(digest.hex) \(stamp.inode) \(stamp.size) \(stamp.modified) \(path)" }

    /// Whether it has the content that the job was submitted with.
    func isUnchanged() throws(SystemError) -> Bool {
        if Files.stamp(path) == stamp { return true }
        return Identifier(hashing: try Files.read(path)) == digest
    }
}

extension ConfigObject {
    /// The files that count for its identity, in its parameters and in the objects of it, each once; those of other tasks are their affair.
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
