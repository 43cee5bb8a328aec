import Model
import Settings
import System
import Text
import YAMLFile

/// The script of an experiment whose task is a program of Hydra's: its configuration, as it was composed, gives the types.
struct HydraScript {
    private let id: String
    private let command: LineCommand
    private let here: String
    private let folder: String
    private let fields: [Setting.Field]
    private let local: String
    /// The locals of maps, by their ways.
    private var locals: TextMap<String> = [:]

    init(_ configuration: Setting, _ command: LineCommand, id: String, from here: String, in folder: String) {
        self.id = id
        self.command = command
        self.here = here
        self.folder = folder
        fields = configuration.fields ?? []
        local = LuaText.local(of: id, fallback: "Program")
        var taken = TextSet([local])
        nameMaps(fields, [], &taken)
    }

    private mutating func nameMaps(_ fields: [Setting.Field], _ path: [String], _ taken: inout TextSet) {
        for field in fields {
            guard case .map(let inner) = field.value.content else { continue }
            let own = path + [field.key]
            var name = LuaText.local(of: own.joined(separator: "-"), fallback: "Part")
            while !taken.insert(name).inserted { name += "_" }
            locals[own.joined(separator: ".")] = name
            nameMaps(inner, own, &taken)
        }
    }

    private static func isName(_ name: String, at depth: Int) -> Bool {
        LineCommand.isName(name) && !ConfigType.reservedNames.contains(name)
            && (depth > 0 || !ExperimentSettings.keys.contains(name))
    }

    /// The type of a value, and why it has none.
    private func type(_ value: Setting, _ path: [String]) -> (type: String?, why: String?) {
        switch value.content {
        case .int: return ("xpm.int", nil)
        case .float: return ("xpm.float", nil)
        case .bool: return ("xpm.bool", nil)
        case .string("???"): return ("xpm.string", nil)
        case .string: return ("xpm.string", nil)
        case .null: return ("xpm.optional(xpm.any)", nil)
        case .map(let fields):
            if fields.isEmpty { return (nil, "an empty map") }
            return (locals[path.joined(separator: ".")], nil)
        case .list(let values):
            let kinds = TextSet(values.compactMap { type($0, path).type })
            if kinds.ordered == ["xpm.float", "xpm.int"] { return ("xpm.list(xpm.float)", nil) }
            guard kinds.ordered.count == 1, let kind = kinds.ordered.first, kind.hasPrefix("xpm.") else {
                return values.isEmpty ? ("xpm.list(xpm.any)", nil) : (nil, "a list of several types")
            }
            return ("xpm.list(\(kind))", nil)
        }
    }

    /// The definitions of the maps below, the inner ones first, and the parameters.
    private func parameters(
        _ fields: [Setting.Field], _ path: [String], _ definitions: inout String
    ) -> String {
        var text = ""
        for field in fields {
            let own = path + [field.key]
            guard Self.isName(field.key, at: path.count) else {
                text +=
                    "    -- not read: \(TerminalText.line(own.joined(separator: "."))): no name for a parameter\n"
                continue
            }
            let (type, why) = type(field.value, own)
            guard let type else {
                text += "    -- not read: \(own.joined(separator: ".")): \(why ?? "")\n"
                continue
            }
            if case .map(let inner) = field.value.content {
                let body = parameters(inner, own, &definitions)
                definitions +=
                    "local \(type) = xpm.config {\n  id = \(LuaText.quote("\(id).\(own.joined(separator: "."))")),\n  params = {\n\(body)  },\n}\n\n"
            }
            text += "    \(LuaText.key(field.key)) = \(type),\n"
        }
        return text
    }

    var lua: String {
        var definitions = ""
        let body = parameters(fields, [], &definitions)
        let words =
            switch command.placed(from: here, in: folder).form {
            case .text(let text): LuaText.quote("\(text) {args}")
            case .words(let words): "{ \((words + ["{args}"]).map(LuaText.quote).joined(separator: ", ")) }"
            }
        let names = fields.map(\.key).filter { body.contains("    \(LuaText.key($0)) = ") }
        let values = names.map { "      \(LuaText.key($0)) = \(LuaText.field("cfg", $0)),\n" }.joined()
        return """
            -- Made by xpm init --from \(TerminalText.line(ShellWords.quote(command.shown))), from the configuration that Hydra has composed.
            local xpm = require "xpm"

            \(definitions)local \(local) = xpm.task {
              id = \(LuaText.quote(id)),
              params = {
            \(body)  },
              command = \(words),
              args = { style = "hydra" },
            }

            function run(helper, cfg)
              \(local) {
            \(values)  }:submit()
            end

            """
    }

    /// The configuration, with something in the place of what must be given.
    func yaml() throws(SettingError) -> String {
        func filled(_ value: Setting) -> Setting {
            switch value.content {
            case .string("???"): return Setting(.string("x"), origin: .none)
            case .string(let text): return Setting(.string(text.replacing("${", with: "$${")), origin: .none)
            case .list(let values): return Setting(.list(values.map(filled)), origin: .none)
            case .map(let fields):
                return Setting(
                    .map(fields.map { .init(key: $0.key, value: filled($0.value)) }), origin: .none)
            default: return Setting(value.content, origin: .none)
            }
        }
        let known = fields.filter { Self.isName($0.key, at: 0) }
        let all =
            [Setting.Field(key: "id", value: Setting(.string(id), origin: .none))]
            + known.filter { $0.value.content != .null }.map { .init(key: $0.key, value: filled($0.value)) }
        return try YAMLText.write(Setting(.map(all), origin: .none))
    }
}
