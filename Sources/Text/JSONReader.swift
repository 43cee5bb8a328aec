/// Why a text is not JSON, and where.
package struct JSONError: Error, Equatable {
    package let problem: String
    /// The offset of the first byte that does not fit.
    package let offset: Int
}

extension JSON {
    /// Reads one value. Takes what Python's `json` writes: `NaN` and `Infinity` too.
    package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
        var reader = JSONReader(bytes: bytes)
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { reader.position = 3 }
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        if reader.position < bytes.count { throw reader.error("text after the end of the value") }
        return value
    }
}

/// A recursive descent over bytes, with bounded depth.
private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    func error(_ problem: String) -> JSONError { JSONError(problem: problem, offset: position) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = next, byte <= 0x20, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            position += 1
        }
    }

    /// Passes one byte, where it is the next.
    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for place in 0..<count {
            if unsafe bytes[position + place] != word.utf8Start[place] { return false }
        }
        position += count
        return true
    }

    mutating func value(depth: Int) throws(JSONError) -> JSON {
        if depth > 512 { throw error("nested more than 512 levels") }
        skipSpace()
        switch next {
        case nil: throw error("unexpected end")
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "n"): if take("null") { return .null }
        case UInt8(ascii: "t"): if take("true") { return .bool(true) }
        case UInt8(ascii: "f"): if take("false") { return .bool(false) }
        case UInt8(ascii: "N"): if take("NaN") { return .float(.nan) }
        case UInt8(ascii: "I"): if take("Infinity") { return .float(.infinity) }
        case UInt8(ascii: "-"): if take("-Infinity") { return .float(-.infinity) }
        default: break
        }
        return try number()
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        position += 1
        var members: [JSON.Member] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("expected a key") }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw error("expected ':'") }
            members.append(.init(name, try value(depth: depth + 1)))
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw error("expected ',' or '}'") }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        position += 1
        var values: [JSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(values) }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(values) }
            guard take(UInt8(ascii: ",")) else { throw error("expected ',' or ']'") }
        }
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = position
        let isNegative = next == UInt8(ascii: "-")
        if isNegative { position += 1 }
        var whole: Int64 = 0
        while let byte = next, byte.isDigit, position - start < 18 {
            whole = whole * 10 + Int64(byte - UInt8(ascii: "0"))
            position += 1
        }
        // Most are short and whole.
        let digits = position - start - (isNegative ? 1 : 0)
        if digits > 0, next.map(Self.isOfNumber) != true { return .int(isNegative ? -whole : whole) }
        while let byte = next, Self.isOfNumber(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isNegative || digits > 0 {
            if let int = Int64(text) { return .int(int) }
            // Beyond a double's range it is infinite, as Python's `json` reads it.
            if let float = Double(text) { return .float(float) }
        }
        position = start
        throw error("not a JSON value")
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        byte.isDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            // Most have no escapes.
            if byte == UInt8(ascii: "\"") {
                defer { position += 1 }
                return String(decoding: bytes[start..<position], as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            position += 1
        }
        var out = Array(bytes[start..<position])
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(to: &out)
            case 0..<0x20:
                position -= 1
                throw error("a control character in a string")
            default: out.append(byte)
            }
        }
        throw error("a string without an end")
    }

    private mutating func escape(to out: inout [UInt8]) throws(JSONError) {
        guard let byte = next else { throw error("a string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "u"):
            var unit = try hex4()
            if 0xd800..<0xdc00 ~= unit, take("\\u") {
                let low = try hex4()
                guard 0xdc00..<0xe000 ~= low else { throw error("half of a surrogate pair") }
                unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
            }
            let scalar = Unicode.Scalar(unit) ?? "\u{fffd}"
            out.append(contentsOf: String(scalar).utf8)
        default: throw error("an unknown escape")
        }
    }

    private mutating func hex4() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count,
            let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw error("expected four hexadecimal digits") }
        position += 4
        return value
    }
}
