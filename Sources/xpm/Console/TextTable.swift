import Engine

/// Rows of texts below titles, for people and for what they write.
struct TextTable {
    let titles: [String]
    /// How many columns say what a row is of.
    let leading: Int
    let rows: [[String]]
    /// Whether one of those has numbers, which end together; texts begin so.
    let isNumeric: (Int) -> Bool

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

    private func isText(_ column: Int) -> Bool { column < leading && !isNumeric(column) }

    private var plain: String {
        let all = [titles] + rows.map { $0.map(TextReport.printable) }
        let widths = titles.indices.map { column in all.map { $0[column].columns }.max() ?? 0 }
        let style = Style.standardOutput
        return all.enumerated().map { number, row in
            let cells = row.enumerated().map { column, text in
                isText(column) ? text.padded(to: widths[column]) : text.padded(leftTo: widths[column])
            }
            let line = cells.joined(separator: "  ").trimmedRight
            return (number == 0 ? style.bold(line) : line) + "\n"
        }.joined()
    }

    /// RFC 4180.
    static func csv(_ lines: [[String]]) -> String {
        func quote(_ text: String) -> String {
            text.contains(where: { ",\"\n\r".contains($0) })
                ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
        }
        return lines.map { $0.map(quote).joined(separator: ",") + "\n" }.joined()
    }

    private var markdown: String {
        func escape(_ text: String) -> String {
            TextReport.printable(text).replacing("|", with: "\\|").replacing("<", with: "&lt;")
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
            "±": "$\\pm$", "–": "--",
        ]
        return TextReport.printable(text).map { character in
            signs[character] ?? ("&%$#_{}".contains(character) ? "\\\(character)" : String(character))
        }.joined()
    }
}
