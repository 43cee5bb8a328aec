import Text

/// The parameters of a job's own task in the bytes of `params.json`, found without reading all of it as JSON:
/// for an index of many jobs.
package enum RecordedFields {
    /// A number for each plain parameter and its value, as `RecordedTask.tokens` has them.
    ///
    /// - Returns: nil for a file that may be written in another way than xpm writes.
    package static func tokens(in bytes: [UInt8]) -> [UInt64]? {
        guard bytes.starts(with: start), var position = lastFields(bytes) else { return nil }
        var tokens: [UInt64] = []
        while position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
            guard let end = memberEnd(bytes, position), end < bytes.count else { return nil }
            tokens.append(token(bytes[position..<end]))
            if bytes[end] == UInt8(ascii: "}") { return tokens }
            // `, `
            position = end + 2
        }
        return position < bytes.count && bytes[position] == UInt8(ascii: "}") ? tokens : nil
    }

    /// FNV-1a, 64 bits (Fowler, Noll, Vo).
    static func token(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    private static let start = Array("{\"workspace\": ".utf8)
    private static let mark = Array("\"fields\": {".utf8)

    /// Where the fields of the last object begin: those of the task.
    private static func lastFields(_ bytes: [UInt8]) -> Int? {
        var place = bytes.count - mark.count
        while place >= 0 {
            // No text holds these bytes: its quotes would be escaped.
            if bytes[place] == UInt8(ascii: "\""), bytes[(place + 1)...].starts(with: mark.dropFirst()),
                place == 0 || bytes[place - 1] != UInt8(ascii: "\\")
            {
                return place + mark.count
            }
            place -= 1
        }
        return nil
    }

    /// Where a member that begins at a place ends: at the `,` or `}` behind it.
    private static func memberEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
        var (depth, isText, position) = (0, false, start)
        while position < bytes.count {
            let byte = bytes[position]
            if isText {
                if byte == UInt8(ascii: "\\") {
                    position += 1
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isText = true
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"): depth -= 1
                case UInt8(ascii: "}"):
                    if depth == 0 { return position }
                    depth -= 1
                case UInt8(ascii: ","): if depth == 0 { return position }
                default: break
                }
            }
            position += 1
        }
        return nil
    }
}
