import Inventory
import Store
import System
import Terminal
import Text
import Watching

/// The monitor on a terminal: a stack of views over one picture of the workspace. Belongs to one thread.
final class MonitorApp {
    private let options: MonitorOptions
    private let terminal: TerminalSession
    private let signals: Signals
    private let watch: WorkspaceWatch
    private var views: [any MonitorView]
    private let commands: CommandRunner
    /// What is being typed, in place of the last line.
    private var prompt: Prompt?
    private var message: (text: String, isError: Bool)?
    private var isOver = false
    private var isDirty = true

    private enum Prompt {
        case filter(String)
        case command(String)
        /// A command that waits for a yes.
        case confirm([String])
    }

    /// In milliseconds: how often the workspace is looked at, and between two pictures at least.
    private static let (refreshInterval, drawInterval) = (250.0, 50.0)

    init(_ options: MonitorOptions, _ terminal: TerminalSession, _ signals: Signals) {
        self.options = options
        self.terminal = terminal
        self.signals = signals
        watch = WorkspaceWatch(options.workspace)
        commands = CommandRunner(options)
        views = [RunsView(watch)]
    }

    private var view: any MonitorView { views[views.count - 1] }

    private var context: DrawContext { DrawContext(now: Timestamp.now.seconds, isASCII: options.isASCII) }

    // MARK: The loop

    /// Runs until somebody leaves.
    ///
    /// - Returns: what stays on the terminal.
    func run() -> String {
        _ = watch.refresh()
        if let name = options.experiment {
            watch.open(name)
            if let run = watch.open { views.append(JobsView(watch, run)) }
        }
        var (nextRefresh, nextDraw, nextSecond) = (0.0, 0.0, 0.0)
        while !isOver {
            let now = Monotonic.seconds * 1000
            if now >= nextRefresh {
                if watch.refresh() { isDirty = true }
                if view.refresh(context) { isDirty = true }
                if let (text, isError) = commands.said() { show(text, isError) }
                nextRefresh = Monotonic.seconds * 1000 + Self.refreshInterval
            }
            // What runs gets older.
            if now >= nextSecond, watch.experiments.contains(where: \.isLive) {
                isDirty = true
                nextSecond = now + 1000
            }
            if isDirty, now >= nextDraw {
                draw()
                isDirty = false
                nextDraw = Monotonic.seconds * 1000 + Self.drawInterval
            }
            let next = isDirty ? min(nextDraw, nextRefresh) : nextRefresh
            let pause = Int32(max(1, min(1000, next - Monotonic.seconds * 1000)))
            guard let keys = terminal.keys(milliseconds: pause, signals) else { break }
            for key in keys { handle(key) }
            while let signal = signals.next(milliseconds: 0) {
                switch signal {
                case .resize: isDirty = true
                case .interrupt, .terminate: isOver = true
                }
            }
        }
        terminal.end()
        return summary
    }

    /// What was there when somebody left.
    private var summary: String {
        let all = watch.experiments
        let shown = all.filter(\.isLive).prefix(5).map { "\($0.name)  \($0.run.text)\n" }
        if !shown.isEmpty { return shown.joined() }
        return all.first.map { "\($0.name)  \($0.run.text)\n" } ?? ""
    }

    // MARK: Keys

    private func handle(_ key: Key) {
        isDirty = true
        if case .control("c") = key {
            if prompt == nil { isOver = true }
            prompt = nil
            return
        }
        if case .control("z") = key {
            do throws(SystemError) { try terminal.suspend() } catch { isOver = true }
            return
        }
        if case .control("l") = key { return terminal.forget() }
        if let prompt { return handle(key, in: prompt) }
        message = nil
        switch key {
        case .text("?"): return views.append(TextView(help, title: "keys"))
        case .text(":"): return prompt = .command("")
        case .text("/") where view.query != nil: return prompt = .filter(view.query ?? "")
        default: break
        }
        guard let action = view.handle(key) else {
            if key == .text("q") { isOver = true }
            return
        }
        perform(action)
    }

    private func perform(_ action: MonitorAction) {
        switch action {
        case .open(let new):
            // The other log of a job takes the place of this one.
            if new is TextView, view is TextView { views.removeLast() }
            views.append(new)
            _ = new.refresh(context)
        case .back:
            if views.count > 1 { views.removeLast() }
            if views.count == 1 { watch.close() }
        case .confirm(let words):
            if options.isReadOnly {
                message = ("read only: \(commands.text(words))", false)
            } else {
                prompt = .confirm(words)
            }
        case .show(let words, let title):
            message = ("xpm \(words.joined(separator: " "))", false)
            commands.start(words, title: title)
        case .copy(let text):
            terminal.copy(text)
            message = ("copied: \(text)", false)
        case .tell(let text): message = (text, false)
        case .redraw: break
        }
    }

