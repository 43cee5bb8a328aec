import Batch
import Model
import Text

/// Options of a batch system as scripts write them: `{ partition = "gpu", account = "lab", raw = { "--exclusive" }
/// }`.
enum BatchOptions {
    /// How many jobs a pilot may have at a time.
    static let lanes: ClosedRange<Int64> = 1...1024

    /// - Parameters:
    ///   - value: the table.
    ///   - what: for messages: `slurm`.
    ///   - takesPartition: whether `partition` is one of them, or is said elsewhere.
    static func read(
        _ value: Value, of system: any BatchSystem, what: String, takesPartition: Bool
    ) throws -> (partition: String?, options: [String]) {
        let usage =
            "\(what) needs names and values: \(what) = { account = \"lab\", raw = { \"--exclusive\" } }"
        guard let entries = value.entries else { throw ScriptError(usage) }
        var partition: String?
        var options: [String] = []
        for entry in entries {
            guard case .string(let name) = entry.key else { throw ScriptError(usage) }
            switch name {
            case "partition" where takesPartition:
                guard case .string(let text) = entry.value, !text.isEmpty else {
                    throw ScriptError("\(what): partition needs a name")
                }
                partition = text
            case "partition":
                throw ScriptError("\(what): a partition is an entry of partitions = { { name = … } }")
            case "raw":
                guard case .list(let words) = entry.value, let texts = texts(words) else {
                    throw ScriptError("\(what): raw needs a list of options: raw = { \"--exclusive\" }")
                }
                for text in texts { options.append(try checked(text, system, what)) }
            default:
                options.append(try option(name, entry.value, system, what))
            }
        }
        return (partition, options)
    }

    private static func texts(_ values: [Value]) -> [String]? {
        let texts = values.compactMap { if case .string(let text) = $0 { text } else { nil } }
        return texts.count == values.count ? texts : nil
    }

    private static func option(
        _ name: String, _ value: Value, _ system: any BatchSystem, _ what: String
    ) throws -> String {
        let isName = name.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == 0x5f || $0 == 0x2d }
        guard isName else { throw ScriptError("\(what): '\(name)' is no name of an option") }
        let flag = "--\(name.replacing("_", with: "-"))"
        switch value {
        case .bool(true): return try checked(flag, system, what)
        case .string, .int, .float: return try checked("\(flag)=\(value.plainText)", system, what)
        default:
            throw ScriptError("\(what): \(name) needs a text, a number or true, got \(value.told)")
        }
    }

    private static func checked(_ text: String, _ system: any BatchSystem, _ what: String) throws -> String {
        guard text.hasPrefix("-"), !text.contains("\n"), !text.has(0) else {
            throw ScriptError("\(what): '\(text)' is no option: it begins with '-'")
        }
        guard !system.owns(option: text) else {
            throw ScriptError(
                "\(what): xpm itself sets \(text.cut(at: "=").map { String($0.before) } ?? text); requires = \"…\" says what a job needs"
            )
        }
        return text
    }
}

extension Value {
    /// Of a table with names; none for an empty one.
    var entries: [Value.Entry]? {
        switch self {
        case .map(let entries), .openMap(let entries): entries
        case .list(let values) where values.isEmpty: []
        default: nil
        }
    }
}
