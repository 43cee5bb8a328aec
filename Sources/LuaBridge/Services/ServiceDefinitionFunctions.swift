import Model
import Store
import System
import Text

/// `xpm.service { … }`, `xpm.web_service { … }` and `xpm.service_listener { … }`: definitions, in a plan and
/// in a job.
extension XpmModule {
    func addServiceDefinitionFunctions() {
        add("service") { [unowned self] stack in
            let box = try makeService(stack, 2, isWeb: stack.bool(1))
            stack.push(box, .service)
            return 1
        }
        add("service_listener") { stack in
            guard stack.kind(1) == .table else {
                throw ScriptError(
                    "xpm.service_listener needs a table: { state_changed = function(service, old, new) … end }"
                )
            }
            try stack.forEachPair(of: 1) {
                if stack.string(-2) == "state_changed" { return }
                let key = stack.description(-2)
                throw ScriptError(
                    "xpm.service_listener has no '\(key)'"
                        + Suggestion.hint(for: key, among: ["state_changed"]))
            }
            stack.get("state_changed", from: 1)
            guard stack.kind(-1) == .function else {
                throw ScriptError("xpm.service_listener: state_changed needs a function")
            }
            stack.push(ListenerBox(stack.keep()), .serviceListener)
            return 1
        }
        // Also in a job, which loads the file too.
        addMetamethod("__newindex", of: .service) { stack in
            try Self.setField(stack)
            return 0
        }
        addMetamethod("__tostring", of: .service) { stack in
            stack.push(stack.object(1, .service).map { "service \($0.definition.id)" } ?? "service")
            return 1
        }
    }

    /// `self.count = 1` in a function of a service.
    private static func setField(_ stack: LuaStack) throws {
        guard let box = stack.object(1, .service), let name = stack.string(2) else {
            throw ScriptError("a service keeps values by names: service.name = value")
        }
        guard !(ServiceBox.ownFields + keys + luaKeys).contains(name) else {
            throw ScriptError(
                "service '\(box.definition.id)': its keys are given where it is made: xpm.service { … }; keep a value by another name than '\(name)'"
            )
        }
        if box.fields == nil {
            stack.pushTable(fields: 1)
            box.fields = stack.keep()
        }
        guard let fields = box.fields else { return }
        stack.push(fields)
        stack.copy(3)
        stack.set(name, in: -2)
        stack.pop()
    }

    private static let keys = [
        "id", "description", "command", "env", "port", "path", "ready", "timeout", "restart", "keep",
        "required",
        "services",
    ]
    private static let luaKeys = [
        "id", "description", "start", "stop", "state", "describe", "keep", "required",
    ]

    private func makeService(_ stack: LuaStack, _ index: Int32, isWeb: Bool) throws -> ServiceBox {
        let word = isWeb ? "xpm.web_service" : "xpm.service"
        let table = stack.absolute(index)
        guard stack.kind(table) == .table else { throw ScriptError("\(word) needs a table") }
        stack.get("id", from: table)
        let id = stack.string(-1) ?? ""
        stack.pop()
        guard ServiceDefinition.isID(id) else {
            if let long = LongName.problem(id, "the id of a service") {
                throw ScriptError("\(word): \(long)")
            }
            throw ScriptError(
                "\(word): needs an id of letters, digits, '_', '-' and '.', such as id = \"tensorboard\"")
        }
        stack.get("start", from: table)
        let isLua = !stack.isAbsent(-1)
        stack.pop()
        stack.get("command", from: table)
        guard !isLua || stack.isAbsent(-1) else {
            throw ScriptError("\(word) '\(id)': give command (a program) or start (a Lua function), not both")
        }
        stack.pop()
        let known = isLua ? Self.luaKeys : Self.keys
        var definition = ServiceDefinition(id: id, arguments: [])
        definition.isWeb = isWeb
        try stack.forEachPair(of: table) {
            let name = stack.string(-2) ?? stack.description(-2)
            guard known.contains(name) else {
                throw ScriptError(
                    "\(word) '\(id)' has no key '\(name)'" + Suggestion.hint(for: name, among: known))
            }
            if isLua, ["start", "stop", "state", "describe"].contains(name) {
                guard stack.kind(-1) == .function else {
                    throw ScriptError("service '\(id)': \(name) needs a function")
                }
                return
            }
            do { try read(name, into: &definition, stack) } catch let error as ScriptError {
                throw ScriptError("service '\(id)': \(error.message)")
            }
        }
        if !isLua, definition.arguments.isEmpty {
            throw ScriptError("service '\(id)': needs command (a program), or start (a Lua function)")
        }
        if let problem = definition.problem { throw ScriptError("service '\(id)': \(problem)") }
        let source = placeOfDefinition(stack).source
        stack.copy(table)
        return ServiceBox(definition, table: stack.keep(), source: source, isLua: isLua)
    }

