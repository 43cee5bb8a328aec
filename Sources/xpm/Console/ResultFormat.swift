import ArgumentParser
import Inventory
import Text

/// How a table of results is written.
enum ResultFormat: String, ExpressibleByArgument, CaseIterable {
    case text, csv, json, markdown, latex
}

/// Which number of a cell is told.
enum Statistic: String, ExpressibleByArgument, CaseIterable {
    case mean, median, min, max, std, count, ci

    func value(_ summary: Summary) -> Double {
        switch self {
        case .mean, .ci: summary.mean
        case .median: summary.median
        case .min: summary.least
        case .max: summary.greatest
        case .std: summary.deviation ?? .nan
        case .count: Double(summary.count)
        }
    }

    /// What stands behind the ±.
    func spread(_ summary: Summary) -> Double? {
        switch self {
        case .mean: summary.deviation
        case .ci: summary.halfInterval
        default: nil
        }
    }
}

/// A table of results as text.
struct ResultText {
    let table: ResultTable
    let statistic: Statistic

    func text(_ format: ResultFormat) -> String {
        switch format {
        case .csv: csv
        case .json: String(decoding: json.prettyBytes, as: UTF8.self)
        case .text, .markdown, .latex:
            TextTable(
                titles: titles, leading: table.rowNames.count, rows: grid, isNumeric: isNumeric
            ).text(format)
        }
    }

    // MARK: Cells

    /// What a cell says: a number by itself may get more digits.
    private enum Content {
        case text(String)
        case number(Double)
    }

    private func content(_ summary: Summary) -> Content {
        if summary.count == 0 { return .text("NaN") }
        let value = statistic.value(summary)
        if value.isNaN { return .text("–") }
        if statistic == .count { return .text(String(summary.count)) }
        guard let spread = statistic.spread(summary), spread.isFinite, value.isFinite, spread > 0 else {
            return .number(value)
        }
        return .text(NumberText.uncertain(value, spread))
    }

    /// The texts of the cells of one column and metric: numbers that differ do not look the same.
    private func texts(_ cells: [ResultTable.Cell]) -> [String] {
        let contents = cells.map { $0.summary.map(content) }
        let numbers = contents.compactMap { if case .number(let value)? = $0 { value } else { nil } }
        var labels = NumberText.distinct(numbers, digits: 4)[...]
        return zip(cells, contents).map { cell, content in
            let (states, words) = (states(cell), Self.words(cell))
            let text: String
            switch content {
            case nil: text = words
            case .text(let whole)?: text = words.isEmpty ? whole : "\(whole), \(words)"
            case .number?:
                let isSpread = cell.summary.flatMap(statistic.spread) == 0
                text =
                    (labels.popFirst() ?? "") + (isSpread ? " ± 0" : "") + (words.isEmpty ? "" : ", \(words)")
            }
            return text.isEmpty || states.isEmpty ? text + states : "\(text) (\(states))"
        }
    }

    /// The texts of a cell: one by itself, several with how often they are there.
    private static func words(_ cell: ResultTable.Cell) -> String {
        if cell.texts.count == 1, cell.summary == nil { return cell.texts[0].text }
        return cell.texts.map { "\($0.text) ×\($0.count)" }.joined(separator: ", ")
    }

    /// - Parameter isCounted: whether a single job is counted too, `1 failed`.
    private func states(_ cell: ResultTable.Cell, isCounted: Bool = false) -> String {
        let isAlone =
            !isCounted && cell.summary == nil && cell.missing.count == 1 && cell.missing[0].count == 1
        var texts = cell.missing.map { one in
            let name = one.state == .done ? "no value" : one.state.rawValue
            return isAlone ? name : "\(one.count) \(name)"
        }
        if let summary = cell.summary, summary.undefined > 0,
            isCounted || summary.undefined + summary.count > 1
        {
            texts.insert("\(summary.undefined) NaN", at: 0)
        }
        return texts.joined(separator: ", ")
    }

    // MARK: Grids of texts

    /// What stands over the columns: `accuracy`, `model=cnn`, or `accuracy, model=cnn`.
    private var titles: [String] {
        table.rowNames
            + table.columnKeys.indices.flatMap { number in
                let place = zip(table.columnNames, columnLabels(.table)).map { name, labels in
                    "\(name)=\(labels[number].isEmpty ? "–" : labels[number])"
                }.joined(separator: " ")
                return table.metrics.map { metric in
                    place.isEmpty ? metric : table.metrics.count == 1 ? place : "\(metric), \(place)"
                }
            }
    }

