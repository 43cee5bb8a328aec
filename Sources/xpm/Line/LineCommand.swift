import LuaBridge
import System
import Text

/// The command of a line: a text for a shell, or a program and its arguments, with `{name}` in it.
struct LineCommand {
    enum Form {
        case text(String)
        case words([String])
    }

    /// `{name}`, `{list:name}` or `{json:name}`, and where it stands in `shown`.
    struct Placeholder {
        let name: String
        let place: Range<Int>
    }

    let form: Form
    /// As it is typed, for messages.
    let shown: String
    private(set) var placeholders: [Placeholder] = []

    /// - Throws: braces that are no placeholder, and placeholders between quotes.
    init(_ form: Form) throws(LineProblem) {
        self.form = form
        switch form {
        case .text(let text):
            shown = text
            if text.isBlank { throw LineProblem("the command is empty") }
            try note(text, from: 0)
            if let quoted = CommandTemplate.quotedName(in: text) {
                throw LineProblem(
                    "{\(quoted.name)} stands inside quotes (\(quoted.quote)): xpm quotes each value itself; end the quotes before it",
                    in: shown, at: place(of: quoted.name))
            }
        case .words(let words):
            var line = ""
            var starts: [(word: String, start: Int)] = []
            for word in words {
                if !line.isEmpty { line += " " }
                let isPlain = !word.isEmpty && !word.utf8.contains { $0.isBlank || "'\"\\".utf8.contains($0) }
                let text = isPlain ? word : ShellWords.quote(word)
                starts.append((text, line.utf8.count))
                line += text
            }
            shown = line
            for (text, start) in starts { try note(text, from: start) }
        }
    }

    /// Whether values come by `{args}`.
    var takesAll: Bool { placeholders.contains { $0.name == "args" } }

    /// Where a name stands first.
    func place(of name: String) -> Range<Int>? { placeholders.first { $0.name == name }?.place }

