/// `params.json`: the parameters of a job, as experimaestro 2.x writes and reads them (version 3).
///
/// Every object of the task stands once in `objects`, after those it refers to; the task is the last. Paths inside the job
/// or the workspace are relative to it, so that folders can be copied elsewhere.
package enum ParameterFile {
    package static let version: Int64 = 3

    /// The name of the identity scheme, of experimaestro 2.x with the extensions of `docs/identity.md`.
    package static let scheme = "experimaestro-2"

    /// The file of a sealed task.
    package static func json(of task: ConfigObject, workspace: Workspace, version xpm: String) -> JSON {
        var writer = ObjectWriter(workspace: workspace.path, job: task.jobPath ?? "")
        _ = writer.number(of: task)
        return [
            "workspace": .string(workspace.path), "version": .int(version), "xpm": .string(xpm),
            "scheme": .string(scheme), "objects": .array(writer.objects),
        ]
    }
}

/// Writes objects in the form of experimaestro's serialization, each once.
private struct ObjectWriter {
    let workspace: String
    let job: String
    var objects: [JSON] = []
    private var numbers: [ObjectIdentifier: Int64] = [:]

    init(workspace: String, job: String) {
        self.workspace = workspace
        self.job = job
    }

    mutating func number(of object: ConfigObject) -> Int64 {
        if let known = numbers[ObjectIdentifier(object)] { return known }
        let number = Int64(numbers.count + 1)
        numbers[ObjectIdentifier(object)] = number
        var fields: [JSON.Member] = []
        for (parameter, value) in zip(object.type.parameters, object.values) {
            guard let value else { continue }
            fields.append(.init(parameter.name, json(value)))
        }
        var members: [JSON.Member] = [
            .init("id", .int(number)),
            .init("module", .string(object.type.id)),
            .init("type", .string(object.type.shortName)),
            .init("typename", .string(object.type.id)),
            .init("identifier", .string(object.identifier.hex)),
        ]
        if let task = object.task { members.append(.init("task", .int(self.number(of: task)))) }
        if let meta = object.meta { members.append(.init("meta", .bool(meta))) }
        if !object.initTasks.isEmpty {
            members.append(.init("init-tasks", .array(object.initTasks.map { .int(self.number(of: $0)) })))
        }
        members.append(.init("fields", .object(fields)))
        objects.append(.object(members))
        return number
    }

    private mutating func json(_ value: Value) -> JSON {
        switch value {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .float(let value): return .float(value)
        case .string(let value): return .string(value)
        case .list(let values): return .array(values.map { json($0) })
        case .set(let values): return ["type": "set", "values": .array(values.map { json($0) })]
        case .map(let entries), .openMap(let entries):
            let isPlain =
                entries.allSatisfy { if case .string = $0.key { true } else { false } }
                && !entries.contains { $0.key == .string("type") }
            if isPlain {
                return .object(entries.map { .init($0.key.plainText, json($0.value)) })
            }
            return ["type": "dict", "items": .array(entries.map { .array([json($0.key), json($0.value)]) })]
        case .path(let path): return json(path: path)
        case .member(let enumeration, let index):
            return [
                "type": "enum", "enum": .string(enumeration.title),
                "value": .string(enumeration.members[index]),
            ]
        case .object(let object): return ["type": "python", "value": .int(number(of: object))]
        }
    }

    private func json(path: String) -> JSON {
        for (base, folder) in [("job", job), ("workspace", workspace)] where !folder.isEmpty {
            if path == folder { return ["type": "path", "value": ".", "base": .string(base)] }
            if path.hasPrefix(folder + "/") {
                return [
                    "type": "path", "value": .string(String(path.dropFirst(folder.count + 1))),
                    "base": .string(base),
                ]
            }
        }
        return ["type": "path", "value": .string(path)]
    }
}
