import Inventory
import Plot
import Store
import System
import Text
import Watching

/// Which types of tasks need which, as boxes from left to right.
struct GraphPage {
    let graph: TaskGraph
    let name: Route.RunName

    private static let most = 300
    private static let (width, height, gapX, gapY) = (230, 64, 70, 18)

    var html: HTML {
        guard !graph.nodes.isEmpty else { return "<p>There are no jobs yet.</p>" }
        let depths = graph.depths
        var places: [Int: (x: Int, y: Int)] = [:]
        var heights: [Int: Int] = [:]
        for (number, depth) in depths.enumerated().prefix(Self.most) {
            let row = heights[depth, default: 0]
            heights[depth] = row + 1
            places[number] = (10 + depth * (Self.width + Self.gapX), 10 + row * (Self.height + Self.gapY))
        }
        let width = 20 + ((depths.max() ?? 0) + 1) * (Self.width + Self.gapX) - Self.gapX
        let height = 20 + (heights.values.max() ?? 1) * (Self.height + Self.gapY) - Self.gapY
        let edges = graph.edges.compactMap { edge -> HTML? in
            guard edge.from != edge.to, let from = places[edge.from], let to = places[edge.to] else {
                return nil
            }
            let (x1, y1) = (from.x + Self.width, from.y + Self.height / 2)
            let (x2, y2) = (to.x, to.y + Self.height / 2)
            let middle = (x1 + x2) / 2
            return
                "<path class=\"edge\" d=\"M\(x1) \(y1)C\(middle) \(y1) \(middle) \(y2) \(x2) \(y2)\" marker-end=\"url(#arrow)\"/>"
        }
        let boxes = graph.nodes.indices.prefix(Self.most).compactMap { box($0, places[$0]) }
        let more: HTML =
            graph.nodes.count > Self.most
            ? "<p>\(graph.nodes.count - Self.most) more types are not shown.</p>" : .none
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Graph"><svg class="graph" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" role="group" aria-label="Types of tasks, each after those that it needs">
            <defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>
            \(edges)\(boxes)</svg></div>\(more)\(table)
            """
    }

    private func box(_ number: Int, _ place: (x: Int, y: Int)?) -> HTML? {
        guard let place else { return nil }
        let (task, counts) = graph.nodes[number]
        let total = counts.total
        func share(_ count: Int) -> Int { total == 0 ? 0 : count * (Self.width - 16) / total }
        let good = share(counts[.done])
        let failed = counts[.failed] + counts[.cancelled]
        let bad = failed > 0 ? max(2, share(failed)) : 0
        let live = share(counts[.running])
        let filter = FilterTerm("@name", .string(task)).text
        let words = JobRecord.State.allCases.filter { counts[$0] > 0 }.map { "\(counts[$0]) \($0.rawValue)" }
        return """
            <a href="\(Route.experiment(name, .jobs, Query([("filter", filter)])))"><g transform="translate(\(place.x) \(place.y))"><rect class="box" width="\(Self.width)" height="\(Self.height)" rx="4"/>\
            <text x="8" y="20">\(Drawing.fit(task, Double(Self.width - 16), size: 14))</text><text class="small" x="8" y="38">\(Drawing.fit(words.joined(separator: ", "), Double(Self.width - 16), size: 13))</text>\
            <rect class="rest" x="8" y="48" width="\(Self.width - 16)" height="6"/><rect class="good" x="8" y="48" width="\(good)" height="6"/><rect class="bad" x="\(8 + good)" y="48" width="\(bad)" height="6"/><rect class="live" x="\(8 + good + bad)" y="48" width="\(live)" height="6"/></g></a>
            """
    }

    /// The same in words.
    private var table: HTML {
        let rows = graph.nodes.indices.prefix(Self.most).map { number -> HTML in
            let needs = graph.edges.filter { $0.to == number }.map { edge in
                "\(graph.nodes[edge.from].task) (\(edge.count))"
            }
            return """
                <tr><th scope="row">\(graph.nodes[number].task)</th><td class="right">\(graph.nodes[number].counts.total)</td><td>\(needs.joined(separator: ", "))</td></tr>
                """
        }
        return """
            <table class="list"><caption>Types of tasks, and how many jobs of them need jobs of others</caption><thead><tr><th scope="col">Task</th>\
            <th scope="col" class="right">Jobs</th><th scope="col">Needs</th></tr></thead><tbody>\(rows)</tbody></table>
            """
    }
}

/// When the jobs of a run ran, in as many lanes as ran at once.
struct TimelinePage {
    let timeline: RunTimeline

    private static let (width, laneHeight) = (1000.0, 16)

    var html: HTML {
        guard !timeline.bars.isEmpty else { return "<p>No job has run in this run.</p>" }
        let time = max(1e-6, timeline.end - timeline.start)
        func place(_ seconds: Double) -> Double { (seconds - timeline.start) / time * Self.width }
        let bars = timeline.bars.map { bar -> HTML in
            let (x, width) = (place(bar.start), max(0.8, place(bar.end) - place(bar.start)))
            return
                "<rect class=\"\(Part.kindOf(bar.state.rawValue))\" x=\"\(NumberText.fixed(x, decimals: 1))\" y=\"\(bar.lane * Self.laneHeight + 2)\" width=\"\(NumberText.fixed(width, decimals: 1))\" height=\"\(Self.laneHeight - 4)\"/>"
        }
        let height = timeline.lanes * Self.laneHeight
        // How much of the lanes was used.
        let used = min(1, timeline.work / (time * Double(max(1, timeline.most))))
        let more = timeline.most > timeline.lanes ? "; \(timeline.lanes) lanes are drawn" : ""
        let told =
            "\(timeline.most) job\(timeline.most == 1 ? "" : "s") at once at most, for \(NumberText.duration(time)); \(Int((used * 100).rounded())) % of that was used\(more)"
        return """
            <p>\(told).</p>
            <svg class="timeline" viewBox="0 0 \(Int(Self.width)) \(height)" preserveAspectRatio="none" height="\(height)" role="img" aria-label="\(told)">\(bars)</svg>
            <p class="ends"><span>\(Part.time(Timestamp(microseconds: Int64(timeline.start * 1e6)).isoWithZone))</span> <span>\(Part.time(Timestamp(microseconds: Int64(timeline.end * 1e6)).isoWithZone))</span></p>
            """
    }
}

/// What a job has logged over its steps, a picture for each name.
struct JobCurves {
    private let series: [JobLog.Series]

    /// Of a larger log nothing is drawn here.
    static let most: Int64 = 64 << 20
    private static let (mostSeries, mostPoints) = (12, 800)
    private static let (width, height) = (420, 260)

    init(_ folder: JobFolder) {
        series = Files.size(of: folder.programEvents) <= Self.most ? JobLog.series(of: folder) : []
    }

    var svg: String {
        let charts = series.prefix(Self.mostSeries).enumerated().map { number, one -> String in
            let points = Self.thinned(one.points).map {
                LineChart.Point(x: $0.step, y: $0.value, gap: .undefined)
            }
            var style = LineChart.Style()
            style.logarithmicX = false
            let chart = LineChart(
                [.init(name: one.name, points: points)], Labels(title: one.name, x: "step", y: ""), style)
            let picture = chart.drawing(PictureSize(width: Double(Self.width), height: Double(Self.height)))
                .svg
            let place = "x=\"\(number % 2 * Self.width)\" y=\"\(number / 2 * Self.height)\" "
            return picture.replacing("<svg ", with: "<svg \(place)")
        }
        let rows = (charts.count + 1) / 2
        return
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(min(2, max(1, charts.count)) * Self.width)\" height=\"\(max(1, rows) * Self.height)\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\(charts.joined())</svg>"
    }

    /// The first, least, greatest and last point of each part: no peak is lost.
    private static func thinned(_ points: [(step: Double, value: Double)]) -> [(step: Double, value: Double)]
    {
        guard points.count > mostPoints else { return points }
        let size = (points.count * 4 + mostPoints - 1) / mostPoints
        var out: [(step: Double, value: Double)] = []
        for start in stride(from: 0, to: points.count, by: size) {
            let part = start..<min(points.count, start + size)
            let finite = part.filter { points[$0].value.isFinite }
            let ends = [
                part.lowerBound, finite.min { points[$0].value < points[$1].value },
                finite.max { points[$0].value < points[$1].value }, part.upperBound - 1,
            ]
            for place in Set(ends.compactMap(\.self)).sorted() { out.append(points[place]) }
        }
        return out
    }
}
