import Engine

/// The functions that make parameter types: `xpm.int`, `xpm.list(t)`, `xpm.enum { … }`.
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

        addMetamethod("__call", of: .parameterSpec) { [unowned self] stack in try refine(stack) }
        addMetamethod("__tostring", of: .parameterSpec) { stack in
            stack.push(stack.object(1, .parameterSpec)?.title ?? "")
            return 1
        }
    }

    @discardableResult
    func pushSpec(_ type: ParameterType, _ stack: LuaStack) -> Int {
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
                    Suggestion.hint(for: name, among: Self.attributes)
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
}
