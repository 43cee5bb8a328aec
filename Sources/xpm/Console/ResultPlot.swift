import Inventory
import Plot
import Store
import Text

/// Pictures of results: which jobs make which point.
struct ResultPlot {
    /// A picture of a result, and what of it is not shown.
    struct Picture {
        let metric: String
        let drawing: Drawing
        var notes: [String] = []
    }

    let experiment: String
    var points: [ResultPoint]
    let metric: String?
    let x: String?
    let y: String?
    let series: String?
    let over: [String]
    let statistic: Statistic
    let logarithmicX: Bool?
    let logarithmicY: Bool

    typealias Problem = ResultTable.Problem

    // MARK: What is chosen where nobody says

    /// The result that is drawn, and the jobs of the types that have it.
    private func chosen() throws(Problem) -> (metric: String, plot: ResultPlot) {
        var request = ResultTable.Request()
        request.rows = []
        request.metrics = metric.map { [$0] }
        let known = try ResultTable(points, request).metrics
        func types(_ name: String) -> TextSet {
            TextSet(points.filter { $0.metric(name) != nil }.map(\.task))
        }
        // The first one of jobs that differ in something.
        let name =
            known.first { name in
                let types = types(name)
                return !with(points.filter { types.contains($0.task) }).varying.isEmpty
            } ?? known[0]
        let types = types(name)
        if types.isEmpty { throw Problem(text: "no job has a result\(metric.map { " '\($0)'" } ?? "") yet") }
        return (name, with(points.filter { types.contains($0.task) }))
    }

    private func with(_ points: [ResultPoint]) -> ResultPlot {
        var plot = self
        plot.points = points
        return plot
    }

    /// The tags with more than one value, with their values; those over which is summed up left out.
    private var varying: [(name: String, values: [JSON])] {
        var names: [String] = []
        var values: TextMap<TextMap<JSON>> = [:]
        for tag in points.flatMap(\.tags) where !over.contains(tag.name) {
            if values[tag.name] == nil { names.append(tag.name) }
            values[tag.name, default: [:]][tag.value.text] = tag.value
        }
        return names.compactMap { name in
            guard let found = values[name], found.count > 1 else { return nil }
            return (name, Array(found.values))
        }
    }

    private func across() throws(Problem) -> String {
        if let x { return x }
        let free = varying.filter { $0.name != series && $0.name != y }
        let numbers = free.filter { $0.values.allSatisfy { $0.number != nil } }
        let most = (numbers.isEmpty ? free : numbers).max { $0.values.count < $1.values.count }
        guard let most else { throw Problem(text: "no tag varies: name a parameter with --x") }
        return most.name
    }

    private func request(rows: [String], columns: [String], _ metric: String) -> ResultTable.Request {
        var request = ResultTable.Request()
        request.rows = rows
        request.columns = columns
        request.metrics = [metric]
        request.over = over.filter { !rows.contains($0) && !columns.contains($0) }
        return request
    }

    private static func text(_ key: JSON?) -> String {
        guard let key else { return "–" }
        if case .int = key { return key.text }
        return key.string ?? key.number.map { NumberText.significant($0, digits: 6) }.map(shortened)
            ?? key.text
    }

    /// Without zeros that tell nothing.
    private static func shortened(_ number: String) -> String {
        Double(number).map(NumberText.lua)?.trimmedZero ?? number
    }

    /// A statistic of a cell, and how far it spreads.
    private func value(_ cell: ResultTable.Cell) -> (value: Double, spread: Double)? {
        guard let summary = cell.summary else { return nil }
        let value = statistic.value(summary)
        return value.isFinite ? (value, statistic.spread(summary) ?? 0) : nil
    }

    private var spreadName: String {
        switch statistic {
        case .mean: " (mean ± std)"
        case .ci: " (mean ± 95 %)"
        default: " (\(statistic.rawValue))"
        }
    }

    // MARK: Kinds

    func lines(_ size: PictureSize) throws(Problem) -> Picture {
        let (name, plot) = try chosen()
        return try plot.lines(of: name, size)
    }

