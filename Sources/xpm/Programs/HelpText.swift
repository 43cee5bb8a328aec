import Settings
import Text

/// Reads a help text: options are lines that begin with a hyphen, as argparse, click, docopt, optparse of R, ArgParse of
/// Julia, clap and many others print them.
struct HelpText {
    private(set) var description = ProgramDescription(framework: .help)
    /// So many options are read.
    private static let most = 500

    init(_ text: String) {
        let lines = text.lines.map { Self.plain(String($0)) }
        let usage = Self.usage(lines)
        description.help = Self.title(lines)
        var index = 0
        var isPositional = false
        while index < lines.count, description.options.count < Self.most {
            let line = lines[index]
            index += 1
            let indent = Self.indent(line)
            if indent == 0 {
                let section = line.lowercased()
                isPositional = section.hasPrefix("positional arguments")
                continue
            }
            let body = String(line.trimmed)
            let isOption = body.hasPrefix("-") && body.utf8.count > 1
            guard isOption || isPositional && !body.isEmpty else { continue }
            var (head, help) = Self.columns(body)
            while index < lines.count, Self.indent(lines[index]) > indent,
                case let more = lines[index].trimmed, !more.isEmpty, !more.hasPrefix("-")
            {
                help += (help.isEmpty ? "" : " ") + more
                index += 1
            }
            if var option = isOption ? Self.option(head, help) : Self.positional(head, help) {
                if let long = option.long, option.kind != .flag {
                    option.isRequired = option.isRequired || Self.isDemanded("--\(long)", in: usage)
                }
                let isKnown = description.options.contains {
                    $0.name == option.name && $0.flags == option.flags
                }
                if !Self.isOwn(option), !isKnown { description.options.append(option) }
            }
        }
    }

    // MARK: Lines

    /// Without colours, and without the frames that rich draws.
    private static func plain(_ line: String) -> String {
        var text = TerminalText.plain(line)
        for frame in ["│", "┃", "║"] { text = text.replacing(frame, with: " ") }
        return text.trimmedRight
    }

    private static func indent(_ line: String) -> Int {
        line.utf8.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.count
    }

    /// What comes before two blanks, and behind them.
    private static func columns(_ body: String) -> (head: String, help: String) {
        let bytes = Array(body.utf8)
        for index in bytes.indices.dropLast()
        where bytes[index] == UInt8(ascii: "\t") || bytes[index] == 0x20 && bytes[index + 1] == 0x20 {
            return (
                String(decoding: bytes[..<index], as: UTF8.self),
                String(String(decoding: bytes[index...], as: UTF8.self).trimmed)
            )
        }
        return (body, "")
    }

    /// The lines of the usage, as one.
    private static func usage(_ lines: [String]) -> String {
        guard let first = lines.firstIndex(where: { $0.lowercased().hasPrefix("usage:") }) else { return "" }
        let rest = lines[(first + 1)...].prefix { indent($0) > 0 }
        return ([lines[first]] + rest).joined(separator: " ")
    }

    /// Whether an option stands in the usage outside of brackets.
    private static func isDemanded(_ flag: String, in usage: String) -> Bool {
        var depth = 0
        for word in usage.split(separator: " ") {
            if depth == 0, word == flag || word.hasPrefix("\(flag)=") { return true }
            for byte in word.utf8 {
                if byte == UInt8(ascii: "[") { depth += 1 }
                if byte == UInt8(ascii: "]") { depth -= 1 }
            }
        }
        return false
    }

    /// The first paragraph that is neither the usage nor options.
    private static func title(_ lines: [String]) -> String {
        var isUsage = false
        for line in lines {
            if line.lowercased().hasPrefix("usage:") {
                isUsage = true
            } else if line.isBlank {
                isUsage = false
            } else if !isUsage {
                let text = line.trimmed
                if text.hasPrefix("-") || text.hasSuffix(":") { return "" }
                return String(text)
            }
        }
        return ""
    }

    /// Help, and the version.
    private static func isOwn(_ option: ProgramOption) -> Bool {
        ["help", "version", "h", "V"].contains(option.name)
            || option.flags.contains {
                ["--help", "--version", "--install-completion", "--show-completion"].contains($0)
            }
    }

