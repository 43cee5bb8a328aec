import Glibc
import Model
import Store
import System
import Text

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
        add("sweep") { [unowned self] stack in
            var parameter = Parameter(name: "", type: try type(stack, 1, of: "xpm.sweep"))
            parameter.isSwept = true
            stack.push(ParameterSpec(parameter), .parameterSpec)
            return 1
        }
        add("enum") { [unowned self] stack in try makeEnum(stack) }
        add("constant") { [unowned self] stack in try makeConstant(stack) }
        add("ref") { [unowned self] stack in
            if let definition = stack.object(1, .configType) {
                return pushSpec(.config(reference(to: definition.type.id)), stack)
            }
            guard let id = stack.string(1) else {
                throw ScriptError("xpm.ref needs a config type, or the id of one")
            }
            return pushSpec(.config(reference(to: id)), stack)
        }
        add("job_path") { [unowned self] stack in try makeJobPath(stack) }
        add("partial") { [unowned self] stack in try makePartial(stack) }
        add("renamed") { [unowned self] stack in try makeRenamed(stack) }

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
        let types: TextMap<ParameterType> = [
            "int": .int, "float": .float, "bool": .bool, "string": .string, "any": .any, "path": .path,
            "data_path": .dataPath, "file": .file(fileReader),
        ]
        guard let type = types[stack.string(1) ?? ""] else { throw ScriptError("unknown scalar type") }
        return pushSpec(type, stack)
    }

    /// The parameter type at an index: a type of `xpm`, or a config type.
    private func type(_ stack: LuaStack, _ index: Int32, of function: String) throws -> ParameterType {
        if let spec = stack.object(index, .parameterSpec) {
            if spec.isParameter || spec.parameter.jobPath != nil || spec.parameter.isConstant
                || spec.renamed != nil || spec.parameter.isSwept
            {
                throw ScriptError(
                    "\(function): \(spec.title) describes a parameter, not a type: give default, help, meta and the like to the parameter itself"
                )
            }
            let parameter = spec.parameter
            return parameter.constraint.isEmpty
                ? parameter.type : .constrained(parameter.type, parameter.constraint)
        }
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
        try apply(attributes: 1, to: spec, stack, skipping: ["id"])
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

    /// `xpm.job_path "name"`, or `xpm.job_path { "name", partial = p }`
    private func makeJobPath(_ stack: LuaStack) throws -> Int {
        var partial: Partial?
        var name = stack.string(1)
        var help: String?
        var isTemporary = false
        var groups: TextSet = []
        if stack.kind(1) == .table {
            try stack.forEachPair(of: 1) {
                switch stack.kind(-2) == .int ? "1" : stack.description(-2) {
                case "1": name = stack.string(-1)
                case "help": help = stack.string(-1)
                case "groups": groups = try self.groups(stack, -1, of: "xpm.job_path")
                case "temporary":
                    guard stack.kind(-1) == .bool else {
                        throw ScriptError("xpm.job_path: temporary needs true or false")
                    }
                    isTemporary = stack.bool(-1)
                case "partial":
                    guard let spec = stack.object(-1, .partial) else {
                        throw ScriptError(
                            "xpm.job_path: partial needs what xpm.partial gives, got \(stack.description(-1))"
                        )
                    }
                    partial = spec.partial
                case let key:
                    let known = ["partial", "help", "groups", "temporary"]
                    throw ScriptError(
                        "xpm.job_path has no '\(key)'" + Suggestion.hint(for: key, among: known))
                }
            }
        }
        guard let name else { throw ScriptError("xpm.job_path needs a file name") }
        guard !name.isEmpty || partial != nil, !name.hasPrefix("/"),
            !name.split(separator: "/").contains("..")
        else {
            throw ScriptError("xpm.job_path: '\(name)' is not a path inside the job's folder")
        }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            throw ScriptError("xpm.job_path: the name holds a control character")
        }
        if isTemporary, name.isEmpty || partial != nil {
            throw ScriptError("xpm.job_path: temporary is for a file or folder of the job's own, with a name")
        }
        let spec = ParameterSpec(.path)
        spec.parameter.jobPath = name
        spec.parameter.isTemporary = isTemporary
        spec.parameter.partial = partial
        spec.parameter.help = help
        spec.parameter.groups = groups
        stack.push(spec, .parameterSpec)
        return 1
    }

    /// `xpm.int { default = 1 }`: a copy with attributes.
    private func refine(_ stack: LuaStack) throws -> Int {
        guard let spec = stack.object(1, .parameterSpec) else { throw ScriptError("not a parameter type") }
        guard stack.kind(2) == .table else {
            throw ScriptError("\(spec.title) takes a table of attributes: \(spec.title) { default = … }")
        }
        if spec.renamed != nil { throw ScriptError("\(spec.title) takes no attributes") }
        let refined = ParameterSpec(spec.parameter)
        refined.isParameter = spec.isParameter
        try apply(attributes: 2, to: refined, stack)
        stack.push(refined, .parameterSpec)
        return 1
    }

    /// `xpm.partial { exclude_groups = { "training" } }`
    private func makePartial(_ stack: LuaStack) throws -> Int {
        guard stack.kind(1) == .table else {
            throw ScriptError("xpm.partial needs a table: xpm.partial { exclude_groups = { \"training\" } }")
        }
        var partial = Partial(name: "")
        func flag(_ name: String) throws -> Bool {
            guard stack.kind(-1) == .bool else {
                throw ScriptError("xpm.partial: \(name): expected bool, got \(stack.description(-1))")
            }
            return stack.bool(-1)
        }
        let known = ["name", "exclude_groups", "include_groups", "exclude_all", "exclude_no_group"]
        try stack.forEachPair(of: 1) {
            switch stack.description(-2) {
            case "name":
                guard let name = stack.string(-1), Partial.isName(name) else {
                    let long = LongName.problem(stack.string(-1) ?? "", "a name of a shared folder")
                    throw ScriptError("xpm.partial: name: \(long ?? "use letters, digits, '_', '-' and '.'")")
                }
                partial.name = name
            case "exclude_groups": partial.excludedGroups = try groups(stack, -1, of: "xpm.partial")
            case "include_groups": partial.includedGroups = try groups(stack, -1, of: "xpm.partial")
            case "exclude_all": partial.excludesAll = try flag("exclude_all")
            case "exclude_no_group": partial.excludesNoGroup = try flag("exclude_no_group")
            case let key:
                throw ScriptError("xpm.partial has no '\(key)'" + Suggestion.hint(for: key, among: known))
            }
        }
        stack.push(PartialSpec(partial), .partial)
        return 1
    }

    /// `xpm.renamed "new_name"`, or `xpm.renamed(function(self, value) … end)`
    private func makeRenamed(_ stack: LuaStack) throws -> Int {
        let spec = ParameterSpec(.any)
        if stack.kind(1) == .function {
            stack.copy(1)
            let function = stack.keep()
            spec.renamed = .function { [unowned self] object, value throws(ValueError) in
                do {
                    let stack = lua.current
                    stack.push(function)
                    push(object, stack)
                    try push(value, stack)
                    try stack.call(arguments: 2, results: 0)
                } catch { throw Self.valueError(error) }
            }
        } else if let name = stack.string(1) {
            spec.renamed = .parameter(name)
        } else {
            throw ScriptError("xpm.renamed needs the parameter's name now, or a function(self, value)")
        }
        stack.push(spec, .parameterSpec)
        return 1
    }

    /// An error inside a function of the script, as one of a value.
    static func valueError(_ error: any Error) -> ValueError {
        switch error {
        case let error as ValueError: error
        case let error as LuaError: ValueError(.refused(error.message))
        default: ValueError(.refused(error.shown))
        }
    }

    /// Reads the files of `xpm.file` parameters, each once.
    private var fileReader: FileReader {
        FileReader { [unowned self] path throws(ValueError) in
            let absolute = Paths.absolute(path, from: baseFolder)
            if let known = files[absolute] { return (absolute, known.digest) }
            do throws(SystemError) {
                var told = Monotonic.seconds
                let hashes = FileHashes(in: workspaceFolder(), isKept: savesFiles)
                let file = try JobFile.read(absolute, knownIn: hashes) {
                    [report, flag = lua.flag] path, done, all throws(SystemError) in
                    if flag.isRaised { throw SystemError("read", path, code: EINTR) }
                    // Long work tells how far it is.
                    guard Monotonic.seconds - told >= 3 else { return }
                    told = Monotonic.seconds
                    let share = all > 0 ? Int(Double(done) / Double(all) * 100) : 0
                    report("reading \(Paths.shown(path)): \(share) % of \(NumberText.bytes(all))")
                }
                files[absolute] = file
                return (absolute, file.digest)
            } catch {
                // What is wrong in a folder has a name of its own.
                if error.code == EINTR { throw ValueError(.refused("interrupted")) }
                let text =
                    error.path == absolute
                    ? "\(Paths.shown(absolute)): \(SystemError.message(error.code))" : error.text
                throw ValueError(.refused(text))
            }
        }
    }
}
