/// What nobody needs any more in a workspace: jobs that no run refers to, temporary outputs whose dependants are done, code and shared
/// folders that no job refers to once those jobs are gone.
package struct GarbageCollection {
    private let workspace: Workspace
    private let inventory: WorkspaceInventory

    package struct Item: Sendable {
        package let path: String
        package let bytes: Int64
    }

    package init(_ workspace: Workspace) {
        self.workspace = workspace
        inventory = WorkspaceInventory(workspace)
    }

    /// Finds what may go, and removes it if that is wanted; what runs, or is needed since it was found, is left alone.
    ///
    /// - Parameter told: told of each.
    package func collect(perform: Bool, _ told: (Item) -> Void) throws(SystemError) {
        var gone: Set<String> = []
        for job in inventory.orphans() {
            let item = Item(path: job.folder.path, bytes: Files.size(of: job.folder.path))
            let isFree: Void? = try FileLock.holding(job.folder.lock) { () throws(SystemError) in
                if perform { try Files.removeTree(job.folder.path) }
            }
            if isFree == nil { continue }
            gone.insert(item.path)
            told(item)
        }
        var temporary = TemporaryOutputs(in: workspace)
        for entry in temporary.entries {
            if perform, try !temporary.remove(entry) { continue }
            for (name, size) in entry.outputs {
                told(Item(path: "\(entry.job.folder.path)/\(name)", bytes: size))
            }
        }
        for path in inventory.orphanedSources(without: gone) {
            let item = Item(path: path, bytes: Files.size(of: path))
            if perform { try Files.removeTree(path) }
            told(item)
        }
        var shared = PartialFolders(in: workspace, without: gone)
        for entry in shared.entries where entry.isUnused {
            if perform, try !shared.remove(entry) { continue }
            told(Item(path: entry.path, bytes: entry.bytes))
        }
    }
}
