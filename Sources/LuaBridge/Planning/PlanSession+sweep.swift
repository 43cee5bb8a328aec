import Engine
import Model
import Search
package import Settings
import Text

/// The configurations of a plan: one, or those of a sweep.
extension PlanSession {
    /// A configuration, and the tags of what a sweep has given it.
    struct Point {
        let configuration: Value
        let values: [SweepPoints.Value]
        /// What the sweep gives, as it was written.
        var given: ConfigurationSweep.Point = []
    }

    /// The configuration's own sweep among those of the script, which count from 1.
    private static let number: Int64 = -1

    /// A parameter that gets what a point gives gets its tag.
    func go(to point: Point) {
        module.sweepPoints.set(Self.number, to: point.values, isLoop: true)
    }

    func leavePoint() { module.sweepPoints.end(Self.number) }

    /// What varies and is on no job: `rate = cfg.lr` gets no tag by itself.
    func tellTagless() {
        guard let experiment else { return }
        let ofScript = module.sweptTags.names
        var missing = ofScript.union(TextSet(sweep.varying.map(\.path)))
        if missing.isEmpty { return }
        let jobs = experiment.submitted
        if jobs.isEmpty { return }
        for job in jobs {
            if missing.isEmpty { return }
            for tag in job.tags { missing.remove(tag.name) }
        }
        for path in missing.ordered {
            let name = SettingPath.steps(path)?.last ?? path
            module.warnOnce(
                "no job has the tag '\(path)', which varies: a parameter named '\(name)' that gets its value has it; under another name, xpm.tag(\"\(path)\", \(ofScript.contains(path) ? "p" : "cfg").\(path)) gives it"
            )
        }
    }

    /// Checks the configuration of each point by the script's schema if it has one.
    func checkConfiguration() throws {
        guard main != nil else { return }
        let record = schema
        sweep = input.sweep
        if let record { try addSwept(of: record, input.configuration, "") }
        if sweep.isEmpty, let sample = sweep.sample {
            throw SettingError("a sample of \(sample.count): nothing is swept here", at: .none)
        }
        // Without the values to come nothing is whole.
        if input.search != nil {
            let own = TextSet(record?.parameters.map(\.name) ?? [])
            for way in searchedWays {
                let name = SettingPath.steps(way)?.first ?? way
                if ExperimentSettings.keys.contains(name), !own.contains(name) {
                    throw SettingError(
                        "search: '\(name)' is the experiment's own: it cannot be searched", at: .none)
                }
                if let axis = sweep.axes.first(where: { $0.paths.contains(way) }) {
                    throw SettingError("'\(way)' is searched, and swept too", at: axis.origin)
                }
            }
        }
        guard input.stream == nil, input.search == nil else { return }
        guard !sweep.isEmpty else {
            points = [Point(configuration: try checked(input.configuration, record), values: [])]
            return
        }
        let own = TextSet(record?.parameters.map(\.name) ?? [])
        for axis in sweep.axes {
            for path in axis.paths {
                let name = SettingPath.steps(path)?.first ?? path
                if ExperimentSettings.keys.contains(name), !own.contains(name) {
                    throw SettingError(
                        "'\(name)' is the experiment's own: it cannot be swept", at: axis.origin)
                }
            }
        }
        let tagged = tagged
        var last: Checked?
        let all = try sweep.points().map { try self.point($0, record, after: &last) }
        // 1 and 1.0 are one value to a parameter that is an int.
        var seen: TextSet = []
        points = all.filter { point in
            tagged.isEmpty
                || seen.insert(
                    point.values.map { Self.key($0.tag.value) }.joined(separator: "\n")
                )
                .inserted
        }
    }

    /// The ways that give a tag.
    private var tagged: TextSet {
        TextSet(
            sweep.axes.filter { !$0.isConstant }.flatMap(\.paths) + (input.stream.map { [$0.path] } ?? [])
                + searchedWays)
    }

    /// The ways that a search of the configuration gives values.
    private var searchedWays: [String] {
        guard case .array(let dimensions)? = input.search?["dimensions"] else { return [] }
        return dimensions.compactMap { $0["way"]?.string }
    }

