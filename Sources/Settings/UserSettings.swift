import Model
package import System
import Text

/// `settings.yaml` of the user: workspaces, what selects them, variables for every job, the machine, and whom
/// to tell.
///
///     workspaces:
///       - id: gpu
///         path: /data/xpm             # a relative one is below the folder of settings.yaml; host:/path is elsewhere
///         triggers: ["bert-*"]        # experiments whose id matches go there
///         env: { OMP_NUM_THREADS: "4" }
///         launcher: slurm             # where its jobs run, of launchers.lua
///     env: { HF_HOME: /data/hf }
///     machine: { cores: 8, memory: 64G, gpus: [24G, 24G] }   # instead of what xpm finds; shared, busy_gpus
///     history: { max_done: 5, max_failed: 2 }                # runs of each experiment that are kept
///     notify: [{ url: "https://…", on: [failure, end] }]
///     sync: false                                            # outcomes may be lost in a power cut; true by default
///     secret: [API_KEY, password]                            # names whose values others are not to read
package struct UserSettings: Sendable {
    package struct NamedWorkspace: Sendable, Equatable {
        package var id: String
        package var path: String
        package var triggers: [String]
        package var environment: [EnvironmentVariable]
        package var history: HistoryLimits?
        /// Where its jobs run, by the name of a launcher.
        package var launcher: String?
    }

    package var workspaces: [NamedWorkspace] = []
    package var environment: [EnvironmentVariable] = []
    package var machine = MachineSettings()
    package var history: HistoryLimits?
    package var notifications: [Notification] = []
    /// Whether the outcome of a job counts only when it and what it stands for are on the disk.
    package var isDurable = true
    /// Names of variables, and of keys of configurations, whose values are secret.
    package var secretNames: [String] = []
    /// The interpreter of Python tasks.
    package var python: String?
    /// How often a resumable task goes on after a time limit, where nothing else says it.
    package var mostRetries: Int?
    /// What is no key of it.
    package private(set) var warnings: [String] = []

    package init() {}

    /// Reads the merged file.
    ///
    /// - Throws: an unknown key or a value of the wrong type, at its place.
    package init(_ setting: Setting) throws(SettingError) {
        warnings = try Self.unknown(in: setting)
        if let retries = setting["max_retries"] {
            guard let count = retries.whole, (0...1 << 20).contains(count) else {
                throw SettingError(
                    "max_retries: expected a number from 0, got \(retries.told)", at: retries.origin)
            }
            mostRetries = Int(count)
        }
        environment = try Self.variables(setting["env"])
        if let setting = setting["machine"] { machine = try Self.machine(setting) }
        history = try setting["history"].map { setting throws(SettingError) in try HistoryLimits(setting) }
        if let python = setting["python"] {
            guard case .string(let path) = python.content, !path.isEmpty else {
                throw SettingError(
                    "python: expected the path of a Python, got \(python.told)", at: python.origin)
            }
            self.python =
                path.hasPrefix("~/")
                ? "\(Paths.home)\(path.dropFirst())"
                : path.contains("/") ? Paths.absolute(path, from: Paths.parent(Self.path)) : path
        }
        if let sync = setting["sync"] {
            guard case .bool(let isDurable) = sync.content else {
                throw SettingError("sync: expected true or false, got \(sync.told)", at: sync.origin)
            }
            self.isDurable = isDurable
        }
        if let list = setting["secret"] {
            guard case .list(let names) = list.content else {
                throw SettingError("secret: expected a list of names, got \(list.told)", at: list.origin)
            }
            secretNames = try names.map { name throws(SettingError) in
                guard case .string(let text) = name.content, !text.isEmpty else {
                    throw SettingError("secret: expected a name, got \(name.told)", at: name.origin)
                }
                return text
            }
        }
        if let list = setting["notify"] { notifications = try Notification.list(list) }
        guard let list = setting["workspaces"] else { return }
        guard case .list(let items) = list.content else {
            throw SettingError("workspaces: expected a list, got \(list.told)", at: list.origin)
        }
        for item in items {
            try Self.refuseUnknown(
                ["id", "path", "triggers", "env", "history", "launcher"], in: item, of: "a workspace")
            guard case .string(let id)? = item["id"]?.content, case .string(let path)? = item["path"]?.content
            else {
                throw SettingError("a workspace needs an id and a path", at: item.origin)
            }
            if workspaces.contains(where: { $0.id == id }) {
                throw SettingError("there are two workspaces '\(id)'", at: item.origin)
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
                    id: id,
                    // One on another host stays as it is.
                    path: RemoteFolder(path) == nil
                        ? Paths.absolute(path, from: Paths.parent(Self.path)) : path,
                    triggers: triggers,
                    environment: try Self.variables(item["env"]),
                    history: try item["history"].map { setting throws(SettingError) in
                        try HistoryLimits(setting)
                    }, launcher: try Self.launcher(item["launcher"])))
        }
    }

    private static func launcher(_ setting: Setting?) throws(SettingError) -> String? {
        guard let setting else { return nil }
        guard case .string(let name) = setting.content, !name.isEmpty else {
            throw SettingError(
                "launcher: expected the name of a launcher, got \(setting.told)", at: setting.origin)
        }
        return name
    }

    /// The path of the file: in `$XDG_CONFIG_HOME/xpm`, or `~/.config/xpm`.
    package static var path: String {
        let folder =
            Environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(Paths.home)/.config"
        return "\(folder)/xpm/settings.yaml"
    }

    /// The workspace of an experiment: the one named, else the first whose trigger fits, else the first; nil
    /// if there is none.
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

    private static let keys = [
        "workspaces", "env", "machine", "history", "max_retries", "notify", "python", "secret", "sync",
    ]

    /// The keys that mean nothing here, such as those of experimaestro: each with its place.
    private static func unknown(in setting: Setting) throws(SettingError) -> [String] {
        guard let fields = setting.fields else {
            throw SettingError("settings.yaml: expected a table, got \(setting.told)", at: setting.origin)
        }
        return fields.filter { !keys.contains($0.key) }.map { field in
            let hint = Suggestion.hint(for: field.key, among: keys)
            return "\(field.place.text): settings.yaml has no key '\(field.key)'\(hint): left out"
        }
    }

    static func refuseUnknown(_ known: [String], in setting: Setting, of what: String)
        throws(SettingError)
    {
        guard let fields = setting.fields else {
            throw SettingError("\(what): expected a table, got \(setting.told)", at: setting.origin)
        }
        for field in fields where !known.contains(field.key) {
            let nearest =
                Suggestion.hint(for: field.key, among: known)
            throw SettingError("\(what) has no key '\(field.key)'\(nearest)", at: field.place)
        }
    }

    /// `machine: { cores: 8, memory: 64G, gpus: [24G, 24G], shared: /srv/xpm, busy_gpus: use }`; what is left
    /// out is found out.
    private static func machine(_ setting: Setting) throws(SettingError) -> MachineSettings {
        try refuseUnknown(["cores", "memory", "gpus", "shared", "busy_gpus"], in: setting, of: "machine")
        var settings = MachineSettings()
        settings.machine = try given(setting)
        if let shared = setting["shared"] {
            guard case .string(let path) = shared.content, path.hasPrefix("/") else {
                throw SettingError(
                    "shared: expected the absolute path of a folder, got \(shared.told)", at: shared.origin)
            }
            settings.sharedFolder = path
        }
        if let busy = setting["busy_gpus"] {
            guard case .string(let word) = busy.content, ["use", "avoid"].contains(word) else {
                throw SettingError("busy_gpus: expected use or avoid, got \(busy.told)", at: busy.origin)
            }
            settings.usesBusyGPUs = word == "use"
        }
        return settings
    }

    private static func given(_ setting: Setting) throws(SettingError) -> Machine {
        var machine = Machine.found
        if let cores = setting["cores"] {
            guard let count = cores.whole, count >= 1, count <= 1 << 20 else {
                throw SettingError("cores: expected a number from 1, got \(cores.told)", at: cores.origin)
            }
            machine.cores = Int(count)
        }
        if let memory = setting["memory"] { machine.memory = try size("memory", memory) }
        guard let gpus = setting["gpus"] else { return machine }
        guard case .list(let sizes) = gpus.content else {
            throw SettingError("gpus: expected a list of their memories, got \(gpus.told)", at: gpus.origin)
        }
        var given: [GPU] = []
        for one in sizes { given.append(GPU(name: String(given.count), memory: try size("gpus", one))) }
        machine.gpus = given
        return machine
    }

    private static func size(_ key: String, _ setting: Setting) throws(SettingError) -> Int64 {
        do throws(RequirementError) { return try Requirement.bytes(setting.value.plainText) } catch {
            throw SettingError("\(key): \(error.problem)", at: setting.origin)
        }
    }

    private static func variables(_ setting: Setting?) throws(SettingError) -> [EnvironmentVariable] {
        guard let setting, setting.content != .null else { return [] }
        guard let fields = setting.fields else {
            throw SettingError("env: expected names and values, got \(setting.told)", at: setting.origin)
        }
        for field in fields {
            guard EnvironmentVariable.isName(field.key) else {
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
