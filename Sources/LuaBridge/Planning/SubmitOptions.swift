import Batch
import Engine
import Model
import Store
import System
import Text

/// How a task is to be run: the table of `task:submit { … }`, and what its type says.
struct SubmitOptions {
    var job = JobOptions()
    private(set) var initTasks: [ConfigObject]?

    private static let known = [
        "env", "init_tasks", "tokens", "requires", "max_retries", "retry", "priority", "hold", "launcher",
        "slurm", "sge", "pack", "wrap",
    ]

    /// What may stand in a type too, for all its tasks.
    static let ofTypes = ["requires", "max_retries", "retry", "results", "wrap"]

    /// What the type says.
    init(of type: ConfigType, in module: XpmModule, _ stack: LuaStack) throws {
        for name in Self.ofTypes where module.pushField(name, of: type, stack) {
            defer { stack.pop() }
            try read(name, stack, of: type, what: name, tokens: [:])
        }
    }

    /// Reads the table at index 2 of a call.
    ///
    /// - Parameter known: the tokens of the experiment, with how many there are.
    init(
        _ stack: LuaStack, of type: ConfigType, in module: XpmModule, tokens known: TextMap<Int>
    ) throws {
        try self.init(of: type, in: module, stack)
        guard !stack.isAbsent(2) else { return }
        guard stack.kind(2) == .table else {
            throw ScriptError("\(type.id): submit takes a table of options")
        }
        try stack.forEachPair(of: 2) {
            let name = stack.string(-2) ?? stack.description(-2)
            guard Self.known.contains(name) else {
                let hint = Suggestion.hint(for: name, among: Self.known)
                throw ScriptError("\(type.id): submit has no option '\(name)'" + hint)
            }
            try read(name, stack, of: type, what: "submit: \(name)", tokens: known)
            job.given.append(name)
        }
    }

    /// Reads the value on top.
    private mutating func read(
        _ name: String, _ stack: LuaStack, of type: ConfigType, what: String, tokens known: TextMap<Int>
    ) throws {
        func fail(_ problem: String) -> ScriptError { ScriptError("\(type.id): \(what)\(problem)") }
        switch name {
        case "env": job.environment = try Self.environment(stack, of: type)
        case "tokens": job.tokens = try Self.tokens(stack, of: type, known: known)
        case "init_tasks": initTasks = try Self.initTasks(stack, of: type)
        case "requires":
            guard let text = stack.string(-1) else {
                throw fail(" needs a text such as \"cpu(cores=2, mem=4G) & cuda(mem=8G)\"")
            }
            do throws(RequirementError) {
                job.requirement = try Requirement(text)
            } catch { throw fail(": \"\(text)\": \(error.text)") }
        case "max_retries":
            guard let count = stack.whole(-1), (0...1 << 20).contains(count) else {
                throw fail(" needs a whole number from 0")
            }
            job.mostRetries = Int(count)
        case "retry": job.retryRules = try Self.retryRules(stack, fail)
        case "results": job.results = try Self.results(stack, fail)
        case "launcher":
            guard let text = stack.text(-1), !text.isEmpty else {
                throw fail(" needs the name of a launcher, such as \"slurm\"")
            }
            job.launcher = text
        case "wrap":
            do { job.wrap = try WrapWords.read(stack.value(-1)) } catch {
                throw fail(": \(error.shown)")
            }
        case "pack":
            if stack.kind(-1) == .bool {
                job.batch.lanes = stack.bool(-1) ? 1 : 0
            } else {
                guard let count = stack.whole(-1), BatchOptions.lanes.contains(count) else {
                    throw fail(" needs true, false, or how many jobs a pilot has at a time")
                }
                job.batch.lanes = Int(count)
            }
        case "slurm", "sge":
            guard let system = BatchQueue.system(named: name) else { break }
            do {
                let read = try BatchOptions.read(
                    stack.value(-1), of: system, what: name, takesPartition: true)
                job.batch.system = name
                (job.batch.partition, job.batch.options) = (read.partition, read.options)
            } catch { throw ScriptError("\(type.id): submit: \(error.shown)") }
        case "priority":
            guard let priority = stack.whole(-1), priority.magnitude <= 1 << 40 else {
                throw fail(" needs a whole number; the greater starts earlier, 0 is usual")
            }
            job.priority = Int(priority)
        default:
            guard stack.kind(-1) == .bool else { throw fail(" needs true or false") }
            job.isHeld = stack.bool(-1)
        }
    }

    private static func environment(_ stack: LuaStack, of type: ConfigType) throws -> [EnvironmentVariable] {
        let names = ParameterType.map(.string, .union([.string, .int, .float, .bool]))
        guard case .map(let entries)? = try? names.accept(try stack.value(-1)),
            entries.allSatisfy({ EnvironmentVariable.isName($0.key.plainText) })
        else { throw ScriptError("\(type.id): submit: env needs names and values") }
        return entries.map { .init(name: $0.key.plainText, value: $0.value.plainText) }
    }

