import Model
package import Text

/// A search of a configuration: `search:` in YAML, or options.
///
///     search:
///       minimize: loss
///       trials: 60
///       space:
///         lr: { loguniform: [1e-5, 1] }
///         optimizer: [adam, sgd]
package enum SearchSettings {
    /// The keys beside `space`.
    private static let keys = [
        "minimize", "maximize", "trials", "parallel", "seed", "order", "patience", "time", "failed",
        "sampler", "name",
    ]

    /// Whether a value is a search, and no parameter that is called so.
    package static func isSearch(_ setting: Setting?) -> Bool {
        setting?["space"]?.fields != nil
    }

    /// What `xpm.search` would get, as JSON, without the name.
    package static func spec(_ setting: Setting) throws(SettingError) -> JSON {
        var members: [JSON.Member] = []
        for field in setting.fields ?? [] where field.key != "space" {
            guard keys.contains(field.key) else {
                throw SettingError(
                    "search: there is no '\(field.key)'\(Suggestion.hint(for: field.key, among: keys + ["space"]))",
                    at: field.place)
            }
            if field.key == "sampler", case .string(let name) = field.value.content {
                members.append(.init("sampler", .object([.init("sampler", .string(name))])))
            } else {
                members.append(.init(field.key, field.value.json))
            }
        }
        var dimensions: [JSON] = []
        for field in setting["space"]?.fields ?? [] { try add(field.key, field.value, to: &dimensions) }
        return .object(members + [.init("dimensions", .array(dimensions))])
    }

    private static func add(_ path: String, _ setting: Setting, to all: inout [JSON]) throws(SettingError) {
        if let fields = setting.fields, !SweepRange.isRange(setting), !isDraw(setting) {
            for field in fields { try add("\(path).\(SettingPath.step(field.key))", field.value, to: &all) }
            return
        }
        all.append(try dimension(path, setting))
    }

    private static let draws = ["uniform", "loguniform", "integers"]

    private static func isDraw(_ setting: Setting) -> Bool {
        setting.fields.map { $0.count == 1 && draws.contains($0[0].key) } ?? false
    }

    /// A parameter and what it may have: a distribution, a list or a range.
    package static func dimension(_ path: String, _ setting: Setting) throws(SettingError) -> JSON {
        if isDraw(setting), let field = setting.fields?.first {
            // Says what is wrong with its bounds.
            _ = try SweepDraw(setting, path)
            guard case .list(let ends) = field.value.content, ends.count == 2 else { return .null }
            return [
                "way": .string(path), "kind": .string(field.key), "low": ends[0].json, "high": ends[1].json,
            ]
        }
        let axis = try ConfigurationSweep.axis(path, setting)
        return [
            "way": .string(axis.paths[0]), "kind": "choice", "values": .array(axis.steps.map { $0[0].json }),
        ]
    }

    /// `loguniform:1e-5..1` as `{ loguniform: [1e-5, 1] }`; nil for what is no distribution.
    package static func draw(_ text: String, at origin: Setting.Origin) throws(SettingError) -> Setting? {
        guard let (name, rest) = text.cut(at: ":"), draws.contains(name) else { return nil }
        var ends: [Setting] = []
        for part in rest.split(separator: "..", omittingEmptySubsequences: false) {
            ends.append(Setting(try Setting.Content(plain: String(part), at: origin), origin: origin))
        }
        return Setting(
            .map([.init(key: String(name), value: Setting(.list(ends), origin: origin))]), origin: origin)
    }
}
