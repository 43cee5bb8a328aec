import Engine

/// The functions that make parameter types and config types.
extension XpmModule {
    func addTypeFunctions() {
        add("scalar") { [unowned self] stack in try makeScalar(stack) }
        add("list") { [unowned self] stack in pushSpec(.list(try type(stack, 1, of: "xpm.list")), stack) }
        add("set") { [unowned self] stack in pushSpec(.set(try type(stack, 1, of: "xpm.set")), stack) }
        add("optional") { [unowned self] stack in
            pushSpec(.optional(try type(stack, 1, of: "xpm.optional")), stack)
        }
        add("map") { [unowned self] stack in
            pushSpec(.map(try type(stack, 1, of: "xpm.map"), try type(stack, 2, of: "xpm.map")), stack)
        }
        add("union") { [unowned self] stack in
            guard stack.count >= 2 else { throw ScriptError("xpm.union needs two types or more") }
            return pushSpec(.union(try (1...stack.count).map { try type(stack, $0, of: "xpm.union") }), stack)
        }
        add("enum") { [unowned self] stack in try makeEnum(stack) }
        add("constant") { [unowned self] stack in try makeConstant(stack) }
        add("ref") { [unowned self] stack in
            guard let id = stack.string(1) else { throw ScriptError("xpm.ref needs the id of a type") }
            return pushSpec(.config(reference(to: id)), stack)
        }
        add("job_path") { [unowned self] stack in try makeJobPath(stack) }
        add("define") { [unowned self] stack in try define(stack) }
        add("record") { [unowned self] stack in try makeRecord(stack) }

        addMetamethod("__call", of: .parameterSpec) { [unowned self] stack in try refine(stack) }
        addMetamethod("__tostring", of: .parameterSpec) { stack in
            stack.push(stack.object(1, .parameterSpec)?.title ?? "")
            return 1
        }
        addMetamethod("__index", of: .configType) { [unowned self] stack in try typeField(stack) }
        addMetamethod("__call", of: .configType) { [unowned self] stack in try makeObject(stack) }
        addMetamethod("__tostring", of: .configType) { stack in
            stack.push("type \(stack.object(1, .configType)?.type.id ?? "")")
            return 1
        }
    }

    @discardableResult
    private func pushSpec(_ type: ParameterType, _ stack: LuaStack) -> Int {
        stack.push(ParameterSpec(type), .parameterSpec)
        return 1
    }

    private func makeScalar(_ stack: LuaStack) throws -> Int {
        let types: [String: ParameterType] = [
            "int": .int, "float": .float, "bool": .bool, "string": .string, "any": .any, "path": .path,
        ]
        guard let type = types[stack.string(1) ?? ""] else { throw ScriptError("unknown scalar type") }
        return pushSpec(type, stack)
    }

    /// The parameter type at an index: a type of `xpm`, or a config type.
    private func type(_ stack: LuaStack, _ index: Int32, of function: String) throws -> ParameterType {
        if let spec = stack.object(index, .parameterSpec) { return spec.parameter.type }
        if let definition = stack.object(index, .configType) {
            return .config(reference(to: definition.type.id))
        }
        throw ScriptError("\(function) needs a type such as xpm.int, got \(stack.description(index))")
    }

    private func makeEnum(_ stack: LuaStack) throws -> Int {
        guard stack.kind(1) == .table else {
            throw ScriptError("xpm.enum needs a table of names: xpm.enum { \"a\", \"b\" }")
        }
        var members: [String] = []
        for position in 1...max(1, Int64(stack.length(1))) {
            stack.get(at: position, from: 1)
            defer { stack.pop() }
            guard let name = stack.string(-1) else { throw ScriptError("xpm.enum: each choice is a string") }
            guard !members.contains(name) else { throw ScriptError("xpm.enum: '\(name)' is there twice") }
            members.append(name)
        }
        stack.get("id", from: 1)
        let id = stack.string(-1)
        stack.pop()
        let spec = ParameterSpec(.enumeration(Enumeration(id: id, members: members)))
        try apply(attributes: 1, to: &spec.parameter, stack, skipping: ["id"])
        stack.push(spec, .parameterSpec)
        return 1
    }

