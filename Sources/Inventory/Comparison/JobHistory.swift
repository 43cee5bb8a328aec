package import Store
import System
import Text

/// The finished jobs of one type, to find the one that a new job is most like.
package final class JobHistory {
    private let count: Int
    private let folder: (Int) -> JobFolder
    /// Which jobs have a value of a parameter, by its token.
    private var byToken: [UInt64: [Int32]] = [:]
    /// Those of which only a comparison can tell anything.
    private var unread: [Int32] = []
    /// When each was done, in nanoseconds since 1970, where it was asked: nil in it where it is not.
    private var times: [Int64??]
    /// How many values each has of the task that is looked for; 0 between two searches.
    private var shared: [Int32]

    /// An earlier job, and what a new one has different.
    package struct Nearest {
        package let folder: JobFolder
        package let differences: [TaskDifference]
    }

    /// Of the folders of a type. Reads the parameters of each.
    ///
    /// - Parameters:
    ///   - key: the type's.
    ///   - counts: which identifiers count.
    package convenience init(
        of key: String, name: String, in workspace: Workspace, where counts: (String) -> Bool
    ) {
        let folder = "\(workspace.jobs)/\(key)"
        let jobs = ((try? Files.list(folder)) ?? []).filter(counts).map {
            JobFolder(path: "\(folder)/\($0)", name: name)
        }
        let tokens = Parallel.map(jobs) { job -> [UInt64]?? in
            guard let bytes = try? Files.readSmall(job.parameters, limit: 1 << 28) else { return .some([]) }
            return RecordedFields.tokens(in: bytes)
        }
        self.init(count: jobs.count, folder: { jobs[$0] }, tokens: { tokens[$0] ?? nil })
    }

    /// Of jobs whose plain parameters are known.
    ///
    /// - Parameters:
    ///   - folder: that of a job, by its number.
    ///   - tokens: of a job a number for each plain parameter that counts and its value; nil where only a comparison
    ///     can tell.
    package init(count: Int, folder: @escaping (Int) -> JobFolder, tokens: (Int) -> [UInt64]?) {
        self.count = count
        self.folder = folder
        times = Array(repeating: .none, count: count)
        shared = Array(repeating: 0, count: count)
        for index in 0..<count {
            guard let tokens = tokens(index) else {
                unread.append(Int32(index))
                continue
            }
            for token in tokens { byToken[token, default: []].append(Int32(index)) }
        }
    }

    package var isEmpty: Bool { count == 0 }

    /// The job with the fewest differences, of which a task that it comes from is one; of equals the one with more
    /// values in common, and of those the newest.
    ///
    /// Each plain parameter of the task itself that has another value makes one difference at least: where a
    /// job has more of those than the best one has differences, it is not compared.
    ///
    /// - Parameters:
    ///   - tokens: of the task, as those of the jobs are; nil for what `RecordedTask` has.
    ///   - files: what tasks come from.
    package func nearest(
        to task: RecordedTask, tokens: [UInt64]? = nil, files: AncestorFiles = AncestorFiles()
    ) -> Nearest? {
        let tokens = tokens ?? task.tokens
        var best = Best()
        for (least, indices) in byLeast(tokens).enumerated() {
            if best.suffices(least) { break }
            compare(indices, task, least, &best)
        }
        if !best.suffices(tokens.count), !tokens.isEmpty {
            // Those that have nothing in common with it.
            let others = touched(by: tokens)
            let rest = (0..<Int32(count)).filter { !others.contains($0) }
            compare(rest, task, tokens.count, &best)
        }
        guard let folder = best.job, let old = best.task else { return nil }
        return Nearest(folder: folder, differences: task.differences(from: old, files: files))
    }

    private struct Best {
        var job: JobFolder?
        var task: RecordedTask?
        var count = Int.max
        var time = Int64.min

        /// Whether one with so many differences, which has fewer values in common, is no better.
        func suffices(_ least: Int) -> Bool { job != nil && count <= least }
    }

    /// The jobs that have a value in common with a task, by how many differences they have at least.
    private func byLeast(_ tokens: [UInt64]) -> [[Int32]] {
        var touched: [Int32] = []
        for token in tokens {
            for index in byToken[token] ?? [] {
                if shared[Int(index)] == 0 { touched.append(index) }
                shared[Int(index)] += 1
            }
        }
        var groups = [[Int32]](repeating: [], count: tokens.count + 1)
        for index in touched {
            groups[max(0, tokens.count - Int(shared[Int(index)]))].append(index)
            shared[Int(index)] = 0
        }
        groups[0] += unread
        // Without a plain parameter nothing tells them apart.
        if tokens.isEmpty { groups[0] = Array(0..<Int32(count)) }
        return groups
    }

    private func touched(by tokens: [UInt64]) -> Set<Int32> {
        Set(unread).union(tokens.flatMap { byToken[$0] ?? [] })
    }

    /// Compares some jobs that have so many differences at least, the newest first.
    private func compare(_ indices: [Int32], _ task: RecordedTask, _ least: Int, _ best: inout Best) {
        readTimes(of: indices)
        var left = indices.filter { (times[Int($0)] ?? nil) != nil }
        func time(_ index: Int32) -> Int64 { (times[Int(index)] ?? nil) ?? .min }
        var looked = 0
        while !left.isEmpty {
            // Mostly the newest has the fewest possible.
            if looked == 4 { left.sort { time($0) < time($1) } }
            let place =
                looked < 4
                ? left.indices.max { time(left[$0]) < time(left[$1]) } ?? 0 : left.count - 1
            looked += 1
            let index = left[place]
            left.swapAt(place, left.count - 1)
            left.removeLast()
            // No older one can be better than the best that is possible here.
            if best.count == least, best.time >= time(index) { return }
            let job = folder(Int(index))
            guard let old = try? RecordedTask.read(job.path) else { continue }
            let count = task.distance(from: old)
            if count < best.count || count == best.count && time(index) > best.time {
                best = Best(job: job, task: old, count: count, time: time(index))
            }
        }
    }

    private func readTimes(of indices: [Int32]) {
        let missing = indices.filter { times[Int($0)] == nil }
        let found = Parallel.map(missing.map { folder(Int($0)).done }) { Files.modified($0) }
        for (index, time) in zip(missing, found) { times[Int(index)] = .some(time) }
    }
}
