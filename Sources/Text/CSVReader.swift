/// Reads tables of texts with commas (RFC 4180); lines may end with a line feed alone, and begin with a byte
/// order mark.
package enum CSVReader {
    /// Why a text is no table, and on which line, from 1.
    package struct Malformed: Error, Equatable {
        package let problem: String
        package let line: Int
    }

    package struct Field: Equatable, Sendable {
        package let text: String
        /// Whether it is written as a text.
        package let isQuoted: Bool
    }

    /// The rows of a text, the first one too. Empty lines are left out.
    package static func rows(of bytes: [UInt8]) throws(Malformed) -> [(line: Int, fields: [Field])] {
        var rows: [(line: Int, fields: [Field])] = []
        var fields: [Field] = []
        var field: [UInt8] = []
        var (line, start) = (1, 1)
        var position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        var wasQuoted = false
        func isEnd(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }
        func endField() throws(Malformed) {
            guard let text = String(validating: field, as: UTF8.self) else {
                throw Malformed(problem: "no UTF-8: save it as UTF-8", line: line)
            }
            fields.append(Field(text: text, isQuoted: wasQuoted))
            field = []
            wasQuoted = false
        }
        func endRow() throws(Malformed) {
            let isEmpty = fields.isEmpty && field.isEmpty && !wasQuoted
            if !isEmpty {
                try endField()
                rows.append((start, fields))
            }
            fields = []
        }
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted:
                wasQuoted = true
                while true {
                    guard position < bytes.count else {
                        throw Malformed(problem: "a quoted field without an end", line: start)
                    }
                    let inner = bytes[position]
                    position += 1
                    if inner == 0x0a { line += 1 }
                    if inner == UInt8(ascii: "\"") {
                        guard position < bytes.count, bytes[position] == inner else { break }
                        position += 1
                    }
                    field.append(inner)
                }
                guard
                    position == bytes.count || bytes[position] == UInt8(ascii: ",") || isEnd(bytes[position])
                else { throw Malformed(problem: "text behind a quoted field", line: line) }
            case UInt8(ascii: ","): try endField()
            case 0x0d where position < bytes.count && bytes[position] == 0x0a: break
            case 0x0a, 0x0d:
                try endRow()
                line += 1
                start = line
            case 0: throw Malformed(problem: "a NUL byte: this is no text", line: line)
            default: field.append(byte)
            }
        }
        try endRow()
        return rows
    }
}
