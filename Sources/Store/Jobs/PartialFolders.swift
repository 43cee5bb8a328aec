import Model
package import System
package import Text

/// The folders that jobs share, `partials/{type id}/{name}/{identifier}/`, and which jobs refer to them.
package struct PartialFolders {
    package struct Entry {
        package let path: String
        /// `iris.train/checkpoints/1f0c4c2e…`
        package let name: String
        package let bytes: Int64
        /// The folders of the jobs whose parameters name it.
        package let jobs: [String]
        /// Whether a running job has it for itself.
        package let isHeld: Bool

        /// Whether xpm has made it: only such folders are removed.
        let isMade: Bool

        package var isUnused: Bool { isMade && jobs.isEmpty && !isHeld }
    }

    package let entries: [Entry]
    private let workspace: Workspace
    /// The folders of jobs whose parameters were read.
    private var known: TextSet = []

    /// Lists those of a workspace. Reads the parameters of every job.
    ///
    /// - Parameter gone: folders of jobs that do not count.
    package init(in workspace: Workspace, without gone: TextSet = []) {
        self.workspace = workspace
        let types = (try? Files.list(workspace.partials)) ?? []
        var references: TextMap<[String]> = [:]
        let folders = types.isEmpty ? [] : Self.jobFolders(in: workspace).filter { !gone.contains($0.folder) }
        for ((type, folder), names) in zip(folders, Parallel.map(folders) { Self.names(in: $0.folder) }) {
            if Self.add(names, of: folder, type, to: &references, workspace) { known.insert(folder) }
        }
        var found: [Entry] = []
        for type in types {
            for partial in (try? Files.list("\(workspace.partials)/\(type)")) ?? [] {
                for identifier in (try? Files.list("\(workspace.partials)/\(type)/\(partial)")) ?? [] {
                    let name = "\(type)/\(partial)/\(identifier)"
                    let path = "\(workspace.partials)/\(name)"
                    guard Files.kind(path, followingLinks: false) == .folder else { continue }
                    found.append(
                        Entry(
                            path: path, name: name, bytes: Files.size(of: path), jobs: references[name] ?? [],
                            isHeld: FileLock.isHeld("\(path)/.lock"),
                            isMade: Identifier(hex: identifier) != nil
                                && Files.isFolder(path, below: workspace.path)))
                }
            }
        }
        entries = found
    }

    /// Finds those that are unused, and removes them if that is wanted, unless a job uses one or refers to it
    /// since then.
    ///
    /// - Parameter told: told of each.
    package mutating func sweep(perform: Bool, _ told: (Entry) -> Void) throws(SystemError) {
        for entry in entries where entry.isUnused {
            if perform, try !remove(entry) { continue }
            told(entry)
        }
    }

    /// - Returns: whether it was removed.
    private mutating func remove(_ entry: Entry) throws(SystemError) -> Bool {
        // Held while it is removed: a job that begins meanwhile waits, and makes the folder anew.
        try FileLock.holdingIfThere("\(entry.path)/.lock") { () throws(SystemError) in
            if isNeeded(entry) { return false }
            try Files.removeTree(entry.path, below: workspace.path)
            return true
        } ?? false
    }

    /// Whether a job that came since the listing refers to it.
    private mutating func isNeeded(_ entry: Entry) -> Bool {
        var references: TextMap<[String]> = [:]
        for (type, folder) in Self.jobFolders(in: workspace) where !known.contains(folder) {
            _ = Self.add(Self.names(in: folder), of: folder, type, to: &references, workspace)
        }
        return references[entry.name] != nil
    }

    private static func jobFolders(in workspace: Workspace) -> [(type: String, folder: String)] {
        ((try? Files.list(workspace.jobs)) ?? []).flatMap { type in
            ((try? Files.list("\(workspace.jobs)/\(type)")) ?? []).map {
                (type, "\(workspace.jobs)/\(type)/\($0)")
            }
        }
    }

    /// What the parameters of a job name.
    private enum Names {
        case these([String])
        /// There are no parameters.
        case missing
        case unreadable
    }

    private static func names(in folder: String) -> Names {
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try Files.read("\(folder)/params.json") } catch {
            return error.isMissing ? .missing : .unreadable
        }
        guard let objects = try? ParameterFile.objects(in: bytes) else { return .unreadable }
        var found: TextSet = []
        for object in objects { add(object, to: &found) }
        return .these(found.ordered)
    }

    /// Adds a job to the folders that its parameters name. One whose parameters cannot be read refers to
    /// every one of its type.
    ///
    /// - Returns: whether they were read.
    private static func add(
        _ names: Names, of folder: String, _ type: String, to found: inout TextMap<[String]>,
        _ workspace: Workspace
    ) -> Bool {
        switch names {
        case .these(let names):
            for name in names { found[name, default: []].append(folder) }
            return true
        case .missing: return false
        case .unreadable:
            addAll(of: type, folder, &found, workspace)
            return false
        }
    }

    private static func addAll(
        of type: String, _ folder: String, _ found: inout TextMap<[String]>, _ workspace: Workspace
    ) {
        for partial in (try? Files.list("\(workspace.partials)/\(type)")) ?? [] {
            for identifier in (try? Files.list("\(workspace.partials)/\(type)/\(partial)")) ?? [] {
                found["\(type)/\(partial)/\(identifier)", default: []].append(folder)
            }
        }
    }

    /// The shared folders that a job's parameters name: `iris.train/checkpoints/1f0c4c2e…`.
    package static func names(in job: JobFolder) -> [String] {
        guard case .these(let names) = names(in: job.path) else { return [] }
        return names
    }

    /// Every path in a value that leads into `partials/`.
    private static func add(_ json: JSON, to found: inout TextSet) {
        switch json {
        case .string(let text):
            guard let start = text.firstRange(of: "partials/") else { return }
            let steps = text[start.upperBound...].split(separator: "/")
            guard steps.count >= 3 else { return }
            found.insert(steps.prefix(3).joined(separator: "/"))
        case .array(let values): for value in values { add(value, to: &found) }
        case .object(let members): for member in members { add(member.value, to: &found) }
        default: break
        }
    }
}
