import Engine
import Model
import Settings
import Store
import Testing
import Text

@Suite("Plan", .timeLimit(.minutes(20)))
struct PlanTests {
    /// A plan under test, with jobs named by their numbers.
    private struct Bench {
        var plan: Plan
        var launched: [Int] = []
        /// The memory of each launch.
        var memories: [Int64?] = []
        var retried: [Int] = []
        var delays: [(Int, Double)] = []
        var withdrawn: [Int] = []
        var cancelled: [Int] = []
        var recorded: [Int] = []
        /// The jobs that were to be watched no longer.
        var left: [Int] = []
        var changed: [Int] = []
        /// How many held jobs were waited for, each time that it was said.
        var held: [Int] = []
        var watched: [Int] = []
        var statuses: [Int: JobStatus] = [:]
        var isFinished = false
        private var count = 0

        init(slots: Int, failsFast: Bool = false) { plan = Plan(slots: slots, failsFast: failsFast) }

        @discardableResult
        mutating func submit(
            needs: [Int] = [], claims: [Claim] = [], isDone: Bool = false, demand: JobDemand? = nil,
            retry: RetryPolicy = RetryPolicy(), priority: Int = 0, isHeld: Bool = false
        ) -> Int {
            let number = count
            count += 1
            let spec = JobSpec(
                number: JobNumber(number), identifier: Identifier(hashing: [UInt8(number & 255)]),
                taskID: "t",
                folder: JobFolder(path: "/j/\(number)", name: "t"), language: .sh,
                dependencies: needs.map(JobNumber.init), claims: claims, tags: "", demand: demand,
                retry: retry,
                priority: priority, isHeld: isHeld)
            apply(.submitted(spec, isDone: isDone))
            return number
        }

        mutating func succeed(_ number: Int) {
            apply(.launcher(.ended(JobNumber(number), Outcome(.done), elsewhere: false)))
        }
        mutating func fail(_ number: Int) {
            apply(.launcher(.ended(JobNumber(number), Outcome(.failed, exitCode: 1), elsewhere: false)))
        }

        mutating func end(_ number: Int, _ reason: Outcome.Reason, attempt: Int) {
            var outcome = Outcome(reason)
            outcome.attempt = attempt
            apply(.launcher(.ended(JobNumber(number), outcome, elsewhere: false)))
        }
        mutating func change(_ number: Int, _ change: JobChange) {
            apply(.changed(plan.spec(JobNumber(number)).key, change))
        }

        mutating func apply(_ event: Plan.Event) {
            for action in plan.apply(event) {
                switch action {
                case .launch(let number, let memory):
                    launched.append(number.index)
                    memories.append(memory)
                case .withdraw(let number): withdrawn.append(number.index)
                case .cancel(let number): cancelled.append(number.index)
                case .leave(let number): left.append(number.index)
                case .watch(let spec): watched.append(spec.index)
                case .record(let number, _): recorded.append(number.index)
                case .retry(let number, _): retried.append(number.index)
                case .delay(let number, let seconds): delays.append((number.index, seconds))
                case .report(let number, let status): statuses[number.index] = status
                case .changed(let number, _): changed.append(number.index)
                case .waitForRelease(let count): held.append(count)
                case .finish:
                    #expect(!isFinished)
                    isFinished = true
                }
            }
        }
    }

    @Test("a job that somebody wants to end is cancelled where it runs, and nothing else is done")
    func unwanted() {
        var bench = Bench(slots: 1)
        let first = bench.submit()
        let second = bench.submit()
        for number in [first, second] {
            bench.apply(.unwanted(bench.plan.spec(JobNumber(number)).key))
        }
        #expect(bench.cancelled == [first] && bench.launched == [first])
        bench.apply(.unwanted(JobKey(taskID: "no.such", identifier: "1")))
        #expect(bench.cancelled == [first] && bench.withdrawn.isEmpty)
    }

