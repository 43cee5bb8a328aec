import Store
import Testing
import Text

@Suite("Retry policy", .timeLimit(.minutes(20)))
struct RetryPolicyTests {
    @Test("a resumable task goes on ten times after its time is over, or as often as max_retries says")
    func timeouts() {
        func steps(_ policy: RetryPolicy) -> Int {
            (0...).first {
                policy.step(after: Outcome(.timeout), demand: nil, memory: nil, retries: $0) == .stop
            } ?? -1
        }
        #expect(steps(RetryPolicy(isResumable: true)) == 10)
        #expect(steps(RetryPolicy(most: 3, isResumable: true)) == 3)
        #expect(steps(RetryPolicy(most: 0, isResumable: true)) == 0)
        #expect(steps(RetryPolicy()) == 0)
    }

    @Test("what was killed for its memory gets twice as much, up to the most, and then fails")
    func memory() {
        var demand = JobDemand()
        demand.mostMemory = 3000
        func next(_ memory: Int64, retries: Int = 0, most: Int? = nil) -> RetryPolicy.Step {
            RetryPolicy(most: most).step(
                after: Outcome(.memory), demand: demand, memory: memory, retries: retries)
        }
        #expect(next(1000) == .again(memory: 2000))
        #expect(next(1500) == .again(memory: 3000))
        #expect(next(1501) == .again(memory: 3000))
        #expect(next(3000) == .stop)
        #expect(next(1000, retries: 2, most: 2) == .stop)
        #expect(next(1000, retries: 1, most: 2) == .again(memory: 2000))
        demand.mostMemory = nil
        #expect(next(1000) == .stop)
    }

    @Test("a process that vanishes is followed by two more attempts, or by as many as max_retries says")
    func lost() {
        #expect((1...4).map { RetryPolicy().goesOn(afterLost: $0) } == [true, true, false, false])
        #expect((1...2).map { RetryPolicy(most: 0).goesOn(afterLost: $0) } == [false, false])
        #expect((1...2).map { RetryPolicy(most: 1).goesOn(afterLost: $0) } == [true, false])
    }

    @Test("other failures are not tried again", arguments: [Outcome.Reason.failed, .launch, .lost, .done])
    func others(_ reason: Outcome.Reason) {
        let policy = RetryPolicy(most: 5, isResumable: true)
        #expect(policy.step(after: Outcome(reason), demand: JobDemand(), memory: 1, retries: 0) == .stop)
    }

    @Test("the number of an attempt counts on where the job goes on, and begins anew elsewhere")
    func attempts() {
        func outcome(_ reason: Outcome.Reason, _ attempt: Int) -> Outcome {
            var outcome = Outcome(reason)
            outcome.attempt = attempt
            return outcome
        }
        #expect(RetryPolicy().attempt(after: nil) == 1)
        #expect(RetryPolicy().attempt(after: outcome(.failed, 4)) == 1)
        #expect(RetryPolicy().attempt(after: outcome(.memory, 4)) == 5)
        #expect(RetryPolicy(isResumable: true).attempt(after: outcome(.failed, 4)) == 5)
    }
}
