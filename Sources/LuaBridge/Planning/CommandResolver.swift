import Model
import Store
import System
import Text

/// Turns a task's command into an argument vector, once its values are known.
struct CommandResolver {
    let task: ConfigObject
    /// The folder of the Lua file that defined the task, as it was and as it is kept.
    let here: String
    let sources: SourceTree
    /// Reads how `{args}` is written: few commands have it.
    private let style: () throws -> ProgramArguments
    /// The ways that the command names.
    private var named: [[String]] = []
    /// The files that the command names, by their names.
    private(set) var attachments: [JobScript.Attachment] = []

    /// Whether the command, or a file that it names, asks for the file of arguments.
    private(set) var namesArguments = false

    /// Keeps a file of the command, and what it loads; says whether one of these asks for the arguments.
    private let keep: (String) throws -> Bool

    /// What `{srun}` stands for.
    private let spread: [String]
    private let isWrapped: Bool
    /// Whether `{srun}` comes before all else, and what it stands for before what the program runs in.
    private(set) var leadsWithSpread = false

    init(
        task: ConfigObject, here: String, sources: SourceTree, spread: [String] = [], isWrapped: Bool = false,
        style: @escaping () throws -> ProgramArguments,
        keep: @escaping (String) throws -> Bool
    ) {
        self.task = task
        self.style = style
        self.spread = spread
        self.isWrapped = isWrapped
        self.here = here
        self.sources = sources
        self.keep = keep
    }

    /// The argument vector.
    ///
    /// - Parameters:
    ///   - isStrict: of a text: whether its first command that fails ends it.
    ///   - shell: of a text: what runs it, before the `-c`; nil for the usual one.
    ///   - finds: whether a program is found; one that is not may be a word of the shell's own.
    mutating func arguments(
        of template: CommandTemplate, isStrict: Bool, shell: [String]? = nil, finds: ([String]) -> Bool
    ) throws -> [String] {
        named = template.names
        let template = try reachingOut(template)
        if named.contains(["here"]) { try sources.linkRest(of: here) }
        if template.texts.contains(where: { $0.contains(JobScript.argumentsVariable) }) {
            namesArguments = true
        }
        switch template.form {
        case .arguments(let arguments):
            var words: [String] = []
            for (index, parts) in arguments.enumerated() {
                try keepFile(parts, isWord: true)
                if isSpread(parts.first), parts.count == 1 {
                    if try leads(at: index) { continue }
                    words += spread
                } else if parts.count == 1, case .value(let path) = parts[0] {
                    words += try isArguments(path) ? allArguments() : self.words(try value(path), path)
                } else {
                    var word = ""
                    for part in parts { word += try text(part) }
                    words.append(word)
                }
            }
            if words.isEmpty { throw ScriptError("\(task.type.id): command: there is no program") }
            return words
        case .shell(let parts):
            try keepFile(parts, isWord: false)
            if shell == nil, let words = try plainWords(parts), finds(words) { return words }
            var line = ""
            for (index, part) in parts.enumerated() {
                switch part {
                case .text(let plain): line += plain
                case .value(let path):
                    let isWord = CommandTemplate.isWord(parts, at: index)
                    if isSpread(part), isWord {
                        if try !leads(at: index) {
                            line += spread.map(ShellWords.quote).joined(separator: " ")
                        }
                        continue
                    }
                    if isWord, isArguments(path) {
                        line += try allArguments().map(ShellWords.quote).joined(separator: " ")
                        continue
                    }
                    let value = try value(path)
                    let words = isWord ? try self.words(value, path) : [try text(value, path)]
                    line += words.map(ShellWords.quote).joined(separator: " ")
                case .file: line += ShellWords.quote(try text(part))
                }
            }
            if let shell { return shell + ["-c", line] }
            return ShellCommand(line).arguments(isStrict: isStrict)
        }
    }

