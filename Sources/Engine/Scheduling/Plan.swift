package import Store
import Text

/// Which job runs when: pure, events in, actions out.
///
/// An event costs as much as the jobs it concerns: those that depend on the one that ended. Jobs start by
/// priority, then in the order in which they became ready (`LaunchQueue`). What depends on a failed job is
/// blocked, the rest goes on.
package struct Plan: Sendable {
    package enum Event: Sendable {
        /// A job and what its folder says. Its dependencies have been submitted before.
        case submitted(JobSpec, isDone: Bool)
        /// Several jobs that are done, in the order of their submission: one event, so that the scheduler
        /// wakes up once.
        case cached([JobSpec])
        /// A job that this run leaves alone.
        case left(JobSpec)
        /// What the launcher reports of a job.
        case launcher(LaunchEvent)
        /// Somebody wants a job held, let go, or started earlier or later. One that is not known yet gets it
        /// when it comes.
        case changed(JobKey, JobChange)
        /// Somebody wants a running job to end.
        case unwanted(JobKey)
        /// A job that was to wait before its next attempt has waited.
        case due(JobNumber)
        /// The script waits for jobs: it submits nothing before one of them has ended.
        case scriptWaits
        /// The script's `run` has returned. Callbacks may submit more.
        case scriptEnded
        /// Nothing more is submitted.
        case closed
        /// Nothing more is launched.
        case drain
    }

    package enum Action: Sendable, Equatable {
        /// - Parameter memory: what the attempt has, in bytes, where the requirement asks for some.
        case launch(JobNumber, memory: Int64?)
        case report(JobNumber, JobStatus)
        /// One that was launched and waits is not to begin.
        case withdraw(JobNumber)
        /// One that runs is to end.
        case cancel(JobNumber)
        /// One that another process runs is to be watched no longer, unless it is this run's to end.
        case leave(JobNumber)
        /// It is held: somebody else may run it meanwhile.
        case watch(JobNumber)
        /// A failed attempt is followed by another.
        case retry(JobNumber, Outcome)
        /// The next attempt is to wait so many seconds; then `due` is expected.
        case delay(JobNumber, Double)
        /// Its attempts left no outcome: this is written to its folder.
        case record(JobNumber, Outcome)
        /// What somebody wanted of a job is so now.
        case changed(JobNumber, JobChange)
        /// Nothing runs, and nothing will before one of so many jobs that are held is released.
        case waitForRelease(count: Int)
        /// The run is over. The last action.
        case finish
    }

    private struct Entry {
        let spec: JobSpec
        var status: JobStatus
        var dependents: [JobNumber] = []
        /// How many dependencies are not done.
        var unfinished: Int32 = 0
        /// How many attempts vanished without an outcome.
        var lost: Int32 = 0
        var isHeld: Bool
        /// Whether another process runs it.
        var isAdopted = false
    }

    private var entries: [Entry] = []
    private var queue: LaunchQueue
    /// Of the jobs of which somebody wanted another one.
    private var priorities: [JobNumber: Int] = [:]
    /// Of the jobs that were tried again: how often, and what the next attempt has of memory, in bytes.
    private var retries: [JobNumber: (count: Int, memory: Int64?)] = [:]
    /// The jobs that wait before their next attempt, with the outcomes of the last ones.
    private var delayed: [JobNumber: Outcome] = [:]
    /// The last job of each key; made when somebody first asks for one by its key.
    private var numbers: [JobKey: JobNumber]?
    /// What is wanted of jobs that have not come yet.
    private var wanted: [JobKey: [JobChange]] = [:]
    private let failsFast: Bool
    private var isDraining = false
    /// Whether all that the script submits by itself is here.
    private var isPlanned = false
    /// Whether the script waits, or has since it submitted the last job.
    private var submitsNothing = false
    private var isClosed = false
    private var hasFinished = false
    /// Whether the jobs that were not launched before a drain are settled.
    private var isDrained = false
    /// How many jobs are not final, and how many of those run.
    private var open = 0
    private var running = 0
    private var held = 0
    /// The jobs that were launched and wait for what others hold; at most as many as there are slots.
    private var queued: Set<JobNumber> = []
    /// Those among them that are to come back.
    private var recalled: Set<JobNumber> = []
    /// Whether it was said that only held jobs are left.
    private var hasToldOfHeld = false

    /// - Parameters:
    ///   - slots: how many jobs of one core may run at once; at least 1.
    ///   - failsFast: whether the first failure ends the launching.
    package init(slots: Int, failsFast: Bool = false) {
        queue = LaunchQueue(slots: slots)
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
        case .left(let spec):
            add(spec)
            settle(spec.number, .left, &actions)
        case .launcher(let event): apply(event, &actions)
        case .changed(let key, let change): apply(change, to: key, &actions)
        case .unwanted(let key):
            if let number = number(of: key), entries[number.index].status == .running {
                actions.append(.cancel(number))
            }
        case .due(let number): if delayed.removeValue(forKey: number) != nil { makeReady(number, &actions) }
        case .scriptWaits: submitsNothing = true
        case .scriptEnded: isPlanned = true
        case .closed: isClosed = true
        case .drain: drain(&actions)
        }
        launchReady(&actions)
        finishIfOver(&actions)
        if isPlanned || submitsNothing, running == 0, held > 0, queue.isEmpty, delayed.isEmpty, !isDraining {
            if !hasToldOfHeld { actions.append(.waitForRelease(count: held)) }
            hasToldOfHeld = true
        } else {
            hasToldOfHeld = false
        }
        return actions
    }

    private mutating func apply(_ event: LaunchEvent, _ actions: inout [Action]) {
        switch event {
        case .adopted(let number, let isOurs):
            if !isOurs { queue.giveBackSlots(of: number) }
            guard entries[number.index].status.isLaunched else { break }
            entries[number.index].isAdopted = true
            if isDraining { actions.append(.leave(number)) }
        case .released(let number, _):
            guard entries[number.index].status.isLaunched else { break }
            stop(number)
            settle(number, .notRun, &actions)
        case .queued(let number, let reason):
            guard entries[number.index].status.isLaunched else { break }
            set(number, .queued(reason), &actions)
            queued.insert(number)
            let greatest = queue.greatestPriority(waitingFor: entries[number.index].spec.claims)
            if isDraining {
                actions.append(.withdraw(number))
            } else if let greatest, greatest > priority(of: number), recalled.insert(number).inserted {
                actions.append(.withdraw(number))
            }
        case .started(let number):
            leaveQueue(number)
            if case .queued = entries[number.index].status { set(number, .running, &actions) }
        case .withdrawn(let number):
            guard entries[number.index].status.isLaunched else { break }
            stop(number)
            makeReady(number, comesBack: true, &actions)
        case .ended(let number, let outcome, let elsewhere):
            guard entries[number.index].status.isLaunched else { break }
            stop(number)
            if outcome.isDone {
                succeed(number, as: elsewhere ? .cached : .done, &actions)
            } else {
                fail(number, outcome, &actions)
            }
        case .doneElsewhere(let number):
            switch entries[number.index].status {
            case .held: succeed(number, as: .cached, &actions)
            case .ready:
                queue.remove(number)
                succeed(number, as: .cached, &actions)
            default: break
            }
        case .vanished(let number):
            guard entries[number.index].status.isLaunched else { break }
            stop(number)
            entries[number.index].lost += 1
            let (lost, retry) = (Int(entries[number.index].lost), entries[number.index].spec.retry)
            if retry.goesOn(afterLost: lost) {
                makeReady(number, &actions)
            } else {
                let outcome = Outcome(.lost, message: "its process was killed \(lost) times")
                actions.append(.record(number, outcome))
                giveUp(number, outcome, &actions)
            }
        }
    }

    // MARK: Submitting

    private mutating func add(_ spec: JobSpec) {
        precondition(spec.number.index == entries.count, "jobs are submitted in the order of their numbers")
        submitsNothing = false
        entries.append(Entry(spec: spec, status: .waiting, isHeld: spec.isHeld))
        numbers?[spec.key] = spec.number
        open += 1
    }

    private mutating func submit(_ spec: JobSpec, _ isDone: Bool, _ actions: inout [Action]) {
        add(spec)
        if isDone { return succeed(spec.number, as: .cached, &actions) }
        if !wanted.isEmpty, let changes = wanted.removeValue(forKey: spec.key) {
            for change in changes { note(change, spec.number, &actions) }
        }
        if isDrained { return settle(spec.number, .notRun, &actions) }
        var blocker: JobNumber?
        for dependency in spec.dependencies {
            switch entries[dependency.index].status {
            case .done, .cached: continue
            case .failed: blocker = blocker ?? dependency
            case .blocked(let by): blocker = blocker ?? by
            case .notRun, .left: return settle(spec.number, .notRun, &actions)
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

    // MARK: Holding and ordering

    private mutating func apply(_ change: JobChange, to key: JobKey, _ actions: inout [Action]) {
        guard let number = number(of: key) else {
            wanted[key, default: []].append(change)
            return
        }
        let status = entries[number.index].status
        if case .queued = status, change != .release {
            // It comes back, and finds its place anew.
            note(change, number, &actions)
            return actions.append(.withdraw(number))
        }
        guard !status.isFinal, !status.isLaunched else { return }
        note(change, number, &actions)
        switch (change, status) {
        case (.hold, .ready):
            queue.remove(number)
            makeReady(number, &actions)
        case (.release, .held):
            held -= 1
            makeReady(number, &actions)
        case (.priority(let priority), .ready):
            queue.move(number, to: priority)
            overtake(by: number, &actions)
        default: break
        }
    }

    /// The last job of a key.
    private mutating func number(of key: JobKey) -> JobNumber? {
        if numbers == nil {
            numbers = Dictionary(entries.map { ($0.spec.key, $0.spec.number) }) { $1 }
        }
        return numbers?[key]
    }

    private mutating func note(_ change: JobChange, _ number: JobNumber, _ actions: inout [Action]) {
        actions.append(.changed(number, change))
        switch change {
        case .hold: entries[number.index].isHeld = true
        case .release: entries[number.index].isHeld = false
        case .priority(let priority): priorities[number] = priority
        }
    }

    /// Nothing that the job needs is missing: it may start, unless it is held.
    private mutating func makeReady(
        _ number: JobNumber, comesBack: Bool = false, _ actions: inout [Action]
    ) {
        let entry = entries[number.index]
        let status: JobStatus = entry.isHeld ? .held : .ready
        entries[number.index].status = status
        actions.append(.report(number, status))
        guard status == .ready else {
            held += 1
            actions.append(.watch(number))
            return
        }
        let demand = entry.spec.demand
        queue.add(
            number,
            LaunchQueue.Need(
                priority: priority(of: number), slots: demand?.batch == nil ? demand?.cores ?? 1 : 0,
                claims: entry.spec.claims + (demand?.claims(memory: memory(of: number)) ?? [])),
            comesBack: comesBack)
        overtake(by: number, &actions)
    }

    private func priority(of number: JobNumber) -> Int {
        priorities[number] ?? entries[number.index].spec.priority
    }

    /// A job that waits for what another run holds makes way for one of a greater priority that needs it too.
    private mutating func overtake(by number: JobNumber, _ actions: inout [Action]) {
        let claims = entries[number.index].spec.claims
        if queued.isEmpty || claims.isEmpty { return }
        let priority = priority(of: number)
        let late = queued.subtracting(recalled).filter { other in
            self.priority(of: other) < priority
                && entries[other.index].spec.claims.contains { claim in
                    claims.contains { $0.resource == claim.resource }
                }
        }
        for other in late.sorted(by: { $0.index < $1.index }) {
            recalled.insert(other)
            actions.append(.withdraw(other))
        }
    }

    private mutating func leaveQueue(_ number: JobNumber) {
        queued.remove(number)
        recalled.remove(number)
    }

    /// What the next attempt has, in bytes.
    private func memory(of number: JobNumber) -> Int64? {
        retries[number]?.memory ?? entries[number.index].spec.demand?.memory
    }

    // MARK: Ending

    private mutating func settle(_ number: JobNumber, _ status: JobStatus, _ actions: inout [Action]) {
        if entries[number.index].status == .held { held -= 1 }
        entries[number.index].status = status
        open -= 1
        actions.append(.report(number, status))
    }

    private mutating func set(_ number: JobNumber, _ status: JobStatus, _ actions: inout [Action]) {
        entries[number.index].status = status
        actions.append(.report(number, status))
    }

    private mutating func succeed(_ number: JobNumber, as status: JobStatus, _ actions: inout [Action]) {
        settle(number, status, &actions)
        for dependent in takeDependents(of: number) where entries[dependent.index].status == .waiting {
            entries[dependent.index].unfinished -= 1
            if entries[dependent.index].unfinished == 0 { makeReady(dependent, &actions) }
        }
    }

    private mutating func fail(_ number: JobNumber, _ outcome: Outcome, _ actions: inout [Action]) {
        let entry = entries[number.index]
        let count = retries[number]?.count ?? 0
        let step = entry.spec.retry.step(
            after: outcome, demand: entry.spec.demand, memory: memory(of: number), retries: count)
        switch step {
        case .again(let memory, let delay) where !isDraining:
            retries[number] = (count + 1, memory)
            actions.append(.retry(number, outcome))
            if delay > 0 {
                delayed[number] = outcome
                set(number, .waiting, &actions)
                actions.append(.delay(number, delay))
            } else {
                makeReady(number, &actions)
            }
        default: giveUp(number, outcome, &actions)
        }
    }

    private mutating func giveUp(_ number: JobNumber, _ outcome: Outcome, _ actions: inout [Action]) {
        settle(number, .failed(outcome), &actions)
        block(dependentsOf: number, &actions)
        if failsFast { drain(&actions) }
    }

    /// Nothing more begins.
    private mutating func drain(_ actions: inout [Action]) {
        guard !isDraining else { return }
        isDraining = true
        for entry in entries {
            if case .queued = entry.status { actions.append(.withdraw(entry.spec.number)) }
            if entry.isAdopted, entry.status.isLaunched { actions.append(.leave(entry.spec.number)) }
        }
        // What waits for another attempt has failed.
        let failed = delayed.sorted { $0.key.index < $1.key.index }
        delayed = [:]
        for (number, outcome) in failed { giveUp(number, outcome, &actions) }
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

    /// A job runs no more: what it held is free.
    private mutating func stop(_ number: JobNumber) {
        leaveQueue(number)
        queue.end(number)
        running -= 1
        entries[number.index].isAdopted = false
    }

    private mutating func launchReady(_ actions: inout [Action]) {
        guard !isDraining else { return }
        while let number = queue.next() {
            entries[number.index].status = .running
            running += 1
            actions.append(.report(number, .running))
            actions.append(.launch(number, memory: memory(of: number)))
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