    /// The configuration at a point, and its tags.
    private func point(
        _ point: ConfigurationSweep.Point, _ record: Record?, after last: inout Checked?
    ) throws -> Point {
        let configuration = try checked(point, record, after: &last)
        let tagged = tagged
        let values = point.filter { tagged.contains($0.path) }.map { path, value in
            let way = SettingPath.steps(path) ?? [path]
            let checked = Self.value(at: way, in: configuration) ?? value.value
            let shown: Value =
                switch checked {
                case .path, .file: value.value
                default: checked
                }
            return SweepPoints.Value(tag: .init(name: path, value: shown), steps: way, value: checked)
        }
        return Point(configuration: configuration, values: values, given: point)
    }

    /// Does something at each point, those of values that are still to come among them.
    func forEachPoint(_ body: (Point) throws -> Void) throws {
        let record = schema
        if let spec = input.search { return try forEachTrial(spec, record, body) }
        guard let stream = input.stream else {
            for point in points { try body(point) }
            return
        }
        let known = sweep.isEmpty ? [[]] : try sweep.points()
        var last: Checked?
        while let value = try stream.next(lua.flag) {
            for point in known {
                try body(self.point(point + [(stream.path, value)], record, after: &last))
            }
        }
        if lua.flag.isRaised { throw ScriptError("interrupted") }
    }

    /// Does something at each trial of a search of the configuration; what is submitted there decides about it.
    private func forEachTrial(_ spec: JSON, _ record: Record?, _ body: (Point) throws -> Void) throws {
        guard let experiment else { return }
        // Other values beside those that are searched make another search.
        let rest = (input.configuration.fields ?? []).filter { !ExperimentSettings.keys.contains($0.key) }
        let context: JSON = [
            "configuration": Setting(.map(rest), origin: .none).json,
            "crossed": .array(
                sweep.axes.map { axis in
                    [
                        "ways": .array(axis.paths.map { .string($0) }),
                        "values": .array(axis.steps.map { .array($0.map(\.json)) }),
                    ]
                }),
        ]
        guard case .object(let members) = spec else { return }
        let run = try startSearch(.object(members + [.init("context", context)]), prior: nil, experiment)
        let known = sweep.isEmpty ? [[]] : try sweep.points()
        var last: Checked?
        while let trial = try nextTrial(of: run, experiment, propose: nil) {
            collected = []
            defer { collected = nil }
            let values = trial.point.values.map { way, value in
                (path: way, value: Setting(value: value.value, origin: .option("search")))
            }
            for point in known { try body(self.point(point + values, record, after: &last)) }
            var seen: Set<JobNumber> = []
            let jobs = (collected ?? []).filter { seen.insert($0.spec.number).inserted }
            guard !jobs.isEmpty else {
                throw ScriptError(
                    "the search has a trial \(trial.point.key), for which the plan submits nothing")
            }
            try run.tell(trial.number, jobs: jobs, given: nil, areAll: true)
        }
        if let (trial, value) = run.best {
            module.warn(
                "best trial: \(trial.number), \(run.request.metric) = \(NumberText.lua(value)), \(trial.point.key)"
            )
        }
    }

    /// What the script says of its configuration.
    private var schema: Record? {
        guard let main else { return nil }
        let stack = lua.stack
        stack.push(main)
        stack.get("configuration", from: -1)
        defer { stack.pop(2) }
        if let spec = stack.object(-1, .parameterSpec), case .record(let found) = spec.parameter.type {
            return found
        }
        return nil
    }

    /// A text that is another for each other value.
    private static func key(_ value: Value) -> String {
        switch value {
        case .string(let text), .path(let text), .file(let text, _): "\"\(text)"
        case .int(let number): "i\(number)"
        case .float(let number): "f\(number.bitPattern)"
        case .bool, .null: value.told
        default: JSON(plain: value).text
        }
    }

    /// A value as the schema has made it.
    private static func value(at steps: [String], in configuration: Value) -> Value? {
        steps.reduce(configuration) { value, step in
            guard case .map(let entries)? = value else { return nil }
            return entries.first { $0.key == .string(step) }?.value
        }
    }

