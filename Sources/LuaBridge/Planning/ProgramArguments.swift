import Model
import Text

/// How `{args}` of a command becomes arguments: every parameter by its name, as the command lines of a
/// library take them. `args = { style = "click", skip = { "seed" }, rename = { learning_rate = "lr" } }`.
struct ProgramArguments {
    enum Style: String, CaseIterable {
        /// `--learning_rate 0.1 --layers 1 2 --verbose`
        case argparse
        /// `--learning-rate 0.1 --layers 1 --layers 2 --verbose`
        case click
        /// `learning_rate=0.1 layers=[1,2] verbose=true`
        case hydra
    }

    /// The name of the placeholder.
    static let placeholder = "args"

    private var style = Style.argparse
    /// The ways of parameters that are left out, with all that is below them.
    private var skipped: TextSet = []
    /// What a way is called by the program.
    private var renamed: TextMap<String> = [:]
    /// Whether names are written with hyphens for underscores.
    private var hasDashes = false
    /// Whether a boolean that is false is told, as `--no-name`.
    private var tellsFalse = false

    // MARK: Reading

    /// Reads `args` of a type, or of its bases.
    init(of type: ConfigType, in module: XpmModule, _ stack: LuaStack) throws {
        if !module.pushField(Self.placeholder, of: type, stack) { stack.pushNil() }
        defer { stack.pop() }
        try self.init(stack, of: type)
    }

    /// Reads the value of `args` on top; nil says nothing.
    init(_ stack: LuaStack, of type: ConfigType) throws {
        if stack.kind(-1) == .null { return }
        let owner = "\(type.id): args"
        guard stack.kind(-1) == .table else {
            throw ScriptError("\(owner) needs a table: args = { style = \"argparse\" }")
        }
        var dashes: Bool?
        try stack.forEachPair(of: -1) {
            let key = stack.string(-2) ?? stack.description(-2)
            switch key {
            case "style":
                let names = Style.allCases.map(\.rawValue)
                guard let style = stack.string(-1).flatMap(Style.init) else {
                    throw ScriptError(
                        "\(owner): style is \(names.joined(separator: ", ")), not \(stack.description(-1))")
                }
                self.style = style
            case "dashes": dashes = try Self.flag(stack, owner, key)
            case "no": tellsFalse = try Self.flag(stack, owner, key)
            case "skip":
                guard case .list(let names) = try stack.value(-1) else {
                    throw ScriptError("\(owner): skip needs a list of parameters: { \"seed\" }")
                }
                for name in names { skipped.insert(try Self.way(name.plainText, of: type, "\(owner): skip")) }
            case "rename":
                guard case .map(let entries) = try stack.value(-1) else {
                    throw ScriptError("\(owner): rename needs names: { learning_rate = \"lr\" }")
                }
                for entry in entries {
                    let way = try Self.way(entry.key.plainText, of: type, "\(owner): rename")
                    guard case .string(let name) = entry.value, !name.isEmpty else {
                        throw ScriptError("\(owner): rename: \(way) needs a name, got \(entry.value.told)")
                    }
                    renamed[way] = name
                }
            default:
                let known = ["dashes", "no", "rename", "skip", "style"]
                throw ScriptError("\(owner) has no '\(key)'\(Suggestion.hint(for: key, among: known))")
            }
        }
        hasDashes = dashes ?? (style == .click)
        if tellsFalse, style == .hydra {
            throw ScriptError("\(owner): no: Hydra is told true and false anyway")
        }
    }

    private static func flag(_ stack: LuaStack, _ owner: String, _ key: String) throws -> Bool {
        guard stack.kind(-1) == .bool else {
            throw ScriptError("\(owner): \(key) is true or false, not \(stack.description(-1))")
        }
        return stack.bool(-1)
    }

    /// A way whose first name is a parameter of the type.
    private static func way(_ way: String, of type: ConfigType, _ owner: String) throws -> String {
        let first = String(way.cut(at: ".")?.before ?? way[...])
        if type.position(of: first) != nil { return way }
        let hint = Suggestion.hint(for: first, among: type.parameters.map(\.name))
        throw ScriptError("\(owner): \(type.id) has no parameter '\(first)'\(hint)")
    }

    // MARK: Writing

    /// The arguments for a task.
    ///
    /// - Parameter named: ways that the command names itself, which are not given twice.
    func words(of task: ConfigObject, besides named: [[String]]) throws -> [String] {
        var words: [String] = []
        let left = skipped.union(TextSet(named.map { $0.joined(separator: ".") }))
        try add(task, "", left, 0, to: &words)
        return words
    }

