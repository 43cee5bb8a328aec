import Text

/// The finished jobs of one type, to find the one that a new job is most like.
package struct JobHistory {
    private struct Candidate {
        let folder: JobFolder
        let task: RecordedTask
        /// How many of its parameters have tokens.
        let count: Int
    }

    private var candidates: [Candidate] = []
    /// Which candidates have a value of a parameter, by its token.
    private var byToken: [Int: [Int32]] = [:]

    /// An earlier job, and what a new one has different.
    package struct Nearest {
        package let folder: JobFolder
        package let differences: [TaskDifference]
    }

    /// - Parameters:
    ///   - key: the type's.
    ///   - counts: which identifiers count.
    package init(
        of key: String, name: String, in workspace: Workspace, where counts: (String) -> Bool
    ) {
        let folder = "\(workspace.jobs)/\(key)"
        let names = ((try? Files.list(folder)) ?? []).filter(counts)
        let done = names.compactMap { identifier -> (folder: JobFolder, time: Int64)? in
            let job = JobFolder(path: "\(folder)/\(identifier)", name: name)
            return Files.modified(job.done).map { (job, $0) }
        }
        for (job, _) in done.sorted(by: { $0.time > $1.time }) {
            guard let task = try? RecordedTask.read(job.path) else { continue }
            let tokens = task.tokens
            for token in tokens { byToken[token, default: []].append(Int32(candidates.count)) }
            candidates.append(Candidate(folder: job, task: task, count: tokens.count))
        }
    }

    package var isEmpty: Bool { candidates.isEmpty }

    /// The job with the fewest differences; of equals the newest.
    ///
    /// Each parameter of the task itself that has another value makes one difference at least: where a candidate has more of those than the
    /// best one has differences, it is not compared.
    package func nearest(to task: RecordedTask) -> Nearest? {
        var shared = [Int32](repeating: 0, count: candidates.count)
        let tokens = task.tokens
        for token in tokens { for index in byToken[token] ?? [] { shared[Int(index)] += 1 } }
        // By that number; the order of the candidates is their age.
        var byLeast: [[Int]] = []
        for (index, candidate) in candidates.enumerated() {
            let least = max(tokens.count, candidate.count) - Int(shared[index])
            while byLeast.count <= least { byLeast.append([]) }
            byLeast[least].append(index)
        }
        var best: (index: Int, differences: [TaskDifference], count: Int)?
        for (least, indices) in byLeast.enumerated() {
            if let best, best.count < least { break }
            for index in indices {
                if let best, best.count < least || best.count == least && best.index < index { break }
                let differences = task.differences(from: candidates[index].task)
                let count = differences.count { $0.note != .outsideIdentity }
                if best.map({ count < $0.count || count == $0.count && index < $0.index }) ?? true {
                    best = (index, differences, count)
                }
            }
        }
        return best.map { Nearest(folder: candidates[$0.index].folder, differences: $0.differences) }
    }
}