    @Test("an exit code of retry is tried again after a while that doubles; a drain fails those that wait")
    func delays() {
        let rule = RetryPolicy.Rule(.code(29), reason: "HTTP 429", most: 3, delay: 2)
        var bench = Bench(slots: 1)
        let first = bench.submit(retry: RetryPolicy(rules: [rule]))
        let second = bench.submit(retry: RetryPolicy(rules: [rule]))
        func fail(_ number: Int, _ code: Int32) {
            bench.apply(
                .launcher(.ended(JobNumber(number), Outcome(.failed, exitCode: code), elsewhere: false)))
        }
        fail(first, 29)
        // The slot is free meanwhile.
        #expect(bench.launched == [0, 1] && bench.delays.map(\.1) == [2] && bench.statuses[0] == .waiting)
        bench.apply(.due(JobNumber(first)))
        fail(second, 29)
        #expect(bench.launched == [0, 1, 0])
        fail(first, 29)
        bench.apply(.due(JobNumber(second)))
        fail(second, 3)
        #expect(bench.statuses[1] == .failed(Outcome(.failed, exitCode: 3)))
        bench.apply(.due(JobNumber(first)))
        fail(first, 29)
        #expect(bench.delays.map(\.1) == [2, 2, 4, 8])
        bench.apply(.drain)
        #expect(bench.statuses[0] == .failed(Outcome(.failed, exitCode: 29)))
        bench.apply(.closed)
        #expect(bench.isFinished)
    }

    @Test("what retry says of failures, time, memory and lost processes counts instead of max_retries")
    func retryRules() {
        let policy = RetryPolicy(
            most: 1, isResumable: true,
            rules: [
                .init(.failed, most: 2), .init(.code(3), most: 0), .init(.timeout, most: 4, delay: 1),
                .init(.lost, most: 0),
            ])
        func step(_ outcome: Outcome, _ retries: Int) -> RetryPolicy.Step {
            policy.step(after: outcome, demand: nil, memory: nil, retries: retries)
        }
        let failed = Outcome(.failed, exitCode: 9)
        let byDefault = [step(failed, 0), step(failed, 1), step(failed, 2)]
        #expect(byDefault == [.again(memory: nil, after: 1), .again(memory: nil, after: 2), .stop])
        #expect(step(Outcome(.failed, signal: 11), 0) == .again(memory: nil, after: 1))
        #expect(step(Outcome(.failed, exitCode: 3), 0) == .stop)
        #expect(
            step(Outcome(.timeout), 3) == .again(memory: nil, after: 8) && step(Outcome(.timeout), 4) == .stop
        )
        #expect(!policy.goesOn(afterLost: 1) && RetryPolicy(most: 1).goesOn(afterLost: 1))
        #expect(policy.attempt(after: failed) == failed.attempt + 1)
        for rule in policy.rules { #expect(RetryPolicy.Rule(rule.text) == rule) }
        #expect(RetryPolicy.Rule("faild 1 1.0") == nil)
    }

    @Test("jobs start in order, as many at once as there are slots")
    func slots() {
        var bench = Bench(slots: 2)
        for _ in 0..<4 { bench.submit() }
        #expect(bench.launched == [0, 1])
        bench.succeed(1)
        #expect(bench.launched == [0, 1, 2])
    }

    @Test(
        "a job that waits for what others hold is no running job, and does not begin once nothing more is launched"
    )
    func waitingLaunches() {
        var bench = Bench(slots: 2)
        for _ in 0..<3 { bench.submit() }
        bench.apply(.launcher(.queued(JobNumber(0), reason: "waits for token gpu")))
        #expect(bench.statuses[0] == .queued("waits for token gpu"))
        #expect(bench.statuses[0]?.name == "waiting")
        bench.apply(.launcher(.started(JobNumber(0))))
        #expect(bench.statuses[0] == .running)
        bench.apply(.launcher(.queued(JobNumber(1), reason: "waits for token gpu")))
        bench.apply(.drain)
        #expect(bench.withdrawn == [1])
        // It has begun meanwhile, and says so; then another word of it comes.
        bench.apply(.launcher(.queued(JobNumber(0), reason: "waits for token b")))
        #expect(bench.withdrawn == [1, 0])
        bench.apply(.launcher(.withdrawn(JobNumber(1))))
        bench.succeed(0)
        bench.apply(.closed)
        #expect(bench.statuses[0] == .done && bench.statuses[1] == .notRun && bench.statuses[2] == .notRun)
        #expect(bench.launched == [0, 1] && bench.isFinished)
    }