    /// The command with the kept place of what it names above `{here}`: `{here}/../train.py` is not beside the copies.
    private func reachingOut(_ template: CommandTemplate) throws -> CommandTemplate {
        switch template.form {
        case .arguments(let arguments):
            CommandTemplate(.arguments(try arguments.map { try reachingOut($0, isWord: true) }))
        case .shell(let parts): CommandTemplate(.shell(try reachingOut(parts, isWord: false)))
        }
    }

    private func reachingOut(_ parts: [CommandTemplate.Part], isWord: Bool) throws -> [CommandTemplate.Part] {
        var new: [CommandTemplate.Part] = []
        for part in parts {
            guard case .text(let text) = part, new.last == .value(["here"]),
                case let (way, rest) = isWord ? (text, text[text.endIndex...]) : Self.word(text),
                way.hasPrefix("/..")
            else {
                new.append(part)
                continue
            }
            let path = Paths.absolute("\(here)\(way)")
            if Files.kind(path) == .file { _ = try keep(path) }
            try sources.linkRest(of: Files.kind(path) == .folder ? path : Paths.parent(path))
            let place = sources.place(of: path)
            new[new.count - 1] = .text((isWord ? place : ShellWords.quote(place)) + rest)
        }
        return new
    }

    /// What ends a word of a shell text.
    private static let ends = " \t\n\"';|&<>()$`\\"

    /// The word that a shell text begins with, without its single quotes, and what follows.
    private static func word(_ text: String) -> (word: String, rest: Substring) {
        var word = ""
        var rest = text[...]
        while true {
            let plain = rest.prefix(ofBytes: { !ends.has($0) })
            word += plain
            rest = rest[plain.endIndex...]
            if let behind = rest.after("\\'") {
                word += "'"
                rest = behind
                continue
            }
            guard let quoted = rest.after("'"), let (inside, behind) = quoted.cut(at: "'") else {
                return (word, rest)
            }
            word += inside
            rest = behind
        }
    }

    /// The words of a text that a shell would only split at its blanks: it needs none.
    private func plainWords(_ parts: [CommandTemplate.Part]) throws -> [String]? {
        guard case .text(let first)? = parts.first, PlainCommand.isProgram(first, isWhole: parts.count == 1),
            parts.allSatisfy({
                if case .text(let text) = $0 { PlainCommand.hasOnlyWords(text) } else { true }
            })
        else { return nil }
        var words: [String] = []
        var word: String?
        func end() {
            if let whole = word { words.append(whole) }
            word = nil
        }
        for (index, part) in parts.enumerated() {
            switch part {
            case .text(let text):
                for (number, piece) in text.split(separator: " ", omittingEmptySubsequences: false)
                    .enumerated()
                {
                    if number > 0 { end() }
                    if !piece.isEmpty { word = (word ?? "") + piece }
                }
            case .value(let path):
                let isWord = CommandTemplate.isWord(parts, at: index)
                if isSpread(part), isWord { return nil }
                if isWord {
                    words += try isArguments(path) ? allArguments() : self.words(try value(path), path)
                } else {
                    word = (word ?? "") + (try text(try value(path), path))
                }
            case .file: return nil
            }
        }
        end()
        return words
    }

    /// Whether a way is `{args}`: a parameter of that name comes first.
    private func isArguments(_ path: [String]) -> Bool {
        path == [ProgramArguments.placeholder] && task.type.position(of: path[0]) == nil
    }

    private func isSpread(_ part: CommandTemplate.Part?) -> Bool {
        part == .value([CommandTemplate.spread])
            && task.type.position(of: CommandTemplate.spread) == nil
    }

    /// Whether a `{srun}` is to come before what the program runs in.
    ///
    /// - Parameter index: its place in the command.
    private mutating func leads(at index: Int) throws -> Bool {
        guard isWrapped else { return false }
        guard index == 0 else {
            throw ScriptError(
                "\(task.type.id): command: what runs in a wrap cannot reach {srun}: let the command begin with it"
            )
        }
        leadsWithSpread = true
        return true
    }

    private func allArguments() throws -> [String] { try style().words(of: task, besides: named) }

