import ArgumentParser
import LuaBridge
import Model
import Settings
import Store
import System
import Text

struct DoCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "do",
        abstract: "Run a command for each of some values: a sweep in one line.",
        discussion: """
            The command is one word, in quotes, for a shell, or the words behind '--'. {name} in it is a value, quoted by xpm; {args} is \
            all of them, as --name value. It runs in the job's own folder; files here that it names are kept and run from \
            there. What is done is not done again.

            Values of a name:
              lr=0.1,0.01             these; '' or "" around one that has a comma
              seed=1..5               1, 2, 3, 4, 5; 0..1..0.25 has steps
              lr=loguniform:1e-5..1   drawn --sample times; uniform:, integers:
              file=@'*.csv'           files, by their content
              id=@@ids.txt  id=-      a line each, of a file or standard input
              id:string=007           of a type: int, float, bool, string, file

            Examples:
              xpm do 'python3 train.py --lr {lr} --seed {seed}' lr=0.1,0.01 seed=1..5
              xpm do 'gzip -9 -c {file} >{out}' file=@'*.csv' --out out=data.gz
              cut -f1 ids.tsv | xpm do './fold {id}' id=- -j 4
              xpm do n=1..3 -- seq {n}
              xpm do 'wc -l <{file}' file=@'*.csv' --keep-order | sort -n
              xpm do './t {x}' x=uniform:0..1 --search --minimize loss --trials 9
              xpm do 'python3 train.py --lr {lr}' lr=0.1,0.01 --write train
            """)

    @Argument(help: "The command, and name=values.")
    var words: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Values that go together: --zip a=1,2 b=3,4; each --zip is a group.", valueName: "a=1,2"))
    var zip: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Draw so many values of distributions; without any, take only so many points.", valueName: "n"))
    var sample: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The seed of --sample or --search (default: 0).", valueName: "n"))
    var seed: Int?

    @Flag(help: "Search: the values of distributions are decided by the results of those before.")
    var search = false

    @OptionGroup var goal: SearchGoal

    @Option(
        help: ArgumentHelp(
            "The name of the experiment and its task (default: that of the program).", valueName: "id"),
        completion: Completion.experiments)
    var id: String?

    @Option(
        help: ArgumentHelp("A file that the job makes in its folder, for {name}.", valueName: "name=file"))
    var out: [String] = []

    @Option(
        help: ArgumentHelp(
            "A result that the program prints: 'loss=final loss: {number}', a pattern of Lua.",
            valueName: "name=pattern"))
    var result: [String] = []

    @Flag(help: "The content of the files that the command names is part of the identity.")
    var withCode = false

    @Flag(
        inversion: .prefixedNo,
        help: "The first command that fails ends the line, within a pipe too.")
    var strict = true

    @Option(
        help: ArgumentHelp("What a job needs, as 'cpu(cores=2) & duration=1h'.", valueName: "requirement"))
    var requires: String?

    @Option(
        help: ArgumentHelp(
            "At most n jobs at once, of all that name it; license=2/6: each takes 2 of 6.",
            valueName: "name=n"))
    var tokens: [String] = []

    @Option(help: ArgumentHelp("Try a job again that fails, so many times.", valueName: "n"))
    var retries: Int?

    @Option(
        help: ArgumentHelp(
            "Where jobs run: a launcher of launchers.lua, or direct for this machine.", valueName: "name"),
        completion: Completion.launchers)
    var launcher: String?

    @OptionGroup var workspace: WorkspaceOptions

    @Option(help: ArgumentHelp("A variable for every job.", valueName: "name=value"))
    var env: [String] = []

    @Option(
        name: .joinedOrLong("j"),
        help: ArgumentHelp("How many jobs run at once (default: the number of cores).", valueName: "n"))
    var jobs: Int?

    @Flag(
        name: .customLong("stdout"),
        help: "Print the output of each job when it ends, of those done before too.")
    var printsOutput = false

    @Flag(
        name: [.customShort("k"), .customLong("keep-order")],
        help: "As --stdout, in the order of the values.")
    var keepsOrder = false

    @Option(
        help: ArgumentHelp(
            "Write experiment.lua and full.yaml that do the same into a folder, and leave.", valueName: "dir"),
        completion: .directory)
    var write: String?

    @Option(help: "dry-run: tell what would run. generate: write the job folders. normal: run.")
    var runMode: RunMode = .normal

    @Flag(name: .customLong("dry-run"), help: "As --run-mode dry-run.")
    var isDryRun = false

    @Flag(help: "Launch nothing more after the first failure.")
    var failFast = false

    @Flag(
        help:
            "Return when the plan is made; a process of its own goes on. --detach=<launcher>: go on as a job of that launcher's batch system."
    )
    var detach = false

    @Option(
        name: .customLong("detach-to"),
        help: ArgumentHelp("As --detach=<launcher>.", valueName: "launcher"))
    var detachedTo: String?

    @Flag(help: "If the experiment is running already, wait for its end.")
    var wait = false

    @Flag(help: "One JSON object a line on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    private var mode: RunMode { isDryRun ? .dryRun : runMode }
    private var detaches: Bool { detach || detachedTo != nil }
    private var output: OutputPrinter.Order? {
        keepsOrder ? .asPlanned : printsOutput ? .asTheyEnd : nil
    }

    func validate() throws {
        if words.isEmpty, ScriptArguments.all.isEmpty {
            throw ValidationError("Give a command, as xpm do 'python3 train.py --lr {lr}' lr=0.1,0.01.")
        }
        if let jobs, jobs < 1 { throw ValidationError("-j needs a number from 1.") }
        if let sample, sample < 1 { throw ValidationError("--sample needs a number from 1.") }
        if let retries, retries < 0 { throw ValidationError("--retries needs a number from 0.") }
        if seed != nil, sample == nil, !search {
            throw ValidationError("--seed goes with --sample, or --search.")
        }
        if !search, let option = goal.given.first { throw ValidationError("\(option) goes with --search.") }
        if search, sample != nil {
            throw ValidationError("--search decides by itself: it goes without --sample.")
        }
        if let word = zip.first(where: { !$0.contains("=") }) {
            throw ValidationError("--zip needs name=values, not '\(word)'; the command comes before it.")
        }
        for variable in env
        where variable.cut(at: "=").map({ !EnvironmentVariable.isName(String($0.before)) }) ?? true {
            throw ValidationError("--env needs name=value, not '\(variable)'.")
        }
        if let id, id.isEmpty { throw ValidationError("--id needs a name.") }
        if launcher == "" { throw ValidationError("--launcher needs a name.") }
        if detachedTo == "" { throw ValidationError("--detach=<launcher> needs the name of a launcher.") }
        if isDryRun, runMode != .normal, runMode != .dryRun {
            throw ValidationError("--dry-run goes without --run-mode \(runMode.rawValue).")
        }
        if let write {
            if write.isEmpty { throw ValidationError("--write needs a folder.") }
            if let option = ofRuns.first {
                throw ValidationError("--write runs nothing: it goes without \(option).")
            }
        }
        if !mode.launches, let option = ofLaunching.first {
            throw ValidationError("--run-mode \(mode.rawValue) launches nothing: it goes without \(option).")
        }
        if detaches, let option = ofOutput.first {
            throw ValidationError("--detach goes on without this terminal: it goes without \(option).")
        }
        if json, let option = ofOutput.first {
            throw ValidationError("--json has standard output: it goes without \(option).")
        }
    }

    private var ofOutput: [String] {
        [printsOutput ? "--stdout" : nil, keepsOrder ? "--keep-order" : nil].compactMap(\.self)
    }

    private var ofLaunching: [String] {
        [jobs.map { _ in "-j" }, failFast ? "--fail-fast" : nil, detaches ? "--detach" : nil].compactMap(
            \.self)
            + ofOutput
    }

    private var ofRuns: [String] {
        ofLaunching
            + [
                mode == .normal ? nil : "--run-mode", wait ? "--wait" : nil, env.isEmpty ? nil : "--env",
                launcher.map { _ in "--launcher" }, quiet ? "--quiet" : nil,
            ].compactMap(\.self)
    }

    func run() throws {
        do throws(Failure) {
            var plan = try LinePlan(
                try command(), values, groups: SweepOptions.groups(of: zip), id: id, place: workspace,
                outputs: out, along: path)
            try complete(&plan)
            if let write { return try self.write(plan, to: write) }
            let code = try go(plan)
            if code != 0 { throw Failure.code(code) }
        } catch {
            if json, case .message(let text) = error { JSONConsole.tell(error: text) }
            throw error.reported()
        }
    }

    // MARK: The line

    private var values: [String] {
        ScriptArguments.all.isEmpty ? Array(words.dropFirst()) : words
    }

    private func command() throws(Failure) -> LineCommand {
        do throws(LineProblem) {
            let behind = ScriptArguments.all
            if !behind.isEmpty { return try LineCommand(.words(behind)) }
            let text = words.first ?? ""
            // `xpm do a=1 'command'`: a word with a blank before its '=' is a command.
            if let (name, _) = text.cut(at: "="), LineCommand.isName(name.cut(at: ":")?.before ?? name[...]),
                let other = words.dropFirst().first(where: { $0.contains("{") || $0.contains(" ") })
            {
                throw LineProblem(
                    "the command comes first, then its values: xpm do \(ShellWords.quote(other)) \(ShellWords.quote(text))"
                )
            }
            return try LineCommand(.text(text))
        } catch { throw Failure(error) }
    }

    /// Where programs are looked for.
    private var path: String? {
        env.lazy.compactMap { $0.after("PATH=").map(String.init) }.first ?? Environment["PATH"]
    }

    /// What the options add to the words.
    private func complete(_ plan: inout LinePlan) throws(Failure) {
        if plan.isRandom, sample == nil, !search {
            throw .message("values are drawn at random: how many? --sample n, or --search")
        }
        if search, !plan.isRandom {
            throw .message("--search: no name has a distribution, as lr=loguniform:1e-5..1")
        }
        if search, plan.input != nil {
            throw .message("--search needs all values at once: it goes without name=-")
        }
        if plan.input != nil {
            if sample != nil { throw .message("--sample needs all values at once: it goes without name=-") }
            if detaches {
                throw .message("a run without this terminal has no standard input: name=@@FILE reads a file")
            }
        }
        var results: [(name: String, pattern: String)] = []
        for word in result {
            guard let (name, pattern) = word.cut(at: "="), LineCommand.isName(name), !pattern.isEmpty else {
                throw .message("--result needs name=pattern, as 'loss=final loss: {number}', not '\(word)'")
            }
            do { _ = try LuaPattern(String(pattern).replacing("{number}", with: "(%d)")) } catch {
                throw .message("--result \(name): \(error.shown), in '\(pattern)'")
            }
            if results.contains(where: { $0.name == String(name) }) {
                throw .message("--result: '\(name)' is given twice")
            }
            results.append((String(name), String(pattern)))
        }
        var counts: [(name: String, count: Int, total: Int)] = []
        for word in tokens {
            let parts = word.cut(at: "=")
            let numbers =
                parts?.after.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) } ?? []
            let all = numbers.compactMap(\.self)
            guard let name = parts?.before, !name.isEmpty, (1...2).contains(all.count),
                all.count == numbers.count, let total = all.last, let first = all.first,
                total >= 1, all.count == 1 || first >= 1 && first <= total
            else {
                throw .message("--tokens needs name=n, or name=n/total, not '\(word)'")
            }
            counts.append((String(name), all.count == 1 ? 1 : first, total))
        }
        if let requires {
            do throws(RequirementError) { _ = try Requirement(requires) } catch {
                throw .message("--requires: \(error.text)")
            }
        }
        plan.adapt { parts in
            parts.results = results
            parts.tokens = counts
            parts.requirement = requires
            parts.retries = retries
            parts.hasCode = withCode
            if search { parts.search = goal.members(seed: seed) }
            parts.sample = sample.map { ($0, seed ?? 0) }
            parts.isStrict = strict
        }
    }

    // MARK: Running

    private func go(_ plan: LinePlan) throws(Failure) -> Int32 {
        let here = Paths.current
        let script = LineScript(plan.parts, from: here, in: here)
        let generated: GeneratedExperiment
        do throws(SettingError) {
            generated = GeneratedExperiment(
                folder: here, script: script.lua, configuration: try script.yaml(), stream: stream(plan),
                begun: { [types = plan.types, workspace = plan.workspace] () throws(Failure) in
                    try types.keep(in: workspace)
                })
        } catch { throw Failure(error) }
        if plan.input != nil, StandardStream.inputIsTerminal, !quiet {
            StandardStream.error.write(
                "reading values of \(plan.input?.name ?? "") from the terminal, a line each (Ctrl-D ends)\n")
        }
        let files = try ExperimentFiles(
            of: nil, workspace: workspace, variables: env, launcher: launcher,
            generated: generated)
        if let detachedTo { return try DetachedRun.handIn(files, to: detachedTo, json: json) }
        if detach { return try DetachedRun.start(files, json: json) }
        let isSingle = plan.isSingle && output == nil && !json && mode.launches && !quiet
        let session = RunSession(
            RunOptions(
                mode: mode, jobs: jobs, failsFast: failFast, waitsForOther: wait, isJSON: json,
                isQuiet: quiet, output: isSingle ? .live : output), files)
        let code = try session.run()
        // A single job ends as its program did.
        if isSingle, code == 1, let own = session.printer?.exitCode { return own }
        return code
    }

    private func stream(_ plan: LinePlan) -> ValueStream? {
        guard let (name, kind) = plan.input else { return nil }
        let input = Monitor(LineInput())
        return ValueStream(path: name) { flag in
            guard let line = try input.withLock({ try $0.next(unless: flag) }) else { return nil }
            return Setting(try Self.content(line, kind, of: name), origin: .option("\(name)=-"))
        }
    }

    private static func content(
        _ line: String, _ kind: LineKind, of name: String
    ) throws(LineProblem) -> Setting.Content {
        let value = kind == .string ? LineValue(text: line) : LineValue(plain: line)
        guard let content = value.content(as: kind) else {
            throw LineProblem(
                "standard input: \(name) is \(kind.name), which '\(TerminalText.line(line))' is not")
        }
        return content
    }

    // MARK: Writing

    private func write(_ plan: LinePlan, to dir: String) throws(Failure) {
        let folder = Paths.absolute(dir)
        let script = LineScript(plan.parts, from: Paths.current, in: folder)
        var lines: [LineValue] = []
        do throws(LineProblem) {
            if let (name, kind) = plan.input {
                var input = LineInput()
                while let line = try input.next() {
                    // Not before it is read is it known to be one.
                    _ = try Self.content(line, kind, of: name)
                    lines.append(kind == .string ? LineValue(text: line) : LineValue(plain: line))
                }
                if lines.isEmpty {
                    throw LineProblem("standard input has no lines: there is nothing to write")
                }
            }
        } catch { throw Failure(error) }
        let yaml: String
        do throws(SettingError) { yaml = try script.yaml(plan.input.map { _ in lines }) } catch {
            throw Failure(error)
        }
        let files = [("experiment.lua", Array(script.lua.utf8)), ("full.yaml", Array(yaml.utf8))]
        try WrittenFiles.refuseOthers(files, in: folder, "name another folder")
        try plan.types.keep(in: plan.workspace)
        try WrittenFiles.write(files, to: folder, left: "which is the same already", json: json)
        if !json {
            StandardStream.output.write(
                "run it: xpm run \(ShellWords.quote(Paths.shown("\(folder)/full.yaml")))\(workspace.text)\n")
        }
    }
}
