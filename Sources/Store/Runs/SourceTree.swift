package import System
import Text

/// The files that a plan was made from, kept with the run as they were: jobs load these.
///
/// What lies in the script's folder keeps its place; a file from elsewhere goes below `_`, under its absolute
/// path. Kept files are read-only. Belongs to the script's thread.
package final class SourceTree {
    /// The script's folder.
    package let root: String
    private let folder: String?
    private var kept: TextMap<String> = [:]
    /// The files that were kept, or would have been.
    package var files: [String] { kept.orderedKeys.filter { !aside.contains($0) } }
    /// Those that are no code: configurations.
    private var aside: TextSet = []
    private var linkedFolders: TextSet = []
    /// The folder of the run before.
    private let former: String?

    /// - Parameter folder: where to keep files; nil keeps nothing, and every file stands for itself.
    package init(root: String, folder: String?) {
        self.root = root
        self.folder = folder
        former = folder.flatMap { folder in
            let all = (try? Files.list(Paths.parent(folder))) ?? []
            let name = Paths.name(folder)
            return RunHistory.sorted(all.filter { $0 != name }).last.map { "\(Paths.parent(folder))/\($0)" }
        }
    }

    /// The file in the folder that says where the files were.
    package static let rootName = ".xpm-root"

    /// Whether a folder is one that a run has made to keep files in, and no link is on the way to it. Only
    /// such folders are removed.
    package static func isMade(_ folder: String, in workspace: Workspace) -> Bool {
        RunHistory.isMade(Paths.name(folder)) && Files.isFolder(folder, below: workspace.path)
            && (Files.kind("\(folder)/\(rootName)", followingLinks: false) == .file
                || (try? Files.list(folder))?.isEmpty ?? false)
    }

    /// Where the files of a folder were; nil where it does not tell.
    package static func root(of folder: String) -> String? {
        (try? Files.readText("\(folder)/\(rootName)", limit: 1 << 16)).map {
            String($0.cut(at: "\n")?.before ?? $0[...])
        }
    }

    /// Where the copy of a file, or of a folder, is or would be.
    package func place(of path: String) -> String {
        guard let folder else { return path }
        if path == root { return folder }
        if let way = path.after(root + "/") { return "\(folder)/\(way)" }
        return "\(folder)/_\(path)"
    }

    /// Keeps a file with the content that was read from it; returns the copy's path.
    @discardableResult
    package func keep(_ path: String, content: [UInt8], isSecret: Bool = false) throws(SystemError) -> String
    {
        guard let folder else {
            kept[path] = path
            return path
        }
        if kept.isEmpty {
            try Files.makeFolder(folder)
            try Files.write(Array("\(root)\n".utf8), to: "\(folder)/\(Self.rootName)")
        }
        if let known = kept[path] { return known }
        let copy = place(of: path)
        let mode: UInt32 = isSecret ? 0o400 : Files.isExecutable(path) ? 0o555 : 0o444
        try makeOwnFolder(Paths.parent(copy))
        // A link to the live file may stand there.
        try Files.remove(copy)
        if isSecret || !linkFormer(copy, content, isExecutable: mode == 0o555) {
            try Files.write(content, to: copy, mode: mode)
        }
        kept[path] = copy
        return copy
    }

    /// Content that the run before kept too is on the disk once.
    private func linkFormer(_ copy: String, _ content: [UInt8], isExecutable: Bool) -> Bool {
        guard let folder, let former, let way = copy.after(folder) else { return false }
        let before = "\(former)\(way)"
        guard Files.kind(before, followingLinks: false) == .file, Files.isExecutable(before) == isExecutable,
            (try? Files.read(before, limit: 1 << 28)) == content
        else { return false }
        return (try? Files.linkHard(copy, to: before)) != nil
    }

    /// Keeps a configuration, which does not count as code, with the content that was read from it.
    ///
    /// - Parameter isSecret: whether only its owner may read the copy.
    package func keepAside(_ path: String, content: [UInt8], isSecret: Bool) throws(SystemError) {
        guard kept[path] == nil else { return }
        aside.insert(path)
        try keep(path, content: content, isSecret: isSecret)
    }

    /// Larger files are not kept, but linked.
    private static let largest = 1 << 28

    /// Keeps a file as it is now; of a large one, a link to it.
    @discardableResult
    package func keep(_ path: String) throws(SystemError) -> String {
        if let known = kept[path] { return known }
        if folder == nil {
            kept[path] = path
            return path
        }
        do throws(SystemError) {
            return try keep(path, content: try Files.read(path, limit: Self.largest))
        } catch {
            guard error.isTooLarge else { throw error }
            // Data, most likely: the copy is a link to it.
            let copy = place(of: path)
            try makeOwnFolder(Paths.parent(copy))
            if Files.kind(copy, followingLinks: false) == nil { try Files.link(copy, to: path) }
            aside.insert(path)
            kept[path] = copy
            return copy
        }
    }

    /// Makes a folder of copies. A link to a live folder on the way becomes a folder of links, so that
    /// nothing is ever written through it.
    private func makeOwnFolder(_ path: String) throws(SystemError) {
        guard let folder else { return }
        if path != folder { try makeOwnFolder(Paths.parent(path)) }
        guard Files.kind(path, followingLinks: false) == .link, let live = Files.linkTarget(path) else {
            try Files.makeFolder(path)
            return
        }
        try Files.remove(path)
        try Files.makeFolder(path)
        for name in try Files.list(live) { try Files.link("\(path)/\(name)", to: "\(live)/\(name)") }
    }

    /// Links what is in a folder, but was not kept, beside what was kept: a kept program finds its data and
    /// its modules.
    package func linkRest(of original: String) throws(SystemError) {
        guard let folder, linkedFolders.insert(original).inserted else { return }
        let place = place(of: original)
        try makeOwnFolder(place)
        let names = try Files.list(original)
        // A folder with this many entries is no source folder.
        guard names.count <= 4096 else { return }
        // The workspace itself may lie there.
        let isOwn = { (name: String) in folder.hasPrefix("\(original)/\(name)/") }
        for name in names
        where !name.hasPrefix(".") && !isOwn(name)
            && Files.kind("\(place)/\(name)", followingLinks: false) == nil
        {
            try Files.link("\(place)/\(name)", to: "\(original)/\(name)")
        }
        Files.linkStrangers(of: original, into: place)
    }

    /// The files below the root that match a pattern with `*`, `?`, `[…]` and `**`; in byte order.
    ///
    /// - Throws: also for a name that is not UTF-8 where a pattern looks.
    package static func files(matching pattern: String, in root: String) throws(SystemError) -> [String] {
        var found: [String] = []
        try match(pattern.split(separator: "/").map(String.init)[...], in: root, &found)
        return found
    }

    private static func match(
        _ parts: ArraySlice<String>, in folder: String, _ found: inout [String]
    ) throws(SystemError) {
        guard let part = parts.first else { return }
        let rest = parts.dropFirst()
        if part == "." { return try match(rest, in: folder, &found) }
        if part == ".." { return try match(rest, in: Paths.parent(folder), &found) }
        if part == "**" { try match(rest, in: folder, &found) }
        for name in try Files.list(folder, refusingStrangers: true)
        where !name.hasPrefix(".") || part.hasPrefix(".") {
            let path = "\(folder)/\(name)"
            let kind = Files.kind(path, followingLinks: part != "**")
            if part == "**" {
                if kind == .folder { try match(parts, in: path, &found) }
            } else if Glob.matches(name, pattern: part) {
                if rest.isEmpty, kind == .file, !found.contains(path) { found.append(path) }
                if !rest.isEmpty, kind == .folder { try match(rest, in: path, &found) }
            }
        }
    }
}
