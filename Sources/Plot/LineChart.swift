import Text

/// Values over a parameter or over time, a line for each series.
package struct LineChart: Sendable {
    package struct Point: Sendable {
        package let x: Double
        /// What is not finite is a gap in the line.
        package let y: Double
        /// How far the values lie below and above; 0 for none.
        package let spread: Double

        package init(x: Double, y: Double, spread: Double = 0) {
            self.x = x
            self.y = y
            self.spread = spread
        }
    }

    package struct Series: Sendable {
        package let name: String
        package let points: [Point]

        package init(name: String, points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    private let series: [Series]
    private let labels: Labels
    private let x: Scale
    private let y: Scale
    /// A band in place of bars, and no dots: for many points.
    private let isDense: Bool
    /// How many points are not shown: they are no numbers, or 0 or less on a logarithmic axis.
    package let leftOut: Int
    /// The series of which nothing is shown.
    package let empty: [String]
    private static let mostDots = 40

    /// - Parameters:
    ///   - x: the axis; nil for one of the numbers.
    ///   - logarithmicX: nil: where it is better to read.
    package init(
        _ series: [Series], _ labels: Labels, x: Scale? = nil, logarithmicX: Bool? = nil,
        logarithmicY: Bool? = nil
    ) {
        let points = series.flatMap(\.points)
        let across = points.map(\.x)
        let scale = x ?? Scale(across, logarithmic: logarithmicX ?? Scale.suggestsLogarithm(across))
        let isLogarithmic = logarithmicY ?? false
        let ends = points.flatMap { point in
            // On a logarithmic axis a bar that reaches 0 has no lower end.
            [point.y, point.y - point.spread, point.y + point.spread].filter { !isLogarithmic || $0 > 0 }
        }
        let up = Scale(ends, logarithmic: isLogarithmic)
        func isShown(_ point: Point) -> Bool { scale.place(point.x) != nil && up.place(point.y) != nil }
        let kept = series.filter { $0.points.contains(where: isShown) }
        leftOut = points.count { !isShown($0) }
        empty = series.filter { !$0.points.contains(where: isShown) }.map(\.name)
        (self.series, self.labels, self.x, y) = (kept, labels, scale, up)
        isDense = (series.map(\.points.count).max() ?? 0) > Self.mostDots
    }

    package func drawing(_ size: PictureSize) -> Drawing {
        var drawing = Drawing(width: size.width, height: size.height, title: labels.title)
        let hasLegend = series.count > 1
        let widest =
            (series.map(\.name) + (series.count > 12 ? ["and 99 more"] : [])).map { Drawing.width(of: $0) }
            .max() ?? 0
        let room = hasLegend ? min(size.width * 0.35, widest + 44) : 0
        let frame = Frame(size, labels, x: x, y: y, right: room)
        frame.drawAxes(on: &drawing)
        for (number, one) in series.enumerated() { draw(one, number, frame, &drawing) }
        if hasLegend { drawLegend(frame, room, &drawing) }
        return drawing
    }

    private func drawLegend(_ frame: Frame, _ room: Double, _ drawing: inout Drawing) {
        let left = frame.left + frame.width + 16
        let most = max(2, Int((frame.size.height - frame.top - 10) / 20))
        let count = series.count <= most ? series.count : most - 1
        for (number, one) in series.prefix(count).enumerated() {
            let place = frame.top + 10 + Double(number) * 20
            drawing.line(left, place, left + 18, place, Self.stroke(number, width: 2.5))
            drawing.text(Drawing.fit(one.name, room - 24), left + 24, place + 4)
        }
        if count < series.count {
            drawing.text(
                "and \(series.count - count) more", left + 24, frame.top + 14 + Double(count) * 20,
                colour: "#666")
        }
    }

    private static func stroke(_ number: Int, width: Double) -> Drawing.Stroke {
        .init(Palette.line(number), width: width, dash: Palette.dash(number))
    }

    private func draw(_ one: Series, _ number: Int, _ frame: Frame, _ drawing: inout Drawing) {
        let colour = Palette.line(number)
        let bottom = frame.top + frame.height
        func end(_ point: Point, _ sign: Double) -> (x: Double, y: Double)? {
            if let place = frame.place(point.x, point.y + sign * point.spread) { return place }
            return frame.place(point.x, point.y).map { ($0.x, bottom) }
        }
        // Between two gaps.
        let pieces = one.points.sorted { $0.x < $1.x }.split { frame.place($0.x, $0.y) == nil }
        for points in pieces {
            if isDense, points.contains(where: { $0.spread > 0 }) {
                let upper = points.compactMap { end($0, 1) }
                let lower = points.compactMap { end($0, -1) }
                drawing.area(upper + lower.reversed(), fill: colour, opacity: 0.18)
            }
            drawing.polyline(
                points.compactMap { frame.place($0.x, $0.y) }, Self.stroke(number, width: 2))
            // One alone is no line.
            if isDense, points.count > 1 { continue }
            for point in points {
                guard let place = frame.place(point.x, point.y) else { continue }
                if point.spread > 0, let top = end(point, 1), let foot = end(point, -1) {
                    drawing.line(place.x, top.y, place.x, foot.y, .init(colour, width: 1.2))
                    for cap in [top, foot] {
                        drawing.line(place.x - 4, cap.y, place.x + 4, cap.y, .init(colour, width: 1.2))
                    }
                }
                drawing.dot(place.x, place.y, radius: 3.2, fill: colour)
            }
        }
    }
}
