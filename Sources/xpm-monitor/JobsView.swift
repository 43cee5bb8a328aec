import Inventory
import Store
import System
import Terminal
import Text
import Watching

/// The jobs of one run.
final class JobsView: MonitorView {
    private let watch: WorkspaceWatch
    private var run: RunWatch
    private var cursor = ListCursor()
    private var page = 1
    private var rows: [Int] = []
    private var order = RunWatch.Order.submitted
    private var filter: JobFilter?
    private var filterText = ""
    /// How many jobs there were when the rows were chosen; nil where they are to be chosen anew.
    private var chosenOf: Int?
    /// When that is due again, on the clock of `Monotonic`: a filter looks at every job.
    private var nextChoice = 0.0
    private var details = RowDetails()
    private var nextDetails = 0.0

    init(_ watch: WorkspaceWatch, _ run: RunWatch) {
        self.watch = watch
        self.run = run
    }

    var title: String { "\(run.experiment) › jobs" }
    var query: String? { filterText }
    let keys = [
        KeyHint("Enter", "show"), KeyHint("l", "log"), KeyHint("/", "filter"),
        KeyHint("o", "order"), KeyHint("K", "kill", changes: true), KeyHint("R", "retry", changes: true),
        KeyHint("h", "hold", changes: true), KeyHint("u", "release", changes: true),
        KeyHint("+", "sooner", changes: true), KeyHint("-", "later", changes: true),
        KeyHint("s", "stop the run", changes: true), KeyHint("r", "results"), KeyHint("f", "failures"),
        KeyHint("y", "copy"), KeyHint("Esc", "back"), KeyHint("?", "keys"),
    ]

    // MARK: Rows

    func refresh(_ context: DrawContext) -> Bool {
        var isNew = false
        // A run that goes on as batch jobs is one after the other; and somebody may run it again.
        if let entry = watch.entry(run.experiment), entry.isLive, entry.run.run != run.run {
            watch.open(run.experiment)
            if let next = watch.open {
                (run, rows, details, chosenOf, nextChoice) = (next, [], RowDetails(), nil, 0)
                isNew = true
            }
        }
        let mayMove = filter != nil || order != .submitted
        if chosenOf != run.count || mayMove, Monotonic.seconds >= nextChoice {
            let began = Monotonic.seconds
            let chosen = rows.indices.contains(cursor.chosen) ? rows[cursor.chosen] : nil
            let new = run.rows(filter, by: order, at: context.now)
            if new != rows {
                rows = new
                // The chosen job stays chosen, wherever it is by now.
                if let chosen, order != .submitted || filter != nil, let place = rows.firstIndex(of: chosen) {
                    cursor.choose(place)
                }
                isNew = true
            }
            chosenOf = run.count
            // At most a tenth of the time.
            nextChoice = Monotonic.seconds + max(mayMove ? 0.5 : 0, (Monotonic.seconds - began) * 10)
        }
        if Monotonic.seconds >= nextDetails {
            nextDetails = Monotonic.seconds + 0.5
            if details.refresh(shown, of: run) { isNew = true }
        }
        return isNew
    }

    private var shown: ArraySlice<Int> {
        rows[min(cursor.top, rows.count)..<min(rows.count, cursor.top + page)]
    }

    private var chosen: Int? { rows.indices.contains(cursor.chosen) ? rows[cursor.chosen] : nil }

    func search(_ text: String) -> String? {
        if text.isBlank {
            (filter, filterText) = (nil, "")
        } else {
            do throws(JobFilterError) { filter = try JobFilter(text) } catch { return error.text }
            filterText = text
        }
        (chosenOf, nextChoice) = (nil, 0)
        return nil
    }

    // MARK: Keys

    func handle(_ key: Key) -> MonitorAction? {
        if cursor.move(key, count: rows.count, page: page) { return .redraw }
        switch key {
        case .text("o"):
            let all = RunWatch.Order.allCases
            order = all[((all.firstIndex(of: order) ?? 0) + 1) % all.count]
            (chosenOf, nextChoice) = (nil, 0)
            return .redraw
        case .escape, .left, .backspace:
            guard filter == nil else {
                _ = search("")
                return .redraw
            }
            return .back
        default: break
        }
        let isLive = watch.entry(run.experiment)?.isLive == true
        if let action = MonitorAction.of(key, experiment: run.experiment, isLive: isLive) { return action }
        guard let row = chosen else { return nil }
        let name = "\(run.task(row))/\(run.identifier(row))"
        switch key {
        case .enter, .right: return .show(["jobs", "show", name], title: run.short(row))
        case .text("l"): return .open(TextView(log: run.folder(row), title: "\(run.short(row)) › log"))
        case .text("K"): return .confirm(["jobs", "kill", name, "--perform"])
        case .text("R"): return .confirm(["jobs", "retry", name])
        case .text("h"): return .confirm(["jobs", "hold", name])
        case .text("u"): return .confirm(["jobs", "release", name])
        case .text("+"): return .confirm(["jobs", "priority", "1", name])
        case .text("-"): return .confirm(["jobs", "priority", "-1", name])
        case .text("y"): return .copy(run.folder(row).path)
        default: return nil
        }
    }

    // MARK: Drawing