    // MARK: Options

    private static func option(_ head: String, _ help: String) -> ProgramOption? {
        var flags: [String] = []
        var negative: String?
        var meta: [String] = []
        var isNegative = false
        for word in head.replacing(",", with: " ").replacing("|-", with: " -").split(separator: " ").map({
            String($0)
        }) {
            if word == "/" {
                isNegative = true
                continue
            }
            guard word.hasPrefix("-"), word.utf8.count > 1, meta.isEmpty || word.hasPrefix("--") else {
                meta.append(word)
                continue
            }
            var flag = word
            if let (name, value) = word.cut(at: "=") {
                flag = String(name.before("[") ?? name)
                meta.append(String(value.before("]") ?? value))
            }
            // --[no-]color
            if let (start, rest) = flag.cut(at: "[no-]") {
                flag = "\(start)\(rest)"
                negative = "\(start)no-\(rest)"
            }
            guard
                flag.utf8.dropFirst().allSatisfy({
                    $0.isLetter || $0.isDigit || "-_.".utf8.contains($0) || $0 >= 0x80
                })
            else { return nil }
            if isNegative { negative = flag } else if !flags.contains(flag) { flags.append(flag) }
        }
        if let paired = flags.first(where: { $0.hasPrefix("--no-") }),
            let name = paired.after("--no-"), flags.contains("--\(name)")
        {
            flags.removeAll { $0 == paired }
            negative = paired
        }
        guard let first = flags.first(where: { $0.hasPrefix("--") }) ?? flags.first else { return nil }
        let name = String(first.utf8.drop { $0 == UInt8(ascii: "-") }) ?? first
        var option = ProgramOption(flags: flags, name: name, kind: .string)
        option.negative = negative
        return completed(option, meta: meta, help)
    }

    private static func positional(_ head: String, _ help: String) -> ProgramOption? {
        if let choices = choices(head) {
            // The subcommands of argparse.
            var option = ProgramOption(flags: [], name: "command", kind: .string)
            option.choices = choices.map { .string($0) }
            option.isRequired = true
            return option
        }
        let words = head.split(separator: " ").map { String($0) }
        guard words.count == 1, let name = words.first else { return nil }
        var option = ProgramOption(flags: [], name: name, kind: .string)
        option.isRequired = true
        return completed(option, meta: [name], help)
    }

    /// Adds what the placeholder of the value and the help say.
    private static func completed(_ option: ProgramOption, meta: [String], _ help: String) -> ProgramOption {
        var (option, meta, help) = (option, meta, help)
        // Typer has the type in a column of its own.
        if meta.isEmpty, let (first, rest) = help.cut(at: " "), kinds[first.uppercased()] != nil,
            first.utf8.allSatisfy({ !(0x61...0x7a).contains($0) })
        {
            meta = [String(first)]
            help = String(rest.trimmed)
        }
        option.help = help
        let text = meta.joined(separator: " ")
        let said = told("default", in: help)
        option.isRequired = option.isRequired || help.contains("[required]") || help.contains("(required)")
        if meta.isEmpty {
            option.kind = .flag
            option.initial = .bool(
                option.negative != nil
                    && said.map { ["true", "on", option.name].contains($0.lowercased()) } ?? false)
            return option
        }
        if let choices = choices(text) {
            option.choices = choices.map { .string($0) }
        } else {
            option.isList = text.hasSuffix("...") || text.hasSuffix("...]")
        }
        let word = meta[0].utf8.filter { $0.isLetter || $0.isDigit }.map { $0 }
        let type = told("type", in: help) ?? ""
        if let kind = kinds[String(decoding: word, as: UTF8.self).uppercased()] ?? kinds[type.uppercased()] {
            option.kind = kind
        }
        guard let said, !["none", "null", "nil", "nothing", "na", ""].contains(said.lowercased()) else {
            return option
        }
        if option.isList {
            option.note = "its default is \(said)"
            return option
        }
        switch (option.kind, LineValue(plain: said).content) {
        case (.string, .int(let number)) where option.choices == nil && type.isEmpty:
            (option.kind, option.initial) = (.int, .int(number))
        case (.int, .int(let number)): option.initial = .int(number)
        case (.float, .int(let number)): option.initial = .float(Double(number))
        case (.string, .float(let number)) where option.choices == nil && type.isEmpty:
            (option.kind, option.initial) = (.float, .float(number))
        case (.float, .float(let number)): option.initial = .float(number)
        case (.string, _), (.path, _):
            let quoted =
                said.utf8.count > 1 && "'\"".utf8.contains(said.utf8.first ?? 0)
                && said.utf8.first == said.utf8.last
            option.initial = .string(
                quoted ? String(decoding: said.utf8.dropFirst().dropLast(), as: UTF8.self) : said)
        default: option.note = "its default is \(said)"
        }
        return option
    }