    private mutating func note(_ text: String, from start: Int) throws(LineProblem) {
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            let isDoubled = index + 1 < bytes.count && bytes[index + 1] == bytes[index]
            switch bytes[index] {
            case UInt8(ascii: "{") where isDoubled, UInt8(ascii: "}") where isDoubled: index += 2
            case UInt8(ascii: "{"):
                guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                    throw LineProblem(
                        "'{' without '}'; a brace is written '{{'", in: shown,
                        at: (start + index)..<(start + index + 1))
                }
                let inside = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
                let place = (start + index)..<(start + end + 1)
                if index > 0, bytes[index - 1] == UInt8(ascii: "$") {
                    throw LineProblem(
                        "'${\(inside)}': write {\(inside)} for a value, or ${{\(inside)}} for a variable of the shell",
                        in: shown, at: (place.lowerBound - 1)..<place.upperBound)
                }
                let name = inside.after("list:") ?? inside.after("json:") ?? inside[...]
                guard Self.isName(name) else {
                    throw LineProblem(
                        "{\(inside)} is no name; a brace is written '{{', as in {{\(inside)}}", in: shown,
                        at: place)
                }
                placeholders.append(Placeholder(name: String(name), place: place))
                index = end + 1
            default: index += 1
            }
        }
    }

    /// Whether a text can name a parameter.
    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.unicodeScalars.first, first == "_" || first.properties.isAlphabetic else {
            return false
        }
        return text.unicodeScalars.allSatisfy {
            $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
        }
    }

    // MARK: Its program

    /// What an experiment is called that has no other name: the program's file, or the script that an
    /// interpreter runs.
    var programName: String {
        let allowed = (scriptOrProgram ?? "").unicodeScalars.filter {
            $0.properties.isAlphabetic || $0.properties.numericType != nil
                || "_-.".unicodeScalars.contains($0)
        }
        var id = String(String.UnicodeScalarView(allowed))
        while id.hasPrefix(".") || id.hasPrefix("-") { id = String(id.unicodeScalars.dropFirst()) }
        while id.hasSuffix(".") { id = String(id.unicodeScalars.dropLast()) }
        return id.isEmpty ? "line" : String(id.prefix(bytes: 100))
    }

    private var scriptOrProgram: String? {
        var words = plainWords[...]
        // Variables, and programs that run another one, with their options, numbers and times.
        while let word = words.first,
            word.contains("=") || Self.wrappers.contains(Paths.name(word)) || word.hasPrefix("-")
                || word.utf8.first?.isDigit ?? false
        { words.removeFirst() }
        guard let program = words.popFirst(), !Self.reserved.contains(program) else { return nil }
        let name = Paths.name(program).prefix(ofBytes: \.isLetter).lowercased()
        guard Self.interpreters.contains(name) else { return Paths.stem(program) }
        while let word = words.popFirst() {
            if word == "-m" { return words.first?.split(separator: ".").last.map(String.init) }
            // Code on the line has no name.
            if word == "-c" || word == "-e" { break }
            if !word.hasPrefix("-") { return Paths.stem(word) }
        }
        return Paths.stem(program)
    }

    /// Programs that run another one.
    private static let wrappers: TextSet = [
        "env", "exec", "nice", "nohup", "time", "timeout", "stdbuf", "command", "run", "uv", "poetry", "pixi",
        "mpirun", "mpiexec", "srun", "torchrun", "accelerate", "launch",
    ]
    private static let interpreters: TextSet = [
        "bash", "julia", "lua", "node", "perl", "python", "rscript", "ruby", "sh", "zsh",
    ]
    private static let reserved: TextSet = [
        "!", "(", "[[", "case", "for", "function", "if", "select", "until", "while", "{", "{{",
    ]

    private var plainWords: [String] {
        switch form {
        case .text(let text): ShellWords.split(text)
        case .words(let words): words
        }
    }

    /// Where the program stands in `shown`, and its name, if it is a plain word.
    var program: (name: String, place: Range<Int>)? {
        switch form {
        case .words(let words): return words.first.map { ($0, 0..<min($0.utf8.count, shown.utf8.count)) }
        case .text:
            let words = LineWords(shown).all
            guard let first = words.first(where: \.isProgram), first.isPlain else { return nil }
            return (first.text, first.place)
        }
    }

    /// Whether a name has an ending that is no number: `train.py`, not `0.5`.
    private static func hasEnding(_ name: String) -> Bool {
        guard let (before, ending) = name.cut(atLast: "."), !before.isEmpty else { return false }
        return ending.utf8.first?.isLetter ?? false
    }

    // MARK: As a script has it

    /// The command with `{here}/` before the files that it names, and these files as absolute paths.
    ///
    /// - Parameters:
    ///   - folder: of the line: where the files are.
    ///   - script: the folder of the script.
    func placed(from folder: String, in script: String) -> (form: Form, files: [String]) {
        var files: [String] = []
        /// The way to a file that a word names, from the script; nil for a word that names none.
        func placed(_ word: some StringProtocol, isProgram: Bool) -> String? {
            let name = String(word)
            guard !name.hasPrefix("/"), !name.hasPrefix("-"), !name.hasPrefix("~"),
                name.utf8.contains(where: { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "/") }),
                // A bare word may be a verb, or a number: it is a file by its ending.
                name.contains("/") || !isProgram && Self.hasEnding(name)
            else { return nil }
            let path = Paths.absolute(name, from: folder)
            switch Files.kind(path) {
            case .file: files.append(path)
            case .folder where name.contains("/") && !isProgram: break
            default: return nil
            }
            return Paths.relative(path, from: script)
        }
        /// In a command: braces are doubled.
        func here(_ way: String, quoted: Bool) -> String {
            let way = way.replacing("{", with: "{{").replacing("}", with: "}}")
            return "{here}/\(quoted ? ShellWords.quote(way) : way)"
        }
        switch form {
        case .words(let words):
            var new: [String] = []
            for (index, word) in words.enumerated() {
                if LineWords.takesOutput(words[..<index].last) {
                    new.append(word)
                } else if let all = placed(word, isProgram: index == 0) {
                    new.append(here(all, quoted: false))
                } else if let (before, after) = word.cut(at: "="), index > 0,
                    !LineWords.takesOutput(String(before)), let value = placed(after, isProgram: false)
                {
                    new.append("\(before)=\(here(value, quoted: false))")
                } else {
                    new.append(word)
                }
            }
            return (.words(new), files)
        case .text(let text):
            let bytes = Array(text.utf8)
            var line: [UInt8] = []
            var done = 0
            for word in LineWords(text).all where !word.isTarget {
                var start = word.place.lowerBound
                var way = placed(word.text, isProgram: word.isProgram)
                if way == nil, !word.isProgram, word.isPlain, let (before, after) = word.text.cut(at: "="),
                    !LineWords.takesOutput(String(before))
                {
                    way = placed(after, isProgram: false)
                    start += before.utf8.count + 1
                }
                guard let way else { continue }
                let new = here(way, quoted: true)
                line += bytes[done..<start] + Array(new.utf8)
                done = word.place.upperBound
            }
            line += bytes[done...]
            return (.text(String(decoding: line, as: UTF8.self)), files)
        }
    }
}
