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
            let hint = Suggestion.hint(for: id, among: workspaces.map(\.id))
            throw SettingError(
                "no workspace '\(id)' in \(Paths.shown(Self.path))" + hint,
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
                Suggestion.hint(for: field.key, among: known)
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
