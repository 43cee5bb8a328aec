package import Store
import System
import Text

/// The finished jobs of one type, to find the one that a new job is most like.
package struct JobHistory {
    private let jobs: [JobFolder]
    /// Which jobs have a value of a parameter, by its token.
    private var byToken: [UInt64: [Int32]] = [:]
    /// Those of which only a comparison can tell anything.
    private var unread: [Int] = []

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
        jobs = ((try? Files.list(folder)) ?? []).filter(counts).map {
            JobFolder(path: "\(folder)/\($0)", name: name)
        }
        for (index, job) in jobs.enumerated() {
            guard let bytes = try? Files.read(job.parameters, limit: 1 << 28) else { continue }
            guard let tokens = RecordedFields.tokens(in: bytes) else {
                unread.append(index)
                continue
            }
            for token in tokens { byToken[token, default: []].append(Int32(index)) }
        }
    }

    package var isEmpty: Bool { jobs.isEmpty }

    /// The job with the fewest differences; of equals the newest.
    ///
    /// Each plain parameter of the task itself that has another value makes one difference at least: where a
    /// job has more of those than the best one has differences, it is not compared.
    package func nearest(to task: RecordedTask) -> Nearest? {
        let tokens = task.tokens
        var least = [Int32](repeating: Int32(tokens.count), count: jobs.count)
        for token in tokens { for index in byToken[token] ?? [] { least[Int(index)] -= 1 } }
        for index in unread { least[index] = 0 }
        var byLeast = [[Int]](repeating: [], count: tokens.count + 1)
        for (index, count) in least.enumerated() { byLeast[max(0, Int(count))].append(index) }
        var best: (job: JobFolder, differences: [TaskDifference], count: Int, time: Int64)?
        for (least, indices) in byLeast.enumerated() {
            if let best, best.count < least { break }
            let done = indices.compactMap { index in
                Files.modified(jobs[index].done).map { (job: jobs[index], time: $0) }
            }
            for (job, time) in done.sorted(by: { $0.time > $1.time }) {
                // No older one can be better than the best that is possible here.
                if let best, best.count < least || best.count == least && best.time >= time { break }
                guard let old = try? RecordedTask.read(job.path) else { continue }
                let differences = task.differences(from: old)
                let count = differences.count { $0.note != .outsideIdentity }
                if best.map({ count < $0.count || count == $0.count && time > $0.time }) ?? true {
                    best = (job, differences, count, time)
                }
            }
        }
        return best.map { Nearest(folder: $0.job, differences: $0.differences) }
    }
}
