/// `settings.yaml` of the user: workspaces, what selects them, and variables for every job.
///
///     workspaces:
///       - id: gpu
///         path: /data/xpm
///         triggers: ["bert-*"]        # experiments whose id matches go there
///         env: { OMP_NUM_THREADS: "4" }
///     env: { HF_HOME: /data/hf }
///     server: { host: 127.0.0.1, port: 12345 }
package struct UserSettings: Sendable {
    package struct NamedWorkspace: Sendable, Equatable {
        package var id: String
        package var path: String
        package var triggers: [String]
        package var environment: [JobScript.Variable]
    }

    package var workspaces: [NamedWorkspace] = []
    package var environment: [JobScript.Variable] = []

    package init() {}

    /// Reads the merged file.
    ///
    /// - Throws: an unknown key or a value of the wrong type, at its place.
    package init(_ setting: Setting) throws(SettingError) {
        try Self.refuseUnknown(["workspaces", "env", "server"], in: setting, of: "settings.yaml")
        environment = try Self.variables(setting["env"])
        if let server = setting["server"] {
            try Self.refuseUnknown(["host", "port"], in: server, of: "server")
        }
        guard let list = setting["workspaces"] else { return }
        guard case .list(let items) = list.content else {
            throw SettingError("workspaces: expected a list, got \(list.told)", at: list.origin)
        }
        for item in items {
            try Self.refuseUnknown(["id", "path", "triggers", "env"], in: item, of: "a workspace")
            guard case .string(let id)? = item["id"]?.content, case .string(let path)? = item["path"]?.content
            else {
                throw SettingError("a workspace needs an id and a path", at: item.origin)
            }
            var triggers: [String] = []
            if let patterns = item["triggers"] {
                guard case .list(let values) = patterns.content else {
                    throw SettingError(
                        "triggers: expected a list of patterns, got \(patterns.told)", at: patterns.origin)
                }
                triggers = values.map(\.value.plainText)
            }
            workspaces.append(
                NamedWorkspace(
                    id: id, path: Paths.absolute(path), triggers: triggers,
                    environment: try Self.variables(item["env"])))
        }
    }

    /// The path of the file: in `$XDG_CONFIG_HOME/xpm`, or `~/.config/xpm`.
    package static var path: String {
        let folder =
            Environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(Paths.home)/.config"
        return "\(folder)/xpm/settings.yaml"
    }

    /// The workspace of an experiment: the one named, else the first whose trigger fits, else the first; nil if there is none.
    package func workspace(named id: String?, for experiment: String) throws(SettingError) -> NamedWorkspace?
    {
        if let id {
            if let found = workspaces.first(where: { $0.id == id }) { return found }
            let nearest = Suggestion.nearest(to: id, among: workspaces.map(\.id))
            throw SettingError(
                "no workspace '\(id)' in \(Paths.shown(Self.path))"
                    + (nearest.map { " (did you mean '\($0)'?)" } ?? ""),
                at: .none)
        }
        return workspaces.first { $0.triggers.contains { Glob.matches(experiment, pattern: $0) } }
            ?? workspaces.first
    }

    private static func refuseUnknown(_ known: [String], in setting: Setting, of what: String)
        throws(SettingError)
    {
        guard let fields = setting.fields else {
            throw SettingError("\(what): expected a table, got \(setting.told)", at: setting.origin)
        }
        for field in fields where !known.contains(field.key) {
            let nearest =
                Suggestion.nearest(to: field.key, among: known).map { " (did you mean '\($0)'?)" } ?? ""
            throw SettingError("\(what) has no key '\(field.key)'\(nearest)", at: field.value.origin)
        }
    }

    private static func variables(_ setting: Setting?) throws(SettingError) -> [JobScript.Variable] {
        guard let setting, setting.content != .null else { return [] }
        guard let fields = setting.fields else {
            throw SettingError("env: expected names and values, got \(setting.told)", at: setting.origin)
        }
        for field in fields {
            guard JobScript.Variable.isName(field.key) else {
                throw SettingError("env: '\(field.key)' cannot name a variable", at: field.value.origin)
            }
            switch field.value.content {
            case .string, .int, .bool: continue
            default:
                throw SettingError(
                    "env: \(field.key): expected a string, got \(field.value.told)", at: field.value.origin)
            }
        }
        return fields.map { .init(name: $0.key, value: $0.value.value.plainText) }
    }
}

/// Shell patterns: `*`, `?` and `[a-z]` within a name.
package enum Glob {
    package static func matches(_ name: some StringProtocol, pattern: some StringProtocol) -> Bool {
        matches(Array(name)[...], Array(pattern)[...])
    }

    private static func matches(_ name: ArraySlice<Character>, _ pattern: ArraySlice<Character>) -> Bool {
        var (name, pattern) = (name, pattern)
        // Where to go on after a mismatch: the last star takes one character more.
        var retry: (name: ArraySlice<Character>, pattern: ArraySlice<Character>)?
        while true {
            if pattern.first == "*" {
                pattern = pattern.dropFirst()
                retry = (name.dropFirst(), pattern)
                if name.isEmpty { retry = nil }
            } else if let character = name.first, let rest = step(character, pattern) {
                name = name.dropFirst()
                pattern = rest
            } else if name.isEmpty && pattern.isEmpty {
                return true
            } else if let (later, after) = retry {
                (name, pattern) = (later, after)
                retry = later.isEmpty ? nil : (later.dropFirst(), after)
            } else {
                return false
            }
        }
    }

    /// What is left of the pattern after one character, or nil if it does not fit.
    private static func step(_ character: Character, _ pattern: ArraySlice<Character>) -> ArraySlice<
        Character
    >? {
        guard let first = pattern.first else { return nil }
        if first == "?" { return pattern.dropFirst() }
        guard first == "[", let end = pattern.dropFirst(2).firstIndex(of: "]") else {
            return first == character ? pattern.dropFirst() : nil
        }
        var inside = pattern[(pattern.startIndex + 1)..<end]
        let isNegated = inside.first == "!"
        if isNegated { inside = inside.dropFirst() }
        var isIn = false
        while let low = inside.first {
            if inside.count >= 3, inside[inside.startIndex + 1] == "-" {
                isIn = isIn || (low...max(low, inside[inside.startIndex + 2])).contains(character)
                inside = inside.dropFirst(3)
            } else {
                isIn = isIn || low == character
                inside = inside.dropFirst()
            }
        }
        return isIn != isNegated ? pattern[(end + 1)...] : nil
    }
}
