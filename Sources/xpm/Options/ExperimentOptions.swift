import ArgumentParser
import System
import Text

/// Which script, with which configuration.
struct ScriptOptions: ParsableArguments {
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

    func validate() throws {
        if file != nil, moduleName != nil {
            throw ValidationError("--file and --module-name exclude each other.")
        }
    }

    /// Checks what a command needs that reads a configuration.
    func requireFiles() throws {
        guard !files.isEmpty || file != nil || moduleName != nil else {
            throw ValidationError("Give a Lua script, a YAML file, or both.")
        }
        if let word = files.first(where: { $0.contains("=") && Files.kind($0) == nil }),
            // Behind an option it is that one's.
            Arguments.all.firstIndex(of: word).map({ !Arguments.all[$0 - 1].hasPrefix("-") }) ?? true
        {
            throw ValidationError(
                "'\(word)' is no file; a key of the configuration gets a value by -c \(ShellWords.quote(word))."
            )
        }
        if files.count > 2 {
            throw ValidationError("Give one script and one YAML file; arguments for the script follow '--'.")
        }
    }

    /// Checks what a command needs that looks only at what the script defines: of the configuration these
    /// keys count there.
    func requireKeys(_ known: [String]) throws {
        for option in conf {
            let key = option.prefix { !".=:".utf8.contains($0.utf8.first ?? 0) }
            if !known.contains(String(key)) {
                throw ValidationError(
                    "-c \(option): this command looks at what the script defines; of the configuration it reads \(known.joined(separator: ", "))."
                )
            }
        }
    }

    /// The keys of the configuration that say which code is loaded.
    static let keysOfCode = ["file", "module", "luapath", "pythonpath", "pre_experiment"]
}

/// Which experiment, with which configuration, in which workspace, with which variables for its jobs.
struct ExperimentOptions: ParsableArguments {
    @OptionGroup var script: ScriptOptions
    @OptionGroup var sweep: SweepOptions
    @OptionGroup var workspace: WorkspaceOptions

    @Option(help: ArgumentHelp("A variable for every job.", valueName: "name=value"))
    var env: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where jobs run that name no launcher: one of launchers.lua, or direct for this machine.",
            valueName: "name"), completion: Completion.launchers)
    var launcher: String?

    func validate() throws {
        try script.requireFiles()
        if launcher == "" { throw ValidationError("--launcher needs a name.") }
        for variable in env
        where variable.cut(at: "=").map({ !EnvironmentVariable.isName(String($0.before)) }) ?? true {
            throw ValidationError("--env needs name=value, not '\(variable)'.")
        }
    }
}

/// Values that the configuration has one after the other.
struct SweepOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Try several values: lr=1e-3,1e-4, seed=1..5, lr='{range_mult: [1e-4, 3, 10]}'.",
            valueName: "a.b=v,w"))
    var sweep: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Try values together: --zip a=1,2 b=3,4; each --zip is a group.", valueName: "a=1,2"))
    var zip: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only so many points of the sweep, picked at random.", valueName: "n"))
    var sample: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The seed of --sample or --search (default: 0).", valueName: "n"))
    var seed: Int?

    /// The words of each `--zip` by themselves.
    var zipGroups: [[String]] { Self.groups(of: zip) }

    /// The words of each `--zip` by themselves, which the parser has in one list.
    static func groups(of zip: [String]) -> [[String]] {
        var sizes: [Int] = []
        var isWithin = false
        for word in Arguments.all.dropFirst().prefix(while: { $0 != "--" }) {
            if word == "--zip" || word.hasPrefix("--zip=") {
                sizes.append(word == "--zip" ? 0 : 1)
                isWithin = true
            } else if word.hasPrefix("-") {
                isWithin = false
            } else if isWithin {
                sizes[sizes.count - 1] += 1
            }
        }
        guard sizes.reduce(0, +) == zip.count else { return zip.isEmpty ? [] : [zip] }
        var rest = zip[...]
        return sizes.map { size in
            defer { rest = rest.dropFirst(size) }
            return Array(rest.prefix(size))
        }
    }

    func validate() throws {
        if let sample, sample < 1 { throw ValidationError("--sample needs a number from 1.") }
        let own = Arguments.all.prefix { $0 != "--" }
        if seed != nil, sample == nil, !own.contains(where: { $0 == "--search" || $0.hasPrefix("--search=") })
        {
            throw ValidationError("--seed goes with --sample, or --search.")
        }
        if let word = zip.first(where: { !$0.contains("=") }) {
            throw ValidationError("--zip needs name=values, not '\(word)'; files come before it.")
        }
    }
}

