import Synchronization
import System
import Testing
import Text

@Suite("Work on several threads", .timeLimit(.minutes(20)))
struct ParallelTests {
    @Test("the results come in the order of what they are of, each made once, however many there are")
    func order() {
        for count in Array(0..<40) + [127, 128, 129, 1000, 5000] {
            let calls = Mutex(0)
            let results = Parallel.map(count) { number in
                calls.withLock { $0 += 1 }
                return number * number
            }
            #expect(results == (0..<count).map { $0 * $0 })
            #expect(calls.withLock { $0 } == count)
        }
        // No thread is at it any more, or holds what it was given.
        for round in 0..<3000 {
            let word = "round \(round)"
            #expect(Parallel.map([1, 2, 3]) { "\(word) \($0)" } == ["\(word) 1", "\(word) 2", "\(word) 3"])
        }
    }
}
