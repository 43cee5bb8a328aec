import Inventory
import Plot
import Text

/// How a result lies at each value of a parameter, over what repeats it.
extension ResultPlot {
    func boxes(_ size: PictureSize) throws(Problem) -> Picture {
        let (name, plot) = try chosen()
        return try plot.boxes(of: name, size)
    }

    private func boxes(of name: String, _ size: PictureSize) throws(Problem) -> Picture {
        let across = try across()
        let by = by(without: across)
        let keys = points.map { $0.value(across, parameters: \.parameters) }
        guard keys.contains(where: { $0 != nil }) else {
            throw Problem(
                text: "these jobs have no tag and no parameter '\(across)'"
                    + ResultTable.names(of: points).saying(near: across))
        }
        let categories = Self.distinct(keys.compactMap(\.self))
        let places = TextMap(texts: categories.enumerated().map { ($1.key, $0) })
        let (groups, members) = Self.groups(
            points.map { point in by.flatMap { point.value($0, parameters: \.parameters) } })
        let names = KeyLabels.of(groups, .picture)
        var total = Uncounted()
        let all = zip(members, names).map { mine, label in
            var uncounted = Uncounted()
            var values: [Int: [Double]] = [:]
            for index in mine {
                guard let key = keys[index], let place = places[TextKey(key.key)] else { continue }
                let value = points[index].metric(name)
                uncounted.add(points[index], value)
                total.add(points[index], value)
                if let value, value.isFinite { values[place, default: []].append(value) }
            }
            let boxes = values.sorted { $0.key < $1.key }.compactMap { place, values -> LineChart.Point? in
                guard let box = Box(values) else { return nil }
                var point = LineChart.Point(x: Double(place), y: box.median)
                point.box = box
                return point
            }
            return LineChart.Series(
                name: by.map { "\($0)=\(label)" } ?? name, points: boxes, remark: uncounted.remark)
        }
        var style = style
        style.hasLines = false
        let chart = LineChart(
            all, Labels(title: experiment, x: across, y: name),
            x: Scale(categories: KeyLabels.of(categories, .picture)), style)
        return try picture(of: chart, all, name, size, notes: total.unmarkedNote.map { [$0] } ?? [])
    }
}
