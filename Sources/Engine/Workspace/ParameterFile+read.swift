/// Why a `params.json` cannot be used.
package enum ParameterFileError: Error, Equatable {
    case notJSON(JSONError)
    case newer(Int64)
    case malformed(String)
    case unknownType(String)
    case value(String, ValueError)

    package var text: String {
        switch self {
        case .notJSON(let error): "params.json is not JSON: \(error.problem) at byte \(error.offset)"
        case .newer(let version):
            "params.json has version \(version); this xpm reads versions up to \(ParameterFile.version)"
        case .malformed(let what): "params.json: \(what)"
        case .unknownType(let id): "params.json: no type '\(id)' is defined by the task's Lua file"
        case .value(let type, let error): "params.json: \(type)\(error.path): \(error.text)"
        }
    }
}

extension ParameterFile {
    /// Rebuilds the task of a `params.json`.
    ///
    /// - Parameters:
    ///   - job: the job's folder now, in which paths relative to the job lie.
    ///   - type: the config type with an id.
    package static func task(
        from bytes: [UInt8], job: String, type: (String) -> ConfigType?
    ) throws(ParameterFileError) -> ConfigObject {
        let json: JSON
        do throws(JSONError) { json = try JSON.parse(bytes) } catch { throw .notJSON(error) }
        guard let version = json["version"]?.int else { throw .malformed("no version") }
        guard version <= self.version else { throw .newer(version) }
        guard let objects = json["objects"]?.array, !objects.isEmpty else { throw .malformed("no objects") }
        // The job lies at WORKSPACE/jobs/TYPE/IDENTIFIER, wherever the workspace was when the file was written.
        let workspace = Paths.parent(Paths.parent(Paths.parent(job)))
        var reader = ObjectReader(job: job, workspace: workspace)
        // All objects first, then their values: they may refer to each other in any order.
        var last: ConfigObject?
        for object in objects { last = try reader.make(object, type: type) }
        for object in objects { try reader.fill(object) }
        guard let last else { throw .malformed("no objects") }
        last.jobPath = job
        return last
    }
}

private struct ObjectReader {
    let job: String
    let workspace: String
    private var objects: [Int64: ConfigObject] = [:]

    init(job: String, workspace: String) {
        self.job = job
        self.workspace = workspace
    }

    mutating func make(_ json: JSON, type: (String) -> ConfigType?) throws(ParameterFileError) -> ConfigObject
    {
        guard let number = json["id"]?.int, let id = json["typename"]?.string else {
            throw .malformed("an object without id or type")
        }
        guard let type = type(id) else { throw .unknownType(id) }
        let object = ConfigObject(type)
        objects[number] = object
        return object
    }

    func fill(_ json: JSON) throws(ParameterFileError) {
        guard let number = json["id"]?.int, let object = objects[number] else {
            throw .malformed("an object without id")
        }
        guard case .object(let fields)? = json["fields"] else { throw .malformed("an object without fields") }
        let type = object.type
        for field in fields {
            // A parameter that the type has no more is no reason to fail: its value was part of the identity once.
            guard let position = type.position(of: field.name) else { continue }
            let parameter = type.parameters[position]
            let value = try value(field.value, depth: 0)
            do throws(ValueError) {
                try object.restore(
                    position, to: parameter.jobPath == nil ? parameter.type.accept(value) : value)
            } catch { throw .value(type.id, error.within(".\(field.name)")) }
        }
        if let task = json["task"]?.int {
            guard let task = objects[task] else {
                throw .malformed("a reference to an object that is not there")
            }
            object.task = task
        }
        if object.task === object, let identifier = json["identifier"]?.string {
            object.jobPath = "\(workspace)/jobs/\(type.id)/\(identifier)"
        }
    }

    private func value(_ json: JSON, depth: Int) throws(ParameterFileError) -> Value {
        if depth > ParameterType.deepest { throw .malformed("values nested too deep") }
        switch json {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .float(let value): return .float(value)
        case .string(let value): return .string(value)
        case .array(let values): return .list(try list(values, depth))
        case .object(let members):
            guard let kind = json["type"]?.string else {
                var entries: [Value.Entry] = []
                for member in members {
                    entries.append(
                        .init(key: .string(member.name), value: try value(member.value, depth: depth + 1)))
                }
                return .map(entries)
            }
            return try special(kind, json, depth)
        }
    }

    private func list(_ values: [JSON], _ depth: Int) throws(ParameterFileError) -> [Value] {
        var read: [Value] = []
        for one in values { read.append(try value(one, depth: depth + 1)) }
        return read
    }

    private func special(_ kind: String, _ json: JSON, _ depth: Int) throws(ParameterFileError) -> Value {
        switch kind {
        case "python":
            guard let number = json["value"]?.int, let object = objects[number] else {
                throw .malformed("a reference to an object that is not there")
            }
            return .object(object)
        case "path":
            let path = json["value"]?.string ?? ""
            switch json["base"]?.string {
            case "job": return .path(Paths.absolute(path, from: job))
            case "workspace": return .path(Paths.absolute(path, from: workspace))
            default: return .path(path)
            }
        case "set": return .set(try list(json["values"]?.array ?? [], depth))
        case "enum": return .string(json["value"]?.string ?? "")
        case "dict":
            var entries: [Value.Entry] = []
            for item in json["items"]?.array ?? [] {
                guard let pair = item.array, pair.count == 2 else {
                    throw .malformed("a map entry that is no pair")
                }
                entries.append(
                    .init(
                        key: try value(pair[0], depth: depth + 1), value: try value(pair[1], depth: depth + 1)
                    ))
            }
            return .map(entries)
        default: throw .malformed("a value of the unknown kind '\(kind)'")
        }
    }
}
