package import Engine
import Model
package import Settings
package import Store
import System
package import Text

/// What a plan is made from.
package struct PlanInput {
    /// The script's absolute path, or nil where `module` names it.
    package var script: String?
    /// What is in the script, where it is no file.
    package var scriptText: [UInt8]?
    package var module: String?
    /// The file that says `module`: modules are found beside it.
    package var moduleFile: String?
    package var luapath: [String] = []
    /// Where the modules of Python tasks are, before those of the environment.
    package var pythonpath: [String] = []
    /// The interpreter of Python tasks that name none, where the user's settings name one.
    package var python: String?
    package var preExperiment: String?
    /// The merged YAML.
    package var configuration: Setting
    /// The YAML files, as they were read: the run keeps them.
    package var configurationFiles: [(path: String, bytes: [UInt8])] = []
    /// What others are not to read.
    package var secrets = Secrets()
    /// Values that it is to have one after the other.
    package var sweep = ConfigurationSweep()
    /// Values that come while the plan is made: `run` is called for each, at each point of the sweep.
    package var stream: ValueStream?
    /// A search of the configuration, as `xpm.search` would get it: `run` is called for each trial, at each point of the
    /// sweep.
    package var search: JSON?
    /// What follows `--`.
    package var arguments: [String] = []
    /// Reads a value in brackets, where a text of the configuration has become one.
    package var readBracketed: @Sendable (String) -> Setting.Content? = { _ in nil }

    package init(configuration: Setting) { self.configuration = configuration }
}

/// Values of a parameter that are not known at once, such as lines of standard input.
package struct ValueStream: Sendable {
    /// The way to the parameter.
    package let path: String
    /// The next value, which is waited for unless the flag is raised; nil at the end.
    package let next: @Sendable (InterruptFlag) throws -> Setting?

    package init(path: String, next: @escaping @Sendable (InterruptFlag) throws -> Setting?) {
        self.path = path
        self.next = next
    }
}

