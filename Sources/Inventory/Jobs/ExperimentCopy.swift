import Glibc
package import Store
package import System
import Text

/// Copies an experiment into another workspace: runs, their code, the jobs that have ended, and the folders
/// that these share.
///
/// Each job, shared folder and run is copied beside its place and renamed into it: what is there is whole. So
/// a copy that was killed is gone on with by doing it again.
package struct ExperimentCopy {
    private let from: Workspace
    private let target: Workspace
    /// Where things lie until they are whole.
    private let staging: String

    package enum Item: Sendable, Equatable {
        case job(task: String, identifier: String)
        case sharedFolder(String)
        case run(String)
    }

    package init(from: Workspace, to target: Workspace) {
        self.from = from
        self.target = target
        staging = CopyStaging.folder(in: target)
    }

    /// Copies runs with all that belongs to them.
    ///
    /// - Parameters:
    ///   - runs: of one experiment; none of them alive.
    ///   - told: told of each item when it is in its place.
    package func copy(
        _ runs: [RunRecord], told: (Item) -> Void
    ) throws(SystemError) {
        try target.create()
        for path in CopyStaging.abandoned(in: target) { try Files.removeTree(path, below: target.path) }
        try Files.makeFolder(staging)
        do throws(SystemError) {
            try Files.write(ProcessRecord(pid: getpid()).json().bytes, to: "\(staging)/\(CopyStaging.owner)")
            // No run refers to the jobs before all of them are there.
            if Cleaning.isUnderWay(in: target) {
                throw SystemError("copy while somebody cleans", target.path, code: EBUSY)
            }
            for run in runs { try copy(run, told) }
        } catch {
            try? Files.removeTree(staging, below: target.path)
            throw error
        }
        try Files.removeTree(staging, below: target.path)
    }

    private func copy(_ run: RunRecord, _ told: (Item) -> Void) throws(SystemError) {
        let jobs = WorkspaceInventory(from).jobs(inRun: run)
        for job in jobs where job.folder.isDone || Files.exists(job.folder.failed) { try copy(job, told) }
        let place = "\(target.experiment(run.experiment))/\(run.run)"
        // Its own, and that of the runs before it whose jobs are still of use.
        let origins = TextSet(jobs.compactMap { JobOrigin($0.folder)?.run } + [run.path])
        for origin in origins.ordered {
            let kept = RunFolder.sources(of: origin)
            let sources = "\(target.sources)/\(Paths.name(Paths.parent(origin)))/\(Paths.name(origin))"
            if Files.exists(kept), !Files.exists(sources) { try put(kept, at: sources) }
        }
        if Files.exists(place) { return }
        try put(run.path, at: place)
        // An older run had its code in itself; now it is beside it.
        if Files.kind("\(place)/sources", followingLinks: false) != .link {
            try Files.removeTree("\(place)/sources", below: target.path)
            try Files.link("\(place)/sources", to: "../../../sources/\(run.experiment)/\(run.run)")
        }
        let history = RunHistory(experiment: run.experiment, in: target)
        if let newest = history.newest {
            try Files.link("\(target.experiment(run.experiment))/current", to: newest)
        }
        told(.run(run.run))
    }

    private func copy(_ job: JobRecord, _ told: (Item) -> Void) throws(SystemError) {
        let place = JobFolder(
            path: "\(target.jobs)/\(job.task)/\(job.identifier)", name: job.folder.name)
        for name in PartialFolders.names(in: job.folder) {
            let (kept, shared) = ("\(from.partials)/\(name)", "\(target.partials)/\(name)")
            guard Files.exists(kept), !Files.exists(shared) else { continue }
            try put(kept, at: shared)
            told(.sharedFolder(name))
        }
        if place.isDone { return }
        if Files.exists(place.path) {
            if !job.folder.isDone { return }
            // What failed there, or has not run: unless it runs now, it makes room.
            let hasRoom: Void? = try FileLock.holding(place.lock) { () throws(SystemError) in
                try Files.removeTree(place.path, below: target.path)
            }
            if hasRoom == nil { return }
        }
        // A deprecated job is a link to the folder of the old one: the copy is a folder of its own.
        try put(Paths.real(job.folder.path), at: place.path) { path throws(SystemError) in
            try JobRelocation.settle(JobFolder(path: path, name: place.name), in: target.path)
        }
        told(.job(task: job.task, identifier: job.identifier))
    }

    /// Copies a folder and gives it its name.
    ///
    /// - Parameter change: what is changed in it before.
    private func put(
        _ folder: String, at place: String, _ change: (String) throws(SystemError) -> Void = { _ in }
    ) throws(SystemError) {
        let temporary = "\(staging)/\(Paths.name(place))"
        try Files.removeTree(temporary, below: staging)
        // The variables of a colleague's job are not to be read; what is done does not need them.
        try Files.copyTree(folder, to: temporary, keepingLinks: true) { path in
            path.hasSuffix(".env") && !Files.isReadable(path)
        }
        try change(temporary)
        try Files.makeFolder(Paths.parent(place), in: target.path)
        do throws(SystemError) { try Files.rename(temporary, to: place) } catch {
            // Somebody else made it meanwhile.
            guard [EEXIST, ENOTEMPTY].contains(error.code) else { throw error }
            try Files.removeTree(temporary, below: staging)
        }
    }
}
