import Model
package import Text

/// What scripts do with objects.
extension XpmModule {
    func addObjectFunctions() {
        addMetamethod("__index", of: .configObject) { [unowned self] stack in try objectField(stack) }
        addMetamethod("__newindex", of: .configObject) { [unowned self] stack in try setField(stack) }
        addMetamethod("__tostring", of: .configObject) { stack in
            let object = stack.object(1, .configObject)
            stack.push(object.map { "\($0.type.id) { \($0.summary) }" } ?? "object")
            return 1
        }
        addMetamethod("__pairs", of: .configObject) { [unowned self] stack in
            let object = try Self.object(stack, 1, "pairs", uses: false)
            stack.pushGlobals()
            stack.get("next", from: -1)
            stack.pushTable()
            for (parameter, value) in zip(object.type.parameters, object.values) {
                try push(value ?? .null, stack)
                stack.set(parameter.name, in: -2)
            }
            return 2
        }
        addMetamethod("__concat", of: .configObject) { [unowned self] stack in try compose(stack) }
        addMetamethod("__tostring", of: .tag) { stack in
            stack.push("tag \(stack.object(1, .tag)?.value.plainText ?? "")")
            return 1
        }
        addTagFunctions()
        addObjectMethods()
    }

    /// `xpm.tag` and what goes with it.
    private func addTagFunctions() {
        add("tag") { stack in
            let isNamed = stack.count >= 2
            guard !isNamed || stack.string(1) != nil else {
                throw ScriptError("xpm.tag(name, value): the name is a string")
            }
            let name = isNamed ? stack.string(1) : nil
            var inner: [ConfigObject.Tag] = []
            let value = try stack.value(isNamed ? 2 : 1, taggedAs: name ?? "", tags: &inner)
            // What stays inside does so under a tag too.
            let stops =
                inner.contains(where: \.name.isEmpty)
                && stack.object(isNamed ? 2 : 1, .tag)?.stopsTags == true
            stack.push(TagBox(name: name, value: value, isTag: true, stopsTags: stops), .tag)
            return 1
        }
        add("at_point") { [unowned self] stack in try setPoint(stack) }
        add("stop_tags") { stack in
            if let tag = stack.object(1, .tag), case .object = tag.value {
                stack.push(TagBox(name: tag.name, value: tag.value, isTag: tag.isTag, stopsTags: true), .tag)
                return 1
            }
            let object = try Self.object(stack, 1, "xpm.stop_tags")
            stack.push(TagBox(name: nil, value: .object(object), isTag: false, stopsTags: true), .tag)
            return 1
        }
        add("tagspath") { stack in
            let object = try Self.object(stack, 1, "xpm.tagspath")
            stack.push(object.allTags().pathComponent)
            return 1
        }
        add("setmeta") { stack in
            let object = try Self.object(stack, 1, "xpm.setmeta", uses: false)
            if object.isSealed { throw ScriptError("\(object.type.id) is sealed: it was submitted") }
            object.meta = stack.isAbsent(2) ? nil : stack.bool(2)
            stack.copy(1)
            return 1
        }
    }

    /// The methods that every object has.
    private func addObjectMethods() {
        addMethod("identifier") { [unowned self] stack in
            let object = try Self.object(stack, 1, "identifier")
            try takeBackTables(of: object, stack)
            try object.convertDeprecated()
            stack.push(object.identifier.hex)
            return 1
        }
        addMethod("tags") { [unowned self] stack in
            let tags = try Self.object(stack, 1, "tags").allTags()
            stack.pushTable(fields: tags.count)
            for tag in tags {
                try push(tag.value, stack)
                stack.set(tag.name, in: -2)
            }
            return 1
        }
        addMethod("tag") { stack in
            let object = try Self.object(stack, 1, "tag", uses: false)
            guard let name = stack.string(2) else {
                throw ScriptError("tag(name, value): the name is a string")
            }
            if object.isSealed { throw ScriptError("\(object.type.id) is sealed: it was submitted") }
            object.addTag(.init(name: name, value: try stack.value(3)))
            stack.copy(1)
            return 1
        }
        addMethod("copy") { [unowned self] stack in
            let object = try Self.object(stack, 1, "copy")
            try takeBackTables(of: object, stack)
            let copy = object.copy()
            if stack.kind(2) == .table { try fill(copy, from: 2, stack) }
            push(copy, stack)
            return 1
        }
        addMethod("add_dependencies") { stack in
            let object = try Self.object(stack, 1, "add_dependencies", uses: false)
            if object.isSealed { throw ScriptError("\(object.type.id) is sealed: it was submitted") }
            guard stack.count >= 2 else { return 0 }
            for index in 2...stack.count {
                let other = try Self.object(stack, index, "add_dependencies")
                guard other.task != nil else {
                    throw ScriptError("\(other.type.id) was not submitted: nothing can depend on it")
                }
                object.extraDependencies.append(other)
            }
            stack.copy(1)
            return 1
        }
    }

