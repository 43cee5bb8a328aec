import Model
import Store
import System
import Text

extension WorkspaceDoctor {
    /// What is wrong with the folder of a job.
    func job(_ job: JobRecord) -> [Finding] {
        let folder = job.folder
        switch folder.state() {
        case .running: return []
        case .unreadable(let error):
            warn(error)
            return []
        default: break
        }
        // Nothing is mended behind a link, nor where xpm has made nothing.
        guard folder.isMade(in: workspace) else { return [] }
        if LockClaim.isDamaged(folder.lock) {
            return [
                Finding(
                    path: folder.lock,
                    problem: "a claim on it that cannot be read, so that nobody can have it"
                ) {
                    () throws(SystemError) in try LockClaim.removeDamaged(folder.lock)
                }
            ]
        }
        var found = temporaryFiles(in: folder.path)
        if LockClaim.isAbandoned(folder.lock), let claims = LockClaim.folder {
            found.append(
                Finding(path: folder.lock, problem: "the lock of a process that is gone") {
                    LockClaim.settle([folder.lock], in: claims)
                })
        }
        if Files.exists(folder.process) {
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
        if Files.exists(folder.done) {
            found += finished(folder) + lostOutputs(of: folder) + doubts(about: folder)
        }
        return found
    }

    /// What lies beside the outcome of a finished job and does not belong there.
    private func finished(_ folder: JobFolder) -> [Finding] {
        var found: [Finding] = []
        let result = "\(folder.path)/\(JobResult.name)"
        if Files.exists(result), JobResult.read(folder) == nil {
            found.append(
                Finding(
                    path: result,
                    problem: "no JSON object: the job has no result; restore it, or remove it", cure: nil)
            )
        }
        if Files.exists(folder.failed) {
            found.append(
                Finding(path: folder.failed, problem: "a failure beside a success: it was done later") {
                    () throws(SystemError) in try Files.remove(folder.failed)
                })
        }
        return found
    }

    private func lostOutputs(of folder: JobFolder) -> [Finding] {
        var found: [Finding] = []
        for (_, header) in JobScript.headers(in: folder) {
            for output in folder.missing(of: header.outputs) {
                found.append(
                    Finding(
                        path: Paths.absolute(output, from: folder.path),
                        problem:
                            "an output of a finished job is gone: xpm run --check-outputs makes it again",
                        cure: nil))
            }
        }
        return found
    }

    /// Why a finished job does not count.
    private func doubts(about folder: JobFolder) -> [Finding] {
        var found: [Finding] = []
        do {
            _ = try RecordedTask.read(folder.path)
            // An empty one is of experimaestro, and counts beside its script.
            if !folder.isDone, Files.size(of: folder.done) > 0 {
                found.append(
                    Finding(
                        path: folder.done,
                        problem:
                            "no outcome that xpm has written for this job: it does not count, and the job runs again",
                        cure: nil))
            }
        } catch {
            found.append(
                Finding(
                    path: folder.path,
                    problem: "a finished job whose parameters cannot be read: \(error.shown)",
                    cure: nil))
        }
        return found
    }
}
