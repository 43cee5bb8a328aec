package import Model
import Store
import System
import Text

/// Loading: the script and what it requires, and its types.
extension PlanSession {
    func prepare() throws {
        let stack = lua.stack
        ModuleFinder.noteSystemPath(stack)
        var folders = input.luapath
        if let script = input.script { folders.append(Paths.parent(script)) }
        if let file = input.moduleFile { folders.append(Paths.parent(file)) }
        let own = folders.flatMap { ["\($0)/?.lua", "\($0)/?/init.lua"] }
        ModuleFinder.setPath(stack, "path", (own + [ModuleFinder.path(stack)]).joined(separator: ";"))
        ModuleFinder.install({ [unowned self] stack in try search(stack) }, in: lua)
        forbidExit()

        if let path = input.preExperiment {
            if path.hasPrefix("/") {
                try run(file: path)
            } else {
                try require(path, saidBy: "pre_experiment")
            }
            stack.pop()
        }
        if let name = input.module {
            try require(name, saidBy: "module")
        } else if let script = input.script {
            try run(file: script, input.scriptText)
        }
        // Above the script's result: what `xpm.lua` makes of it.
        stack.copy(-1)
        pushHost("resolve")
        stack.insert(-2)
        try stack.call(arguments: 1, results: 1)
        main = stack.keep()
        stack.pop()
    }

    /// Why a script has nothing to run.
    func noRun(_ stack: LuaStack) -> LuaError {
        guard let script = loaded.first(where: { $0.module == nil }) ?? loaded.last else {
            return LuaError(message: "no run: no script was loaded", traceback: nil)
        }
        let shown = Paths.shown(script.path)
        for (index, line) in script.content.split(separator: 10, omittingEmptySubsequences: false)
            .enumerated()
        where LuaSource.declaresLocalRun(line) {
            return LuaError(
                message:
                    "\(shown):\(index + 1): run is local: xpm sees a global function run(helper, cfg), or what the script returns; remove 'local', or end the script with return xpm.experiment { run = run }",
                traceback: nil)
        }
        let why =
            stack.kind(1) == .table
            ? "no run: the script returns a table that xpm.experiment has not made: return xpm.experiment { run = … }"
            : "no run: the script defines no global function run(helper, cfg) and returns no xpm.experiment { run = … }"
        return LuaError(message: "\(shown): \(why)", traceback: nil)
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
    ///
    /// - Parameter known: what is in it, if that is known.
    private func run(file path: String, _ known: [UInt8]? = nil) throws {
        var content = known ?? []
        if known == nil {
            do throws(SystemError) { content = try Files.read(path, limit: 1 << 26) } catch {
                throw ScriptError("\(Paths.shown(path)): \(SystemError.message(error.code))")
            }
        }
        try load(path, content, module: nil)
        try lua.stack.call(arguments: 0, results: 1)
        module.scriptIsLoaded()
    }

    /// Requires a module that the configuration names, and pushes it.
    private func require(_ name: String, saidBy key: String) throws {
        let path = ModuleFinder.path(lua.stack)
        guard ModuleFinder.find(name, along: path) != nil else {
            let folders = path.split(separator: ";").map { Paths.parent(String($0)) }
            let shown = TextSet(folders.filter { !$0.contains("?") }.map(Paths.shown)).ordered
            throw ScriptError(
                "\(key): module '\(name)' not found: there is no \(name.replacing(".", with: "/")).lua in \(shown.joined(separator: ", ")); luapath names more folders"
            )
        }
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
        module.willLoad(
            shown, content, module: name,
            isOwn: name.map { !ModuleFinder.isOfMachine($0, at: path, lua.stack) } ?? true)
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
}
