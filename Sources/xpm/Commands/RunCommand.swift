import ArgumentParser
import Model
import Settings
import Store
import System
import Text
import YAMLFile

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "run",
        abstract: "Run an experiment.",
        discussion: """
            FILES are a Lua script, a YAML file, or both. A YAML file alone names its script with 'file' or 'module'; a script alone \
            needs no configuration. What follows '--' is helper.args.

            Examples:
              xpm run experiment.lua full.yaml
              xpm run full.yaml
              xpm run experiment.lua -c 'seeds=[1,2]' -c model.hidden=32
              xpm run full.yaml --show --provenance
              xpm run full.yaml --run-mode generate

            Ctrl-C once: nothing more is launched, running jobs are waited for. Twice: they are stopped. Three times: xpm \
            leaves at once, and the jobs live on; the next run takes them over.
            """)

    @OptionGroup var experiment: ExperimentOptions
    @OptionGroup var search: SearchOptions

    @Option(
        help:
            "dry-run: tell what would run. generate: write the job folders. prepare: run the steps that prepare. normal: run."
    )
    var runMode: RunMode = .normal

    @Flag(name: .customLong("dry-run"), help: "As --run-mode dry-run.")
    var isDryRun = false

    private var mode: RunMode { isDryRun ? .dryRun : runMode }

    @Option(
        name: .joinedOrLong("j"),
        help: ArgumentHelp("How many jobs run at once (default: the number of cores).", valueName: "n"))
    var jobs: Int?

    @Flag(help: "Launch nothing more after the first failure.")
    var failFast = false

    @Flag(help: "Run finished jobs again whose declared outputs are gone.")
    var checkOutputs = false

    @Flag(help: "Run finished jobs again when what they are made from was made again since.")
    var refresh = false

    @Flag(
        help:
            "Return when the plan is made; a process of its own goes on (xpm attach, xpm stop). --detach=<launcher>: go on as a job of that launcher's batch system."
    )
    var detach = false

    /// What `--detach=NAME` is read as (`detaching`): ArgumentParser has no option whose value may be missing.
    @Option(
        name: .customLong("detach-to"),
        help: ArgumentHelp("As --detach=<launcher>.", valueName: "launcher"))
    var detachedTo: String?

    /// The arguments with `--detach=NAME` as two words.
    static func detaching(_ words: ArraySlice<String>) -> ArraySlice<String> {
        words.flatMap { word in
            word.after("--detach=").map { ["--detach", "--detach-to=\($0)"] } ?? [word]
        }[...]
    }

    @Flag(help: "If the experiment is running already, wait for its end.")
    var wait = false

    @Option(
        help: ArgumentHelp(
            "Whom to tell of the first failure and of the end: a command, or an http(s) address.",
            valueName: "command"),
        transform: { text in
            do throws(ValueError) { return try Notification(text) } catch {
                throw ValidationError(error.text)
            }
        })
    var notify: [Notification] = []

    @Flag(help: "Print the merged configuration and leave.")
    var show = false

    @Flag(help: "With --show: where each value comes from.")
    var provenance = false

    @Flag(help: "One JSON object a line on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print errors and results only.")
    var quiet = false

    func validate() throws {
        if isDryRun, runMode != .normal, runMode != .dryRun {
            throw ValidationError("--dry-run goes without --run-mode \(runMode.rawValue).")
        }
        if let jobs, jobs < 1 { throw ValidationError("-j needs a number from 1.") }
        if detachedTo == "" { throw ValidationError("--detach=<launcher> needs the name of a launcher.") }
        if detachedTo != nil, wait {
            throw ValidationError("--detach=<launcher> waits in its queue: it goes without --wait.")
        }
        if search.search.isEmpty, let option = search.goal.given.first {
            throw ValidationError("\(option) goes with --search.")
        }
        if !search.search.isEmpty, experiment.sweep.sample != nil {
            throw ValidationError("--search decides by itself: it goes without --sample.")
        }
        if provenance, !show { throw ValidationError("--provenance goes with --show.") }
        if show, let option = ofRuns.first ?? (quiet ? "--quiet" : nil) {
            throw ValidationError("--show runs nothing: it goes without \(option).")
        }
        if show, mode != .normal { throw ValidationError("--show goes without --run-mode.") }
        if !mode.launches, let option = ofLaunching.first {
            throw ValidationError(
                "--run-mode \(mode.rawValue) launches nothing: it goes without \(option).")
        }
        if mode == .dryRun, wait {
            throw ValidationError("--run-mode dry-run waits for nobody: it goes without --wait.")
        }
    }

    /// The options that were given and mean something only where jobs are launched.
    private var ofLaunching: [String] {
        [
            jobs.map { _ in "-j" }, failFast ? "--fail-fast" : nil,
            detach || detachedTo != nil ? "--detach" : nil,
            notify.isEmpty ? nil : "--notify",
        ].compactMap(\.self)
    }

    /// The options that were given and mean something only where tasks are planned.
    private var ofRuns: [String] {
        ofLaunching
            + [
                checkOutputs ? "--check-outputs" : nil, refresh ? "--refresh" : nil, wait ? "--wait" : nil,
                experiment.env.isEmpty ? nil : "--env",
            ].compactMap(\.self)
    }

    private var options: RunOptions {
        RunOptions(
            mode: mode, jobs: jobs, failsFast: failFast, checksOutputs: checkOutputs, refreshes: refresh,
            waitsForOther: wait,
            notifications: notify, isJSON: json, isQuiet: quiet)
    }

    func run() throws {
        do throws(Failure) {
            let plan = try ExperimentFiles(of: experiment, search: search)
            if show { return StandardStream.output.write(try plan.shown(json: json, provenance: provenance)) }
            let code =
                if let detachedTo {
                    try DetachedRun.handIn(plan, to: detachedTo, json: json)
                } else if detach {
                    try DetachedRun.start(plan, json: json)
                } else {
                    try RunSession(options, plan).run()
                }
            if code != 0 { throw Failure.code(code) }
        } catch {
            if json, case .message(let text) = error { JSONConsole.tell(error: text) }
            throw error.reported()
        }
    }
}

extension RunMode: ExpressibleByArgument {}
