import Model
import Settings
import Store
import System
import Text

/// The module `xpm` in one Lua state: the types it knows, the objects it shows, and the host functions behind
/// it.
///
/// `Lua/xpm.lua` is the module's Lua part; it gets the host functions as one table. What only the plan or
/// only a job can do is added by `PlanSession` and `TaskSession`.
final class XpmModule {
    let lua: LuaState
    /// The one that was asked for last.
    private var lastDefinition: TypeDefinition?
    /// Types by id.
    private(set) var types: TextMap<TypeDefinition> = [:]
    /// Ids that `xpm.ref` named before their types were defined.
    private var references: TextMap<ConfigReference> = [:]
    /// Lua table of the userdata of each object, by address, weak: one object is one value in Lua.
    private let objectCache: LuaReference
    /// Lua table of the methods that every object has.
    private let methods: LuaReference
    /// Lua table of the functions that `xpm.lua` is made with.
    private let hostTable: LuaReference
    /// `string.find`, as it was before any script.
    let find: LuaReference
    /// The folder that relative paths of parameters are in: the script's.
    var baseFolder = Paths.current
    /// The workspace, which paths in files are relative to.
    var workspaceFolder: () -> String = { "/" }
    /// The folder of the job that runs, or of the run whose plan is made.
    var ownFolder: String?
    /// What others are not to read.
    var secrets = Secrets()
    /// Whether `xpm.save` writes: not in a dry run.
    var savesFiles = true
    /// How many default functions are being called, one in the other.
    var makerDepth = 0
    var files: TextMap<JobFile> = [:]
    /// Told what is no error but should be known, once each. The files that were loaded, by the names that
    /// Lua knows them by, with what they are modules for; nil for a script.
    private var loads: [(module: String?, source: String)] = []
    /// The text of those of them that are the user's: not modules of the machine.
    private(set) var ownSources: TextMap<[UInt8]> = [:]
    var warn: (String) -> Void = { _ in }
    /// Told how far long work is.
    var report: (String) -> Void = { StandardStream.error.write("\($0)\n") }
    private var warned: TextSet = []
    /// Sobol's sequence that was asked for last.
    var sobol: (dimensions: Int64, seed: Int64, sequence: SobolSequence)?
    /// Where tasks are made, while a plan is.
    var origins: Origins?
    /// Whether a script has got a table of an object's.
    var hasHandedOut = false
    /// Where the script's sweeps stand.
    var sweepPoints = SweepPoints()
    /// What has varied in them.
    var sweptTags = SweptTags()
    /// Set while `run` is called: then no task with `execute` can be defined.
    var isRunning = false
    /// The `{here}` of the types that a file defines: its kept folder.
    var folderOfSource: (String) -> String = { Paths.parent($0) }
    /// The folder in which a file that reads others finds them.
    lazy var folderOfReader: (String) -> String = { [unowned self] in folderOfSource($0) }
    /// Told of a file that the script has read, with its content.
    var wasRead: (String, [UInt8]) throws(SystemError) -> Void = {
        (_: String, _: [UInt8]) throws(SystemError) in
    }

    init(lua: LuaState) {
        self.lua = lua
        let stack = lua.stack
        stack.pushTable()
        stack.pushTable()
        stack.push("v")
        stack.set("__mode", in: -2)
        stack.setMetatable(of: -2)
        objectCache = stack.keep()
        stack.pushTable()
        methods = stack.keep()
        stack.pushTable()
        hostTable = stack.keep()
        stack.pushGlobals()
        stack.get("string", from: -1)
        stack.get("find", from: -1)
        find = stack.keep()
        stack.pop(2)
        addTypeFunctions()
        addDefinitionFunctions()
        addObjectFunctions()
        addSaveFunctions()
        addSupportFunctions()
        addReadingFunctions()
        addServiceDefinitionFunctions()
    }

    /// The names of the methods of every object.
    private(set) var methodNames: TextSet = []

