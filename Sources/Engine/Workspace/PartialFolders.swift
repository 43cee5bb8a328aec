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

    private static func references(in workspace: Workspace) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for type in (try? Files.list(workspace.jobs)) ?? [] {
            for identifier in (try? Files.list("\(workspace.jobs)/\(type)")) ?? [] {
                let folder = "\(workspace.jobs)/\(type)/\(identifier)"
                guard let text = try? Files.readText("\(folder)/params.json", limit: 1 << 28) else {
                    continue
                }
                for part in text.split(separator: "partials/").dropFirst() {
                    let steps = part.prefix { $0 != "\"" }.split(separator: "/", maxSplits: 3)
                    guard steps.count >= 3 else { continue }
                    let name = steps.prefix(3).joined(separator: "/")
                    if found[name]?.last != folder { found[name, default: []].append(folder) }
                }
            }
        }
        return found
    }
}
