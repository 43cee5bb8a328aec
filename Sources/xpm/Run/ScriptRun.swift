import Engine
import Inventory
import LuaBridge
import Model
import Settings
import Store
import System
import Text

/// The part of a run that belongs to the thread of the script.
final class ScriptRun {
    private let context: Context
    private var console: any Console { context.console }
    /// The parameters of the jobs of this run, for the report of failures.
    private var tasks: [ConfigObject] = []
    /// What a dry run, or one that only generates, has planned.
    private var planned = PlannedJobs()
    private let defaults: DefaultsWatch
    private var cached = CachedWatch()
    /// Whether a job was accepted.
    private var hasBegun = false

    init(_ context: Context) {
        self.context = context
        // Before this run has a folder of its own.
        defaults = DefaultsWatch(context.files) { [console = context.console] text in
            console.observe(.warning(text))
        }
    }

    /// Loads the script, runs its plan and waits for its jobs.
    ///
    /// - Returns: the exit code.
    func run() throws(Failure) -> Int32 {
        let session = PlanSession(context.files.input, flag: context.flag) { [console] text in
            console.observe(.warning(text))
        }
        if context.mode.launches { session.pythonPackages = PythonPackages() }
        do throws(PlanError) { try session.load() } catch { throw failure(of: error) }
        if let sweep = session.sweepText, !context.isQuiet, !context.isSingle {
            StandardStream.error.write("sweep: \(sweep)\n")
        }
        let git = context.mode == .dryRun ? nil : try GitWatch(context, files: session.filesRead)
        let host = try Self.jobProgram()
        let choice = try context.files.launcherChoice(
            slots: context.slots, looksForGPUs: context.mode.launches)
        let batch = context.mode.launches ? choice.batch : []
        if !batch.isEmpty {
            try Failure.onDisk { () throws(SystemError) in try context.files.workspace.createForHosts() }
        }
        let folder = try beginRun()
        let services = ServiceRegistry(isLive: context.mode.launches) { [signals = context.signals] _ in
            signals.drain()
        }
        let recorder = folder.map { folder in
            RunRecorder(folder, services: services) { [console] text in console.observe(.warning(text)) }
        }
        if let recorder { services.add(recorder) }
        let teller = ServiceTeller(console)
        services.add(teller)
        let notifier = context.mode.launches ? folder.flatMap(notifier) : nil
        let observers: [(any RunObserver)?] = [
            recorder, context.tally, console, context.teller, notifier, context.keeper,
        ]
        let observer = RunObservers(observers.compactMap(\.self))
        if let folder {
            observer.observe(.began(experiment: folder.experiment, run: folder.run, folder: folder.path))
            context.keeper?.attach { [context] reason in Self.leave(folder, context, reason) }
        }
        let engine = try startScheduler(host: host, observer: observer, batch)
        context.signals.attach(engine: engine?.control, observer: observer)
        if let folder, let engine {
            try Failure.onDisk { () throws(SystemError) in
                try engine.follow(RunControl(run: folder.path), services: services) {
                    [signals = context.signals] now in signals.stop(now: now)
                }
            }
        }

        let experiment = try experiment(folder, engine, services, choice, host: host)
        var problem: PlanError?
        do throws(PlanError) { try session.run(in: experiment) } catch {
            problem = error
            observer.observe(.planFailed(error.text))
            experiment.drain()
            experiment.close()
        }
        engine?.waitForEnd()
        session.stopServices { [signals = context.signals] in problem != nil || signals.count > 0 }
        cached.tell(session.sources, refreshes: context.refreshes) { [console] text in
            console.observe(.warning(text))
        }
        showPlan(session.sources)
        if !context.mode.launches, !context.isQuiet {
            for line in BatchForecast(planned.all).lines(choice.batch) {
                StandardStream.error.write("\(line)\n")
            }
        }
        git?.tell(console, in: folder, python: session.pythonPackages?.answers)
        let end = RunEnd(
            context.mode.launches ? context.tally.read { $0.counts } : planned.counts,
            problem: problem?.text ?? services.failure, isInterrupted: context.signals.count > 0)
        observer.observe(.finished(end))
        close(end, folder, isPlanless: problem != nil && end.counts.submitted == 0)
        if end.state == .interrupted {
            if let problem, context.signals.count == 1, !problem.isInterrupt || problem.hasFrames {
                tell(problem)
            }
        } else if let text = problem.map(text) ?? services.failure {
            _ = Failure.message(text).reported()
        }
        return end.exitCode
    }