    /// A point that was checked: the next one differs in what is swept.
    private struct Checked {
        let point: ConfigurationSweep.Point
        let entries: [Value.Entry]
    }

    /// The configuration at a point of the sweep.
    ///
    /// - Parameter last: the one before, of which this one takes what is the same.
    private func checked(
        _ point: ConfigurationSweep.Point, _ record: Record?, after last: inout Checked?
    ) throws -> Value {
        if let record, !hasReferences, let before = last,
            let entries = Self.changed(before, to: point, record)
        {
            last = Checked(point: point, entries: entries)
            return .map(entries)
        }
        var setting = input.configuration
        for (path, value) in point { try setting.set(path, to: value) }
        let configuration = try checked(setting, record)
        if case .map(let entries) = configuration { last = Checked(point: point, entries: entries) }
        return configuration
    }

    /// The configuration of a point whose values are of parameters at the top of the schema, and fit; nil for
    /// any other, which is read as a whole.
    private static func changed(
        _ before: Checked, to point: ConfigurationSweep.Point, _ record: Record
    ) -> [Value.Entry]? {
        guard before.point.count == point.count else { return nil }
        var entries = before.entries
        for (old, new) in zip(before.point, point) {
            guard old.path == new.path else { return nil }
            if old.value.content == new.value.content, old.value.origin == new.value.origin { continue }
            // A map is laid over what is there.
            if case .map = new.value.content { return nil }
            guard let parameter = record.parameters.first(where: { $0.name == new.path }),
                let place = entries.firstIndex(where: { $0.key == .string(new.path) }),
                (try? refuseHoles(new.value)) != nil,
                let value = try? parameter.value(
                    given: new.value.fitted(to: parameter.type).value, of: "", depth: 1)
            else { return nil }
            entries[place].value = value
        }
        return entries
    }

    /// Adds what the schema says is swept and has several values, unless the sweep has it already.
    private func addSwept(of record: Record, _ setting: Setting, _ prefix: String) throws(SettingError) {
        for parameter in record.parameters {
            guard let value = setting[parameter.name] else { continue }
            let path = prefix + SettingPath.step(parameter.name)
            if parameter.isSwept {
                if let axis = sweep.axes.first(where: { $0.paths.contains(path) }) {
                    if case .list = value.content, value.origin.isInFile(of: axis.origin) {
                        throw SettingError(
                            "'\(path)' is swept twice: here, and at \(axis.origin.text)", at: value.origin)
                    }
                    continue
                }
                switch value.content {
                case .list, .map: try sweep.add(ConfigurationSweep.axis(path, value))
                default: break
                }
            } else if case .record(let inner) = parameter.type {
                try addSwept(of: inner, value, "\(path).")
            }
        }
    }

    /// A configuration as `run` gets it.
    private func checked(_ setting: Setting, _ record: Record?) throws -> Value {
        var setting = setting
        if hasReferences {
            // They follow the values of this point, and the defaults of the schema.
            setting = try setting.resolvingReferences(
                record.map { .record($0) } ?? Setting.Schema.none, read: input.readBracketed)
        }
        for field in setting.fields ?? [] where field.key != "grid_search" {
            try Self.refuseHoles(field.value)
        }
        guard let record else { return setting.value }
        setting = try setting.completed(by: record).fitted(to: .record(record))
        let base = TextSet(ExperimentSettings.keys)
        let fields = setting.fields ?? []
        let own = TextSet(record.parameters.map(\.name))
        let given = fields.filter { own.contains($0.key) || !base.contains($0.key) }
        do throws(ValueError) {
            let checked = try record.accept(
                .map(given.map { .init(key: .string($0.key), value: $0.value.value) }))
            guard case .map(var entries) = checked else { return checked }
            for field in fields where base.contains(field.key) && !own.contains(field.key) {
                entries.append(.init(key: .string(field.key), value: field.value.value))
            }
            return .map(entries.sorted { ByteOrder.less($0.key, $1.key) })
        } catch {
            let name = Self.way(error.path)
            guard case .unknownParameter(let key, _, let nearest, _) = error.problem else {
                let origin = setting.origin(at: error.path)
                let advice = Self.advice(error, origin) + Self.sweepAdvice(error, name, setting.at(name))
                throw SettingError("\(name): \(error.text)\(advice)", at: origin)
            }
            // The experiment's own keys stand there too.
            let isOutside = nearest == nil && fields.contains { $0.key == key }
            let hint = isOutside ? Suggestion.hint(for: key, among: Array(ExperimentSettings.keys)) : ""
            if nearest == nil, let (outer, inner) = key.cut(at: "."), own.contains(outer) {
                throw SettingError(
                    "unknown key '\(key)' (a map in a map: \(outer): { \(inner): … })",
                    at: setting.place(ofKey: key, at: error.path))
            }
            throw SettingError(error.text + hint, at: setting.place(ofKey: key, at: error.path))
        }
    }

