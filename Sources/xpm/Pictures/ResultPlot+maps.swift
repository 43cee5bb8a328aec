import Inventory
import Plot
import Store
import Text

/// A result over several parameters.
extension ResultPlot {
    /// The most cells of a heat map in one direction.
    private static let mostCells = 500

    func heatMap(_ size: PictureSize) throws(Problem) -> Picture {
        let (name, plot) = try chosen()
        return try plot.heatMap(of: name, size)
    }

    private func heatMap(of name: String, _ size: PictureSize) throws(Problem) -> Picture {
        let across = try across()
        guard let up = y ?? varying.first(where: { $0.name != across })?.name else {
            throw Problem(text: "a heat map needs two parameters that vary: --x and --y")
        }
        for axis in [across, up] {
            let count = TextSet(points.map { $0.value(axis, parameters: \.parameters)?.key ?? "" }).count
            guard count <= Self.mostCells else {
                throw Problem(
                    text:
                        "'\(axis)' has \(count) values, and a heat map at most \(Self.mostCells): --kind line, or a --filter"
                )
            }
        }
        var request = request(rows: [up], columns: [across], name)
        request.options = "--x, --y or --over"
        let table = try ResultTable(points, request)
        var total = Uncounted()
        var (infinite, negative) = (0, 0)
        let cells = table.rows.map { row in
            row.cells.map { cell -> HeatMap.Cell in
                let cell = cell[0]
                total.add(cell)
                guard let summary = cell.summary else {
                    return cell.missing.isEmpty ? .absent : .gap(Self.gap(cell))
                }
                let value = statistic.value(summary)
                if value.isInfinite { infinite += 1 }
                if logarithmicZ, value <= 0 { negative += 1 }
                return .value(value)
            }
        }
        guard cells.contains(where: { $0.contains { Self.hasColour($0, isLogarithmic: logarithmicZ) } })
        else {
            let axis = logarithmicZ ? ", or not above 0" : ""
            throw Problem(text: "no result '\(name)' can be drawn: they are not finite\(axis)")
        }
        let map = HeatMap(
            xNames: KeyLabels.of(table.columnKeys.map { $0[0] }, .picture),
            yNames: KeyLabels.of(table.rows.map { $0.keys[0] }, .picture), cells: cells,
            Labels(title: experiment, x: across, y: up), valueName: name, isLogarithmic: logarithmicZ)
        var notes = table.notes + (total.unmarkedNote.map { [$0] } ?? [])
        for (count, why) in [(infinite, "infinite"), (negative, "not above 0, with --log-z")] where count > 0
        {
            notes.append("\(count) cell\(count == 1 ? " has" : "s have") no colour: \(why)")
        }
        return Picture(metric: name, drawing: map.drawing(size), notes: notes)
    }

    private static func hasColour(_ cell: HeatMap.Cell, isLogarithmic: Bool) -> Bool {
        if case .value(let value) = cell { value.isFinite && (!isLogarithmic || value > 0) } else { false }
    }

    func parallel(_ size: PictureSize) throws(Problem) -> Picture {
        let (name, plot) = try chosen()
        return try plot.parallel(of: name, size)
    }

    private func parallel(of name: String, _ size: PictureSize) throws(Problem) -> Picture {
        let names = varying.map(\.name)
        if names.isEmpty { throw Problem(text: "no tag varies") }
        let table = try ResultTable(points, request(rows: names, columns: [], name))
        var total = Uncounted()
        for row in table.rows { total.add(row.cells[0][0]) }
        let rows = table.rows.compactMap { row in
            value(row.cells[0][0]).map { (keys: row.keys, value: $0.value) }
        }
        guard !rows.isEmpty else { throw Problem(text: "no job has a result '\(name)' yet") }
        var axes: [ParallelChart.Axis] = []
        var columns: [[Double]] = []
        for (place, axis) in names.enumerated() {
            let keys = rows.map { $0.keys[place] }
            let numbers = keys.compactMap { $0?.number }
            if numbers.count == keys.count {
                let isLogarithmic = Scale.suggestsLogarithm(numbers)
                let areInts = keys.allSatisfy { $0?.int != nil }
                axes.append(
                    .init(
                        name: axis,
                        scale: Scale(
                            numbers, logarithmic: isLogarithmic, isTight: true, isWhole: areInts ? true : nil)
                    ))
                columns.append(numbers)
            } else {
                let labels = KeyLabels.of(keys, .picture)
                // From the bottom up, in the order of tables.
                var seen: TextSet = []
                let places = keys.indices.filter { seen.insert(labels[$0]).inserted }
                let texts = ResultTable.sorted(places) { [keys[$0]] }.map { labels[$0] }
                axes.append(.init(name: axis, scale: Scale(categories: texts)))
                let rank = TextMap(texts: texts.enumerated().map { ($1, Double($0)) })
                columns.append(labels.map { rank[$0] ?? 0 })
            }
        }
        axes.append(.init(name: name, scale: Scale(rows.map(\.value), isTight: true)))
        columns.append(rows.map(\.value))
        let lines = rows.indices.map { row in columns.map { $0[row] } }
        var notes = table.notes + (total.note.map { [$0] } ?? [])
        let left = table.rows.count - rows.count
        if left > 0 {
            notes.append(
                "\(left) of \(table.rows.count) lines are not shown: their result is missing or not finite")
        }
        let chart = ParallelChart(axes, lines: lines, title: experiment)
        if chart.count < lines.count {
            notes.append(
                "\(chart.count) of \(lines.count) lines are drawn: the best and the worst through each value")
        }
        return Picture(metric: name, drawing: chart.drawing(size), notes: notes)
    }
}
