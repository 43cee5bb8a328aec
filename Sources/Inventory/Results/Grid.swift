import Store
import Text

/// The cells as they are filled, by the texts of their keys.
struct Grid {
    let metrics: [String]
    let types: TextMap<TextSet>
    private(set) var columns: [[JSON?]] = []
    private var columnNumbers: TextMap<Int> = [:]
    private var rowKeys: [[JSON?]] = []
    private var rowNumbers: TextMap<Int> = [:]

    private struct Content {
        var values: [[Double]]
        var wholes: [[Int64]]
        var missing: [[JobRecord.State: Int]]
        var texts: [TextMap<Int>]
    }

    private struct Place: Hashable {
        let row: Int
        let column: Int
    }

    private var contents: [Place: Content] = [:]

    init(metrics: [String], types: TextMap<TextSet>) {
        self.metrics = metrics
        self.types = types
    }

    private static func text(_ key: [JSON?]) -> String {
        key.map { $0?.key ?? "" }.joined(separator: "\u{1f}")
    }

    private static func number(
        _ key: [JSON?], _ numbers: inout TextMap<Int>, _ keys: inout [[JSON?]]
    ) -> Int {
        let text = text(key)
        if let known = numbers[text] { return known }
        numbers[text] = keys.count
        keys.append(key)
        return keys.count - 1
    }

    mutating func add(_ point: ResultPoint, row: [JSON?], column: [JSON?]) {
        let place = Place(
            row: Self.number(row, &rowNumbers, &rowKeys),
            column: Self.number(column, &columnNumbers, &columns))
        var content =
            contents.removeValue(forKey: place)
            ?? Content(
                values: Array(repeating: [], count: metrics.count),
                wholes: Array(repeating: [], count: metrics.count),
                missing: Array(repeating: [:], count: metrics.count),
                texts: Array(repeating: [:], count: metrics.count))
        for (index, name) in metrics.enumerated() where types[name]?.contains(point.task) == true {
            if let value = point.metric(name) {
                content.values[index].append(value)
                if let whole = point.wholes[name] { content.wholes[index].append(whole) }
            } else if let text = point.text(name) {
                content.texts[index][text, default: 0] += 1
            } else {
                content.missing[index][point.state, default: 0] += 1
            }
        }
        contents[place] = content
    }

    /// The rows, with a cell for each of the columns and each metric.
    func rows(_ order: [[JSON?]]) -> [ResultTable.Row] {
        let numbers = order.map { columnNumbers[Self.text($0)] ?? 0 }
        return rowKeys.enumerated().map { row, keys in
            let cells = numbers.map { column -> [ResultTable.Cell] in
                guard let content = contents[Place(row: row, column: column)] else {
                    return metrics.map { _ in ResultTable.Cell() }
                }
                return metrics.indices.map { metric in
                    let states = JobRecord.State.allCases.compactMap { state in
                        content.missing[metric][state].map { (state: state, count: $0) }
                    }
                    return ResultTable.Cell(
                        summary: Summary(content.values[metric], wholes: content.wholes[metric]),
                        missing: states,
                        texts: content.texts[metric].orderedKeys.map { ($0, content.texts[metric][$0] ?? 0) })
                }
            }
            return ResultTable.Row(keys: keys, cells: cells)
        }
    }
}
