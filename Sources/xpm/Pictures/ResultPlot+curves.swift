import Inventory
import Plot
import Store
import System
import Text

/// What tasks have logged over their steps.
extension ResultPlot {
    /// The mean of those that are summed up, and how they spread.
    func curves(_ size: PictureSize) throws(Problem) -> Picture {
        let names: [String]
        if metrics.isEmpty {
            guard let first = points.lazy.compactMap({ JobLog.firstName(of: $0.folder) }).first else {
                throw Self.nothingLogged
            }
            names = [first]
        } else {
            names = metrics
        }
        // Only what is drawn is read.
        var logs = zip(points, Parallel.map(points) { JobLog.series(of: $0.folder, only: names) })
            .map { (point: $0, series: $1) }
        try Self.check(names, in: logs.map(\.series))
        logs.removeAll { one in !one.series.contains { names.contains($0.name) } }
        var notes: [String] = []
        if !showsFailed {
            let failed = logs.count { $0.point.state == .failed }
            if failed == logs.count {
                throw Problem(text: "every job that has logged '\(names[0])' has failed: --failed shows them")
            }
            if failed > 0 {
                notes.append(
                    "\(failed) failed job\(failed == 1 ? " is" : "s are") left out: --failed shows them")
            }
            logs.removeAll { $0.point.state == .failed }
        }
        let plot = with(logs.map(\.point))
        let by = series.map { [$0] } ?? plot.varying.map(\.name)
        if let series, !logs.contains(where: { $0.point.value(series, parameters: \.parameters) != nil }) {
            throw Problem(
                text: "these jobs have no tag and no parameter '\(series)'"
                    + ResultTable.names(of: points).saying(near: series))
        }
        notes += plot.pooled(by)
        let groups = Self.groups(logs, names, by)
        logs = []
        let steps = groups.flatMap { $0.runs.flatMap { [$0.steps.first, $0.steps.last].compactMap(\.self) } }
        let columns = CurveColumns(steps, style, width: size.width)
        let curves = groups.map { group in
            curve(
                group.runs, columns,
                named: names.count > 1 || by.isEmpty
                    ? "\(group.metric) \(group.title)".trimmedText : group.title)
        }
        let all = curves.map(\.series)
        notes += Self.notes(all)
        let isRepeated = curves.contains(where: \.isRepeated)
        let labels = Labels(
            title: experiment, x: "step", y: names.joined(separator: ", ") + (isRepeated ? spreadName : ""))
        var style = style
        style.logarithmicX = style.logarithmicX ?? false
        let chart = LineChart(all, labels, style)
        return try picture(of: chart, all, names.joined(separator: "-"), size, notes: notes)
    }

    private static let nothingLogged = Problem(
        text: "no job has logged anything: self:log { step =, loss = }, or lines in $XPM_EVENTS")

    /// That each name was logged by some job.
    private static func check(_ names: [String], in logs: [[JobLog.Series]]) throws(Problem) {
        var seen: TextSet = []
        let known = logs.joined().map(\.name).filter { seen.insert($0).inserted }
        guard !known.isEmpty else {
            throw Self.nothingLogged
        }
        if let stranger = names.first(where: { !known.contains($0) }) {
            throw Problem(
                text:
                    "no job has logged '\(stranger)'\(Suggestion.hint(for: stranger, among: known)): \(known.joined(separator: ", "))"
            )
        }
    }

    private static func groups(
        _ logs: [(point: ResultPoint, series: [JobLog.Series])], _ names: [String], _ by: [String]
    ) -> [(metric: String, title: String, runs: [CurveRun])] {
        let keys = logs.map { log in by.map { log.point.value($0, parameters: \.parameters) } }
        let labels = by.indices.map { place in KeyLabels.of(keys.map { $0[place] }, .picture) }
        let titles = logs.indices.map { log in
            by.indices.map { "\(by[$0])=\(labels[$0][log])" }.joined(separator: " ")
        }
        var seen: TextSet = []
        let order = ResultTable.sorted(logs.indices.filter { seen.insert(titles[$0]).inserted }) { keys[$0] }
        return names.flatMap { name in
            order.compactMap { first in
                let runs = logs.indices.filter { titles[$0] == titles[first] }.compactMap { log in
                    logs[log].series.first { $0.name == name }.map(CurveRun.init)
                }
                return runs.isEmpty ? nil : (name, titles[first], runs)
            }
        }
    }

    private func curve(
        _ runs: [CurveRun], _ columns: CurveColumns, named name: String
    ) -> (series: LineChart.Series, isRepeated: Bool) {
        let end = runs.map(\.last).max() ?? 0
        let shortest = runs.map(\.last).min() ?? 0
        var (undefined, isRepeated) = (0, false)
        var curve = ThinCurve(columns, style)
        CurveRun.each(of: runs) { step, values in
            guard let summary = Summary(values) else { return }
            if values.count > 1 { isRepeated = true }
            let value = statistic.value(summary)
            undefined += summary.undefined
            // Some have ended before it.
            let isPartial = shortest < step || summary.undefined > 0
            curve.add(
                .init(
                    x: step, y: value, spread: value.isFinite ? statistic.spread(summary) ?? 0 : 0,
                    gap: .undefined, isPartial: isPartial))
        }
        let left = runs.count { $0.last >= end }
        let parts = [
            left < runs.count ? "\(left) of \(runs.count) jobs to the end" : "",
            undefined > 0 ? "\(undefined) NaN" : "",
        ]
        let remark = parts.filter { !$0.isEmpty }.joined(separator: ", ")
        return (curve.series(name, remark), isRepeated)
    }

    /// What the legend says, for who reads messages.
    private static func notes(_ all: [LineChart.Series]) -> [String] {
        let remarks = all.filter { !$0.remark.isEmpty }.map { "\($0.name): \($0.remark)" }
        return remarks.count > 5 ? remarks.prefix(4) + ["and \(remarks.count - 4) more such"] : remarks
    }

    /// Tags in which jobs of one curve differ.
    private func pooled(_ by: [String]) -> [String] {
        let left = varying.map(\.name).filter { name in
            guard !by.contains(name) else { return false }
            var first: TextMap<String> = [:]
            return points.contains { point in
                let group = by.map { point.value($0, parameters: \.parameters)?.key ?? "" }.joined(
                    separator: "\u{1f}")
                let value = point.value(name, parameters: \.parameters)?.key ?? ""
                defer { first[group] = first[group] ?? value }
                return first[group].map { $0 != value } ?? false
            }
        }
        return left.isEmpty
            ? []
            : [
                "curves sum up over \(left.joined(separator: " and ")) too: --series or --over says what becomes of it"
            ]
    }
}

extension String {
    fileprivate var trimmedText: String { String(trimmed) }
}
