package import Engine

/// What a plan is made from.
package struct PlanInput {
    /// The script's absolute path, or nil where `module` names it.
    package var script: String?
    package var module: String?
    /// The file that says `module`: modules are found beside it.
    package var moduleFile: String?
    package var luapath: [String] = []
    package var preExperiment: String?
    /// The merged YAML.
    package var configuration: Setting
    /// What follows `--`.
    package var arguments: [String] = []

    package init(configuration: Setting) { self.configuration = configuration }
}

/// Why a plan cannot be made.
package enum PlanError: Error {
    /// An error of the script, at its line.
    case lua(LuaError)
    /// An error of the configuration, at its place.
    case setting(SettingError)
    /// A script that cannot be used, or cannot be read.
    case script(String)

    package var text: String {
        switch self {
        case .lua(let error): error.text
        case .setting(let error): error.text
        case .script(let text): text
        }
    }
}

/// The script of an experiment: loads it, checks its configuration, and runs its plan. Belongs to one thread.
package final class PlanSession {
    let lua: LuaState
    let module: XpmModule
    let input: PlanInput
    package private(set) var sources: SourceTree
    /// The files of the plan, in the order of their loading.
    private(set) var loaded: [LoadedFile] = []
    /// The path of each file by the name that messages show.
    private var files: [String: String] = [:]
    private var main: LuaReference?
    private var luaFields: String?
    let programs = ProgramFinder()
    /// Types whose `sources` are kept already.
    var definitionsWithKeptSources: Set<String> = []
    /// The job whose `outputs` is being called.
    var producing: Job?
    /// Whether that happens while the job runs, for one of its outputs.
    var isProducingWhileRunning = false
    /// The tasks whose outputs are watched.
    var outputs: [TaskOutputs] = []
    /// The numbers of host functions that are pushed often.
    var cached: [String: Int32] = [:]
    var experiment: Experiment?
    /// Functions to call when a job is done, with the object that they were registered for.
    var callbacks: [JobNumber: [(function: LuaReference, object: ConfigObject)]] = [:]

    struct LoadedFile {
        /// The name for `require`, or nil for the script itself.
        let module: String?
        let path: String
        let content: [UInt8]
    }

    /// - Parameter warn: told what is no error but should be known.
    package init(_ input: PlanInput, flag: InterruptFlag, warn: @escaping (String) -> Void = { _ in }) {
        self.input = input
        lua = LuaState(flag: flag)
        module = XpmModule(lua: lua)
        sources = SourceTree(root: "/", folder: nil)
        module.warn = warn
        if let script = input.script ?? input.moduleFile {
            module.baseFolder = Paths.parent(Paths.absolute(script))
        }
    }

    // MARK: Loading

    /// Loads the script, and checks the configuration against its schema.
    package func load() throws(PlanError) {
        do {
            addPlanFunctions()
            try module.open()
            try prepare()
        } catch { throw Self.planError(error) }
    }

    private func prepare() throws {
        let stack = lua.stack
        var folders = input.luapath
        if let script = input.script { folders.append(Paths.parent(script)) }
        if let file = input.moduleFile { folders.append(Paths.parent(file)) }
        let own = folders.flatMap { ["\($0)/?.lua", "\($0)/?/init.lua"] }
        ModuleFinder.setPath(stack, "path", (own + [ModuleFinder.path(stack)]).joined(separator: ";"))
        ModuleFinder.install({ [unowned self] stack in try search(stack) }, in: lua)
        forbidExit()

        if let path = input.preExperiment {
            if path.hasPrefix("/") { try run(file: path) } else { try require(path) }
            stack.pop()
        }
        if let name = input.module {
            try require(name)
        } else if let script = input.script {
            try run(file: script)
        }
        // Above the script's result: what `xpm.lua` makes of it.
        stack.copy(-1)
        pushHost("resolve")
        stack.insert(-2)
        try stack.call(arguments: 1, results: 1)
        main = stack.keep()
        stack.pop()
        try checkConfiguration()
    }

    /// Ending the process would lose what was submitted.
    private func forbidExit() {
        lua.stack.pushGlobals()
        lua.stack.get("os", from: -1)
        lua.push { _ in
            throw ScriptError(
                "os.exit in a plan would lose its tasks: return from run, raise an error, or call xp:stop()")
        }
        lua.stack.set("exit", in: -2)
        lua.stack.pop(2)
    }

    /// Pushes a function that `xpm.lua` put into the host's table.
    func pushHost(_ name: String) { module.pushHostField(name, lua.stack) }

    /// Runs a file and pushes its result.
    private func run(file path: String) throws {
        let content: [UInt8]
        do throws(SystemError) { content = try Files.read(path, limit: 1 << 26) } catch {
            throw ScriptFailure("\(Paths.shown(path)): \(SystemError.message(error.code))")
        }
        try load(path, content, module: nil)
        try lua.stack.call(arguments: 0, results: 1)
    }

    /// Requires a module and pushes it.
    private func require(_ name: String) throws {
        lua.stack.pushGlobals()
        lua.stack.get("require", from: -1)
        lua.stack.insert(-2)
        lua.stack.pop()
        lua.stack.push(name)
        try lua.stack.call(arguments: 1, results: 1)
    }

    /// Compiles a file under the name that messages show, and pushes the function.
    private func load(_ path: String, _ content: [UInt8], module name: String?) throws {
        let shown = Paths.shown(path)
        files[shown] = path
        loaded.append(LoadedFile(module: name, path: path, content: content))
        luaFields = nil
        if experiment != nil { try sources.keep(path, content: content) }
        try lua.stack.load(LuaSource.withoutHashLine(content), name: "@\(shown)")
    }

    /// A searcher for `require`: `(name) -> loader, path`, or the list of files that are not there.
    private func search(_ stack: LuaStack) throws -> Int {
        let name = stack.string(1) ?? ""
        guard let found = ModuleFinder.find(name, along: ModuleFinder.path(stack)) else {
            // Lua's own searchers, which come next, list where they looked.
            return 0
        }
        let content = try Files.read(found, limit: 1 << 26)
        do { try load(found, content, module: name, on: stack) } catch let error as LuaError {
            throw ScriptError("error loading module '\(name)':\n\t\(error.message)")
        }
        stack.push(Paths.shown(found))
        return 2
    }

    private func load(_ path: String, _ content: [UInt8], module name: String, on stack: LuaStack) throws {
        try load(path, content, module: name)
        // Compiled on the main thread's stack; a searcher may run in a coroutine.
        let function = lua.stack.keep()
        stack.push(function)
        stack.drop(function)
    }

    /// The type with an id or a Python class.
    package func type(named name: String) -> ConfigType? { module.type(named: name) }

    /// The types that the script has defined, in the order of their ids.
    package var types: [ConfigType] {
        module.types.values.map(\.type).sorted { ByteOrder.less($0.id, $1.id) }
    }

    // MARK: The configuration

    /// The fields of the experiment, checked by the script's schema if it has one; without a schema as they are.
    private func checkConfiguration() throws {
        guard let main else { return }
        let stack = lua.stack
        stack.push(main)
        stack.get("configuration", from: -1)
        defer { stack.pop(2) }
        let base = Set(ExperimentSettings.keys)
        let fields = input.configuration.fields ?? []
        guard let spec = stack.object(-1, .parameterSpec), case .record(let record) = spec.parameter.type
        else {
            configuration = input.configuration.value
            return
        }
        let own = Set(record.parameters.map(\.name))
        let given = fields.filter { own.contains($0.key) || !base.contains($0.key) }
        do throws(ValueError) {
            let checked = try record.accept(
                .map(given.map { .init(key: .string($0.key), value: $0.value.value) }))
            guard case .map(var entries) = checked else { return }
            for field in fields where base.contains(field.key) && !own.contains(field.key) {
                entries.append(.init(key: .string(field.key), value: field.value.value))
            }
            configuration = .map(entries.sorted { ByteOrder.less($0.key, $1.key) })
        } catch {
            let name = error.path.drop { $0 == "." }
            let isAboutKey = if case .unknownParameter = error.problem { true } else { false }
            throw SettingError(
                isAboutKey ? error.text : "\(name): \(error.text)",
                at: input.configuration.origin(at: error.path))
        }
    }

    /// What `run` gets as `cfg`.
    private var configuration = Value.map([])

    /// Whether the script says what the configuration may contain.
    var hasSchema: Bool {
        guard let main else { return false }
        lua.stack.push(main)
        lua.stack.get("configuration", from: -1)
        defer { lua.stack.pop(2) }
        return lua.stack.kind(-1) == .object
    }

    // MARK: Running

    /// Calls the script's `run`, and waits for the jobs that it submitted.
    package func run(in experiment: Experiment) throws(PlanError) {
        self.experiment = experiment
        experiment.base = module.baseFolder
        module.savesFiles = experiment.mode != .dryRun
        module.workspaceFolder = { experiment.workspace.path }
        do {
            let root = loaded.first { $0.module == nil } ?? loaded.last
            sources = SourceTree(
                root: root.map { Paths.parent($0.path) } ?? "/", folder: experiment.run?.sources)
            for file in loaded { try sources.keep(file.path, content: file.content) }
            module.folderOfSource = { [unowned self] source in
                sources.place(of: Paths.parent(files[source] ?? Paths.absolute(source)))
            }
            module.isRunning = true
            defer { module.isRunning = false }
            try callRun()
            experiment.endOfScript()
            try wait(for: nil)
            tellUnknownOutputs()
            experiment.close()
        } catch {
            experiment.close()
            throw Self.planError(error)
        }
    }

    private func callRun() throws {
        guard let main else { return }
        let stack = lua.stack
        pushHost("start")
        stack.push(main)
        try module.push(configuration, stack)
        stack.push(hasSchema)
        stack.push(experiment?.mode.rawValue ?? "")
        stack.pushTable(sequence: input.arguments.count)
        for (index, argument) in input.arguments.enumerated() {
            stack.push(argument)
            stack.set(at: Int64(index + 1), in: -2)
        }
        try stack.call(arguments: 5, results: 0)
    }

    /// Waits for a job, or for all, and calls the callbacks of those that end meanwhile.
    func wait(for number: JobNumber?) throws {
        guard let experiment, experiment.mode == .normal else { return }
        while true {
            let isWatching = outputs.contains { !$0.isOver }
            switch experiment.board.wait(for: number, milliseconds: isWatching ? 100 : nil) {
            case .ended(let numbers):
                try pollOutputs()
                for number in numbers { try callBack(number) }
            case .timeout: try pollOutputs()
            // What is told of outputs may submit more.
            case .over: if try !pollOutputs() { return }
            case .interrupted: throw ScriptError("interrupted")
            }
        }
    }

    /// Calls what was registered for a job, if it is done.
    func callBack(_ number: JobNumber) throws {
        guard let experiment, let registered = callbacks.removeValue(forKey: number) else { return }
        let isDone = experiment.board.status(number).isDone
        for (function, object) in registered {
            defer { lua.stack.drop(function) }
            guard isDone else { continue }
            lua.stack.push(function)
            module.push(object, lua.stack)
            try lua.stack.call(arguments: 1, results: 0)
        }
    }

    // MARK: What jobs run

    /// The original folder of the file that defined a type.
    func folder(of definition: TypeDefinition) -> String {
        Paths.parent(files[definition.source] ?? Paths.absolute(definition.source))
    }

    /// The fields of the script of a Lua task: the files of the plan, and where else modules are.
    func scriptFields() -> String {
        if let luaFields { return luaFields }
        func entry(_ file: LoadedFile) -> String {
            [file.module ?? "", sources.place(of: file.path), Paths.shown(file.path)].map(LuaText.quote)
                .joined(separator: ", ")
        }
        var text = "  files = {\n"
        for file in loaded { text += "    { \(entry(file)) },\n" }
        text += "  },\n"
        text += "  path = \(LuaText.quote(ModuleFinder.path(lua.stack))),\n"
        text += "  cpath = \(LuaText.quote(ModuleFinder.path(lua.stack, "cpath"))),\n"
        luaFields = text
        return text
    }

    private static func planError(_ error: any Error) -> PlanError {
        switch error {
        case let error as PlanError: error
        case let error as LuaError: .lua(error)
        case let error as SettingError: .setting(error)
        case let error as ScriptFailure: .script(error.message)
        case let error as ScriptError: .script(error.message)
        case let error as SystemError: .script(error.text)
        case let error as ValueError: .script(error.text)
        default: .script("\(error)")
        }
    }
}

/// A script that cannot be used, outside any Lua call.
struct ScriptFailure: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// Lua source text.
enum LuaSource {
    /// Without the text of a first line that begins with `#`, which is for the kernel; its line feed stays.
    static func withoutHashLine(_ content: [UInt8]) -> [UInt8] {
        guard content.first == UInt8(ascii: "#") else { return content }
        return Array(content.drop { $0 != UInt8(ascii: "\n") })
    }
}
