import Inventory
import Plot
import Store
import Text

/// A result over a parameter.
extension ResultPlot {
    func lines(_ size: PictureSize) throws(Problem) -> Picture {
        let (name, plot) = try chosen()
        return try plot.lines(of: name, size)
    }

    private func lines(of name: String, _ size: PictureSize) throws(Problem) -> Picture {
        let across = try across()
        let by = by(without: across)
        let table = try ResultTable(points, request(rows: [across], columns: by.map { [$0] } ?? [], name))
        // A job that does not have the parameter has no place.
        let rows = table.rows.filter { $0.keys[0] != nil }
        let isNumeric = rows.allSatisfy { $0.keys[0]?.number != nil }
        if !isNumeric, style.logarithmicX == true {
            throw Problem(text: "'\(across)' is not a number everywhere: it has no logarithmic axis")
        }
        let names = KeyLabels.of(table.columnKeys.map { $0.first ?? nil }, .picture)
        var total = Uncounted()
        let all = table.columnKeys.indices.map { column in
            var uncounted = Uncounted()
            let points = rows.enumerated().compactMap { number, row -> LineChart.Point? in
                let cell = row.cells[column][0]
                // Where there is no job there is no gap either.
                if cell.summary == nil, cell.missing.isEmpty { return nil }
                uncounted.add(cell)
                total.add(cell)
                return point(cell, at: isNumeric ? row.keys[0]?.number ?? 0 : Double(number))
            }
            return LineChart.Series(
                name: by.map { "\($0)=\(names[column])" } ?? name, points: points, remark: uncounted.remark)
        }
        let repeats = rows.contains { $0.cells.contains { ($0[0].summary?.count ?? 0) > 1 } }
        let labels = Labels(title: experiment, x: across, y: name + (repeats ? spreadName : ""))
        let scale =
            isNumeric ? nil : Scale(categories: KeyLabels.of(rows.map { $0.keys[0] }, .picture))
        var notes = table.notes + (total.note.map { [$0] } ?? [])
        var style = style
        if isNumeric, !repeats, let other = design(across, by) {
            style.hasLines = false
            notes.append("points are not joined: each is of a job that differs from the next in \(other) too")
        }
        let chart = LineChart(all, labels, x: scale, style)
        return try picture(of: chart, all, name, size, notes: notes)
    }

    private func point(_ cell: ResultTable.Cell, at x: Double) -> LineChart.Point {
        let isPartial = (cell.summary?.undefined ?? 0) > 0 || !cell.missing.isEmpty
        if let (value, spread) = value(cell) {
            return .init(x: x, y: value, spread: spread, isPartial: isPartial)
        }
        let value = cell.summary.map(statistic.value) ?? .nan
        return .init(x: x, y: value, gap: Self.gap(cell))
    }

    /// The parameter that makes jobs a design of several dimensions, such as one at random: another one that
    /// has a value of its own for each, in another order.
    private func design(_ across: String, _ by: String?) -> String? {
        let others = varying.filter {
            ![across, by].contains($0.name) && $0.values.allSatisfy { $0.number != nil }
        }
        return others.first { other in
            let pairs = points.compactMap { point -> (x: Double, other: Double)? in
                guard let x = point.value(across, parameters: \.parameters)?.number,
                    let value = point.value(other.name, parameters: \.parameters)?.number
                else { return nil }
                return (x, value)
            }.sorted { $0.x < $1.x }
            guard pairs.count >= 3, Set(pairs.map(\.other)).count > pairs.count / 2 else { return false }
            let rises = zip(pairs, pairs.dropFirst()).count { $0.other < $1.other }
            return rises > 0 && rises < pairs.count - 1
        }?.name
    }

    // MARK: Without lines

    /// A point for each job: a result over a parameter, or over another result.
    func scatter(_ size: PictureSize) throws(Problem) -> Picture {
        let (name, plot) = try chosen()
        return try plot.scatter(of: name, size)
    }

