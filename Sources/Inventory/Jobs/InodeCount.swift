package import Store
import System
import Text

/// How many files, folders and links a workspace has: what quotas count besides bytes.
package struct InodeCount: Sendable, Equatable {
    /// Folders of jobs, and all in them.
    package private(set) var jobs = 0
    package private(set) var jobFolders = 0
    /// Runs of experiments, with their links to jobs.
    package private(set) var runs = 0
    /// Code, shared folders, tokens, and what is nobody's.
    package private(set) var rest = 0
    /// What `xpm gc` would remove of them now.
    package private(set) var free = 0

    package var all: Int { jobs + runs + rest }

    package init(of workspace: Workspace) throws(CleaningError) {
        let experiments = "\(workspace.path)/experiments"
        for path in Files.paths(in: workspace.path) {
            switch path {
            // They may lie on another disk.
            case workspace.jobs: jobs = Self.count(Paths.real(path))
            case experiments: runs = Self.count(Paths.real(path))
            default: rest += Self.count(path)
            }
        }
        jobFolders = Files.paths(in: workspace.jobs).reduce(0) { $0 + Files.paths(in: $1).count }
        var free = 0
        try GarbageCollection(workspace).collect(perform: false) { free += Self.count($0.path) }
        self.free = free
    }

    /// Of a tree; no link is followed.
    private static func count(_ path: String) -> Int {
        var (count, left) = (0, [path])
        while let path = left.popLast() {
            count += 1
            if Files.kind(path, followingLinks: false) == .folder { left += Files.paths(in: path) }
        }
        return count
    }
}
