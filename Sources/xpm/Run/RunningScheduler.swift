import Batch
import Engine
import Store
import System
import Text

/// A scheduler at work, and the ways to reach it from other threads.
final class RunningScheduler: Sendable {
    private let launcher: any Launcher
    private let hasEnded = Monitor(false)
    let inbox: AsyncStream<Plan.Event>.Continuation

    /// - Parameters:
    ///   - host: the absolute path of `xpm-job`.
    ///   - batch: the launchers of batch systems that jobs may go to.
    ///   - name: of those jobs together: the experiment's.
    init(
        slots: Int, failsFast: Bool, host: String, workspace: Workspace, isDurable: Bool, board: JobBoard,
        observer: RunObservers, batch: [LauncherDefinition] = [], name: String = ""
    ) throws(SystemError) {
        StandardStream.goOnWithoutOutput()
        let direct = try DirectLauncher(program: host, workspace: workspace, isDurable: isDurable)
        var others: [(name: String, launcher: any Launcher)] = []
        for definition in batch {
            guard case .batch(let kind) = definition.kind, let system = BatchQueue.system(named: kind) else {
                continue
            }
            let launcher = try BatchLauncher(
                definition, system: system, program: host, workspace: workspace, experiment: name,
                isDurable: isDurable
            ) { observer.observe(.warning($0)) }
            others.append((definition.name, launcher))
        }
        launcher = others.isEmpty ? direct : LauncherSet(direct: direct, others: others)
        let scheduler = Scheduler(
            plan: Plan(slots: slots, failsFast: failsFast), launcher: launcher, board: board,
            observer: observer)
        inbox = scheduler.inbox
        let hasEnded = hasEnded
        Task {
            await scheduler.run()
            hasEnded.change { $0 = true }
        }
    }

    /// Does what others ask of the run, until it is over.
    ///
    /// - Parameter stop: called where the run is to stop.
    func follow(
        _ control: RunControl, services: ServiceRegistry, stop: @escaping @Sendable (_ now: Bool) -> Void
    ) throws(SystemError) {
        try NewThread.start { [inbox, hasEnded] in
            var control = control
            while !hasEnded.wait(milliseconds: Self.controlInterval, until: { $0 }) {
                for wish in control.read() {
                    switch wish {
                    case .job(let job, let change): inbox.yield(.changed(job, change))
                    case .service(let id, let wish): Self.perform(wish, services.find(id))
                    case .kill(let job): inbox.yield(.unwanted(job))
                    case .stop(let now): stop(now)
                    }
                }
            }
        }
    }

    /// On a thread of its own: to stop takes a while.
    private static func perform(_ wish: RunControl.ServiceWish, _ service: (any Service)?) {
        guard let service else { return }
        let work: @Sendable () -> Void = {
            if wish != .start { ServiceRegistry.stop(service) }
            if wish != .stop { ServiceRegistry.start(service) }
        }
        do throws(SystemError) { try NewThread.start(work) } catch { work() }
    }

    /// How often it is looked whether somebody asks for something, in milliseconds.
    private static let controlInterval = 200

    /// Blocks until every job is final.
    func waitForEnd() { _ = hasEnded.wait { $0 ? true : nil } }

    /// What signals do to it.
    var control: SignalControl.Engine {
        SignalControl.Engine(
            drain: { [inbox] in inbox.yield(.drain) },
            stop: { [launcher] force in launcher.cancel(nil, force: force) })
    }
}