    /// The config object at an index of the arguments of a function.
    /// The object that a function was given.
    ///
    /// - Parameter uses: whether that is what the object was made for.
    static func object(_ stack: LuaStack, _ index: Int32, _ function: String, uses: Bool = true) throws
        -> ConfigObject
    {
        if let object = stack.object(index, .configObject) {
            if uses { object.isUsed() }
            return object
        }
        let hint =
            index == 1 && stack.kind(1) != .object ? "; call it with a colon, object:\(function)()" : ""
        throw ScriptError(
            "\(function) needs a config object, got \(stack.isAbsent(index) ? "nothing" : stack.description(index))"
                + (function.contains(".") ? "" : hint))
    }

    /// `Type { name = value }`
    func makeObject(_ stack: LuaStack) throws -> Int {
        guard let definition = stack.object(1, .configType) else { throw ScriptError("not a type") }
        let object = ConfigObject(definition.type)
        if !stack.isAbsent(2) {
            guard stack.kind(2) == .table else {
                throw ScriptError(
                    "\(definition.type.id) takes a table of parameters, got \(stack.description(2))")
            }
            try fill(object, from: 2, stack)
        }
        do throws(ValueError) { try object.fillDefaults() } catch {
            throw ScriptError("\(definition.type.id)\(error.path): \(error.text)")
        }
        if let deprecation = definition.type.deprecation {
            warnOnce(deprecation.warning(of: definition.type))
            if deprecation.replaces, let convert = deprecation.convert {
                push(try convert(object), stack)
                return 1
            }
        }
        if object.type.kind.isTask, let origin = origins?.current(stack) { object.isMade(at: origin) }
        push(object, stack)
        return 1
    }

    /// Gives an object the values of a table. Of several errors, the one of the first name is told: `pairs`
    /// has no order.
    private func fill(_ object: ConfigObject, from table: Int32, _ stack: LuaStack) throws {
        var given: [Value.Entry] = []
        var tags: [(parameter: String, own: [ConfigObject.Tag])] = []
        var failures: [(name: String, error: any Error)] = []
        try stack.unwrapProxy(table)
        let swept = try sweptValues(ofPoint: table, stack)
        stack.forEachPair(of: table) {
            guard stack.kind(-2) == .string, let name = stack.string(-2) else {
                failures.append(("", ScriptError("\(object.type.id) takes parameters by name")))
                return
            }
            if object.type.position(of: name) == nil, Self.attributes.contains(name),
                object.type.rename(of: name) == nil
            {
                let why =
                    "\(object.type.id) has no parameter '\(name)'; a parameter of this type gets attributes by xpm.ref(Type) { \(name) = … }"
                failures.append((name, ScriptError(why)))
                return
            }
            do {
                var own: [ConfigObject.Tag] = []
                let value = try stack.value(-1, taggedAs: name, tags: &own)
                given.append(.init(key: .string(name), value: value))
                if own.isEmpty, !swept.isEmpty || !sweepPoints.isEmpty {
                    own = sweepPoints.tags(of: name, value, own: swept)
                }
                // A tag without a name says that those of the value stay with it.
                if own.contains(where: \.name.isEmpty) { object.stopTags(of: name) }
                tags.append((name, own.filter { !$0.name.isEmpty }))
            } catch { failures.append((name, Self.told(error, "\(object.type.id).\(name)"))) }
        }
        let names = object.type.hasRenames ? TextSet(given.map(\.key.plainText)) : []
        for entry in given {
            guard case .string(let name) = entry.key else { continue }
            if !names.isEmpty, case .parameter(let now)? = object.type.rename(of: name)?.way,
                names.contains(now)
            {
                failures.append(
                    (
                        name,
                        ScriptError("\(object.type.id): '\(name)' was renamed to '\(now)': give one of them")
                    ))
                continue
            }
            do { try set(name, of: object, to: entry.value, stack) } catch { failures.append((name, error)) }
        }
        if let first = failures.min(by: { ByteOrder.less($0.name, $1.name) }) { throw first.error }
        for (name, own) in tags { setTags(own, of: name, object) }
    }

