import Text

/// Text of a page. What interpolation puts into it is escaped, but for `HTML` itself: nothing that comes from the
/// disk can become a tag. Attributes stand in double quotes.
struct HTML: ExpressibleByStringInterpolation, Sendable {
    private(set) var text: String

    init(stringLiteral value: String) { text = value }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.out }

    static let none: HTML = ""

    static func + (left: HTML, right: HTML) -> HTML {
        var both = left
        both.text += right.text
        return both
    }

    static func += (left: inout HTML, right: HTML) { left.text += right.text }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var out: String

        init(literalCapacity: Int, interpolationCount: Int) {
            out = ""
            out.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        mutating func appendLiteral(_ literal: String) { out += literal }
        mutating func appendInterpolation(_ text: some StringProtocol) { out += HTML.escaped(String(text)) }
        mutating func appendInterpolation(_ number: some BinaryInteger) { out += String(number) }
        mutating func appendInterpolation(_ html: HTML) { out += html.text }
        mutating func appendInterpolation(_ html: HTML?) { out += html?.text ?? "" }
        mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { out += part.text } }
        mutating func appendInterpolation(_ route: Route) { out += HTML.escaped(route.path) }
    }

    /// Controls, and what turns the direction of writing, are shown as escapes.
    private static func escaped(_ text: String) -> String {
        let text = TerminalText.safe(text)
        guard text.utf8.contains(where: isSpecial) else { return text }
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): out += "&amp;".utf8
            case UInt8(ascii: "<"): out += "&lt;".utf8
            case UInt8(ascii: ">"): out += "&gt;".utf8
            case UInt8(ascii: "\""): out += "&quot;".utf8
            case UInt8(ascii: "'"): out += "&#39;".utf8
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"):
            true
        default: false
        }
    }
}