    private func add(
        _ object: ConfigObject, _ prefix: String, _ left: TextSet, _ depth: Int, to words: inout [String]
    ) throws {
        for (parameter, value) in zip(object.type.parameters, object.values) where !parameter.isConstant {
            let way = prefix + parameter.name
            guard !left.contains(way), let value else { continue }
            switch value {
            case .null: continue
            case .object(let inner):
                if let folder = inner.jobPath {
                    words += self.words(way, folder)
                } else if depth < ParameterType.deepest {
                    try add(inner, way + ".", left, depth + 1, to: &words)
                }
            case .map(let entries), .openMap(let entries):
                guard style == .hydra else {
                    words += self.words(way, JSON(argument: value).text)
                    continue
                }
                if entries.isEmpty { words.append("\(name(way))={}") }
                for entry in entries {
                    words.append("\(name(way)).\(try key(entry.key, way))=\(try hydra(entry.value, way))")
                }
            // The program has an empty list by itself, as the parameter has.
            case .list([]), .set([]):
                if style == .hydra || parameter.defaultValue != value { words += try list([], way) }
            case .list(let values), .set(let values): words += try list(values, way)
            case .bool(let isSet) where style != .hydra:
                if isSet {
                    words.append("--\(name(way))")
                } else if tellsFalse {
                    words.append("--no-\(name(way))")
                }
            default: words += self.words(way, try style == .hydra ? hydra(value, way) : value.plainText)
            }
        }
    }

    private func list(_ values: [Value], _ way: String) throws -> [String] {
        if style == .hydra { return ["\(name(way))=\(try hydra(.list(values), way))"] }
        let texts = try values.map { value in
            switch value {
            case .object(let object):
                guard let folder = object.jobPath else { return JSON(argument: value).text }
                return folder
            case .list, .set, .map, .openMap: return JSON(argument: value).text
            case .null: throw ScriptError("command: {args}: \(way) is a list with nil in it")
            default: return value.plainText
            }
        }
        if style == .click {
            guard !texts.isEmpty else {
                throw ScriptError(
                    "command: {args}: \(way) is an empty list, which options that are repeated cannot tell: leave it out with skip"
                )
            }
            return texts.flatMap { words(way, $0) }
        }
        if let text = texts.first(where: { $0.hasPrefix("-") && !Self.isNegativeNumber($0) }) {
            throw ScriptError(
                "command: {args}: \(way) has '\(text)' in it, which argparse takes for an option: leave it out with skip, and give {json:\(way)}"
            )
        }
        return ["--\(name(way))"] + texts
    }

    /// What argparse takes for a number, and for no option.
    private static func isNegativeNumber(_ text: String) -> Bool {
        let digits = text.dropFirst().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        return digits.allSatisfy { $0.utf8.allSatisfy { (48...57).contains($0) } }
            && digits.last?.isEmpty == false
    }

    /// A name and its value: in one word where the value would be taken for an option.
    private func words(_ way: String, _ value: String) -> [String] {
        if style == .hydra { return ["\(name(way))=\(value)"] }
        return value.hasPrefix("-") ? ["--\(name(way))=\(value)"] : ["--\(name(way))", value]
    }

    /// What the program calls a parameter.
    private func name(_ way: String) -> String {
        if let name = renamed[way] { return name }
        // Of one inside a config that has another name: that of the innermost counts.
        var name = way
        var (outer, rest) = (way[...], "")
        while let (before, after) = outer.cut(atLast: ".") {
            rest = rest.isEmpty ? String(after) : "\(after).\(rest)"
            outer = before
            guard let new = renamed[String(outer)] else { continue }
            name = "\(new).\(rest)"
            break
        }
        return hasDashes ? name.replacing("_", with: "-") : name
    }

    /// A value in Hydra's grammar of overrides.
    private func hydra(_ value: Value, _ way: String) throws -> String {
        switch value {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .int, .float: return value.plainText
        case .list(let values), .set(let values):
            return "[" + (try values.map { try hydra($0, way) }).joined(separator: ",") + "]"
        case .map(let entries), .openMap(let entries):
            let pairs = try entries.map { "\(try key($0.key, way)):\(try hydra($0.value, way))" }
            return "{" + pairs.joined(separator: ",") + "}"
        case .object(let object): return Self.hydraText(object.jobPath ?? JSON(argument: value).text)
        default: return Self.hydraText(value.plainText)
        }
    }

    /// The key of a map, which Hydra takes without quotes only.
    private func key(_ key: Value, _ way: String) throws -> String {
        let text = key.plainText
        guard !text.isEmpty, text.utf8.allSatisfy(Self.isPlain) else {
            throw ScriptError(
                "command: {args}: \(way) has the key '\(text)', which Hydra's grammar does not take")
        }
        return text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || "_-./".utf8.contains(byte)
    }

    private static func hydraText(_ text: String) -> String {
        let startsAsWord = text.utf8.first.map { !(48...57).contains($0) && !"-.".utf8.contains($0) } ?? false
        let isKeyword = ["true", "false", "null", "nan", "inf"].contains(text.lowercased())
        if startsAsWord, !isKeyword, text.utf8.allSatisfy(isPlain) { return text }
        // A backslash is one, but before a quote, and before what would name another key.
        var quoted = ""
        var backslashes = 0
        for byte in text.replacing("${", with: "\\${").unicodeScalars {
            if byte == "'" { quoted += String(repeating: "\\", count: backslashes + 1) }
            backslashes = byte == "\\" ? backslashes + 1 : 0
            quoted.unicodeScalars.append(byte)
        }
        return "'" + quoted + String(repeating: "\\", count: backslashes) + "'"
    }
}
