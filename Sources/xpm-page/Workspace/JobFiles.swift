import Inventory
import Store
import System
import Text

/// The files of one job, opened beneath the workspace: no link leads out of it.
struct JobFiles: Sendable {
    private let workspace: Workspace
    let folder: JobFolder
    /// Relative to the workspace.
    private let way: String

    /// - Returns: nil where the workspace has no such job.
    init?(_ job: Route.JobName, in workspace: Workspace) {
        self.workspace = workspace
        let named = JobRecord(workspace, task: job.task, identifier: job.identifier).folder
        // A job under a former definition is a link to the folder of the old one, beneath `jobs` too.
        let isLink = Files.kind(named.path, followingLinks: false) == .link
        if isLink, !DeprecatedJobs.isLink(named.path) { return nil }
        let root = Paths.real(workspace.path)
        let path = isLink ? Paths.real(named.path) : "\(root)/jobs/\(job.text)"
        guard Files.isFolder(path, below: root), let way = path.after("\(root)/jobs/") else { return nil }
        self.way = "jobs/\(way)"
        folder = JobFolder(path: path, name: named.name)
    }

    /// A file in the folder.
    ///
    /// - Parameter name: relative to it.
    func open(_ name: String) throws(SystemError) -> Descriptor {
        // The values of its variables are for nobody to read.
        if name == Paths.name(folder.variables) { throw SystemError("open", name, code: SystemError.denied) }
        return try Descriptor(reading: "\(way)/\(name)", below: workspace.path)
    }

    struct Entry: Sendable {
        let name: String
        let isFolder: Bool
        let size: Int64
        let modified: Timestamp
    }

    /// What is in the folder, or in one within it, by the names; links are left out.
    ///
    /// - Throws: where it is no folder of the job.
    func entries(_ inner: [String]) throws(SystemError) -> [Entry] {
        let path = ([folder.path] + inner).joined(separator: "/")
        guard Files.isFolder(path, below: Paths.real(workspace.path)) else {
            throw SystemError("read", path, code: SystemError.missing)
        }
        var found: [Entry] = []
        for name in try Files.list(path) {
            let file = "\(path)/\(name)"
            guard let kind = Files.kind(file, followingLinks: false), kind == .file || kind == .folder,
                file != folder.variables
            else { continue }
            found.append(
                Entry(
                    name: name, isFolder: kind == .folder, size: Files.size(of: file),
                    modified: Timestamp(microseconds: Files.modified(file) ?? 0)))
        }
        return found.sorted { ByteOrder.less($0.name, $1.name) }
    }

    /// A piece of a log.
    struct Piece: Sendable {
        let bytes: [UInt8]
        /// Where it begins, and how long the file is by now.
        let start: Int
        let size: Int
        /// Tells it from that of another attempt.
        let file: String
    }

    /// A piece of a log from a place on; nil where there is none yet.
    ///
    /// - Parameters:
    ///   - start: nil for the last `count` bytes, from the start of a line on.
    func piece(ofErrors: Bool, from start: Int?, count: Int) throws(SystemError) -> Piece? {
        let name = Paths.name(ofErrors ? folder.error : folder.output)
        do throws(SystemError) {
            let file = try open(name)
            let size = file.byteCount()
            var place = min(start ?? max(0, size - count), size)
            var bytes = try file.read(at: place, count: count, path: name)
            if start == nil, place > 0, let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                place += end + 1
                bytes.removeFirst(end + 1)
            }
            let inode = file.identity()?.inode ?? 0
            return Piece(bytes: bytes, start: place, size: size, file: String(inode))
        } catch {
            if error.isMissing { return nil }
            throw error
        }
    }
}
