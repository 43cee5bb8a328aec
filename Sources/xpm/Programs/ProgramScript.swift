import Model
import Settings
import System
import Text
import YAMLFile

/// The script and the configuration of an experiment whose task is a program that has told its options.
struct ProgramScript {
    /// What a parameter of the task is made from.
    private struct Entry {
        let name: String
        let option: ProgramOption
        /// As a script has its type.
        let type: String
        /// What the configuration gives; nil leaves it out.
        let value: Setting.Content?
        var comments: [String] = []
    }

    private let id: String
    private let description: ProgramDescription
    private let command: LineCommand
    private let here: String
    private let folder: String
    private var entries: [Entry] = []
    /// What could not be read, a line each.
    private var unread: [String] = []

    /// - Parameters:
    ///   - here: where the program's files are.
    ///   - folder: of the script.
    init(
        _ description: ProgramDescription, _ command: LineCommand, id: String, from here: String,
        in folder: String
    ) {
        self.description = description
        self.command = command
        self.id = id
        self.here = here
        self.folder = folder
        // What the command says already stays as it is.
        let given = TextSet(
            ShellWords.split(command.shown).compactMap { word in
                word.hasPrefix("-") ? String(word.cut(at: "=")?.before ?? word[...]) : nil
            })
        var taken = ConfigType.reservedNames.union(TextSet(ExperimentSettings.keys + ["args", "srun"]))
        for option in description.options {
            let shown = option.flags.first ?? option.name
            if option.flags.contains(where: given.contains) { continue }
            guard option.kind != .skip, option.long != nil || option.flags.isEmpty || option.kind != .flag
            else {
                let why = option.note ?? "a flag without a long name"
                unread.append("\(shown): \(why)")
                continue
            }
            var name = Self.name(of: option)
            // Not `file_`, which looks like a key of xpm's that is misspelt.
            while taken.contains(name) { name += "_option" }
            taken.insert(name)
            entries.append(entry(name, option))
        }
    }

    /// The name of a parameter.
    private static func name(of option: ProgramOption) -> String {
        let flag =
            option.kind == .flag && option.initial == .bool(true)
            ? option.negative.flatMap { $0.after("--").map { String($0) } } : nil
        let scalars = (flag ?? option.long ?? option.name).unicodeScalars.map { scalar -> Unicode.Scalar in
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil ? scalar : "_"
        }
        var name = String(String.UnicodeScalarView(scalars))
        while name.hasPrefix("_") { name = String(name.dropFirst()) }
        if name.isEmpty || name.unicodeScalars.first.map({ !$0.properties.isAlphabetic }) ?? true {
            name = "p_\(name)"
        }
        return name
    }

    private func entry(_ name: String, _ option: ProgramOption) -> Entry {
        var comments = option.note.map { [$0] } ?? []
        var value: Setting.Content?
        var base = "xpm.string"
        var attributes: [String] = []
        let initial = option.kind == .flag ? JSON.bool(false) : option.initial
        switch option.kind {
        case .int: base = "xpm.int"
        case .float: base = "xpm.float"
        case .bool, .flag: base = "xpm.bool"
        case .path:
            let path = initial.string.map { Paths.absolute($0, from: here) }
            if let path, Files.kind(path) == .file {
                base = "xpm.file"
                let place = Paths.relative(path, from: folder)
                attributes.append("default = \(LuaText.quote(place))")
                value = .string(place)
            } else {
                comments.append(
                    "a path: xpm.file takes its content into the identity, xpm.path finds it from here; a job runs in its own folder"
                )
            }
        case .string, .skip: break
        }
        var literal = attributes.isEmpty ? self.literal(initial, option) : nil
        if let choices = option.choices {
            let texts = choices.map { $0.string }
            if base == "xpm.string", texts.allSatisfy({ $0 != nil }) {
                let known = initial.string.map { text in texts.contains { $0 == text } } ?? false
                attributes += texts.compactMap { $0.map(LuaText.quote) }
                base = "xpm.enum"
                if !known { literal = option.isList ? literal : nil }
            } else {
                attributes.append(
                    "choices = { \(choices.map { $0.string.map(LuaText.quote) ?? $0.text }.joined(separator: ", ")) }"
                )
            }
        }
        if let literal { attributes.append("default = \(literal.lua)") }
        if option.isList {
            let inner = attributes.filter { !$0.hasPrefix("default = ") }
            base = "xpm.list(\(base)\(inner.isEmpty ? "" : " { \(inner.joined(separator: ", ")) }"))"
            attributes.removeAll { !$0.hasPrefix("default = ") }
        }
        if value == nil, let literal { value = literal.content }
        let isOptional = value == nil && !option.isRequired
        if isOptional { base = optional(base, &attributes) }
        let help = Self.oneLine(option.help)
        if !help.isEmpty { attributes.append("help = \(LuaText.quote(help))") }
        if option.isRequired, value == nil {
            value = placeholder(option)
            comments.append("required: this value is made up")
        }
        return Entry(
            name: name, option: option,
            type: attributes.isEmpty ? base : "\(base) { \(attributes.joined(separator: ", ")) }",
            value: value, comments: comments)
    }

