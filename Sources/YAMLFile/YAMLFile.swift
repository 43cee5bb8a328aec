package import Engine
import Text
import Yams

/// Reads YAML through libyaml into settings that know their place. The only file that imports Yams, which brings all of
/// Foundation with it: so the process of a job, which reads no YAML, starts without.
package enum YAMLFile {
    /// The largest file that is read, in bytes.
    package static let largest = 16 << 20
    /// How many values a file may have, with aliases written out.
    package static let mostValues = 1_000_000
    /// How deep values may nest.
    package static let deepest = 100

    /// Reads a file; an empty one is an empty map.
    ///
    /// - Throws: a file that cannot be read, is too large, or is not YAML, with line and column.
    package static func read(_ path: String) throws(SettingError) -> Setting {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(path, limit: largest)
        } catch {
            let why =
                error.isTooLarge
                ? "larger than \(largest >> 20) MiB: not a settings file" : SystemError.message(error.code)
            throw SettingError("\(Paths.shown(path)): \(why)", at: .none)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SettingError("not UTF-8", at: .file(path, line: 1, column: 1))
        }
        return try parse(text) { .file(path, line: $0, column: $1) }
    }

    /// Reads one value, as an option gives it.
    package static func parse(option text: String, value: String) throws(SettingError) -> Setting {
        try parse(value) { _, _ in .option(text) }
    }

    /// Reads a text, telling places with `origin(line, column)`.
    package static func parse(
        _ text: String, origin: (Int, Int) -> Setting.Origin
    ) throws(SettingError) -> Setting {
        try refuseDeepText(text, origin)
        let node: Node?
        do {
            node = try Yams.compose(yaml: text, .basic, .default, .utf8)
        } catch let error as YamlError {
            throw explain(error, origin)
        } catch {
            throw SettingError("\(error)", at: origin(1, 1))
        }
        guard let node else { return Setting(.map([]), origin: origin(1, 1)) }
        var left = mostValues
        return try setting(node, origin, depth: 0, left: &left)
    }

    private static func setting(
        _ node: Node, _ origin: (Int, Int) -> Setting.Origin, depth: Int, left: inout Int
    ) throws(SettingError) -> Setting {
        let place = node.mark.map { origin($0.line, $0.column) } ?? origin(1, 1)
        left -= 1
        if left < 0 {
            throw SettingError("more than \(mostValues) values once aliases are written out", at: place)
        }
        if depth > deepest { throw SettingError("nested more than \(deepest) levels", at: place) }
        switch node {
        case .scalar(let scalar): return Setting(try content(scalar, place), origin: place)
        case .sequence(let sequence):
            var values: [Setting] = []
            for element in sequence {
                values.append(try setting(element, origin, depth: depth + 1, left: &left))
            }
            return Setting(.list(values), origin: place)
        case .mapping(let mapping):
            return try map(mapping, origin, place, depth: depth, left: &left)
        case .alias: throw SettingError("an alias without its anchor", at: place)
        }
    }

    private static func map(
        _ mapping: Node.Mapping, _ origin: (Int, Int) -> Setting.Origin, _ place: Setting.Origin, depth: Int,
        left: inout Int
    ) throws(SettingError) -> Setting {
        var fields: [Setting.Field] = []
        var known: TextSet = []
        var merged: [Setting] = []
        for (key, value) in mapping {
            let at = key.mark.map { origin($0.line, $0.column) } ?? place
            guard case .scalar(let scalar) = key else { throw SettingError("a key must be a word", at: at) }
            let inner = try setting(value, origin, depth: depth + 1, left: &left)
            if scalar.string == "<<", scalar.style == .plain {
                if case .list(let many) = inner.content { merged += many } else { merged.append(inner) }
            } else if known.insert(scalar.string).inserted {
                fields.append(.init(key: scalar.string, value: inner))
            } else {
                throw SettingError("the key '\(scalar.string)' is there twice", at: at)
            }
        }
        for source in merged {
            guard let inherited = source.fields else {
                throw SettingError("'<<' needs a map, got \(source.told)", at: source.origin)
            }
            for field in inherited where known.insert(field.key).inserted { fields.append(field) }
        }
        return Setting(.map(fields), origin: place)
    }

    private static func content(
        _ scalar: Node.Scalar, _ place: Setting.Origin
    ) throws(SettingError) -> Setting.Content {
        let tag = scalar.tag.description
        switch tag {
        case "", "?", "!":
            return scalar.style == .plain && tag != "!"
                ? try PlainScalar.read(scalar.string, origin: place) : .string(scalar.string)
        case "tag:yaml.org,2002:str": return .string(scalar.string)
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:null":
            let content = try PlainScalar.read(scalar.string, origin: place)
            if tag.hasSuffix("float"), case .int(let number) = content { return .float(Double(number)) }
            if case .string = content {
                throw SettingError(
                    "\"\(scalar.string)\" is no \(tag.split(separator: ":").last ?? "")", at: place)
            }
            return content
        default: throw SettingError("unknown tag '\(tag)'", at: place)
        }
    }

    /// libyaml composes by recursion: a text that opens more brackets than any settings file is refused before.
    private static func refuseDeepText(
        _ text: String, _ origin: (Int, Int) -> Setting.Origin
    ) throws(SettingError) {
        var (line, column, depth) = (1, 0, 0)
        var dashes = 0
        var isIndent = true
        for byte in text.utf8 {
            column += 1
            switch byte {
            case UInt8(ascii: "\n"): (line, column, dashes, isIndent) = (line + 1, 0, 0, true)
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
            case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"): if isIndent { dashes += 1 }
            case UInt8(ascii: " "): break
            default: isIndent = false
            }
            if depth > 10 * deepest || dashes > 10 * deepest
                || column > 10 * deepest && isIndent && dashes == 0
            {
                throw SettingError("nested more than \(deepest) levels", at: origin(line, max(1, column)))
            }
        }
    }

    private static func explain(_ error: YamlError, _ origin: (Int, Int) -> Setting.Origin) -> SettingError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let what = context.map { "\($0.text.trimmingPrefix("while ")): \(problem)" } ?? problem
            return SettingError("not YAML: \(what)", at: origin(mark.line, mark.column))
        case .duplicatedKeysInMapping(let duplicates, let context):
            return SettingError(
                "the key '\(duplicates.first ?? "")' is there twice",
                at: origin(context.mark.line, context.mark.column))
        case .reader(let problem, _, _, _):
            return SettingError("not YAML: \(problem)", at: origin(1, 1))
        default: return SettingError("not YAML: \(error)", at: origin(1, 1))
        }
    }
}
