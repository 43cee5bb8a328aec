import Model
import Settings
import Store
import System
import Text
import YAMLFile

/// What stands behind `name=`: values, a distribution, or standard input.
struct LineValues {
    enum Source: Equatable {
        case values([LineValue])
        /// `loguniform:1e-5..1`: drawn at random.
        case draw(name: String, low: LineValue, high: LineValue)
        /// A line of standard input each.
        case input
    }

    let name: String
    /// What `name:type=` says.
    let kind: LineKind?
    let source: Source
    /// As it was typed.
    let word: String

    private static let draws = ["uniform", "loguniform", "integers"]

    /// Reads `name=values`.
    init(_ word: String) throws(LineProblem) {
        self.word = word
        guard let (before, after) = word.cut(at: "=") else {
            let isGlob = word.contains("*") || Files.exists(word)
            throw LineProblem(
                "'\(TerminalText.line(word))' is no name=values\(isGlob ? "; the files of a pattern are name=@'…'" : "; the command is one word, in quotes, or stands behind --")",
                in: word, at: 0..<word.utf8.count)
        }
        let nameEnd = before.utf8.count
        func fail(_ problem: String, _ place: Range<Int>? = nil) -> LineProblem {
            LineProblem(problem, in: word, at: place ?? (nameEnd + 1)..<max(nameEnd + 2, word.utf8.count))
        }
        var name = String(before)
        if let (plain, type) = before.cut(at: ":") {
            name = String(plain)
            guard let known = LineKind(name: String(type)) else {
                throw fail(
                    "there is no type '\(type)'\(Suggestion.hint(for: String(type), among: LineKind.names)): \(LineKind.names.joined(separator: ", "))",
                    min(plain.utf8.count + 1, nameEnd)..<nameEnd)
            }
            kind = known
        } else {
            kind = nil
        }
        guard LineCommand.isName(name) else {
            throw fail("'\(TerminalText.line(name))' is no name", 0..<max(1, nameEnd))
        }
        self.name = name
        let text = String(after)
        if text.isEmpty { throw fail("\(name) has no values") }
        if text == "-" {
            source = .input
            return
        }
        if let draw = try Self.draw(text, fail) {
            source = draw
            return
        }
        var values: [LineValue] = []
        var start = nameEnd + 1
        for piece in LinePieces(text).all {
            let place = start..<max(start + 1, start + piece.count)
            start += piece.count + 1
            values += try Self.values(of: piece, kind) { fail("\(name): \($0)", place) }
        }
        if values.isEmpty { throw fail("\(name) has no values") }
        source = .values(values)
    }

    private static func values(
        of piece: LinePieces.Piece, _ kind: LineKind?, _ fail: (String) -> LineProblem
    ) throws(LineProblem) -> [LineValue] {
        switch piece.form {
        case .quoted(let text): return [LineValue(text: text)]
        case .bracketed(let text):
            guard let setting = try? YAMLFile.parse(option: text, value: text) else { break }
            if ConfigurationSweep.isRange(setting) {
                let axis: ConfigurationSweep.Axis
                do throws(SettingError) { axis = try ConfigurationSweep.axis("values", setting) } catch {
                    throw fail(error.problem)
                }
                return axis.steps.map { LineValue($0[0].content, text: $0[0].value.plainText) }
            }
            if case .list(let values) = setting.content, let list = LineValue(list: values, text: text) {
                return [list]
            }
            throw fail(
                "a list has numbers, bools or texts in quotes, all of one type; a text with brackets stands in quotes"
            )
        case .plain: break
        }
        let text = piece.text
        if text.isEmpty { throw fail("a value is missing; '' is an empty text") }
        if let path = text.after("@@") { return try lines(of: String(path), fail) }
        if let pattern = text.after("@") { return try files(String(pattern), fail) }
        if kind == .file { return try files(text, fail) }
        let range: [Setting]?
        do throws(SettingError) { range = try ConfigurationSweep.range(text, at: .none) } catch {
            throw fail(error.problem)
        }
        return range?.map { LineValue($0.content, text: $0.value.plainText) } ?? [LineValue(plain: text)]
    }

    /// `uniform:0..1`; nil for what is none.
    private static func draw(
        _ text: String, _ fail: (String, Range<Int>?) -> LineProblem
    ) throws(LineProblem) -> Source? {
        guard let (name, rest) = text.cut(at: ":"), draws.contains(name) else { return nil }
        let parts = rest.split(separator: "..", omittingEmptySubsequences: false).map {
            LineValue(plain: String($0))
        }
        guard parts.count == 2,
            parts.allSatisfy({ $0.kind == .int || $0.kind == .float && name != "integers" })
        else {
            throw fail(
                "\(name) draws between two \(name == "integers" ? "integers" : "numbers"), as \(name):1..100",
                nil)
        }
        let (low, high) = (parts[0].number ?? 0, parts[1].number ?? 0)
        guard low < high, low.isFinite, high.isFinite, (high - low).isFinite, name != "loguniform" || low > 0
        else {
            throw fail(
                "\(name) draws from the lower number to the higher one\(name == "loguniform" ? ", both above 0" : "")",
                nil)
        }
        return .draw(name: String(name), low: parts[0], high: parts[1])
    }

