import Model
import Text

/// Reads canonical bytes back: the proof that no two values share them. Knows the format from
/// `docs/identity.md` only.
struct CanonicalReader {
    enum Failure: Error { case unexpected(at: Int, String) }

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func fail(_ what: String) -> Failure { .unexpected(at: position, what) }

    private mutating func take() throws -> UInt8 {
        guard let byte = next else { throw fail("end") }
        position += 1
        return byte
    }

    private mutating func word() throws -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<8 { value = value << 8 | UInt64(try take()) }
        return value
    }

    /// The parameters of an object of a type, by name.
    mutating func object(_ type: ConfigType) throws -> [String: Value] {
        guard try take() == 0 else { throw fail("an object") }
        for byte in type.id.utf8 where try take() != byte { throw fail("the type's id") }
        var values: [String: Value] = [:]
        while next != nil {
            let name = try string()
            guard try take() == 5, let position = type.position(of: name) else { throw fail("a name") }
            values[name] = try value(type.parameters[position].type)
        }
        return values
    }

    private mutating func string() throws -> String {
        switch try take() {
        case 0x03:
            let start = position
            while let byte = next, byte >= 0x0f, !isCounted { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        case 0x0f:
            let count = Int(try word())
            defer { position += count }
            return String(decoding: bytes[position..<position + count], as: UTF8.self)
        default: throw fail("a string")
        }
    }

    /// Whether a count follows here: no string has six zero bytes after it, and no identifier begins with
    /// them.
    private var isCounted: Bool {
        guard bytes[position] <= 0x10, position + 8 < bytes.count else { return false }
        return bytes[position + 1...position + 6].allSatisfy { $0 == 0 }
    }

    private mutating func value(_ type: ParameterType) throws -> Value {
        switch type {
        case .optional where next == 0x06: return try anything()
        case .optional(let inner), .constrained(let inner, _): return try value(inner)
        case .int: return .int(try int())
        case .bool: return .bool(try int() != 0)
        case .float:
            guard next == 0x02 else { throw fail("a float") }
            return try anything()
        case .string: return .string(try string())
        case .list(let element):
            guard try take() == 0x07 else { throw fail("a list") }
            return .list(try elements(of: element))
        case .set(let element):
            guard try take() == 0x0e else { throw fail("a set") }
            return .set(try elements(of: element))
        case .map(let key, let element) where next == 0x09: return .map(try pairs(key, element))
        case .enumeration: return next == 0x0a ? try member() : .string(try string())
        case .map:
            guard next == 0x10 else { throw fail("a map") }
            return try anything()
        default: return try anything()
        }
    }

    private mutating func int() throws -> Int64 {
        guard try take() == 0x01 else { throw fail("an int") }
        return Int64(bitPattern: try word())
    }

    private mutating func elements(of type: ParameterType) throws -> [Value] {
        let count = Double(bitPattern: try word())
        return try (0..<Int(count)).map { _ in try value(type) }
    }

    /// Pairs as long as what follows is one: a name of a parameter is followed by 05, another key by what its
    /// map cannot hold.
    private mutating func pairs(_ key: ParameterType, _ element: ParameterType) throws -> [Value.Entry] {
        position += 1
        var entries: [Value.Entry] = []
        while next != nil {
            let start = position
            guard let name = try? value(key), next != 0x05, let value = try? self.value(element) else {
                position = start
                break
            }
            entries.append(.init(key: name, value: value))
        }
        return entries
    }

    /// The name of an enum's member.
    private mutating func member() throws -> Value {
        position += 1
        let start = position
        while let byte = next, byte >= 0x11 { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        return .string(text.split(separator: ":").last.map(String.init) ?? "")
    }

    /// A value of no known type.
    private mutating func anything() throws -> Value {
        switch next {
        case 0x01: return .int(try int())
        case 0x02:
            position += 1
            return .float(Double(bitPattern: try word()))
        case 0x03, 0x0f: return .string(try string())
        case 0x06:
            position += 1
            return .null
        case 0x07:
            position += 1
            return .list(try elements(of: .any))
        case 0x0e:
            position += 1
            return .set(try elements(of: .any))
        case 0x0a: return try member()
        case 0x10:
            position += 1
            let count = Int(try word())
            return .openMap(
                try (0..<count).map { _ in .init(key: try anything(), value: try anything()) })
        default: throw fail("a value")
        }
    }
}
