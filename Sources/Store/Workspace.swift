import Glibc
import Model
package import System
import Text

/// A folder of results, and the name of everything in it.
///
/// The disk is the truth. The layout is that of experimaestro 2.x:
///
///     WORKSPACE/.__experimaestro__                      marks a workspace
///     WORKSPACE/.xpm-locks                              says that flock(2) does not work here (`LockChoice`)
///     WORKSPACE/.xpm-cleaning                           is held by who removes what nobody needs (`Cleaning`)
///     WORKSPACE/experiments/{experiment}/{run}/         a run of an experiment (`RunFolder`)
///     WORKSPACE/sources/{experiment}/{run}/             the code that its jobs were submitted with (`SourceTree`)
///     WORKSPACE/jobs/{type id}/{identifier}/            a job (`JobFolder`)
///     WORKSPACE/hashes/                                 the content of large files (`FileHashes`)
///     WORKSPACE/partials/{type id}/{name}/{identifier}/ what several jobs share
package struct Workspace: Sendable, Equatable {
    /// Its absolute path.
    package let path: String

    package init(path: String) { self.path = Paths.absolute(path) }

    /// The workspace that a folder is in, or that it or a folder above has as `workspace`.
    package static func nearest(to folder: String) -> Workspace? {
        var folder = Paths.absolute(folder)
        while true {
            for path in ["\(folder)/workspace", folder] {
                let workspace = Workspace(path: path)
                if Files.exists(workspace.marker) { return workspace }
            }
            if folder == "/" { return nil }
            folder = Paths.parent(folder)
        }
    }

    /// Makes the folder a workspace, and checks that it can be written.
    package func create() throws(SystemError) {
        let isNew = try Files.makeFolder(path)
        do throws(SystemError) { try requireLinks() } catch {
            if isNew { try? Files.removeEmptyFolder(path) }
            throw error
        }
        if !Files.exists(marker) { try Files.write([], to: marker) }
        for folder in ["jobs", "experiments"] { try Files.makeFolder("\(path)/\(folder)", in: path) }
        try LockChoice.decide(in: path, probe: marker)
    }

    /// Finds out how locks work in a workspace that is there.
    ///
    /// - Throws: EBUSY where another process takes them in another way.
    package func chooseLocks() throws(SystemError) { try LockChoice.decide(in: path, probe: marker) }

    /// Makes the folder a workspace in which locks are claims: batch systems run jobs on other hosts, which may
    /// not see flock(2).
    ///
    /// - Throws: EBUSY where another process takes them by flock(2).
    package func createForHosts() throws(SystemError) {
        try create()
        try LockChoice.useClaims(in: path, because: "run batch jobs, for which locks are files,")
    }

    /// Runs link the folders of their jobs: a disk on which that does not work is refused before anything is
    /// made.
    private func requireLinks() throws(SystemError) {
        let probe = "\(path)/.xpm-probe.\(UInt64.random(in: .min ... .max))"
        do throws(SystemError) { try Files.link(probe, to: ".") } catch {
            // Who may not write here may write in the folders of runs.
            if error.code == EACCES { return }
            guard [EPERM, ENOSYS, EOPNOTSUPP, EINVAL].contains(error.code) else { throw error }
            throw SystemError(
                "keep a workspace where there are no symbolic links, as on vfat and exfat", path,
                code: error.code)
        }
        try Files.remove(probe)
    }

    package func experiment(_ name: String) -> String { "\(path)/experiments/\(name)" }
    /// What a run of the experiment holds as long as it lives.
    package func lock(ofExperiment name: String) -> String { "\(experiment(name))/lock" }

    /// What a run of the experiment holds as long as it may submit something.
    package func planning(ofExperiment name: String) -> String { "\(experiment(name))/planning" }
    /// What is held by who removes what no run refers to (`Cleaning`).
    package var cleaning: String { "\(path)/.xpm-cleaning" }

    package var marker: String { "\(path)/.__experimaestro__" }
    package var sources: String { "\(path)/sources" }
    package var jobs: String { "\(path)/jobs" }
    package var partials: String { "\(path)/partials" }
    package var tokens: String { "\(path)/tokens" }
}