    /// A type that takes nothing too; what restricts it stays within.
    private func optional(_ base: String, _ attributes: inout [String]) -> String {
        let inner = attributes.filter { !$0.hasPrefix("default = ") }
        attributes = []
        return "xpm.optional(\(base)\(inner.isEmpty ? "" : " { \(inner.joined(separator: ", ")) }"))"
    }

    /// A default in Lua and in YAML; nil for one that does not fit the type.
    private func literal(_ value: JSON, _ option: ProgramOption) -> (lua: String, content: Setting.Content)? {
        func one(_ value: JSON) -> (lua: String, content: Setting.Content)? {
            switch (option.kind, value) {
            case (.int, .int(let number)): return (String(number), .int(number))
            case (.float, .int(let number)): return ("\(number).0", .float(Double(number)))
            case (.float, .float(let number)) where number.isFinite:
                return (NumberText.lua(number), .float(number))
            case (.bool, .bool(let flag)), (.flag, .bool(let flag)):
                return (flag ? "true" : "false", .bool(flag))
            case (.string, .string(let text)), (.path, .string(let text)):
                return (LuaText.quote(text), .string(text.replacing("${", with: "$${")))
            // Of an option without a type the default is told as it is written.
            case (.string, .int(let number)): return (LuaText.quote(String(number)), .string(String(number)))
            case (.string, .float(let number)):
                return (LuaText.quote(NumberText.lua(number)), .string(NumberText.lua(number)))
            case (.string, .bool(let flag)):
                return (LuaText.quote(flag ? "True" : "False"), .string(flag ? "True" : "False"))
            default: return nil
            }
        }
        guard option.isList else { return one(value) }
        guard case .array(let values) = value else { return nil }
        let all = values.compactMap(one)
        guard all.count == values.count else { return nil }
        return (
            all.isEmpty ? "{}" : "{ \(all.map(\.lua).joined(separator: ", ")) }",
            .list(all.map { Setting($0.content, origin: .none) })
        )
    }

    /// A value for what must be given and has no default, so that the script can be tried.
    private func placeholder(_ option: ProgramOption) -> Setting.Content {
        let value: Setting.Content
        if let first = option.choices?.first {
            value =
                switch first {
                case .int(let number): .int(number)
                case .float(let number): .float(number)
                default: .string(first.string ?? first.text)
                }
        } else {
            value =
                switch option.kind {
                case .int: .int(1)
                case .float: .float(1)
                case .bool, .flag: .bool(false)
                case .string, .path, .skip: .string("x")
                }
        }
        return option.isList ? .list([Setting(value, origin: .none)]) : value
    }

    private static func oneLine(_ text: String) -> String {
        TerminalText.line(text.lines.map { $0.trimmed }.filter { !$0.isEmpty }.joined(separator: " "))
    }

    // MARK: Lua

