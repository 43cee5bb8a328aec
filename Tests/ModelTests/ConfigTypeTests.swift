import Model
import Testing
import Text

@Suite("Config types", .timeLimit(.minutes(20)))
struct ConfigTypeTests {
    private static func config(_ id: String, base: ConfigType? = nil, _ parameters: [Parameter] = []) throws
        -> ConfigType
    {
        try ConfigType(id: id, kind: .config, base: base, parameters: parameters)
    }

    @Test("a config parameter may narrow, also inside lists and maps; a scalar may not change")
    func overrides() throws {
        let model = try Self.config("m")
        let special = try Self.config("m.special", base: model)
        let (wide, narrow) = (ParameterType.config(.init(model)), ParameterType.config(.init(special)))
        for wrap: (ParameterType) -> ParameterType in [
            { $0 }, { .list($0) }, { .map(.string, .optional($0)) },
        ] {
            let base = try Self.config("base", [Parameter(name: "p", type: wrap(wide))])
            let derived = try Self.config("derived", base: base, [Parameter(name: "p", type: wrap(narrow))])
            #expect(derived.unmarkedOverrides == ["p"])
            var marked = Parameter(name: "p", type: wrap(narrow))
            marked.overrides = true
            #expect(try Self.config("marked", base: base, [marked]).unmarkedOverrides.isEmpty)
            let reversed = try Self.config("reversed", [Parameter(name: "p", type: wrap(narrow))])
            #expect(throws: TypeError.self) {
                try Self.config("wider", base: reversed, [Parameter(name: "p", type: wrap(wide))])
            }
        }
        let scalar = try Self.config("scalar", [Parameter(name: "p", type: .int)])
        #expect(throws: TypeError.changedType(name: "p", from: "int", to: "float")) {
            try Self.config("other", base: scalar, [Parameter(name: "p", type: .float)])
        }
    }

    @Test("limits hold inside lists and maps too")
    func constraints() throws {
        var constraint = Constraint()
        constraint.least = 1
        let type = ParameterType.map(.string, .list(.constrained(.int, constraint)))
        let entry = { (value: Int64) in
            Value.map([.init(key: .string("k"), value: .list([.int(2), .int(value)]))])
        }
        #expect(try type.accept(entry(1)) == entry(1))
        #expect(throws: ValueError(.wrongType(expected: "at least 1", got: "int 0"), at: ".k[2]")) {
            try type.accept(entry(0))
        }
    }

    @Test("an object of a deprecated type has the identifier of what it stands for, through a chain")
    func deprecation() throws {
        let new = try Self.config("d.new", [Parameter(name: "values", type: .list(.int))])
        func old(_ id: String, _ convert: @escaping (ConfigObject) throws -> ConfigObject) throws
            -> ConfigType
        {
            var options = ConfigType.Options()
            options.deprecation = Deprecation(target: nil, convert: convert)
            return try ConfigType(
                id: id, kind: .config, parameters: [Parameter(name: "v", type: .int)], options: options)
        }
        let first = try old("d.v1") { object in
            let converted = ConfigObject(new)
            try converted.set("values", to: .list([object["v"] ?? .null]))
            return converted
        }
        let second = try old("d.v0") { object in
            let converted = ConfigObject(first)
            try converted.set("v", to: object["v"] ?? .null)
            return converted
        }
        let expected = ConfigObject(new)
        try expected.set("values", to: .list([.int(4)]))
        for type in [first, second] {
            let object = ConfigObject(type)
            try object.set("v", to: .int(4))
            try object.convertDeprecated()
            #expect(object.identifier == expected.identifier)
            try object.seal()
            #expect(object.identifier == expected.identifier && object.represented.type === new)
            #expect(try ParameterType.config(.init(new)).accept(.object(object)) == .object(object))
        }
    }

    @Test("a former name sets the parameter that has it now")
    func renames() throws {
        var options = ConfigType.Options()
        options.renames = [Rename(former: "lr", .parameter("learning_rate"))]
        let parameter = Parameter(name: "learning_rate", type: .float)
        let type = try ConfigType(id: "r", kind: .config, parameters: [parameter], options: options)
        let object = ConfigObject(type)
        try object.set("lr", to: .int(2))
        #expect(object["learning_rate"] == .float(2))
        options.renames = [Rename(former: "lr", .parameter("rate"))]
        #expect(throws: TypeError.renamedToUnknown("lr", "rate")) {
            try ConfigType(id: "r", kind: .config, parameters: [parameter], options: options)
        }
        options.renames = [Rename(former: "learning_rate", .parameter("learning_rate"))]
        #expect(throws: TypeError.renamedAndThere("learning_rate")) {
            try ConfigType(id: "r", kind: .config, parameters: [parameter], options: options)
        }
    }

    @Test("a default that holds objects is another for each object, and still equal to the default")
    func defaults() throws {
        let inner = try Self.config("in", [Parameter(name: "n", type: .int)])
        let value = ConfigObject(inner)
        try value.set("n", to: .int(1))
        var parameter = Parameter(name: "inner", type: .config(.init(inner)))
        parameter.defaultValue = .object(value)
        parameter.ignoresDefault = true
        let type = try Self.config("out", [parameter])
        let (one, two) = (ConfigObject(type), ConfigObject(type))
        guard case .object(let first)? = one["inner"], case .object(let second)? = two["inner"] else {
            Issue.record("no default")
            return
        }
        #expect(first !== second)
        let before = one.identifier
        try first.set("n", to: .int(2))
        #expect(one.identifier != before && two.identifier == before)
        try two.seal()
        #expect(two.identifier == before)
    }
}
