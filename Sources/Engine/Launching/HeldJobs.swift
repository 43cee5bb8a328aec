import Text

/// The jobs that are held here, which others may run.
///
/// A look costs the same however many there are.
struct HeldJobs {
    private var jobs: [JobSpec] = []
    private var numbers: Set<Int> = []
    private var next = 0
    private static let mostAtOnce = 256

    var isEmpty: Bool { jobs.isEmpty }

    mutating func add(_ job: JobSpec) {
        if numbers.insert(job.number.index).inserted { jobs.append(job) }
    }

    /// It is held no longer; it leaves the list when its turn comes.
    mutating func remove(_ number: JobNumber) { numbers.remove(number.index) }

    /// Those whose turn it is.
    mutating func some() -> [JobSpec] {
        var found: [JobSpec] = []
        for _ in 0..<min(Self.mostAtOnce, jobs.count) {
            if next >= jobs.count { next = 0 }
            if numbers.contains(jobs[next].number.index) {
                found.append(jobs[next])
                next += 1
            } else {
                jobs.swapAt(next, jobs.count - 1)
                jobs.removeLast()
            }
        }
        return found
    }
}