    private func scatter(of name: String, _ size: PictureSize) throws(Problem) -> Picture {
        let across = try across()
        let isResult = points.contains { $0.metric(across) != nil }
        func key(_ point: ResultPoint) -> JSON? {
            if let value = point.value(across, parameters: \.parameters) { return value }
            return isResult ? point.metric(across).map(JSON.float) : nil
        }
        let keys = points.map(key)
        guard keys.contains(where: { $0 != nil }) else {
            throw Problem(text: "these jobs have no tag, no parameter and no result '\(across)'")
        }
        let isNumeric = keys.allSatisfy { $0 == nil || $0?.number != nil }
        let categories = isNumeric ? [] : Self.distinct(keys.compactMap(\.self))
        let by = by(without: across)
        let groups = Self.distinct(
            by.map { by in points.map { $0.value(by, parameters: \.parameters) } } ?? [nil])
        let names = KeyLabels.of(groups, .picture)
        var total = Uncounted()
        let all = zip(groups, names).map { group, label in
            var uncounted = Uncounted()
            let mine = zip(points, keys).filter { point, _ in
                by.map { point.value($0, parameters: \.parameters)?.key == group?.key } ?? true
            }
            let dots = mine.compactMap { point, key -> LineChart.Point? in
                guard let key else { return nil }
                uncounted.add(point, point.metric(name))
                total.add(point, point.metric(name))
                let place =
                    isNumeric
                    ? key.number ?? .nan : Double(categories.firstIndex { $0.key == key.key } ?? 0)
                let gap: LineChart.Gap =
                    point.metric(name) != nil ? .undefined : point.state == .error ? .failed : .open
                return .init(x: place, y: point.metric(name) ?? .nan, gap: gap)
            }
            return LineChart.Series(
                name: by.map { "\($0)=\(label)" } ?? name, points: dots, remark: uncounted.remark)
        }
        var style = style
        style.hasLines = false
        let chart = LineChart(
            all, Labels(title: experiment, x: across, y: name),
            x: isNumeric ? nil : Scale(categories: KeyLabels.of(categories, .picture)), style)
        return try picture(of: chart, all, name, size, notes: total.note.map { [$0] } ?? [])
    }

    /// The values that there are, in their order.
    private static func distinct(_ keys: [JSON]) -> [JSON] {
        distinct(keys.map(Optional.some)).compactMap(\.self)
    }

    private static func distinct(_ keys: [JSON?]) -> [JSON?] {
        var seen: TextSet = []
        return ResultTable.sorted(keys.filter { seen.insert($0?.key ?? "").inserted }) { [$0] }
    }

    /// How often a result lies where.
    func histogram(_ size: PictureSize) throws(Problem) -> Picture {
        let (name, plot) = try chosen()
        return try plot.histogram(of: name, size)
    }

    private func histogram(of name: String, _ size: PictureSize) throws(Problem) -> Picture {
        var total = Uncounted()
        for point in points { total.add(point, point.metric(name)) }
        var groups: [JSON?] = [nil]
        if let series {
            groups = Self.distinct(points.map { $0.value(series, parameters: \.parameters) })
            if groups.allSatisfy({ $0 == nil }) {
                throw Problem(text: "these jobs have no tag and no parameter '\(series)'")
            }
        }
        let names = KeyLabels.of(groups, .picture)
        let all = zip(groups, names).map { group, label in
            let mine = points.filter { point in
                series.map { point.value($0, parameters: \.parameters)?.key == group?.key } ?? true
            }
            return (
                name: series.map { "\($0)=\(label)" } ?? name, values: mine.compactMap { $0.metric(name) }
            )
        }
        let chart = Histogram(all, bins: bins, Labels(title: experiment, x: name, y: "jobs"), style)
        var notes = total.note.map { [$0] } ?? []
        let others = chart.leftOut - total.undefined
        if others > 0 {
            notes.append(
                "\(others) value\(others == 1 ? " is" : "s are") not shown: infinite, or not above 0 on a logarithmic axis"
            )
        }
        return Picture(metric: name, drawing: chart.drawing(size), notes: notes)
    }
}