    private func makeConstant(_ stack: LuaStack) throws -> Int {
        let value = try stack.value(1)
        let type: ParameterType =
            switch value {
            case .bool: .bool
            case .int: .int
            case .float: .float
            case .string: .string
            default: throw ScriptError("xpm.constant takes a string, a number or a bool")
            }
        let spec = ParameterSpec(type)
        spec.parameter.isConstant = true
        spec.parameter.defaultValue = try type.accept(value)
        stack.push(spec, .parameterSpec)
        return 1
    }

    private func makeJobPath(_ stack: LuaStack) throws -> Int {
        guard let name = stack.string(1) else { throw ScriptError("xpm.job_path needs a file name") }
        guard !name.isEmpty, !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw ScriptError("xpm.job_path: '\(name)' is not a path inside the job's folder")
        }
        let spec = ParameterSpec(.path)
        spec.parameter.jobPath = name
        stack.push(spec, .parameterSpec)
        return 1
    }

    /// `xpm.int { default = 1 }`: a copy with attributes.
    private func refine(_ stack: LuaStack) throws -> Int {
        guard let spec = stack.object(1, .parameterSpec) else { throw ScriptError("not a parameter type") }
        guard stack.kind(2) == .table else {
            throw ScriptError("\(spec.title) takes a table of attributes: \(spec.title) { default = … }")
        }
        let refined = ParameterSpec(spec.parameter)
        try apply(attributes: 2, to: &refined.parameter, stack)
        stack.push(refined, .parameterSpec)
        return 1
    }

    private static let attributes = [
        "default", "ignore_default", "help", "meta", "min", "max", "choices", "pattern",
    ]

    private func apply(
        attributes table: Int32, to parameter: inout Parameter, _ stack: LuaStack, skipping: Set<String> = []
    ) throws {
        var given: [(name: String, value: Value)] = []
        try stack.forEachPair(of: table) {
            if stack.kind(-2) == .int, !skipping.isEmpty { return }
            guard let name = stack.string(-2) else {
                throw ScriptError("attributes of a parameter have names")
            }
            if skipping.contains(name) { return }
            guard Self.attributes.contains(name) else {
                let nearest =
                    Suggestion.nearest(to: name, among: Self.attributes).map { " (did you mean '\($0)'?)" }
                    ?? ""
                throw ScriptError("a parameter has no attribute '\(name)'\(nearest)")
            }
            if name == "default", stack.kind(-1) == .function {
                throw ScriptError("a default is a value: a function cannot be one")
            }
            given.append((name, try stack.value(-1)))
        }
        for (name, value) in given { try apply(name, value, to: &parameter) }
        // Checked last: the bounds may have come after the default.
        if let value = parameter.defaultValue, let complaint = parameter.constraint.complaint(about: value) {
            throw ScriptError("default: expected \(complaint), got \(value.told)")
        }
    }

    private func apply(_ name: String, _ value: Value, to parameter: inout Parameter) throws {
        func flag() throws -> Bool {
            guard case .bool(let flag) = value else {
                throw ScriptError("\(name): expected bool, got \(value.told)")
            }
            return flag
        }
        func text() throws -> String {
            guard case .string(let text) = value else {
                throw ScriptError("\(name): expected string, got \(value.told)")
            }
            return text
        }
        func number() throws -> Double {
            guard case .float(let number) = try ParameterType.float.accept(value) else { return 0 }
            return number
        }
        switch name {
        case "default":
            do throws(ValueError) { parameter.defaultValue = try parameter.type.accept(value) } catch {
                throw ScriptError("default\(error.path): \(error.text)")
            }
        case "ignore_default": parameter.ignoresDefault = try flag()
        case "meta": parameter.isMeta = try flag()
        case "help": parameter.help = try text()
        case "min": parameter.constraint.least = try number()
        case "max": parameter.constraint.greatest = try number()
        case "pattern": parameter.constraint.pattern = try text()
        case "choices":
            guard case .list(let choices) = value else {
                throw ScriptError("choices: expected a list, got \(value.told)")
            }
            parameter.constraint.choices = try choices.map { try parameter.type.accept($0) }
        default: break
        }
    }

    // MARK: Config types

    /// The parameters of a table of names and types, in byte order.
    private func readParameters(_ stack: LuaStack, _ table: Int32, nested: Bool, of owner: String) throws
        -> [Parameter]
    {
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
                    Record(try readParameters(stack, -1, nested: true, of: "\(owner).\(name)")))
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
                Suggestion.nearest(to: name, among: Self.definitionKeys).map { " (did you mean '\($0)'?)" }
                ?? ""
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
