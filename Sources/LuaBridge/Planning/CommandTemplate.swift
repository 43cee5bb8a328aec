import Model
import Text

/// A command with `{name}` in it. `{{` and `}}` are braces.
package struct CommandTemplate {
    enum Part: Equatable {
        case text(String)
        /// The way to a value: `{trained.weights}`.
        case value([String])
        /// A file with a value: `{list:parts.out}`, one element a line, and `{json:parts}`.
        case file(FileForm, [String])

        /// The way to the value; nil for a text.
        var way: [String]? {
            switch self {
            case .text: nil
            case .value(let way), .file(_, let way): way
            }
        }
    }

    enum FileForm: String, CaseIterable { case list, json }

    enum Form {
        /// A program and its arguments.
        case arguments([[Part]])
        /// A text for `sh -c`.
        case shell([Part])
    }

    let form: Form

    /// Names that every command may use beside the task's parameters.
    package static let builtIn = ["here", "jobdir", spread, ProgramArguments.placeholder]

    /// Stands for what starts a program on each node of a job, and for nothing where it has one.
    static let spread = "srun"

    /// Splits a text at its braces.
    static func parse(_ text: String) throws -> [Part] {
        try BraceText.parse(text).map { piece in
            switch piece {
            case .text(let plain): return .text(plain)
            case .name(let inside):
                let form = FileForm.allCases.first { inside.hasPrefix("\($0.rawValue):") }
                let name = form.flatMap { inside.after("\($0.rawValue):") } ?? inside
                let way = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
                return form.map { .file($0, way) } ?? .value(way)
            }
        }
    }

    init(_ form: Form) { self.form = form }

    /// Reads a command from the value at an index: a string, or a list of strings and numbers.
    init(_ stack: LuaStack, _ index: Int32) throws {
        if let text = stack.string(index) {
            guard !text.isBlank else {
                throw ScriptError("command: the text is empty")
            }
            let parts = try Self.parse(text)
            try Self.refuseExpansions(parts)
            form = .shell(parts)
            return
        }
        guard stack.kind(index) == .table else {
            throw ScriptError("command needs a list, a string or a function")
        }
        var arguments: [[Part]] = []
        for position in 1...max(1, Int64(stack.length(index))) {
            stack.get(at: position, from: index)
            defer { stack.pop() }
            switch stack.kind(-1) {
            case .string:
                arguments.append(try Self.parse(stack.string(-1) ?? ""))
                try Self.refuseExpansions(arguments.last ?? [])
            case .int, .float: arguments.append([.text(try stack.value(-1).plainText)])
            case .null: throw ScriptError("command: the list is empty or has a hole at position \(position)")
            default:
                throw ScriptError("command: argument \(position) is a \(stack.typeName(-1)), not a string")
            }
        }
        form = .arguments(arguments)
    }

    /// `${lr}`: an expansion of the shell, or a value?
    private static func refuseExpansions(_ parts: [Part]) throws {
        for (part, next) in zip(parts, parts.dropFirst()) {
            guard case .text(let text) = part, text.hasSuffix("$"), case .value(let path) = next else {
                continue
            }
            let name = path.joined(separator: ".")
            throw ScriptError(
                "command: '${\(name)}': write {\(name)} for the value of a parameter, or ${{\(name)}} for a variable of the shell"
            )
        }
    }

    /// Whether the value at an index is a word of the shell by itself, not a part of one.
    static func isWord(_ parts: [Part], at index: Int) -> Bool {
        func ends(_ part: Part?, _ byte: (String) -> UInt8?) -> Bool {
            switch part {
            case nil: true
            case .value, .file: false
            case .text(let text): byte(text).map { " \t\n;|&()<>".utf8.contains($0) } ?? true
            }
        }
        return ends(index > 0 ? parts[index - 1] : nil) { $0.utf8.last }
            && ends(index + 1 < parts.count ? parts[index + 1] : nil) { $0.utf8.first }
    }

    /// - Throws: for a value that stands between quotes of the user.
    func refuseQuoted() throws {
        if case .shell(let parts) = form { try ShellScan.refuseQuoted(parts) }
    }

    /// The first value that stands between quotes in a text for a shell, and these quotes.
    package static func quotedName(in text: String) -> (name: String, quote: String)? {
        (try? parse(text)).flatMap(ShellScan.quoted)
    }

    /// Every value that the command names.
    var names: [[String]] { parts.compactMap(\.way) }

    /// What stands between the values.
    var texts: [String] { parts.compactMap { if case .text(let text) = $0 { text } else { nil } } }

    /// The words of the texts, as far as blanks tell.
    var plainWords: [String] {
        texts.flatMap { $0.split(separator: " ").map(String.init) }
    }

    private var parts: [Part] {
        switch form {
        case .arguments(let arguments): arguments.flatMap(\.self)
        case .shell(let text): text
        }
    }
}

extension XpmModule {
    /// Checks at its definition what can be checked of a task's command: each first name is a parameter.
    func checkCommand(of definition: TypeDefinition, _ stack: LuaStack) throws {
        stack.push(definition.table)
        stack.get(ProgramArguments.placeholder, from: -1)
        _ = try ProgramArguments(stack, of: definition.type)
        stack.pop()
        stack.get("command", from: -1)
        defer { stack.pop(2) }
        guard stack.kind(-1) == .string || stack.kind(-1) == .table else { return }
        let type = definition.type
        do {
            let known = type.parameters.map(\.name) + CommandTemplate.builtIn
            let template = try CommandTemplate(stack, stack.absolute(-1))
            for path in template.names where !known.contains(path[0]) {
                let nearest = Suggestion.nearest(to: path[0], among: known).map {
                    " (did you mean '{\($0)}'?)"
                }
                throw ScriptError(
                    "command: {\(path.joined(separator: "."))} is no parameter\(nearest ?? "; a brace is written '{{', as in {{\(path.joined(separator: "."))}}")"
                )
            }
            try template.refuseQuoted()
        } catch let error as ScriptError { throw ScriptError("\(type.id): \(error.message)") }
    }
}