    /// A value that is an argument by itself: a list is as many arguments, and nil is none.
    private func words(_ value: Value, _ path: [String]) throws -> [String] {
        try (Self.elements(value) ?? [value]).filter { $0 != .null }.map { try text($0, path) }
    }

    private static func elements(_ value: Value) -> [Value]? {
        switch value {
        case .list(let values), .set(let values): values
        default: nil
        }
    }

    private mutating func text(_ part: CommandTemplate.Part) throws -> String {
        switch part {
        case .text(let plain): return plain
        case .value(let path): return try text(try value(path), path)
        case .file(let form, let path):
            let name =
                "\(JobScript.Attachment.values)/\(path.joined(separator: ".")).\(form == .list ? "txt" : "json")"
            let value = try value(path)
            let content: [UInt8]
            switch form {
            case .json: content = JSON(argument: value).prettyBytes
            case .list:
                guard let elements = Self.elements(value) else {
                    throw ScriptError(
                        "\(task.type.id): command: {list:\(path.joined(separator: "."))} is no list; {\(path.joined(separator: "."))} is its value"
                    )
                }
                var lines = ""
                for element in elements {
                    let line = try text(element, path)
                    guard !line.contains("\n") else {
                        throw ScriptError(
                            "\(task.type.id): command: {list:\(path.joined(separator: "."))}: an element has more than one line; {json:\(path.joined(separator: "."))} takes it"
                        )
                    }
                    lines += line + "\n"
                }
                content = Array(lines.utf8)
            }
            if !attachments.contains(where: { $0.name == name }) {
                attachments.append(.init(name: name, content: content))
            }
            return "\(task.jobPath ?? "")/\(JobScript.Attachment.folder)/\(name)"
        }
    }

    private func text(_ value: Value, _ path: [String]) throws -> String {
        if case .object(let object) = value {
            guard let folder = object.jobPath else {
                let example =
                    object.type.parameters.first.map { "{\(path.joined(separator: ".")).\($0.name)}" }
                    ?? "one of its values"
                throw ScriptError(
                    "\(task.type.id): command: {\(path.joined(separator: "."))} is a \(object.type.id), not a text; name a value of it, such as \(example)"
                )
            }
            return folder
        }
        switch value {
        case .null:
            throw ScriptError(
                "\(task.type.id): command: {\(path.joined(separator: "."))} is nil within a word; as an argument of its own it would be left out"
            )
        case .map, .openMap: return JSON(argument: value).text
        case .list(let values), .set(let values):
            // Objects are named by what a command can do with them.
            guard values.contains(where: { if case .object = $0 { true } else { false } }) else {
                return value.plainText
            }
            throw ScriptError(
                "\(task.type.id): command: {\(path.joined(separator: "."))} is a list within a word: as an argument of its own it is as many, and {list:\(path.joined(separator: "."))} a file with a line for each"
            )
        default: return value.plainText
        }
    }

    private func value(_ path: [String]) throws -> Value {
        switch path {
        case ["here"]: return .string(sources.place(of: here))
        case [CommandTemplate.spread] where isSpread(.value(path)):
            throw ScriptError(
                "\(task.type.id): command: {srun} is many words: it stands by itself, not within a word")
        case ["jobdir"]: return .string(task.jobPath ?? "")
        case _ where isArguments(path):
            throw ScriptError(
                "\(task.type.id): command: {args} is many arguments: it stands by itself, not within a word")
        default: break
        }
        return try value(.object(task), path, 0)
    }

    /// What is at the rest of a way; of a list what is there of each of its elements.
    private func value(_ start: Value, _ path: [String], _ first: Int) throws -> Value {
        var value = start
        for (depth, name) in path.enumerated().dropFirst(first) {
            if let elements = Self.elements(value) {
                return .list(try elements.map { try self.value($0, path, depth) })
            }
            var next: Value?
            var known: [String] = []
            switch value {
            case .object(let object):
                known = object.type.parameters.map(\.name)
                next = object[name] ?? (known.contains(name) ? .null : nil)
                if next == nil, name == "jobdir" { next = object.jobPath.map(Value.path) }
            case .map(let entries), .openMap(let entries):
                next = entries.first { $0.key.plainText == name }?.value
                known = entries.map(\.key.plainText)
            default: break
            }
            guard let next else {
                let whole = path.joined(separator: ".")
                let nearest =
                    Suggestion.hint(for: name, among: known)
                let owner = depth == 0 ? task.type.id : path[..<depth].joined(separator: ".")
                throw ScriptError("\(task.type.id): command: {\(whole)}: \(owner) has no '\(name)'\(nearest)")
            }
            value = next
        }
        return value
    }

