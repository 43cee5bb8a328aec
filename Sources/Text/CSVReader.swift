/// Reads tables of texts with commas (RFC 4180); lines may end with a line feed alone, and begin with a byte
/// order mark.
package enum CSVReader {
    /// Why a text is no table, and on which line, from 1.
    package struct Malformed: Error, Equatable {
        package let problem: String
        package let line: Int
    }

    /// The rows of a text, the first one too. Empty lines are left out.
    package static func rows(of bytes: [UInt8]) throws(Malformed) -> [(line: Int, fields: [String])] {
        var rows: [(line: Int, fields: [String])] = []
        var fields: [String] = []
        var field: [UInt8] = []
        var (line, start) = (1, 1)
        var position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        var wasQuoted = false
        func isEnd(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }
        func endField() {
            fields.append(String(decoding: field, as: UTF8.self))
            field = []
            wasQuoted = false
        }
        func endRow() {
            let isEmpty = fields.isEmpty && field.isEmpty && !wasQuoted
            if !isEmpty {
                endField()
                rows.append((start, fields))
            }
            fields = []
            start = line
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
            case UInt8(ascii: ","): endField()
            case 0x0d where position < bytes.count && bytes[position] == 0x0a: break
            case 0x0a, 0x0d:
                line += 1
                endRow()
            default: field.append(byte)
            }
        }
        endRow()
        return rows
    }
}
