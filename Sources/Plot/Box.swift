import Text

/// How some values lie: a box from the first to the third quartile, the median in it, and whiskers to the last
/// values within 1.5 of its heights; those beyond are outliers (Tukey 1977).
package struct Box: Sendable, Equatable {
    package let lower: Double
    package let median: Double
    package let upper: Double
    /// The ends of the whiskers.
    package let low: Double
    package let high: Double
    package let outliers: [Double]
    /// How many values there are: fewer than three are shown as they are.
    package let count: Int

    private static let fewest = 3

    /// - Parameter values: finite ones; nil for none.
    package init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        count = sorted.count
        (lower, median, upper) = (
            Self.quantile(sorted, 0.25), Self.quantile(sorted, 0.5), Self.quantile(sorted, 0.75)
        )
        let reach = 1.5 * (upper - lower)
        let (floor, ceiling) = (lower - reach, upper + reach)
        low = sorted.first { $0 >= floor } ?? lower
        high = sorted.last { $0 <= ceiling } ?? upper
        outliers = sorted.filter { $0 < floor || $0 > ceiling }
    }

    /// Between the two nearest values (R's type 7, as NumPy's).
    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        let part = place - Double(below)
        return sorted[below] * (1 - part) + sorted[above] * part
    }

    /// - Parameter place: where a value lies, in pixels from the top.
    func draw(
        at x: Double, width: Double, _ colour: String, on drawing: inout Drawing, _ place: (Double) -> Double
    ) {
        let stroke = Drawing.Stroke(colour, width: 1.4)
        guard count >= Self.fewest else {
            for value in Set([low, high]).sorted() {
                drawing.marker(.circle, x, place(value), radius: 3.2, colour: colour)
            }
            return
        }
        let (left, right) = (x - width / 2, x + width / 2)
        for (from, to) in [(lower, low), (upper, high)] where from != to {
            drawing.line(x, place(from), x, place(to), stroke)
            drawing.line(x - width / 4, place(to), x + width / 4, place(to), stroke)
        }
        let corners = [
            (x: left, y: place(lower)), (x: right, y: place(lower)), (x: right, y: place(upper)),
            (x: left, y: place(upper)),
        ]
        drawing.area(corners, fill: colour, opacity: 0.25)
        drawing.polyline(corners + [corners[0]], stroke)
        drawing.line(left, place(median), right, place(median), .init(colour, width: 2.6))
        for value in outliers {
            drawing.marker(.circle, x, place(value), radius: 2.4, colour: colour, isHollow: true)
        }
    }
}
