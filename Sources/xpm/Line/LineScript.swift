import Model
import Settings
import System
import Text
import YAMLFile

/// The script and the configuration that do what a line does.
struct LineScript {
    /// What an experiment of one line is made of.
    struct Parts {
        let id: String
        let command: LineCommand
        var isStrict = true
        /// In the order of the line, with their types.
        var names: [(values: LineValues, kind: LineKind)] = []
        /// The names that have their values together.
        var groups: [[String]] = []
        var sample: (count: Int, seed: Int)?
        /// What a search of the distributions is after, and when it ends.
        var search: [JSON.Member]?
        /// Paths in the job's folder, by names of the command.
        var outputs: [(name: String, path: String)] = []
        /// Patterns of what the program prints.
        var results: [(name: String, pattern: String)] = []
        var requirement: String?
        var tokens: [(name: String, count: Int, total: Int)] = []
        var retries: Int?
        /// Whether the content of the files that the command names is part of the identity.
        var hasCode = false
    }

    private let parts: Parts
    /// The folder of the script.
    private let folder: String
    private let placed: (form: LineCommand.Form, files: [String])

    /// - Parameters:
    ///   - here: the folder of the line.
    ///   - folder: of the script.
    init(_ parts: Parts, from here: String, in folder: String) {
        self.parts = parts
        self.folder = folder
        placed = parts.command.placed(from: here, in: folder)
        self.here = here
    }

    private let here: String

    /// The parameter that has the command, so that another command is another task.
    private var commandName: String {
        var name = "command"
        let taken = parts.names.map(\.values.name) + parts.outputs.map(\.name)
        while taken.contains(name) { name += "_" }
        return name
    }

    private var codeName: String {
        var name = "code"
        let taken = parts.names.map(\.values.name) + parts.outputs.map(\.name)
        while taken.contains(name) { name += "_" }
        return name
    }

    // MARK: Lua

    private var local: String { LuaText.local(of: parts.id, fallback: "Task") }

    private static func lua(_ form: LineCommand.Form) -> String {
        switch form {
        case .text(let text): LuaText.quote(text)
        case .words(let words): "{ \(words.map(LuaText.quote).joined(separator: ", ")) }"
        }
    }

    /// `experiment.lua`.
    var lua: String {
        var text = """
            local xpm = require "xpm"

            local \(local) = xpm.task {
              id = \(LuaText.quote(parts.id)),
              params = {

            """
        for (values, kind) in parts.names { text += "    \(LuaText.key(values.name)) = \(kind.lua),\n" }
        for (name, path) in parts.outputs {
            text += "    \(LuaText.key(name)) = xpm.job_path(\(LuaText.quote(path))),\n"
        }
        if parts.hasCode, !placed.files.isEmpty { text += "    \(codeName) = xpm.list(xpm.file),\n" }
        // As it was typed, wherever the files are.
        text += "    \(commandName) = xpm.constant(\(Self.identity(of: parts.command.form))),\n  },\n"
        text += "  command = \(Self.lua(placed.form)),\n"
        if parts.command.takesAll, parts.hasCode, !placed.files.isEmpty {
            text += "  args = { skip = { \(LuaText.quote(codeName)) } },\n"
        }
        if case .text = parts.command.form, !parts.isStrict { text += "  strict = false,\n" }
        if !parts.results.isEmpty {
            let results = parts.results.map { "\(LuaText.key($0.name)) = \(LuaText.quote($0.pattern))" }
            text += "  results = { \(results.joined(separator: ", ")) },\n"
        }
        if let requirement = parts.requirement { text += "  requires = \(LuaText.quote(requirement)),\n" }
        if let retries = parts.retries { text += "  retry = { failed = \(retries) },\n" }
        text += "}\n\nreturn xpm.experiment {\n  configuration = xpm.configuration {\n"
        for (values, kind) in parts.names { text += "    \(LuaText.key(values.name)) = \(kind.lua),\n" }
        text += "  },\n  run = function(helper, cfg)\n"
        for token in parts.tokens {
            text += "    helper.xp:token(\(LuaText.quote(token.name)), \(token.total))\n"
        }
        var fields = parts.names.map {
            "\(LuaText.key($0.values.name)) = \(LuaText.field("cfg", $0.values.name))"
        }
        if parts.hasCode, !placed.files.isEmpty {
            let files = placed.files.map { LuaText.quote(Paths.relative($0, from: folder)) }
            fields.append("\(codeName) = { \(files.joined(separator: ", ")) }")
        }
        let one = fields.joined(separator: ", ")
        let table =
            one.utf8.count < 80
            ? "{ \(one) }" : "{\n" + fields.map { "      \($0),\n" }.joined() + "    }"
        let tokens = parts.tokens.map { "\(LuaText.key($0.name)) = \($0.count)" }.joined(separator: ", ")
        let options = parts.tokens.isEmpty ? "" : " { tokens = { \(tokens) } }"
        text += "    \(local) \(fields.isEmpty ? "{}" : table):submit\(options.isEmpty ? "()" : options)\n"
        return text + "  end,\n}\n"
    }

