import Engine
import Inventory
import Model
import Store
import Text

/// What a terminal shows at the end of a run: the table of its results, and what may come next.
struct RunEnding {
    private let report: RunReport
    private let results: ResultTable?
    /// How many rows the table has, shown or not.
    private let rowCount: Int

    private static let mostRows = 20

    init(_ report: RunReport) {
        self.report = report
        let points = report.results.map { result in
            var record = JobRecord(
                live: result.spec.folder, task: result.spec.taskID, identifier: result.spec.identifier.hex,
                tags: result.task.tags)
            record.readState()
            return ResultPoint(record)
        }
        results = points.isEmpty ? nil : try? ResultTable(points, ResultTable.Request())
        rowCount = results?.rows.count ?? 0
    }

    /// The first rows, as `xpm results` shows them; nil where there is nothing that makes a table.
    var table: String? {
        guard var results else { return nil }
        results.cut(to: Self.mostRows)
        let text = ResultText(table: results, statistic: .mean).text(.text)
        let rest = rowCount - Self.mostRows
        return rest > 0 ? "\(text)… \(rest) more row\(rest == 1 ? "" : "s")\n" : text
    }

    /// At most two commands that go on from here.
    var commands: [String] {
        guard let (experiment, options) = report.place, !report.isPlanOnly else { return [] }
        let name = ShellWords.quote(experiment)
        if !report.failures.isEmpty {
            let filter =
                report.end.counts.blocked > 0 ? "@state in [failed, blocked]" : "@state = failed"
            return [
                "xpm failures -e \(name)\(options)",
                "xpm jobs retry -e \(name)\(options) --filter '\(filter)'",
            ]
        }
        guard let results else {
            // Of a large run nothing was read.
            return report.end.counts.done + report.end.counts.cached > 1000
                ? ["xpm results \(name)\(options)"] : []
        }
        let isVaried = rowCount > 1 && !results.rowNames.isEmpty
        let isNumeric = results.rows.contains { $0.cells.contains { $0.contains { $0.summary != nil } } }
        return (rowCount > Self.mostRows ? ["xpm results \(name)\(options)"] : [])
            + (isVaried && isNumeric ? ["xpm plot \(name)\(options)"] : [])
    }
}
