import Inventory
import Store
import System
import Terminal
import Text
import Watching

/// The experiments of the workspace with their newest runs.
final class RunsView: MonitorView {
    private let watch: WorkspaceWatch
    private var cursor = ListCursor()
    private var page = 1

    init(_ watch: WorkspaceWatch) { self.watch = watch }

    var title: String { "runs" }
    var query: String? { nil }
    let keys = [
        KeyHint("Enter", "jobs"), KeyHint("r", "results"), KeyHint("f", "failures"),
        KeyHint("s", "stop", changes: true), KeyHint("y", "copy"), KeyHint("?", "keys"),
        KeyHint("q", "leave"),
    ]

    func refresh(_ context: DrawContext) -> Bool { false }

    func search(_ text: String) -> String? { nil }

    private var chosen: WorkspaceWatch.Entry? {
        watch.experiments.indices.contains(cursor.chosen) ? watch.experiments[cursor.chosen] : nil
    }

    func handle(_ key: Key) -> MonitorAction? {
        if cursor.move(key, count: watch.experiments.count, page: page) { return .redraw }
        guard let entry = chosen else { return nil }
        switch key {
        case .enter, .right:
            watch.open(entry.name)
            guard let run = watch.open else { return nil }
            return .open(JobsView(watch, run))
        case .text("y"): return .copy(entry.run.path)
        default: return MonitorAction.of(key, experiment: entry.name, isLive: entry.isLive)
        }
    }

    func draw(_ screen: inout Screen, _ area: Range<Int>, _ context: DrawContext) {
        let all = watch.experiments
        page = max(1, area.count - 1)
        cursor.keep(count: all.count, page: page)
        guard !all.isEmpty else {
            screen.write("no experiment has run here yet", row: area.lowerBound, column: 1, .dim)
            return
        }
        let names = min(max(10, all.map(\.name.columns).max() ?? 0), max(10, screen.columns / 3))
        let layout = Layout(names: names, columns: screen.columns)
        layout.head(&screen, area.lowerBound)
        for (offset, entry) in all[cursor.top..<min(all.count, cursor.top + page)].enumerated() {
            let row = area.lowerBound + 1 + offset
            layout.draw(entry, &screen, row, context)
            if cursor.top + offset == cursor.chosen { screen.mark(row: row) { $0.isReverse = true } }
        }
    }

    /// Where the columns are: on narrow terminals the last ones are left out.
    private struct Layout {
        let names: Int
        let columns: Int
        private static let (state, counts, bar) = (11, 11, 22)

        private var hasBar: Bool { columns > names + Self.state + Self.counts + Self.bar + 24 }

        func head(_ screen: inout Screen, _ row: Int) {
            var column = screen.write("EXPERIMENT", row: row, column: 1, .dim, room: names) + 2
            column = screen.write("STATE", row: row, column: column, .dim, room: Self.state) + 1
            screen.write("DONE", row: row, column: column, .dim, room: Self.counts, isRight: true)
        }

        func draw(
            _ entry: WorkspaceWatch.Entry, _ screen: inout Screen, _ row: Int, _ context: DrawContext
        ) {
            let run = entry.run
            func count(_ state: String) -> Int {
                run.counts.first { $0.state == state }.flatMap { Int(exactly: $0.count) } ?? 0
            }
            let (done, total) = (count("done"), Int(exactly: run.jobCount) ?? 0)
            let failed = count("failed") + count("cancelled")
            var column = screen.write(entry.name, row: row, column: 1, .bold, room: names) + 2
            column =
                screen.write(run.state, row: row, column: column, Self.style(run.state), room: Self.state) + 1
            column =
                screen.write("\(done)/\(total)", row: row, column: column, room: Self.counts, isRight: true)
                + 2
            if hasBar {
                Bar(done: done, failed: failed, total: total).draw(
                    &screen, row, column, width: Self.bar, context)
                column += Self.bar + 1
            }
            var parts: [String] = []
            if failed > 0 { parts.append("\(failed) failed") }
            let running = count("running")
            if running > 0 { parts.append("\(running) running") }
            if let began = run.seconds {
                parts.append(
                    entry.isLive
                        ? "for \(NumberText.duration(context.now - began))"
                        : "\(NumberText.duration(max(0, context.now - began))) ago")
            }
            if let reason = run.reason { parts.append(reason) }
            if !run.tags.isEmpty { parts.append(run.tags.map { "#\($0)" }.joined(separator: " ")) }
            screen.write(
                parts.joined(separator: " · "), row: row, column: column,
                failed > 0 ? CellStyle(.red) : .dim, room: columns - column)
        }

        private static func style(_ state: String) -> CellStyle {
            switch state {
            case "running": CellStyle(.cyan, bold: true)
            case "done", "generated": CellStyle(.green)
            case "failed": CellStyle(.red)
            default: CellStyle(.yellow)
            }
        }
    }
}

/// How much of a run is done.
struct Bar {
    let done: Int
    let failed: Int
    let total: Int

    func draw(_ screen: inout Screen, _ row: Int, _ column: Int, width: Int, _ context: DrawContext) {
        guard width > 2, total > 0 else { return }
        func cells(_ count: Int) -> Int {
            count <= 0
                ? 0 : min(width, max(1, Int((Double(count) / Double(total) * Double(width)).rounded(.down))))
        }
        // What has failed is seen, however little it is.
        let bad = cells(failed)
        let good = min(cells(done), width - bad)
        let (full, error, empty) = (
            context.glyph("█", "#"), context.glyph("█", "!"), context.glyph("░", ".")
        )
        var place = screen.write(
            String(repeating: full, count: good), row: row, column: column, CellStyle(.green))
        place = screen.write(String(repeating: error, count: bad), row: row, column: place, CellStyle(.red))
        screen.write(
            String(repeating: empty, count: max(0, width - good - bad)), row: row, column: place, .dim)
    }
}
