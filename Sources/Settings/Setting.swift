package import Model
import System
package import Text

/// One value of the settings, and where it comes from.
package struct Setting: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case null
        case bool(Bool)
        case int(Int64)
        case float(Double)
        case string(String)
        case list([Setting])
        case map([Field])
    }

    /// One pair of a map; the order of the file is kept.
    package struct Field: Sendable, Equatable {
        package var key: String
        package var value: Setting
        /// Where the key was written.
        package var place: Origin

        package init(key: String, value: Setting, place: Origin? = nil) {
            self.key = key
            self.value = value
            self.place = place ?? value.origin
        }
    }

    /// A file of settings. One object for all values of a file: there may be very many.
    package final class File: Sendable, Equatable {
        package let path: String

        package init(_ path: String) { self.path = path }

        package static func == (left: File, right: File) -> Bool {
            left === right || left.path == right.path
        }
    }

    /// Where a value was written.
    package enum Origin: Sendable, Equatable {
        /// Line and column count from 1.
        case file(File, line: UInt32, column: UInt32)
        case option(String)
        case none

        /// A place in a file; for many in one, one `File` is given to all.
        package static func file(_ path: String, line: Int, column: Int) -> Origin {
            .file(File(path), line: UInt32(clamping: line), column: UInt32(clamping: column))
        }

        /// Whether both were written in one file.
        package func isInFile(of other: Origin) -> Bool {
            guard case .file(let file, _, _) = self, case .file(let otherFile, _, _) = other else {
                return false
            }
            return file == otherFile
        }

        /// `full.yaml:3:16`, `-c learning_rate=fast`.
        package var text: String {
            switch self {
            case .file(let file, let line, let column): "\(Paths.shown(file.path)):\(line):\(column)"
            case .option(let text): text
            case .none: "default"
            }
        }
    }

    package var content: Content
    package var origin: Origin
    /// Of a text: whether it stood in quotes, so that it is one whatever it looks like.
    package var isQuoted = false
    /// Whether a key that it names is not there yet: the schema may have it.
    package var isWaiting = false
    /// Of a map: whether it stands in place of another, instead of being laid over it.
    package var replacesMap = false
    /// Of a map: whether it was only made on the way to a value, `model.layers.0=9`, so that the rest is what
    /// it would be without.
    package var isWay = false
    private var rare: Rare?

    /// What few values have.
    private final class Rare: Sendable, Equatable {
        let environmentText: String?
        let reference: Reference?
        let referent: Origin?

        init?(_ environmentText: String?, _ reference: Reference?, _ referent: Origin?) {
            if environmentText == nil, reference == nil, referent == nil { return nil }
            (self.environmentText, self.reference, self.referent) = (environmentText, reference, referent)
        }

        static func == (left: Rare, right: Rare) -> Bool {
            left.environmentText == right.environmentText && left.reference == right.reference
                && left.referent == right.referent
        }
    }

    /// What a text with `${env:…}` has become.
    package var environmentText: String? {
        get { rare?.environmentText }
        set { rare = Rare(newValue, reference, referent) }
    }
    /// What stands in a text that names other keys, `${model.hidden}`: its value follows theirs.
    package var reference: Reference? {
        get { rare?.reference }
        set { rare = Rare(environmentText, newValue, referent) }
    }
    /// Of one that is another key's value as a whole: where that was written.
    package var referent: Origin? {
        get { rare?.referent }
        set { rare = Rare(environmentText, reference, newValue) }
    }

    package init(_ content: Content, origin: Origin) {
        self.content = content
        self.origin = origin
    }

    /// A value without objects, as if it had been written.
    package init(value: Value, origin: Origin) {
        let content: Content =
            switch value {
            case .null: .null
            case .bool(let value): .bool(value)
            case .int(let value): .int(value)
            case .float(let value): .float(value)
            case .list(let values), .set(let values): .list(values.map { Setting(value: $0, origin: origin) })
            case .map(let entries), .openMap(let entries):
                .map(
                    entries.map {
                        .init(key: $0.key.plainText, value: Setting(value: $0.value, origin: origin))
                    })
            case .string, .path, .file, .member, .object: .string(value.plainText)
            }
        self.init(content, origin: origin)
    }

    /// The value of a key; nil for another kind or an absent key.
    package subscript(key: String) -> Setting? {
        if case .map(let fields) = content { fields.first { $0.key == key }?.value } else { nil }
    }

    /// The value at a way, `model.hidden`; nil where there is none.
    package func at(_ path: String) -> Setting? {
        (SettingPath.steps(path) ?? []).reduce(self) { setting, step in setting?[step] }
    }

    package var fields: [Field]? { if case .map(let fields) = content { fields } else { nil } }

    /// The value in the words of an error message.
    package var told: String { value.told }

    /// The value for a parameter.
    package var value: Value {
        switch content {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        case .string(let value): .string(value)
        case .list(let values): .list(values.map(\.value))
        case .map(let fields): .map(fields.map { .init(key: .string($0.key), value: $0.value.value) })
        }
    }

    package var json: JSON { JSON(plain: value) }

    /// A whole number, `8` or `8.0`; nil for anything else.
    package var whole: Int64? {
        switch content {
        case .int(let value): value
        case .float(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// Origin of the value at a path as `ValueError` gives it (`.layers[3].hidden`); the nearest one that
    /// exists.
    package func origin(at path: String) -> Origin {
        var setting = self
        var rest = path[...]
        while let first = rest.utf8.first {
            rest = String(rest)[...]
            let behind = rest.after(String(UnicodeScalar(first))) ?? ""
            var next: Setting?
            if first == UInt8(ascii: "[") {
                guard let (index, after) = behind.cut(at: "]") else { break }
                rest = after
                if case .list(let values) = setting.content, let number = Int(index),
                    values.indices.contains(number - 1)
                {
                    next = values[number - 1]
                }
            } else {
                // A key may contain a dot: the longest key that fits is meant.
                let keys = (setting.fields ?? []).map(\.key).filter { key in
                    behind.after(key).map {
                        [nil, UInt8(ascii: "."), UInt8(ascii: "[")].contains($0.utf8.first)
                    }
                        ?? false
                }
                guard let key = keys.max(by: { $0.utf8.count < $1.utf8.count }) else { break }
                rest = behind.after(key) ?? ""
                next = setting[key]
            }
            guard let next else { break }
            setting = next
        }
        return setting.origin
    }

    /// Where a key below such a path was written.
    package func place(ofKey key: String, at path: String) -> Origin {
        let origin = origin(at: path)
        func find(_ setting: Setting) -> Origin? {
            if setting.origin == origin, let field = setting.fields?.first(where: { $0.key == key }) {
                return field.place
            }
            switch setting.content {
            case .list(let values): return values.lazy.compactMap(find).first
            case .map(let fields): return fields.lazy.compactMap { find($0.value) }.first
            default: return nil
            }
        }
        return find(self) ?? origin
    }

    /// Every leaf with its dotted path.
    package func leaves(prefix: String = "") -> [(path: String, setting: Setting)] {
        func name(_ part: String) -> String {
            prefix.isEmpty ? SettingPath.step(part) : "\(prefix).\(SettingPath.step(part))"
        }
        switch content {
        case .map(let fields) where !fields.isEmpty:
            return fields.flatMap { $0.value.leaves(prefix: name($0.key)) }
        case .list(let values) where values.contains(where: { $0.fields != nil }):
            return values.enumerated().flatMap { $0.element.leaves(prefix: name(String($0.offset))) }
        default: return [(prefix, self)]
        }
    }
}

extension Setting.Content {
    /// What a plain word says.
    ///
    /// - Throws: a number that does not fit.
    package init(plain text: String, at origin: Setting.Origin) throws(SettingError) {
        do throws(PlainScalar.Misfit) {
            self =
                switch try PlainScalar(text) {
                case .null: .null
                case .bool(let value): .bool(value)
                case .int(let value): .int(value)
                case .float(let value): .float(value)
                case .string(let value): .string(value)
                }
        } catch { throw SettingError(error.problem, at: origin) }
    }
}
