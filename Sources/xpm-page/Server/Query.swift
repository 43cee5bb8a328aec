import Text

/// Names and values as an address and a form write them (`application/x-www-form-urlencoded`).
struct Query: Sendable {
    private(set) var fields: [(name: String, value: String)]

    init(_ fields: [(name: String, value: String)] = []) { self.fields = fields }

    /// - Returns: nil for what is not written so: a `%` without two digits, what is not UTF-8, a NUL.
    init?(encoded text: some StringProtocol) {
        fields = []
        for part in String(text).split(separator: "&") where !part.isEmpty {
            let (name, value) = String(part).cut(at: "=") ?? (part, "")
            guard let name = Self.decoded(name, isForm: true), let value = Self.decoded(value, isForm: true)
            else { return nil }
            fields.append((name, value))
        }
    }

    /// The first value of a name; nil where there is none, or an empty one.
    subscript(name: String) -> String? {
        fields.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    /// A number of a name; nil where there is none.
    func number(_ name: String) -> Int? { self[name].flatMap { Int($0) } }

    /// The options of a command that a form says: several words are several values, but for a filter, which is one
    /// whatever is in it.
    func words(of options: [String]) -> [String] {
        options.flatMap { option -> [String] in
            guard let value = self[option] else { return [] }
            let values = option == "filter" ? [value[...]] : value.split(separator: " ")
            return values.map { "--\(option)=\($0)" }
        }
    }

    /// With another value for a name; without it where that is nil.
    func with(_ name: String, _ value: String?) -> Query {
        Query(fields.filter { $0.name != name } + (value.map { [(name, $0)] } ?? []))
    }

    /// `?a=1&b=2`, or nothing.
    var encoded: String {
        guard !fields.isEmpty else { return "" }
        return "?"
            + fields.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
    }

    static func decoded(_ text: some StringProtocol, isForm: Bool = false) -> String? {
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else {
                    return nil
                }
                out.append(high << 4 | low)
            case UInt8(ascii: "+") where isForm: out.append(UInt8(ascii: " "))
            default: out.append(byte)
            }
        }
        return out.contains(0) ? nil : String(validating: out, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// All but what RFC 3986 calls unreserved.
    static func encoded(_ text: some StringProtocol) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
