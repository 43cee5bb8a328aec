import Plot
import Store
import Text

/// One job's values of one name, by ascending steps. A step that was repeated, after a job had been resumed, has
/// its later value.
struct CurveRun {
    let steps: [Double]
    let values: [Double]
    var last: Double { steps.last ?? 0 }

    init(_ series: JobLog.Series) {
        let points = series.points
        let ascends = zip(points, points.dropFirst()).allSatisfy { $0.step < $1.step }
        // The sort is stable: of equal steps the last came last.
        let sorted = ascends ? points : points.filter { !$0.step.isNaN }.sorted { $0.step < $1.step }
        let kept =
            ascends
            ? sorted
            : sorted.indices.filter {
                $0 + 1 == sorted.count || sorted[$0].step != sorted[$0 + 1].step
            }
            .map { sorted[$0] }
        (steps, values) = (kept.map(\.step), kept.map(\.value))
    }

    /// Hands on each step of some runs with the values that they have there, in their order.
    static func each(of runs: [CurveRun], _ body: (_ step: Double, _ values: [Double]) -> Void) {
        var queue = StepQueue(runs)
        var values: [Double] = []
        while let step = queue.next {
            values.removeAll(keepingCapacity: true)
            while queue.next == step { values.append(queue.pop()) }
            body(step, values)
        }
    }
}

/// The runs by the next step of each, the least first: a binary heap.
private struct StepQueue {
    private let runs: [CurveRun]
    private var places: [Int]
    private var heap: [Int]

    init(_ runs: [CurveRun]) {
        self.runs = runs
        places = Array(repeating: 0, count: runs.count)
        heap = runs.indices.filter { !runs[$0].steps.isEmpty }
        for start in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(start) }
    }

    var next: Double? { heap.first.map { runs[$0].steps[places[$0]] } }

    /// The value of the next step.
    mutating func pop() -> Double {
        let run = heap[0]
        let value = runs[run].values[places[run]]
        places[run] += 1
        if places[run] == runs[run].steps.count {
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
        }
        sink(0)
        return value
    }

    private func comes(_ left: Int, before right: Int) -> Bool {
        let (a, b) = (runs[left].steps[places[left]], runs[right].steps[places[right]])
        return a == b ? left < right : a < b
    }

    private mutating func sink(_ start: Int) {
        var place = start
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < heap.count && comes(heap[child], before: heap[least]) {
                least = child
            }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}

/// Columns at least as narrow as a pixel, over all steps of a picture.
struct CurveColumns {
    private let scale: Scale
    private let count: Double

    init(_ steps: [Double], _ style: LineChart.Style, width: Double) {
        scale = Scale(steps, logarithmic: style.logarithmicX ?? false, isTight: true)
        count = width
    }

    /// Nil for what has no place.
    func column(_ step: Double) -> Int? {
        scale.place(step).map { Int((max(0, min(1, $0)) * count).rounded(.down)) }
    }
}

/// A curve as far as it can be seen: there may be very many steps.
struct ThinCurve {
    private let columns: CurveColumns
    private let style: LineChart.Style
    private var thinning = Thinning([
        { $0.y }, { $0.y - $0.spread }, { $0.y + $0.spread },
    ])
    /// The column of the last point without a place, and what it was.
    private var gap: (column: Int?, y: Double)?
    private var hidden = (belowAxis: 0, beyondEnds: 0)

    init(_ columns: CurveColumns, _ style: LineChart.Style) { (self.columns, self.style) = (columns, style) }

    mutating func add(_ point: LineChart.Point) {
        let column = columns.column(point.x)
        let isShown = column != nil && Scale.holds(point.y, logarithmic: style.logarithmicY)
        if style.isBeyond(point.y) { hidden.beyondEnds += 1 }
        if point.y.isFinite, !isShown { hidden.belowAxis += 1 }
        if isShown, let column { return thinning.add(point, column: column) }
        // One marks all of its column.
        if let gap, gap.column == column, gap.y == point.y || gap.y.isNaN && point.y.isNaN { return }
        gap = (column, point.y)
        thinning.keep(point)
    }

    /// - Parameter remark: what the legend says of it.
    func series(_ name: String, _ remark: String) -> LineChart.Series {
        var whole = thinning
        whole.end()
        var series = LineChart.Series(name: name, points: whole.kept, remark: remark)
        // The chart counts those that it is given.
        series.hidden.beyondEnds = hidden.beyondEnds - whole.kept.count { style.isBeyond($0.y) }
        series.hidden.belowAxis =
            hidden.belowAxis
            - whole.kept.count { point in
                point.y.isFinite
                    && (columns.column(point.x) == nil
                        || !Scale.holds(point.y, logarithmic: style.logarithmicY))
            }
        return series
    }
}
