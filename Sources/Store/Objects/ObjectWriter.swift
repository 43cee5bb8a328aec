package import Model
import System
package import Text

/// Writes objects in the form of experimaestro's serialization, each once, after those it refers to.
///
/// An object has `id` (its number), `module` and `type` (its Python class), `typename`, `identifier`, `task`,
/// `init-tasks`, `meta` and `fields`; `defaults` lists the fields that were left at their defaults,
/// `meta-fields` those that are no part of the identity, `ignored-fields` those that are not because they are
/// at a default that does not count. A task that is not written whole has no fields, but `params`: its own
/// `params.json`. A type without a Python class is marked `stub`, by which experimaestro reads it without
/// loading a class.
package struct ObjectWriter {
    private let workspace: String
    private let job: String?
    private var numbers: [ObjectIdentifier: Int64] = [:]
    /// Keeps what is numbered: the number belongs to the object.
    private var kept: [ConfigObject] = []
    /// The fields and positions from the outermost object to where the writer is.
    private var way: [String] = []
    /// The submitted tasks that are written with all they have; nil for every one. Of others only the
    /// identifier and the place of their own file are written: what they were made with stands there.
    private var wholeTasks: Set<ObjectIdentifier>?
    /// What stands for a data path; the way to it makes a name of its own.
    private let dataPath: (_ path: String, _ way: [String]) -> JSON

    /// - Parameters:
    ///   - workspace, job: paths in these folders are written relative to them.
    ///   - dataPath: what to write for a path that is copied along.
    package init(
        workspace: String, job: String?,
        dataPath: @escaping (_ path: String, _ way: [String]) -> JSON = { path, _ in
            [
                "type": "path.serialized", "value": .string(path),
                "is_folder": .bool(Files.kind(path) == .folder),
            ]
        }
    ) {
        self.workspace = workspace
        self.job = job
        self.dataPath = dataPath
    }

    /// Leaves the ancestors of a task to their own files, but those that it needs itself, where they are few: the
    /// file of each job of a chain is as long as that of the first, and that of a job which needs a whole layer of
    /// others has their names. Those of Python tasks are whole, for experimaestro's reader.
    mutating func leaveAncestors(of task: ConfigObject) {
        guard task.represented.type.python == nil, task.type.python == nil else { return }
        let needs = task.taskDependencies()
        wholeTasks = Set(([task] + (needs.count <= Self.mostNeeds ? needs : [])).map(ObjectIdentifier.init))
    }

    /// Of more tasks that one needs none is written whole.
    private static let mostNeeds = 8

    /// Where the file of a task lies that is not written here, relative to the workspace.
    private func place(ofAncestor object: ConfigObject) -> String? {
        guard let wholeTasks, object.task === object, !object.isLoaded,
            !wholeTasks.contains(ObjectIdentifier(object)),
            let path = object.jobPath?.after(workspace + "/")
        else { return nil }
        return "\(path)/params.json"
    }

    /// The number of an object; writes it first, and those it refers to before it, if it has none yet.
    package mutating func number(of object: ConfigObject, to objects: inout [JSON]) -> Int64 {
        if let known = numbers[ObjectIdentifier(object)] { return known }
        let number = Int64(numbers.count + 1)
        numbers[ObjectIdentifier(object)] = number
        kept.append(object)
        let type = object.type
        var fields: [JSON.Member] = []
        var defaults: [JSON] = []
        var meta: [JSON] = []
        var ignored: [JSON] = []

        let place = place(ofAncestor: object)
        for (parameter, value) in place == nil ? Array(zip(type.parameters, object.values)) : [] {
            guard let value else { continue }
            way.append(parameter.name)
            fields.append(.init(parameter.name, json(value, isData: parameter.type.holdsData, &objects)))
            way.removeLast()
            if parameter.isAtDefault(value) { defaults.append(.string(parameter.name)) }
            if parameter.isOutsideIdentity(value) { meta.append(.string(parameter.name)) }
            if parameter.ignoresDefault, IdentityComputer.reasonToSkip(parameter, value) != nil {
                ignored.append(.string(parameter.name))
            }
        }
        var members: [JSON.Member] = [
            .init("id", .int(number)),
            .init("module", .string(type.python?.module ?? type.key)),
            .init("type", .string(type.python?.name ?? type.shortName)),
            .init("typename", .string(type.python?.path ?? type.id)),
            .init("identifier", .string(object.identifier.hex)),
        ]
        if type.python == nil {
            members.append(.init("stub", .bool(true)))
        } else {
            members.append(.init("xpm-type", .string(type.id)))
        }
        if let task = object.task {
            way.append("__task__")
            members.append(.init("task", .int(self.number(of: task, to: &objects))))
            way.removeLast()
        }
        if let meta = object.meta { members.append(.init("meta", .bool(meta))) }
        if place == nil, !object.initTasks.isEmpty {
            var tasks: [JSON] = []
            for (index, task) in object.initTasks.enumerated() {
                way += ["__init_tasks__", String(index)]
                tasks.append(.int(self.number(of: task, to: &objects)))
                way.removeLast(2)
            }
            members.append(.init("init-tasks", .array(tasks)))
        }
        members.append(.init("fields", .object(fields)))
        if let place { members.append(.init("params", .string(place))) }
        if !defaults.isEmpty { members.append(.init("defaults", .array(defaults))) }
        let temporary =
            place != nil ? [] : object.type.parameters.filter(\.isTemporary).map { JSON.string($0.name) }
        if !temporary.isEmpty { members.append(.init("temporary-fields", .array(temporary))) }
        if !meta.isEmpty { members.append(.init("meta-fields", .array(meta))) }
        if !ignored.isEmpty { members.append(.init("ignored-fields", .array(ignored))) }
        objects.append(.object(members))
        return number
    }

    /// A value, with the objects in it written first.
    package mutating func json(_ value: Value, isData: Bool = false, _ objects: inout [JSON]) -> JSON {
        switch value {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .float(let value): return .float(value)
        case .string(let value): return .string(value)
        case .list(let values): return .array(elements(values, isData, &objects))
        case .set(let values): return ["type": "set", "items": .array(elements(values, isData, &objects))]
        case .map(let entries), .openMap(let entries): return map(entries, isData, &objects)
        case .path(let path): return isData ? dataPath(path, way) : json(path: path)
        case .file(let path, let digest):
            return ["type": "path", "value": .string(path), "sha256": .string(digest.hex)]
        case .member(let enumeration, let index):
            return [
                "type": "enum", "module": .string(enumeration.module), "enum": .string(enumeration.name),
                "value": .string(enumeration.members[index]),
            ]
        case .object(let object): return ["type": "python", "value": .int(number(of: object, to: &objects))]
        }
    }

    private mutating func elements(
        _ values: [Value], _ isData: Bool, _ objects: inout [JSON]
    ) -> [JSON] {
        var written: [JSON] = []
        written.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            way.append(String(index))
            written.append(json(value, isData: isData, &objects))
            way.removeLast()
        }
        return written
    }

    /// `{ key: value }`; where a key is no string, or `type`, which marks the other forms, a list of pairs.
    private mutating func map(_ entries: [Value.Entry], _ isData: Bool, _ objects: inout [JSON]) -> JSON {
        let isPlain = entries.allSatisfy {
            if case .string(let key) = $0.key { key != "type" } else { false }
        }
        var members: [JSON.Member] = []
        var pairs: [JSON] = []
        for entry in entries {
            let key = entry.key.plainText
            way.append(key)
            let value = json(entry.value, isData: isData, &objects)
            way.removeLast()
            if isPlain {
                members.append(.init(key, value))
            } else {
                pairs.append(.array([json(entry.key, &objects), value]))
            }
        }
        return isPlain ? .object(members) : ["type": "dict", "items": .array(pairs)]
    }

    private func json(path: String) -> JSON {
        for (base, folder) in [("job", job ?? ""), ("workspace", workspace)] where !folder.isEmpty {
            if path == folder { return ["type": "path", "value": ".", "base": .string(base)] }
            if let way = path.after(folder + "/") {
                return ["type": "path", "value": .string(String(way)), "base": .string(base)]
            }
        }
        return ["type": "path", "value": .string(path)]
    }
}

extension ParameterType {
    /// Whether its values are data paths, or hold some.
    var holdsData: Bool {
        switch self {
        case .dataPath: true
        case .optional(let inner), .list(let inner), .set(let inner), .map(_, let inner),
            .constrained(let inner, _):
            inner.holdsData
        default: false
        }
    }
}

extension Parameter {
    /// Whether a value, which an object could have given, is the default.
    package func isAtDefault(_ value: Value) -> Bool {
        guard !isConstant, !isMeta, jobPath == nil, let defaultValue else { return false }
        return defaultValue.isAlike(value)
    }

    /// Whether a value is no part of the identity because it, or the parameter, is marked as meta.
    fileprivate func isOutsideIdentity(_ value: Value) -> Bool {
        guard case .object(let object) = value, let meta = object.meta else {
            return isMeta && jobPath == nil
        }
        return meta
    }
}
