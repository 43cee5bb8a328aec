import Engine
import Inventory
import Model
import Store
import Testing

@Suite("Progress of a run", .timeLimit(.minutes(20)))
struct RunProgressTests {
    private func spec(_ number: Int, _ task: String) -> JobSpec {
        JobSpec(
            number: JobNumber(number), identifier: Identifier(hashing: [UInt8(number)]), taskID: task,
            folder: JobFolder(path: "/nowhere/\(number)", name: "t"), language: .sh, dependencies: [],
            tags: "")
    }

    @Test("the time left knows how long running jobs have run, and never rises while nothing happens")
    func timeLeft() throws {
        var progress = RunProgress()
        let jobs = (0..<6).map { spec($0, $0 < 4 ? "a.slow" : "a.fast") }
        for job in jobs { progress.submitted(job) }
        #expect(progress.timeLeft(at: 0) == nil && progress.counts.waiting == 6)
        progress.move(jobs[0], to: .running, at: 0)
        progress.move(jobs[1], to: .running, at: 0)
        progress.move(jobs[0], to: .done, at: 10)
        progress.move(jobs[2], to: .running, at: 10)
        // One waits for 10 s, two more of the other kind for as long, and one has just begun; two at a time.
        #expect(progress.timeLeft(at: 10)?.middle == 20)
        #expect(progress.timeLeft(at: 14)?.middle == 18)
        var last = Double.infinity
        for now in stride(from: 10.0, to: 40, by: 0.5) {
            let left = try #require(progress.timeLeft(at: now)?.middle)
            #expect(left <= last)
            last = left
        }
        progress.move(jobs[4], to: .running, at: 20)
        progress.move(jobs[4], to: .done, at: 21)
        // Its kind takes a second, and one of the other ten.
        #expect(progress.timeLeft(at: 30)?.middle == 10)
        progress.move(jobs[3], to: .held, at: 30)
        #expect(progress.timeLeft(at: 30)?.middle == 1 && progress.counts.held == 1)
        #expect(progress.counts.running == 2 && progress.counts.done == 2)
    }

    /// A run of two types of unlike length, so many at a time, the first type first.
    ///
    /// - Returns: its length, and the estimate at 20 % of it.
    private func simulate(
        earlier: TaskDurations, slots: Int, _ random: inout some RandomNumberGenerator
    ) -> (length: Double, left: TimeLeft?, durations: TaskDurations) {
        let jobs = (0..<60).map { spec($0, $0 < 40 ? "a.short" : "a.long") }
        let seconds = jobs.map {
            ($0.taskID == "a.short" ? 1 : 20) * Double.random(in: 0.7...1.3, using: &random)
        }
        // When each begins and ends.
        var free = [Double](repeating: 0, count: slots)
        var times: [(begin: Double, end: Double)] = []
        for job in jobs.indices {
            let slot = free.indices.min { free[$0] < free[$1] } ?? 0
            times.append((free[slot], free[slot] + seconds[job]))
            free[slot] += seconds[job]
        }
        let length = free.max() ?? 0
        var progress = RunProgress()
        progress.earlier = earlier
        for job in jobs { progress.submitted(job) }
        let now = length / 5
        var durations = TaskDurations()
        for (index, job) in jobs.enumerated() {
            durations.add(seconds[index], of: job.taskID)
            if times[index].begin <= now { progress.move(job, to: .running, at: times[index].begin) }
            if times[index].end <= now { progress.move(job, to: .done, at: times[index].end) }
        }
        return (length, progress.timeLeft(at: now), durations)
    }

    @Test(
        "at a fifth of a second run with two types of unlike length the estimate is within 1.5, and mostly in its range"
    )
    func secondRun() throws {
        var random = SystemRandomNumberGenerator()
        var ratios: [Double] = []
        var inRange = 0
        for slots in [1, 2, 4, 8] {
            for _ in 0..<25 {
                let first = simulate(earlier: TaskDurations(), slots: slots, &random)
                let (length, left, _) = simulate(earlier: first.durations, slots: slots, &random)
                let estimate = try #require(left)
                let truth = length * 0.8
                ratios.append(max(estimate.middle / truth, truth / estimate.middle))
                if estimate.least * 0.9 <= truth, truth <= estimate.most * 1.1 { inRange += 1 }
            }
        }
        ratios.sort()
        #expect(ratios[ratios.count / 2] <= 1.2 && ratios[ratios.count * 9 / 10] <= 1.5, "\(ratios)")
        #expect(inRange >= ratios.count / 2, "\(inRange)")
    }

    @Test("a range is told as one, and a narrow one as a time")
    func text() {
        var known = TaskDurations.Spread()
        for seconds in [60.0, 61, 59] { known.add(seconds) }
        #expect(TimeLeft([.init(known: known, waiting: 3, running: [0])])?.text == "4 min 00 s left")
        var wide = TaskDurations.Spread()
        for seconds in [10.0, 110] { wide.add(seconds) }
        #expect(TimeLeft([.init(known: wide, waiting: 3, running: [0])])?.text.contains(" to ") == true)
        #expect(TimeLeft([.init(known: TaskDurations.Spread(), waiting: 3, running: [])]) == nil)
        wide.add(.nan)
        wide.add(-1)
        #expect(wide.count == 2)
    }
}
