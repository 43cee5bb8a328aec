import Engine
import LuaBridge
import Settings
import Store
import System
import Text
import YAMLFile

/// Which script, which configuration, which workspace: what the command line and the files say together.
struct ExperimentFiles {
    let input: PlanInput
    let settings: ExperimentSettings
    let configuration: Setting
    /// The same as it was written, with `${env:NAME}` in it: what a run keeps of it.
    let recorded: Setting
    /// What others are not to read.
    let secrets: Secrets
    /// The experiment's id, with its timestamp if it asks for one.
    let name: String
    let workspace: Workspace
    /// The options by which other commands find it, ` --workdir w`.
    let placeOptions: String
    /// Variables for every job: from settings.yaml, then from the command line.
    let environment: [EnvironmentVariable]
    let warnings: [String]
    /// What settings.yaml says of the user and the machine.
    let user: UserSettings
    /// How many runs of the experiment are kept.
    let history: HistoryLimits
    /// The launcher of jobs that name none, by the command line or the workspace.
    let launcher: String?
    /// What stands for the files.
    let generated: GeneratedExperiment?

    init(of command: ExperimentOptions, search: SearchOptions? = nil) throws(Failure) {
        try self.init(
            of: command.script, sweep: command.sweep, workspace: command.workspace, variables: command.env,
            launcher: command.launcher, search: search)
    }

    /// - Parameters:
    ///   - options: nil where `generated` stands for the files.
    ///   - variables: of the command line, `name=value`.
    init(
        of options: ScriptOptions?, sweep: SweepOptions? = nil, workspace place: WorkspaceOptions? = nil,
        variables: [String] = [], launcher: String? = nil, generated: GeneratedExperiment? = nil,
        search: SearchOptions? = nil
    ) throws(Failure) {
        do throws(SettingError) {
            self.generated = generated
            let (script, yaml) = try Self.sort(options?.files ?? [])
            var files = ConfigurationFiles()
            if let generated {
                try files.add(generated.configurationPath, content: Array(generated.configuration.utf8))
            }
            for path in options?.preYaml ?? [] { try files.add(path) }
            if let yaml { try files.add(yaml) }
            for path in options?.postYaml ?? [] { try files.add(path) }
            let ofFiles = files.merged
            for option in options?.conf ?? [] { try files.set(option) }
            recorded = files.merged
            user = try Self.userSettings()
            if let place {
                // Before anything is read from the environment: that of the host counts.
                let known: String? =
                    if case .string(let text)? = files.merged["id"]?.content { text } else { nil }
                let name = known ?? yaml.map(Paths.stem) ?? script.map(Paths.stem) ?? ""
                let named = try user.workspace(named: place.workspace, for: name)
                if let remote = try Self.remote(place, launcher, named) {
                    if generated != nil { throw SettingError(Self.refusal(of: remote), at: .none) }
                    throw SettingError(remote.forward(withScript: true), at: .none)
                }
            }
            var secrets = Secrets(names: user.secretNames)
            try files.resolveEnvironment(&secrets)
            secrets.add(in: files.merged)
            configuration = files.merged
            warnings =
                user.warnings + files.warnings + ExperimentSettings.nearMisses(in: files.merged)
                + (options?.conf ?? []).compactMap { Self.nearMiss($0, ofFiles) }
            settings = try ExperimentSettings(files.merged)

            var input = PlanInput(configuration: files.merged)
            input.configurationFiles = files.contents
            input.readBracketed = { ConfigurationFiles.read(bracketed: $0) }
            input.sweep = try Self.sweep(sweep, settings.sweep, of: files)
            input.search = try Self.search(search, settings.search, seed: sweep?.seed)
            input.luapath = settings.luapath
            input.pythonpath = settings.pythonpath
            input.python = user.python
            input.preExperiment = settings.preExperiment
            input.moduleFile = files.moduleFile ?? yaml
            if let generated {
                input.script = generated.scriptPath
                input.scriptText = Array(generated.script.utf8)
                input.stream = generated.stream
                // In the order of the line.
                input.sweep.keepOrder()
            } else if let options {
                input.arguments = ScriptArguments.all
                try Self.chooseScript(&input, options, script, settings, yaml)
            }

            let id =
                settings.id ?? yaml.map(Paths.stem) ?? input.script.map(Paths.stem) ?? input.module
                ?? "experiment"
            try ExperimentSettings.check(id: id, at: .none)
            // Each job of a run that goes on in several is of the same experiment.
            name =
                BatchRunKeeper.Place.current?.experiment
                ?? (settings.addTimestamp ? "\(id)-\(Timestamp.now.format("%Y%m%d-%H%M"))" : id)

            let named = try user.workspace(named: place?.workspace, for: id)
            let path = Self.path(place, named)
            let own = place?.workdir == nil ? named?.environment ?? [] : []
            history =
                (place?.workdir == nil ? named?.history : nil) ?? user.history ?? HistoryLimits()
            if let spec = input.search, case .object(let members) = spec, spec["name"] == nil {
                input.search = .object([.init("name", .string(name))] + members)
            }
            self.launcher = launcher ?? (place?.workdir == nil ? named?.launcher : nil)
            workspace = Workspace(path: path)
            placeOptions = place?.text ?? ""
            if place?.workdir == nil, named == nil { try Self.refuseStranger(workspace, user) }
            LockChoice.follow(workspace.path)
            if Files.kind(workspace.path) == .file {
                throw SettingError(
                    "\(Paths.shown(workspace.path)) is a file, not a workspace's folder", at: .none)
            }

            environment =
                user.environment + own
                + variables.compactMap { text in
                    text.cut(at: "=").map { .init(name: String($0.before), value: String($0.after)) }
                }
            for name in user.secretNames {
                if let value = Environment[name] { secrets.add(value) }
            }
            for variable in environment where secrets.isSecret(name: variable.name) {
                secrets.add(variable.value)
            }
            secrets.add(in: input.sweep)
            self.secrets = secrets
            input.secrets = secrets
            self.input = input
        } catch { throw Failure(error) }
    }

