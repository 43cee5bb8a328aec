import Engine

/// The table of `task:submit { … }`.
struct SubmitOptions {
    private(set) var environment: [JobScript.Variable] = []
    private(set) var initTasks: [ConfigObject]?
    /// How many of which tokens, in the order of their names.
    private(set) var tokens: [(name: String, count: Int)] = []

    private static let known = ["env", "init_tasks", "tokens"]
    private static let later = ["launcher", "requires", "max_retries", "priority", "hold"]

    /// Reads the table at index 2 of a call.
    ///
    /// - Parameter known: the tokens of the experiment, with how many there are.
    init(_ stack: LuaStack, of type: ConfigType, tokens known: [String: Int]) throws {
        guard !stack.isAbsent(2) else { return }
        guard stack.kind(2) == .table else {
            throw ScriptError("\(type.id): submit takes a table of options")
        }
        try stack.forEachPair(of: 2) {
            let name = stack.string(-2) ?? stack.description(-2)
            switch name {
            case "env": environment = try Self.environment(stack, of: type)
            case "tokens": tokens = try Self.tokens(stack, of: type, known: known)
            case "init_tasks": initTasks = try Self.initTasks(stack, of: type)
            case _ where Self.later.contains(name):
                throw ScriptError("\(type.id): submit: '\(name)' is not in this version of xpm yet")
            default:
                let hint = Suggestion.hint(for: name, among: Self.known + Self.later)
                throw ScriptError("\(type.id): submit has no option '\(name)'" + hint)
            }
        }
    }

    private static func environment(_ stack: LuaStack, of type: ConfigType) throws -> [JobScript.Variable] {
        let names = ParameterType.map(.string, .union([.string, .int, .float, .bool]))
        guard case .map(let entries)? = try? names.accept(try stack.value(-1)),
            entries.allSatisfy({ JobScript.Variable.isName($0.key.plainText) })
        else { throw ScriptError("\(type.id): submit: env needs names and values") }
        return entries.map { .init(name: $0.key.plainText, value: $0.value.plainText) }
    }

    private static func tokens(
        _ stack: LuaStack, of type: ConfigType, known: [String: Int]
    ) throws -> [(name: String, count: Int)] {
        guard case .map(let entries)? = try? ParameterType.map(.string, .int).accept(try stack.value(-1))
        else {
            throw ScriptError("\(type.id): submit: tokens needs names and numbers: tokens = { gpu = 1 }")
        }
        return try entries.map { entry in
            let name = entry.key.plainText
            guard let capacity = known[name] else {
                throw ScriptError(
                    "\(type.id): submit: there is no token '\(name)': xp:token(\"\(name)\", n) makes it"
                        + Suggestion.hint(for: name, among: known.keys.sorted()))
            }
            guard case .int(let count) = entry.value, count >= 1, count <= capacity else {
                throw ScriptError(
                    "\(type.id): submit: \(entry.value.plainText) of the token '\(name)', of which there are \(capacity)"
                )
            }
            return (name, Int(count))
        }
    }

    private static func initTasks(_ stack: LuaStack, of type: ConfigType) throws -> [ConfigObject] {
        guard case .list(let values) = try stack.value(-1) else {
            throw ScriptError("\(type.id): submit: init_tasks needs a list of lightweight tasks")
        }
        return try values.map { value in
            guard case .object(let object) = value, object.type.kind == .lightweight else {
                throw ScriptError(
                    "\(type.id): submit: init_tasks needs lightweight tasks, got \(value.told)")
            }
            return object
        }
    }
}