    /// Adds a function to the table that `xpm.lua` gets.
    func add(_ name: String, _ function: @escaping LuaState.Function) {
        lua.stack.push(hostTable)
        lua.push(function)
        lua.stack.set(name, in: -2)
        lua.stack.pop()
    }

    /// Adds a method of every object.
    func addMethod(_ name: String, _ function: @escaping LuaState.Function) {
        methodNames.insert(name)
        lua.stack.push(methods)
        lua.push(function)
        lua.stack.set(name, in: -2)
        lua.stack.pop()
    }

    /// Gives a class of userdata a metamethod.
    func addMetamethod<Object>(
        _ name: String, of objects: ObjectClass<Object>, _ function: @escaping LuaState.Function
    ) {
        lua.stack.pushClass(objects.number)
        lua.push(function)
        lua.stack.set(name, in: -2)
        lua.stack.pop()
    }

    /// Pushes what is in the host's table under a name.
    func pushHostField(_ name: String, _ stack: LuaStack) {
        stack.push(hostTable)
        stack.get(name, from: -1)
        stack.insert(-2)
        stack.pop()
    }

    /// Runs `xpm.lua` and makes it what `require "xpm"` gives.
    func open() throws {
        let stack = lua.stack
        add("sweeps") { stack in
            try stack.load(EmbeddedText.sweeps, name: "=[xpm]")
            return 1
        }
        try stack.load(EmbeddedText.module, name: "=[xpm]")
        stack.push(hostTable)
        try stack.call(arguments: 1, results: 1)
        stack.pushGlobals()
        stack.get("package", from: -1)
        stack.get("loaded", from: -1)
        stack.copy(-4)
        stack.set("xpm", in: -2)
        stack.pop(4)
        makeGlobalsStrict()
    }

    // MARK: Types

    func define(_ definition: TypeDefinition) throws {
        let id = definition.type.id
        if let first = types[id] ?? types.values.first(where: { $0.type.id.lowercased() == id.lowercased() })
        {
            throw TypeError.definedTwice(id: id, first: "\(first.source):\(first.line)")
        }
        types[id] = definition
        reference(to: id).type = definition.type
    }

    /// The type that a file names: by its id, or by its Python class.
    func type(named name: String) -> ConfigType? {
        if let known = types[name] { return known.type }
        return types.values.first {
            $0.type.python?.path == name || $0.type.id.lowercased() == name.lowercased()
        }?
        .type
    }

    /// Tells something once.
    func warnOnce(_ text: String) { if warned.insert(text).inserted { warn(text) } }

    /// Tells something about the line that is being run, once.
    func warn(at stack: LuaStack, _ text: String) {
        let place = stack.place().map { "\($0.source):\($0.line): " } ?? ""
        warnOnce(place + text)
    }

    /// A file is to be run: a script, or what `require` asks for.
    ///
    /// - Parameter isOwn: whether it is the user's, and not a module of the machine.
    func willLoad(_ source: String, _ content: [UInt8], module name: String?, isOwn: Bool) {
        loads.append((name, source))
        if isOwn { ownSources[source] = content }
    }

    func scriptIsLoaded() { loads.removeAll { $0.module == nil } }

    /// Where a definition stands: in the file that is being loaded, where its frame is gone (`return xpm.task
    /// { … }`).
    func placeOfDefinition(_ stack: LuaStack) -> (source: String, line: Int) {
        let place = stack.place()
        guard stack.hasReplacedCaller,
            let file = loads.last(where: { isBeingLoaded($0.module, stack) })?.source,
            file != place?.source
        else { return place ?? ("?", 0) }
        return (file, 1)
    }

    /// `require` notes a module when its file has been run.
    private func isBeingLoaded(_ name: String?, _ stack: LuaStack) -> Bool {
        guard let name else { return true }
        stack.pushGlobals()
        stack.get("package", from: -1)
        stack.get("loaded", from: -1)
        stack.get(name, from: -1)
        defer { stack.pop(4) }
        return stack.kind(-1) == .null
    }

