package import Model
import System
import Text

/// `${model.hidden}` in the texts of settings: the value of another key.
extension Setting {
    /// Whether it, or something in it, names another key.
    package var hasReferences: Bool {
        if reference != nil { return true }
        return switch content {
        case .list(let values): values.contains(where: \.hasReferences)
        case .map(let fields): fields.contains { $0.value.hasReferences }
        default: false
        }
    }

    /// Whether it, or something in it, names a key that there is not (yet).
    package var isUnresolved: Bool {
        if reference != nil { return isWaiting }
        return switch content {
        case .list(let values): values.contains(where: \.isUnresolved)
        case .map(let fields): fields.contains { $0.value.isUnresolved }
        default: false
        }
    }

    /// This with the values of the keys that its texts name. A text that is nothing but a reference becomes
    /// that value, of whatever kind; else the value's text stands in it. Done again, it follows what has
    /// changed since.
    ///
    /// - Parameters:
    ///   - schema: has the defaults of keys that are not given; nil where that is not known yet: then such
    ///     a text stays as it is.
    ///   - root: what the ways begin at, where it is a part of that.
    ///   - read: reads a value in brackets, `[1, 2]`; nil for what is none.
    /// - Throws: a key that there is not, one that names itself, and a list or map within a text.
    package func resolvingReferences(
        _ schema: Schema?, in root: Setting? = nil, read: @escaping (String) -> Content? = { _ in nil }
    ) throws(SettingError) -> Setting {
        // Most name none: they are not copied.
        if !hasReferences { return self }
        var resolver = ReferenceResolver(root: root ?? self, schema: schema, read: read)
        return try resolver.resolve(self)
    }

    /// What is known of the keys of a configuration when its script is loaded.
    package enum Schema {
        /// The script takes whatever is given.
        case none
        case record(Record)

        fileprivate func defaultValue(at steps: ArraySlice<String>) -> Setting? {
            guard case .record(let record) = self, let first = steps.first,
                let parameter = record.parameters.first(where: { $0.name == first })
            else { return nil }
            if case .record(let inner) = parameter.type {
                if steps.count > 1 { return Schema.record(inner).defaultValue(at: steps.dropFirst()) }
                return (try? inner.accept(.map([]))).map { Setting(value: $0, origin: .none) }
            }
            guard let value = parameter.defaultValue else { return nil }
            return steps.dropFirst().reduce(Setting(value: value, origin: .none)) { $0?[step: $1] }
        }

        fileprivate func paths(_ prefix: String = "") -> [String] {
            guard case .record(let record) = self else { return [] }
            return record.parameters.flatMap { parameter -> [String] in
                let path = prefix + SettingPath.step(parameter.name)
                guard case .record(let inner) = parameter.type else { return [path] }
                return [path] + Schema.record(inner).paths("\(path).")
            }
        }
    }

    /// What is at one step of a way: a key of a map, a position of a list from 0.
    fileprivate subscript(step step: String) -> Setting? {
        guard case .list(let values) = content else { return self[step] }
        guard let position = Int(step), values.indices.contains(position) else { return nil }
        return values[position]
    }
}

/// Follows the references of a tree of settings.
private struct ReferenceResolver {
    let root: Setting
    let schema: Setting.Schema?
    let read: (String) -> Setting.Content?
    /// The ways that are being followed, each because of the one before.
    private var following: [String] = []
    private var known: TextMap<Setting> = [:]
    /// The ways that the schema may have.
    private var waiting: TextSet = []
    /// How many values references may still copy: each may be made of others.
    private var left = mostValues

    private static let mostValues = 1_000_000
    /// The longest text that is put together, in bytes.
    private static let longest = 1 << 20

    init(root: Setting, schema: Setting.Schema?, read: @escaping (String) -> Setting.Content?) {
        self.root = root
        self.schema = schema
        self.read = read
    }

    mutating func resolve(_ setting: Setting) throws(SettingError) -> Setting {
        var resolved = setting
        if let reference = setting.reference {
            resolved.isWaiting = false
            do throws(Missing) {
                try become(&resolved, reference)
            } catch {
                switch error {
                case .wrong(let error): throw error
                case .unknownYet:
                    resolved = setting
                    resolved.isWaiting = true
                }
            }
            return resolved
        }
        switch setting.content {
        case .list(let values):
            var all: [Setting] = []
            for value in values { all.append(try resolve(value)) }
            resolved.content = .list(all)
        case .map(let fields):
            var all: [Setting.Field] = []
            for var field in fields {
                field.value = try resolve(field.value)
                all.append(field)
            }
            resolved.content = .map(all)
        default: break
        }
        return resolved
    }

    /// Why a reference has no value.
    private enum Missing: Error {
        case wrong(SettingError)
        /// The schema, which is not known yet, may have it.
        case unknownYet
    }