    /// Where a run has its workspace.
    private static func path(_ place: WorkspaceOptions?, _ named: UserSettings.NamedWorkspace?) -> String {
        place?.workdir ?? named?.path ?? "workspace"
    }

    /// The workspace that a run of an experiment has, before anything is known but its name.
    static func workspace(ofRun experiment: String, _ place: WorkspaceOptions) throws(Failure) -> Workspace {
        do throws(SettingError) {
            let named = try userSettings().workspace(named: place.workspace, for: experiment)
            return Workspace(path: path(place, named))
        } catch { throw Failure(error) }
    }

    private static func refusal(of remote: RemoteCommand) -> String {
        "a line runs on this machine, and its workspace is \(remote.place.text): --write makes a script of it, which xpm run sends there"
    }

    /// What chooses where jobs run. Belongs to the thread that asks for it.
    ///
    /// - Parameter slots: how many cores jobs may use at once; nil for what the user has said of the machine.
    func launcherChoice(slots: Int? = nil, looksForGPUs: Bool) throws(Failure) -> LauncherChoice {
        try LauncherChoice.ofUser(user, slots: slots, looksForGPUs: looksForGPUs, chosen: launcher)
    }

    /// What a `-c` may have been meant for that gives a value to a key which no file has.
    private static func nearMiss(_ option: String, _ files: Setting) -> String? {
        let path = String(option.prefix { !"=:".utf8.contains($0.utf8.first ?? 0) })
        guard files.at(path) == nil else { return nil }
        let (parent, name) = path.cut(atLast: ".").map { (String($0.before), String($0.after)) } ?? ("", path)
        let owner = parent.isEmpty ? files : files.at(parent)
        guard let keys = owner?.fields?.map(\.key),
            let nearest = Suggestion.nearest(to: name, among: keys)
        else { return nil }
        let full = parent.isEmpty ? nearest : "\(parent).\(nearest)"
        return "-c \(option): no file has the key '\(path)' (did you mean '\(full)'?)"
    }

