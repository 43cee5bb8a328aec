/// Which job runs when: pure, events in, actions out.
///
/// An event costs as much as the jobs it concerns: those that depend on the one that ended. Jobs start in the order in
/// which they became ready. What depends on a failed job is blocked, the rest goes on.
package struct Plan: Sendable {
    package enum Event: Sendable {
        /// A job and what its folder says. Its dependencies have been submitted before.
        case submitted(JobSpec, isDone: Bool)
        /// Several jobs that are done, in the order of their submission: one event, so that the scheduler wakes up once.
        case cached([JobSpec])
        /// Another process runs it: no slot of ours is used.
        case adopted(JobNumber)
        /// An attempt ended. `elsewhere` is one that this run did not start.
        case ended(JobNumber, Outcome, elsewhere: Bool)
        /// The process that ran it vanished without an outcome, and was not of this run: it has to run again.
        case abandoned(JobNumber)
        /// The script's `run` has returned. Callbacks may submit more.
        case scriptEnded
        /// Nothing more is submitted.
        case closed
        /// Nothing more is launched.
        case drain
    }

    package enum Action: Sendable, Equatable {
        case launch(JobNumber)
        case report(JobNumber, JobStatus)
        /// The run is over. The last action.
        case finish
    }

    private struct Entry {
        let spec: JobSpec
        var status: JobStatus
        /// How many dependencies are not done.
        var unfinished = 0
        var dependents: [JobNumber] = []
        var holdsSlot = false
        /// How many attempts vanished without an outcome.
        var lost = 0
    }

    /// Jobs that wait for one resource, in order.
    private struct Parked {
        var jobs: [JobNumber] = []
        var next = 0
    }

    /// A job whose process vanishes so often is given up: it may be what kills it.
    private static let mostLost = 3

    private var entries: [Entry] = []
    /// What is taken of each resource by running jobs.
    private var taken: [String: Int] = [:]
    /// Ready jobs that wait for a resource.
    private var parked: [String: Parked] = [:]
    /// Ready jobs from `next` on.
    private var queue: [JobNumber] = []
    private var next = 0
    private var slotsLeft: Int
    private let failsFast: Bool
    private var isDraining = false
    private var isClosed = false
    private var hasFinished = false
    /// Whether the jobs that were not launched before a drain are settled.
    private var isDrained = false
    /// How many jobs are not final, and how many of those run.
    private var open = 0
    private var running = 0

    /// - Parameters:
    ///   - slots: how many jobs may run at once; at least 1.
    ///   - failsFast: whether the first failure ends the launching.
    package init(slots: Int, failsFast: Bool = false) {
        slotsLeft = max(1, slots)
        self.failsFast = failsFast
    }

    package func spec(_ number: JobNumber) -> JobSpec { entries[number.index].spec }

    package func status(_ number: JobNumber) -> JobStatus { entries[number.index].status }

    package var count: Int { entries.count }

    /// Takes an event and says what is to be done.
    package mutating func apply(_ event: Event) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .submitted(let spec, let isDone): submit(spec, isDone, &actions)
        case .cached(let specs): for spec in specs { submit(spec, true, &actions) }
        case .adopted(let number):
            giveBackSlot(of: number)
        case .ended(let number, let outcome, let elsewhere):
            guard entries[number.index].status == .running else { break }
            stop(number)
            if outcome.isDone {
                succeed(number, as: elsewhere ? .cached : .done, &actions)
            } else {
                settle(number, .failed(outcome), &actions)
                block(dependentsOf: number, &actions)
                if failsFast { isDraining = true }
            }
        case .abandoned(let number):
            guard entries[number.index].status == .running else { break }
            stop(number)
            entries[number.index].lost += 1
            if entries[number.index].lost < Self.mostLost {
                makeReady(number, &actions)
            } else {
                let message = "its process was killed \(Self.mostLost) times"
                settle(number, .failed(Outcome(.lost, message: message)), &actions)
                block(dependentsOf: number, &actions)
                if failsFast { isDraining = true }
            }
        case .scriptEnded: break
        case .closed: isClosed = true
        case .drain: isDraining = true
        }
        launchReady(&actions)
        finishIfOver(&actions)
        return actions
    }

    private mutating func submit(_ spec: JobSpec, _ isDone: Bool, _ actions: inout [Action]) {
        precondition(spec.number.index == entries.count, "jobs are submitted in the order of their numbers")
        entries.append(Entry(spec: spec, status: .waiting))
        open += 1
        if isDone { return succeed(spec.number, as: .cached, &actions) }
        if isDrained { return settle(spec.number, .notRun, &actions) }
        var blocker: JobNumber?
        for dependency in spec.dependencies {
            switch entries[dependency.index].status {
            case .done, .cached: continue
            case .failed: blocker = blocker ?? dependency
            case .blocked(let by): blocker = blocker ?? by
            case .notRun: return settle(spec.number, .notRun, &actions)
            default:
                entries[dependency.index].dependents.append(spec.number)
                entries[spec.number.index].unfinished += 1
            }
        }
        if let blocker {
            settle(spec.number, .blocked(by: blocker), &actions)
        } else if entries[spec.number.index].unfinished == 0 {
            makeReady(spec.number, &actions)
        } else {
            actions.append(.report(spec.number, .waiting))
        }
    }

    private mutating func makeReady(_ number: JobNumber, _ actions: inout [Action]) {
        entries[number.index].status = .ready
        queue.append(number)
        actions.append(.report(number, .ready))
    }

    private mutating func settle(_ number: JobNumber, _ status: JobStatus, _ actions: inout [Action]) {
        entries[number.index].status = status
        open -= 1
        actions.append(.report(number, status))
    }

    private mutating func succeed(_ number: JobNumber, as status: JobStatus, _ actions: inout [Action]) {
        settle(number, status, &actions)
        for dependent in takeDependents(of: number) where entries[dependent.index].status == .waiting {
            entries[dependent.index].unfinished -= 1
            if entries[dependent.index].unfinished == 0 { makeReady(dependent, &actions) }
        }
    }

    /// Blocks all that needs a failed job, directly or not.
    private mutating func block(dependentsOf failed: JobNumber, _ actions: inout [Action]) {
        var stack = takeDependents(of: failed)
        while let number = stack.popLast() {
            guard entries[number.index].status == .waiting else { continue }
            settle(number, .blocked(by: failed), &actions)
            stack += takeDependents(of: number)
        }
    }

    private mutating func takeDependents(of number: JobNumber) -> [JobNumber] {
        let dependents = entries[number.index].dependents
        entries[number.index].dependents = []
        return dependents
    }

    private mutating func giveBackSlot(of number: JobNumber) {
        guard entries[number.index].holdsSlot else { return }
        entries[number.index].holdsSlot = false
        slotsLeft += 1
    }

    /// A job runs no more: its slot is free, and so is what it claimed.
    private mutating func stop(_ number: JobNumber) {
        giveBackSlot(of: number)
        running -= 1
        let claims = entries[number.index].spec.claims
        for claim in claims {
            let left = taken[claim.resource, default: 0] - claim.count
            taken[claim.resource] = left > 0 ? left : nil
        }
        for claim in claims { unpark(claim.resource) }
    }

    /// Lets the first job that waits for a resource try again, if there is enough of it now. The next one follows when that one has
    /// been launched, so an event costs the same however many wait.
    private mutating func unpark(_ resource: String) {
        guard var waiting = parked[resource], waiting.next < waiting.jobs.count else { return }
        let first = waiting.jobs[waiting.next]
        guard let claim = entries[first.index].spec.claims.first(where: { $0.resource == resource }),
            fits(claim)
        else { return }
        queue.append(first)
        waiting.next += 1
        parked[resource] = waiting.next < waiting.jobs.count ? waiting : nil
    }

    private func fits(_ claim: Claim) -> Bool {
        taken[claim.resource, default: 0] + claim.count <= claim.capacity
    }

    private mutating func launchReady(_ actions: inout [Action]) {
        guard !isDraining else { return }
        while slotsLeft > 0, next < queue.count {
            let number = queue[next]
            next += 1
            let claims = entries[number.index].spec.claims
            if let lacking = claims.first(where: { !fits($0) }) {
                parked[lacking.resource, default: Parked()].jobs.append(number)
                // It may have been the one that was to have another.
                for claim in claims where claim.resource != lacking.resource { unpark(claim.resource) }
                continue
            }
            for claim in claims { taken[claim.resource, default: 0] += claim.count }
            entries[number.index].status = .running
            entries[number.index].holdsSlot = true
            slotsLeft -= 1
            running += 1
            actions.append(.report(number, .running))
            actions.append(.launch(number))
            for claim in claims { unpark(claim.resource) }
        }
        if next > 1024, next > queue.count / 2 {
            queue.removeFirst(next)
            next = 0
        }
    }

    private mutating func finishIfOver(_ actions: inout [Action]) {
        guard !hasFinished, running == 0 else { return }
        if isDraining {
            isDrained = true
            if open > 0 {
                for entry in entries where !entry.status.isFinal {
                    settle(entry.spec.number, .notRun, &actions)
                }
            }
        }
        guard isClosed, open == 0 else { return }
        hasFinished = true
        actions.append(.finish)
    }
}
