package import Model
import System
package import Text

/// Reads objects in the form of experimaestro's serialization (`ObjectWriter`).
package struct ObjectReader {
    private let job: String
    private let workspace: String
    private let options: Options
    private var objects: [Int64: ConfigObject] = [:]
    /// Tasks of types that are not defined here: their identifiers are all that is needed of them.
    private var strangers: Set<ObjectIdentifier> = []

    package struct Options {
        /// Whether the objects keep the identifiers that the file tells, and are sealed.
        package var keepsIdentifiers = true
        /// Whether tasks that only made an object may be of unknown types.
        package var allowsStrangers = false
        /// The folder of data paths; nil where they are absolute.
        package var data: String?

        package init() {}
    }

    /// - Parameters:
    ///   - job, workspace: what paths are relative to.
    package init(job: String, workspace: String, options: Options = Options()) {
        self.job = job
        self.workspace = workspace
        self.options = options
    }

    /// Reads objects that refer to each other, in any order.
    package mutating func read(
        _ definitions: [JSON], type: @escaping (String) -> ConfigType?
    ) throws(ParameterFileError) {
        for definition in definitions { try make(definition, type: type) }
        for definition in definitions { try fill(definition) }
        guard options.keepsIdentifiers else { return }
        for definition in definitions { try finish(definition) }
    }

    /// The object that a definition became.
    package func object(of definition: JSON) throws(ParameterFileError) -> ConfigObject? {
        guard let object = definition["id"]?.int.flatMap({ objects[$0] }) else { return nil }
        if strangers.contains(ObjectIdentifier(object)) { throw .unknownType(object.type.id) }
        return object
    }

    private mutating func make(
        _ json: JSON, type: @escaping (String) -> ConfigType?
    ) throws(ParameterFileError) {
        guard let number = json["id"]?.int, let id = json["typename"]?.string else {
            throw .malformed("an object without id or type")
        }
        if let found = json["xpm-type"]?.string.flatMap(type) ?? type(id) {
            let object = ConfigObject(found)
            objects[number] = object
            if let place = json["params"]?.string { try leave(object, to: place, type: type) }
        } else {
            guard options.allowsStrangers,
                let type = try? ConfigType(
                    id: json["xpm-type"]?.string ?? id, kind: .task, parameters: [])
            else { throw .unknownType(id) }
            let stranger = ConfigObject(type)
            objects[number] = stranger
            strangers.insert(ObjectIdentifier(stranger))
        }
    }

    /// Reads an ancestor from its own file when somebody asks for its values; at once where identifiers are
    /// computed anew.
    private func leave(
        _ object: ConfigObject, to place: String, type: @escaping (String) -> ConfigType?
    ) throws(ParameterFileError) {
        guard !place.hasPrefix("/"), !place.split(separator: "/").contains("..") else {
            throw .malformed("an ancestor outside the workspace")
        }
        let (path, options) = ("\(workspace)/\(place)", options)
        let read = { () throws(ParameterFileError) -> ConfigObject in
            let bytes: [UInt8]
            do throws(SystemError) { bytes = try Files.read(path, limit: 1 << 28) } catch {
                throw .malformed("of an ancestor: \(error.text)")
            }
            return try ParameterFile.task(from: bytes, job: Paths.parent(path), reading: options, type: type)
        }
        object.leave(to: read)
        if !options.keepsIdentifiers { try object.load() }
    }

    private func fill(_ json: JSON) throws(ParameterFileError) {
        guard let number = json["id"]?.int, let object = objects[number] else {
            throw .malformed("an object without id")
        }
        let type = object.type
        if !strangers.contains(ObjectIdentifier(object)), json["params"] == nil {
            guard case .object(let fields)? = json["fields"] else {
                throw .malformed("an object without fields")
            }
            for field in fields { try fill(field, of: object) }
            do throws(ValueError) { try object.fillDefaults() } catch { throw .value(type.id, error) }
        }
        if let task = json["task"]?.int {
            object.task = try self[task]
        }
        if let tasks = json["init-tasks"]?.array {
            var initTasks: [ConfigObject] = []
            for task in tasks { initTasks.append(try self[task.int ?? -1]) }
            object.initTasks = initTasks
        }
        if case .bool(let meta)? = json["meta"] { object.meta = meta }
        if object.task === object, let identifier = json["identifier"]?.string {
            object.jobPath = "\(workspace)/jobs/\(type.key)/\(identifier)"
        }
    }

    private func fill(_ field: JSON.Member, of object: ConfigObject) throws(ParameterFileError) {
        let type = object.type
        let value = try value(field.value, depth: 0)
        do throws(ValueError) {
            guard let position = type.position(of: field.name) else {
                // A parameter that the type has no more is no reason to fail: its value was part of the
                // identity once.
                if type.rename(of: field.name) != nil { try object.set(field.name, to: value) }
                return
            }
            let parameter = type.parameters[position]
            object.restore(
                position,
                to: parameter.jobPath == nil ? try parameter.type.accept(value) : value)
        } catch { throw .value(type.id, error.within(".\(field.name)")) }
    }

    private func finish(_ json: JSON) throws(ParameterFileError) {
        guard let number = json["id"]?.int, let object = objects[number] else { return }
        guard let text = json["identifier"]?.string, let identifier = Identifier(hex: text) else {
            throw .malformed("an object without an identifier")
        }
        object.finishLoading(as: identifier)
    }

    private subscript(number: Int64) -> ConfigObject {
        get throws(ParameterFileError) {
            guard let object = objects[number] else {
                throw .malformed("a reference to an object that is not there")
            }
            return object
        }
    }

    /// A value, with the objects it refers to.
    package func value(_ json: JSON, depth: Int = 0) throws(ParameterFileError) -> Value {
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
            let object = try self[json["value"]?.int ?? -1]
            if strangers.contains(ObjectIdentifier(object)) { throw .unknownType(object.type.id) }
            return .object(object)
        case "path": return path(json)
        case "path.serialized": return .path(try dataPath(json["value"]?.string ?? ""))
        case "set": return .set(try list((json["items"] ?? json["values"])?.array ?? [], depth))
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

    private func path(_ json: JSON) -> Value {
        let path = json["value"]?.string ?? ""
        if let digest = json["sha256"]?.string.flatMap({ Identifier(hex: $0) }) { return .file(path, digest) }
        return switch json["base"]?.string {
        case "job": .path(Paths.absolute(path, from: job))
        case "workspace": .path(Paths.absolute(path, from: workspace))
        default: .path(path)
        }
    }

    private func dataPath(_ path: String) throws(ParameterFileError) -> String {
        guard let folder = options.data else { return path }
        if path.hasPrefix("/") || path.split(separator: "/").contains("..") {
            throw .malformed("the data path '\(path)' leads out of the folder")
        }
        return "\(folder)/\(path)"
    }
}