    @Test("jobs that claim one thing run one after the other, and let others pass")
    func claims() {
        var bench = Bench(slots: 3)
        for _ in 0..<3 { bench.submit(claims: [Claim("folder")]) }
        bench.submit()
        bench.submit(claims: [Claim("token", count: 2, of: 2)])
        bench.submit(claims: [Claim("token", count: 1, of: 2)])
        #expect(bench.launched == [0, 3, 4])
        bench.succeed(0)
        #expect(bench.launched == [0, 3, 4, 1])
        bench.succeed(3)
        #expect(bench.launched == [0, 3, 4, 1])
        bench.succeed(4)
        #expect(bench.launched == [0, 3, 4, 1, 5])
        bench.fail(1)
        #expect(bench.launched == [0, 3, 4, 1, 5, 2])
    }

    @Test("the greater priority starts first, among equals the earlier; a change counts for what waits")
    func priority() {
        var bench = Bench(slots: 1)
        for priority in [0, 0, 5, 0, 5] { bench.submit(priority: priority) }
        bench.change(3, .priority(9))
        bench.change(0, .priority(-1))
        for number in [0, 3, 2, 4] { bench.succeed(number) }
        #expect(bench.launched == [0, 3, 2, 4, 1])
    }

    @Test("a held job that somebody else has done is done; what needs it starts")
    func doneElsewhere() {
        var bench = Bench(slots: 1)
        let held = bench.submit(isHeld: true)
        let child = bench.submit(needs: [held])
        #expect(bench.watched == [held])
        bench.apply(.launcher(.doneElsewhere(JobNumber(held))))
        #expect(bench.statuses[held] == .cached && bench.launched == [child])
        // It is done already, or runs here.
        bench.apply(.launcher(.doneElsewhere(JobNumber(held))))
        bench.apply(.launcher(.doneElsewhere(JobNumber(child))))
        #expect(bench.statuses[child] == .running)
        // One that was let go, and has not started.
        let released = bench.submit(isHeld: true)
        bench.change(released, .release)
        bench.apply(.launcher(.doneElsewhere(JobNumber(released))))
        bench.succeed(child)
        bench.apply(.closed)
        #expect(bench.launched == [child] && bench.isFinished)
    }

    @Test("a job that waits for what another run holds makes way for one of a greater priority that needs it")
    func overtaking() {
        var bench = Bench(slots: 4)
        let token = [Claim("/w/tokens/a")]
        bench.submit(claims: token, priority: 1)
        bench.apply(.launcher(.queued(JobNumber(0), reason: "waits for token a")))
        bench.submit(claims: [Claim("/w/tokens/b")], priority: 9)
        bench.submit(claims: token, priority: 1)
        #expect(bench.withdrawn == [])
        bench.submit(claims: token, priority: 2)
        bench.submit(claims: token, priority: 3)
        #expect(bench.withdrawn == [0])
        bench.apply(.launcher(.withdrawn(JobNumber(0))))
        #expect(bench.launched == [0, 1, 4])
        bench.succeed(4)
        bench.succeed(3)
        #expect(bench.launched == [0, 1, 4, 3, 0])
        bench.change(2, .priority(5))
        #expect(bench.withdrawn == [0])
    }

    @Test("a job that waits for what others hold can be held, and find another place")
    func heldInQueue() {
        var bench = Bench(slots: 2)
        for _ in 0..<3 { bench.submit() }
        for number in 0..<2 {
            bench.apply(.launcher(.queued(JobNumber(number), reason: "waits for token a")))
        }
        bench.change(0, .hold)
        bench.change(1, .priority(-1))
        #expect(bench.withdrawn == [0, 1])
        bench.apply(.launcher(.withdrawn(JobNumber(0))))
        #expect(bench.statuses[0] == .held && bench.launched == [0, 1, 2])
        bench.apply(.launcher(.withdrawn(JobNumber(1))))
        #expect(bench.launched == [0, 1, 2, 1])
        bench.change(0, .release)
        bench.succeed(2)
        #expect(bench.launched == [0, 1, 2, 1, 0])
    }

