/// Values over a parameter or over time, a line for each series.
package struct LineChart: Sendable {
    package struct Point: Sendable {
        package let x: Double
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
    private static let mostDots = 40

    /// - Parameters:
    ///   - x: the axis; nil for one of the numbers.
    ///   - logarithmicX: nil: where it is better to read.
    package init(
        _ series: [Series], _ labels: Labels, x: Scale? = nil, logarithmicX: Bool? = nil,
        logarithmicY: Bool? = nil
    ) {
        self.series = series
        self.labels = labels
        let points = series.flatMap(\.points)
        let across = points.map(\.x)
        self.x = x ?? Scale(across, logarithmic: logarithmicX ?? Scale.suggestsLogarithm(across))
        let isLogarithmic = logarithmicY ?? false
        let ends = points.flatMap { point in
            // On a logarithmic axis a bar that reaches 0 has no lower end.
            [point.y, point.y - point.spread, point.y + point.spread].filter { !isLogarithmic || $0 > 0 }
        }
        y = Scale(ends, logarithmic: isLogarithmic)
        isDense = (series.map(\.points.count).max() ?? 0) > Self.mostDots
    }

    package func drawing(_ size: PictureSize) -> Drawing {
        var drawing = Drawing(width: size.width, height: size.height, title: labels.title)
        let hasLegend = series.count > 1
        let widest = series.map { Drawing.width(of: $0.name) }.max() ?? 0
        let frame = Frame(
            size, labels, x: x, y: y, right: hasLegend ? min(size.width * 0.35, widest + 40) : 0)
        frame.drawAxes(on: &drawing)
        for (number, one) in series.enumerated() { draw(one, Palette.line(number), frame, &drawing) }
        if hasLegend {
            let left = frame.left + frame.width + 16
            for (number, one) in series.enumerated() {
                let place = frame.top + 10 + Double(number) * 20
                guard place < size.height - 10 else { break }
                drawing.line(left, place, left + 18, place, .init(Palette.line(number), width: 2.5))
                drawing.text(one.name, left + 24, place + 4)
            }
        }
        return drawing
    }

    private func draw(_ one: Series, _ colour: String, _ frame: Frame, _ drawing: inout Drawing) {
        let points = one.points.sorted { $0.x < $1.x }
        let bottom = frame.top + frame.height
        func end(_ point: Point, _ sign: Double) -> (x: Double, y: Double)? {
            if let place = frame.place(point.x, point.y + sign * point.spread) { return place }
            return frame.place(point.x, point.y).map { ($0.x, bottom) }
        }
        if isDense {
            let upper = points.compactMap { end($0, 1) }
            let lower = points.compactMap { end($0, -1) }
            if points.contains(where: { $0.spread > 0 }) {
                drawing.area(upper + lower.reversed(), fill: colour, opacity: 0.18)
            }
        }
        drawing.polyline(points.compactMap { frame.place($0.x, $0.y) }, .init(colour, width: 2))
        if isDense { return }
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
