import Model
import Settings
import Text

/// The type of a name, as its values have it.
indirect enum LineKind: Equatable, Sendable {
    case int, float, bool, string, file
    case list(LineKind)

    /// As it is written behind a name, and kept.
    var name: String {
        switch self {
        case .int: "int"
        case .float: "float"
        case .bool: "bool"
        case .string: "string"
        case .file: "file"
        case .list(let kind): "list(\(kind.name))"
        }
    }

    static let names = ["int", "float", "bool", "string", "file"]

    init?(name: String) {
        if let inner = name.after("list(").flatMap({ $0.before(")") }) {
            guard let kind = LineKind(name: String(inner)) else { return nil }
            self = .list(kind)
            return
        }
        switch name {
        case "int": self = .int
        case "float": self = .float
        case "bool": self = .bool
        case "string": self = .string
        case "file": self = .file
        default: return nil
        }
    }

    /// As a script has it.
    var lua: String {
        switch self {
        case .list(let kind): "xpm.list(\(kind.lua))"
        default: "xpm.\(name)"
        }
    }

    /// The type that takes the values of both; nil for a list beside what is none.
    func joined(with other: LineKind) -> LineKind? {
        if self == other { return self }
        switch (self, other) {
        case (.int, .float), (.float, .int): return .float
        case (.list(let own), .list(let others)): return own.joined(with: others).map { .list($0) }
        case (.list, _), (_, .list): return nil
        default: return .string
        }
    }
}

/// A value as it is written.
struct LineValue: Equatable {
    let text: String
    let kind: LineKind
    let content: Setting.Content

    /// A text that is nothing else.
    init(text: String) {
        self.text = text
        kind = .string
        content = .string(text)
    }

    /// The path of a file.
    init(file path: String) {
        text = path
        kind = .file
        content = .string(path)
    }

    init(_ number: Setting.Content, text: String) {
        self.text = text
        content = number
        if case .int = number { kind = .int } else { kind = .float }
    }

    /// A plain word: a number, a bool, or a text. What a number would not give back, such as 007, is a text.
    init(plain word: String) {
        text = word
        switch try? PlainScalar(word) {
        case .int(let number)? where !Self.hasLeadingZero(word): (kind, content) = (.int, .int(number))
        case .float(let number)? where !number.isNaN && !Self.hasLeadingZero(word):
            (kind, content) = (.float, .float(number))
        case .bool(let flag)?: (kind, content) = (.bool, .bool(flag))
        default: (kind, content) = (.string, .string(word))
        }
    }

    /// A list, `[1, 2]`.
    ///
    /// - Returns: nil for one that is empty, or has something in it that is no plain value.
    init?(list values: [Setting], text: String) {
        var kind: LineKind?
        for value in values {
            let own: LineKind
            switch value.content {
            case .int: own = .int
            case .float: own = .float
            case .bool: own = .bool
            case .string: own = .string
            case .null, .list, .map: return nil
            }
            guard let joined = kind.map({ $0.joined(with: own) }) ?? own else { return nil }
            // Written as texts, they would lose what they were written like.
            if joined == .string, own != .string || kind.map({ $0 != .string }) ?? false { return nil }
            kind = joined
        }
        guard let kind else { return nil }
        self.text = text
        self.kind = .list(kind)
        content = .list(values)
    }

    private static func hasLeadingZero(_ word: String) -> Bool {
        let digits = word.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        return digits.first == UInt8(ascii: "0") && (digits.dropFirst().first?.isDigit ?? false)
    }

    /// Of a number.
    var number: Double? {
        switch content {
        case .int(let number): Double(number)
        case .float(let number): number
        default: nil
        }
    }

    /// The value as one of a type; nil where it is none.
    func content(as kind: LineKind) -> Setting.Content? {
        switch (kind, content) {
        case (.string, .list), (.file, .list): return nil
        case (.string, _), (.file, _): return .string(text)
        case (.int, .int), (.float, .float), (.bool, .bool): return content
        case (.float, .int(let number)): return Double(exactly: number).map { .float($0) }
        case (.int, .float(let number)): return Int64(exactly: number).map { .int($0) }
        // One word may be a list of one.
        case (.list(let inner), .list(let values)):
            var all: [Setting] = []
            for value in values {
                switch (inner, value.content) {
                case (.float, .int(let number)):
                    guard let exact = Double(exactly: number) else { return nil }
                    all.append(Setting(.float(exact), origin: value.origin))
                case (.int, .int), (.float, .float), (.bool, .bool), (.string, .string): all.append(value)
                default: return nil
                }
            }
            return .list(all)
        default: return nil
        }
    }
}