    private static func tokens(
        _ stack: LuaStack, of type: ConfigType, known: TextMap<Int>
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
                        + Suggestion.hint(for: name, among: known.orderedKeys))
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
            throw ScriptError("\(type.id): submit: init_tasks needs a list of tasks")
        }
        return try values.map { value in
            guard case .object(let object) = value,
                object.type.kind == .lightweight || object.type.kind.isTask
            else {
                throw ScriptError(
                    "\(type.id): submit: init_tasks needs tasks, got \(value.told)")
            }
            guard object.task == nil else {
                throw ScriptError(
                    "\(type.id): submit: init_tasks: \(object.type.id) was submitted, and runs by itself; one that was not runs in this task's process"
                )
            }
            return object
        }
    }

    /// `retry = { failed = 2, [29] = "HTTP 429", [3] = { reason = "no licence", most = 20, delay = 30 } }`
    private static func retryRules(
        _ stack: LuaStack, _ fail: (String) -> ScriptError
    ) throws -> [RetryPolicy.Rule] {
        let usage =
            " needs what is tried again: retry = { failed = 2 }, or exit codes and their reasons, { [29] = \"HTTP 429\" }"
        guard stack.kind(-1) == .table else { throw fail(usage) }
        var rules: [RetryPolicy.Rule] = []
        try stack.forEachPair(of: stack.absolute(-1)) {
            let cause = try retryCause(stack, usage, fail)
            rules.append(try retryRule(cause, stack, usage, fail))
        }
        return rules.sorted { ByteOrder.naturallyLess($0.cause.text, $1.cause.text) }
    }

    /// The key at -2.
    private static func retryCause(
        _ stack: LuaStack, _ usage: String, _ fail: (String) -> ScriptError
    ) throws -> RetryPolicy.Cause {
        if stack.kind(-2) == .string, let word = stack.string(-2) {
            let names = RetryPolicy.Cause.names
            guard names.contains(word), let cause = RetryPolicy.Cause(word) else {
                throw fail(
                    ": '\(word)' is none of \(names.joined(separator: ", "))\(Suggestion.hint(for: word, among: names)); exit codes are [1] to [255]"
                )
            }
            return cause
        }
        guard let code = stack.whole(-2), (1...255).contains(code) else {
            throw fail("\(usage); an exit code is from 1 to 255")
        }
        return .code(Int32(code))
    }

    /// The value at -1: a reason, a number of attempts, or a table of both.
    private static func retryRule(
        _ cause: RetryPolicy.Cause, _ stack: LuaStack, _ usage: String, _ fail: (String) -> ScriptError
    ) throws -> RetryPolicy.Rule {
        var (reason, most, delay) = (String?.none, Int?.none, Double?.none)
        let name = if case .code(let code) = cause { "[\(code)]" } else { cause.text }
        func number() throws -> Int {
            guard let count = stack.whole(-1), (0...1 << 20).contains(count) else {
                throw fail(": \(name): most needs a whole number from 0")
            }
            return Int(count)
        }
        switch stack.kind(-1) {
        case .string: reason = stack.string(-1)
        case .int, .float: most = try number()
        case .table:
            try stack.forEachPair(of: stack.absolute(-1)) {
                switch stack.string(-2) ?? stack.description(-2) {
                case "reason" where stack.kind(-1) == .string: reason = stack.string(-1)
                case "most": most = try number()
                case "delay":
                    guard [.int, .float].contains(stack.kind(-1)), (0...86_400).contains(stack.float(-1))
                    else { throw fail(": \(name): delay needs seconds, from 0 to 86400") }
                    delay = stack.float(-1)
                case let key:
                    throw fail(
                        ": \(name) takes reason, most and delay, not '\(key)'"
                            + Suggestion.hint(for: key, among: ["reason", "most", "delay"]))
                }
            }
        default: throw fail(usage)
        }
        guard reason?.contains("\n") != true else { throw fail(": \(name): a reason is one line") }
        return .init(cause, reason: reason, most: most, delay: delay)
    }

    /// `results = { accuracy = "acc: {number}" }`
    private static func results(
        _ stack: LuaStack, _ fail: (String) -> ScriptError
    ) throws -> [JobLog.Pattern] {
        guard stack.kind(-1) == .table else {
            throw fail(" needs names and patterns: results = { accuracy = \"acc: {number}\" }")
        }
        var patterns: [JobLog.Pattern] = []
        try stack.forEachPair(of: stack.absolute(-1)) {
            guard let name = stack.string(-2), !name.isEmpty, !name.utf8.contains(where: \.isBlank),
                let text = stack.string(-1), !text.isEmpty, !text.contains("\n")
            else {
                throw fail(" needs names and patterns: results = { accuracy = \"acc: {number}\" }")
            }
            do throws(LuaPattern.Malformed) {
                patterns.append(try JobLog.Pattern(name: name, text))
            } catch { throw fail(": \(name): \"\(text)\" is no Lua pattern: \(error.text)") }
        }
        return patterns.sorted { ByteOrder.less($0.name, $1.name) }
    }
}