    private mutating func become(
        _ setting: inout Setting, _ reference: Setting.Reference
    ) throws(Missing) {
        if reference.parts.count == 1, case .key(let way) = reference.parts[0] {
            let target = try value(at: try text(of: way, setting.origin), setting.origin)
            Self.count(target, &left)
            guard left > 0 else {
                throw .wrong(
                    SettingError(
                        "the references make more than \(Self.mostValues) values, or nest more than \(ParameterType.deepest) levels",
                        at: setting.origin))
            }
            setting.content = target.content
            setting.environmentText = target.environmentText
            setting.isQuoted = target.isQuoted
            setting.referent = target.referent ?? target.origin
            return
        }
        let whole = try text(of: reference, setting.origin)
        do throws(SettingError) { try setting.become(whole, read) } catch { throw .wrong(error) }
    }

    /// Takes the values in a setting from a number, as far as that goes: all of it where they nest too deep.
    private static func count(_ setting: Setting, _ left: inout Int, depth: Int = 0) {
        left = depth > ParameterType.deepest ? 0 : left - 1
        if left <= 0 { return }
        switch setting.content {
        case .list(let values): for value in values where left > 0 { count(value, &left, depth: depth + 1) }
        case .map(let fields):
            for field in fields where left > 0 { count(field.value, &left, depth: depth + 1) }
        default: break
        }
    }

    private mutating func text(
        of reference: Setting.Reference, _ origin: Setting.Origin
    ) throws(Missing) -> String {
        var text = ""
        for part in reference.parts {
            switch part {
            case .text(let plain): text += plain
            case .key(let inner):
                let way = try self.text(of: inner, origin)
                let target = try value(at: way, origin)
                switch target.content {
                case .list, .map:
                    // A list of values may be swept: each point has one.
                    if schema == nil { throw .unknownYet }
                    throw .wrong(
                        SettingError(
                            "'${\(way)}' is \(target.told): it stands by itself, not within a text",
                            at: origin))
                default: text += target.environmentText ?? target.value.plainText
                }
            }
            guard text.utf8.count <= Self.longest else {
                throw .wrong(
                    SettingError("the references make a text of more than \(Self.longest) bytes", at: origin))
            }
        }
        return text
    }

    private mutating func value(at way: String, _ origin: Setting.Origin) throws(Missing) -> Setting {
        if let known = known[way] { return known }
        guard let steps = SettingPath.steps(way) else {
            throw .wrong(SettingError("'${\(way)}' is no way to a key", at: origin))
        }
        if let start = following.firstIndex(of: way) {
            let circle = (following[start...] + [way]).joined(separator: " → ")
            throw .wrong(SettingError("a key that needs its own value: \(circle)", at: origin))
        }
        guard following.count < ParameterType.deepest else {
            throw .wrong(
                SettingError("more than \(ParameterType.deepest) references follow each other", at: origin))
        }
        if waiting.contains(way) { throw .unknownYet }
        following.append(way)
        defer { following.removeLast() }
        do throws(Missing) { return try value(at: way, steps, origin) } catch {
            if case .unknownYet = error { waiting.insert(way) }
            throw error
        }
    }

    private mutating func value(
        at way: String, _ steps: [String], _ origin: Setting.Origin
    ) throws(Missing) -> Setting {
        var place = root
        for (index, step) in steps.enumerated() {
            // What leads on may be a reference itself.
            if place.reference != nil { place = try follow(place) }
            guard let next = place[step: step] else {
                if isOfSchema(steps[..<index]), let value = schema?.defaultValue(at: steps[...]) {
                    known[way] = value
                    return value
                }
                throw missing(way, origin)
            }
            place = next
        }
        let found = try follow(place)
        known[way] = found
        return found
    }

    private mutating func follow(_ setting: Setting) throws(Missing) -> Setting {
        let found: Setting
        do throws(SettingError) { found = try resolve(setting) } catch { throw .wrong(error) }
        if found.isUnresolved { throw .unknownYet }
        return found
    }

    /// Whether a way leads to a part of the schema, whose defaults count where the file has others.
    private func isOfSchema(_ steps: ArraySlice<String>) -> Bool {
        guard case .record(var record)? = schema else { return false }
        for step in steps {
            guard case .record(let inner)? = record.parameters.first(where: { $0.name == step })?.type else {
                return false
            }
            record = inner
        }
        return true
    }

    private func missing(_ way: String, _ origin: Setting.Origin) -> Missing {
        guard let schema else { return .unknownYet }
        let ways =
            root.leaves().map(\.path) + (root.fields ?? []).map { SettingPath.step($0.key) } + schema.paths()
        let names = TextSet(ways.filter { !$0.hasPrefix("grid_search") })
        let hint =
            Environment[way] == nil
            ? Suggestion.hint(for: way, among: names.ordered)
            : "; ${env:\(way)} is the variable of the environment"
        return .wrong(SettingError("there is no key '\(way)' for '${\(way)}'\(hint)", at: origin))
    }
}
