import ArgumentParser
import Engine
import YAMLFile

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run an experiment.",
        discussion: """
            FILES are a Lua script, a YAML file, or both. A YAML file alone names its script with 'file' or 'module'; a script alone \
            needs no configuration. What follows '--' is helper.args.

            Examples:
              xpm run experiment.lua full.yaml
              xpm run full.yaml
              xpm run experiment.lua -c seeds=[1,2] -c model.hidden=32
              xpm run full.yaml --show --provenance
              xpm run full.yaml --run-mode generate

            Ctrl-C once: nothing more is launched, running jobs are waited for. Twice: they are stopped. Three times: xpm \
            leaves at once, and the jobs live on; the next run takes them over.
            """)

    @Argument(
        help: "A Lua script and/or a YAML file.", completion: .file(extensions: ["lua", "yaml", "yml"]))
    var files: [String] = []

    @Option(help: "dry-run: tell what would run. generate: write the job folders. normal: run.")
    var runMode: RunMode = .normal

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("How many jobs run at once (default: the number of cores).", valueName: "n"))
    var jobs: Int?

    @Flag(help: "Launch nothing more after the first failure.")
    var failFast = false

    @Option(
        name: [.customShort("c"), .customLong("conf")],
        help: ArgumentHelp("Set a value of the configuration; the value is YAML.", valueName: "a.b=v"))
    var conf: [String] = []

    @Option(
        help: ArgumentHelp("A YAML file below the main one.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var preYaml: [String] = []

    @Option(
        help: ArgumentHelp("A YAML file above the main one.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var postYaml: [String] = []

    @Option(
        help: ArgumentHelp("The script, in place of the YAML file's 'file'.", valueName: "file"),
        completion: .file(extensions: ["lua"]))
    var file: String?

    @Option(help: ArgumentHelp("The module of the script, in place of 'module'.", valueName: "name"))
    var moduleName: String?

    @Option(
        help: ArgumentHelp(
            "The workspace's folder (default: ./workspace, or as settings.yaml says).", valueName: "folder"),
        completion: .directory)
    var workdir: String?

    @Option(help: ArgumentHelp("A workspace of settings.yaml.", valueName: "id"))
    var workspace: String?

    @Option(help: ArgumentHelp("A variable for every job.", valueName: "name=value"))
    var env: [String] = []

    @Flag(help: "Print the merged configuration and leave.")
    var show = false

    @Flag(help: "With --show: where each value comes from.")
    var provenance = false

    @Flag(help: "One JSON object a line on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print errors and results only.")
    var quiet = false

    func validate() throws {
        guard (1...2).contains(files.count) || file != nil || moduleName != nil else {
            throw ValidationError("Give a Lua script, a YAML file, or both.")
        }
        if files.count > 2 {
            throw ValidationError("Give one script and one YAML file; arguments for the script follow '--'.")
        }
        if let jobs, jobs < 1 { throw ValidationError("-j needs a number from 1.") }
        for variable in env
        where !variable.contains("=") || !JobScript.Variable.isName(String(variable.prefix { $0 != "=" })) {
            throw ValidationError("--env needs name=value, not '\(variable)'.")
        }
        if workdir == "" { throw ValidationError("--workdir needs a folder.") }
        if provenance, !show { throw ValidationError("--provenance goes with --show.") }
        if workdir != nil, workspace != nil {
            throw ValidationError("--workdir and --workspace exclude each other.")
        }
    }

    func run() throws {
        do throws(Failure) {
            let plan = try ExperimentFiles(of: self)
            if show { return StandardStream.output.write(try plan.shown(json: json, provenance: provenance)) }
            let code = try RunSession(self, plan).run()
            if code != 0 { throw Failure.code(code) }
        } catch { throw error.reported() }
    }
}

extension RunMode: ExpressibleByArgument {}
