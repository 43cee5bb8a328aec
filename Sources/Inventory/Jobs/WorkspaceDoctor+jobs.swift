import Model
import Store
import Synchronization
import System
import Text

/// What there is below `jobs/`, by one look at each folder in it.
struct JobPlaces {
    /// The folders of jobs, or what looks like that.
    private(set) var jobs: [JobRecord] = []
    /// Links, also those that stand for a job's folder.
    private(set) var links: [String] = []
    /// What is neither a folder nor the link of a job.
    private(set) var others: [String] = []

    /// - Parameter warn: told what cannot be listed.
    init(in workspace: Workspace, warn: (SystemError) -> Void) {
        func entries(_ path: String) -> [Files.Entry] {
            do throws(SystemError) { return try Files.entries(path) } catch {
                // A link to what is not there is found elsewhere.
                if !error.isMissing { warn(error) }
                return []
            }
        }
        for type in entries(workspace.jobs) {
            let path = "\(workspace.jobs)/\(type.name)"
            guard type.kind == .folder else {
                if type.kind == .link { links.append(path) }
                others.append(path)
                continue
            }
            for job in entries(path) {
                let place = "\(path)/\(job.name)"
                if job.kind == .folder {
                    jobs.append(JobRecord(workspace, task: type.name, identifier: job.name))
                    continue
                }
                let isOfJob = job.kind == .link && DeprecatedJobs.isLink(place)
                if job.kind == .link { links.append(place) }
                if !isOfJob { others.append(place) }
            }
        }
    }
}

/// What a look at the folder of a job has found.
struct JobLook: Sendable {
    var findings: [WorkspaceDoctor.Finding] = []
    /// Whether it is of xpm's make, or nobody can say.
    var isMade = true
}

extension WorkspaceDoctor {
    /// Looks at all of some jobs, in their order.
    func looks(at places: JobPlaces, _ told: @escaping @Sendable (Int, Int) -> Void) -> [JobLook] {
        let isBehindLink = Files.kind(workspace.jobs, followingLinks: false) != .folder
        let count = Mutex(0)
        return Parallel.map(places.jobs) { job in
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number.isMultiple(of: 1024) { told(number, places.jobs.count) }
            return look(at: job.folder, isBehindLink: isBehindLink)
        }
    }

    /// What is wrong with the folder of a job.
    ///
    /// It is listed once: of what has no name there, nothing is asked.
    private func look(at folder: JobFolder, isBehindLink: Bool) -> JobLook {
        let entries: [Files.Entry]
        do throws(SystemError) { entries = try Files.entries(folder.path) } catch {
            if error.isDenied { warn(error) }
            return JobLook()
        }
        let names = FolderNames(entries)
        let isMade = !isBehindLink && folder.isMade(with: entries)
        let isLocked = names.has(folder.lock) || names.has("\(folder.lock).claim")
        if isLocked || !isMade {
            switch folder.state() {
            case .running: return JobLook(isMade: isMade)
            case .unreadable(let error):
                warn(error)
                return JobLook(isMade: isMade)
            default: break
            }
        }
        // Nothing is mended behind a link, nor where xpm has made nothing.
        return JobLook(findings: isMade ? findings(folder, names, isLocked: isLocked) : [], isMade: isMade)
    }

    private func findings(_ folder: JobFolder, _ names: FolderNames, isLocked: Bool) -> [Finding] {
        if isLocked, LockClaim.isDamaged(folder.lock) {
            return [
                Finding(
                    path: folder.lock,
                    problem: "a claim on it that cannot be read, so that nobody can have it"
                ) {
                    () throws(SystemError) in try LockClaim.removeDamaged(folder.lock)
                }
            ]
        }
        var found = temporaryFiles(names.all, in: folder.path)
        if isLocked, LockClaim.isAbandoned(folder.lock), let claims = LockClaim.folder {
            found.append(
                Finding(path: folder.lock, problem: "the lock of a process that is gone") {
                    LockClaim.settle([folder.lock], in: claims)
                })
        }
        if names.has(folder.process) {
            found.append(
                Finding(
                    path: folder.process,
                    problem:
                        "the record of a process that is gone\(folder.isDone ? "" : ": the job will run again")"
                ) {
                    () throws(SystemError) in
                    _ = try FileLock.holding(folder.lock) { () throws(SystemError) in
                        try Files.remove(folder.process)
                    }
                })
        }
        if names.has(folder.done) {
            found += finished(folder, names) + lostOutputs(of: folder, names) + doubts(about: folder)
        }
        return found
    }

    /// What lies beside the outcome of a finished job and does not belong there.
    private func finished(_ folder: JobFolder, _ names: FolderNames) -> [Finding] {
        var found: [Finding] = []
        let result = "\(folder.path)/\(JobResult.name)"
        if names.has(result), JobResult.read(folder) == nil {
            found.append(
                Finding(
                    path: result,
                    problem: "no JSON object: the job has no result; restore it, or remove it", cure: nil)
            )
        }
        if names.has(folder.failed) {
            found.append(
                Finding(path: folder.failed, problem: "a failure beside a success: it was done later") {
                    () throws(SystemError) in try Files.remove(folder.failed)
                })
        }
        return found
    }

    private func lostOutputs(of folder: JobFolder, _ names: FolderNames) -> [Finding] {
        let languages = [JobScript.Language.sh, .lua].filter { names.has(folder.script($0)) }
        return folder.missing(of: JobScript.outputs(in: folder, languages)).map { output in
            Finding(
                path: Paths.absolute(output, from: folder.path),
                problem: "an output of a finished job is gone: xpm run --check-outputs makes it again",
                cure: nil)
        }
    }

    /// Why a finished job does not count.
    private func doubts(about folder: JobFolder) -> [Finding] {
        let mark: JobFolder.DoneMark
        do throws(SystemError) { mark = try folder.doneMark() } catch {
            warn(error)
            return []
        }
        do { _ = try RecordedTask.definitions(in: folder.path) } catch {
            return [
                Finding(
                    path: folder.path,
                    problem: "a finished job whose parameters cannot be read: \(error.shown)",
                    cure: nil)
            ]
        }
        // An empty one is of experimaestro, and counts beside its script.
        if mark != .none || Files.size(of: folder.done) == 0 { return [] }
        return [
            Finding(
                path: folder.done,
                problem:
                    "no outcome that xpm has written for this job: it does not count, and the job runs again",
                cure: nil)
        ]
    }
}

/// The names in a folder.
private struct FolderNames {
    let all: [String]

    init(_ entries: [Files.Entry]) { all = entries.map(\.name) }

    /// Whether it has the name of a path in it. There are few.
    func has(_ path: String) -> Bool {
        let name = Paths.name(path)
        return all.contains { $0 == name }
    }
}
