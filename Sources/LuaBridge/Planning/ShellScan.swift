import Text

/// Follows the quotes of a shell text, to find values that stand inside them. xpm quotes each value itself:
/// within other quotes it would end those.
struct ShellScan {
    private enum Context: Equatable {
        /// Words, up to the parenthesis that ends a substitution, of which so many are open.
        case plain(open: Int)
        case backquote
        case single
        case double
    }

    private var contexts: [Context] = [.plain(open: 0)]
    private var isEscaped = false
    private var isComment = false
    private var last: UInt8 = 0x0a
    private var beforeLast: UInt8 = 0
    /// The ends of here-documents that begin at the next line.
    private var pending: [String] = []
    private var isReadingEnd = false
    private var end: [UInt8] = []
    /// The line of a here-document so far.
    private var line: [UInt8]?

    private var context: Context { contexts.last ?? .plain(open: 0) }

    /// The first value that stands between quotes of the user, and these quotes.
    static func quoted(_ parts: [CommandTemplate.Part]) -> (name: String, quote: String)? {
        var scan = ShellScan()
        for part in parts {
            switch part {
            case .text(let text): for byte in text.utf8 { scan.take(byte) }
            case .value(let path), .file(_, let path):
                if scan.line == nil, scan.context == .single || scan.context == .double {
                    return (path.joined(separator: "."), scan.context == .single ? "'" : "\"")
                }
                scan.take(UInt8(ascii: "x"))
            }
        }
        return nil
    }

    /// - Throws: for a value between quotes of the user.
    static func refuseQuoted(_ parts: [CommandTemplate.Part]) throws {
        guard let (name, quote) = quoted(parts) else { return }
        throw ScriptError(
            "command: {\(name)} stands inside quotes (\(quote)): xpm quotes each value itself; end the quotes before it, as in \(quote)…\(quote){\(name)}\(quote)…\(quote)"
        )
    }

    private mutating func take(_ byte: UInt8) {
        if line != nil { return takeInDocument(byte) }
        defer { (beforeLast, last) = (last, byte) }
        if isReadingEnd { takeEnd(byte) }
        if byte == 0x0a, !isEscaped, context != .single, context != .double, !pending.isEmpty { line = [] }
        if isComment {
            isComment = byte != 0x0a
            return
        }
        if isEscaped {
            isEscaped = false
            return
        }
        switch context {
        case .single: if byte == UInt8(ascii: "'") { contexts.removeLast() }
        case .double: takeQuoted(byte)
        case .plain, .backquote: takePlain(byte)
        }
    }

    private mutating func takeQuoted(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = true
        case UInt8(ascii: "\""): contexts.removeLast()
        case UInt8(ascii: "("): if last == UInt8(ascii: "$") { contexts.append(.plain(open: 0)) }
        case UInt8(ascii: "`"): contexts.append(.backquote)
        default: break
        }
    }

    private mutating func takePlain(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = true
        case UInt8(ascii: "'"): contexts.append(.single)
        case UInt8(ascii: "\""): contexts.append(.double)
        case UInt8(ascii: "`"):
            if context == .backquote { contexts.removeLast() } else { contexts.append(.backquote) }
        case UInt8(ascii: "("):
            if case .plain(let open) = context { contexts[contexts.count - 1] = .plain(open: open + 1) }
        case UInt8(ascii: ")"):
            guard case .plain(let open) = context else { break }
            if open > 0 {
                contexts[contexts.count - 1] = .plain(open: open - 1)
            } else if contexts.count > 1 {
                contexts.removeLast()
            }
        case UInt8(ascii: "#"): isComment = last.isBlank || last == 0x0a || ";|&(".utf8.contains(last)
        // `<<END`, but not `<<<`.
        case UInt8(ascii: "<") where last == UInt8(ascii: "<"):
            isReadingEnd = beforeLast != UInt8(ascii: "<")
            end = []
        default: break
        }
    }

    /// The word after `<<`.
    private mutating func takeEnd(_ byte: UInt8) {
        if byte.isBlank || byte == 0x0a || ";|&()<>".utf8.contains(byte) {
            if byte == UInt8(ascii: "<") { end = [] }
            guard !end.isEmpty || byte == 0x0a || byte == UInt8(ascii: "<") else { return }
            if !end.isEmpty { pending.append(String(decoding: end, as: UTF8.self)) }
            isReadingEnd = false
        } else if !"'\"\\".utf8.contains(byte), byte != UInt8(ascii: "-") || !end.isEmpty {
            end.append(byte)
        }
    }

    private mutating func takeInDocument(_ byte: UInt8) {
        guard byte == 0x0a else {
            line?.append(byte)
            return
        }
        let text = String(decoding: (line ?? []).drop { $0 == 0x09 }, as: UTF8.self)
        if text == pending.first { pending.removeFirst() }
        line = pending.isEmpty ? nil : []
        last = 0x0a
    }
}