    /// Gives an object the tags of a parameter's value; those of the value before are gone.
    private func setTags(_ tags: [ConfigObject.Tag], of name: String, _ object: ConfigObject) {
        var name = name
        if case .parameter(let new)? = object.type.rename(of: name)?.way { name = new }
        object.setTags(tags, ofParameter: name)
    }

    /// `Outer {} .. Inner {}`: the one parameter of the left that takes the right object gets it.
    private func compose(_ stack: LuaStack) throws -> Int {
        guard let outer = stack.object(1, .configObject), let inner = stack.object(2, .configObject) else {
            throw ScriptError(
                "'..' puts a config object into another: \(stack.description(1)) .. \(stack.description(2))")
        }
        if outer.isSealed { throw ScriptError("\(outer.type.id) is sealed: it was submitted") }
        inner.isUsed()
        let fitting = outer.type.parameters.filter { $0.type.takes(inner.type) && $0.jobPath == nil }
        guard let parameter = fitting.first else {
            throw ScriptError("no parameter of \(outer.type.id) takes a \(inner.type.id)")
        }
        guard fitting.count == 1 else {
            let names = fitting.map { "'\($0.name)'" }.joined(separator: ", ")
            throw ScriptError(
                "\(fitting.count) parameters of \(outer.type.id) take a \(inner.type.id): \(names); set the one you mean"
            )
        }
        try set(parameter.name, of: outer, to: .object(inner), stack)
        forgetTable(of: 1, outer, parameter.name, stack)
        stack.copy(1)
        return 1
    }

    private static func told(_ error: any Error, _ place: String) -> any Error {
        (error as? ScriptError).map { ScriptError("\(place): \($0.message)") } ?? error
    }

    private func set(_ name: String, of object: ConfigObject, to value: Value, _ stack: LuaStack) throws {
        if object.type.position(of: name) == nil, let rename = object.type.rename(of: name) {
            let now = if case .parameter(let new) = rename.way { ": it is '\(new)' now" } else { "" }
            warnOnce("\(object.type.id): parameter '\(name)' is deprecated\(now)")
        }
        do {
            try object.set(name, to: value)
        } catch {
            // The error names the type or the way from it.
            if case .unknownParameter(_, object.type.id, _, _) = error.problem { throw error }
            let path = error.path.isEmpty ? ".\(name)" : error.path
            throw ScriptError("\(object.type.id)\(path): \(error.text)")
        }
    }

    /// `object.name`: a parameter, a method of the type, or one of every object.
    private func objectField(_ stack: LuaStack) throws -> Int {
        try stack.object(1, .configObject)?.load()
        guard let object = stack.object(1, .configObject) else { throw ScriptError("not a config object") }
        guard let name = stack.string(2) else {
            throw ScriptError("\(object.type.id) has named parameters only")
        }
        if let position = object.type.position(of: name) {
            try pushValue(of: object, position, stack)
            return 1
        }
        if pushMethod(name, stack) { return 1 }
        if pushField(name, of: object.type, stack) {
            if stack.kind(-1) == .function { return 1 }
            stack.pop()
        }
        switch name {
        case "jobdir", "taskdir":
            guard let path = object.jobPath ?? object.task?.jobPath else {
                throw ScriptError("\(object.type.id) has no \(name): it was not submitted")
            }
            stack.push(path)
        case "here": stack.push(definition(of: object.type).map { folderOfSource($0.source) } ?? ".")
        case "type": stack.push(object.type.id)
        case _ where object.type.rename(of: name) != nil:
            guard case .parameter(let new)? = object.type.rename(of: name)?.way,
                let position = object.type.position(of: new)
            else { throw ScriptError("\(object.type.id).\(name) is deprecated: it can be set, not read") }
            try pushValue(of: object, position, stack)
        default:
            let names = object.type.parameters.map(\.name) + ["submit", "tags", "identifier"]
            let nearest = Suggestion.nearest(to: name, among: names)
            throw ValueError(
                .unknownParameter(
                    name: name, of: object.type.id, suggestion: nearest,
                    known: object.type.parameters.map(\.name)))
        }
        return 1
    }

