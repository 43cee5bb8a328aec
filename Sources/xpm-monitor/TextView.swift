import Inventory
import Store
import System
import Terminal
import Text

/// Text that can be scrolled and searched: what a command has said, or a log that grows.
final class TextView: MonitorView {
    let title: String
    private var lines: [String]
    private var top = 0
    private var left = 0
    private var page = 1
    /// Whether the end stays on the screen while more comes.
    private var follows: Bool
    private var search = ""
    private var log: GrowingLog?
    private let other: (() -> TextView)?

    /// - Parameter text: of any number of lines.
    init(_ text: String, title: String) {
        self.title = title
        lines = TerminalText.plain(text).lines.map(String.init)
        follows = false
        other = nil
    }

    /// The log of a job; its errors by Tab.
    init(log folder: JobFolder, title: String, isErrors: Bool = false) {
        self.title = isErrors ? "\(title) (stderr)" : title
        lines = []
        follows = true
        log = GrowingLog(isErrors ? folder.error : folder.output)
        other = { TextView(log: folder, title: title, isErrors: !isErrors) }
    }

    var query: String? { search }

    var keys: [KeyHint] {
        (other == nil ? [] : [KeyHint("Tab", "stdout, stderr"), KeyHint("F", follows ? "stay" : "follow")])
            + [KeyHint("/", "search"), KeyHint("n", "next"), KeyHint("N", "former"), KeyHint("Esc", "back")]
    }

    func refresh(_ context: DrawContext) -> Bool {
        guard let new = log?.read(), new else { return false }
        lines = log?.lines ?? []
        return true
    }

    func search(_ text: String) -> String? {
        search = text
        guard !text.isEmpty else { return nil }
        return find(from: top, by: 1) ? nil : "'\(text)' is not there"
    }

    private func find(from start: Int, by step: Int) -> Bool {
        guard !lines.isEmpty, !search.isEmpty else { return false }
        for distance in 0..<lines.count {
            let line = ((start + step * distance) % lines.count + lines.count) % lines.count
            if lines[line].contains(search) {
                (top, follows) = (line, false)
                return true
            }
        }
        return false
    }

    func handle(_ key: Key) -> MonitorAction? {
        let last = max(0, lines.count - page)
        switch key {
        case .escape, .backspace, .text("q"): return .back
        case .up, .text("k"): (top, follows) = (min(last, top) - 1, false)
        case .down, .text("j"): top += 1
        case .pageUp, .control("b"): (top, follows) = (min(last, top) - max(1, page - 1), false)
        case .pageDown, .control("f"), .text(" "): top += max(1, page - 1)
        case .home, .text("g"): (top, follows) = (0, false)
        case .end, .text("G"): (top, follows) = (last, log != nil)
        case .left: left = max(0, left - 20)
        case .right: left += 20
        case .tab, .backTab:
            guard let other else { return nil }
            return .open(other())
        case .text("F"): if log != nil { follows.toggle() }
        case .text("n"): return find(from: top + 1, by: 1) ? .redraw : .tell("'\(search)' is not there")
        case .text("N"): return find(from: top - 1, by: -1) ? .redraw : .tell("'\(search)' is not there")
        case .text("y"): return lines.indices.contains(top) ? .copy(lines[top]) : nil
        default: return nil
        }
        top = max(0, min(top, last))
        return .redraw
    }

    func draw(_ screen: inout Screen, _ area: Range<Int>, _ context: DrawContext) {
        page = max(1, area.count)
        let last = max(0, lines.count - page)
        top = follows ? last : max(0, min(top, last))
        if lines.isEmpty {
            screen.write(log?.problem ?? "nothing here yet", row: area.lowerBound, column: 1, .dim)
        }
        for row in area {
            let index = top + row - area.lowerBound
            guard lines.indices.contains(index) else { break }
            let line = lines[index]
            let shown = left == 0 ? line : String(line.dropFirst(left))
            let isFound = !search.isEmpty && line.contains(search)
            screen.write(
                shown, row: row, column: 0, isFound ? CellStyle(.yellow, bold: true) : .plain,
                room: screen.columns)
        }
    }
}

/// The last lines of a file that others write.
private final class GrowingLog {
    private let path: String
    private var file: Reader?
    private(set) var lines: [String] = []
    /// The line that has no end yet.
    private var rest: [UInt8] = []
    private(set) var problem: String?

    /// So many are read of what is there, and kept.
    private static let (first, most) = (2000, 20_000)
    private static let longestLine = 1 << 16

    /// A `LogFile` in a place of its own.
    private final class Reader {
        var log: LogFile
        init(_ log: consuming LogFile) { self.log = log }
    }

    init(_ path: String) { self.path = path }

    /// - Returns: whether there is something new.
    func read() -> Bool {
        do throws(SystemError) {
            if let file, !file.log.isCurrent {
                // Another attempt has begun.
                (self.file, lines, rest) = (nil, [], [])
            }
            if file == nil {
                var log = try LogFile(path)
                try log.skip(to: Self.first)
                file = Reader(log)
            }
            guard let file else { return false }
            var isNew = false
            // A round takes a while at most.
            for _ in 0..<64 {
                let bytes = try file.log.read()
                if bytes.isEmpty { break }
                isNew = true
                add(bytes)
            }
            problem = nil
            return isNew
        } catch {
            let text = error.isMissing ? "it has printed nothing" : error.text
            defer { problem = text }
            return problem != text
        }
    }

    private func add(_ bytes: [UInt8]) {
        if !rest.isEmpty, !lines.isEmpty { lines.removeLast() }
        var parts = (rest + bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        rest = parts.popLast().map { Array($0.suffix(Self.longestLine)) } ?? []
        lines += parts.map(Self.shown)
        if !rest.isEmpty { lines.append(Self.shown(rest[...])) }
        if lines.count > Self.most { lines.removeFirst(lines.count - Self.most) }
    }

    private static func shown(_ line: ArraySlice<UInt8>) -> String {
        let line = TerminalText.overwritten(line).prefix(longestLine)
        return String(decoding: TerminalText.plain(line), as: UTF8.self)
    }
}