    /// What the script submits its tasks to.
    private func experiment(
        _ folder: RunFolder?, _ engine: RunningScheduler?, _ services: ServiceRegistry,
        _ choice: LauncherChoice, host: String
    ) throws(Failure) -> Experiment {
        let objects: ObjectLog?
        do throws(SystemError) {
            objects = try folder.map { folder throws(SystemError) in
                try ObjectLog(folder, secrets: context.files.secrets)
            }
        } catch { throw Failure(error) }
        let experiment = Experiment(
            name: context.files.name, mode: context.mode, workspace: context.files.workspace, run: folder,
            board: context.board, inbox: engine?.inbox, objects: objects,
            environment: context.files.environment, host: host, version: xpmVersion,
            admission: choice,
            secrets: context.files.secrets, services: services,
            planned: { [unowned self] in note($0) })
        experiment.checksOutputs = context.checksOutputs
        experiment.refreshes = context.refreshes
        experiment.mostRetries = context.files.user.mostRetries
        return experiment
    }

    /// Leaves the run to the job that follows this one: what runs lives on, what waits in a queue stays there.
    private static func leave(_ folder: RunFolder, _ context: Context, _ reason: String) {
        context.console.observe(.warning(reason))
        var status = RunStatus()
        status.end = RunEnd(
            context.tally.read { $0.counts }, problem: reason, isInterrupted: true)
        status.ended = .now
        try? folder.write(status: status)
        folder.end()
    }

    /// Shows how it went, and gives the experiment free.
    private func close(_ end: RunEnd, _ folder: RunFolder?, isPlanless: Bool) {
        var report = RunReport(end: end)
        report.seconds = Monotonic.seconds - context.started
        report.folder = folder?.path
        report.place = (context.files.name, context.files.placeOptions)
        report.isUntold = isPlanless
        report.isPlanOnly = !context.mode.launches
        if context.mode.launches {
            report.add(
                context.tally, values: { [tasks] spec in RunReport.TaskValues(of: tasks[spec.number.index]) }
            ) {
                [console] in console.observe(.warning($0))
            }
        }
        console.close(report)
        if let folder { forgetSurplus(newest: folder) }
        // First: whoever follows the run is not to wait for another job of it.
        context.keeper?.finish()
        folder?.end()
    }

    /// Removes the runs beyond what `history` keeps. This run has the experiment's lock.
    private func forgetSurplus(newest: RunFolder) {
        let removal = RunRemoval(of: context.files.name, in: context.files.workspace)
        for run in removal.surplus(context.files.history, newest: newest.run) {
            do throws(SystemError) {
                try removal.remove(run)
                if !context.isQuiet { StandardStream.error.write("removed the run \(run.run) (history)\n") }
            } catch { console.observe(.warning(error.text)) }
        }
    }

    private func failure(of error: PlanError) -> Failure {
        guard context.signals.count > 0 else { return .message(text(of: error)) }
        tell(error)
        return .code(130)
    }

    /// What a line has wrong has no place in a file.
    private func text(of error: PlanError) -> String {
        guard let generated = context.files.generated else { return error.text }
        for path in [generated.scriptPath, generated.configurationPath] {
            guard let rest = error.text.after("\(Paths.shown(path)):") else { continue }
            return String(rest.drop { $0.isNumber || $0 == ":" }.trimmed)
        }
        return error.text
    }

    private func tell(_ error: PlanError) { StandardStream.error.write("\(error.text)\n") }

    // MARK: Beginning

    private func beginRun() throws(Failure) -> RunFolder? {
        if context.mode == .dryRun { return nil }
        do throws(RunError) {
            let folder = try takeExperiment()
            do throws(SystemError) {
                try folder.write(status: RunStatus())
                try folder.write(environment: RunEnvironment.json(of: context, run: folder, git: nil))
            } catch {
                folder.discard()
                throw RunError.system(error)
            }
            return folder
        } catch { throw Failure(error) }
    }

