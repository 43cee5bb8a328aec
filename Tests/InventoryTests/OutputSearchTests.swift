import TestSupport
import Testing
import Text

@testable import Inventory
@testable import Store
@testable import System

@Suite("Results in the output of programs", .timeLimit(.minutes(20)))
struct OutputSearchTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func find(_ patterns: [String], in text: String) throws -> [String?] {
        try folder.write(text, to: "log")
        var search = OutputSearch(
            try patterns.enumerated().map { try JobLog.Pattern(name: "p\($0.offset)", $0.element) })
        #expect(try search.search("\(folder.path)/log", isInterrupted: { false }, warn: { _ in }))
        let found = TextMap(texts: search.found.map { ($0.name, $0.text) })
        return patterns.indices.map { found["p\($0)"] }
    }

    @Test("the last match counts, wherever blocks and lines end")
    func last() throws {
        let filler = String(repeating: "nothing to see here\n", count: 120_000)
        let text = "acc: 0.1\n" + filler + "acc: 0.2 acc: 0.3\rloss 7\n" + filler + "other"
        #expect(
            try find(["acc: ([%d.]+)", "loss (%d)", "^(%a+)$", "none (%d)", "(%d%.%d)"], in: text)
                == ["0.3", "7", "other", nil, "0.3"])
        // Cut at every place near a border.
        for shift in 0..<40 {
            let line = String(repeating: "x", count: shift) + " acc: 0.5\n"
            let around = String(repeating: "y", count: (1 << 20) - 20)
            #expect(try find(["acc: ([%d.]+)"], in: line + around + "\n") == ["0.5"], "\(shift)")
        }
    }

    @Test(
        "lines are found by what every match has in it",
        arguments: [
            ("acc: ([%d.]+)", "acc: "), ("a+bc", "bc"), ("x?y", "y"), ("%.%.%.", "..."), ("^done$", "done"),
            ("[ab]c%d", "c"),
            ("(%d+)", ""), ("a%bxyb", "a"), ("(abc)%1d", "abc"), ("a.b", "a"), ("$", ""), ("ab$c", "ab$c"),
        ])
    func required(_ pattern: String, _ text: String) throws {
        let required = String(decoding: try LuaPattern(pattern).required, as: UTF8.self)
        #expect(required == text)
    }

    @Test("a search can be interrupted, and takes no line for ever")
    func interrupted() throws {
        try folder.write(String(repeating: "a", count: 3_000_000), to: "log")
        var search = OutputSearch([try JobLog.Pattern(name: "slow", "a*a*a*a*a*b")])
        var warnings: [String] = []
        #expect(
            try search.search("\(folder.path)/log", isInterrupted: { false }, warn: { warnings.append($0) }))
        #expect(search.found.isEmpty)
        var other = OutputSearch([try JobLog.Pattern(name: "p", "b")])
        #expect(try !other.search("\(folder.path)/log", isInterrupted: { true }, warn: { _ in }))
    }

    @Test(
        "the last lines of a log",
        arguments: ["", "a", "a\n", "a\nb", "a\nb\n", "\n\n\n", "a\n\nb\n", "long"])
    func tail(_ content: String) throws {
        let text =
            content == "long"
            ? String(repeating: String(repeating: "z", count: 999) + "\n", count: 300) : content
        try folder.write(text, to: "log")
        for lines in [0, 1, 2, 3, 100, 1000] {
            var file = try LogFile("\(folder.path)/log")
            try file.skip(to: lines)
            var bytes: [UInt8] = []
            while case let piece = try file.read(), !piece.isEmpty { bytes += piece }
            let tool = try #require(ChildProcess.output(["tail", "-n", String(lines), "\(folder.path)/log"]))
            #expect(String(decoding: bytes, as: UTF8.self) == tool.text, "\(lines) of \(content)")
        }
    }
}