    /// The lines of a file, each a value.
    private static func lines(
        of path: String, _ fail: (String) -> LineProblem
    ) throws(LineProblem) -> [LineValue] {
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try Files.read(Paths.absolute(path), limit: 1 << 28) } catch {
            throw fail("\(path): \(SystemError.message(error.code))")
        }
        var values: [LineValue] = []
        var number = 0
        var reader = LineInput.Reader()
        reader.add(bytes)
        reader.finish()
        while let line = reader.next() {
            number += 1
            if line.isEmpty { continue }
            guard let text = LineInput.text(line) else {
                throw fail("\(path):\(number): the line is not UTF-8, or has a NUL")
            }
            values.append(LineValue(plain: text))
        }
        if values.isEmpty { throw fail("\(path) has no lines") }
        return values
    }

    /// The files that fit a pattern.
    private static func files(
        _ pattern: String, _ fail: (String) -> LineProblem
    ) throws(LineProblem) -> [LineValue] {
        if pattern.isEmpty { throw fail("a pattern of files follows '@'") }
        let whole = Paths.absolute(pattern)
        let found: [String]
        if Files.kind(whole) == .file {
            found = [whole]
        } else {
            // Only what has signs in it is looked for.
            let parts = whole.split(separator: "/").map(String.init)
            let known = parts.prefix { part in !part.utf8.contains { "*?[".utf8.contains($0) } }
            do throws(SystemError) {
                found = try SourceTree.files(
                    matching: parts.dropFirst(known.count).joined(separator: "/"),
                    in: "/" + known.joined(separator: "/"))
            } catch { throw fail(error.text) }
        }
        guard !found.isEmpty else {
            let isFolder = Files.kind(Paths.absolute(pattern)) == .folder
            throw fail(
                isFolder
                    ? "\(pattern) is a folder: \(pattern.before("/") ?? pattern[...])/* are its files"
                    : "no file fits '\(pattern)'")
        }
        let isAbsolute = pattern.hasPrefix("/") || pattern.hasPrefix("~/")
        let here = Paths.current
        return found.map { LineValue(file: isAbsolute ? $0 : Paths.relative($0, from: here)) }
    }
}

/// The parts of a text between commas. A comma in quotes, or in brackets that begin a part, divides nothing.
struct LinePieces {
    enum Form: Equatable {
        case plain
        /// What stands between quotes.
        case quoted(String)
        case bracketed(String)
    }

    struct Piece {
        let text: String
        let form: Form
        var count: Int { text.utf8.count }
    }

    private(set) var all: [Piece] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        let comma = UInt8(ascii: ",")
        var index = 0
        while true {
            let start = index
            var form = Form.plain
            if let (end, special) = Self.special(bytes, from: start),
                end == bytes.count || bytes[end] == comma
            {
                (index, form) = (end, special)
            } else {
                index = bytes[start...].firstIndex(of: comma) ?? bytes.count
            }
            all.append(Piece(text: String(decoding: bytes[start..<index], as: UTF8.self), form: form))
            if index == bytes.count { return }
            index += 1
        }
    }

    /// A part that begins with a quote or a bracket, and where it ends; nil for any other.
    private static func special(_ bytes: [UInt8], from start: Int) -> (end: Int, form: Form)? {
        guard start < bytes.count else { return nil }
        switch bytes[start] {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return quoted(bytes, from: start)
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            var (index, depth) = (start, 0)
            while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    depth -= 1
                    if depth == 0 {
                        return (
                            index + 1, .bracketed(String(decoding: bytes[start...index], as: UTF8.self))
                        )
                    }
                case UInt8(ascii: "'"), UInt8(ascii: "\""):
                    if let end = quoted(bytes, from: index)?.end { index = end - 1 }
                default: break
                }
                index += 1
            }
            return nil
        default: return nil
        }
    }

    /// A text in quotes: within single ones, `''` is a quote; within double ones, backslashes are read as in C.
    private static func quoted(_ bytes: [UInt8], from start: Int) -> (end: Int, form: Form)? {
        let quote = bytes[start]
        var text: [UInt8] = []
        var index = start + 1
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == quote {
                guard quote == UInt8(ascii: "'"), index < bytes.count, bytes[index] == quote else {
                    return String(validating: text, as: UTF8.self).map { (index, .quoted($0)) }
                }
                text.append(quote)
                index += 1
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), index < bytes.count {
                let next = bytes[index]
                index += 1
                switch next {
                case UInt8(ascii: "n"): text.append(0x0a)
                case UInt8(ascii: "t"): text.append(0x09)
                case UInt8(ascii: "r"): text.append(0x0d)
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(next)
                default: text += [byte, next]
                }
            } else {
                text.append(byte)
            }
        }
        return nil
    }
}
