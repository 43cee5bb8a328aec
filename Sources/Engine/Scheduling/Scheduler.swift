/// Drives a plan: takes events in order, applies them, and does what the plan says.
package actor Scheduler {
    private var plan: Plan
    private let launcher: any Launcher
    private let board: JobBoard
    private let observer: any RunObserver
    private let events: AsyncStream<Plan.Event>
    /// Where events come from: the script, and the launcher.
    package nonisolated let inbox: AsyncStream<Plan.Event>.Continuation

    package init(plan: Plan, launcher: any Launcher, board: JobBoard, observer: any RunObserver) {
        self.plan = plan
        self.launcher = launcher
        self.board = board
        self.observer = observer
        (events, inbox) = AsyncStream.makeStream()
    }

    /// Works until the plan is over. Call once.
    package func run() async {
        launcher.begin { [inbox] event in inbox.yield(event) }
        for await event in events {
            if case .submitted(let spec, _) = event { observer.observe(.submitted(spec)) }
            if case .cached(let specs) = event { for spec in specs { observer.observe(.submitted(spec)) } }
            if case .abandoned(let number) = event {
                let spec = plan.spec(number)
                observer.observe(
                    .warning(
                        "\(spec.taskID) \(spec.identifier.short): its process vanished without an outcome"))
            }
            if case .scriptEnded = event { observer.observe(.planned) }
            if perform(plan.apply(event)) { break }
        }
        launcher.end()
        board.finish()
        observer.observe(.finished)
    }

    /// Performs actions; returns whether the run is over.
    private func perform(_ actions: [Plan.Action]) -> Bool {
        for action in actions {
            switch action {
            case .launch(let number): launcher.launch(plan.spec(number))
            case .report(let number, let status):
                board.set(number, status)
                observer.observe(.status(plan.spec(number), status))
            case .finish: return true
            }
        }
        return false
    }
}
