import Model
import Testing
import Text

@Suite("Canonical bytes", .timeLimit(.minutes(20)))
struct CanonicalBytesTests {
    private func object(_ type: ParameterType, _ value: Value, meta: Bool = false) throws -> ConfigObject {
        var parameter = Parameter(name: "v", type: type)
        parameter.isMeta = meta
        let object = ConfigObject(try ConfigType(id: "t", kind: .config, parameters: [parameter]))
        try object.set("v", to: value)
        return object
    }

    @Test("a string with control bytes cannot look like other parameters")
    func injectiveStrings() throws {
        let a = Parameter(name: "a", type: .string)
        let b = Parameter(name: "b", type: .optional(.string))
        let type = try ConfigType(id: "t", kind: .config, parameters: [a, b])
        let one = ConfigObject(type)
        try one.set("a", to: .string("x\u{3}b\u{5}\u{3}y"))
        let two = ConfigObject(type)
        try two.set("a", to: .string("x"))
        try two.set("b", to: .string("y"))
        #expect(one.identifier != two.identifier)
    }

    @Test("maps inside any do not run into each other")
    func injectiveMaps() throws {
        func map(_ pairs: [(String, Value)]) -> Value {
            .map(pairs.map { .init(key: .string($0.0), value: $0.1) })
        }
        let nested = try object(.any, map([("a", map([("x", .int(1))])), ("b", .int(2))]))
        let inside = try object(.any, map([("a", map([("x", .int(1)), ("b", .int(2))]))]))
        #expect(nested.identifier != inside.identifier)
        let union = ParameterType.map(.string, .union([.int, .map(.string, .int)]))
        #expect(
            try object(union, map([("a", map([("x", .int(1))])), ("b", .int(2))])).identifier
                != object(union, map([("a", map([("x", .int(1)), ("b", .int(2))]))])).identifier)
    }

    @Test("the order of keys, and of a set's elements, does not matter")
    func order() throws {
        func entry(_ key: String, _ value: Int64) -> Value.Entry {
            .init(key: .string(key), value: .int(value))
        }
        let map = ParameterType.map(.string, .int)
        #expect(
            try object(map, .map([entry("a", 1), entry("b", 2)])).identifier
                == object(map, .map([entry("b", 2), entry("a", 1)])).identifier)
        #expect(
            try object(.set(.int), .list([.int(3), .int(1)])).identifier
                == object(.set(.int), .list([.int(1), .int(3)])).identifier)
    }

    @Test("1 and 1.0 are one value of a float, paths and meta values are none")
    func skipped() throws {
        #expect(try object(.float, .int(1)).identifier == object(.float, .float(1)).identifier)
        #expect(try object(.path, .string("/a")).identifier == object(.path, .string("/b")).identifier)
        #expect(
            try object(.int, .int(1), meta: true).identifier == object(.int, .int(2), meta: true).identifier)
        #expect(try object(.float, .float(0)).identifier != object(.float, .float(-0.0)).identifier)
    }

    @Test("canonically equivalent names stay different")
    func unicode() throws {
        #expect(
            try object(.string, .string("é")).identifier != object(.string, .string("e\u{301}")).identifier)
    }

    @Test("cycles end, and are not cached")
    func cycle() throws {
        let reference = ConfigReference(id: "node")
        let type = try ConfigType(
            id: "node", kind: .config,
            parameters: [Parameter(name: "next", type: .optional(.config(reference)))])
        reference.type = type
        let one = ConfigObject(type)
        let two = ConfigObject(type)
        try one.set("next", to: .object(two))
        try two.set("next", to: .object(one))
        let before = one.identifier
        try one.seal()
        #expect(one.identifier == before)
        #expect(one.identifier == two.identifier)
    }

    @Test("an identifier is 64 digits and reads back")
    func hex() throws {
        let identifier = try object(.int, .int(1)).identifier
        #expect(identifier.hex.count == 64)
        #expect(Identifier(hex: identifier.hex) == identifier)
        #expect(Identifier(hex: "xyz") == nil)
    }
}
