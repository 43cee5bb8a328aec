import Model
import Settings
import Testing
import Text

/// Random types and values, written and read back.
@Suite("Canonical bytes are injective", .timeLimit(.minutes(20)))
struct InjectivityTests {
    private static var colour: Enumeration { Enumeration(id: "m.Colour", members: ["RED", "GREEN"]) }

    private static func type(_ random: inout some RandomNumberGenerator, depth: Int = 0) -> ParameterType {
        let scalars: [ParameterType] = [
            .int, .float, .bool, .string, .enumeration(colour),
            .enumeration(Enumeration(id: nil, members: ["a", "b"])),
        ]
        if depth >= 3 || Int.random(in: 0..<3, using: &random) == 0 {
            return scalars.randomElement(using: &random) ?? .int
        }
        func inner() -> ParameterType { type(&random, depth: depth + 1) }
        return switch Int.random(in: 0..<7, using: &random) {
        case 0: .list(inner())
        case 1: .set([.int, .string, .float].randomElement(using: &random) ?? .int)
        case 2, 3: .map([.string, .int].randomElement(using: &random) ?? .string, inner())
        case 4: .optional(inner())
        case 5: .any
        default: .union([.int, .map(.string, inner()), .string])
        }
    }

    private static func text(_ random: inout some RandomNumberGenerator) -> String {
        let alphabet = Array("ab\u{0}\u{1}\u{3}\u{5}\u{6}\u{9}\u{e}\u{f}\u{10}\u{11}é中😀")
        return String(
            (0..<Int.random(in: 0...5, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? "a"
            })
    }

    private static func value(
        _ type: ParameterType, _ random: inout some RandomNumberGenerator, depth: Int = 0
    ) -> Value {
        func few() -> Int { Int.random(in: 0...3, using: &random) }
        func inner(_ type: ParameterType) -> Value { value(type, &random, depth: depth + 1) }
        switch type {
        case .int: return .int([0, 1, -1, .max, .min, 255].randomElement(using: &random) ?? 0)
        case .float: return .float([0, -0.0, 1, .infinity, 1e-300, 0.1].randomElement(using: &random) ?? 0)
        case .bool: return .bool(Bool.random(using: &random))
        case .string: return .string(text(&random))
        case .enumeration(let enumeration):
            return .string(enumeration.members.randomElement(using: &random) ?? "")
        case .list(let element): return .list((0..<few()).map { _ in inner(element) })
        case .set(let element):
            var values: [Value] = []
            for _ in 0..<few() {
                let one = inner(element)
                if !values.contains(one) { values.append(one) }
            }
            return .list(values)
        case .map(let key, let element):
            var entries: [Value.Entry] = []
            for _ in 0..<few() {
                let name = inner(key)
                if !entries.contains(where: { $0.key == name }) {
                    entries.append(.init(key: name, value: inner(element)))
                }
            }
            return .openMap(entries)
        case .optional(let type): return Bool.random(using: &random) ? .null : inner(type)
        case .union(let types): return inner(types.randomElement(using: &random) ?? .int)
        default:
            let choices: [ParameterType] =
                depth > 3
                ? [.int, .string, .float, .bool]
                : [.int, .string, .float, .list(.any), .map(.string, .any), .map(.string, .optional(.any))]
            return inner(choices.randomElement(using: &random) ?? .int)
        }
    }

    /// Sets in the order of their text; bools as ints, which they are in the bytes.
    private static func normal(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "i1" : "i0"
        case .int(let value): "i\(value)"
        case .float(let value): "f\(value.bitPattern)"
        case .string(let text): "s\(Array(text.utf8))"
        case .list(let values): "[" + values.map(normal).joined(separator: ",") + "]"
        case .set(let values): "<" + values.map(normal).sorted().joined(separator: ",") + ">"
        case .map(let entries), .openMap(let entries):
            "{" + entries.map { normal($0.key) + ":" + normal($0.value) }.joined(separator: ",") + "}"
        case .member(let enumeration, let index): normal(.string(enumeration.members[index]))
        default: "?"
        }
    }

    @Test("a value is found again in its bytes, whatever its type", arguments: 0..<20)
    func roundTrip(_ seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        for _ in 0..<150 {
            let parameters = ["a", "b", "c"].map { Parameter(name: $0, type: Self.type(&random)) }
            let type = try ConfigType(id: "t", kind: .config, parameters: parameters)
            let object = ConfigObject(type)
            for parameter in parameters {
                try object.set(parameter.name, to: Self.value(parameter.type, &random))
            }
            var reader = CanonicalReader(object.canonicalBytes)
            let found = try reader.object(type)
            for (parameter, value) in zip(type.parameters, object.values) {
                let (before, after) = (
                    Self.normal(value ?? .null), Self.normal(found[parameter.name] ?? .null)
                )
                #expect(before == after, "\(parameter.type.title)")
            }
        }
    }

    @Test("a map that ends within another is counted where its end could not be told")
    func nestedMaps() throws {
        func entry(_ key: String, _ value: Value) -> Value.Entry { .init(key: .string(key), value: value) }
        let type = ParameterType.map(.string, .optional(.map(.string, .optional(.int))))
        func identifier(_ entries: [Value.Entry]) throws -> Identifier {
            let object = ConfigObject(
                try ConfigType(id: "t", kind: .config, parameters: [Parameter(name: "v", type: type)]))
            try object.set("v", to: .map(entries))
            return object.identifier
        }
        let outer = try identifier([entry("k", .map([entry("a", .int(1))])), entry("l", .null)])
        let inner = try identifier([entry("k", .map([entry("a", .int(1)), entry("l", .null)]))])
        #expect(outer != inner)
    }
}
