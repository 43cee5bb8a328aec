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
        guard let fields = setting?.fields else { return false }
        return fields.contains { ["space", "minimize", "maximize"].contains($0.key) }
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
            try check(field)
            if field.key == "sampler" {
                members.append(.init("sampler", try sampler(field.value)))
            } else {
                members.append(.init(field.key, field.value.json))
            }
        }
        guard setting["space"]?.fields?.isEmpty == false else {
            throw SettingError(
                "search: what is searched? space: { lr: { loguniform: [1e-5, 1] } }", at: setting.origin)
        }
        var dimensions: [JSON] = []
        for field in setting["space"]?.fields ?? [] { try add(field.key, field.value, to: &dimensions) }
        return .object(members + [.init("dimensions", .array(dimensions))])
    }

    private static func check(_ field: Setting.Field) throws(SettingError) {
        let expected: String
        switch field.key {
        case "trials", "parallel", "patience", "seed":
            if field.value.whole != nil { return }
            expected = "a whole number"
        case "time":
            if field.value.json.number != nil { return }
            expected = "seconds"
        case "minimize", "maximize", "order", "name":
            if case .string = field.value.content { return }
            expected = "string"
        default: return
        }
        throw SettingError(
            "search: \(field.key): expected \(expected), got \(field.value.told)", at: field.value.origin)
    }

    /// `tpe`, or `{ tpe: { startup: 5 } }`.
    private static func sampler(_ setting: Setting) throws(SettingError) -> JSON {
        if case .string(let name) = setting.content { return .object([.init("sampler", .string(name))]) }
        guard let fields = setting.fields, fields.count == 1, let own = fields.first,
            case .object(let options) = own.value.json
        else {
            throw SettingError(
                "search: sampler: expected a name, or { tpe: { startup: 5 } }", at: setting.origin)
        }
        return .object([.init("sampler", .string(own.key))] + options)
    }

    private static func add(_ path: String, _ setting: Setting, to all: inout [JSON]) throws(SettingError) {
        if let fields = setting.fields, !SweepRange.isRange(setting), !isDraw(setting),
            setting["given"]?.fields == nil
        {
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
        // { given: { optimizer: sgd }, uniform: [0, 1] }, or with values: [1, 2]
        if let given = setting["given"]?.fields, let fields = setting.fields {
            let rest = fields.filter { $0.key != "given" }
            guard rest.count == 1 else {
                throw SettingError(
                    "\(path): given goes with one distribution, or values: [1, 2]", at: setting.origin)
            }
            let values =
                rest[0].key == "values" ? rest[0].value : Setting(.map(rest), origin: setting.origin)
            guard case .object(let members) = try dimension(path, values) else { return .null }
            let conditions = given.map { field in
                if case .list = field.value.content {
                    JSON.Member(field.key, field.value.json)
                } else {
                    JSON.Member(field.key, .array([field.value.json]))
                }
            }
            return .object(members + [.init("given", .object(conditions))])
        }
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