    /// `{a,b}`, `[a|b]`, `<a|b>`.
    private static func choices(_ text: String) -> [String]? {
        for (open, close, sign) in [("{", "}", ","), ("[", "]", "|"), ("<", ">", "|")] {
            guard let inner = text.after(open)?.cut(at: close)?.before, inner.contains(sign) else { continue }
            let all = inner.split(separator: sign).map { String($0.trimmed) }.filter { !$0.isEmpty }
            return all.isEmpty ? nil : all
        }
        return nil
    }

    /// The value behind a word: `(default: 0.1)`, `[default 0.1]`, `(type: Float64, default: 0.1)`.
    private static func told(_ word: String, in help: String) -> String? {
        let lower = help.lowercased()
        var start = lower.startIndex
        while let range = lower[start...].firstRange(of: word) {
            start = range.upperBound
            let before = lower[..<range.lowerBound].utf8.last
            guard before.map({ !$0.isLetter }) ?? true else { continue }
            // Small letters take as many bytes as large ones but for a few: then nothing is told.
            guard lower.utf8.count == help.utf8.count else { return nil }
            let offset = lower.utf8.distance(from: lower.startIndex, to: range.upperBound)
            let bytes = Array(help.utf8.dropFirst(offset))
            var rest = bytes[...].drop { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "=") || $0.isBlank }
            if rest.starts(with: "is ".utf8) { rest = rest.dropFirst(3) }
            let opener = help.utf8.dropLast(help.utf8.count - offset).last { "([])".utf8.contains($0) }
                .flatMap {
                    "([".utf8.contains($0) ? $0 : nil
                }
            let isEnclosed = opener != nil
            // Prose speaks of defaults too.
            guard isEnclosed || bytes.first == UInt8(ascii: ":") || bytes.first == UInt8(ascii: "=") else {
                continue
            }
            var depth = 0
            var value: [UInt8] = []
            for byte in rest {
                if "([{".utf8.contains(byte) { depth += 1 }
                if ")]}".utf8.contains(byte) {
                    if depth == 0 { break }
                    depth -= 1
                }
                if depth == 0, byte == UInt8(ascii: ";") || byte == UInt8(ascii: ",") { break }
                if depth == 0, !isEnclosed, byte.isBlank { break }
                value.append(byte)
            }
            let text = String(decoding: value, as: UTF8.self).trimmed
            return String(isEnclosed ? text : text.before(".") ?? text)
        }
        return nil
    }

    private static let kinds: TextMap<ProgramOption.Kind> = [
        "INT": .int, "INTEGER": .int, "INT64": .int, "UINT": .int, "N": .int, "NUM": .int, "COUNT": .int,
        "FLOAT": .float, "FLOAT64": .float, "FLOAT32": .float, "DOUBLE": .float, "REAL": .float,
        "NUMERIC": .float,
        "TEXT": .string, "STRING": .string, "STR": .string, "CHARACTER": .string, "BOOL": .bool,
        "BOOLEAN": .bool, "LOGICAL": .bool,
        "PATH": .path, "FILE": .path, "FILENAME": .path, "DIR": .path, "DIRECTORY": .path, "FOLDER": .path,
    ]
}