    @Test("a held job waits until it is let go, and the run with it")
    func held() {
        var bench = Bench(slots: 2)
        let held = bench.submit(isHeld: true)
        let child = bench.submit(needs: [held])
        let other = bench.submit()
        bench.apply(.scriptEnded)
        bench.apply(.closed)
        #expect(bench.launched == [other] && bench.statuses[held] == .held && bench.held == [])
        bench.succeed(other)
        #expect(!bench.isFinished && bench.held == [1])
        bench.change(child, .hold)
        #expect(bench.held == [1])
        bench.change(held, .release)
        bench.succeed(held)
        #expect(bench.launched == [other, held] && bench.statuses[child] == .held && bench.held == [1, 1])
        bench.change(child, .release)
        bench.succeed(child)
        #expect(bench.isFinished && bench.statuses[child] == .done)
        #expect(bench.changed == [child, held, child])
    }

    @Test("holding or moving a job that was to have something lets the next one have it")
    func heldWaiter() {
        var cores = JobDemand()
        cores.cores = 2
        for change in [JobChange.hold, .priority(-5)] {
            var bench = Bench(slots: 2)
            let first = bench.submit(claims: [Claim("token")])
            let other = bench.submit()
            let waiter = bench.submit(claims: [Claim("token")])
            let last = bench.submit(claims: [Claim("token")])
            let big = bench.submit(demand: cores, priority: 5)
            bench.succeed(first)
            bench.change(waiter, change)
            bench.change(waiter, .release)
            bench.succeed(other)
            bench.succeed(big)
            for _ in 0..<2 { bench.succeed(bench.launched.last ?? 0) }
            #expect(Set(bench.launched) == [first, other, big, last, waiter], "\(bench.launched)")
        }
    }

    @Test("what is wanted of a job before it comes counts when it comes, and nothing of one that runs")
    func early() {
        var bench = Bench(slots: 1)
        bench.apply(.changed(JobKey(taskID: "t", identifier: Identifier(hashing: [1]).hex), .hold))
        bench.submit()
        #expect(bench.launched == [0])
        bench.submit()
        #expect(bench.statuses[1] == .held)
        bench.change(0, .hold)
        #expect(bench.statuses[0] == .running)
        bench.apply(.drain)
        bench.succeed(0)
        #expect(bench.statuses[1] == .notRun)
    }

    @Test("a job takes as many slots as it needs cores; the first that waits for many is not overtaken")
    func cores() {
        var bench = Bench(slots: 4)
        var three = JobDemand()
        three.cores = 3
        var nine = JobDemand()
        nine.cores = 9
        bench.submit()
        bench.submit()
        bench.submit(demand: three)
        bench.submit()
        bench.submit(demand: nine)
        #expect(bench.launched == [0, 1])
        bench.succeed(0)
        #expect(bench.launched == [0, 1, 2])
        bench.succeed(1)
        #expect(bench.launched == [0, 1, 2, 3])
        bench.succeed(2)
        #expect(bench.launched.count == 4)
        bench.succeed(3)
        // More than there are: all of them.
        #expect(bench.launched.last == 4)
    }

    @Test("memory is counted; a claim is not overtaken by smaller ones that come later")
    func memory() {
        var bench = Bench(slots: 8)
        func memory(_ giga: Int64) -> JobDemand {
            var demand = JobDemand()
            demand.memory = giga << 30
            demand.memoryCapacity = 10 << 30
            return demand
        }
        bench.submit(demand: memory(6))
        bench.submit(demand: memory(6))
        bench.submit(demand: memory(2))
        bench.submit()
        #expect(bench.launched == [0, 3])
        bench.succeed(0)
        #expect(bench.launched == [0, 3, 1, 2])
    }

    @Test("retries: by time where a task goes on, by memory as far as it may grow, by a bug never")
    func retries() {
        var bench = Bench(slots: 1)
        let resumable = bench.submit(retry: RetryPolicy(most: 2, isResumable: true))
        for attempt in 1...2 { bench.end(resumable, .timeout, attempt: attempt) }
        #expect(bench.launched == [0, 0, 0] && bench.retried == [0, 0])
        bench.end(resumable, .timeout, attempt: 3)
        #expect(bench.statuses[resumable]?.name == "failed")

        var demand = JobDemand()
        (demand.memory, demand.mostMemory, demand.memoryCapacity) = (4 << 30, 10 << 30, 16 << 30)
        let greedy = bench.submit(demand: demand)
        for attempt in 1...2 { bench.end(greedy, .memory, attempt: attempt) }
        #expect(bench.memories.suffix(3) == [4 << 30, 8 << 30, 10 << 30])
        bench.end(greedy, .memory, attempt: 3)
        #expect(bench.statuses[greedy]?.name == "failed")

        let plain = bench.submit()
        bench.end(plain, .timeout, attempt: 1)
        let buggy = bench.submit(retry: RetryPolicy(most: 5, isResumable: true))
        bench.fail(buggy)
        #expect(bench.statuses[plain]?.name == "failed" && bench.statuses[buggy]?.name == "failed")
        #expect(bench.launched.count == 8)
    }