    private func setField(_ stack: LuaStack) throws -> Int {
        let object = try Self.object(stack, 1, "assignment", uses: false)
        guard let name = stack.string(2) else {
            throw ScriptError("\(object.type.id) has named parameters only")
        }
        if object.isSealed {
            throw ScriptError(
                "\(object.type.id).\(name) cannot be set: the object is sealed, since it or a task with it was submitted"
            )
        }
        var tags: [ConfigObject.Tag] = []
        let value = try stack.value(3, taggedAs: name, tags: &tags)
        if tags.isEmpty { tags = sweepPoints.tags(of: name, value, own: []) }
        try set(name, of: object, to: value, stack)
        forgetTable(of: 1, object, name, stack)
        if tags.contains(where: \.name.isEmpty) { object.stopTags(of: name) }
        setTags(tags.filter { !$0.name.isEmpty }, of: name, object)
        return 0
    }
}

extension ConfigObject {
    /// `learning_rate = 0.1, seed = 1`, nested objects written out with dotted names.
    package var summary: String {
        flattened().map { "\($0.name) = \($0.value)" }.joined(separator: ", ")
    }

    /// The parameters with their values, those of nested configs by their way; tasks by their short name and
    /// identifier.
    ///
    /// - Returns: for each its value as people read it, and for programs: numbers as numbers.
    package func flattened(
        prefix: String = "", depth: Int = 0
    ) -> [(name: String, value: String, json: JSON)] {
        var parts: [(name: String, value: String, json: JSON)] = []
        for (parameter, value) in zip(type.parameters, values) where parameter.jobPath == nil {
            guard let value else { continue }
            let name = prefix + parameter.name
            switch value {
            case .object(let object) where object.task !== object && depth < 8:
                let inner = object.flattened(prefix: "\(name).", depth: depth + 1)
                // Which of several types it is.
                if inner.isEmpty || !parameter.type.isOnly(object.type) {
                    parts.append((name, object.type.id, .string(object.type.id)))
                }
                parts += inner
            default:
                let text = value.shown(depth)
                parts.append((name, text, value.holdsObjects ? .string(text) : JSON(plain: value)))
            }
        }
        return parts
    }
}

extension ParameterType {
    /// Whether it is a config type, and an object's type that one.
    fileprivate func isOnly(_ type: ConfigType) -> Bool {
        switch self {
        case .config(let reference): reference.type === type
        case .optional(let inner), .constrained(let inner, _): inner.isOnly(type)
        default: false
        }
    }

    /// Whether an object of a type can be its value, directly.
    fileprivate func takes(_ type: ConfigType) -> Bool {
        switch self {
        case .config(let reference): reference.type.map(type.isKind) ?? false
        case .optional(let inner), .constrained(let inner, _): inner.takes(type)
        case .union(let types): types.contains { $0.takes(type) }
        default: false
        }
    }
}

extension Deprecation {
    fileprivate func warning(of type: ConfigType) -> String {
        "\(type.id) is deprecated" + (target.map { ": use \($0.id)" } ?? "")
    }
}

extension Value {
    /// A value on one line: tasks by their type and the beginning of their identifier, configs with their
    /// values.
    fileprivate func shown(_ depth: Int) -> String {
        switch self {
        case .object(let object) where object.task === object:
            return "\(object.type.id) \(object.identifier.short)"
        case .object(let object):
            let inner = depth < 8 ? object.flattened(depth: depth + 1) : []
            return "\(object.type.id) {" + inner.map { "\($0.name) = \($0.value)" }.joined(separator: ", ")
                + "}"
        case .list(let values), .set(let values):
            return "[" + values.map { $0.shown(depth) }.joined(separator: ", ") + "]"
        case .map(let entries), .openMap(let entries):
            return "{"
                + entries.map { "\($0.key.plainText): \($0.value.shown(depth))" }.joined(separator: ", ")
                + "}"
        default: return plainText
        }
    }
}
