import Glibc
package import Store
package import System
import Text

/// The code that a job was submitted with, as its run kept it.
package struct JobCode {
    /// The folder of the kept files.
    package let folder: String
    /// Where the files were; nil where the run does not tell.
    private let root: String?

    package enum State: String, Sendable {
        /// The file is today what it was.
        case same
        case changed
        /// It is not there any more, or nobody knows where it was.
        case gone
    }

    package struct File {
        /// The way from the script's folder; of a file from elsewhere its absolute path.
        package let name: String
        package let kept: String
        /// Where it was.
        package let original: String?
        package let bytes: Int64

        package var state: State {
            guard let original, let now = try? Files.read(original) else { return .gone }
            return (try? Files.read(kept)) == now ? .same : .changed
        }
    }

    /// - Returns: nil for a job whose script does not tell, or whose code is gone.
    package init?(of job: JobFolder) {
        guard let origin = JobOrigin(job) else { return nil }
        folder = origin.sources
        guard Files.kind(folder) == .folder else { return nil }
        root = SourceTree.root(of: folder)
    }

    /// The files, in byte order.
    package func files() throws(SystemError) -> [File] {
        var found: [File] = []
        func visit(_ path: String, _ name: String) throws(SystemError) {
            for entry in try Files.list(path) where !(name.isEmpty && entry == SourceTree.rootName) {
                let inner = name.isEmpty ? entry : "\(name)/\(entry)"
                switch Files.kind("\(path)/\(entry)", followingLinks: false) {
                case .folder: try visit("\(path)/\(entry)", inner)
                case .file: found.append(file(inner))
                // What was only linked beside the kept files is not of the run.
                default: continue
                }
            }
        }
        try visit(folder, "")
        return found
    }

    private func file(_ way: String) -> File {
        let isOutside = way.hasPrefix("_/")
        let name = way.after("_/").map { "/\($0)" } ?? way
        return File(
            name: name, kept: "\(folder)/\(way)", original: isOutside ? name : root.map { "\($0)/\(way)" },
            bytes: Files.size(of: "\(folder)/\(way)"))
    }

    /// A sentence on the files that have changed since some jobs were submitted, which run by the code of
    /// then; nil where there are none.
    package static func note(changedSince jobs: [JobFolder]) -> String? {
        var runs: TextSet = []
        var changed: TextSet = []
        for job in jobs {
            guard let origin = JobOrigin(job), runs.insert(origin.run).inserted, let code = JobCode(of: job),
                let files = try? code.files()
            else { continue }
            // Configurations are kept beside the code, and are none.
            for file in files
            where !Paths.hasExtension(file.name, "yaml", "yml") && file.state == .changed {
                changed.insert(file.name)
            }
        }
        let names = changed.ordered
        if names.isEmpty { return nil }
        return
            "\(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? ", …" : "") \(names.count == 1 ? "has" : "have") changed since these jobs were submitted: they run the code of then, xpm run runs that of now"
    }

    /// Writes the files into a folder, those from elsewhere below `_`.
    ///
    /// - Throws: EEXIST for a file that is there with another content; then nothing is written.
    package func restore(to target: String) throws(SystemError) -> [String] {
        let copies = try files().map { file in
            (file.kept, "\(target)/\(file.kept.after("\(folder)/") ?? "")")
        }
        for (kept, path) in copies where Files.exists(path) {
            guard try Files.read(kept) == Files.read(path) else {
                throw SystemError("write another content into", path, code: EEXIST)
            }
        }
        for (kept, path) in copies {
            try Files.makeFolder(Paths.parent(path))
            if Files.exists(path) { continue }
            let mode: UInt32 = Files.isExecutable(kept) ? 0o777 : 0o666
            try Files.write(try Files.read(kept), to: path, mode: mode)
        }
        return copies.map(\.1)
    }
}