/// A search of the configuration.
struct SearchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Search: what a value may be, lr=loguniform:1e-5..1, n=integers:1..9, or a list; trials decide the next ones.",
            valueName: "a.b=range"))
    var search: [String] = []

    @OptionGroup var goal: SearchGoal
}

/// What a search is after, and when it ends.
struct SearchGoal: ParsableArguments {
    @Option(help: ArgumentHelp("The result that a search makes small.", valueName: "result"))
    var minimize: String?

    @Option(help: ArgumentHelp("The result that a search makes large.", valueName: "result"))
    var maximize: String?

    @Option(help: ArgumentHelp("How many trials a search has.", valueName: "n"))
    var trials: Int?

    @Option(help: ArgumentHelp("How many trials are open at once (default: 1).", valueName: "n"))
    var parallel: Int?

    /// The options that were given.
    var given: [String] {
        [
            minimize.map { _ in "--minimize" }, maximize.map { _ in "--maximize" },
            trials.map { _ in "--trials" },
            parallel.map { _ in "--parallel" },
        ].compactMap(\.self)
    }

    /// As `xpm.search` gets them.
    ///
    /// - Parameter seed: of the search.
    func members(seed: Int?) -> [JSON.Member] {
        [
            minimize.map { .init("minimize", .string($0)) }, maximize.map { .init("maximize", .string($0)) },
            trials.map { .init("trials", .int(Int64($0))) },
            parallel.map { .init("parallel", .int(Int64($0))) },
            seed.map { .init("seed", .int(Int64($0))) },
        ].compactMap(\.self)
    }

    func validate() throws {
        if minimize != nil, maximize != nil {
            throw ValidationError("--minimize and --maximize exclude each other.")
        }
        if let trials, trials < 1 { throw ValidationError("--trials needs a number from 1.") }
        if let parallel, parallel < 1 { throw ValidationError("--parallel needs a number from 1.") }
    }
}

/// Which workspace.
struct WorkspaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The workspace's folder (default: ./workspace, or as settings.yaml says).", valueName: "folder"),
        completion: .directory)
    var workdir: String?

    @Option(
        help: ArgumentHelp("A workspace of settings.yaml.", valueName: "id"),
        completion: Completion.workspaces)
    var workspace: String?

    func validate() throws {
        if workdir == "" { throw ValidationError("--workdir needs a folder.") }
        if workdir != nil, workspace != nil {
            throw ValidationError("--workdir and --workspace exclude each other.")
        }
    }

    /// As they stand behind another command, ` --workdir w`.
    var text: String {
        workdir.map { " --workdir \(ShellWords.quote(CallerHost.shown($0)))" }
            ?? workspace.map { " --workspace \(ShellWords.quote($0))" } ?? ""
    }
}

extension NameSpecification {
    /// The name, and a letter that its number may follow at once: `-j 4` and `-j4`.
    static func joinedOrLong(_ letter: Character) -> NameSpecification {
        [.customShort(letter, allowingJoined: true), .long]
    }
}

/// What a script gets: the arguments after the first `--`.
enum ScriptArguments {
    static var all: [String] { Array(Arguments.all.drop { $0 != "--" }.dropFirst()) }
}