    /// What of a command is part of the identity.
    private static func identity(of form: LineCommand.Form) -> String {
        switch form {
        case .text(let text): LuaText.quote(text)
        case .words(let words): LuaText.quote(words.map(ShellWords.quote).joined(separator: " "))
        }
    }

    // MARK: YAML

    /// `full.yaml`.
    ///
    /// - Parameter lines: the values that came by standard input; nil where they are still to come.
    func yaml(_ lines: [LineValue]? = nil) throws(SettingError) -> String {
        var fields: [Setting.Field] = []
        var together = TextMap<[Setting.Field]>()
        var drawn: [Setting.Field] = []
        let grouped = TextSet(parts.groups.flatMap(\.self))
        for (values, kind) in parts.names {
            let setting: Setting
            switch values.source {
            case .draw(let name, let low, let high):
                let bounds = Setting(
                    .list([Setting(low.content, origin: .none), Setting(high.content, origin: .none)]),
                    origin: .none)
                setting = Setting(.map([.init(key: name, value: bounds)]), origin: .none)
                drawn.append(.init(key: values.name, value: setting))
                continue
            case .input:
                // Without them: they come while the plan is made.
                guard let lines else { continue }
                setting = list(lines, kind)
            case .values(let all): setting = list(all, kind)
            }
            if grouped.contains(values.name) {
                together[values.name] = [.init(key: values.name, value: setting)]
            } else {
                fields.append(.init(key: values.name, value: setting))
            }
        }
        let groups = parts.groups.map { names in
            Setting(.map(names.flatMap { together[$0] ?? [] }), origin: .none)
        }
        if groups.count == 1 { fields.append(.init(key: "zip", value: groups[0])) }
        if groups.count > 1 { fields.append(.init(key: "zip", value: Setting(.list(groups), origin: .none))) }
        if let sample = parts.sample {
            let head: [Setting.Field] = [
                .init(key: "n", value: Setting(.int(Int64(sample.count)), origin: .none)),
                .init(key: "seed", value: Setting(.int(Int64(sample.seed)), origin: .none)),
            ]
            fields.append(.init(key: "random", value: Setting(.map(head + drawn), origin: .none)))
        }
        let space = parts.search.map { members -> Setting in
            let own = members.map {
                Setting.Field(key: $0.name, value: Setting(value: $0.value.value, origin: .none))
            }
            return Setting(
                .map(own + [.init(key: "space", value: Setting(.map(drawn), origin: .none))]), origin: .none)
        }
        var all: [Setting.Field] = [.init(key: "id", value: Setting(.string(parts.id), origin: .none))]
        if !fields.isEmpty {
            all.append(.init(key: "grid_search", value: Setting(.map(fields), origin: .none)))
        }
        if let space { all.append(.init(key: "search", value: space)) }
        return try YAMLText.write(Setting(.map(all), origin: .none))
    }

    /// Values as YAML has them: a range is written as one.
    private func list(_ values: [LineValue], _ kind: LineKind) -> Setting {
        let contents = values.compactMap { value -> Setting.Content? in
            // Paths are from the folder of the script.
            if kind == .file {
                let isAbsolute = value.text.hasPrefix("/")
                return .string(
                    Self.literal(
                        isAbsolute
                            ? value.text
                            : Paths.relative(Paths.absolute(value.text, from: here), from: folder)))
            }
            if case .string(let text)? = value.content(as: kind) { return .string(Self.literal(text)) }
            return value.content(as: kind).map(Self.literal)
        }
        let numbers = contents.compactMap { if case .int(let number) = $0 { number } else { nil } }
        if numbers.count == contents.count, numbers.count > 4 {
            let step = numbers[1].subtractingReportingOverflow(numbers[0])
            let isRange =
                !step.overflow && step.partialValue != 0
                && zip(numbers, numbers.dropFirst()).allSatisfy {
                    let (distance, overflow) = $1.subtractingReportingOverflow($0)
                    return !overflow && distance == step.partialValue
                }
            if isRange, let first = numbers.first, let last = numbers.last {
                let ends = step.partialValue == 1 ? [first, last] : [first, last, step.partialValue]
                let list = Setting(.list(ends.map { Setting(.int($0), origin: .none) }), origin: .none)
                return Setting(.map([.init(key: "closed_range", value: list)]), origin: .none)
            }
        }
        return Setting(.list(contents.map { Setting($0, origin: .none) }), origin: .none)
    }

    /// A text that names no other key, whatever is in it.
    private static func literal(_ text: String) -> String { text.replacing("${", with: "$${") }

    private static func literal(_ content: Setting.Content) -> Setting.Content {
        guard case .list(let values) = content else { return content }
        return .list(
            values.map { value in
                if case .string(let text) = value.content {
                    Setting(.string(literal(text)), origin: value.origin)
                } else {
                    value
                }
            })
    }
}