    /// `experiment.lua`.
    var lua: String {
        let local = LuaText.local(of: id, fallback: "Program")
        var text = """
            -- Made by xpm init --from \(Self.oneLine(ShellWords.quote(command.shown))), from what the program tells of itself.
            local xpm = require "xpm"

            local params = {

            """
        for entry in entries {
            for comment in entry.comments { text += "  -- \(Self.oneLine(comment))\n" }
            text += "  \(LuaText.key(entry.name)) = \(entry.type),\n"
        }
        for line in unread { text += "  -- not read: \(Self.oneLine(line))\n" }
        if entries.isEmpty, unread.isEmpty { text += "  -- The program tells of no options.\n" }
        text += "}\n\nlocal \(local) = xpm.task {\n  id = \(LuaText.quote(id)),\n"
        let help = Self.oneLine(description.help)
        if !help.isEmpty { text += "  help = \(LuaText.quote(help)),\n" }
        text += "  params = params,\n  command = \(commandText),\n"
        if let args { text += "  args = { \(args) },\n" }
        text += """
            }

            return xpm.experiment {
              configuration = xpm.configuration(params),
              run = function(helper, cfg)
                \(local) {

            """
        for entry in entries {
            text += "      \(LuaText.key(entry.name)) = \(LuaText.field("cfg", entry.name)),\n"
        }
        return text + "    }:submit()\n  end,\n}\n"
    }

    private var positionals: [Entry] { entries.filter { $0.option.flags.isEmpty } }
    private var shorts: [Entry] { entries.filter { !$0.option.flags.isEmpty && $0.option.long == nil } }
    private var longs: [Entry] { entries.filter { $0.option.long != nil } }

    private var commandText: String {
        let words =
            positionals.map { "{\($0.name)}" } + shorts.flatMap { ["\($0.option.flags[0])", "{\($0.name)}"] }
            + (longs.isEmpty ? [] : ["{args}"])
        switch command.placed(from: here, in: folder).form {
        case .text(let text): return LuaText.quote(([text] + words).joined(separator: " "))
        case .words(let own): return "{ \((own + words).map(LuaText.quote).joined(separator: ", ")) }"
        }
    }

    /// What `args` says beyond its defaults.
    private var args: String? {
        var parts: [String] = []
        let isClick = [.click, .typer].contains(description.framework)
        if isClick { parts.append("style = \"click\"") }
        func flag(_ entry: Entry) -> String {
            let isNegative = entry.option.kind == .flag && entry.option.initial == .bool(true)
            let negative =
                isNegative ? entry.option.negative.flatMap { $0.after("--").map { String($0) } } : nil
            return negative ?? entry.option.long ?? entry.name
        }
        let isDashed = longs.contains { flag($0).contains("-") }
        if isDashed, !isClick { parts.append("dashes = true") }
        let renamed = longs.filter { entry in
            let usual = isDashed || isClick ? entry.name.replacing("_", with: "-") : entry.name
            return usual != flag(entry)
        }
        if !renamed.isEmpty {
            let names = renamed.map { "\(LuaText.key($0.name)) = \(LuaText.quote(flag($0)))" }
            parts.append("rename = { \(names.joined(separator: ", ")) }")
        }
        return parts.isEmpty || longs.isEmpty ? nil : parts.joined(separator: ", ")
    }

    // MARK: YAML

    /// `full.yaml`.
    func yaml() throws(SettingError) -> String {
        var text = try YAMLText.write(
            Setting(.map([.init(key: "id", value: Setting(.string(id), origin: .none))]), origin: .none))
        for entry in entries {
            let help = Self.oneLine(entry.option.help)
            if !help.isEmpty { text += "# \(help)\n" }
            if let value = entry.value {
                let isMade = entry.option.isRequired && entry.comments.contains { $0.hasPrefix("required") }
                if isMade { text += "# required: this value is made up\n" }
                text += try YAMLText.write(
                    Setting(
                        .map([.init(key: entry.name, value: Setting(value, origin: .none))]), origin: .none))
            } else {
                text += "# \(entry.name):\n"
            }
        }
        return text
    }
}
