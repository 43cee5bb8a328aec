/// An object of a config type: its values, and what the experiment says of it.
///
/// Belongs to the thread of the script. Sealed objects, and those in them, do not change any more.
package final class ConfigObject {
    package let type: ConfigType
    /// In the order of the type's parameters; nil where no value was given and there is no default.
    package private(set) var values: [Value?]
    /// The task that made this object; itself for a submitted task.
    package var task: ConfigObject? {
        didSet {
            cachedIdentifier = nil
            cachedTags = nil
        }
    }
    /// Left out of the identity of what contains it (true), or kept although its parameter is meta (false).
    package var meta: Bool?
    package private(set) var isSealed = false
    package private(set) var tags: [Tag] = []
    package var initTasks: [ConfigObject] = []
    /// Tasks to wait for beyond those in its values.
    package var extraDependencies: [ConfigObject] = []
    /// The absolute path of the job's folder, once submitted.
    package var jobPath: String?

    /// How deep objects nest in its values; a submitted task counts as none.
    private var nesting = 0

    /// Set once sealed, where the identifier does not depend on what contains the object.
    var cachedIdentifier: Identifier?

    /// Set once sealed: a task that many need is walked once.
    var cachedTags: [Tag]?

    /// A name and the value that the experiment varies.
    package struct Tag {
        package var name: String
        package var value: Value

        package init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    package init(_ type: ConfigType) {
        self.type = type
        values = type.parameters.map { $0.defaultValue ?? ($0.isRequired || $0.jobPath != nil ? nil : .null) }
    }

    /// An object from a table, as YAML or a nested Lua table gives it.
    package convenience init(
        _ type: ConfigType, from entries: [Value.Entry], depth: Int = 0
    ) throws(ValueError) {
        self.init(type)
        for entry in entries {
            guard case .string(let name) = entry.key else {
                throw ValueError(.wrongType(expected: "names of parameters as keys", got: entry.key.told))
            }
            try set(name, to: entry.value, depth: depth)
        }
    }

    package subscript(name: String) -> Value? {
        type.position(of: name).flatMap { values[$0] }
    }

    /// Gives a parameter its value.
    ///
    /// - Throws: an unknown name, a constant, a generated path, or a value that does not fit.
    package func set(_ name: String, to raw: Value, depth: Int = 0) throws(ValueError) {
        guard let position = type.position(of: name) else {
            let nearest = Suggestion.nearest(to: name, among: type.parameters.map(\.name))
            throw ValueError(.unknownParameter(name: name, of: type.id, suggestion: nearest))
        }
        let parameter = type.parameters[position]
        if parameter.isConstant { throw ValueError(.constant(name: name)) }
        if parameter.jobPath != nil { throw ValueError(.generated(name: name)) }
        do throws(ValueError) {
            if case .null = raw, !parameter.type.isOptional {
                values[position] = parameter.defaultValue
                return
            }
            let value = try parameter.value(given: raw, of: type.id, depth: depth)
            value.forEachObject { nesting = max(nesting, $0.task === $0 ? 0 : $0.nesting + 1) }
            // What walks an object recurses.
            guard nesting < ParameterType.deepest else { throw ValueError(.tooDeep) }
            values[position] = value
        } catch { throw error.within(".\(name)") }
    }

    /// Puts a value that was read back from a file in its place, constants and generated paths included.
    package func restore(_ position: Int, to value: Value) { values[position] = value }

    package func addTag(_ tag: Tag) {
        if let index = tags.firstIndex(where: { $0.name == tag.name }) {
            tags[index] = tag
        } else {
            tags.append(tag)
        }
    }

    /// An unsealed object with the same values, tags and meta flag.
    package func copy() -> ConfigObject {
        let copy = ConfigObject(type)
        for (position, parameter) in type.parameters.enumerated() where parameter.jobPath == nil {
            copy.values[position] = values[position]
        }
        copy.tags = tags
        copy.meta = meta
        return copy
    }

    /// Checks that the object and those in it are complete, and freezes them.
    ///
    /// - Parameter check: called for each object once all in it have passed: the type's own `validate`.
    /// - Throws: the parameter that has no value, with the way to it, or what `check` throws.
    package func seal(check: (ConfigObject) throws -> Void = { _ in }) throws {
        var visited: Set<ObjectIdentifier> = []
        try complete(check: check, &visited)
        freeze()
    }

    private func complete(
        check: (ConfigObject) throws -> Void, _ visited: inout Set<ObjectIdentifier>
    ) throws {
        if isSealed || !visited.insert(ObjectIdentifier(self)).inserted { return }
        for (position, parameter) in type.parameters.enumerated() {
            guard let value = values[position] else {
                if parameter.jobPath != nil { continue }
                throw ValueError(.missingParameter(name: parameter.name, of: type.id))
            }
            do {
                try value.forEachObject { object in try object.complete(check: check, &visited) }
            } catch let error as ValueError { throw error.within(".\(parameter.name)") }
        }
        try check(self)
    }

    private func freeze() {
        if isSealed { return }
        isSealed = true
        forEachObject { $0.freeze() }
    }

    /// Gives the generated parameters of this object, and of those in it that have none yet, their paths.
    ///
    /// - Parameters:
    ///   - folder: where the paths of this object lie.
    ///   - nested: where those of the objects in it lie: `out` of the job's folder.
    package func placePaths(in folder: String, nested: String) {
        var visited: Set<ObjectIdentifier> = []
        placePaths(in: folder, nested: nested, &visited)
    }

    fileprivate func placePaths(in folder: String, nested: String, _ visited: inout Set<ObjectIdentifier>) {
        guard visited.insert(ObjectIdentifier(self)).inserted else { return }
        for (position, parameter) in type.parameters.enumerated() {
            if let name = parameter.jobPath {
                if values[position] == nil {
                    values[position] = .path(name.isEmpty ? folder : "\(folder)/\(name)")
                }
            } else if let value = values[position] {
                value.place(at: "\(nested)/\(parameter.name)", &visited)
            }
        }
    }

    /// Every object directly in its values, and its init tasks.
    package func forEachObject(_ body: (ConfigObject) throws -> Void) rethrows {
        for value in values { try value?.forEachObject(body) }
        for task in initTasks { try body(task) }
    }
}

extension Value {
    /// Every object directly in this value.
    package func forEachObject(_ body: (ConfigObject) throws -> Void) rethrows {
        switch self {
        case .object(let object): try body(object)
        case .list(let values), .set(let values): for value in values { try value.forEachObject(body) }
        case .map(let entries), .openMap(let entries):
            for entry in entries { try entry.value.forEachObject(body) }
        default: break
        }
    }

    fileprivate func place(at path: String, _ visited: inout Set<ObjectIdentifier>) {
        switch self {
        case .object(let object):
            if object.jobPath == nil, object.task == nil {
                object.placePaths(in: path, nested: path, &visited)
            }
        case .list(let values), .set(let values):
            for (index, value) in values.enumerated() { value.place(at: "\(path)/\(index)", &visited) }
        case .map(let entries), .openMap(let entries):
            for entry in entries {
                if case .string(let key) = entry.key { entry.value.place(at: "\(path)/\(key)", &visited) }
            }
        default: break
        }
    }
}
