import Text

/// How the points of a series are drawn.
extension LineChart {
    static func stroke(_ number: Int, width: Double) -> Drawing.Stroke {
        .init(Palette.line(number), width: width, dash: Palette.dash(number))
    }

    /// A series on its way to the picture.
    private struct Place {
        let number: Int
        /// How many series before it lie where it lies.
        let twins: Int
        let frame: Frame
        /// In pixels.
        let shift: Double

        var colour: String { Palette.line(number) }
        var bottom: Double { frame.top + frame.height }

        func callAsFunction(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
            frame.place(x, y).map { ($0.x + shift, $0.y) }
        }

        func callAsFunction(_ point: Point) -> (x: Double, y: Double)? { self(point.x, point.y) }

        /// The upper end of the bar of a point, or the lower one.
        func end(_ point: Point, _ sign: Double) -> (x: Double, y: Double)? {
            if let place = self(point.x, point.y + sign * point.spread) { return place }
            return self(point).map { ($0.x, bottom) }
        }

        /// The column of pixels that a point is in.
        func column(_ point: Point) -> Int {
            let x = frame.x.place(point.x).map { frame.left + $0 * frame.width + shift } ?? 0
            return LineChart.pixel(x.rounded(.down))
        }
    }

    /// Series over categories stand beside each other, in pixels.
    private func shift(_ number: Int, _ frame: Frame) -> Double {
        guard case .categories(let names) = x.kind, series.count > 1 else { return 0 }
        let slot = frame.width / Double(max(1, names.count)) * 0.7 / Double(series.count)
        let hasBoxes = series.contains { $0.points.contains { $0.box != nil } }
        let room = min(hasBoxes ? 44 : 12, slot)
        return (Double(number) - Double(series.count - 1) / 2) * room
    }

    /// Draws a series: of many points those that can be seen.
    func draw(_ number: Int, _ twins: Int, _ frame: Frame, _ drawing: inout Drawing) {
        let one = series[number]
        let place = Place(number: number, twins: twins, frame: frame, shift: shift(number, frame))
        var dots: [Point] = []
        // Between two gaps.
        for points in one.points.split(whereSeparator: { place($0) == nil }) {
            if isDense, points.contains(where: { $0.spread > 0 }) { drawBand(points, place, &drawing) }
            if hasLines { drawLine(isDense ? thin(points, place) : Array(points), place, &drawing) }
            // One alone is no line.
            if !isDense || points.count == 1 { dots += points }
        }
        if isDense { dots = thin(dots[...], place) }
        let boxWidth = min(36, frame.width / Double(max(1, one.points.count * series.count)) * 0.5)
        for point in hasLines ? dots : apart(dots, place) { drawDot(point, boxWidth, place, &drawing) }
        drawGaps(one.points, place, &drawing)
    }

    private func thin(_ points: ArraySlice<Point>, _ place: Place) -> [Point] {
        Thinning.thin(points, column: place.column, [{ $0.y }])
    }

    /// Those of many dots of which none lies wholly under another.
    private func apart(_ dots: [Point], _ place: Place) -> [Point] {
        if dots.count <= Self.mostApart { return dots }
        struct Pixel: Hashable { let x, y: Int }
        var seen: Set<Pixel> = []
        // The last lies above the others.
        return dots.reversed().filter { point in
            guard point.spread == 0, point.box == nil, let at = place(point) else { return true }
            return seen.insert(Pixel(x: Self.pixel(at.x), y: Self.pixel(at.y))).inserted
        }
        .reversed()
    }

    private static let mostApart = 2000

    /// The nearest whole place; one that is far away, or nowhere, is far away.
    private static func pixel(_ place: Double) -> Int {
        place.isNaN ? Int(-1e9) : Int(max(-1e9, min(1e9, place)).rounded())
    }

    /// How far the values lie about a line.
    private func drawBand(_ points: ArraySlice<Point>, _ place: Place, _ drawing: inout Drawing) {
        func edge(_ sign: Double) -> [(x: Double, y: Double)] {
            var found: [(x: Double, y: Double)] = []
            var last = Int.min
            for point in points {
                guard let end = place.end(point, sign) else { continue }
                let column = place.column(point)
                // The outermost of a column hides the others.
                if column != last {
                    found.append(end)
                    last = column
                } else if (end.y - found[found.count - 1].y) * sign < 0 {
                    found[found.count - 1] = end
                }
            }
            return found
        }
        drawing.area(edge(1) + edge(-1).reversed(), fill: place.colour, opacity: 0.18)
    }

    /// The line through some points; broken where fewer jobs are behind it than before.
    private func drawLine(_ points: [Point], _ place: Place, _ drawing: inout Drawing) {
        let twins = Double(place.twins)
        let whole = Drawing.Stroke(
            place.colour, width: 2,
            dash: twins == 0 ? Palette.dash(place.number) : "\(6 / twins) \(6 + 6 * twins)")
        var rest = points[...]
        while rest.count > 1 {
            let isPartial = rest[rest.startIndex + 1].isPartial
            let run = rest.dropFirst().prefix { $0.isPartial == isPartial }
            drawing.polyline(
                rest[rest.startIndex..<run.endIndex].compactMap { place($0) },
                isPartial ? .init(place.colour, width: 1.4, dash: "3 4") : whole)
            rest = rest[(run.endIndex - 1)...]
        }
    }

    private func drawDot(
        _ point: Point, _ boxWidth: Double, _ place: Place, _ drawing: inout Drawing
    ) {
        guard let at = place(point) else { return }
        let frame = place.frame
        if let box = point.box {
            return box.draw(at: at.x, width: boxWidth, place.colour, on: &drawing) { value in
                self.y.place(value).map { frame.top + (1 - $0) * frame.height } ?? place.bottom
            }
        }
        if point.spread > 0, let top = place.end(point, 1), let foot = place.end(point, -1) {
            drawing.line(at.x, top.y, at.x, foot.y, .init(place.colour, width: 1.2))
            for cap in [top, foot] {
                drawing.line(at.x - 4, cap.y, at.x + 4, cap.y, .init(place.colour, width: 1.2))
            }
        }
        drawing.marker(
            Palette.marker(place.number), at.x, at.y, radius: 3.2 + 2 * Double(place.twins),
            colour: place.colour, isHollow: point.isPartial || place.twins > 0)
    }

    /// What is marked where there is no number; of the same ones of a column of pixels, one.
    private func drawGaps(_ points: [Point], _ place: Place, _ drawing: inout Drawing) {
        var last: TextMap<Int> = [:]
        for point in points where !point.y.isFinite && x.place(point.x) != nil {
            let column = place.column(point)
            let kind = "\(point.y) \(point.gap.map { "\($0)" } ?? "")"
            if last[kind] == column { continue }
            last[kind] = column
            drawGap(point, place, &drawing)
        }
    }

    private func drawGap(_ point: Point, _ place: Place, _ drawing: inout Drawing) {
        guard let share = x.place(point.x) else { return }
        let (frame, colour) = (place.frame, place.colour)
        let across = frame.left + share * frame.width + place.shift
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