    /// The search of the options, or that of the files.
    private static func search(
        _ options: SearchOptions?, _ given: JSON?, seed: Int?
    ) throws(SettingError) -> JSON? {
        guard let options, !options.search.isEmpty else { return given }
        var dimensions: [JSON] = []
        for option in options.search { dimensions.append(try ConfigurationFiles.search(option)) }
        return .object(options.goal.members(seed: seed) + [.init("dimensions", .array(dimensions))])
    }

    /// What the options say over what the files say.
    private static func sweep(
        _ options: SweepOptions?, _ given: ConfigurationSweep, of files: ConfigurationFiles
    ) throws(SettingError) -> ConfigurationSweep {
        guard let options else { return given }
        var own = ConfigurationSweep()
        for option in options.sweep { try own.add(ConfigurationFiles.sweep(option)) }
        for group in options.zipGroups { try own.add(ConfigurationFiles.zip(group)) }
        for path in own.axes.flatMap(\.paths) {
            if case .option(let text)? = files.merged.at(path)?.origin {
                throw SettingError("'\(path)' is swept, and has one value by \(text)", at: .none)
            }
        }
        var sweep = given
        sweep.giveWay(to: files.merged) { files.isLater($0, than: $1) }
        for axis in own.axes { try sweep.replace(with: axis) }
        if let count = options.sample {
            sweep.take(count, seed: UInt64(bitPattern: Int64(options.seed ?? 0)))
        }
        return sweep
    }

    /// Which of the files is the script and which the YAML file.
    private static func sort(_ files: [String]) throws(SettingError) -> (script: String?, yaml: String?) {
        func isYAML(_ path: String) -> Bool {
            if Paths.hasExtension(path, "yaml", "yml") { return true }
            if Paths.hasExtension(path, "lua") || Files.kind(path) == .file { return false }
            return Files.kind(ConfigurationFiles.find(path)) == .file && Files.kind(path + ".lua") != .file
        }
        guard let first = files.first else { return (nil, nil) }
        guard files.count == 2 else { return isYAML(first) ? (nil, first) : (first, nil) }
        if isYAML(first), isYAML(files[1]) {
            throw SettingError("two YAML files: give the second with --post-yaml", at: .none)
        }
        if Paths.hasExtension(first, "lua"), Paths.hasExtension(files[1], "lua") {
            throw SettingError("two scripts: give one, and a YAML file", at: .none)
        }
        return isYAML(first) ? (files[1], first) : (first, files[1])
    }

    private static func chooseScript(
        _ input: inout PlanInput, _ options: ScriptOptions, _ given: String?,
        _ settings: ExperimentSettings,
        _ yaml: String?
    ) throws(SettingError) {
        if let module = options.moduleName {
            input.module = module
            return
        }
        if let path = options.file ?? given {
            input.script = try find(Paths.absolute(path), shown: path)
        } else if let module = settings.module {
            input.module = module
        } else if let path = settings.file {
            input.script = try find(path, shown: Paths.shown(path), at: settings.fileOrigin)
        } else if let yaml {
            // experimaestro's default: `experiment` beside the YAML file.
            let path = "\(Paths.parent(Paths.absolute(yaml)))/experiment.lua"
            guard Files.kind(path) == .file else {
                throw SettingError(
                    "\(Paths.shown(yaml)) names no script ('file' or 'module'), and there is no \(Paths.shown(path))",
                    at: .none)
            }
            input.script = path
        }
    }