    @Test("attempts are counted on where a job goes on or gets more memory, whatever max_retries is")
    func attempts() {
        var outcome = Outcome(.timeout)
        outcome.attempt = 3
        #expect(RetryPolicy(most: 2, isResumable: true).attempt(after: outcome) == 4)
        #expect(RetryPolicy(most: 2).attempt(after: outcome) == 4)
        outcome.reason = .failed
        #expect(RetryPolicy(isResumable: true).attempt(after: outcome) == 4)
        #expect(RetryPolicy().attempt(after: outcome) == 1 && RetryPolicy().attempt(after: nil) == 1)
    }

    @Test("a job waits for what it needs")
    func dependency() {
        var bench = Bench(slots: 4)
        let first = bench.submit()
        let second = bench.submit(needs: [first])
        #expect(bench.statuses[second] == .waiting)
        bench.succeed(first)
        #expect(bench.launched == [first, second])
    }

    @Test("what is done already is not run, and counts for those that need it")
    func cached() {
        var bench = Bench(slots: 1)
        let first = bench.submit(isDone: true)
        let second = bench.submit(needs: [first])
        #expect(bench.launched == [second])
        #expect(bench.statuses[first] == .cached)
    }

    @Test("a failed dependency blocks all that depends on it, and the rest goes on")
    func failure() {
        var bench = Bench(slots: 1)
        let bad = bench.submit()
        let child = bench.submit(needs: [bad])
        let grandchild = bench.submit(needs: [child])
        let other = bench.submit()
        bench.apply(.closed)
        bench.fail(bad)
        #expect(bench.statuses[child] == .blocked(by: JobNumber(bad)))
        #expect(bench.statuses[grandchild] == .blocked(by: JobNumber(bad)))
        #expect(bench.launched == [bad, other])
        let late = bench.submit(needs: [grandchild])
        #expect(bench.statuses[late] == .blocked(by: JobNumber(bad)))
        bench.succeed(other)
        #expect(bench.isFinished)
    }

    @Test("--fail-fast launches nothing after the first failure, and waits for what runs")
    func failFast() {
        var bench = Bench(slots: 2, failsFast: true)
        for _ in 0..<4 { bench.submit() }
        bench.apply(.closed)
        bench.fail(0)
        #expect(bench.launched == [0, 1] && !bench.isFinished)
        bench.succeed(1)
        #expect(bench.isFinished && bench.statuses[2] == .notRun && bench.statuses[1] == .done)
    }

    @Test("a drain lets the running jobs end; later submissions are not run")
    func drain() {
        var bench = Bench(slots: 1)
        let running = bench.submit()
        let waiting = bench.submit()
        bench.apply(.drain)
        bench.succeed(running)
        #expect(bench.statuses[waiting] == .notRun && !bench.isFinished)
        let late = bench.submit()
        #expect(bench.statuses[late] == .notRun)
        #expect(bench.statuses[bench.submit(needs: [late])] == .notRun)
        bench.apply(.closed)
        #expect(bench.isFinished && bench.launched == [running])
    }

    @Test("a job that another process runs takes no slot; if that one vanishes, it runs here")
    func adoption() {
        var bench = Bench(slots: 1)
        let shared = bench.submit()
        bench.apply(.launcher(.adopted(JobNumber(shared), isOurs: false)))
        let own = bench.submit()
        #expect(bench.launched == [shared, own])
        bench.apply(.launcher(.vanished(JobNumber(shared))))
        #expect(bench.launched == [shared, own])
        bench.succeed(own)
        #expect(bench.launched == [shared, own, shared])
        bench.apply(.closed)
        bench.succeed(shared)
        #expect(bench.isFinished)
    }

