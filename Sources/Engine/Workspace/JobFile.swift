/// A file whose content is a part of a job's identity (`xpm.file`).
///
/// The job's process looks whether it still is that file: where size, time and inode are those of its submission it is; else its content decides.
package struct JobFile: Equatable, Sendable {
    package let path: String
    package let digest: Identifier
    private let size: Int64
    private let modified: Int64

    /// The file as it is now.
    ///
    /// - Parameter digest: of the content that the job was submitted with.
    package init(path: String, digest: Identifier) {
        self.path = path
        self.digest = digest
        size = Files.size(of: path)
        modified = Files.modified(path) ?? 0
    }

    /// From its text; nil for any other.
    init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 3)
        guard parts.count == 4, let digest = Identifier(hex: parts[0]), let size = Int64(parts[1]),
            let modified = Int64(parts[2])
        else { return nil }
        (self.path, self.digest, self.size, self.modified) = (String(parts[3]), digest, size, modified)
    }

    /// `{sha256} {size} {microseconds} {path}`
    var text: String { "\(digest.hex) \(size) \(modified) \(path)" }

    /// Whether it has the content that the job was submitted with.
    func isUnchanged() throws(SystemError) -> Bool {
        if Files.exists(path), Files.size(of: path) == size, Files.modified(path) == modified { return true }
        return Identifier(hashing: try Files.read(path)) == digest
    }
}

extension ConfigObject {
    /// The files in its parameters and in the objects of it, each once; those of other tasks are their affair.
    package func files() -> [(path: String, digest: Identifier)] {
        var found: [(path: String, digest: Identifier)] = []
        var visited: Set<ObjectIdentifier> = []
        func visit(_ value: Value) {
            switch value {
            case .file(let path, let digest):
                // A line of a script names it.
                let isKnown = found.contains { $0.path == path } || path.contains("\n")
                if !isKnown { found.append((path, digest)) }
            case .list(let values), .set(let values): values.forEach(visit)
            case .map(let entries), .openMap(let entries): for entry in entries { visit(entry.value) }
            case .object(let object):
                guard object.task == nil || object === self, visited.insert(ObjectIdentifier(object)).inserted
                else { return }
                for case let value? in object.values { visit(value) }
            default: break
            }
        }
        visit(.object(self))
        return found
    }
}
