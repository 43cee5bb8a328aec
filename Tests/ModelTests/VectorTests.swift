import Foundation
import Model
import Testing
import Text

/// The identifiers that experimaestro 2.7.0 gives, case by case.
@Suite("Identity vectors", .timeLimit(.minutes(20)))
struct VectorTests {
    @Test("every vector has experimaestro's identifier", arguments: try Vectors.load().cases)
    func agrees(_ name: String) throws {
        let vectors = try Vectors.load()
        let (object, expected) = try vectors.build(name)
        #expect(object.identifier.hex == expected)
    }

    @Test("all 38 are there")
    func count() throws {
        #expect(try Vectors.load().cases.count == 38)
    }

    @Test("sealing does not change an identifier", arguments: try Vectors.load().cases)
    func sealed(_ name: String) throws {
        let (object, expected) = try Vectors.load().build(name)
        try object.seal()
        #expect(object.identifier.hex == expected)
        #expect(object.identifier.hex == expected)
    }
}

/// The file of vectors, built into objects.
private struct Vectors {
    let types: [String: ConfigType]
    let json: [JSON]

    var cases: [String] { json.compactMap { $0["name"]?.string } }

    static func load() throws -> Vectors {
        let url = try #require(Bundle.module.url(forResource: "vectors", withExtension: "json"))
        let file = try JSON.parse(Array(try Data(contentsOf: url)))
        guard case .object(let members)? = file["types"], let cases = file["cases"]?.array else {
            throw ValueError(.refused("not a file of vectors"))
        }
        let references = Dictionary(
            uniqueKeysWithValues: members.map { ($0.name, ConfigReference(id: $0.name)) })
        let colors = Enumeration(id: "vectors.Color", members: ["RED", "GREEN", "BLUE"])
        for member in members {
            let parameters = try (member.value["params"]?.array ?? []).map { json in
                var parameter = Parameter(
                    name: json["name"]?.string ?? "", type: type(json["type"] ?? .null, references, colors))
                if let value = json["default"] {
                    parameter.defaultValue = try parameter.type.accept(plain(value))
                }
                parameter.ignoresDefault = json["ignore_default"] == .bool(true)
                parameter.isMeta = json["meta"] == .bool(true)
                parameter.isConstant = json["constant"] == .bool(true)
                return parameter
            }
            let kind: ConfigType.Kind =
                switch member.value["kind"]?.string {
                case "task": .task
                case "instance": .instance
                default: .config
                }
            references[member.name]?.type = try ConfigType(
                id: member.name, kind: kind, parameters: parameters)
        }
        return Vectors(types: references.compactMapValues(\.type), json: cases)
    }

    private static func type(
        _ json: JSON, _ references: [String: ConfigReference], _ colors: Enumeration
    ) -> ParameterType {
        if let parts = json.array {
            let inner = parts.dropFirst().map { type($0, references, colors) }
            switch parts.first?.string {
            case "list": return .list(inner[0])
            case "set": return .set(inner[0])
            case "map": return .map(inner[0], inner[1])
            default: return .optional(inner[0])
            }
        }
        let name = json.string ?? ""
        if name.hasPrefix("config:"), let reference = references[String(name.dropFirst(7))] {
            return .config(reference)
        }
        if name.hasPrefix("enum:") { return .enumeration(colors) }
        return ["int": .int, "float": .float, "bool": .bool, "string": .string][name] ?? .any
    }

    private static func plain(_ json: JSON) -> Value {
        switch json {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        case .string(let value): .string(value)
        case .array(let values): .list(values.map(plain))
        case .object(let members): .map(members.map { .init(key: .string($0.name), value: plain($0.value)) })
        }
    }

    func build(_ name: String) throws -> (ConfigObject, String) {
        let json = try #require(json.first { $0["name"]?.string == name })
        var shared: [String: ConfigObject] = [:]
        if case .object(let members)? = json["let"] {
            for member in members {
                let object = try self.object(member.value["value"] ?? member.value, &shared)
                if member.value["submit"] == .bool(true) { object.task = object }
                shared[member.name] = object
            }
        }
        let object = try self.object(json["value"] ?? .null, &shared)
        if json["submit"] == .bool(true) { object.task = object }
        object.initTasks = try (json["init_tasks"]?.array ?? []).map { try self.object($0, &shared) }
        return (object, json["identifier"]?.string ?? "")
    }

    private func object(_ json: JSON, _ shared: inout [String: ConfigObject]) throws -> ConfigObject {
        if let name = json["ref"]?.string { return try #require(shared[name]) }
        let object = ConfigObject(try #require(types[json["type"]?.string ?? ""]))
        guard case .object(let members)? = json["values"] else { return object }
        for member in members { try object.set(member.name, to: value(member.value, &shared)) }
        return object
    }

    private func value(_ json: JSON, _ shared: inout [String: ConfigObject]) throws -> Value {
        switch json {
        case .object where json["ref"] != nil || json["type"]?.string.map({ types[$0] != nil }) == true:
            return .object(try object(json, &shared))
        case .object(let members):
            return .map(try members.map { .init(key: .string($0.name), value: try value($0.value, &shared)) })
        case .array(let values): return .list(try values.map { try value($0, &shared) })
        default: return Self.plain(json)
        }
    }
}
