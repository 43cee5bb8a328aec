import Glibc
import Text

/// How often values of several series lie in each of some equal parts.
package struct Histogram: Sendable {
    private let chart: [(name: String, counts: [Int])]
    private let edges: [Double]
    private let labels: Labels
    private let style: LineChart.Style
    /// Whether there is nothing to draw.
    package var isEmpty: Bool { chart.allSatisfy { $0.counts.allSatisfy { $0 == 0 } } }
    /// How many values are no numbers that the axis can have.
    package let leftOut: Int

    /// - Parameters:
    ///   - bins: how many parts; nil for as many as Sturges' rule says, at least 5.
    ///   - style: `logarithmicX` is that of the values, and the parts have equal ratios then.
    package init(
        _ series: [(name: String, values: [Double])], bins: Int?, _ labels: Labels, _ style: LineChart.Style
    ) {
        let isLogarithmic = style.logarithmicX ?? false
        let usable = series.map { one in
            (name: one.name, values: one.values.filter { Scale.holds($0, logarithmic: isLogarithmic) })
        }
        let all = usable.flatMap(\.values)
        leftOut = series.reduce(0) { $0 + $1.values.count } - all.count
        let count = bins ?? max(5, min(100, Int(log2(Double(max(1, all.count))).rounded(.up)) + 1))
        var (low, high) = (all.min() ?? 0, all.max() ?? 1)
        if isLogarithmic {
            (low, high) = (log10(max(low, .leastNormalMagnitude)), log10(max(high, .leastNormalMagnitude)))
        }
        if low == high { (low, high) = (low - 0.5, high + 0.5) }
        // Halved first: the distance of two floats may be none.
        let step = (high / Double(count)) - (low / Double(count))
        chart = usable.map { one in
            var counts = Array(repeating: 0, count: count)
            for value in one.values {
                let place = ((isLogarithmic ? log10(value) : value) - low) / step
                counts[min(count - 1, max(0, Int(place.isFinite ? place : 0)))] += 1
            }
            return (one.name, counts)
        }
        edges = (0...count).map { place in
            let edge = place == count ? high : low + Double(place) * step
            return isLogarithmic ? pow(10, edge) : edge
        }
        (self.labels, self.style) = (labels, style)
    }

    package func drawing(_ size: PictureSize) -> Drawing {
        var drawing = Drawing(width: size.width, height: size.height, title: labels.title)
        let hasLegend = chart.count > 1
        let widest = chart.map { Drawing.width(of: $0.name) }.max() ?? 0
        let room = hasLegend ? min(size.width * 0.35, widest + 44) : 0
        let most = chart.flatMap(\.counts).max() ?? 1
        let frame = Frame(
            size, labels,
            x: Scale(edges, logarithmic: style.logarithmicX ?? false, isTight: true, isWhole: false),
            y: Scale([0, Double(most)], isWhole: true, from: style.least ?? 0, to: style.most), right: room)
        frame.drawAxes(on: &drawing)
        drawing.clipped(to: frame.left, frame.top - 2, frame.width + 2, frame.height + 4) { drawing in
            for (number, one) in chart.enumerated() { draw(one.counts, number, frame, &drawing) }
        }
        guard hasLegend else { return drawing }
        let names = Drawing.fit(chart.map(\.name), room - 24)
        for (number, name) in names.enumerated() {
            let place = frame.top + 10 + Double(number) * 20
            guard place < size.height - 20 else { break }
            drawing.line(
                frame.left + frame.width + 16, place, frame.left + frame.width + 34, place,
                .init(Palette.line(number), width: 2.5, dash: Palette.dash(number)))
            drawing.text(name, frame.left + frame.width + 40, place + 4)
        }
        return drawing
    }

    /// The outline of a series, filled faintly: others are seen through it.
    private func draw(_ counts: [Int], _ number: Int, _ frame: Frame, _ drawing: inout Drawing) {
        var outline: [(x: Double, y: Double)] = []
        for (place, count) in counts.enumerated() {
            for edge in [edges[place], edges[place + 1]] {
                if let corner = frame.place(edge, Double(count)) { outline.append(corner) }
            }
        }
        guard let first = outline.first, let last = outline.last,
            let foot = frame.place(edges[0], 0)?.y
        else { return }
        let closed = [(first.x, foot)] + outline + [(last.x, foot)]
        drawing.area(closed, fill: Palette.line(number), opacity: chart.count > 1 ? 0.18 : 0.5)
        drawing.polyline(closed, .init(Palette.line(number), width: 1.6, dash: Palette.dash(number)))
    }
}
