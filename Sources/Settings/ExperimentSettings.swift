import Model
package import Text

/// What xpm itself reads of an experiment's merged YAML: the keys that every experiment has.
package struct ExperimentSettings: Sendable {
    package enum DirtyGit: String, Sendable, CaseIterable { case ignore, warn, error }

    package var id: String?
    /// The script, as an absolute path without regard to whether `.lua` was written.
    package var file: String?
    /// Where that stands.
    package private(set) var fileOrigin = Setting.Origin.none
    package var module: String?
    /// Absolute folders.
    package var luapath: [String] = []
    /// Where the modules of Python tasks are.
    package var pythonpath: [String] = []
    /// A script (absolute path) or a module name.
    package var preExperiment: String?
    package var addTimestamp = false
    package var dirtyGit = DirtyGit.warn
    /// Whether `dirty_git` is given.
    package var saysDirtyGit = false
    package var title: String?
    /// `grid_search`.
    package var sweep = ConfigurationSweep()
    /// `search`, as `xpm.search` would get it.
    package var search: JSON?

    /// Every key that xpm reads; the rest belongs to the experiment.
    package static let keys: [String] = [
        "id", "file", "module", "luapath", "pythonpath", "imports", "parent", "pre_experiment", "title",
        "subtitle",
        "description", "paper", "add_timestamp", "dirty_git", "grid_search", "search",
    ]

    /// Keys of the file that are one of these but for capitals, and signs between words: they mean nothing to xpm.
    ///
    /// - Returns: a warning for each.
    package static func nearMisses(in setting: Setting) -> [String] {
        func plain(_ key: String) -> [UInt8] {
            key.utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }.map {
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0
            }
        }
        // What describes an experiment may be a parameter's name too.
        let known = keys.filter { !["title", "subtitle", "description", "paper"].contains($0) }
        return (setting.fields ?? []).compactMap { field in
            guard !keys.contains(field.key), let key = known.first(where: { plain($0) == plain(field.key) })
            else { return nil }
            return "\(field.place.text): '\(field.key)' is the experiment's own: did you mean '\(key)'?"
        }
    }

    /// Reads the keys of a merged configuration.
    ///
    /// - Throws: a key of the wrong type, at its place.
    package init(_ setting: Setting) throws(SettingError) {
        id = try Self.string("id", in: setting)
        title = try Self.string("title", in: setting)
        for key in ["subtitle", "description", "paper"] { _ = try Self.string(key, in: setting) }
        file = try Self.string("file", in: setting)
        fileOrigin = setting["file"]?.origin ?? .none
        module = try Self.string("module", in: setting)
        preExperiment = try Self.string("pre_experiment", in: setting)
        pythonpath = try Self.strings("pythonpath", in: setting)
        luapath = try Self.strings("luapath", in: setting) + pythonpath
        addTimestamp = try Self.bool("add_timestamp", in: setting)
        if let name = try Self.string("dirty_git", in: setting) {
            guard let action = DirtyGit(rawValue: name) else {
                throw SettingError(
                    "dirty_git: expected ignore, warn or error, got \"\(name)\"",
                    at: setting.origin(at: ".dirty_git"))
            }
            dirtyGit = action
            saysDirtyGit = true
        }
        if let grid = setting["grid_search"], grid.content != .null { sweep = try ConfigurationSweep(grid) }
        if let search = setting["search"], SearchSettings.isSearch(search) {
            self.search = try SearchSettings.spec(search)
        }
        if file != nil, module != nil {
            throw SettingError("'file' and 'module' exclude each other", at: setting.origin(at: ".module"))
        }
        if let id { try Self.check(id: id, at: setting.origin(at: ".id")) }
    }

    /// An experiment's id names a folder.
    package static func check(id: String, at origin: Setting.Origin) throws(SettingError) {
        if let problem = LongName.problem(id, "the id of an experiment") {
            throw SettingError("id: \(problem)", at: origin)
        }
        let isFine =
            !id.isEmpty && !id.hasPrefix(".")
            && id.unicodeScalars.allSatisfy { $0 != "/" && $0.value >= 0x20 && $0.value != 0x7f }
        if !isFine { throw SettingError("id: \"\(id)\" cannot name a folder", at: origin) }
    }

    private static func string(_ key: String, in setting: Setting) throws(SettingError) -> String? {
        guard let value = setting[key] else { return nil }
        switch value.content {
        case .null: return nil
        case .string(let text): return text
        default: throw SettingError("\(key): expected string, got \(value.told)", at: value.origin)
        }
    }

    private static func bool(_ key: String, in setting: Setting) throws(SettingError) -> Bool {
        guard let value = setting[key] else { return false }
        guard case .bool(let flag) = value.content else {
            throw SettingError("\(key): expected bool, got \(value.told)", at: value.origin)
        }
        return flag
    }

    private static func strings(_ key: String, in setting: Setting) throws(SettingError) -> [String] {
        guard let value = setting[key], value.content != .null else { return [] }
        if case .string(let text) = value.content { return [text] }
        guard case .list(let values) = value.content else {
            throw SettingError("\(key): expected a list of folders, got \(value.told)", at: value.origin)
        }
        var found: [String] = []
        for one in values {
            guard case .string(let text) = one.content else {
                throw SettingError("\(key): expected string, got \(one.told)", at: one.origin)
            }
            found.append(text)
        }
        return found
    }
}
