import Inventory
import Plot
import Store
import Text

/// Pictures of results: which jobs make which point.
struct ResultPlot {
    /// A picture of a result, and what a reader may not see in it.
    struct Picture {
        /// The result that is drawn, for the name of the file.
        let metric: String
        let drawing: Drawing
        var notes: [String] = []
    }

    let experiment: String
    var points: [ResultPoint]
    /// The results that are asked for; empty for the first one.
    let metrics: [String]
    let x: String?
    let y: String?
    let series: String?
    let over: [String]
    let statistic: Statistic
    var style: LineChart.Style
    /// Whether colours stand for ratios.
    let logarithmicZ: Bool
    let bins: Int?
    /// Whether what failed jobs have logged is drawn.
    let showsFailed: Bool

    typealias Problem = ResultTable.Problem

    // MARK: What is chosen where nobody says

    /// The result that is drawn, and the jobs of the types that have it.
    func chosen() throws(Problem) -> (metric: String, plot: ResultPlot) {
        var request = ResultTable.Request()
        request.metrics = metrics.isEmpty ? nil : metrics
        let known = try ResultTable.metrics(of: points, request)
        if !metrics.isEmpty, known.count > 1 {
            throw Problem(text: "this kind of picture shows one result: --metric \(known[0])")
        }
        func types(_ name: String) -> TextSet {
            TextSet(points.filter { $0.metric(name) != nil }.map(\.task))
        }
        // The first one of jobs that differ in something.
        let name =
            known.first { name in
                let types = types(name)
                return !with(points.filter { types.contains($0.task) }).varying.isEmpty
            } ?? known[0]
        let types = types(name)
        if types.isEmpty {
            throw Problem(
                text: "no job has a number as a result\(metrics.first.map { " '\($0)'" } ?? "") yet")
        }
        return (name, with(points.filter { types.contains($0.task) }))
    }

    func with(_ points: [ResultPoint]) -> ResultPlot {
        var plot = self
        plot.points = points
        return plot
    }

    /// The tags with more than one value, with their values; those over which is summed up left out.
    var varying: [(name: String, values: [JSON])] {
        var names: [String] = []
        var values: TextMap<TextMap<JSON>> = [:]
        for tag in points.flatMap(\.tags) where !over.contains(tag.name) {
            if values[tag.name] == nil { names.append(tag.name) }
            values[tag.name, default: [:]][tag.value.key] = tag.value
        }
        return names.compactMap { name in
            guard let found = values[name], found.count > 1 else { return nil }
            return (name, Array(found.values))
        }
    }

    func across() throws(Problem) -> String {
        if let x { return x }
        let free = varying.filter { $0.name != series && $0.name != y }
        let numbers = free.filter { $0.values.allSatisfy { $0.number != nil } }
        // What only repeats a job is no axis where something else is varied.
        let chosen = [numbers, free].lazy.map { $0.filter { !Self.isRepetition($0.name) } }.first {
            !$0.isEmpty
        }
        let most = (chosen ?? free).max { $0.values.count < $1.values.count }
        guard let most else { throw Problem(text: "no tag varies: name a parameter with --x") }
        return most.name
    }

    /// The parameter that makes series: the one that varies least, where it has few values.
    func by(without across: String) -> String? {
        series
            ?? varying.filter {
                $0.name != across && $0.values.count <= 8 && !Self.isRepetition($0.name)
            }
            .min { $0.values.count < $1.values.count }?.name
    }

    /// Whether a parameter is by its name one that repeats the same experiment: `seed`, `data.random_state`.
    private static func isRepetition(_ name: String) -> Bool {
        let last = name.cut(atLast: ".")?.after ?? name[...]
        let words = last.lowercased().split(separator: "_").map(String.init)
        return words.last == "seed" || words == ["random", "state"]
            || words.count == 1 && ["fold", "rep", "repeat", "repetition", "replicate"].contains(words[0])
    }

