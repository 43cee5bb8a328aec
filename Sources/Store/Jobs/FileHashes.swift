import Model
import System
import Text

/// The content of large files that tasks were given (`xpm.file`), as a workspace knows it: each is read once,
/// as long as it is what it was.
///
///     WORKSPACE/hashes/{sha256 of the path}     `JobFile.text`
package struct FileHashes {
    private let folder: String
    /// Whether what is read now is kept.
    private let isKept: Bool

    package init(in workspace: String, isKept: Bool) {
        folder = "\(workspace)/hashes"
        self.isKept = isKept
    }

    private func place(of path: String) -> String {
        "\(folder)/\(Identifier(hashing: Array(path.utf8)).hex)"
    }

    /// What is known of a file; nil where nothing is.
    func file(_ path: String) -> JobFile? {
        guard let text = try? Files.readText(place(of: path), limit: 1 << 16),
            let line = text.cut(at: "\n")?.before, let file = JobFile(String(line)), file.path == path
        else { return nil }
        return file
    }

    /// Keeps what was read; where that cannot be written, it is read again.
    func keep(_ file: JobFile) {
        guard isKept, !file.path.contains("\n") else { return }
        _ = try? Files.makeFolder(folder)
        try? Files.replace(place(of: file.path), with: Array("\(file.text)\n".utf8))
    }
}