    private func lines(of name: String, _ size: PictureSize) throws(Problem) -> Picture {
        let across = try across()
        let by =
            series
            ?? varying.filter { $0.name != across && $0.values.count <= 8 }.min {
                $0.values.count < $1.values.count
            }?.name
        let table = try ResultTable(points, request(rows: [across], columns: by.map { [$0] } ?? [], name))
        // A job that does not have the parameter has no place.
        let rows = table.rows.filter { $0.keys[0] != nil }
        let isNumeric = rows.allSatisfy { $0.keys[0]?.number != nil }
        if !isNumeric, logarithmicX == true {
            throw Problem(text: "'\(across)' is not a number everywhere: it has no logarithmic axis")
        }
        let all = table.columnKeys.enumerated().map { column, keys in
            LineChart.Series(
                name: by.map { "\($0)=\(Self.text(keys[0]))" } ?? name,
                points: rows.enumerated().compactMap { number, row in
                    let cell = row.cells[column][0]
                    // Where there is no job there is no gap either.
                    if cell.summary == nil, cell.missing.isEmpty { return nil }
                    let found = value(cell) ?? (.nan, 0)
                    let place = isNumeric ? row.keys[0]?.number ?? 0 : Double(number)
                    return .init(x: place, y: found.value, spread: found.spread)
                })
        }
        let repeats = rows.contains { $0.cells.contains { ($0[0].summary?.count ?? 0) > 1 } }
        let labels = Labels(title: experiment, x: across, y: name + (repeats ? spreadName : ""))
        let scale = isNumeric ? nil : Scale(categories: rows.map { Self.text($0.keys[0]) })
        let chart = LineChart(
            all, labels, x: scale, logarithmicX: logarithmicX, logarithmicY: logarithmicY)
        return try picture(of: chart, all, name, size)
    }

