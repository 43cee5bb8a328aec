import System
import Text

/// Rows of texts below titles, for people and for what they write.
struct TextTable {
    let titles: [String]
    /// How many columns say what a row is of.
    let leading: Int
    let rows: [[String]]
    /// Which columns are of texts, which begin together; numbers end so.
    private let areTexts: [Bool]

    /// - Parameter isNumeric: whether one of the leading columns has numbers.
    init(titles: [String], leading: Int, rows: [[String]], isNumeric: (Int) -> Bool) {
        self.titles = titles
        self.leading = leading
        self.rows = rows
        areTexts = titles.indices.map { $0 < leading && !isNumeric($0) }
    }

    func text(_ format: ResultFormat) -> String {
        switch format {
        case .text: plain
        case .csv: Self.csv([titles] + rows)
        case .json:
            String(
                decoding: JSON.array(
                    rows.map { row in .object(zip(titles, row).map { .init($0, .string($1)) }) }
                ).prettyBytes, as: UTF8.self)
        case .markdown: markdown
        case .latex: latex
        }
    }

    private func isText(_ column: Int) -> Bool { areTexts[column] }

    private var plain: String {
        let all = ([titles] + rows).map { $0.map(TextReport.printable) }
        let widths = titles.indices.map { column in all.map { $0[column].columns }.max() ?? 0 }
        let style = Style.standardOutput
        return blocks(widths).map { columns in
            all.enumerated().map { number, row in
                let cells = columns.map { column in
                    isText(column)
                        ? row[column].padded(to: widths[column]) : row[column].padded(leftTo: widths[column])
                }
                let line = cells.joined(separator: "  ").trimmedRight
                return (number == 0 ? style.bold(line) : line) + "\n"
            }.joined()
        }.joined(separator: "\n")
    }

    /// The columns, on a terminal as many together as fit: the leading ones stand before each part.
    private func blocks(_ widths: [Int]) -> [[Int]] {
        guard StandardStream.output.isTerminal else { return [Array(titles.indices)] }
        let room = StandardStream.output.columns
        let head = Array(0..<leading)
        let used = head.reduce(0) { $0 + widths[$1] + 2 }
        var blocks: [[Int]] = []
        var current = head
        var width = used
        for column in titles.indices.dropFirst(leading) {
            if width + widths[column] > room, current.count > leading {
                blocks.append(current)
                (current, width) = (head, used)
            }
            current.append(column)
            width += widths[column] + 2
        }
        return blocks + [current]
    }

    /// RFC 4180.
    static func csv(_ lines: [[String]]) -> String {
        func quote(_ text: String) -> String {
            // By bytes: a sign may be a part of a character.
            let special = Array(",\"\n\r".utf8)
            guard text.utf8.contains(where: special.contains) else { return text }
            let quote = UInt8(ascii: "\"")
            let doubled = text.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] }
            return "\"\(String(decoding: doubled, as: UTF8.self))\""
        }
        return lines.map { $0.map(quote).joined(separator: ",") + "\n" }.joined()
    }

    private var markdown: String {
        func escape(_ text: String) -> String {
            let escaped = TextReport.printable(text).map { character in
                switch character {
                case "\\", "|", "*", "`", "[": "\\\(character)"
                case "&": "&amp;"
                case "<": "&lt;"
                default: String(character)
                }
            }.joined()
            // Within a word it is only a sign.
            return escaped.hasPrefix("_") || escaped.hasSuffix("_") || escaped.contains(" _")
                || escaped.contains("_ ")
                ? escaped.replacing("_", with: "\\_") : escaped
        }
        func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
        let rule = titles.indices.map { isText($0) ? "---" : "---:" }
        return line(titles.map(escape)) + line(rule) + rows.map { line($0.map(escape)) }.joined()
    }

    private var latex: String {
        let columns = titles.indices.map { isText($0) ? "l" : "r" }.joined()
        func line(_ cells: [String]) -> String {
            "  \(cells.map(Self.escapeLatex).joined(separator: " & ")) \\\\\n"
        }
        return "\\begin{tabular}{\(columns)}\n  \\toprule\n" + line(titles) + "  \\midrule\n"
            + rows.map(line).joined() + "  \\bottomrule\n\\end{tabular}\n"
    }

    private static func escapeLatex(_ text: String) -> String {
        let signs: [Character: String] = [
            "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
            "±": "$\\pm$", "–": "--", "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}",
            // After a line's end these are an argument and another command.
            "[": "{[}", "*": "{*}",
        ]
        // Two hyphens are a dash.
        let parts = TextReport.printable(text).split(separator: "--", omittingEmptySubsequences: false)
        return parts.map { part in
            part.map { character in
                signs[character] ?? ("&%$#_{}".contains(character) ? "\\\(character)" : String(character))
            }.joined()
        }.joined(separator: "-{}-")
    }
}
