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

    private static func value(_ key: JSON?) -> String {
        guard let key else { return "" }
        if case .float(let number) = key { return NumberText.lua(number) }
        return key.string ?? key.text
    }

    /// A value as people read it: a long float has six digits.
    static func shown(_ key: JSON?) -> String {
        let whole = value(key)
        guard case .float(let number)? = key, whole.utf8.count > 10, number.isFinite else { return whole }
        return Double(NumberText.significant(number, digits: 6)).map(NumberText.lua) ?? whole
    }

    /// `0.953 ± 0.012`: the spread with two digits, the value with as many decimals.
    private func numbers(_ summary: Summary) -> (value: String, spread: String?) {
        if summary.count == 0 { return ("NaN", nil) }
        let value = statistic.value(summary)
        if value.isNaN { return ("–", nil) }
        if statistic == .count { return (String(summary.count), nil) }
        guard let spread = statistic.spread(summary), spread.isFinite, value.isFinite else {
            return (NumberText.significant(value, digits: 4), nil)
        }
        if spread == 0 { return (NumberText.significant(value, digits: 4), "0") }
        let exponent = NumberText.exponent(spread, digits: 2)
        let (size, least) = (NumberText.exponent(value), -4)
        guard exponent >= least - 4, max(size, exponent) <= 8, size >= least || value == 0 else {
            return (
                NumberText.significant(value, digits: max(2, min(9, size - exponent + 2))),
                NumberText.significant(spread, digits: 2)
            )
        }
        let decimals = max(0, 1 - exponent)
        return (
            NumberText.fixed(value, decimals: decimals), NumberText.fixed(spread, decimals: decimals)
        )
    }

    private func states(_ cell: ResultTable.Cell) -> String {
        let isAlone = cell.summary == nil && cell.missing.count == 1 && cell.missing[0].count == 1
        var texts = cell.missing.map { one in
            let name = one.state == .error ? "failed" : one.state == .done ? "no value" : one.state.rawValue
            return isAlone ? name : "\(one.count) \(name)"
        }
        if let summary = cell.summary, summary.undefined > 0, summary.undefined + summary.count > 1 {
            texts.insert("\(summary.undefined) NaN", at: 0)
        }
        return texts.joined(separator: ", ")
    }

    private func cell(_ cell: ResultTable.Cell) -> String {
        let states = states(cell)
        guard let summary = cell.summary else { return states }
        let (value, spread) = numbers(summary)
        let text = spread.map { "\(value) ± \($0)" } ?? value
        return states.isEmpty ? text : "\(text) (\(states))"
    }

    // MARK: Grids of texts

    /// What stands over the columns: `accuracy`, `model=cnn`, or `accuracy, model=cnn`.
    private var titles: [String] {
        table.rowNames
            + table.columnKeys.flatMap { keys in
                let place = zip(table.columnNames, keys).map { "\($0)=\($1 == nil ? "–" : Self.shown($1))" }
                    .joined(separator: " ")
                return table.metrics.map { metric in
                    place.isEmpty ? metric : table.metrics.count == 1 ? place : "\(metric), \(place)"
                }
            }
    }

    private var grid: [[String]] {
        zip(table.rows, labels(Self.shown)).map { row, labels in labels + row.cells.flatMap { $0 }.map(cell) }
    }

    /// The keys of each row as texts.
    private func labels(_ one: (JSON?) -> String) -> [[String]] {
        let columns = table.rowNames.indices.map { column in
            KeyLabels.of(table.rows.map { $0.keys[column] }, one)
        }
        return table.rows.indices.map { row in columns.map { $0[row] } }
    }

    private func isNumeric(_ column: Int) -> Bool {
        table.rows.allSatisfy { $0.keys[column].map { $0.number != nil } ?? true }
    }

    // MARK: For programs

    /// A line for each row and column: the values, then of each metric mean, deviation, count, median, least
    /// and greatest.
    private var csv: String {
        let parts = ["", "_std", "_n", "_median", "_min", "_max", "_missing"]
        let head =
            table.rowNames + table.columnNames
            + table.metrics.flatMap { metric in parts.map { metric + $0 } }
        var lines = [head]
        let columnLabels = table.columnNames.indices.map { place in
            KeyLabels.of(table.columnKeys.map { $0[place] }, Self.value)
        }
        for (row, labels) in zip(table.rows, labels(Self.value)) {
            for (number, cells) in row.cells.enumerated() {
                lines.append(
                    labels + columnLabels.map { $0[number] }
                        + cells.flatMap { cell -> [String] in
                            let numbers: [Double?] =
                                cell.summary.map {
                                    [
                                        $0.mean, $0.deviation, Double($0.count), $0.median, $0.least,
                                        $0.greatest,
                                    ]
                                } ?? Array(repeating: nil, count: 6)
                            let texts = numbers.enumerated().map { place, number in
                                if let exact = cell.summary?.exact, place != 1, place != 2 {
                                    return String(exact)
                                }
                                return number.map { place == 2 ? String(Int($0)) : NumberText.lua($0) } ?? ""
                            }
                            return texts + [states(cell)]
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
                        guard case .object(let members)? = cell.summary?.json else {
                            return .init(name, .object([.init("n", 0), .init("missing", .object(missing))]))
                        }
                        return .init(name, .object(members + [.init("missing", .object(missing))]))
                    }
                    return .object([
                        .init("parameters", .object(parameters)), .init("metrics", .object(metrics)),
                    ])
                }
            })
    }
}