    private static let options = "--x, --series or --over"

    func request(rows: [String], columns: [String], _ metric: String) -> ResultTable.Request {
        var request = ResultTable.Request()
        request.rows = rows
        request.columns = columns
        request.metrics = [metric]
        request.over = over.filter { !rows.contains($0) && !columns.contains($0) }
        request.options = Self.options
        return request
    }

    /// A statistic of a cell, and how far it spreads; nil for one that is not finite.
    func value(_ cell: ResultTable.Cell) -> (value: Double, spread: Double)? {
        guard let summary = cell.summary else { return nil }
        let value = statistic.value(summary)
        return value.isFinite ? (value, statistic.spread(summary) ?? 0) : nil
    }

    var spreadName: String {
        switch statistic {
        case .mean: " (mean ± std)"
        case .ci: " (mean ± 95 %)"
        default: " (\(statistic.rawValue))"
        }
    }

    // MARK: What has no number

    /// How many jobs a picture does not count, by the reason.
    struct Uncounted {
        private(set) var undefined = 0
        private(set) var failed = 0
        private(set) var open = 0
        /// All jobs, those with a number too.
        private(set) var all = 0

        mutating func add(_ cell: ResultTable.Cell) {
            undefined += cell.summary?.undefined ?? 0
            all += (cell.summary?.count ?? 0) + (cell.summary?.undefined ?? 0)
            for (state, count) in cell.missing {
                if state == .failed { failed += count } else { open += count }
                all += count
            }
        }

        mutating func add(_ point: ResultPoint, _ value: Double?) {
            all += 1
            if let value {
                if value.isNaN { undefined += 1 }
            } else if point.state == .failed {
                failed += 1
            } else {
                open += 1
            }
        }

        /// `1 NaN, 2 failed`; empty where every job counts.
        var text: String {
            [(undefined, "NaN"), (failed, "failed"), (open, "without a result")].filter { $0.0 > 0 }
                .map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        }

        /// For the legend.
        var remark: String { text.isEmpty ? "" : "\(all) (\(text))" }

        /// For the reader of messages.
        var note: String? { unmarked.map { "\($0): marked, and in no figure" } }

        /// The same where a picture marks places only that have no number at all.
        var unmarkedNote: String? { unmarked.map { "\($0): in no figure" } }

        private var unmarked: String? { text.isEmpty ? nil : "of \(all) job\(all == 1 ? "" : "s") \(text)" }
    }

    /// What is marked where a cell has no finite number.
    static func gap(_ cell: ResultTable.Cell) -> LineChart.Gap {
        if let summary = cell.summary, summary.undefined > 0 { return .undefined }
        return cell.missing.contains { $0.state == .failed } ? .failed : .open
    }

    /// The picture of a chart, and what of its points is not on it.
    func picture(
        of chart: LineChart, _ series: [LineChart.Series], _ name: String, _ size: PictureSize,
        notes: [String]
    ) throws(Problem) -> Picture {
        if chart.empty.count == series.count {
            let axis =
                style.logarithmicY || style.logarithmicX == true
                ? ", or not above 0 on a logarithmic axis" : ""
            throw Problem(text: "no result '\(name)' can be drawn: they are not finite\(axis)")
        }
        var notes = notes
        func say(_ count: Int, _ why: String) {
            if count > 0 { notes.append("\(count) point\(count == 1 ? " is" : "s are") not shown: \(why)") }
        }
        let isLogarithmic = style.logarithmicY || style.logarithmicX == true
        say(
            chart.belowAxis,
            "infinite or too far from 0\(isLogarithmic ? ", or not above 0 on a logarithmic axis" : "")")
        say(chart.beyondEnds, "beyond --ymin or --ymax")
        if !chart.empty.isEmpty {
            notes.append("nothing to show of \(chart.empty.joined(separator: ", "))")
        }
        return Picture(metric: name, drawing: chart.drawing(size), notes: notes)
    }
}
