import Text

/// Leaves out what no pixel can show: of the points in one column of pixels the first, the last, and the extremes
/// are kept, so that no peak vanishes.
package struct Thinning {
    package typealias Point = LineChart.Point

    /// What is kept, in the order in which it came.
    package private(set) var kept: [Point] = []
    /// Of what the least and the greatest are kept.
    private let measures: [(Point) -> Double]
    private var column = Int.min
    /// Of the column: how many came, and those of them that are kept, with their numbers.
    private var count = 0
    private var first: (number: Int, point: Point)?
    private var last: (number: Int, point: Point)?
    private var extremes: [(number: Int, point: Point, value: Double)]

    /// - Parameter measures: of each the point with the least and that with the greatest value is kept.
    package init(_ measures: [(Point) -> Double]) {
        self.measures = measures
        extremes = Array(repeating: (0, Point(x: 0, y: 0), 0), count: 2 * measures.count)
    }

    /// Takes the next point. The columns ascend; one that comes again counts as another.
    package mutating func add(_ point: Point, column: Int) {
        if column != self.column { endColumn(column) }
        if first == nil { first = (count, point) }
        last = (count, point)
        for place in measures.indices {
            let value = measures[place](point)
            if count == 0 || value < extremes[2 * place].value { extremes[2 * place] = (count, point, value) }
            if count == 0 || value > extremes[2 * place + 1].value {
                extremes[2 * place + 1] = (count, point, value)
            }
        }
        count += 1
    }

    /// Keeps a point whatever else is in its column, as one at which a line is broken.
    package mutating func keep(_ point: Point) {
        endColumn(.min)
        kept.append(point)
    }

    /// Nothing follows.
    package mutating func end() { endColumn(.min) }

    private mutating func endColumn(_ next: Int) {
        if let first, let last {
            var some = [first] + extremes.map { (number: $0.number, point: $0.point) } + [last]
            some.sort { $0.number < $1.number }
            var before = -1
            for one in some where one.number != before {
                kept.append(one.point)
                before = one.number
            }
        }
        (column, count, first, last) = (next, 0, nil, nil)
    }

    /// Those of some points that can be seen.
    package static func thin(
        _ points: ArraySlice<Point>, column: (Point) -> Int, _ measures: [(Point) -> Double]
    ) -> [Point] {
        var thinning = Thinning(measures)
        for point in points { thinning.add(point, column: column(point)) }
        thinning.end()
        return thinning.kept
    }
}