    /// The way that `-c` takes to what an error is about: `layers.0` for `.layers[1]`.
    private static func way(_ path: String) -> String {
        var way = ""
        var rest = path[...]
        while let (before, after) = rest.cut(at: "["), let (digits, behind) = after.cut(at: "]"),
            let number = Int(digits)
        {
            way += "\(before).\(number - 1)"
            rest = behind
        }
        way += rest
        return way.after(".").map(String.init) ?? way
    }

    /// A Lua list ends where nothing is: null in one would be lost, or its end.
    private static func refuseHoles(_ setting: Setting) throws(SettingError) {
        switch setting.content {
        case .list(let values):
            for (index, value) in values.enumerated() {
                if value.content == .null {
                    throw SettingError(
                        "null in a list, at position \(index): Lua has no place for it; leave it out, or give values one by one (grid_search, xpm.sweep)",
                        at: value.origin)
                }
                try refuseHoles(value)
            }
        case .map(let fields): for field in fields { try refuseHoles(field.value) }
        default: break
        }
    }

    /// How several values are given one after the other, and how a list is written.
    private static func sweepAdvice(_ error: ValueError, _ name: String, _ given: Setting?) -> String {
        guard case .wrongType(let expected, _) = error.problem, let given else { return "" }
        let takesList = expected.hasPrefix("list") || expected.hasPrefix("set")
        switch given.content {
        case .list(let values) where !takesList && values.count > 1:
            return "; to try each: --sweep \(name)=…, or grid_search: { \(name): […] }"
        case .string(let text) where text.contains(",") || text.contains(".."):
            guard takesList || ["int", "float"].contains(expected) else { return "" }
            return takesList
                ? "; a list is [1, 2, 3]" : "; to try each: --sweep \(name)=\(ShellWords.quote(text))"
        default: return ""
        }
    }

    /// How a text is written that looks like something else: `-c 's="012"'`.
    private static func advice(_ error: ValueError, _ origin: Setting.Origin) -> String {
        guard case .wrongType("string", let got) = error.problem, !got.hasPrefix("table"),
            !got.hasPrefix("list"),
            case .option(let option) = origin, let (name, value) = option.cut(at: "="),
            !value.hasPrefix("["), !value.hasPrefix("{"), !value.contains(",")
        else { return "" }
        let quoted = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let words = name.cut(at: " ").map { "\($0.before) '\($0.after)" } ?? "'\(name)"
        return "; as a text: \(words)=\"\(quoted)\"'"
    }

    /// Whether the script says what the configuration may contain.
    var hasSchema: Bool {
        guard let main else { return false }
        lua.stack.push(main)
        lua.stack.get("configuration", from: -1)
        defer { lua.stack.pop(2) }
        return lua.stack.kind(-1) == .object
    }

    // MARK: What is told

    /// `24 points: lr (3), seed (8)`; nil where nothing is swept.
    package var sweepText: String? {
        if sweep.isEmpty { return nil }
        let names = sweep.varying.map { "\($0.path) (\($0.count))" }.joined(separator: ", ")
        return "\(points.count) point\(points.count == 1 ? "" : "s")\(names.isEmpty ? "" : ": ")\(names)"
    }

    /// The points of the sweep, the values of each by the names of what is swept.
    package var sweepPoints: [[(path: String, value: Setting)]] {
        points.map(\.given)
    }
}