    /// Reads the value on top.
    private func read(_ name: String, into definition: inout ServiceDefinition, _ stack: LuaStack) throws {
        switch name {
        case "id": break
        case "description", "path":
            guard let text = stack.string(-1) else { throw ScriptError("\(name) needs a text") }
            if name == "path" {
                definition.path = text.hasPrefix("/") ? text : "/\(text)"
            } else {
                definition.description = text
            }
        case "command": definition.arguments = try Self.command(stack)
        case "env":
            guard case .map(let entries) = try stack.value(-1),
                entries.allSatisfy({ EnvironmentVariable.isName($0.key.plainText) })
            else { throw ScriptError("env needs names and values") }
            definition.environment = entries.map { .init(name: $0.key.plainText, value: $0.value.plainText) }
        case "port":
            guard let port = stack.whole(-1), (0...65535).contains(port) else {
                throw ScriptError("port needs a number from 0 to 65535; 0 picks a free one")
            }
            definition.port = Int(stack.int(-1))
        case "ready": definition.ready = try Self.ready(stack)
        case "timeout": definition.timeout = try Self.seconds(stack)
        case "restart":
            guard let restart = stack.string(-1).flatMap(ServiceDefinition.Restart.init(rawValue:)) else {
                throw ScriptError("restart is \"never\", \"on-failure\" or \"always\"")
            }
            definition.restart = restart
        case "services":
            for position in 1...max(1, Int64(stack.length(-1))) {
                stack.get(at: position, from: -1)
                defer { stack.pop() }
                guard let part = stack.object(-1, .service), !part.isLua, part.definition.parts.isEmpty else {
                    throw ScriptError("services needs a list of services that are programs")
                }
                definition.parts.append(part.definition)
            }
        default:
            guard stack.kind(-1) == .bool else { throw ScriptError("\(name) needs true or false") }
            if name == "keep" {
                definition.outlivesRun = stack.bool(-1)
            } else {
                definition.failsRun = stack.bool(-1)
            }
        }
    }

    private static func command(_ stack: LuaStack) throws -> [String] {
        if let text = stack.string(-1), !text.isEmpty { return ["/bin/sh", "-c", text] }
        guard case .list(let values) = try stack.value(-1), !values.isEmpty else {
            throw ScriptError("command needs a text, or a list of arguments")
        }
        return values.map(\.plainText)
    }

    private static func ready(_ stack: LuaStack) throws -> ServiceDefinition.Ready {
        if stack.kind(-1) == .function { return .asked }
        if stack.string(-1) == "tcp" { return .tcp }
        guard stack.kind(-1) == .table, case .map(let entries) = try stack.value(-1), entries.count == 1,
            case .string(let text) = entries[0].value
        else {
            throw ScriptError(
                "ready is { http = \"/\" }, \"tcp\", { output = \"a regular expression\" } or a function")
        }
        switch entries[0].key.plainText {
        case "http": return .http(text.hasPrefix("/") ? text : "/\(text)")
        case "output":
            guard RegularExpression(text) != nil else {
                throw ScriptError("ready: '\(text)' is no regular expression")
            }
            return .output(text)
        case let key:
            throw ScriptError("ready has no '\(key)'" + Suggestion.hint(for: key, among: ["http", "output"]))
        }
    }

    /// `"30s"`, `"2m"`, or a number of seconds.
    private static func seconds(_ stack: LuaStack) throws -> Double {
        if stack.kind(-1) == .int || stack.kind(-1) == .float {
            let seconds = stack.float(-1)
            guard seconds > 0, seconds <= ServiceDefinition.longest else {
                throw ScriptError("timeout needs a time of at most a million seconds")
            }
            return seconds
        }
        guard let text = stack.string(-1) else { throw ScriptError("timeout needs a time such as \"30s\"") }
        do throws(RequirementError) {
            return min(try Requirement.seconds(text), ServiceDefinition.longest)
        } catch {
            throw ScriptError("timeout: \(error.problem)")
        }
    }
}
