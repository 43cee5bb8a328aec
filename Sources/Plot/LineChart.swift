import Text

/// Values over a parameter or over time, a series of points for each name, joined by lines or not.
package struct LineChart: Sendable {
    /// What stands at a place where there is no number to draw.
    package enum Gap: Sendable, Equatable {
        /// All jobs of the place have failed.
        case failed
        /// The result is not a number.
        case undefined
        /// The result is not there yet.
        case open
    }

    package struct Point: Sendable, Equatable {
        package let x: Double
        /// What is not finite is a gap in the line: an infinity is marked at the edge.
        package let y: Double
        /// How far the values lie below and above; 0 for none.
        package let spread: Double
        /// What is marked where `y` is NaN.
        package var gap: Gap?
        /// Whether some of its jobs have no number: it is hollow, and a line to it is broken.
        package var isPartial = false
        /// What stands in place of a dot: how the values lie whose median `y` is.
        package var box: Box?

        /// All of what it shows, up and down.
        fileprivate var ends: [Double] {
            if let box { return [box.low, box.high] + box.outliers }
            return [y, y - spread, y + spread]
        }

        package init(x: Double, y: Double, spread: Double = 0, gap: Gap? = nil, isPartial: Bool = false) {
            self.x = x
            self.y = y
            self.spread = spread
            self.gap = gap
            self.isPartial = isPartial
        }
    }

    package struct Series: Sendable {
        package let name: String
        package let points: [Point]
        /// What the legend says of it beside its name.
        package let remark: String
        /// How many points that cannot be shown were left out before, and how many that lie beyond the ends.
        package var hidden = (belowAxis: 0, beyondEnds: 0)

        package init(name: String, points: [Point], remark: String = "") {
            self.name = name
            self.points = points.sorted { $0.x < $1.x }
            self.remark = remark
        }
    }

    /// How it is drawn.
    package struct Style: Sendable {
        /// Nil: where it is better to read.
        package var logarithmicX: Bool?
        package var logarithmicY = false
        /// The ends of the axis up; nil for those of the values.
        package var least: Double?
        package var most: Double?
        /// Whether points are joined.
        package var hasLines = true

        /// Whether a value lies beyond the ends that were asked for.
        package func isBeyond(_ y: Double) -> Bool { y < least ?? -.infinity || y > most ?? .infinity }

        package init() {}
    }

    let series: [Series]
    private let labels: Labels
    let x: Scale
    let y: Scale
    private let style: Style
    /// A band in place of bars, and no dots: for many points.
    let isDense: Bool
    /// How many points are 0 or less, on a logarithmic axis.
    package let belowAxis: Int
    /// How many points lie beyond the ends that were asked for.
    package let beyondEnds: Int
    /// The series of which no number is shown.
    package let empty: [String]
    private static let mostDots = 40

    /// - Parameter x: the axis; nil for one of the numbers.
    package init(_ series: [Series], _ labels: Labels, x: Scale? = nil, _ style: Style = .init()) {
        let points = series.flatMap(\.points)
        let across = points.map(\.x)
        let scale = x ?? Scale(across, logarithmic: style.logarithmicX ?? Scale.suggestsLogarithm(across))
        let isLogarithmic = style.logarithmicY
        let ends = points.flatMap { point in
            // On a logarithmic axis a bar that reaches 0 has no lower end.
            point.ends.filter { !isLogarithmic || $0 > 0 }
        }
        let up = Scale(ends, logarithmic: isLogarithmic, from: style.least, to: style.most)
        func isShown(_ point: Point) -> Bool { scale.place(point.x) != nil && up.place(point.y) != nil }
        belowAxis =
            points.count { $0.y.isFinite && !isShown($0) }
            + series.reduce(0) { $0 + $1.hidden.belowAxis }
        beyondEnds =
            points.count { style.isBeyond($0.y) } + series.reduce(0) { $0 + $1.hidden.beyondEnds }
        empty = series.filter { !$0.points.contains(where: isShown) }.map(\.name)
        (self.series, self.labels, self.x, y, self.style) = (series, labels, scale, up, style)
        isDense = style.hasLines && (series.map(\.points.count).max() ?? 0) > Self.mostDots
    }

    package func drawing(_ size: PictureSize) -> Drawing {
        var drawing = Drawing(width: size.width, height: size.height, title: labels.title)
        let names = series.map(\.name)
        let hasLegend = series.count > 1 || series.contains { !$0.remark.isEmpty }
        let widest =
            (names + series.map(\.remark) + (series.count > 12 ? ["and 99 more"] : []))
            .map { Drawing.width(of: $0) }.max() ?? 0
        let room = hasLegend ? min(size.width * 0.35, widest + 44) : 0
        let frame = Frame(size, labels, x: x, y: y, right: room)
        frame.drawAxes(on: &drawing)
        let depths = twins()
        drawing.clipped(to: frame.left - 6, frame.top - 6, frame.width + 12, frame.height + 12) { drawing in
            for number in series.indices { draw(number, depths[number], frame, &drawing) }
        }
        if hasLegend { drawLegend(frame, room, &drawing) }
        return drawing
    }

    /// How many series before each lie where it lies: all are to be seen. From some on, all look alike.
    private func twins() -> [Int] {
        let places = series.map { one in
            Dictionary(one.points.lazy.filter(\.y.isFinite).map { ($0.x, $0.y) }) { first, _ in first }
        }
        return series.indices.map { number in
            let own = places[number]
            if own.isEmpty { return 0 }
            var count = 0
            for other in places[..<number] where count < Self.mostTwins {
                let common = own.filter { other[$0.key] != nil }
                if common.count * 2 >= own.count, common.allSatisfy({ other[$0.key] == $0.value }) {
                    count += 1
                }
            }
            return count
        }
    }

    /// More rings than these around a point would hide others.
    private static let mostTwins = 3

    var hasLines: Bool { style.hasLines && !x.isOfCategories }

    // MARK: Legend

    private func drawLegend(_ frame: Frame, _ room: Double, _ drawing: inout Drawing) {
        let left = frame.left + frame.width + 16
        let heights = series.map { $0.remark.isEmpty ? 20.0 : 33 }
        let most = frame.size.height - frame.top - 10
        var (count, height) = (0, 0.0)
        while count < series.count, height + heights[count] <= most {
            height += heights[count]
            count += 1
        }
        if count < series.count, count > 1 { count -= 1 }
        let names = Drawing.fit(series.map(\.name), room - 24)
        var place = frame.top + 10
        for number in 0..<count {
            if hasLines {
                drawing.line(left, place, left + 18, place, Self.stroke(number, width: 2.5))
            }
            if !isDense {
                drawing.marker(
                    Palette.marker(number), left + 9, place, radius: 3.2, colour: Palette.line(number))
            }
            drawing.text(names[number], left + 24, place + 4)
            if !series[number].remark.isEmpty {
                drawing.text(
                    Drawing.fit(series[number].remark, room - 24, size: 10), left + 24, place + 16, size: 10,
                    colour: "#666")
            }
            place += heights[number]
        }
        if count < series.count {
            drawing.text("and \(series.count - count) more", left + 24, place + 4, colour: "#666")
        }
    }
}
