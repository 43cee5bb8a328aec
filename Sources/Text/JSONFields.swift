/// The members of an object of JSON one after the other, without building it: for logs with many lines, of which few
/// members are needed. What is no object has none.
package struct JSONFields {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var isFirst = true

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
        skipSpace()
        if position < bytes.endIndex, bytes[position] == UInt8(ascii: "{") {
            position += 1
        } else {
            position = bytes.endIndex
        }
    }

    /// Whether all members were given, and nothing follows the object: after the last `next`.
    package var isWhole: Bool {
        var rest = bytes[position...]
        guard rest.first == UInt8(ascii: "}") else { return false }
        rest = rest.dropFirst()
        return rest.allSatisfy(Self.isSpace)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }

    private mutating func skipSpace() {
        while position < bytes.endIndex, Self.isSpace(bytes[position]) { position += 1 }
    }

    /// The next member: its name as it is written between the quotes, and its value as it is written.
    ///
    /// - Returns: nil at the end, and where the text is no JSON.
    package mutating func next() -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        skipSpace()
        if !isFirst {
            guard position < bytes.endIndex, bytes[position] == UInt8(ascii: ",") else { return nil }
            position += 1
            skipSpace()
        }
        isFirst = false
        guard position < bytes.endIndex, bytes[position] == UInt8(ascii: "\""), let end = stringEnd(position)
        else { return nil }
        let name = bytes[(position + 1)..<(end - 1)]
        position = end
        skipSpace()
        guard position < bytes.endIndex, bytes[position] == UInt8(ascii: ":") else { return nil }
        position += 1
        skipSpace()
        let start = position
        guard let after = valueEnd(start), after > start else { return nil }
        position = after
        return (name, bytes[start..<after])
    }

    /// The position after a string that begins at one.
    private func stringEnd(_ start: Int) -> Int? {
        var place = start + 1
        while place < bytes.endIndex {
            switch bytes[place] {
            case UInt8(ascii: "\""): return place + 1
            case UInt8(ascii: "\\"): place += 2
            default: place += 1
            }
        }
        return nil
    }

    private func valueEnd(_ start: Int) -> Int? {
        var place = start
        var depth = 0
        while place < bytes.endIndex {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                guard let end = stringEnd(place) else { return nil }
                place = end
                if depth == 0 { return place }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // That of the object itself.
                if depth == 0 { return place }
                depth -= 1
                if depth == 0 { return place + 1 }
            case UInt8(ascii: ","), 0x20, 0x09, 0x0a, 0x0d: if depth == 0 { return place }
            default: break
            }
            place += 1
        }
        return nil
    }

    // MARK: Values

    /// Whether a name is this one.
    package static func isName(_ bytes: ArraySlice<UInt8>, _ name: StaticString) -> Bool {
        guard bytes.count == name.utf8CodeUnitCount else { return false }
        var place = bytes.startIndex
        for index in 0..<name.utf8CodeUnitCount {
            if unsafe bytes[place] != name.utf8Start[index] { return false }
            place += 1
        }
        return true
    }

    /// A name without its escapes; empty where they are none.
    package static func text(ofName bytes: ArraySlice<UInt8>) -> String {
        let quote = [UInt8(ascii: "\"")]
        return text((quote + bytes + quote)[...]) ?? ""
    }

    /// The bytes of a text that is written without escapes; nil for what is none.
    package static func plainText(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\""),
            !value.contains(UInt8(ascii: "\\"))
        else { return nil }
        return value.dropFirst().dropLast()
    }

    /// A text; nil for what is none.
    package static func text(_ value: ArraySlice<UInt8>) -> String? {
        if let plain = plainText(value) { return String(decoding: plain, as: UTF8.self) }
        return (try? JSON.parse(Array(value)))?.string
    }

    /// A number; nil for what is none.
    package static func number(_ value: ArraySlice<UInt8>) -> Double? {
        guard let first = value.first, first == UInt8(ascii: "-") || first.isDigit else { return nil }
        if value.count <= 15, value.allSatisfy(\.isDigit) {
            return Double(value.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
        }
        guard value.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") || "-+eE".utf8.contains($0) }) else {
            return nil
        }
        return Double(String(decoding: value, as: UTF8.self))
    }

    /// A number, also one that is written as JSON has none, or `"NaN"`; nil for what is none.
    package static func measured(_ value: ArraySlice<UInt8>) -> Double? {
        guard let first = value.first else { return nil }
        if first == UInt8(ascii: "-") || first.isDigit, let number = number(value) { return number }
        guard
            first == UInt8(ascii: "\"") || first == UInt8(ascii: "N") || first == UInt8(ascii: "I")
                || first == UInt8(ascii: "-")
        else { return nil }
        return (try? JSON.parse(Array(value)))?.measured
    }
}
