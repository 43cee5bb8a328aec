import Model
import Testing
import Text

@Suite("What a parameter type accepts", .timeLimit(.minutes(20)))
struct AcceptTests {
    @Test("numbers: a float takes 1, an int takes 3.0 and refuses 3.5")
    func numbers() throws {
        #expect(try ParameterType.float.accept(.int(1)).isFloat(1))
        #expect(try ParameterType.int.accept(.float(3)).isInt(3))
        #expect(throws: ValueError(.wrongType(expected: "int", got: "float 3.5"))) {
            try ParameterType.int.accept(.float(3.5))
        }
        #expect(throws: ValueError(.notFinite)) { try ParameterType.float.accept(.float(.nan)) }
        #expect(throws: ValueError(.notFinite)) { try ParameterType.any.accept(.float(.nan)) }
        // 2^53 + 1 has no float: refusing is better than another value.
        #expect(throws: ValueError.self) { try ParameterType.float.accept(.int(9_007_199_254_740_993)) }
        #expect(throws: ValueError.self) { try ParameterType.int.accept(.float(.infinity)) }
        #expect(throws: ValueError.self) { try ParameterType.int.accept(.string("1")) }
        #expect(throws: ValueError.self) { try ParameterType.bool.accept(.int(1)) }
    }

    @Test("an empty table is a list, a set and a map")
    func emptyTable() throws {
        #expect(try ParameterType.list(.int).accept(.list([])) == .list([]))
        #expect(try ParameterType.map(.string, .int).accept(.list([])) == .map([]))
        #expect(try ParameterType.set(.int).accept(.list([])) == .set([]))
    }

    @Test("a list with a hole is refused, and the hole is named")
    func hole() {
        let table = Value.map([.init(key: .int(1), value: .int(5)), .init(key: .int(3), value: .int(6))])
        #expect(throws: ValueError(.listWithHoles(missing: 2))) { try ParameterType.list(.int).accept(table) }
        #expect(throws: ValueError(.listWithHoles(missing: 2))) { try ParameterType.any.accept(table) }
    }

    @Test("an error inside names the way to the value")
    func path() {
        let type = ParameterType.map(.string, .list(.int))
        let value = Value.map([.init(key: .string("a"), value: .list([.int(1), .string("x")]))])
        #expect(throws: ValueError(.wrongType(expected: "int", got: "string \"x\""), at: ".a[2]")) {
            try type.accept(value)
        }
    }

    @Test("a map is in the order of its keys' bytes")
    func order() throws {
        let value = Value.map(["é", "z", "B", "a"].map { .init(key: .string($0), value: .int(1)) })
        guard case .map(let entries) = try ParameterType.map(.string, .int).accept(value) else {
            Issue.record("not a map")
            return
        }
        #expect(entries.map(\.key.plainText) == ["B", "a", "z", "é"])
    }

    @Test("a set refuses what is there twice; an enum knows its names")
    func setsAndEnums() throws {
        #expect(throws: ValueError.self) { try ParameterType.set(.int).accept(.list([.int(1), .float(1)])) }
        let choices = ParameterType.enumeration(Enumeration(id: nil, members: ["dev", "test"]))
        #expect(try choices.accept(.string("dev")) == .string("dev"))
        #expect(throws: ValueError(.wrongType(expected: "one of \"dev\", \"test\"", got: "string \"dve\""))) {
            try choices.accept(.string("dve"))
        }
    }

    @Test("values nested without end are refused, not followed")
    func depth() {
        var value = Value.list([])
        for _ in 0..<1000 { value = .list([value]) }
        #expect(throws: ValueError.self) { try ParameterType.any.accept(value) }
    }

    @Test("a missing optional is null, a union takes the first type that fits")
    func optionalAndUnion() throws {
        #expect(try ParameterType.optional(.int).accept(.null) == .null)
        #expect(try ParameterType.union([.int, .string]).accept(.string("a")) == .string("a"))
        for (text, int) in [("1", 1), (" +1_000 ", 1000), ("-1.00", -1), ("01", 1)] as [(String, Int64)] {
            #expect(try ParameterType.union([.int, .string]).accept(.string(text)) == .int(int), "\(text)")
        }
        for text in ["1.", "1e3", "_1", "1__0", "0x1", "", "1.5"] {
            #expect(
                try ParameterType.union([.int, .string]).accept(.string(text)) == .string(text), "\(text)")
        }
        #expect(try ParameterType.union([.float, .string]).accept(.string("1_0.5")) == .float(10.5))
        #expect(try ParameterType.union([.bool, .string]).accept(.string("Yes")) == .bool(true))
        #expect(try ParameterType.union([.bool, .int]).accept(.int(2)) == .int(2))
        #expect(try ParameterType.union([.int, .string]).accept(.bool(true)) == .int(1))
        #expect(try ParameterType.union([.string, .int]).accept(.string("1")) == .string("1"))
        #expect(throws: ValueError.self) { try ParameterType.union([.int, .float]).accept(.string("a")) }
    }
}

extension Value {
    fileprivate func isFloat(_ number: Double) -> Bool {
        if case .float(number) = self { true } else { false }
    }
    fileprivate func isInt(_ number: Int64) -> Bool { if case .int(number) = self { true } else { false } }
}
