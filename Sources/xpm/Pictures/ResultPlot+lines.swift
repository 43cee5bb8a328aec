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
            let known = ResultTable.names(of: points).union(
                TextSet(points.flatMap { $0.metrics.map(\.name) }))
            throw Problem(
                text: "these jobs have no tag, no parameter and no result '\(across)'"
                    + known.saying(near: across))
        }
        let isNumeric = keys.allSatisfy { $0 == nil || $0?.number != nil }
        let categories = isNumeric ? [] : Self.distinct(keys.compactMap(\.self))
        let by = by(without: across)
        let (groups, members) = Self.groups(
            points.indices.map { index in by.flatMap { points[index].value($0, parameters: \.parameters) } })
        let places = TextMap(texts: categories.enumerated().map { ($1.key, $0) })
        let names = KeyLabels.of(groups, .picture)
        var total = Uncounted()
        let all = zip(members, names).map { mine, label in
            var uncounted = Uncounted()
            let dots = mine.compactMap { index -> LineChart.Point? in
                let point = points[index]
                guard let key = keys[index] else { return nil }
                uncounted.add(point, point.metric(name))
                total.add(point, point.metric(name))
                let place =
                    isNumeric
                    ? key.number ?? .nan : Double(places[TextKey(key.key)] ?? 0)
                let gap: LineChart.Gap =
                    point.metric(name) != nil ? .undefined : point.state == .failed ? .failed : .open
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

    /// The values that there are, in their order, and for each where it stands.
    static func groups(_ keys: [JSON?]) -> (values: [JSON?], members: [[Int]]) {
        let values = distinct(keys)
        let places = TextMap(texts: values.enumerated().map { ($1?.key ?? "", $0) })
        var members = Array(repeating: [Int](), count: values.count)
        for (index, key) in keys.enumerated() { members[places[TextKey(key?.key ?? "")] ?? 0].append(index) }
        return (values, members)
    }

    /// The values that there are, in their order.
    static func distinct(_ keys: [JSON]) -> [JSON] {
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
        let (groups, members) = Self.groups(
            points.map { point in series.flatMap { point.value($0, parameters: \.parameters) } })
        if let series, groups.allSatisfy({ $0 == nil }) {
            throw Problem(
                text: "these jobs have no tag and no parameter '\(series)'"
                    + ResultTable.names(of: points).saying(near: series))
        }
        let names = KeyLabels.of(groups, .picture)
        let all = zip(members, names).map { mine, label in
            (
                name: series.map { "\($0)=\(label)" } ?? name,
                values: mine.compactMap { points[$0].metric(name) }
            )
        }
        let chart = Histogram(all, bins: bins, Labels(title: experiment, x: name, y: "jobs"), style)
        var notes = total.unmarkedNote.map { [$0] } ?? []
        let isLogarithmic = style.logarithmicX == true
        let why = "infinite or too far from 0\(isLogarithmic ? ", or not above 0 on a logarithmic axis" : "")"
        guard !chart.isEmpty else {
            throw Problem(text: "no result '\(name)' can be drawn: they are not finite, or \(why)")
        }
        let others = chart.leftOut - total.undefined
        if others > 0 {
            notes.append(
                "\(others) value\(others == 1 ? " is" : "s are") not shown: \(why)"
            )
        }
        return Picture(metric: name, drawing: chart.drawing(size), notes: notes)
    }
}
