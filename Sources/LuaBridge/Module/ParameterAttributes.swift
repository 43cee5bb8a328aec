import Model
import Text

/// The attributes of a parameter: `xpm.int { default = 1, min = 0 }`.
extension XpmModule {
    static let attributes = [
        "default", "ignore_default", "help", "meta", "override", "groups", "min", "max", "choices", "pattern",
    ]
    /// Those that a type inside a list or a map may have too.
    private static let ofTypes: TextSet = ["min", "max", "choices", "pattern"]

    func apply(
        attributes table: Int32, to spec: ParameterSpec, _ stack: LuaStack, skipping: TextSet = []
    ) throws {
        var given: [(name: String, value: Value)] = []
        try stack.forEachPair(of: table) {
            if stack.kind(-2) == .int, !skipping.isEmpty { return }
            guard let name = stack.string(-2) else {
                throw ScriptError("attributes of a parameter have names")
            }
            if skipping.contains(name) { return }
            guard Self.attributes.contains(name) else {
                let hint = Suggestion.hint(for: name, among: Self.attributes)
                throw ScriptError("a parameter has no attribute '\(name)'\(hint)")
            }
            if !Self.ofTypes.contains(name) { spec.isParameter = true }
            if name == "groups" {
                spec.parameter.groups = try groups(stack, -1, of: "groups")
            } else if name == "default", stack.kind(-1) == .function {
                stack.copy(-1)
                spec.parameter.makeDefault = maker(stack.keep(), of: spec.parameter.type)
            } else {
                given.append((name, try stack.value(-1)))
            }
        }
        for (name, value) in given.sorted(by: { $0.name < $1.name }) {
            try apply(name, value, to: &spec.parameter)
        }
        if spec.parameter.ignoresDefault, let make = spec.parameter.makeDefault {
            // Identifiers leave out one value, not another each time: what the function gives now.
            do throws(ValueError) { spec.parameter.defaultValue = try make() } catch {
                throw ScriptError("default\(error.path): \(error.text)")
            }
            spec.parameter.makeDefault = nil
        }
        let parameter = spec.parameter
        if let problem = parameter.constraint.misfit(with: parameter.type) { throw ScriptError(problem) }
        // Checked last: the bounds may have come after the default.
        if let value = parameter.defaultValue, let complaint = parameter.constraint.complaint(about: value) {
            throw ScriptError("default: expected \(complaint), got \(value.told)")
        }
    }

    /// Calls a function for a default value, and brings what it gives to the type.
    private func maker(
        _ function: LuaReference, of type: ParameterType
    ) -> () throws(ValueError) -> Value {
        { [unowned self] () throws(ValueError) in
            do {
                let stack = lua.current
                try stack.reserve(4)
                // A default may hold an object whose default holds one of its kind, and so on.
                makerDepth += 1
                defer { makerDepth -= 1 }
                guard makerDepth < 100 else { throw ValueError(.tooDeep) }
                stack.push(function)
                try stack.call(arguments: 0, results: 1)
                defer { stack.pop() }
                return try type.accept(try stack.value(-1))
            } catch {
                var error = Self.valueError(error)
                if case .refused(let why) = error.problem { error.problem = .refused("default: \(why)") }
                throw error
            }
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
            do throws(ValueError) {
                guard case .float(let number) = try ParameterType.float.accept(value) else { return 0 }
                return number
            } catch { throw ScriptError("\(name): \(error.text)") }
        }
        switch name {
        case "default":
            do throws(ValueError) { parameter.defaultValue = try parameter.type.accept(value) } catch {
                throw ScriptError("default\(error.path): \(error.text)")
            }
        case "ignore_default": parameter.ignoresDefault = try flag()
        case "meta": parameter.isMeta = try flag()
        case "override": parameter.overrides = try flag()
        case "help": parameter.help = try text()
        case "min": parameter.constraint.least = try number()
        case "max": parameter.constraint.greatest = try number()
        case "pattern": parameter.constraint.pattern = try pattern(try text())
        case "choices":
            guard case .list(let choices) = value else {
                throw ScriptError("choices: expected a list, got \(value.told)")
            }
            do throws(ValueError) {
                var accepted: [Value] = []
                for choice in choices { accepted.append(try parameter.type.accept(choice)) }
                parameter.constraint.choices = accepted
            } catch { throw ScriptError("choices\(error.path): \(error.text)") }
        default: break
        }
    }

    /// A Lua pattern; one that is malformed is an error now, not at the first value.
    private func pattern(_ text: String) throws -> Constraint.Pattern {
        do { _ = try matches("", text) } catch let error as LuaError {
            throw ScriptError("pattern: \(error.message)")
        }
        return Constraint.Pattern(text) { [unowned self] value in (try? matches(value, text)) ?? false }
    }

    /// `string.find(text, pattern)`
    private func matches(_ text: String, _ pattern: String) throws -> Bool {
        let stack = lua.current
        try stack.reserve(6)
        stack.push(find)
        stack.push(text)
        stack.push(pattern)
        try stack.call(arguments: 2, results: 1)
        defer { stack.pop() }
        return stack.kind(-1) != .null
    }

    /// The names of groups: a list of strings, or one.
    func groups(_ stack: LuaStack, _ index: Int32, of owner: String) throws -> TextSet {
        if let one = stack.string(index) { return [TextKey(one)] }
        guard case .list(let names) = try stack.value(index) else {
            throw ScriptError("\(owner): expected a list of names, got \(stack.description(index))")
        }
        return TextSet(
            try names.map { name in
                guard case .string(let text) = name else {
                    throw ScriptError("\(owner): expected a name, got \(name.told)")
                }
                return text
            })
    }
}