    /// The one reference to a type's id.
    func reference(to id: String) -> ConfigReference {
        if let known = references[id] { return known }
        let reference = ConfigReference(id: id)
        references[id] = reference
        return reference
    }

    func definition(of type: ConfigType) -> TypeDefinition? {
        // Plans ask for one type many times in a row.
        if let last = lastDefinition, last.type === type { return last }
        lastDefinition = types[type.id]
        return lastDefinition
    }

    /// What makes a task run; and with what goes along.
    private static let programs = ["execute", "command", "worker"]
    private static let ofPrograms: Set = ["execute", "command", "worker", "shell", "strict"]

    /// Pushes a field of the type's definition or of its bases'; nothing if no one has it. A type that has a
    /// program of its own takes nothing of its base's.
    func pushField(_ name: String, of type: ConfigType, _ stack: LuaStack) -> Bool {
        var definition = definition(of: type)
        let isOfProgram = Self.ofPrograms.contains(name)
        while let one = definition {
            if stack.pushField(name, of: one.table) { return true }
            if isOfProgram, Self.programs.contains(where: { hasField($0, of: one, stack) }) { return false }
            definition = one.base
        }
        return false
    }

    private func hasField(_ name: String, of definition: TypeDefinition, _ stack: LuaStack) -> Bool {
        guard stack.pushField(name, of: definition.table) else { return false }
        stack.pop()
        return true
    }

    /// Whether a task of the type is a Lua function.
    func runsLua(_ type: ConfigType) -> Bool {
        guard pushField("execute", of: type, lua.current) else { return false }
        lua.current.pop()
        return true
    }

    /// Pushes a method that every object has.
    func pushMethod(_ name: String, _ stack: LuaStack) -> Bool {
        stack.push(methods)
        stack.get(name, from: -1)
        stack.insert(-2)
        stack.pop()
        if stack.kind(-1) == .function { return true }
        stack.pop()
        return false
    }

    // MARK: Values

    /// Pushes the userdata of an object: the same one as long as Lua has it.
    func push(_ object: ConfigObject, _ stack: LuaStack) {
        let key = unsafe UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque())
        stack.push(objectCache)
        unsafe stack.get(pointer: key, from: -1)
        if stack.kind(-1) == .object {
            stack.insert(-2)
            stack.pop()
            return
        }
        stack.pop()
        stack.push(object, .configObject)
        stack.copy(-1)
        unsafe stack.set(pointer: key, in: -3)
        stack.insert(-2)
        stack.pop()
    }

    /// Pushes the userdata of an object if Lua has one.
    func pushKnown(_ object: ConfigObject, _ stack: LuaStack) -> Bool {
        stack.push(objectCache)
        unsafe stack.get(pointer: UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque()), from: -1)
        stack.insert(-2)
        stack.pop()
        if stack.kind(-1) == .object { return true }
        stack.pop()
        return false
    }

    /// Pushes a value as Lua sees it: lists and maps as new tables.
    func push(_ value: Value, _ stack: LuaStack) throws {
        try stack.reserve(6)
        switch value {
        case .null: stack.pushNil()
        case .bool(let value): stack.push(value)
        case .int(let value): stack.push(value)
        case .float(let value): stack.push(value)
        case .string(let value), .path(let value), .file(let value, _): stack.push(value)
        case .member(let enumeration, let index): stack.push(enumeration.members[index])
        case .object(let object): push(object, stack)
        case .list(let values), .set(let values):
            stack.pushTable(sequence: values.count)
            for (index, value) in values.enumerated() {
                try push(value, stack)
                stack.set(at: Int64(index + 1), in: -2)
            }
        case .map(let entries), .openMap(let entries):
            stack.pushTable(fields: entries.count)
            for entry in entries {
                try push(entry.key, stack)
                try push(entry.value, stack)
                stack.setPair(in: -3)
            }
        }
    }
}
