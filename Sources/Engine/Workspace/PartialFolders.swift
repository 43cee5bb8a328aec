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
    }

    /// All of a workspace. Reads the parameters of every job.
    package static func list(in workspace: Workspace) -> [Entry] {
        let references = references(in: workspace)
        var found: [Entry] = []
        for type in (try? Files.list(workspace.partials)) ?? [] {
            for partial in (try? Files.list("\(workspace.partials)/\(type)")) ?? [] {
                for identifier in (try? Files.list("\(workspace.partials)/\(type)/\(partial)")) ?? [] {
                    let name = "\(type)/\(partial)/\(identifier)"
                    let path = "\(workspace.partials)/\(name)"
                    guard Files.kind(path, followingLinks: false) == .folder else { continue }
                    found.append(
                        Entry(
                            path: path, name: name, bytes: Files.size(of: path), jobs: references[name] ?? [],
                            isHeld: FileLock.isHeld("\(path)/.lock")))
                }
            }
        }
        return found
    }

    /// Removes a folder, unless a job uses it or refers to it since it was listed.
    ///
    /// - Returns: whether it was removed.
    package static func remove(_ entry: Entry, in workspace: Workspace) throws(SystemError) -> Bool {
        // Held while it is removed: a job that begins meanwhile waits, and makes the folder anew.
        try FileLock.holding("\(entry.path)/.lock") { () throws(SystemError) in
            guard references(in: workspace)[entry.name] == nil else { return false }
            try Files.removeTree(entry.path)
            return true
        } ?? false
    }

    /// The jobs that refer to each folder. A job whose parameters cannot be read refers to every one of its type.
    private static func references(in workspace: Workspace) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for type in (try? Files.list(workspace.jobs)) ?? [] {
            for identifier in (try? Files.list("\(workspace.jobs)/\(type)")) ?? [] {
                let folder = "\(workspace.jobs)/\(type)/\(identifier)"
                let path = "\(folder)/params.json"
                guard let bytes = try? Files.read(path), let objects = try? ParameterFile.objects(in: bytes)
                else {
                    if Files.exists(path) { addAll(of: type, folder, &found, workspace) }
                    continue
                }
                for object in objects { add(object, folder, &found) }
            }
        }
        return found
    }

    private static func addAll(
        of type: String, _ folder: String, _ found: inout [String: [String]], _ workspace: Workspace
    ) {
        for partial in (try? Files.list("\(workspace.partials)/\(type)")) ?? [] {
            for identifier in (try? Files.list("\(workspace.partials)/\(type)/\(partial)")) ?? [] {
                found["\(type)/\(partial)/\(identifier)", default: []].append(folder)
            }
        }
    }

    /// The shared folders that a job's parameters name: `iris.train/checkpoints/1f0c4c2e…`.
    static func names(in job: JobFolder) -> [String] {
        guard let bytes = try? Files.read(job.parameters), let objects = try? ParameterFile.objects(in: bytes)
        else { return [] }
        var found: [String: [String]] = [:]
        for object in objects { add(object, job.path, &found) }
        return found.keys.sorted(by: ByteOrder.less)
    }

    /// Every path in a value that leads into `partials/`.
    private static func add(_ json: JSON, _ folder: String, _ found: inout [String: [String]]) {
        switch json {
        case .string(let text):
            guard let start = text.firstRange(of: "partials/") else { return }
            let steps = text[start.upperBound...].split(separator: "/")
            guard steps.count >= 3 else { return }
            let name = steps.prefix(3).joined(separator: "/")
            if found[name]?.last != folder { found[name, default: []].append(folder) }
        case .array(let values): for value in values { add(value, folder, &found) }
        case .object(let members): for member in members { add(member.value, folder, &found) }
        default: break
        }
    }
}
