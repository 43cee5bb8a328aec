import Store
import System
import Text

extension WorkspaceDoctor {
    /// What runs that never came back have left of their arrays: records of some that are over, and words of jobs
    /// that have ended.
    func batches() -> [Finding] {
        let folder = BatchRecord.folder(in: workspace.path)
        let names = (try? Files.list(folder)) ?? []
        if names.isEmpty { return [] }
        var known: TextSet = []
        var found: [Finding] = []
        for name in names where name.hasSuffix(".json") && !Files.isTemporary(name) {
            let path = "\(folder)/\(name)"
            known.insert(name.dropLast(".json".utf8.count))
            guard let record = BatchRecord.read(path) else {
                found.append(
                    Finding(
                        path: path,
                        problem:
                            "the record of an array that cannot be read: its jobs count as running for ever",
                        cure: nil))
                continue
            }
            guard isAbandoned(record.ends), record.isOver(nil) == true else { continue }
            // Its claims are judged by it as long as the run goes on in another job.
            if record.isRun, (try? BatchRun.read(record.ends, in: workspace))?.isOver(in: workspace) == false
            {
                continue
            }
            let place = workspace.path
            found.append(
                Finding(path: path, problem: "an array that is over, of a run that is gone") {
                    () throws(SystemError) in record.remove(in: place)
                })
        }
        for name in names where !name.hasSuffix(".json") && name != "ends" && !Files.isTemporary(name) {
            guard let nonce = name.cut(at: ".")?.before, !known.contains(nonce) else { continue }
            let path = "\(folder)/\(name)"
            let record = "\(folder)/\(nonce).json"
            found.append(
                Finding(path: path, problem: "of an array that has no record any more") {
                    () throws(SystemError) in if !Files.exists(record) { try Files.remove(path) }
                })
        }
        for name in (try? Files.list("\(folder)/ends")) ?? [] where isAbandoned(name) {
            let place = BatchRecord.ends(name, in: workspace.path)
            let words = (try? Files.list(place)) ?? []
            if words.isEmpty { continue }
            found.append(
                Finding(
                    path: place,
                    problem:
                        "\(words.count) word\(words.count == 1 ? "" : "s") of jobs that have ended, for a run that is gone"
                ) {
                    () throws(SystemError) in for word in words { try Files.remove("\(place)/\(word)") }
                })
        }
        return found
    }

    /// Whether no run of an experiment goes on.
    private func isAbandoned(_ experiment: String) -> Bool {
        !FileLock.isHeld(workspace.lock(ofExperiment: experiment))
    }
}
