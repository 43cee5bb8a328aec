import Inventory
import Plot
import Store
import Text

/// What tasks have logged over their steps.
extension ResultPlot {
    /// One job's values of one name. A step that was repeated, after a job had been resumed, has its later
    /// value.
    private struct Run {
        let values: [Double: Double]
        let last: Double

        init(_ series: JobLog.Series) {
            values = Dictionary(series.points.map { ($0.step, $0.value) }) { _, later in later }
            last = values.keys.max() ?? 0
        }
    }

    /// The mean of those that are summed up, and how they spread.
    func curves(_ size: PictureSize) throws(Problem) -> Picture {
        var logs: [(point: ResultPoint, series: [JobLog.Series])] = []
        for point in points {
            let found = JobLog.series(of: point.folder)
            if !found.isEmpty { logs.append((point, found)) }
        }
        var known: [String] = []
        for one in logs.flatMap(\.series) where !known.contains(one.name) { known.append(one.name) }
        guard let first = known.first else {
            throw Problem(
                text: "no job has logged anything: self:log { step =, loss = }, or lines in $XPM_EVENTS")
        }
        let names = metrics.isEmpty ? [first] : metrics
        if let stranger = names.first(where: { !known.contains($0) }) {
            throw Problem(
                text:
                    "no job has logged '\(stranger)'\(Suggestion.hint(for: stranger, among: known)): \(known.joined(separator: ", "))"
            )
        }
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
        let all = groups.map { group in
            curve(
                group.runs,
                named: names.count > 1 || by.isEmpty
                    ? "\(group.metric) \(group.title)".trimmedText : group.title)
        }
        notes += Self.notes(all)
        let isRepeated = groups.contains { group in
            Set(group.runs.flatMap(\.values.keys)).contains { step in
                group.runs.count { $0.values[step] != nil } > 1
            }
        }
        let labels = Labels(
            title: experiment, x: "step", y: names.joined(separator: ", ") + (isRepeated ? spreadName : ""))
        var style = style
        style.logarithmicX = style.logarithmicX ?? false
        let chart = LineChart(all, labels, style)
        return try picture(of: chart, all, names.joined(separator: "-"), size, notes: notes)
    }

    private static func groups(
        _ logs: [(point: ResultPoint, series: [JobLog.Series])], _ names: [String], _ by: [String]
    ) -> [(metric: String, title: String, runs: [Run])] {
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
                    logs[log].series.first { $0.name == name }.map(Run.init)
                }
                return runs.isEmpty ? nil : (name, titles[first], runs)
            }
        }
    }

    private func curve(_ runs: [Run], named name: String) -> LineChart.Series {
        var values: [Double: [Double]] = [:]
        for run in runs { for (step, value) in run.values { values[step, default: []].append(value) } }
        let end = runs.map(\.last).max() ?? 0
        let lasts = runs.map(\.last).sorted()
        var undefined = 0
        let points = values.keys.sorted().compactMap { step -> LineChart.Point? in
            guard let summary = Summary(values[step] ?? []) else { return nil }
            let value = statistic.value(summary)
            undefined += summary.undefined
            // Some have ended before it.
            let isPartial = (lasts.first ?? step) < step || summary.undefined > 0
            return .init(
                x: step, y: value, spread: value.isFinite ? statistic.spread(summary) ?? 0 : 0,
                gap: .undefined, isPartial: isPartial)
        }
        let left = runs.count { $0.last >= end }
        let parts = [
            left < runs.count ? "\(left) of \(runs.count) jobs to the end" : "",
            undefined > 0 ? "\(undefined) NaN" : "",
        ]
        return .init(
            name: name, points: points, remark: parts.filter { !$0.isEmpty }.joined(separator: ", "))
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
