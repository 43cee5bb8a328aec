package import Settings
import System
package import Text

/// The YAML files and options of one experiment, merged: what comes later wins.
///
/// Order: `--pre-yaml`, the file's imports, the file, `--post-yaml`, `-c`.
package struct ConfigurationFiles {
    package private(set) var merged = Setting(.map([]), origin: .none)
    /// The files in the order in which they were laid over each other.
    private var order: [String] = []
    /// What was read, in the order of reading, with the files' absolute paths.
    package private(set) var contents: [(path: String, bytes: [UInt8])] = []
    /// The file that says `module`, from which modules are found.
    package private(set) var moduleFile: String?
    /// What users should know, such as a deprecated key.
    package private(set) var warnings: [String] = []

    package init() {}

    /// Lays a file, and those it imports, over what is there.
    ///
    /// - Throws: what cannot be read, and files that import each other.
    package mutating func add(_ path: String) throws(SettingError) {
        try add(Paths.absolute(path), importedFrom: [])
    }

    /// Lays what would be in a file over what is there.
    package mutating func add(_ path: String, content: [UInt8]) throws(SettingError) {
        try add(path, content, importedFrom: [])
    }

    private mutating func add(_ path: String, importedFrom chain: [String]) throws(SettingError) {
        let path = Self.find(path)
        if chain.contains(path) {
            let way = (chain + [path]).drop { $0 != path }.map(Paths.shown).joined(separator: " → ")
            throw SettingError("files import each other: \(way)", at: .none)
        }
        try add(path, YAMLFile.content(of: path), importedFrom: chain)
    }

    private mutating func add(
        _ path: String, _ bytes: [UInt8], importedFrom chain: [String]
    ) throws(SettingError) {
        contents.append((path, bytes))
        var setting = try YAMLFile.parse(bytes, in: path)
        if setting.content == .null { setting = Setting(.map([]), origin: setting.origin) }
        guard setting.fields != nil else {
            let isGlued =
                if case .string(let text) = setting.content { text.contains(":") } else { false }
            throw SettingError(
                "expected names and values, got \(setting.told)"
                    + (isGlued ? " (a blank follows the colon: name: value)" : ""), at: setting.origin)
        }
        let folder = Paths.parent(path)
        for other in try imports(of: setting) {
            guard case .string(let name) = other.content else {
                throw SettingError("imports: expected a path, got \(other.told)", at: other.origin)
            }
            let target = Self.find(Paths.absolute(name, from: folder))
            guard Files.exists(target) else {
                throw SettingError("imports: no file \(Paths.shown(target))", at: other.origin)
            }
            try add(target, importedFrom: chain + [path])
        }
        merged = merged.merged(with: try Self.absolute(setting, from: folder))
        order.append(path)
        // What is missing altogether is missing in the main file.
        if chain.isEmpty { merged.origin = setting.origin }
        if setting["module"] != nil { moduleFile = path }
    }

    /// Applies `-c a.b=value`; the value is read as YAML. A map is laid over what is there; `:=` puts it in
    /// its place.
    package mutating func set(_ option: String) throws(SettingError) {
        let text = "-c \(option)"
        guard let (name, given) = option.cut(at: "=") else {
            throw SettingError("expected name=value", at: .option(text))
        }
        var value = try YAMLFile.parse(option: text, value: String(given))
        value.replacesMap = name.hasSuffix(":")
        let path = String(name.before(":") ?? name)
        if ["imports", "parent"].contains(path) {
            throw SettingError(
                "'\(path)' belongs into a file; --pre-yaml lays a file below it, --post-yaml above",
                at: .option(text))
        }
        try merged.set(path, to: Self.placed(value, at: path, from: Paths.current))
    }

    /// Whether a value comes after another one, and wins over it.
    package func isLater(_ value: Setting.Origin, than other: Setting.Origin) -> Bool {
        switch (value, other) {
        case (.option, _): true
        case (.file(let file, _, _), .file(let other, _, _)):
            (order.lastIndex { $0 == file.path } ?? -1) > (order.lastIndex { $0 == other.path } ?? -1)
        default: false
        }
    }

    /// Reads `--sweep a.b=1,2,3`: values between commas, each read as YAML; `1..5` and `0..1..0.25` are
    /// ranges.
    package static func sweep(_ option: String) throws(SettingError) -> ConfigurationSweep.Axis {
        let (name, values) = try self.values(option, of: "--sweep")
        return try ConfigurationSweep.axis(name, values)
    }

    /// Reads `--search lr=loguniform:1e-5..1`, or `--search optimizer=adam,sgd`: what a parameter may have.
    package static func search(_ option: String) throws(SettingError) -> JSON {
        let origin = Setting.Origin.option("--search \(option)")
        if let (name, text) = option.cut(at: "="),
            let draw = try SearchSettings.draw(String(text), at: origin)
        {
            return try SearchSettings.dimension(String(name), draw)
        }
        let (name, values) = try self.values(option, of: "--search")
        return try SearchSettings.dimension(name, values)
    }

    /// Reads `--zip a=1,2 b=3,4`.
    package static func zip(_ options: [String]) throws(SettingError) -> ConfigurationSweep.Axis {
        var fields: [Setting.Field] = []
        for option in options {
            let (name, values) = try self.values(option, of: "--zip")
            fields.append(.init(key: name, value: values))
        }
        let origin = Setting.Origin.option("--zip \(options.joined(separator: " "))")
        return try ConfigurationSweep.zip(Setting(.map(fields), origin: origin))
    }

    private static func values(
        _ option: String, of word: String
    ) throws(SettingError) -> (name: String, values: Setting) {
        let text = "\(word) \(option)"
        guard let (before, after) = option.cut(at: "="), !before.isEmpty else {
            throw SettingError("expected name=value,value", at: .option(text))
        }
        let replaces = before.hasSuffix(":")
        let name = String(before.before(":") ?? before)
        var parts: [Setting] = []
        for part in after.isBlank ? [] : pieces(of: String(after)) {
            var value = try YAMLFile.parse(option: text, value: part)
            value.replacesMap = replaces
            parts.append(value)
        }
        // A map, such as {range: [1, 5]}, and a list that was written as one.
        if parts.count == 1, let only = parts.first {
            switch only.content {
            case .list: return (name, only)
            case .map where ConfigurationSweep.isRange(only): return (name, only)
            default: break
            }
        }
        var all: [Setting] = []
        for value in parts {
            if case .string(let range) = value.content, !value.isQuoted,
                let numbers = try ConfigurationSweep.range(range, at: value.origin)
            {
                all += numbers
            } else {
                all.append(value)
            }
        }
        return (name, Setting(.list(all), origin: .option(text)))
    }

    /// Parts between commas that stand in no quotes and no brackets.
    private static func pieces(of text: String) -> [String] {
        var pieces: [[UInt8]] = [[]]
        var (quote, depth, isEscaped) = (UInt8(0), 0, false)
        for byte in text.utf8 {
            if quote != 0 {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                    isEscaped = true
                } else if byte == quote {
                    quote = 0
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "'"):
                    // Only at the start of a word is it one.
                    if let last = pieces.last?.last {
                        if " [{:,".utf8.contains(last) { quote = byte }
                    } else {
                        quote = byte
                    }
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                case UInt8(ascii: ",") where depth <= 0:
                    pieces.append([])
                    continue
                default: break
                }
            }
            pieces[pieces.count - 1].append(byte)
        }
        return pieces.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A value in brackets.
    package static func read(bracketed text: String) -> Setting.Content? {
        guard let first = text.trimmed.utf8.first, "[{".utf8.contains(first) else { return nil }
        return try? YAMLFile.parse(option: text, value: text).content
    }

    /// Replaces `${env:NAME}` everywhere, and `${name.of.a.key}` as far as the files have that key.
    ///
    /// - Parameter secrets: takes what the variables have given.
    package mutating func resolveEnvironment(_ secrets: inout Secrets) throws(SettingError) {
        var found = secrets
        merged = try merged.resolvingEnvironment(
            namesKeys: true,
            { name in
                let value = Environment[name]
                if let value { found.add(variable: name, value) }
                return value
            }, read: Self.read(bracketed:))
        secrets = found
        guard merged.hasReferences else { return }
        merged = try merged.resolvingReferences(nil, read: Self.read(bracketed:))
        // What xpm itself reads cannot wait for the script.
        for field in merged.fields ?? []
        where ExperimentSettings.keys.contains(field.key) && field.key != "grid_search"
            && field.value.isUnresolved
        {
            _ = try field.value.resolvingReferences(
                Setting.Schema.none, in: merged, read: Self.read(bracketed:))
        }
    }

    private mutating func imports(of setting: Setting) throws(SettingError) -> [Setting] {
        if let parent = setting["parent"], parent.content != .null {
            if setting["imports"] != nil {
                throw SettingError(
                    "'parent' and 'imports' exclude each other: use 'imports'", at: parent.origin)
            }
            warnings.append("\(parent.origin.text): 'parent' is deprecated: use 'imports'")
            return [parent]
        }
        guard let imports = setting["imports"], imports.content != .null else { return [] }
        if case .list(let values) = imports.content { return values }
        return [imports]
    }

    /// A path as it was given, or with `.yaml` after it.
    package static func find(_ path: String) -> String {
        if Files.kind(path) == .file { return path }
        for ending in [".yaml", ".yml"] where Files.kind(path + ending) == .file { return path + ending }
        return path
    }

    /// The file's own relative paths, from its folder.
    private static func absolute(_ setting: Setting, from folder: String) throws(SettingError) -> Setting {
        guard case .map(var fields) = setting.content else { return setting }
        for index in fields.indices {
            fields[index].value = placed(fields[index].value, at: fields[index].key, from: folder)
        }
        fields.removeAll { ["imports", "parent"].contains($0.key) }
        return Setting(.map(fields), origin: setting.origin)
    }

    /// The value of a key; relative paths of what is loaded are from the file's folder, or from the current
    /// one where an option says them.
    private static func placed(_ value: Setting, at key: String, from folder: String) -> Setting {
        func placed(_ one: Setting) -> Setting {
            guard case .string(let path) = one.content else { return one }
            return Setting(.string(Paths.absolute(path, from: folder)), origin: one.origin)
        }
        switch (key, value.content) {
        case ("file", .string), ("luapath", .string), ("pythonpath", .string): return placed(value)
        case ("luapath", .list(let paths)), ("pythonpath", .list(let paths)):
            return Setting(.list(paths.map(placed)), origin: value.origin)
        case ("pre_experiment", .string(let text)) where text.contains("/") || text.hasSuffix(".lua"):
            return placed(value)
        default: return value
        }
    }
}