    private var grid: [[String]] {
        let columns = table.columnKeys.indices.flatMap { column in
            table.metrics.indices.map { metric in texts(table.rows.map { $0.cells[column][metric] }) }
        }
        return labels(.table).enumerated().map { row, labels in labels + columns.map { $0[row] } }
    }

    /// Of each of the parameters across its labels, by column.
    private func columnLabels(_ style: KeyLabels.Style) -> [[String]] {
        table.columnNames.indices.map { place in KeyLabels.of(table.columnKeys.map { $0[place] }, style) }
    }

    /// The keys of each row as texts.
    private func labels(_ style: KeyLabels.Style) -> [[String]] {
        let columns = table.rowNames.indices.map { column in
            KeyLabels.of(table.rows.map { $0.keys[column] }, style)
        }
        return table.rows.indices.map { row in columns.map { $0[row] } }
    }

    private func isNumeric(_ column: Int) -> Bool {
        table.rows.allSatisfy { $0.keys[column].map { $0.number != nil } ?? true }
    }

    // MARK: For programs

    /// The titles of the CSV: those of a metric's figures are its name and what they are, with more `_` where
    /// another column has that name.
    private var csvTitles: [String] {
        let parameters = table.rowNames + table.columnNames
        var taken = TextSet(parameters)
        let names = table.metrics.map { metric in
            taken.insert(metric).inserted ? metric : Self.free(metric, "result", &taken)
        }
        let parts = ["std", "n", "median", "min", "max", "ci95", "missing"]
        return parameters
            + zip(table.metrics, names).flatMap { metric, name in
                [name] + parts.map { Self.free(metric, $0, &taken) }
            }
    }

    private static func free(_ name: String, _ part: String, _ taken: inout TextSet) -> String {
        var between = "_"
        while !taken.insert(name + between + part).inserted { between += "_" }
        return name + between + part
    }

    /// A line for each row and column: the values, then of each metric mean, deviation, count, median, least,
    /// greatest, half of the 95 % confidence interval, and what is missing.
    private var csv: String {
        var lines = [csvTitles]
        let columnLabels = columnLabels(.exact)
        for (row, labels) in zip(table.rows, labels(.exact)) {
            for (number, cells) in row.cells.enumerated() {
                lines.append(
                    labels + columnLabels.map { $0[number] }
                        + cells.flatMap { cell -> [String] in
                            let numbers: [Double?] =
                                cell.summary.map {
                                    [
                                        $0.mean, $0.deviation, Double($0.count), $0.median, $0.least,
                                        $0.greatest, $0.halfInterval,
                                    ]
                                } ?? Array(repeating: nil, count: 7)
                            let texts = numbers.enumerated().map { place, number in
                                if let exact = cell.summary?.exact, ![1, 2, 6].contains(place) {
                                    return String(exact)
                                }
                                return number.map { place == 2 ? String(Int($0)) : NumberText.lua($0) } ?? ""
                            }
                            let (words, states) = (Self.words(cell), states(cell, isCounted: true))
                            // Beside numbers, texts are what is missing.
                            let isText = cell.summary == nil && !words.isEmpty
                            let missing = [states, isText ? "" : words].filter { !$0.isEmpty }
                            return [isText ? words : texts[0]] + texts.dropFirst()
                                + [missing.joined(separator: ", ")]
                        })
            }
        }
        return TextTable.csv(lines)
    }

    /// A list of objects, one for each row and column.
    private var json: JSON {
        .array(
            table.rows.flatMap { row in
                zip(table.columnKeys, row.cells).map { keys, cells in
                    let parameters =
                        zip(table.rowNames, row.keys).map { JSON.Member($0, $1 ?? .null) }
                        + zip(table.columnNames, keys).map { JSON.Member($0, $1 ?? .null) }
                    let metrics = zip(table.metrics, cells).map { name, cell -> JSON.Member in
                        let missing = cell.missing.map {
                            JSON.Member($0.state.rawValue, .int(Int64($0.count)))
                        }
                        let words = cell.texts.map { JSON.Member($0.text, .int(Int64($0.count))) }
                        let rest =
                            (words.isEmpty ? [] : [JSON.Member("texts", .object(words))])
                            + [.init("missing", .object(missing))]
                        guard case .object(let members)? = cell.summary?.json else {
                            return .init(name, .object([.init("n", 0)] + rest))
                        }
                        return .init(name, .object(members + rest))
                    }
                    return .object([
                        .init("parameters", .object(parameters)), .init("metrics", .object(metrics)),
                    ])
                }
            })
    }
}
