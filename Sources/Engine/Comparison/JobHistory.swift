import Text

/// The finished jobs of one type, to find the one that a new job is most like.
package struct JobHistory {
    private struct Candidate {
        let folder: JobFolder
        let task: RecordedTask
    }

    private var candidates: [Candidate] = []
    /// Which candidates have a value, by its token.
    private var byToken: [Int: [Int]] = [:]

    /// An earlier job, and what a new one has different.
    package struct Nearest {
        package let folder: JobFolder
        package let differences: [TaskDifference]
    }

    /// How many of the newest jobs are looked at.
    private static let most = 256

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
        for (job, _) in done.sorted(by: { $0.time > $1.time }).prefix(Self.most) {
            guard let task = try? RecordedTask.read(job.path) else { continue }
            for token in task.tokens { byToken[token, default: []].append(candidates.count) }
            candidates.append(Candidate(folder: job, task: task))
        }
    }

    package var isEmpty: Bool { candidates.isEmpty }

    /// The job with the fewest differences; of equals the newest.
    package func nearest(to task: RecordedTask) -> Nearest? {
        var shared = [Int](repeating: 0, count: candidates.count)
        for token in task.tokens { for index in byToken[token] ?? [] { shared[index] += 1 } }
        // The order of the candidates is their age.
        let likely = shared.indices.sorted { shared[$0] == shared[$1] ? $0 < $1 : shared[$0] > shared[$1] }
        return likely.prefix(4).map { index in
            Nearest(
                folder: candidates[index].folder,
                differences: task.differences(from: candidates[index].task))
        }
        .min { $0.differences.count < $1.differences.count }
    }
}
