import Engine
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
    func secondsLeft() throws {
        var progress = RunProgress()
        let jobs = (0..<6).map { spec($0, $0 < 4 ? "a.slow" : "a.fast") }
        for job in jobs { progress.submitted(job) }
        #expect(progress.secondsLeft(at: 0) == nil && progress.counts.waiting == 6)
        progress.move(jobs[0], to: .running, at: 0)
        progress.move(jobs[1], to: .running, at: 0)
        progress.move(jobs[0], to: .done, at: 10)
        progress.move(jobs[2], to: .running, at: 10)
        // One waits for 10 s, two more of the other kind for as long, and one has just begun; two at a time.
        #expect(progress.secondsLeft(at: 10) == 20)
        #expect(progress.secondsLeft(at: 14) == 18)
        var last = Double.infinity
        for now in stride(from: 10.0, to: 40, by: 0.5) {
            let left = try #require(progress.secondsLeft(at: now))
            #expect(left <= last)
            last = left
        }
        progress.move(jobs[4], to: .running, at: 20)
        progress.move(jobs[4], to: .done, at: 21)
        // Its kind takes a second.
        #expect(progress.secondsLeft(at: 30) == (10 + 1) / 2.0)
        progress.move(jobs[3], to: .held, at: 30)
        #expect(progress.secondsLeft(at: 30) == 0.5 && progress.counts.held == 1)
        #expect(progress.counts.running == 2 && progress.counts.done == 2)
    }
}
