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

        package init() {}
    }

    private let series: [Series]
    private let labels: Labels
    private let x: Scale
    private let y: Scale
    private let style: Style
    /// A band in place of bars, and no dots: for many points.
    private let isDense: Bool
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
        belowAxis = points.count { $0.y.isFinite && !isShown($0) }
        beyondEnds = points.count { point in
            point.y < style.least ?? -.infinity || point.y > style.most ?? .infinity
        }
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

    private var hasLines: Bool { style.hasLines && !x.isOfCategories }

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

    // MARK: Series

    private static func stroke(_ number: Int, width: Double) -> Drawing.Stroke {
        .init(Palette.line(number), width: width, dash: Palette.dash(number))
    }

    /// Series over categories stand beside each other, in pixels.
    private func shift(_ number: Int, _ frame: Frame) -> Double {
        guard case .categories(let names) = x.kind, series.count > 1 else { return 0 }
        let slot = frame.width / Double(max(1, names.count)) * 0.7 / Double(series.count)
        let hasBoxes = series.contains { $0.points.contains { $0.box != nil } }
        let room = min(hasBoxes ? 44 : 12, slot)
        return (Double(number) - Double(series.count - 1) / 2) * room
    }

    private func draw(_ number: Int, _ twins: Int, _ frame: Frame, _ drawing: inout Drawing) {
        let (one, colour, shift) = (series[number], Palette.line(number), shift(number, frame))
        let bottom = frame.top + frame.height
        func place(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
            frame.place(x, y).map { ($0.x + shift, $0.y) }
        }
        func end(_ point: Point, _ sign: Double) -> (x: Double, y: Double)? {
            if let place = place(point.x, point.y + sign * point.spread) { return place }
            return place(point.x, point.y).map { ($0.x, bottom) }
        }
        // Between two gaps.
        let pieces = one.points.split { place($0.x, $0.y) == nil }
        for points in pieces {
            if isDense, points.contains(where: { $0.spread > 0 }) {
                let upper = points.compactMap { end($0, 1) }
                let lower = points.compactMap { end($0, -1) }
                drawing.area(upper + lower.reversed(), fill: colour, opacity: 0.18)
            }
            if hasLines { drawLine(Array(points), number, twins, place, &drawing) }
            // One alone is no line.
            if isDense, points.count > 1 { continue }
            for point in points {
                guard let place = place(point.x, point.y) else { continue }
                if let box = point.box {
                    let width = min(36, frame.width / Double(max(1, one.points.count * series.count)) * 0.5)
                    box.draw(at: place.x, width: width, colour, on: &drawing) { value in
                        self.y.place(value).map { frame.top + (1 - $0) * frame.height } ?? bottom
                    }
                    continue
                }
                if point.spread > 0, let top = end(point, 1), let foot = end(point, -1) {
                    drawing.line(place.x, top.y, place.x, foot.y, .init(colour, width: 1.2))
                    for cap in [top, foot] {
                        drawing.line(place.x - 4, cap.y, place.x + 4, cap.y, .init(colour, width: 1.2))
                    }
                }
                drawing.marker(
                    Palette.marker(number), place.x, place.y, radius: 3.2 + 2 * Double(twins), colour: colour,
                    isHollow: point.isPartial || twins > 0)
            }
        }
        for point in one.points where !point.y.isFinite {
            guard let across = x.place(point.x) else { continue }
            drawGap(point, frame.left + across * frame.width + shift, frame, colour, &drawing)
        }
    }

    /// The line through some points; broken where fewer jobs are behind it than before.
    private func drawLine(
        _ points: [Point], _ number: Int, _ twins: Int,
        _ place: (Double, Double) -> (x: Double, y: Double)?,
        _ drawing: inout Drawing
    ) {
        let whole = Drawing.Stroke(
            Palette.line(number), width: 2,
            dash: twins == 0 ? Palette.dash(number) : "\(6 / Double(twins)) \(6 + 6 * Double(twins))")
        var rest = points[...]
        while rest.count > 1 {
            let isPartial = rest[rest.startIndex + 1].isPartial
            let run = rest.dropFirst().prefix { $0.isPartial == isPartial }
            drawing.polyline(
                rest[rest.startIndex..<run.endIndex].compactMap { place($0.x, $0.y) },
                isPartial ? .init(Palette.line(number), width: 1.4, dash: "3 4") : whole)
            rest = rest[(run.endIndex - 1)...]
        }
    }

    private func drawGap(
        _ point: Point, _ across: Double, _ frame: Frame, _ colour: String, _ drawing: inout Drawing
    ) {
        let (top, bottom) = (frame.top + 5, frame.top + frame.height - 5)
        if point.y == .infinity {
            drawing.marker(.triangle, across, top, radius: 4.5, colour: colour)
        } else if point.y == -.infinity {
            drawing.marker(.down, across, bottom, radius: 4.5, colour: colour)
        } else {
            switch point.gap {
            case .failed?: drawing.marker(.cross, across, bottom, radius: 4, colour: colour)
            case .undefined?: drawing.text("NaN", across, bottom + 3, .middle, size: 9, colour: colour)
            case .open?: drawing.text("…", across, bottom, .middle, size: 12, colour: colour)
            case nil: break
            }
        }
    }
}
