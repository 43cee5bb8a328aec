import ArgumentParser
import Engine

/// Which experiment, with which configuration, in which workspace.
struct ExperimentOptions: ParsableArguments {
    @Argument(
        help: "A Lua script and/or a YAML file.", completion: .file(extensions: ["lua", "yaml", "yml"]))
    var files: [String] = []

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

    @OptionGroup var workspace: WorkspaceOptions

    @Option(help: ArgumentHelp("A variable for every job.", valueName: "name=value"))
    var env: [String] = []

    func validate() throws {
        guard (1...2).contains(files.count) || file != nil || moduleName != nil else {
            throw ValidationError("Give a Lua script, a YAML file, or both.")
        }
        if files.count > 2 {
            throw ValidationError("Give one script and one YAML file; arguments for the script follow '--'.")
        }
        for variable in env
        where !variable.contains("=") || !JobScript.Variable.isName(String(variable.prefix { $0 != "=" })) {
            throw ValidationError("--env needs name=value, not '\(variable)'.")
        }
    }
}

/// Which workspace.
struct WorkspaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The workspace's folder (default: ./workspace, or as settings.yaml says).", valueName: "folder"),
        completion: .directory)
    var workdir: String?

    @Option(help: ArgumentHelp("A workspace of settings.yaml.", valueName: "id"))
    var workspace: String?

    func validate() throws {
        if workdir == "" { throw ValidationError("--workdir needs a folder.") }
        if workdir != nil, workspace != nil {
            throw ValidationError("--workdir and --workspace exclude each other.")
        }
    }
}

extension NameSpecification {
    /// The name, and a letter that its number may follow at once: `-j 4` and `-j4`.
    static func joinedOrLong(_ letter: Character) -> NameSpecification {
        [.customShort(letter, allowingJoined: true), .long]
    }
}