/// Why a plan cannot be made.
package enum PlanError: TextualError {
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
    package internal(set) var sources: SourceTree
    /// The files of the plan, in the order of their loading.
    var loaded: [LoadedFile] = []
    /// The path of each file by the name that messages show.
    var files: TextMap<String> = [:]
    var main: LuaReference?
    var luaFields: String?
    /// What `run` gets as `cfg`, one after the other.
    var points: [Point] = []
    /// What the files, the options and the schema say together.
    var sweep = ConfigurationSweep()
    /// Whether texts of the configuration name other keys.
    private(set) lazy var hasReferences =
        input.configuration.hasReferences
        || sweep.axes.contains { $0.steps.contains { $0.contains(where: \.hasReferences) } }
    let programs = ProgramFinder()
    /// Types whose `sources` are kept already.
    var definitionsWithKeptSources: Set<ObjectIdentifier> = []
    /// The job whose `outputs` is being called.
    var producing: Job?
    /// Whether that happens while the job runs, for one of its outputs.
    var isProducingWhileRunning = false
    /// The tasks whose outputs are watched.
    var outputs: [TaskOutputs] = []
    /// The names of the actions that were added.
    var actions: TextSet = []
    /// How Python tasks run.
    private(set) lazy var pythonTasks = PythonTasks(input)
    /// Asks their interpreters what they have; nil where nobody wants to know.
    package var pythonPackages: PythonPackages?
    /// Where the files lie that workers load, once a task has needed them.
    var helpersFolder: String?
    /// The sources of which it was looked what they load, and whether they ask for the file of arguments.
    var scannedSources: TextMap<(asks: Bool, loads: [String])> = [:]
    /// Of the files that commands name: whether they, or what they load, ask for it.
    var askingSources: TextMap<Bool> = [:]
    /// The types of which it was said that their programs lie beside the script.
    var typesToldBeside: TextSet = []
    /// The files that the script has read before its run began.
    var readFiles: [(path: String, content: [UInt8])] = []
    /// The types of which it was said that `max_retries` does little.
    var retryWarnings: TextSet = []
    /// The services of the run, by their ids.
    var serviceBoxes: TextMap<ServiceBox> = [:]
    let pump = ServicePump()
    /// What the script has asked the configuration for in vain.
    var missedKeys = MissedKeys()
    /// The numbers of host functions that are pushed often.
    var cached: TextMap<Int32> = [:]
    var experiment: Experiment?
    /// The searches of the plan, by their numbers.
    var searches: [SearchRun] = []
    /// What is submitted for a trial of the configuration's search, new or not.
    var collected: [Job]?
    /// Functions to call when a job is done, with the object that they were registered for.
    var callbacks: [JobNumber: [Callback]] = [:]

    struct Callback {
        let function: LuaReference
        let object: ConfigObject
        /// The points of sweeps at which it was asked for.
        let place: SweepPoints
    }

    struct LoadedFile {
        /// The name for `require`, or nil for the script itself.
        let module: String?
        let path: String
        let content: [UInt8]
    }

    /// The files of the plan that were read: the script, its modules, YAML files.
    package var filesRead: [String] {
        input.scriptText == nil ? loaded.map(\.path) + input.configurationFiles.map(\.path) : []
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
        module.folderOfReader = { [unowned self] source in
            Paths.parent(files[source] ?? Paths.absolute(source))
        }
        module.wasRead = { [unowned self] (path, content) throws(SystemError) in
            if experiment == nil {
                readFiles.append((path, content))
            } else {
                try sources.keep(path, content: content)
            }
        }
    }

    // MARK: Loading

    /// Loads the script, and checks the configuration against its schema where that is wanted.
    package func load(checksConfiguration: Bool = true) throws(PlanError) {
        do {
            addPlanFunctions()
            try module.open()
            try prepare()
            if checksConfiguration { try checkConfiguration() }
        } catch { throw Self.planError(error) }
    }

    // MARK: Running

    /// Calls the script's `run`, and waits for the jobs that it submitted. Where it throws, the experiment is
    /// not closed.
    package func run(in experiment: Experiment) throws(PlanError) {
        self.experiment = experiment
        experiment.base = module.baseFolder
        experiment.files = { [unowned module] path in module.files[path] }
        module.savesFiles = experiment.mode != .dryRun
        module.workspaceFolder = { experiment.workspace.path }
        module.ownFolder = experiment.run?.path
        module.secrets = input.secrets
        do {
            let root = loaded.first { $0.module == nil } ?? loaded.last
            sources = SourceTree(
                root: root.map { Paths.parent($0.path) } ?? "/", folder: experiment.run?.sources)
            for file in loaded { try sources.keep(file.path, content: file.content) }
            for file in input.configurationFiles
            where Files.kind(file.path) == .file || input.scriptText != nil {
                try sources.keepAside(
                    file.path, content: file.bytes, isSecret: input.secrets.areNamed(in: file.bytes))
            }
            try keepLazyModules()
            for file in readFiles { try sources.keep(file.path, content: file.content) }
            module.folderOfSource = { [unowned self] source in
                sources.place(of: Paths.parent(files[source] ?? Paths.absolute(source)))
            }
            module.isRunning = true
            module.origins = Origins()
            defer { module.isRunning = false }
            try callRun()
            if experiment.submitted.isEmpty, let forgotten = module.origins?.complaints, !forgotten.isEmpty {
                throw LuaError(message: forgotten.joined(separator: "\n"), traceback: nil)
            }
            try experiment.endOfScript(isLast: callbacks.isEmpty && outputs.isEmpty && !hasLuaServices)
            try wait(for: nil)
            tellUnknownOutputs()
            tellTagless()
            for forgotten in module.origins?.complaints ?? [] { module.warnOnce(forgotten) }
            experiment.close()
        } catch { throw Self.planError(missedKeys.explaining(error, in: input)) }
    }

    /// Calls `run` for each configuration, or once where the script asks for them itself.
    private func callRun() throws {
        guard let main else { return }
        lua.stack.push(main)
        lua.stack.get("once", from: -1)
        let isOnce = lua.stack.bool(-1)
        lua.stack.pop(2)
        // One that asks for the configurations itself is at none of them yet.
        if isOnce, let first = points.first { return try callRun(main, first.configuration) }
        try forEachPoint { point in
            // A loop that the call before has left early is over.
            module.sweepPoints = SweepPoints()
            go(to: point)
            try callRun(main, point.configuration)
        }
        module.sweepPoints = SweepPoints()
    }

    private func callRun(_ main: LuaReference, _ configuration: Value) throws {
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
        guard let experiment, experiment.mode.launches else { return }
        while true {
            // Callbacks may have submitted more.
            try experiment.willWait(for: number)
            let isWatching = hasLuaServices || outputs.contains { !$0.isOver }
            pumpServices()
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
        for callback in registered {
            defer { lua.stack.drop(callback.function) }
            guard isDone else { continue }
            try at(callback.place) {
                lua.stack.push(callback.function)
                module.push(callback.object, lua.stack)
                try lua.stack.call(arguments: 1, results: 0)
            }
        }
    }

    /// Does something as at the points of sweeps at which it was asked for.
    func at(_ place: SweepPoints, _ body: () throws -> Void) rethrows {
        let outer = module.sweepPoints
        module.sweepPoints = place
        defer { module.sweepPoints = outer }
        try body()
    }

    /// Stops the services of the run, and tells of it.
    ///
    /// - Parameter isCut: whether those that stay are not waited for, any more.
    package func stopServices(unless isCut: () -> Bool) {
        // The plan is over, interrupted or not; the functions of its services are not.
        lua.flag.lower()
        experiment?.services.close(unless: isCut)
        pumpServices()
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
        text += "  },\n  kept = {\n"
        for path in sources.files where path.hasSuffix(".lua") {
            let names = [path, sources.place(of: path), Paths.shown(path)].map(LuaText.quote)
            text += "    { \(names.joined(separator: ", ")) },\n"
        }
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
        default: .script(error.shown)
        }
    }
}
