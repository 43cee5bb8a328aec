import Testing
import Text

@testable import Terminal

/// A terminal that understands what `Screen.difference` sends.
private struct PlainTerminal {
    var rows: [[String]]
    private var (row, column) = (0, 0)

    init(rows: Int, columns: Int) {
        self.rows = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    mutating func take(_ bytes: [UInt8]) {
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        while let first = rest.first {
            guard first == "\u{1b}" else {
                rest = rest.dropFirst()
                rows[row][column] = String(first)
                if String(first).columns == 2 { rows[row][column + 1] = "" }
                column += max(1, String(first).columns)
                continue
            }
            let body = rest.dropFirst(2)
            let parameters = body.prefix { $0.isNumber || $0 == ";" || $0 == "?" }
            let last = body.dropFirst(parameters.count).first ?? "m"
            rest = body.dropFirst(parameters.count + 1)
            let numbers = parameters.split(separator: ";").compactMap { Int($0) }
            switch last {
            case "H": (row, column) = (numbers[0] - 1, numbers[1] - 1)
            case "K": for place in column..<rows[row].count { rows[row][place] = " " }
            case "J": rows = rows.map { $0.map { _ in " " } }
            default: break
            }
        }
    }

    var text: [String] { rows.map { $0.joined().trimmedRight } }
}

@Suite("Screens", .timeLimit(.minutes(20)))
struct ScreenTests {
    private func text(_ screen: Screen) -> [String] { (0..<screen.rows).map { screen.text(row: $0) } }

    @Test("only what differs is sent, and the terminal shows the screen then, whatever it showed before")
    func difference() {
        var random = SystemRandomNumberGenerator()
        let words = [
            "epoch 12", "日本語", "é", "x", "", "100 %", "▶ running", "a long text that does not fit at all",
        ]
        let styles = [CellStyle.plain, .bold, .dim, CellStyle(.red), CellStyle(.green, reverse: true)]
        var terminal = PlainTerminal(rows: 6, columns: 30)
        var shown: Screen?
        for _ in 0..<500 {
            var next = Screen(rows: 6, columns: 30)
            for row in 0..<6 {
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    next.write(
                        words.randomElement() ?? "", row: row, column: Int.random(in: 0..<32, using: &random),
                        styles.randomElement() ?? .plain)
                }
            }
            terminal.take(next.difference(from: shown))
            #expect(terminal.text == text(next))
            shown = next
        }
        guard var next = shown else { return }
        #expect(next.difference(from: shown).isEmpty)
        next.write("!", row: 3, column: 7)
        let sent = next.difference(from: shown)
        #expect(sent.count < 40, "\(sent.count)")
    }

    @Test("a text that would move the cursor is shown as it is; wide characters and marks keep their columns")
    func texts() {
        var screen = Screen(rows: 3, columns: 20)
        screen.write("a\u{1b}[2Jb", row: 0, column: 0)
        #expect(screen.text(row: 0) == #"a\u{1B}[2Jb"#)
        #expect(screen.write("日本語", row: 1, column: 17) == 19)
        #expect(screen.text(row: 1).hasSuffix("日"))
        screen.write("n\u{303}o", row: 2, column: 0)
        #expect(screen.text(row: 2) == "n\u{303}o")
        // Half of a wide character is none.
        screen.write("x", row: 1, column: 18)
        #expect(screen.text(row: 1).trimmed == "x")
        screen.write("a name that is long", row: 2, column: 0, room: 8)
        #expect(screen.text(row: 2) == "a name …")
        for (rows, columns) in [(0, 0), (1, 1), (2, 1)] {
            var tiny = Screen(rows: rows, columns: columns)
            tiny.write("日本語 text", row: 0, column: 0)
            tiny.write("x", row: 5, column: 9)
            tiny.mark(row: 0) { $0.isReverse = true }
            _ = tiny.difference(from: screen)
        }
    }

    @Test("without colours there are none; attributes stay")
    func colours() {
        var screen = Screen(rows: 1, columns: 10)
        screen.write("red", row: 0, column: 0, CellStyle(.red, bold: true))
        #expect(String(decoding: screen.difference(from: nil), as: UTF8.self).contains("\u{1b}[0;1;31m"))
        let plain = String(decoding: screen.difference(from: nil, isColoured: false), as: UTF8.self)
        #expect(plain.contains("\u{1b}[0;1m") && !plain.contains("31"))
    }
}

@Suite("Keys", .timeLimit(.minutes(20)))
struct KeyTests {
    private func keys(_ text: String, isEnd: Bool = true) -> [Key] {
        var reader = KeyReader()
        return reader.read(Array(text.utf8), isEnd: isEnd)
    }

    @Test(
        "keys by what terminals send",
        arguments: [
            ("a日", [Key.text("a"), .text("日")]), ("\r\t\u{7f}", [.enter, .tab, .backspace]),
            ("\u{1b}[A\u{1b}[B\u{1b}OC\u{1b}[D", [.up, .down, .right, .left]),
            ("\u{1b}[5~\u{1b}[6~\u{1b}[H\u{1b}[4~\u{1b}[3~", [.pageUp, .pageDown, .home, .end, .delete]),
            ("\u{1b}[1;5A", [.up]), ("\u{1b}", [.escape]), ("\u{1b}x", [.escape, .text("x")]),
            ("\u{3}\u{1a}", [.control("c"), .control("z")]), ("\u{1b}[Z", [.backTab]),
            ("\u{1b}[200~", []), ("\0\u{1f}", []),
        ])
    func known(_ text: String, _ expected: [Key]) {
        #expect(keys(text) == expected)
        // However they come.
        var reader = KeyReader()
        var found: [Key] = []
        for byte in text.utf8 { found += reader.read([byte]) }
        #expect(found + reader.read([], isEnd: true) == expected)
    }

    @Test("whatever comes, nothing is held for ever, and nothing crashes")
    func strange() {
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...40)).map { _ in
                Bool.random() ? UInt8.random(in: 0...255) : [0x1b, 0x5b, 0x4f, 0x7e].randomElement() ?? 0
            }
            var reader = KeyReader()
            _ = reader.read(bytes)
            _ = reader.read([], isEnd: true)
            #expect(!reader.isWaiting, "\(bytes)")
        }
    }
}