    private func picture(
        of chart: LineChart, _ series: [LineChart.Series], _ name: String, _ size: PictureSize
    ) throws(Problem) -> Picture {
        if chart.empty.count == series.count {
            let axis = logarithmicY || logarithmicX == true ? ", or not above 0 on a logarithmic axis" : ""
            throw Problem(text: "no result '\(name)' can be drawn: they are not finite\(axis)")
        }
        var notes: [String] = []
        if chart.leftOut > 0 {
            notes.append(
                "\(chart.leftOut) point\(chart.leftOut == 1 ? " is" : "s are") not shown: not finite, without a result, or not above 0 on a logarithmic axis"
            )
        }
        if !chart.empty.isEmpty { notes.append("nothing to show of \(chart.empty.joined(separator: ", "))") }
        return Picture(metric: name, drawing: chart.drawing(size), notes: notes)
    }

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
            let count = TextSet(points.map { $0.value(axis, parameters: \.parameters)?.text ?? "" }).count
            guard count <= Self.mostCells else {
                throw Problem(
                    text:
                        "'\(axis)' has \(count) values, and a heat map at most \(Self.mostCells): --kind line, or a --filter"
                )
            }
        }
        let table = try ResultTable(points, request(rows: [up], columns: [across], name))
        let map = HeatMap(
            xNames: KeyLabels.of(table.columnKeys.map { $0[0] }, Self.text),
            yNames: KeyLabels.of(table.rows.map { $0.keys[0] }, Self.text),
            values: table.rows.map { row in row.cells.map { value($0[0])?.value } },
            Labels(title: experiment, x: across, y: up), valueName: name)
        let dropped = table.rows.reduce(0) { count, row in
            count
                + row.cells.count { ($0[0].summary != nil || !$0[0].missing.isEmpty) && value($0[0]) == nil }
        }
        return Picture(
            metric: name, drawing: map.drawing(size),
            notes: dropped > 0
                ? [
                    "\(dropped) cell\(dropped == 1 ? " is" : "s are") not shown: the result is missing or not finite"
                ] : [])
    }

    func parallel(_ size: PictureSize) throws(Problem) -> Picture {
        let (name, plot) = try chosen()
        return try plot.parallel(of: name, size)
    }

    private func parallel(of name: String, _ size: PictureSize) throws(Problem) -> Picture {
        let names = varying.map(\.name)
        if names.isEmpty { throw Problem(text: "no tag varies") }
        let table = try ResultTable(points, request(rows: names, columns: [], name))
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
                axes.append(
                    .init(name: axis, scale: Scale(numbers, logarithmic: isLogarithmic, isTight: true)))
                columns.append(numbers)
            } else {
                let labels = KeyLabels.of(keys, Self.text)
                let texts = TextSet(labels).ordered
                axes.append(.init(name: axis, scale: Scale(categories: texts)))
                columns.append(labels.map { Double(texts.firstIndex(of: $0) ?? 0) })
            }
        }
        axes.append(.init(name: name, scale: Scale(rows.map(\.value), isTight: true)))
        columns.append(rows.map(\.value))
        let lines = rows.indices.map { row in columns.map { $0[row] } }
        let left = table.rows.count - rows.count
        return Picture(
            metric: name, drawing: ParallelChart(axes, lines: lines, title: experiment).drawing(size),
            notes: left > 0
                ? [
                    "\(left) of \(table.rows.count) lines are not shown: their result is missing or not finite"
                ] : [])
    }

    /// What tasks have logged over their steps: the mean of those that are summed up, and how they spread.
    func curves(_ size: PictureSize) throws(Problem) -> Picture {
        var logs: [(point: ResultPoint, series: [JobLog.Series])] = []
        for point in points {
            let found = JobLog.series(of: point.folder)
            if !found.isEmpty { logs.append((point, found)) }
        }
        var known: [String] = []
        for one in logs.flatMap(\.series) where !known.contains(one.name) { known.append(one.name) }
        guard let first = known.first else {
            throw Problem(
                text: "no job has logged anything: self:log { step =, loss = }, or lines in $XPM_EVENTS")
        }
        let name = metric ?? first
        guard known.contains(name) else {
            throw Problem(
                text:
                    "no job has logged '\(name)'\(Suggestion.hint(for: name, among: known)): \(known.joined(separator: ", "))"
            )
        }
        logs.removeAll { one in !one.series.contains { $0.name == name } }
        let by = series.map { [$0] } ?? with(logs.map(\.point)).varying.map(\.name)
        if let series, !logs.contains(where: { $0.point.value(series, parameters: \.parameters) != nil }) {
            throw Problem(text: "these jobs have no tag and no parameter '\(series)'")
        }
        var groups: TextMap<[Double: [Double]]> = [:]
        var order: [(name: String, keys: [JSON?])] = []
        for (point, series) in logs {
            guard let one = series.first(where: { $0.name == name }) else { continue }
            let keys = by.map { point.value($0, parameters: \.parameters) }
            let title = zip(by, keys).map { "\($0)=\(Self.text($1))" }.joined(separator: " ")
            if groups[title] == nil { order.append((title, keys)) }
            for (step, value) in one.points {
                groups[title, default: [:]][step, default: []].append(value)
            }
        }
        let all = ResultTable.sorted(order, by: { $0.keys }).map { group in
            LineChart.Series(
                name: group.name,
                points: (groups[group.name] ?? [:]).compactMap { step, values in
                    guard let summary = Summary(values) else { return nil }
                    let value = statistic.value(summary)
                    return .init(
                        x: step, y: value, spread: value.isFinite ? statistic.spread(summary) ?? 0 : 0)
                })
        }
        let isRepeated = groups.values.contains { $0.values.contains { $0.count > 1 } }
        let labels = Labels(title: experiment, x: "step", y: name + (isRepeated ? spreadName : ""))
        let chart = LineChart(
            all, labels, logarithmicX: logarithmicX ?? false, logarithmicY: logarithmicY)
        return try picture(of: chart, all, name, size)
    }
}

extension String {
    /// `3` for `3.0`.
    fileprivate var trimmedZero: String { hasSuffix(".0") ? String(dropLast(2)) : self }
}
