import CYAMLShim
package import Settings
import System
import Text

/// Reads YAML through libyaml into settings that know their place.
package enum YAMLFile {
    /// The largest file that is read, in bytes.
    package static let largest = 16 << 20

    /// Reads a file; an empty one is an empty map.
    ///
    /// - Throws: a file that cannot be read, is too large, or is not YAML, with line and column.
    package static func read(_ path: String) throws(SettingError) -> Setting {
        try parse(content(of: path), in: path)
    }

    /// The bytes of a file.
    static func content(of path: String) throws(SettingError) -> [UInt8] {
        do throws(SystemError) {
            return try Files.readAnything(path, limit: largest)
        } catch {
            let why =
                error.isTooLarge
                ? "larger than \(largest >> 20) MiB: not a settings file" : SystemError.message(error.code)
            throw SettingError("\(Paths.shown(path)): \(why)", at: .none)
        }
    }

    /// Reads what was in a file.
    static func parse(_ bytes: [UInt8], in path: String) throws(SettingError) -> Setting {
        let file = Setting.File(path)
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw SettingError("not UTF-8", at: .file(file, line: 1, column: 1))
        }
        return try parse(bytes) { .file(file, line: UInt32(clamping: $0), column: UInt32(clamping: $1)) }
    }

    /// Reads one value, as an option gives it: a list or a map in brackets, a text in quotes, or a plain
    /// word, which has no comments.
    package static func parse(option text: String, value: String) throws(SettingError) -> Setting {
        let trimmed = value.trimmed
        if let first = trimmed.utf8.first, "[{\"'&*!|>".utf8.contains(first) {
            if let quoted = afterQuote(trimmed) {
                throw SettingError(
                    "'\(quoted)' stands behind the value: put all of it in quotes, or none", at: .option(text)
                )
            }
            do throws(SettingError) { return try parse(Array(trimmed.utf8)) { _, _ in .option(text) } } catch
            {
                guard "[{".utf8.contains(first), trimmed.contains(" #") else { throw error }
                throw SettingError(
                    "\(error.problem); a text with '#' in a list or map needs quotes", at: error.origin)
            }
        }
        let origin = Setting.Origin.option(text)
        return Setting(try Setting.Content(plain: String(trimmed), at: origin), origin: origin)
    }

    /// What stands behind a value that is in quotes or brackets and would be a comment in a file.
    private static func afterQuote(_ value: Substring) -> Substring? {
        guard let place = value.utf8.lastIndex(of: UInt8(ascii: "#")), place > value.startIndex,
            let before = value.utf8[..<place].last,
            before == UInt8(ascii: " ") || before == UInt8(ascii: "\t"),
            let last = value[..<place].trimmed.utf8.last, "]}\"'".utf8.contains(last),
            (try? parse(Array(value[..<place].utf8)) { _, _ in .none }) != nil
        else { return nil }
        return value[place...]
    }

    /// Reads a text, telling places with `origin(line, column)`.
    package static func parse(
        _ text: String, origin: @escaping (Int, Int) -> Setting.Origin
    ) throws(SettingError) -> Setting {
        try parse(Array(text.utf8), origin: origin)
    }

    private static func parse(
        _ bytes: [UInt8], origin: @escaping (Int, Int) -> Setting.Origin
    ) throws(SettingError) -> Setting {
        var reader = try YAMLReader(bytes.withoutByteOrderMark, origin: origin)
        return try reader.document()
    }
}
