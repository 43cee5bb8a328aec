import Model
import Store
import System
import Text

/// Drives a plan: takes events in order, applies them, and does what the plan says.
package actor Scheduler {
    private var plan: Plan
    private let launcher: any Launcher
    private let board: JobBoard
    private let observer: any RunObserver
    private let events: AsyncStream<Plan.Event>
    /// Where events come from: the script, and the launcher.
    package nonisolated let inbox: AsyncStream<Plan.Event>.Continuation
    /// Waits so many seconds, or less where the task is cancelled.
    private let sleep: @Sendable (Double) async -> Void
    /// Those that wait before the next attempt of a job.
    private var delays: [Task<Void, Never>] = []
    /// What was noted of jobs of a type, each once.
    private var noted: TextSet = []

    package init(
        plan: Plan, launcher: any Launcher, board: JobBoard, observer: any RunObserver,
        sleep: @escaping @Sendable (Double) async -> Void = { try? await Task.sleep(for: .seconds($0)) }
    ) {
        self.sleep = sleep
        self.plan = plan
        self.launcher = launcher
        self.board = board
        self.observer = observer
        (events, inbox) = AsyncStream.makeStream()
    }

    /// Works until the plan is over. Call once.
    package func run() async {
        launcher.begin { [inbox] event in inbox.yield(.launcher(event)) }
        for await event in events {
            tell(of: event)
            if perform(plan.apply(event)) { break }
        }
        for delay in delays { delay.cancel() }
        launcher.end()
        board.finish()
    }

    private func tell(of event: Plan.Event) {
        switch event {
        case .submitted(let spec, _), .left(let spec): observer.observe(.submitted(spec))
        case .cached(let specs): for spec in specs { observer.observe(.submitted(spec)) }
        case .launcher(.ended(let number, let outcome, elsewhere: _)):
            let spec = plan.spec(number)
            for note in outcome.notes where noted.insert("\(spec.taskID) \(note)").inserted {
                observer.observe(.warning("\(spec.taskID) \(spec.identifier.short): \(note)"))
            }
        case .launcher(.vanished(let number)):
            let spec = plan.spec(number)
            let name = "\(spec.taskID) \(spec.identifier.short)"
            observer.observe(.warning("\(name): its process vanished without an outcome"))
        case .launcher(.released(let number, let holder)):
            let spec = plan.spec(number)
            observer.observe(
                .warning("\(spec.taskID) \(spec.identifier.short): \(holder) runs it, and goes on"))
        case .scriptEnded: observer.observe(.planned)
        default: break
        }
    }

    /// Performs actions; returns whether the run is over.
    private func perform(_ actions: [Plan.Action]) -> Bool {
        var requests: [LaunchRequest] = []
        var withdrawn: [JobNumber] = []
        var isOver = false
        for action in actions {
            switch action {
            case .launch(let number, let memory):
                requests.append(LaunchRequest(plan.spec(number), memory: memory))
            case .withdraw(let number): withdrawn.append(number)
            case .cancel(let number): launcher.cancel([number], force: false)
            case .leave(let number): launcher.leave(number)
            case .watch(let number): launcher.watch(plan.spec(number))
            case .record(let number, let outcome): record(outcome, of: number)
            case .delay(let number, let seconds):
                delays.append(
                    Task { [inbox, sleep] in
                        await sleep(seconds)
                        inbox.yield(.due(number))
                    })
            case .retry(let number, let outcome): observer.observe(.retrying(plan.spec(number), outcome))
            case .report(let number, let status):
                if status == .done || status == .cached { plan.spec(number).restoreLogs() }
                board.set(number, status)
                observer.observe(.status(plan.spec(number), status))
            case .changed(let number, let change): observer.observe(.changed(plan.spec(number), change))
            case .waitForRelease(let count): observer.observe(.waitingForRelease(count: count))
            case .finish: isOver = true
            }
        }
        if !withdrawn.isEmpty { launcher.withdraw(withdrawn) }
        if !requests.isEmpty { launcher.submit(requests) }
        return isOver
    }

    private func record(_ outcome: Outcome, of number: JobNumber) {
        do throws(SystemError) { try launcher.record(outcome, of: plan.spec(number)) } catch {
            observer.observe(.warning(error.text))
        }
    }
}