    private static func find(
        _ path: String, shown: String, at origin: Setting.Origin = .none
    ) throws(SettingError) -> String {
        if Paths.hasExtension(path, "py", "R", "sh"), Files.kind(path) == .file {
            throw SettingError(
                "\(shown): an experiment is a Lua script, whose tasks run programs such as this one (docs/programs.md)",
                at: origin)
        }
        for candidate in [path, path + ".lua"] where Files.kind(candidate) == .file { return candidate }
        if Files.kind(path) == .folder {
            let files = ((try? Files.list(path)) ?? []).filter {
                Paths.hasExtension($0, "yaml", "yml", "lua")
            }
            let usual =
                ["full.yaml", "experiment.lua"].first(where: files.contains) ?? files.min(by: ByteOrder.less)
            throw SettingError(
                "\(shown) is a folder" + (usual.map { " (did you mean '\(shown)/\($0)'?)" } ?? ""), at: origin
            )
        }
        let folder = Paths.parent(path)
        let stems = ((try? Files.list(folder)) ?? []).filter { $0.hasSuffix(".lua") }.map {
            String($0.dropLast(4))
        }
        let typed = Paths.name(path).hasSuffix(".lua") ? Paths.stem(path) : Paths.name(path)
        let nearest = Suggestion.nearest(to: typed, among: stems).map { " (did you mean '\($0).lua'?)" } ?? ""
        throw SettingError("\(shown): no such script\(nearest)", at: origin)
    }

    /// The workspace of a command that needs no experiment: the one that is named, else the nearest.
    ///
    /// - Parameters:
    ///   - job: what names a job; if it is its folder, that is in the workspace.
    ///   - experiment: the name of one, for which settings.yaml may have a workspace.
    static func workspace(
        _ options: WorkspaceOptions, of job: String? = nil, experiment: String? = nil
    ) throws(Failure) -> Workspace {
        if let path = options.workdir { return try local(path) }
        do throws(SettingError) {
            let user = try userSettings()
            if options.workspace == nil, let job, Files.exists("\(job)/params.json"),
                let workspace = Workspace.nearest(to: job)
            {
                try refuseStranger(workspace, user)
                return workspace
            }
            let named = try user.workspace(named: options.workspace, for: experiment ?? "")
            if let named {
                guard let place = RemoteFolder(named.path) else { return Workspace(path: named.path) }
                throw SettingError(RemoteCommand(place).forward(withScript: false), at: .none)
            }
            let workspace = Workspace.nearest(to: Paths.current) ?? Workspace(path: "workspace")
            try refuseStranger(workspace, user)
            return workspace
        } catch { throw Failure(error) }
    }

    /// The workspace of a path. Where that is of another host, the command is done there.
    private static func local(_ path: String) throws(Failure) -> Workspace {
        guard let place = RemoteFolder(path) else { return Workspace(path: path) }
        throw .message(RemoteCommand(place).forward(withScript: false))
    }

    /// Where a command with a script is done, if not here: by its workspace's path, or by its launcher.
    ///
    /// - Parameters:
    ///   - launcher: of the command line.
    ///   - named: the workspace of settings.yaml.
    private static func remote(
        _ place: WorkspaceOptions, _ launcher: String?, _ named: UserSettings.NamedWorkspace?
    ) throws(SettingError) -> RemoteCommand? {
        let path = place.workdir ?? named?.path ?? ""
        if let folder = RemoteFolder(path) {
            let own = place.workdir == nil ? named : nil
            return RemoteCommand(folder, launcher: own?.launcher, environment: own?.environment ?? [])
        }
        guard let name = launcher ?? (place.workdir == nil ? named?.launcher : nil) else { return nil }
        let found: RemoteCommand?
        do {
            found = RemoteCommand(try LauncherChoice.find(name, in: try LauncherFile.ofUser()))
        } catch { throw SettingError(error.shown, at: .none) }
        if let found, let workdir = place.workdir {
            throw SettingError(
                "--workdir \(workdir) is a folder of this machine, and the launcher '\(name)' has its workspace at \(found.place.text)",
                at: .none)
        }
        return found
    }

    /// Refuses a workspace of another user that nobody has named: who can write it can run programs as this
    /// user.
    private static func refuseStranger(_ workspace: Workspace, _ user: UserSettings) throws(SettingError) {
        guard let owner = Files.owner(workspace.path), !Environment.isOwn(user: owner),
            !user.workspaces.contains(where: { Paths.real($0.path) == Paths.real(workspace.path) })
        else { return }
        let path = Paths.shown(workspace.path)
        throw SettingError(
            "\(path) belongs to \(Environment.name(ofUser: owner)), and nobody has named it: whoever can write it can run programs as you; if you trust it, give --workdir \(ShellWords.quote(path)) or name it in settings.yaml (docs/sharing.md)",
            at: .none)
    }

