import Text

/// The words of a text for a shell that stand for themselves: plain ones, and those in quotes. What follows a line with a
/// here-document is left out.
struct LineWords {
    struct Word {
        let text: String
        /// Its bytes in the text, with its quotes.
        let place: Range<Int>
        /// Whether it is written without quotes.
        let isPlain: Bool
        /// Whether the shell runs it.
        let isProgram: Bool
        /// Whether output goes to the file of this name.
        let isTarget: Bool
    }

    private(set) var all: [Word] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var index = 0
        var (isProgram, isTarget) = (true, false)
        var program = ""
        var last: String?
        while index < bytes.count {
            let start = index
            switch bytes[index] {
            case let byte where byte.isBlank && byte != UInt8(ascii: "\n"): index += 1
            case UInt8(ascii: "<")
            where bytes[index...].starts(with: "<<".utf8) && !bytes[index...].starts(with: "<<<".utf8):
                return
            case let byte where "\n;|&(`".utf8.contains(byte):
                index += 1
                last = nil
                (isProgram, isTarget) = (true, false)
            case UInt8(ascii: ")"): index += 1
            case UInt8(ascii: ">"):
                isTarget = true
                index += 1
            case UInt8(ascii: "<"): index += 1
            default:
                let word = Self.end(of: bytes, from: index)
                index = word.end
                if let text = word.text {
                    let isMade = !isProgram && (Self.makers.contains(program) || Self.takesOutput(last))
                    all.append(
                        Word(
                            text: text, place: start..<index, isPlain: word.isPlain, isProgram: isProgram,
                            isTarget: isTarget || isMade))
                }
                last = word.text
                // A variable before the program.
                let isAssignment = isProgram && (word.text?.contains("=") ?? false)
                if !isTarget, !isAssignment {
                    if isProgram { program = word.text ?? "" }
                    isProgram = false
                }
                isTarget = false
            }
        }
    }

    /// Programs whose words are files that they make, change or remove.
    private static let makers: TextSet = [
        "tee", "touch", "rm", "mv", "cp", "mkdir", "truncate", "ln", "install", "dd",
    ]

    /// Whether the word behind an option is a file that is made.
    static func takesOutput(_ option: String?) -> Bool {
        guard let option else { return false }
        return option == "-o" || option == "of" || option.hasPrefix("--out") || option.hasPrefix("-out")
    }

    /// Where a word ends, and its text if it stands for itself.
    private static func end(of bytes: [UInt8], from start: Int) -> (end: Int, text: String?, isPlain: Bool) {
        var index = start
        var (isPlain, isSelf) = (true, true)
        while index < bytes.count {
            let byte = bytes[index]
            if byte.isBlank || ";|&()<>`".utf8.contains(byte) { break }
            switch byte {
            case UInt8(ascii: "'"):
                isPlain = false
                // All of the word, or it is made of parts.
                if index > start { isSelf = false }
                guard let close = bytes[(index + 1)...].firstIndex(of: byte) else {
                    return (bytes.count, nil, false)
                }
                index = close + 1
                if index < bytes.count, !bytes[index].isBlank, !";|&()<>`".utf8.contains(bytes[index]) {
                    isSelf = false
                }
            case UInt8(ascii: "\""):
                isPlain = false
                if index > start { isSelf = false }
                index += 1
                while index < bytes.count, bytes[index] != byte {
                    // Something within them is not itself.
                    if "\\$`{}".utf8.contains(bytes[index]) { isSelf = false }
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                index = min(bytes.count, index + 1)
                if index < bytes.count, !bytes[index].isBlank, !";|&()<>`".utf8.contains(bytes[index]) {
                    isSelf = false
                }
            case UInt8(ascii: "\\"):
                (isPlain, isSelf) = (false, false)
                index = min(bytes.count, index + 2)
            default:
                if byte < 0x80, !ShellWords.isPlain(String(decoding: [byte], as: UTF8.self)) {
                    (isPlain, isSelf) = (false, false)
                }
                index += 1
            }
        }
        guard isSelf else { return (index, nil, false) }
        let word = isPlain ? bytes[start..<index] : bytes[(start + 1)..<(index - 1)]
        return (index, String(decoding: word, as: UTF8.self), isPlain)
    }
}
