import Model
import Store
import Testing
import Text

@Suite("Config objects", .timeLimit(.minutes(20)))
struct ConfigObjectTests {
    private static func type(_ id: String, _ parameters: [Parameter], kind: ConfigType.Kind = .config) throws
        -> ConfigType
    {
        try ConfigType(id: id, kind: kind, parameters: parameters)
    }

    private static func parameter(_ name: String, _ type: ParameterType, default value: Value? = nil)
        -> Parameter
    {
        var parameter = Parameter(name: name, type: type)
        parameter.defaultValue = value
        return parameter
    }

    @Test("an unknown parameter is refused with the nearest known one")
    func unknown() throws {
        let object = ConfigObject(try Self.type("demo.a", [Self.parameter("learning_rate", .float)]))
        #expect(
            throws: ValueError(
                .unknownParameter(
                    name: "learning_rat", of: "demo.a", suggestion: "learning_rate", known: ["learning_rate"])
            )
        ) { try object.set("learning_rat", to: .int(1)) }
    }

    @Test("sealing tells the way to a missing value")
    func missing() throws {
        let inner = try Self.type("demo.inner", [Self.parameter("n", .int)])
        let outer = try Self.type("demo.outer", [Self.parameter("inner", .config(ConfigReference(inner)))])
        let object = ConfigObject(outer)
        try object.set("inner", to: .object(ConfigObject(inner)))
        #expect(throws: ValueError(.missingParameter(name: "n", of: "demo.inner"), at: ".inner")) {
            try object.seal()
        }
        #expect(!object.isSealed)
    }

    @Test("sealing freezes what is inside; a copy is free again")
    func seal() throws {
        let inner = try Self.type("demo.inner", [Self.parameter("n", .int)])
        let outer = try Self.type("demo.outer", [Self.parameter("inner", .config(ConfigReference(inner)))])
        let part = ConfigObject(inner)
        try part.set("n", to: .int(1))
        let object = ConfigObject(outer)
        try object.set("inner", to: .object(part))
        try object.seal()
        #expect(object.isSealed && part.isSealed && !object.copy().isSealed)
    }

    @Test("reserved, malformed and changed parameters cannot be defined")
    func definitions() throws {
        #expect(throws: TypeError.reservedName("submit")) {
            try ConfigType(id: "a", kind: .config, parameters: [Parameter(name: "submit", type: .int)])
        }
        #expect(throws: TypeError.malformedName("a b")) {
            try ConfigType(id: "a", kind: .config, parameters: [Parameter(name: "a b", type: .int)])
        }
        #expect(throws: TypeError.malformedID("../x")) {
            try ConfigType(id: "../x", kind: .config, parameters: [])
        }
        let base = try Self.type("base", [Self.parameter("n", .int)])
        #expect(throws: TypeError.changedType(name: "n", from: "int", to: "string")) {
            try ConfigType(
                id: "b", kind: .config, base: base, parameters: [Parameter(name: "n", type: .string)])
        }
    }

    @Test("tags come from inside too; of a sweep that is collected, none")
    func tags() throws {
        let leaf = try Self.type("leaf", [Self.parameter("n", .int)])
        let list = try Self.type("list", [Self.parameter("all", .list(.config(ConfigReference(leaf))))])
        func object(_ n: Int64) throws -> ConfigObject {
            let object = ConfigObject(leaf)
            try object.set("n", to: .int(n))
            object.addTag(.init(name: "n", value: .int(n)))
            object.addTag(.init(name: "shared", value: .string("x/y")))
            return object
        }
        let outer = ConfigObject(list)
        try outer.set("all", to: .list([.object(try object(1)), .object(try object(2))]))
        #expect(outer.allTags().map(\.name) == ["shared"])
        #expect(outer.allTags().pathComponent == "shared=x-y")
    }

    @Test("paths are made in the job's folder, by their place")
    func paths() throws {
        var weights = Parameter(name: "weights", type: .path)
        weights.jobPath = "w.bin"
        let leaf = try Self.type("leaf", [weights])
        let root = try Self.type(
            "root", [weights, Self.parameter("model", .config(ConfigReference(leaf)))], kind: .task)
        let object = ConfigObject(root)
        let inner = ConfigObject(leaf)
        try object.set("model", to: .object(inner))
        object.placePaths(PathPlaces(job: "/ws/job", partials: "/ws/partials"))
        #expect(object["weights"] == .path("/ws/job/w.bin"))
        #expect(inner["weights"] == .path("/ws/job/out/model/w.bin"))
    }
}
