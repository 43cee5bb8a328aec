import Engine
import Inventory
import LuaBridge
import Model
import Settings
import Store
import System
import Text

/// Runs jobs again by the scripts in their folders, without their plan.
struct RetrySession {
    private let jobs: [JobRecord]
    private let workspace: Workspace
    private let user: UserSettings
    private let slots: Int
    private let launcher: String?
    private let isJSON: Bool
    private let isQuiet: Bool

    /// - Parameter user: what there is for jobs, where the user says it, and whether outcomes are brought to
    ///   the disk.
    init(
        _ jobs: [JobRecord], in workspace: Workspace, user: UserSettings, slots: Int?,
        launcher: String? = nil, json: Bool, isQuiet: Bool
    ) {
        self.launcher = launcher
        self.jobs = jobs
        self.workspace = workspace
        self.user = user
        self.slots = slots ?? user.machine.cores
        isJSON = json
        self.isQuiet = isQuiet
    }

    /// Runs to the end.
    ///
    /// - Returns: the exit code.
    func run() throws(Failure) -> Int32 {
        let started = Monotonic.seconds
        let flag = InterruptFlag()
        let board = JobBoard()
        let tally = RunTally()
        let signals: SignalControl
        do throws(SystemError) { signals = try SignalControl(flag: flag, board: board) } catch {
            throw Failure(error)
        }
        let console = makeConsole(tally)
        for job in jobs {
            do throws(SystemError) {
                _ = try FileLock.holding(job.folder.lock) { () throws(SystemError) in
                    try JobRelocation.settle(job.folder, in: workspace.path)
                }
            } catch { console.observe(.warning(error.text)) }
        }
        let choice = try LauncherChoice.ofUser(user, slots: slots, looksForGPUs: true, chosen: launcher)
        if !choice.batch.isEmpty {
            try Failure.onDisk { () throws(SystemError) in try workspace.createForHosts() }
        }
        let specs = try sorted(choice) { console.observe(.warning($0)) }
        if specs.isEmpty {
            let why = jobs.isEmpty ? "none of them has failed or is left to run" : "none of them can run"
            throw .message("no job to run: \(why)")
        }
        let observer = RunObservers([tally, console])
        let host = try ScriptRun.jobProgram()
        let engine: RunningScheduler
        do throws(SystemError) {
            engine = try RunningScheduler(
                slots: slots, failsFast: false, host: host, workspace: workspace,
                isDurable: user.isDurable, board: board, observer: observer, batch: choice.batch,
                name: "retry-\(Environment.hostName)-\(Environment.processID)")
        } catch { throw Failure(error) }
        signals.attach(engine: engine.control, observer: observer)
        for spec in specs {
            board.add()
            engine.inbox.yield(.submitted(spec, isDone: spec.folder.isDone))
        }
        engine.inbox.yield(.scriptEnded)
        engine.inbox.yield(.closed)
        engine.waitForEnd()
        let end = RunEnd(tally.read { $0.counts }, isInterrupted: signals.count > 0)
        observer.observe(.finished(end))
        var report = RunReport(end: end)
        report.seconds = Monotonic.seconds - started
        report.add(tally, values: values) { console.observe(.warning($0)) }
        console.close(report)
        return end.exitCode
    }

    private func values(_ spec: JobSpec) -> RunReport.TaskValues {
        let job = jobs.first { $0.folder == spec.folder }
        return RunReport.TaskValues(recordedIn: spec.folder, tags: job?.tags ?? [])
    }

    private func makeConsole(_ tally: RunTally) -> any Console {
        if isJSON { return JSONConsole() }
        let isLive = StandardStream.error.takesEscapes && !isQuiet
        let live = isLive ? try? LiveConsole(tally: tally) : nil
        return live ?? PlainConsole(isQuiet: isQuiet)
    }

    /// The jobs as the scheduler takes them: what is needed comes first. A job that needs another which is
    /// neither done nor among them is left out.
    ///
    /// - Throws: where one requires what this machine cannot give.
    private func sorted(_ choice: LauncherChoice, _ warn: (String) -> Void) throws(Failure) -> [JobSpec] {
        let scripts = TextMap(
            texts: jobs.compactMap { job in
                JobScript.header(in: job.folder).map { (job.folder.path, (job, $0.language, $0.header)) }
            })
        var specs: [JobSpec] = []
        var numbers: TextMap<JobNumber?> = [:]
        func add(_ path: String, depth: Int) throws(Failure) -> JobNumber? {
            if let known = numbers[path] { return known }
            guard let (job, language, header) = scripts[path], depth < 1000 else { return nil }
            // Whatever comes back here would wait for itself.
            numbers[path] = .some(nil)
            var dependencies: [JobNumber] = []
            for need in header.needs {
                let done = Paths.absolute(need, from: path)
                if JobFolder(outcome: done).isDone { continue }
                guard let number = try add(Paths.parent(done), depth: depth + 1) else {
                    warn(
                        "\(job.task) \(job.identifier.prefix(8)) needs \(Paths.shown(Paths.parent(done))), which is not done: left out"
                    )
                    return nil
                }
                dependencies.append(number)
            }
            guard let identifier = Identifier(hex: job.identifier) else { return nil }
            let demand: JobDemand?
            do throws(ValueError) {
                demand = try choice.admit(wish(of: job, header), in: job.folder).demand
            } catch {
                throw .message("\(job.task) \(job.identifier.prefix(8)) requires \(error.text)")
            }
            let number = JobNumber(specs.count)
            specs.append(
                JobSpec(
                    number: number, identifier: identifier, taskID: job.task, folder: job.folder,
                    language: language, dependencies: dependencies,
                    claims: header.shares.map { Claim(Paths.absolute($0, from: path)) }
                        + header.tokens.map {
                            Claim(Paths.absolute($0.resource, from: path), count: $0.count, of: $0.capacity)
                        }, tags: job.tagsText, demand: demand,
                    retry: header.retry))
            numbers[path] = number
            return number
        }
        for job in jobs.reversed() { _ = try add(job.folder.path, depth: 0) }
        // They may read what those before them have printed.
        for number in Set(specs.flatMap(\.dependencies)) { specs[number.index].keepLogs() }
        return specs
    }

    private func wish(of job: JobRecord, _ header: JobScript.Header) -> LaunchWish {
        var wish = LaunchWish(header.requirement)
        wish.tags = { job.tags.map { ($0.name, $0.value.string ?? $0.value.text) } }
        return wish
    }
}
