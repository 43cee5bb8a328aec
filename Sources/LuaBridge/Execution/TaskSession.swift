package import Engine
import Model
import Store
import System
import Text

/// The Lua side of a job: loads the plan's kept files without calling `run`, finds the task by its id,
/// rebuilds it from `params.json`, and calls its `execute`.
///
/// Made once in a process that hosts jobs; each job uses it in a process forked from that one.
package final class TaskSession {
    let lua = LuaState()
    let module: XpmModule
    /// The names of the methods of every object.
    var methodNames: TextSet { module.methodNames }

    private var folder = JobFolder(path: "/", name: "job")
    private var lastProgress = -1.0
    /// Where `self:log { … }` writes.
    private var numbers: LineLog?
    /// Whether the task is one that keeps its folder and its outputs.
    private var resumable = false
    /// When the task's time is over, on the clock of `Monotonic`; nil for never.
    private var deadline: Double?
    /// Whether the task has said that it stops because of its time.
    private var isOverdue = false
    /// Kept files by module name and by the name that messages show.
    private var modules: TextMap<KeptFile> = [:]
    private var keptFolders: TextMap<String> = [:]
    /// Kept files by where they were.
    private var keptModules: TextMap<KeptFile> = [:]

    private struct KeptFile {
        let path: String
        let shown: String
    }

    package init() throws {
        module = XpmModule(lua: lua)
        addJobFunctions()
        try module.open()
    }

    /// Goes once, in memory and in another state, through what every job does. What the Swift runtime makes
    /// at its first use, and the memory that is touched, then comes to each job with the fork.
    package static func rehearse() throws {
        let session = try TaskSession()
        let source = """
            local xpm = require "xpm"
            xpm.task { id = "t", params = { n = xpm.int, w = xpm.job_path "w" }, execute = function(self) return self.n end }
            """
        try session.lua.stack.load(Array(source.utf8), name: "=rehearsal")
        try session.lua.stack.call(arguments: 0, results: 0)
        let parameters =
            #"{"version": 3, "objects": [{"id": 1, "typename": "t", "task": 1, "identifier": "\#(String(repeating: "0", count: 64))", "fields": {"n": 1}}]}"#
        try session.call("t", parameters: Array(parameters.utf8))
    }

    /// Runs the task of a script's body.
    ///
    /// - Returns: 0; 1 with the reason on standard error; or `JobAttempt.gracefulTimeout`.
    package func run(_ job: LuaTask) -> Int32 {
        let folder = job.folder
        self.folder = folder
        deadline = job.deadline
        module.workspaceFolder = { folder.workspace }
        module.ownFolder = folder.path
        // What a job prints is seen at once, and not lost when it is killed.
        StandardStream.bufferByLine()
        do {
            try execute(job.script)
            return 0
        } catch { complain(error.shown) }
        return isOverdue ? JobAttempt.gracefulTimeout : 1
    }

    private func complain(_ text: String) { StandardStream.error.write(text + "\n") }

    /// Random numbers that are the job's own: the same when it runs again, wherever that is.
    private static let seeding = """
        local first, second = ...
        local seed, open, unpack = math.randomseed, io.open, string.unpack
        seed(first, second)
        -- Without a number it is fresh, also in another process of the same second.
        math.randomseed = function(...)
          if select("#", ...) > 0 then return seed(...) end
          local source <close> = assert(open("/dev/urandom", "rb"))
          return seed(unpack("i8", source:read(8)), (unpack("i8", source:read(8))))
        end
        """

    private func seedRandom() throws {
        let stack = lua.stack
        try stack.load(Array(Self.seeding.utf8), name: "=[xpm]")
        for part in [folder.identifier.prefix(16), folder.identifier.dropFirst(16).prefix(16)] {
            stack.push(Int64(bitPattern: UInt64(part, radix: 16) ?? 0))
        }
        try stack.call(arguments: 2, results: 0)
    }

    private func execute(_ script: Substring) throws {
        try seedRandom()
        let id = try load(script: script)
        try call(id, parameters: try Files.read(folder.parameters, limit: 1 << 28))
    }

    /// Loads the kept files that a script names.
    ///
    /// - Returns: the id of the type that it is about.
    func load(script: Substring) throws -> String {
        let stack = lua.stack
        try stack.load(Array(script.utf8), name: "=job script")
        try stack.call(arguments: 0, results: 1)
        guard stack.kind(-1) == .table else { throw ScriptError("the job script returns no table") }
        let fields = try stack.value(-1)
        stack.pop()
        guard case .map(let entries) = fields else { throw ScriptError("the job script returns no table") }
        func field(_ name: String) -> Value? { entries.first { $0.key == .string(name) }?.value }
        guard case .string(let id)? = field("task"), case .list(let files)? = field("files") else {
            throw ScriptError("the job script has no task or no files")
        }
        // Of version 2.
        if case .list(let variables)? = field("environment") {
            for case .list(let pair) in variables where pair.count == 2 {
                Environment.set(pair[0].plainText, pair[1].plainText)
            }
        }
        ModuleFinder.noteSystemPath(stack)
        if case .list(let kept)? = field("kept") {
            for case .list(let names) in kept where names.count == 3 {
                keptModules[names[0].plainText] = KeptFile(
                    path: names[1].plainText, shown: names[2].plainText)
            }
        }
        if case .string(let path)? = field("path") { ModuleFinder.setPath(stack, "path", path) }
        if case .string(let path)? = field("cpath") { ModuleFinder.setPath(stack, "cpath", path) }
        try load(files, until: id)
        return id
    }

    /// Loads the script and, where its types were defined by modules that only `run` requires, those.
    private func load(_ files: [Value], until id: String) throws {
        var scripts: [KeptFile] = []
        var order: [String] = []
        for case .list(let parts) in files where parts.count == 3 {
            let file = KeptFile(path: parts[1].plainText, shown: parts[2].plainText)
            keptFolders[file.shown] = Paths.parent(file.path)
            let name = parts[0].plainText
            if name.isEmpty {
                scripts.append(file)
            } else {
                modules[name] = file
                order.append(name)
            }
        }
        ModuleFinder.install({ [unowned self] stack in try search(stack) }, in: lua)
        module.folderOfSource = { [unowned self] source in keptFolders[source] ?? Paths.parent(source) }
        for script in scripts {
            try load(script, module: nil)
            try lua.stack.call(arguments: 0, results: 0)
            module.scriptIsLoaded()
        }
        for name in order where module.types[id] == nil {
            lua.stack.pushGlobals()
            lua.stack.get("require", from: -1)
            lua.stack.push(name)
            try lua.stack.call(arguments: 1, results: 0)
            lua.stack.pop()
        }
    }

    private func load(_ file: KeptFile, module name: String?) throws {
        // Kept files of modules of the machine lie elsewhere: these are told by where they were.
        let isOfMachine = name.map {
            ModuleFinder.isOfMachine($0, at: Paths.absolute(file.shown), lua.stack)
        }
        let content = try Files.read(file.path, limit: 1 << 26)
        module.willLoad(file.shown, content, module: name, isOwn: isOfMachine != true)
        try lua.stack.load(LuaSource.withoutHashLine(content), name: "@\(file.shown)")
    }

    private func search(_ stack: LuaStack) throws -> Int {
        let name = stack.string(1) ?? ""
        guard let file = try modules[name] ?? keptModule(name, stack) else {
            stack.push("no kept file of the plan")
            return 1
        }
        try load(file, module: name)
        let function = lua.stack.keep()
        stack.push(function)
        stack.drop(function)
        stack.push(file.path)
        return 2
    }

    /// A module that the plan has not required itself; nil for one of the machine, and for none.
    ///
    /// - Throws: for a file of the plan's folders that was not kept: it may not be what it was.
    private func keptModule(_ name: String, _ stack: LuaStack) throws -> KeptFile? {
        guard let found = ModuleFinder.find(name, along: ModuleFinder.path(stack)) else { return nil }
        if let kept = keptModules[found] {
            keptFolders[kept.shown] = Paths.parent(kept.path)
            return kept
        }
        // What the task itself has in its folder is its own affair.
        if ModuleFinder.isOfMachine(name, at: found, stack) || found.hasPrefix("\(folder.path)/")
            || keptModules.isEmpty
        {
            return nil
        }
        throw ScriptError(
            "module '\(name)' was not kept when the plan was made, and may be another now: require it at the top of the file, or name it in sources = { … } of the task"
        )
    }

    private func call(_ id: String, parameters bytes: [UInt8]) throws {
        let stack = lua.stack
        guard let definition = module.types[id] else {
            throw ScriptError(
                "no task '\(id)' is defined when its file is loaded: define it at the top of the file")
        }
        let task = try ParameterFile.task(from: bytes, job: folder.path) { [module] in module.type(named: $0)
        }
        resumable = task.type.kind.isResumable
        guard task.type === definition.type else {
            throw ScriptError("params.json is of \(task.type.id), not of \(id)")
        }
        for initTask in task.initTasks {
            guard module.pushField("execute", of: initTask.type, stack), stack.kind(-1) == .function else {
                throw ScriptError("\(initTask.type.id) has no execute")
            }
            module.push(initTask, stack)
            try stack.call(arguments: 1, results: 0)
        }
        guard module.pushField("execute", of: task.type, stack), stack.kind(-1) == .function else {
            throw ScriptError("\(id) has no execute")
        }
        module.push(task, stack)
        try stack.call(arguments: 1, results: 1)
        defer { stack.pop() }
        // What it returns by name is its result, as of a worker.
        guard stack.kind(-1) == .table, folder.path != "/", let value = try? stack.value(-1),
            case .object(let members) = JSON(plain: value), !members.isEmpty
        else { return }
        try JobResult.add(.object(members), to: folder)
    }

    // MARK: What a task may call

    private func addJobFunctions() {
        for name in ["submit", "on_completed", "watch_output"] {
            module.addMethod(name) { _ in
                throw ScriptError("\(name) belongs to the plan: a job cannot call it")
            }
        }
        let ofPlan = [
            "job", "wait", "stop", "setenv", "workdir", "results_path", "experiment_name", "run_id",
            "run_status", "submitted_jobs", "submitted_tags", "xp_save",
            "xp_load",
            "token", "results", "add_action", "add_service", "add_listener", "remove_listener",
        ]
        for name in ofPlan {
            module.add(name) { _ in throw ScriptError("this belongs to the plan: a job has no experiment") }
        }
        module.addMethod("progress") { [unowned self] stack in
            guard [.int, .float].contains(stack.kind(2)) else {
                throw ScriptError("progress(fraction, text): the fraction is a number from 0 to 1")
            }
            progress(stack.float(2), stack.string(3))
            return 0
        }
        module.addMethod("result") { [unowned self] stack in
            guard stack.kind(2) == .table else {
                throw ScriptError("result needs a table: self:result { accuracy = 0.9 }")
            }
            let value = try stack.value(2)
            guard case .object = JSON(plain: value) else {
                throw ScriptError("result needs names: self:result { accuracy = 0.9 }")
            }
            try JobResult.add(JSON(plain: value), to: folder)
            return 0
        }
        module.addMethod("output") { [unowned self] stack in
            let object = try XpmModule.object(stack, 1, "output")
            guard let name = stack.string(2), stack.kind(3) == .table else {
                throw ScriptError("output(name, values): self:output(\"checkpoint\", { step = 10 })")
            }
            guard !XpmModule.definitionKeys.contains(name) else {
                throw ScriptError("output: '\(name)' is a key of definitions: give the output another name")
            }
            guard resumable else {
                throw ScriptError("output: only a resumable_task keeps what it made when it starts again")
            }
            try TaskOutput.append(
                name, of: object.identifier, values: JSON(plain: try stack.value(3)), to: folder)
            return 0
        }
        module.addMethod("remaining_time") { [unowned self] stack in
            if let deadline { stack.push(max(0, deadline - Monotonic.seconds)) } else { stack.pushNil() }
            return 1
        }
        module.add("graceful_timeout") { [unowned self] stack in
            guard resumable else {
                throw ScriptError("xpm.graceful_timeout: only a resumable_task goes on where it was")
            }
            isOverdue = true
            throw ScriptError(stack.string(1) ?? "stopped before its time is over")
        }
        module.addMethod("log") { [unowned self] stack in
            if stack.count == 2, stack.kind(2) == .table { return try log(stack) }
            let words = stack.count < 2 ? [] : (2...stack.count).map { stack.description($0) }
            StandardStream.output.write(words.joined(separator: "\t") + "\n")
            return 0
        }
    }

    /// `self:log { step = 10, loss = 0.3 }`
    private func log(_ stack: LuaStack) throws -> Int {
        let usage = "log needs numbers by their names: self:log { step = 10, loss = 0.3 }"
        guard case .object(let members) = JSON(plain: try stack.value(2)), !members.isEmpty,
            members.allSatisfy({ $0.value.number != nil })
        else { throw ScriptError(usage) }
        if numbers == nil { numbers = try LineLog(folder.programEvents) }
        if let failure = numbers?.append(JobLog.line(members)) { throw failure }
        return 0
    }

    /// Writes progress, at most ten times a second, and the end in any case.
    private func progress(_ fraction: Double, _ text: String?) {
        let now = Monotonic.seconds
        guard now - lastProgress >= 0.1 || fraction >= 1 else { return }
        lastProgress = now
        JobEvents.progress(min(1, max(0, fraction.isNaN ? 0 : fraction)), text: text, in: folder)
    }
}