    private func handle(_ key: Key, in prompt: Prompt) {
        switch (prompt, key) {
        case (_, .escape): self.prompt = nil
        case (.confirm(let words), .text("y")):
            self.prompt = nil
            message = ("\(commands.text(words)) …", false)
            commands.start(words, title: nil)
        case (.confirm, _): self.prompt = nil
        case (.filter(let text), .enter):
            self.prompt = nil
            message = view.search(text).map { ($0, true) }
            _ = view.refresh(context)
        case (.command(let text), .enter):
            self.prompt = nil
            let words = ShellWords.split(text)
            guard !words.isEmpty else { return }
            if words[0] == "q" || words[0] == "quit" { return isOver = true }
            if options.isReadOnly, !WorkspaceCommand.onlyLooks(words) {
                return message = ("read only: \(commands.text(words))", true)
            }
            commands.start(words, title: words.joined(separator: " "))
        case (.filter(let text), .backspace): self.prompt = .filter(String(text.dropLast()))
        case (.command(let text), .backspace):
            self.prompt = text.isEmpty ? nil : .command(String(text.dropLast()))
        case (.filter, .control("u")): self.prompt = .filter("")
        case (.command, .control("u")): self.prompt = .command("")
        case (.filter(let text), .text(let more)): self.prompt = .filter(text + more)
        case (.command(let text), .text(let more)): self.prompt = .command(text + more)
        default: break
        }
    }

    /// A command has ended.
    private func show(_ answer: CommandRunner.Answer, _ isError: Bool) {
        isDirty = true
        if let title = answer.title, !isError || answer.text.lines.filter({ !$0.isEmpty }).count > 1 {
            message = nil
            views.append(TextView(answer.text, title: title))
        } else {
            let last = answer.text.lines.last { !$0.isEmpty }.map(String.init) ?? "done"
            message = (last, isError)
        }
    }

    private var help: String {
        let width = view.keys.map(\.key.columns).max() ?? 0
        let own = view.keys.map { hint in
            "  \(hint.key.padded(to: max(8, width)))  \(hint.text)\(hint.changes ? "  (the command is shown first)" : "")"
        }
        return """
            \(view.title)

            \(own.joined(separator: "\n"))

            everywhere
              ↑ ↓ k j   a line; PgUp PgDn Space a page; Home End g G the ends
              :         a command of xpm, such as  jobs list --filter '@state = failed'
              Ctrl-Z    the shell; fg comes back
              Ctrl-C    leave; the runs go on
            """
    }

    // MARK: Drawing

    private func draw() {
        let (rows, columns) = terminal.size
        var screen = Screen(rows: rows, columns: columns)
        if rows >= 3, columns >= 8 {
            head(&screen)
            view.draw(&screen, 1..<(rows - 1), context)
            foot(&screen, rows - 1)
        }
        terminal.show(screen)
    }

    private func head(_ screen: inout Screen) {
        let clock = Timestamp.now.format("%H:%M:%S")
        let left = " xpm  \(views.map(\.title).joined(separator: " › "))"
        screen.write(left, row: 0, column: 0, .bold, room: max(0, screen.columns - clock.columns - 2))
        screen.write(clock, row: 0, column: screen.columns - clock.columns - 1, .bold, room: clock.columns)
        screen.mark(row: 0) { $0.isReverse = true }
    }

    private func foot(_ screen: inout Screen, _ row: Int) {
        switch prompt {
        case .filter(let text)?:
            screen.write(
                "/\(text)\(context.glyph("▏", "_"))", row: row, column: 0, CellStyle(.magenta),
                room: screen.columns)
        case .command(let text)?:
            screen.write(
                ":\(text)\(context.glyph("▏", "_"))", row: row, column: 0, CellStyle(.magenta),
                room: screen.columns)
        case .confirm(let words)?:
            let keys = "   y run it · Esc leave it"
            let room = max(0, screen.columns - keys.columns)
            let column = screen.write(
                commands.text(words), row: row, column: 0, CellStyle(.yellow, bold: true),
                room: min(room, commands.text(words).columns))
            screen.write(keys, row: row, column: column, room: screen.columns - column)
        case nil:
            if let message {
                return _ = screen.write(
                    message.text, row: row, column: 0, message.isError ? CellStyle(.red) : CellStyle(.cyan),
                    room: screen.columns)
            }
            var column = 0
            for hint in view.keys where !(hint.changes && options.isReadOnly) {
                guard column + hint.key.columns + hint.text.columns + 2 < screen.columns else { break }
                column = screen.write(hint.key, row: row, column: column, .bold)
                column = screen.write(" \(hint.text)  ", row: row, column: column, .dim)
            }
        }
    }
}
