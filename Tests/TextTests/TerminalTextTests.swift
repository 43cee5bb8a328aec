import Settings
import Testing
import Text

@Suite("Text for terminals", .timeLimit(.minutes(20)))
struct TerminalTextTests {
    @Test("what a terminal takes as an order is shown, colours of our own stay on a terminal")
    func safe() {
        #expect(TerminalText.line("a\u{1b}[31mb\u{9b}2Jc\td\ne\r") == "a\\u{1B}[31mb\\u{9B}2Jc d\\ne\\r")
        #expect(
            TerminalText.safe("\u{1b}[1mbold\u{1b}[0m\n", allowsColours: true) == "\u{1b}[1mbold\u{1b}[0m\n")
        #expect(TerminalText.safe("\u{1b}[2J\u{1b}[1m", allowsColours: true) == "\\u{1B}[2J\u{1b}[1m")
        #expect(TerminalText.safe("\u{1b}[1mx") == "\\u{1B}[1mx")
        #expect(TerminalText.line("user\u{202e}txt.exe") == "user\\u{202E}txt.exe")
        #expect(TerminalText.line("é 日本 👩‍🔬") == "é 日本 👩‍🔬")
    }

    @Test("a long text is shortened at a character, with its length")
    func shortened() {
        let long = String(repeating: "é", count: 100_000)
        let short = TerminalText.line(long, most: 60)
        #expect(short.utf8.count <= 60 && short.hasSuffix("… (200000 bytes)"))
        #expect(TerminalText.line("short", most: 60) == "short")
    }

    @Test("sequences are left out where the text counts")
    func plain() {
        #expect(TerminalText.plain("\u{1b}[1;31macc\u{1b}[0m: \u{1b}]0;title\u{7}0.9") == "acc: 0.9")
        #expect(TerminalText.plain("plain") == "plain")
    }

    @Test("random scalars never leave an order in a line", arguments: 0..<20)
    func random(seed: UInt64) throws {
        var generator = SplitMix(seed: seed)
        var text = String.UnicodeScalarView()
        for _ in 0..<400 {
            let range: [ClosedRange<UInt32>] = [
                0...0x20, 0x7f...0xa0, 0x2020...0x2070, 0x41...0x7a, 0x1f600...0x1f64f,
            ]
            let chosen = range[Int(generator.next() % 5)]
            let value = chosen.lowerBound + UInt32(generator.next() % UInt64(chosen.count))
            if let scalar = Unicode.Scalar(value) { text.append(scalar) }
        }
        let line = TerminalText.line(String(text), most: 10_000)
        #expect(
            !line.unicodeScalars.contains {
                $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) || (0x202a...0x202e).contains($0.value)
            })
        // What is printed as JSON is read back, and needs no escapes for a terminal.
        let json = JSON.string(String(text)).text
        let read = try JSON.parse(Array(json.utf8))
        #expect(read == .string(String(text)))
        #expect(TerminalText.safe(json) == json)
    }

    @Test("JSON has no bare infinity, and reads its own")
    func infinities() throws {
        let values = JSON.array([
            .float(.infinity), .float(-.infinity), .float(.nan), .int(Int64.max), .int(Int64.min),
        ])
        #expect(values.text == #"[1e999, -1e999, "NaN", 9223372036854775807, -9223372036854775808]"#)
        let read = try JSON.parse(Array(values.text.utf8))
        #expect(read.array?[0] == .float(.infinity) && read.array?[1] == .float(-.infinity))
        #expect(read.array?[2].measured?.isNaN == true && read.array?[3] == .int(Int64.max))
    }

    @Test(
        "of a line that was overwritten, its last state",
        arguments: [
            ("", ""), ("a", "a"), ("a\rb", "b"), ("10 %\r20 %\rdone", "done"), ("a\r", "a"),
            ("a\rb\r\r", "b"),
            ("\r", ""), ("\ra", "a"),
        ])
    func overwritten(line: String, shown: String) {
        #expect(String(decoding: TerminalText.overwritten(Array(line.utf8)[...]), as: UTF8.self) == shown)
    }
}