    @Test("a job that a killed run has left has its slot, until it ends or vanishes")
    func inheritance() {
        var bench = Bench(slots: 1)
        let left = bench.submit()
        bench.apply(.launcher(.adopted(JobNumber(left), isOurs: true)))
        let own = bench.submit()
        #expect(bench.launched == [left])
        bench.apply(.launcher(.vanished(JobNumber(left))))
        bench.succeed(bench.launched[1])
        bench.succeed(bench.launched[2])
        bench.apply(.closed)
        #expect(bench.launched.count == 3 && bench.launched.contains(own) && bench.isFinished)
    }

    @Test("a drain leaves what another process runs to that one")
    func leaving() {
        var bench = Bench(slots: 1)
        let shared = bench.submit()
        bench.apply(.launcher(.adopted(JobNumber(shared), isOurs: false)))
        let own = bench.submit()
        bench.apply(.closed)
        bench.apply(.drain)
        #expect(bench.left == [shared])
        bench.apply(.launcher(.released(JobNumber(shared), holder: "process 1 of ana on gpu1")))
        #expect(bench.statuses[shared] == .notRun && !bench.isFinished)
        bench.succeed(own)
        #expect(bench.isFinished)
    }

    @Test("a job whose process vanishes again and again is given up, and what needs it is blocked")
    func lost() {
        var bench = Bench(slots: 1)
        let job = bench.submit()
        let child = bench.submit(needs: [job])
        bench.apply(.closed)
        for _ in 0..<3 { bench.apply(.launcher(.vanished(JobNumber(job)))) }
        #expect(bench.launched == [job, job, job])
        #expect(bench.statuses[job] == .failed(Outcome(.lost, message: "its process was killed 3 times")))
        #expect(bench.recorded == [job])
        #expect(bench.statuses[child] == .blocked(by: JobNumber(job)) && bench.isFinished)
    }

    @Test("an outcome that comes twice is taken once")
    func twice() {
        var bench = Bench(slots: 1)
        let job = bench.submit()
        bench.succeed(job)
        bench.fail(job)
        #expect(bench.statuses[job] == .done)
    }

    @Test("an empty plan is over when its script is")
    func empty() {
        var bench = Bench(slots: 1)
        #expect(!bench.isFinished)
        bench.apply(.closed)
        #expect(bench.isFinished)
    }

    @Test("random plans: each job is launched once, after what it needs, within the slots", arguments: 0..<50)
    func random(_ seed: UInt64) {
        var generator = SplitMix(seed: seed)
        let slots = Int.random(in: 1...5, using: &generator)
        var bench = Bench(slots: slots)
        var needs: [Int: [Int]] = [:]
        // Three resources, of which there are one, two and four.
        var claims: [Int: [Claim]] = [:]
        var running: Set<Int> = []
        var ended: [Int: Bool] = [:]
        var started = 0
        func startNew() {
            while started < bench.launched.count {
                let job = bench.launched[started]
                #expect(needs[job, default: []].allSatisfy { ended[$0] == true })
                #expect(running.insert(job).inserted && ended[job] == nil)
                started += 1
            }
            #expect(running.count <= slots)
            for capacity in [1, 2, 4] {
                let taken = running.flatMap { claims[$0, default: []] }.filter { $0.capacity == capacity }
                #expect(taken.reduce(0) { $0 + $1.count } <= capacity)
            }
        }
        for number in 0..<200 {
            let some =
                number == 0
                ? []
                : (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                    Int.random(in: 0..<number, using: &generator)
                }
            needs[number] = Array(Set(some))
            claims[number] = [1, 2, 4].filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }.map {
                Claim("r\($0)", count: Int.random(in: 1...$0, using: &generator), of: $0)
            }
            bench.submit(needs: needs[number] ?? [], claims: claims[number] ?? [])
            startNew()
            if let job = running.sorted().randomElement(using: &generator), Bool.random(using: &generator) {
                let isGood = Int.random(in: 0..<10, using: &generator) > 0
                ended[job] = isGood
                running.remove(job)
                if isGood { bench.succeed(job) } else { bench.fail(job) }
                startNew()
            }
        }
        bench.apply(.closed)
        while let job = running.min() {
            ended[job] = true
            running.remove(job)
            bench.succeed(job)
            startNew()
        }
        #expect(bench.isFinished)
        #expect(Set(bench.launched).count == bench.launched.count)
        for number in 0..<200 where ended[number] == nil {
            if case .blocked = bench.statuses[number] { continue }
            Issue.record("job \(number) is \(String(describing: bench.statuses[number]))")
        }
    }
}