    /// The workspace of a command that shows or changes what is there.
    static func existingWorkspace(
        _ options: WorkspaceOptions, of job: String? = nil, experiment: String? = nil
    ) throws(Failure) -> Workspace {
        let workspace = try workspace(options, of: job, experiment: experiment)
        try check(workspace)
        try Failure.onDisk { () throws(SystemError) in try workspace.chooseLocks() }
        return workspace
    }

    /// - Throws: a folder that is no workspace.
    static func check(_ workspace: Workspace) throws(Failure) {
        guard Files.kind(workspace.jobs) == .folder else {
            let path = Paths.shown(workspace.path)
            if let target = Files.linkTarget(workspace.jobs), Files.exists(workspace.marker) {
                throw .message("\(Paths.shown(workspace.jobs)) is a link to \(target), which is not there")
            }
            let what = Files.kind(workspace.path) == nil ? "there is no such folder" : "this is no workspace"
            throw .message("\(path): \(what); name the workspace with --workdir or --workspace")
        }
    }

    /// The workspaces of settings.yaml.
    static func namedWorkspaces() throws(Failure) -> [(id: String, path: String)] {
        do throws(SettingError) {
            return try userSettings().workspaces.map {
                ($0.id, RemoteFolder($0.path) == nil ? Paths.absolute($0.path) : $0.path)
            }
        } catch { throw Failure(error) }
    }

    /// What settings.yaml says of the user and the machine.
    static func user() throws(Failure) -> UserSettings {
        do throws(SettingError) { return try userSettings() } catch { throw Failure(error) }
    }

    private static func userSettings() throws(SettingError) -> UserSettings {
        guard Files.exists(UserSettings.path) else { return UserSettings() }
        return try UserSettings(YAMLFile.read(UserSettings.path).resolvingEnvironment())
    }

    /// The merged configuration as `--show` prints it.
    func shown(json: Bool, provenance: Bool) throws(Failure) -> String {
        if provenance {
            let leaves = configuration.leaves()
            if json {
                let members = leaves.map { leaf in
                    JSON.Member(
                        leaf.path, ["value": leaf.setting.json, "origin": .string(leaf.setting.provenance)])
                }
                return String(decoding: JSON.object(members).prettyBytes, as: UTF8.self)
            }
            let rows = leaves.map { ("\($0.path): \(Self.onOneLine($0.setting))", $0.setting.provenance) }
            let width = rows.map(\.0.columns).max() ?? 0
            return rows.map { "\($0.0.padded(to: width))  # \($0.1)\n" }.joined()
        }
        if json { return String(decoding: configuration.json.prettyBytes, as: UTF8.self) }
        do { return try YAMLText.write(configuration) } catch { throw .message("\(error)") }
    }

    private static func onOneLine(_ setting: Setting) -> String {
        if case .string(let text) = setting.content, !text.contains("\n") { return text }
        return setting.json.text
    }
}

extension Setting {
    /// Where it was written; of another key's value also where that was.
    fileprivate var provenance: String { origin.text + (referent.map { ", from \($0.text)" } ?? "") }
}

extension LauncherChoice {
    /// Between this machine and the launchers of the user's file.
    ///
    /// - Parameter name: of the launcher that the user has chosen.
    static func ofUser(
        _ user: UserSettings, slots: Int? = nil, looksForGPUs: Bool, chosen name: String?
    ) throws(Failure) -> LauncherChoice {
        let machine = MachineFit(
            user.machine, slots: slots ?? user.machine.cores, looksForGPUs: looksForGPUs)
        do { return try LauncherChoice(machine, LauncherFile.ofUser(), chosen: name) } catch {
            throw Failure(any: error)
        }
    }
}