    func draw(_ screen: inout Screen, _ area: Range<Int>, _ context: DrawContext) {
        page = max(1, area.count - 2)
        cursor.keep(count: rows.count, page: page)
        summary(&screen, area.lowerBound, context)
        let layout = Layout(columns: screen.columns, run: run, rows: shown)
        layout.head(&screen, area.lowerBound + 1, order)
        for (offset, row) in shown.enumerated() {
            let line = area.lowerBound + 2 + offset
            guard area.contains(line) else { break }
            layout.draw(row, details, &screen, line, context)
            if cursor.top + offset == cursor.chosen { screen.mark(row: line) { $0.isReverse = true } }
        }
        if rows.isEmpty {
            let text = run.count == 0 ? "no jobs yet" : "no job fits the filter"
            screen.write(text, row: area.lowerBound + 2, column: 1, .dim)
        }
    }

    private func summary(_ screen: inout Screen, _ row: Int, _ context: DrawContext) {
        let counts = run.counts
        var column = 1
        func add(_ count: Int, _ word: String, _ style: CellStyle) {
            guard count > 0 else { return }
            if column > 1 { column = screen.write(" · ", row: row, column: column, .dim) }
            column = screen.write("\(count) \(word)", row: row, column: column, style)
        }
        add(counts[.failed], "failed", CellStyle(.red, bold: true))
        add(counts[.running], "running", CellStyle(.cyan))
        add(counts[.done], "done", CellStyle(.green))
        add(counts[.cancelled], "cancelled", CellStyle(.yellow))
        add(counts[.blocked], "blocked", CellStyle(.yellow))
        add(counts[.held], "held", CellStyle(.yellow))
        add(counts[.waiting], "waiting", .plain)
        add(counts[.notRun], "not run", .plain)
        if let left = run.timeLeft(at: context.now) {
            column = screen.write("   \(left.text)", row: row, column: column, .bold)
        }
        if !filterText.isEmpty {
            column = screen.write(
                "   /\(filterText)  \(rows.count) of \(run.count)", row: row, column: column,
                CellStyle(.magenta))
        }
    }

    /// Where the columns are. Names are cut where there is no room, not how far a job is.
    private struct Layout {
        let columns: Int
        let run: RunWatch
        let tasks: Int
        private static let (state, id, time, progress) = (11, 8, 9, 5)

        init(columns: Int, run: RunWatch, rows: ArraySlice<Int>) {
            self.columns = columns
            self.run = run
            let fixed = Self.state + Self.id + Self.time + Self.progress + 6
            let longest = rows.map { run.task($0).columns }.max() ?? 4
            tasks = max(4, min(longest, (columns - fixed) / 2))
        }

        func head(_ screen: inout Screen, _ row: Int, _ order: RunWatch.Order) {
            var column = screen.write("STATE", row: row, column: 1, .dim, room: Self.state) + 1
            column = screen.write("JOB", row: row, column: column, .dim, room: Self.id) + 1
            column = screen.write("TIME", row: row, column: column, .dim, room: Self.time, isRight: true) + 1
            column += Self.progress + 1
            column = screen.write("TASK", row: row, column: column, .dim, room: tasks) + 1
            screen.write("by \(order.text)", row: row, column: column, .dim, room: columns - column)
        }

        func draw(
            _ row: Int, _ details: RowDetails, _ screen: inout Screen, _ line: Int, _ context: DrawContext
        ) {
            let state = run.states[row]
            let (mark, style) = Self.look(state, context)
            let word = state == .done && run.isCached(row) ? "cached" : state.rawValue
            var column = screen.write("\(mark) \(word)", row: line, column: 1, style, room: Self.state) + 1
            column = screen.write(run.short(row), row: line, column: column, .dim, room: Self.id) + 1
            let time = run.duration(row, at: context.now).map(NumberText.duration) ?? ""
            column = screen.write(time, row: line, column: column, room: Self.time, isRight: true) + 1
            let percent = details.progress(row).map { "\(Int(($0.fraction * 100).rounded()))%" } ?? ""
            column =
                screen.write(
                    percent, row: line, column: column, CellStyle(.cyan), room: Self.progress, isRight: true)
                + 1
            column = screen.write(run.task(row), row: line, column: column, room: tasks) + 1
            let reason = details.told(row, of: run)
            let tags = run.tags(row)
            let end = screen.write(tags, row: line, column: column, room: min(tags.columns, columns - column))
            if let reason, end + 2 < columns {
                screen.write(
                    reason, row: line, column: tags.isEmpty ? end : end + 2,
                    state == .failed ? CellStyle(.red) : .dim, room: columns - end - 2)
            }
        }

        /// A state by its shape too: colours may not be seen.
        private static func look(
            _ state: JobRecord.State, _ context: DrawContext
        ) -> (String, CellStyle) {
            switch state {
            case .done: (context.glyph("✓", "+"), CellStyle(.green))
            case .failed: (context.glyph("✗", "x"), CellStyle(.red, bold: true))
            case .running: (context.glyph("▶", ">"), CellStyle(.cyan, bold: true))
            case .cancelled: (context.glyph("■", "="), CellStyle(.yellow))
            case .blocked: (context.glyph("⊘", "/"), CellStyle(.yellow))
            case .held: (context.glyph("‖", "|"), CellStyle(.yellow))
            case .waiting, .ready: (context.glyph("·", "."), .plain)
            case .notRun: (context.glyph("○", "o"), .dim)
            case .unreadable: ("?", CellStyle(.red))
            }
        }
    }
}