    /// The folder of the run; waits for another run of the experiment where that is asked for.
    private func takeExperiment() throws(RunError) -> RunFolder {
        var isTold = false
        while true {
            do throws(RunError) {
                try refuseQueued()
                return try RunFolder(
                    experiment: context.files.name, in: context.files.workspace, mode: context.mode)
            } catch {
                let mayWait =
                    switch error {
                    case .busy, .inQueue: context.waitsForOther
                    case .cleaning: true
                    case .system: false
                    }
                guard mayWait, context.signals.count == 0 else { throw error }
                if !isTold { console.observe(.warning("\(error.text); waiting for its end")) }
                isTold = true
                Clock.sleep(milliseconds: 100)
            }
        }
    }

    /// A run that goes on as batch jobs is one, also while it is in no process.
    private func refuseQueued() throws(RunError) {
        guard context.keeper == nil else { return }
        let known: BatchRun?
        do throws(SystemError) {
            known = try BatchRun.read(context.files.name, in: context.files.workspace)
        } catch { throw .system(error) }
        guard let run = known, run.isOver(in: context.files.workspace) != true else { return }
        throw .inQueue(experiment: run.experiment, launcher: run.launcher)
    }

    /// The program that hosts jobs, which lies beside this one.
    static func jobProgram() throws(Failure) -> String {
        let path = "\(Paths.parent(Paths.real(Environment.program)))/xpm-job"
        guard Files.isExecutable(path) else {
            throw .message(
                "\(path): not there; xpm runs jobs through this program, which is installed beside it")
        }
        return path
    }

    private func startScheduler(
        host: String, observer: RunObservers, _ batch: [LauncherDefinition]
    ) throws(Failure) -> RunningScheduler? {
        guard context.mode.launches else { return nil }
        do throws(SystemError) {
            return try RunningScheduler(
                slots: context.slots, failsFast: context.failsFast, host: host,
                workspace: context.files.workspace, isDurable: context.files.user.isDurable,
                board: context.board, observer: observer, batch: batch, name: context.files.name)
        } catch { throw Failure(error) }
    }

    // MARK: Telling

    private func notifier(of folder: RunFolder) -> Notifier? {
        Notifier(context.notifications, of: folder, tally: context.tally) { [console] text in
            console.observe(.warning(text))
        }
    }

    private func note(_ planned: Experiment.PlannedJob) {
        if !hasBegun, context.mode != .dryRun {
            hasBegun = true
            do throws(Failure) { try context.files.generated?.begun?() } catch {
                console.observe(.warning(error.text))
            }
        }
        let task = planned.job.task
        defaults.look(at: planned.job, isDone: planned.state == .done)
        cached.look(at: planned)
        if context.mode.launches { return tasks.append(task) }
        if case .unreadable(let error) = planned.state { Unreadable.note(error) }
        self.planned.add(planned)
    }

    /// Shows what was planned, each job with its reason, which may lie in any other job of the plan.
    private func showPlan(_ sources: SourceTree) {
        let reasons = JobReasons(of: planned, in: context.files.workspace, sources: sources)
        var some: [PlannedTask] = []
        for one in planned.all {
            some.append(
                PlannedTask(
                    spec: one.job.spec, reason: reasons.reason(for: one),
                    parameters: one.job.task.flattened(),
                    tags: one.job.tags,
                    dependencies: one.dependencies.map { ($0.spec.taskID, $0.spec.identifier.hex) },
                    isWritten: context.mode == .generate && one.state != .done && one.state != .running,
                    requires: one.requirement?.text, problem: one.problem, arguments: one.arguments))
            if some.count == Self.atOnce {
                console.planned(some)
                some.removeAll(keepingCapacity: true)
            }
        }
        console.planned(some)
    }

    /// So many jobs of a plan are written in one go.
    private static let atOnce = 256
}

extension RunReport.TaskValues {
    fileprivate init(of task: ConfigObject) {
        parameters = task.flattened()
        tags = task.allTags().map { ($0.name, JSON(plain: $0.value)) }
    }
}

extension PlanError {
    fileprivate var isInterrupt: Bool { if case .lua(let error) = self { error.isInterrupt } else { false } }

    /// Whether it tells where the script was.
    fileprivate var hasFrames: Bool {
        if case .lua(let error) = self { error.traceback?.isEmpty == false } else { false }
    }
}
