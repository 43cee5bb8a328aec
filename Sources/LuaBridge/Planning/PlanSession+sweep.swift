package import Engine
import Text

/// The configurations of a plan: one, or those of a sweep.
extension PlanSession {
    /// A configuration, and the tags of what a sweep has given it.
    struct Point {
        let configuration: Value
        let tags: [ConfigObject.Tag]
    }

    /// Checks the configuration of each point by the script's schema if it has one.
    func checkConfiguration() throws {
        guard let main else { return }
        let stack = lua.stack
        stack.push(main)
        stack.get("configuration", from: -1)
        defer { stack.pop(2) }
        var record: Record?
        if let spec = stack.object(-1, .parameterSpec), case .record(let found) = spec.parameter.type {
            record = found
        }
        sweep = input.sweep
        if let record { try addSwept(of: record, input.configuration, "") }
        if sweep.isEmpty, let sample = sweep.sample {
            throw SettingError("a sample of \(sample.count): nothing is swept here", at: .none)
        }
        guard !sweep.isEmpty else {
            points = [Point(configuration: try checked(input.configuration, record), tags: [])]
            return
        }
        let own = TextSet(record?.parameters.map(\.name) ?? [])
        for axis in sweep.axes {
            for path in axis.paths {
                let name = String(path.cut(at: ".")?.before ?? path[...])
                if ExperimentSettings.keys.contains(name), !own.contains(name) {
                    throw SettingError(
                        "'\(name)' is the experiment's own: it cannot be swept", at: axis.origin)
                }
            }
        }
        let tagged = TextSet(sweep.axes.filter { !$0.isConstant }.flatMap(\.paths))
        points = try sweep.points().map { point in
            var setting = input.configuration
            for (path, value) in point { try setting.set(path, to: value) }
            let configuration = try checked(setting, record)
            let tags = point.filter { tagged.contains($0.path) }.map {
                ConfigObject.Tag(
                    name: $0.path, value: Self.value(at: $0.path, in: configuration) ?? $0.value.value)
            }
            return Point(configuration: configuration, tags: tags)
        }
    }

    /// A value as the schema has made it.
    private static func value(at path: String, in configuration: Value) -> Value? {
        path.split(separator: ".").reduce(configuration) { value, step in
            guard case .map(let entries)? = value else { return nil }
            return entries.first { $0.key == .string(String(step)) }?.value
        }
    }

    /// Adds what the schema says is swept and has several values, unless the sweep has it already.
    private func addSwept(of record: Record, _ setting: Setting, _ prefix: String) throws(SettingError) {
        for parameter in record.parameters {
            guard let value = setting[parameter.name] else { continue }
            let path = prefix + parameter.name
            if parameter.isSwept {
                guard !sweep.axes.contains(where: { $0.paths.contains(path) }) else { continue }
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
        guard let record else { return setting.value }
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
            let name = error.path.after(".") ?? error.path[...]
            guard case .unknownParameter(let key, _, let nearest) = error.problem else {
                throw SettingError("\(name): \(error.text)", at: setting.origin(at: error.path))
            }
            // The experiment's own keys stand there too.
            let isOutside = nearest == nil && fields.contains { $0.key == key }
            let hint = isOutside ? Suggestion.hint(for: key, among: Array(ExperimentSettings.keys)) : ""
            throw SettingError(error.text + hint, at: setting.origin(at: error.path))
        }
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
        (try? sweep.points()) ?? []
    }
}
