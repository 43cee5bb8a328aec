import Engine
import LuaBridge
import Settings
import Store
import System
import Text

/// One run of an experiment: brings script, scheduler, console and signals together.
///
/// The script has a thread of its own; the scheduler is an actor; this thread waits for the exit code.
final class RunSession {
    private let options: RunOptions
    private let files: ExperimentFiles
    private let started = Monotonic.seconds
    /// What prints the output of jobs, where that is wanted.
    private(set) var printer: OutputPrinter?

    init(_ options: RunOptions, _ files: ExperimentFiles) {
        self.options = options
        self.files = files
    }

    /// Runs to the end.
    ///
    /// - Returns: the exit code: 0, 1 or 130.
    func run() throws(Failure) -> Int32 {
        let flag = InterruptFlag()
        let board = JobBoard()
        let tally = RunTally()
        let signals: SignalControl
        do throws(SystemError) { signals = try SignalControl(flag: flag, board: board) } catch {
            throw Failure(error)
        }
        let keeper = try options.mode.launches ? BatchRunKeeper.begin(files) : nil
        defer { keeper?.end() }
        // A thread that started before the signals are blocked would die of them.
        let console = try makeConsole(tally, signals)
        for warning in files.warnings { console.observe(.warning(warning)) }
        try Failure.onDisk { () throws(SystemError) in
            try keeper?.start { console.observe(.warning($0)) }
        }
        let context = Context(
            mode: options.mode, slots: options.jobs ?? keeper?.cores ?? files.user.machine.cores,
            isQuiet: options.isQuiet || options.isJSON, isSingle: options.output == .live,
            failsFast: options.failsFast,
            checksOutputs: options.checksOutputs, refreshes: options.refreshes,
            files: files, board: board, tally: tally, console: console, signals: signals, flag: flag,
            started: started, waitsForOther: options.waitsForOther || keeper != nil,
            notifications: files.user.notifications + options.notifications,
            teller: DetachedRun.teller(), keeper: keeper)
        let result = Monitor<Int32?>(nil)
        let failure = Monitor<Failure?>(nil)
        // Long chains of tasks are walked by recursion; untouched stack costs nothing.
        try Failure.onDisk { () throws(SystemError) in
            try NewThread.start(stack: 256 << 20) {
                var code: Int32 = 2
                do throws(Failure) { code = try ScriptRun(context).run() } catch {
                    failure.withLock { $0 = error }
                }
                result.change { $0 = code }
            }
        }
        let code = result.wait { $0 }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return code
    }

    private func makeConsole(_ tally: RunTally, _ signals: SignalControl) throws(Failure) -> any Console {
        if options.isJSON { return JSONConsole() }
        if let order = options.output, options.mode.launches {
            let printer = try Failure.onDisk { () throws(SystemError) in
                // As the end of a pipe that is closed ends a command.
                try OutputPrinter(order) { signals.stop(now: order == .live) }
            }
            self.printer = printer
            return OutputConsole(printer, isQuiet: options.isQuiet)
        }
        let isLive =
            StandardStream.error.takesEscapes && options.mode.launches && !options.isQuiet
        let live = isLive ? try? LiveConsole(tally: tally) : nil
        return live ?? PlainConsole(isQuiet: options.isQuiet)
    }
}

/// How an experiment is to be run.
struct RunOptions {
    var mode = RunMode.normal
    /// How many jobs run at once; nil for as many as the machine has cores.
    var jobs: Int?
    var failsFast = false
    /// Whether jobs whose declared outputs are gone run again.
    var checksOutputs = false
    /// Whether jobs run again when what they need was made again since.
    var refreshes = false
    /// Whether to wait for another run of the experiment.
    var waitsForOther = false
    /// Who is told of failures and of the end, besides those of settings.yaml.
    var notifications: [Notification] = []
    /// Whether events are written as JSON, a line each.
    var isJSON = false
    var isQuiet = false
    /// Whether the output of jobs is printed, and how.
    var output: OutputPrinter.Order?
}

/// What a run is made of, for the thread of the script.
struct Context: Sendable {
    let mode: RunMode
    let slots: Int
    let isQuiet: Bool
    /// Whether it is the run of one job, whose output is what is shown.
    let isSingle: Bool
    let failsFast: Bool
    /// Whether jobs whose declared outputs are gone run again.
    let checksOutputs: Bool
    /// Whether jobs run again when what they need was made again since.
    let refreshes: Bool
    let files: ExperimentFiles
    let board: JobBoard
    let tally: RunTally
    let console: any Console
    let signals: SignalControl
    let flag: InterruptFlag
    let started: Double
    /// Whether to wait for another run of the experiment.
    let waitsForOther: Bool
    /// Who is told of failures and of the end.
    let notifications: [Notification]
    /// Of a detached run, who is told that the plan is made.
    let teller: (any RunObserver)?
    /// Of a run that goes on as a batch job, what looks after that.
    let keeper: BatchRunKeeper?
}
