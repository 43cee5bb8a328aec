import Model
import Store
import Text

/// The functions that make config types and tasks: `xpm.config { … }`, `xpm.task { … }`, `xpm.configuration {
/// … }`.
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
        _ stack: LuaStack, _ table: Int32, nested: Bool, of owner: String, depth: Int = 0,
        renames: inout [Rename]
    ) throws -> [Parameter] {
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
                if let way = spec.renamed {
                    if nested { throw ScriptError("\(owner).\(name): a configuration has no former names") }
                    renames.append(Rename(former: name, way))
                    return
                }
                parameter = spec.parameter
                parameter.name = name
                if parameter.isSwept, !nested {
                    throw ScriptError(
                        "\(owner).\(name): xpm.sweep belongs into xpm.configuration: a task has one value")
                }
                if parameter.partial?.name == "" { parameter.partial?.name = name }
            } else if let definition = stack.object(-1, .configType) {
                parameter.type = .config(reference(to: definition.type.id))
            } else if nested, stack.kind(-1) == .table {
                parameter.type = .record(
                    Record(
                        try readParameters(
                            stack, -1, nested: true, of: "\(owner).\(name)", depth: depth + 1,
                            renames: &renames))
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
        var renames: [Rename] = []
        let parameters = try readParameters(
            stack, 1, nested: true, of: "configuration", renames: &renames)
        return pushSpec(.record(Record(parameters)), stack)
    }

    static let definitionKeys = [
        "id", "params", "extends", "help", "validate", "execute", "command", "worker", "shell", "python",
        "interpreter",
        "outputs",
        "sources",
        "requires", "max_retries", "retry", "results", "wrap", "is_prepared", "describe", "strict", "args",
    ]
    private static let deprecationKeys = ["to", "convert", "replace"]

    /// `define(word, table)`: the word is the name of the function that the script called.
    private func define(_ stack: LuaStack) throws -> Int {
        let word = stack.string(1) ?? "config"
        guard stack.kind(2) == .table else {
            throw ScriptError("xpm.\(word) needs a table: xpm.\(word) { id = … }")
        }
        let python = try readPython(stack)
        stack.get("id", from: 2)
        guard let id = stack.string(-1) ?? python?.path.lowercased() else {
            throw ScriptError("xpm.\(word): needs an id, such as id = \"demo.train\"")
        }
        stack.pop()
        try checkKeys(stack, id: id, isDeprecation: word == "deprecate")
        var base = try readType("extends", stack, id: id)
        var options = ConfigType.Options()
        options.python = python
        var kind = ConfigType.Kind(word: word)
        if word == "deprecate" {
            let (deprecation, target) = try readDeprecation(stack, id: id, base: base)
            options.deprecation = deprecation
            if deprecation.convert == nil { base = target }
            kind = (deprecation.convert == nil ? target?.type.kind : nil) ?? .config
        }
        var own: [Parameter] = []
        stack.get("params", from: 2)
        if stack.kind(-1) == .table {
            own = try readParameters(stack, -1, nested: false, of: id, renames: &options.renames)
        } else if stack.kind(-1) != .null {
            throw ScriptError("\(id): params needs a table, got \(stack.description(-1))")
        }
        stack.pop()
        stack.get("help", from: 2)
        options.help = stack.string(-1)
        stack.pop()

        let place = placeOfDefinition(stack)
        options.definedAt = "\(place.source):\(place.line)"
        if word != "deprecate" {
            try checkTask(stack, id: id, kind: kind, base: base, isPython: python != nil)
        }
        let type: ConfigType
        do {
            type = try ConfigType(
                id: id, kind: kind, base: base?.type, parameters: own, options: options)
        } catch { throw ScriptError("\(id): \(error.text)") }
        try checkPaths(of: type)
        let groups = type.parameters.reduce(into: TextSet()) { $0.formUnion($1.groups) }
        for case let partial? in type.parameters.map(\.partial) {
            for group in partial.excludedGroups.union(partial.includedGroups).subtracting(groups).ordered {
                let hint = Suggestion.hint(for: group, among: groups.ordered)
                throw ScriptError(
                    "\(id): no parameter is in the group '\(group)', which a partial names\(hint)")
            }
        }
        for name in type.unmarkedOverrides {
            warnOnce(
                "\(options.definedAt): \(id): parameter '\(name)' stands for that of \(base?.type.id ?? "its base"); say so with override = true"
            )
        }
        stack.copy(2)
        let definition = TypeDefinition(
            type: type, table: stack.keep(), source: place.source, line: place.line, base: base)
        try checkCommand(of: definition, stack)
        try define(definition)
        stack.push(definition, .configType)
        return 1
    }

    /// What xpm itself keeps in a job's folder is not for programs to write.
    private func checkPaths(of type: ConfigType) throws {
        guard type.kind.runs else { return }
        let name = ConfigType.shortName(ofKey: type.key)
        for parameter in type.parameters where parameter.partial == nil {
            guard let path = parameter.jobPath else { continue }
            let first = path.split(separator: "/").first { $0 != "." } ?? ""
            guard JobFolder.isOwn(String(first), name: name) else { continue }
            throw ScriptError(
                "\(type.id): \(parameter.name): '\(first)' is a file of xpm's own in the folder of this job; choose another name, such as '\(parameter.name)'"
            )
        }
    }

    private func readType(_ key: String, _ stack: LuaStack, id: String) throws -> TypeDefinition? {
        stack.get(key, from: 2)
        defer { stack.pop() }
        if stack.kind(-1) == .null { return nil }
        guard let found = stack.object(-1, .configType) else {
            throw ScriptError("\(id): \(key) needs a type, got \(stack.description(-1))")
        }
        return found
    }

    /// `python = "package.module:Class"`
    private func readPython(_ stack: LuaStack) throws -> PythonClass? {
        stack.get("python", from: 2)
        defer { stack.pop() }
        if stack.kind(-1) == .null { return nil }
        guard let text = stack.string(-1), let python = PythonClass(text) else {
            throw ScriptError(
                "python needs \"package.module:Class\", got \(stack.description(-1))")
        }
        return python
    }

    /// `to`, `convert` and `replace` of `xpm.deprecate { … }`, and the type that took its place, if it is
    /// said.
    private func readDeprecation(
        _ stack: LuaStack, id: String, base: TypeDefinition?
    ) throws -> (Deprecation, TypeDefinition?) {
        let target = try readType("to", stack, id: id) ?? base
        stack.get("replace", from: 2)
        let replaces = stack.kind(-1) == .bool && stack.bool(-1)
        stack.pop()
        stack.get("convert", from: 2)
        guard stack.kind(-1) != .null else {
            stack.pop()
            guard target != nil else {
                throw ScriptError(
                    "\(id): xpm.deprecate needs convert = function(self) return New { … } end, or to = New where only the id has changed"
                )
            }
            return (Deprecation(target: target?.type, replaces: replaces, convert: nil), target)
        }
        guard stack.kind(-1) == .function else {
            throw ScriptError("\(id): convert needs a function, got \(stack.description(-1))")
        }
        let function = stack.keep()
        let deprecation = Deprecation(target: target?.type, replaces: replaces) { [unowned self] object in
            let stack = lua.current
            try stack.reserve(4)
            stack.push(function)
            push(object, stack)
            try stack.call(arguments: 1, results: 1)
            defer { stack.pop() }
            guard let converted = stack.object(-1, .configObject), converted !== object else {
                throw ScriptError("\(id): convert has to return the new object, got \(stack.description(-1))")
            }
            try takeBackTables(of: converted, stack)
            return converted
        }
        return (deprecation, target)
    }

    private func checkKeys(_ stack: LuaStack, id: String, isDeprecation: Bool) throws {
        let known = Self.definitionKeys + (isDeprecation ? Self.deprecationKeys : [])
        try stack.forEachPair(of: 2) {
            let isMethod = stack.kind(-1) == .function
            guard let name = stack.string(-2) else {
                throw ScriptError("\(id): a definition has names, not positions")
            }
            if known.contains(name) || isMethod { return }
            let hint = Suggestion.hint(for: name, among: known)
            throw ScriptError("\(id): a definition has no key '\(name)'\(hint)")
        }
    }

    private func checkTask(
        _ stack: LuaStack, id: String, kind: ConfigType.Kind, base: TypeDefinition?, isPython: Bool
    ) throws {
        guard kind.runs else { return }
        try takeWorker(stack, id: id)
        stack.get("execute", from: 2)
        stack.get("command", from: 2)
        let (execute, command) = (stack.kind(-2), stack.kind(-1))
        stack.pop(2)
        if [execute != .null, command != .null, isPython].count(where: \.self) > 1 {
            throw ScriptError("\(id): a task has one of execute, command, worker and python")
        }
        if kind == .lightweight, command != .null {
            throw ScriptError("\(id): a lightweight task runs inside another: it has execute, not command")
        }
        if kind == .action, command != .null || isPython {
            throw ScriptError("\(id): an action is a Lua function: execute = function(self, ask) … end")
        }
        try checkStrict(stack, id: id, isCommand: command != .null)
        try checkShell(stack, id: id, command: command)
        stack.get("interpreter", from: 2)
        defer { stack.pop() }
        if stack.kind(-1) != .null, stack.string(-1)?.isBlank ?? true {
            throw ScriptError("\(id): interpreter needs the path of a Python, such as \".venv/bin/python3\"")
        }
        if execute != .null, execute != .function { throw ScriptError("\(id): execute needs a function") }
        if command != .null, ![.string, .table, .function].contains(command) {
            throw ScriptError("\(id): command needs a list, a string or a function")
        }
        if execute == .null, command == .null, !isPython, base.map({ !$0.type.kind.runs }) ?? true {
            throw ScriptError(
                "\(id): a task needs execute (a Lua function), command or worker (a program) or python (a class)"
            )
        }
        if execute == .function, isRunning {
            throw ScriptError(
                "\(id): a task with execute must be defined at the top of its file, not inside run: its job loads the file without calling run"
            )
        }
    }

    private func checkShell(_ stack: LuaStack, id: String, command: LuaStack.Kind) throws {
        stack.get("shell", from: 2)
        defer { stack.pop() }
        if stack.kind(-1) == .null { return }
        guard let text = stack.string(-1), !text.isBlank else {
            throw ScriptError("\(id): shell needs a program and its options, such as \"bash -euo pipefail\"")
        }
        guard command == .string || command == .function else {
            throw ScriptError("\(id): shell belongs to a command that is a text")
        }
    }

    private func checkStrict(_ stack: LuaStack, id: String, isCommand: Bool) throws {
        stack.get("strict", from: 2)
        defer { stack.pop() }
        if stack.kind(-1) == .null { return }
        guard stack.kind(-1) == .bool else {
            throw ScriptError("\(id): strict needs true or false, got \(stack.description(-1))")
        }
        guard isCommand else { throw ScriptError("\(id): strict belongs to a command that is a text") }
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

extension ConfigType.Kind {
    /// From the name of the function that defines it.
    fileprivate init(word: String) {
        self =
            switch word {
            case "task": .task
            case "resumable_task": .resumable
            case "lightweight_task": .lightweight
            case "instance_config": .instance
            case "prepare": .prepare
            case "action": .action
            default: .config
            }
    }

    fileprivate var runs: Bool { isTask || self == .lightweight || self == .action }
}