    /// Whether the word after a shell text is what runs: the program of a command, or the script of one.
    private static func isProgram(after text: String) -> Bool {
        let command = text.utf8.reversed().prefix { !";&|(\n".utf8.contains($0) }.reversed()
        let words = String(decoding: command, as: UTF8.self).split(separator: " ")
        guard let first = words.first else { return true }
        let name = Paths.name(String(first)).prefix(ofBytes: \.isLetter).lowercased()
        return interpreters.contains(name) && words.dropFirst().allSatisfy { $0.hasPrefix("-") }
    }

    private static let interpreters: TextSet = [
        "bash", "julia", "lua", "node", "perl", "python", "rscript", "ruby", "sh", "zsh",
    ]

    /// A file named `{here}/path` is kept with the run. In an argument the path is all of it, in a shell text
    /// it ends at a blank or sign.
    private mutating func keepFile(_ parts: [CommandTemplate.Part], isWord: Bool) throws {
        var before = ""
        for (part, next) in zip(parts, parts.dropFirst()) {
            defer { if case .text(let text) = part { before += text } else { before += "x" } }
            guard part == .value(["here"]), case .text(let text) = next else { continue }
            guard let behind = text.after("/") else { continue }
            let name = isWord ? String(behind) : Self.word(String(behind)).word
            let path = "\(here)/\(name)"
            if Files.kind(path) == .file, try keep(Paths.absolute(path)) { namesArguments = true }
            let isNeeded = isWord ? parts.count == 2 : Self.isProgram(after: before)
            if Files.kind(path) == nil, !name.isEmpty, isNeeded, ShellWords.isPlain(name) {
                let others = ((try? Files.list(Paths.parent(path))) ?? [])
                let nearest = Suggestion.hint(for: Paths.name(path), among: others.sorted(by: ByteOrder.less))
                throw ScriptError("\(task.type.id): command: there is no file \(Paths.shown(path))\(nearest)")
            }
        }
    }
}

/// Finds the programs of commands, each once.
package final class ProgramFinder {
    private var found: TextMap<Bool> = [:]

    package init() {}

    /// Whether the shell, or the kernel, will find the program of an argument vector that `CommandResolver`
    /// made.
    ///
    /// - Returns: the name that is not found, or nil.
    package func missing(in arguments: [String], along path: String?, from folder: String) -> String? {
        if let command = ShellCommand(arguments: arguments) {
            let word = String(command.text.trimmed.prefix(ofBytes: { !$0.isBlank }))
            // Only a plain word is surely a command; assignments, quotes and expansions are the shell's
            // business.
            guard !word.isEmpty, ShellWords.isPlain(word), !word.contains("=") else { return nil }
            return check("sh \(word) \(path ?? "")") { isKnownToShell(word, along: path, from: folder) }
                ? nil : word
        }
        let name = arguments[0]
        let isThere = check("\(name) \(path ?? "")") {
            Environment.find(program: name, along: path, from: folder) != nil
        }
        return isThere ? nil : name
    }

    private func check(_ key: String, _ look: () -> Bool) -> Bool {
        if let known = found[key] { return known }
        let isThere = look()
        found[key] = isThere
        return isThere
    }

    private func isKnownToShell(_ word: String, along path: String?, from folder: String) -> Bool {
        if Environment.find(program: word, along: path, from: folder) != nil { return true }
        // A path is no builtin; the shell would look from here.
        if word.contains("/") { return false }
        return ChildProcess.output([ShellCommand.shell, "-c", "command -v \"$1\"", "sh", word])?.code == 0
    }
}
