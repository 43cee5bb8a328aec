/// A JSON value that keeps what the files of a workspace need: ints apart from floats, and keys in their
/// order.
///
/// Foundation's reader does neither, and the process of a job does not load Foundation.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Sendable {
        package var name: String
        package var value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The value of a key; nil for another kind or an absent key.
    package subscript(name: String) -> JSON? {
        if case .object(let members) = self { members.last { $0.name == name }?.value } else { nil }
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var int: Int64? { if case .int(let value) = self { value } else { nil } }
    package var array: [JSON]? { if case .array(let values) = self { values } else { nil } }

    /// A number that was measured: one that is none is written as the text `NaN`, see `NumberText.json`.
    package var measured: Double? { self == .string("NaN") ? .nan : number }

    package var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    /// A string, or null for nil.
    package static func optional(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }
}

extension JSON: Equatable {
    /// Equal in kind and content, texts by their bytes.
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.float(let a), .float(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }
}

extension JSON.Member: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.value == right.value
    }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }

    package init(stringLiteral value: String) { self = .string(value) }

    package init(integerLiteral value: Int64) { self = .int(value) }
}

extension JSON {
    /// On one line, controls escaped, infinities as numbers beyond the range of a double.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The text as UTF-8, without a line feed.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        write(to: &out, indent: nil)
        return out
    }

    /// The text as UTF-8 over several lines, with a final line feed.
    package var prettyBytes: [UInt8] {
        var out: [UInt8] = []
        write(to: &out, indent: 0)
        out.append(UInt8(ascii: "\n"))
        return out
    }

    /// Appends the text, on one line.
    package func write(to out: inout [UInt8]) { write(to: &out, indent: nil) }

    /// Appends the text, with a line feed after it: one line of a `.jsonl` file.
    package func writeLine(to out: inout [UInt8]) {
        write(to: &out, indent: nil)
        out.append(UInt8(ascii: "\n"))
    }

    private func write(to out: inout [UInt8], indent: Int?) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .int(let value): out.append(contentsOf: String(value).utf8)
        case .float(let value): out.append(contentsOf: NumberText.json(value).utf8)
        case .string(let value): Self.quote(value, to: &out)
        case .array(let values):
            Self.wrap("[", "]", values, to: &out, indent: indent) { $0.write(to: &$1, indent: $2) }
        case .object(let members):
            Self.wrap("{", "}", members, to: &out, indent: indent) { member, out, indent in
                Self.quote(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                out.append(UInt8(ascii: " "))
                member.value.write(to: &out, indent: indent)
            }
        }
    }

    private static func wrap<Element>(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ elements: [Element], to out: inout [UInt8],
        indent: Int?, _ write: (Element, inout [UInt8], Int?) -> Void
    ) {
        out.append(UInt8(ascii: open))
        let inner = indent.map { $0 + 2 }
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            if let inner {
                out.append(UInt8(ascii: "\n"))
                out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: inner))
            } else if index > 0 {
                out.append(UInt8(ascii: " "))
            }
            write(element, &out, inner)
        }
        if let indent, !elements.isEmpty {
            out.append(UInt8(ascii: "\n"))
            out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
        }
        out.append(UInt8(ascii: close))
    }

    private static func quote(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        defer { out.append(UInt8(ascii: "\"")) }
        if isPlain(text) { return out.append(contentsOf: text.utf8) }
        let digits = Array("0123456789abcdef".utf8)
        // What a terminal would take as an order is escaped, also beyond ASCII, so that JSON can be printed
        // as it is.
        if text.utf8.contains(where: { $0 == 0xc2 || $0 == 0xe2 }),
            text.unicodeScalars.contains(where: isHidden)
        {
            for scalar in text.unicodeScalars {
                guard isHidden(scalar) else {
                    quote(bytes: String(scalar).utf8, digits, to: &out)
                    continue
                }
                out.append(contentsOf: "\\u".utf8)
                for shift in [12, 8, 4, 0] { out.append(digits[Int(scalar.value >> UInt32(shift) & 15)]) }
            }
        } else {
            quote(bytes: text.utf8, digits, to: &out)
        }
    }

    /// Whether a text is written as it is: most are.
    private static func isPlain(_ text: String) -> Bool {
        let isPlain = unsafe text.utf8.withContiguousStorageIfAvailable { bytes in
            var others = 0
            for index in 0..<bytes.count {
                let byte = unsafe bytes[index]
                let isEscaped = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
                others &+= byte &- 0x20 < 0x5f && !isEscaped ? 0 : 1
            }
            return others == 0
        }
        return isPlain ?? false
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && TerminalText.isDangerous(scalar)
    }

    private static func quote(bytes: some Sequence<UInt8>, _ digits: [UInt8], to out: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): out.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): out.append(contentsOf: "\\\\".utf8)
            case 0x0a: out.append(contentsOf: "\\n".utf8)
            case 0x0d: out.append(contentsOf: "\\r".utf8)
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7f:
                out.append(contentsOf: "\\u00".utf8)
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            default: out.append(byte)
            }
        }
    }
}
