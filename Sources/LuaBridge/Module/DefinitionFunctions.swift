import Engine

/// The functions that make config types and tasks: `xpm.config { … }`, `xpm.task { … }`, `xpm.configuration { … }`.
extension XpmModule {
    func addDefinitionFunctions() {
        add("define") { [unowned self] stack in try define(stack) }
        add("record") { [unowned self] stack in try makeRecord(stack) }
        addMetamethod("__index", of: .configType) { [unowned self] stack in try typeField(stack) }
        addMetamethod("__call", of: .configType) { [unowned self] stack in try makeObject(stack) }
        addMetamethod("__tostring", of: .configType) { stack in
            stack.push("type \(stack.object(1, .configType)?.type.id ?? "")")
            return 1
        }
    }

    /// The parameters of a table of names and types, in byte order.
    private func readParameters(
        _ stack: LuaStack, _ table: Int32, nested: Bool, of owner: String, depth: Int = 0
    ) throws
        -> [Parameter]
    {
        guard depth < ParameterType.deepest else { throw ScriptError("\(owner): nested too deep") }
        var parameters: [Parameter] = []
        let table = stack.absolute(table)
        try stack.reserve(8)
        try stack.forEachPair(of: table) {
            guard stack.kind(-2) == .string, let name = stack.string(-2) else {
                throw ScriptError("\(owner): parameters are given by name: \(stack.description(-2)) is none")
            }
            var parameter = Parameter(name: name, type: .any)
            if let spec = stack.object(-1, .parameterSpec) {
                parameter = spec.parameter
                parameter.name = name
            } else if let definition = stack.object(-1, .configType) {
                parameter.type = .config(reference(to: definition.type.id))
            } else if nested, stack.kind(-1) == .table {
                parameter.type = .record(
                    Record(
                        try readParameters(stack, -1, nested: true, of: "\(owner).\(name)", depth: depth + 1))
                )
            } else {
                throw ScriptError(
                    "\(owner): parameter '\(name)' needs a type such as xpm.int, got \(stack.description(-1))"
                )
            }
            parameters.append(parameter)
        }
        return parameters.sorted { ByteOrder.less($0.name, $1.name) }
    }

    /// The schema of an experiment's configuration.
    private func makeRecord(_ stack: LuaStack) throws -> Int {
        guard stack.kind(1) == .table else {
            throw ScriptError("xpm.configuration needs a table of names and types")
        }
        return pushSpec(
            .record(Record(try readParameters(stack, 1, nested: true, of: "configuration"))), stack)
    }

    private static let definitionKeys = [
        "id", "params", "extends", "help", "validate", "execute", "command", "outputs", "sources",
    ]

    /// `define(kind, table)`
    private func define(_ stack: LuaStack) throws -> Int {
        let word = stack.string(1) ?? "config"
        guard stack.kind(2) == .table else {
            throw ScriptError("xpm.\(word) needs a table: xpm.\(word) { id = … }")
        }
        stack.get("id", from: 2)
        guard let id = stack.string(-1) else {
            throw ScriptError("xpm.\(word): needs an id, such as id = \"demo.train\"")
        }
        stack.pop()
        let kind: ConfigType.Kind = word == "task" ? .task : word == "instance_config" ? .instance : .config
        try checkKeys(stack, id: id)

        var base: TypeDefinition?
        stack.get("extends", from: 2)
        if stack.kind(-1) != .null {
            guard let found = stack.object(-1, .configType) else {
                throw ScriptError("\(id): extends needs a type, got \(stack.description(-1))")
            }
            base = found
        }
        stack.pop()
        var own: [Parameter] = []
        stack.get("params", from: 2)
        if stack.kind(-1) == .table {
            own = try readParameters(stack, -1, nested: false, of: id)
        } else if stack.kind(-1) != .null {
            throw ScriptError("\(id): params needs a table, got \(stack.description(-1))")
        }
        stack.pop()
        stack.get("help", from: 2)
        let help = stack.string(-1)
        stack.pop()

        let place = stack.place() ?? ("?", 0)
        if kind == .task { try checkTask(stack, id: id, base: base) }
        let type: ConfigType
        do {
            type = try ConfigType(
                id: id, kind: kind, base: base?.type, parameters: own, help: help,
                definedAt: "\(place.source):\(place.line)")
        } catch { throw ScriptError("\(id): \(error.text)") }
        stack.copy(2)
        let definition = TypeDefinition(
            type: type, table: stack.keep(), source: place.source, line: place.line, base: base)
        try checkCommand(of: definition, stack)
        try define(definition)
        stack.push(definition, .configType)
        return 1
    }

    private func checkKeys(_ stack: LuaStack, id: String) throws {
        try stack.forEachPair(of: 2) {
            let isMethod = stack.kind(-1) == .function
            guard let name = stack.string(-2) else {
                throw ScriptError("\(id): a definition has names, not positions")
            }
            if Self.definitionKeys.contains(name) || isMethod { return }
            let nearest =
                Suggestion.hint(for: name, among: Self.definitionKeys)
            throw ScriptError("\(id): a definition has no key '\(name)'\(nearest)")
        }
    }

    private func checkTask(_ stack: LuaStack, id: String, base: TypeDefinition?) throws {
        stack.get("execute", from: 2)
        stack.get("command", from: 2)
        let (execute, command) = (stack.kind(-2), stack.kind(-1))
        stack.pop(2)
        if execute != .null, command != .null {
            throw ScriptError("\(id): a task has execute or command, not both")
        }
        if execute != .null, execute != .function { throw ScriptError("\(id): execute needs a function") }
        if command != .null, ![.string, .table, .function].contains(command) {
            throw ScriptError("\(id): command needs a list, a string or a function")
        }
        if execute == .null, command == .null, base?.type.kind != .task {
            throw ScriptError("\(id): a task needs execute (a Lua function) or command (a program)")
        }
        if execute == .function, isRunning {
            throw ScriptError(
                "\(id): a task with execute must be defined at the top of its file, not inside run: its job loads the file without calling run"
            )
        }
    }

    /// `Type.id`, `Type.help`, and the functions of its definition.
    private func typeField(_ stack: LuaStack) throws -> Int {
        guard let definition = stack.object(1, .configType), let name = stack.string(2) else {
            throw ScriptError("no such field")
        }
        switch name {
        case "id": stack.push(definition.type.id)
        case "help": if let help = definition.type.help { stack.push(help) } else { stack.pushNil() }
        default: if !pushField(name, of: definition.type, stack) { stack.pushNil() }
        }
        return 1
    }
}
