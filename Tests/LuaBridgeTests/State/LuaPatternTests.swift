import Settings
import Testing
import Text

@testable import LuaBridge

/// Our patterns against Lua's own.
@Suite("Lua patterns", .timeLimit(.minutes(20)))
struct LuaPatternTests {
    private let lua = LuaState()

    /// What `string.match` gives, or nil; `.some(nil)` where it refuses the pattern.
    private func expected(_ pattern: String, _ text: String) -> (isPattern: Bool, match: String?) {
        let stack = lua.stack
        defer { stack.pop() }
        do {
            try stack.load(
                Array(
                    "local p, t = ... local ok, m = pcall(string.match, t, p) if ok then return m or false end"
                        .utf8),
                name: "=match")
            stack.push(pattern)
            stack.push(text)
            try stack.call(arguments: 2, results: 1)
        } catch { return (false, nil) }
        if stack.isAbsent(-1) { return (false, nil) }
        return (true, stack.string(-1))
    }

    private func own(_ pattern: String, _ text: String) -> String? {
        (try? LuaPattern(pattern))?.firstCapture(in: Array(text.utf8)[...]).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    @Test(
        "patterns of every kind",
        arguments: [
            ("acc: ([%d.]+)", "epoch 3, acc: 0.975 (best)"), ("^%s*(%a+)", "  word 1"), ("%d+$", "a1b22"),
            ("(%w+)=(%w+)", "k=v"),
            ("%b()", "f(a(b)c)d"), ("%f[%w]%w+", "  hi there"), ("[^,]*", "a,b"), ("a-b", "aaab"),
            ("[]]", "x]"), ("[^]]+", "ab]c"),
            ("%%", "50%"), ("loss=(-?[%d.]+e?[-+]?%d*)", "loss=-1.5e-03"), ("(.-)%s*$", "text   "),
            ("x?y", "y"), ("[a-c%d]+", "zzab1c9"),
            ("(a)(b)%2%1", "abba"), ("%.", "1.2"), ("^$", ""), ("", "abc"), (".", ""),
            ("[%a_][%w_]*", "9name_1"), ("[a-]", "-"),
        ])
    func kinds(_ pattern: String, _ text: String) throws {
        _ = try LuaPattern(pattern)
        #expect(own(pattern, text) == expected(pattern, text).match)
    }

    @Test("random patterns match what Lua's match, and what Lua refuses is refused")
    func random() {
        var random = SplitMix(seed: 11)
        let pieces = [
            "a", "b", ".", "%d", "%a", "[ab]", "[^a]", "[a-c]", "%w", "(", ")", "*", "+", "-", "?", "^", "$",
            "%1", "%b()", "%f[a]", "[", "%",
        ]
        let letters = Array("ab1c ()")
        var matched = 0
        for _ in 0..<8_000 {
            let pattern = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let text = String(
                (0..<Int.random(in: 0...8, using: &random)).compactMap { _ in
                    letters.randomElement(using: &random)
                })
            // Position captures give numbers, which ours do not.
            if pattern.contains("()") && !pattern.contains("%b()")
                || pattern.replacing("%b()", with: "").contains("()")
            {
                continue
            }
            let lua = expected(pattern, text)
            guard let ours = try? LuaPattern(pattern) else { continue }
            // Lua finds some faults only where a match comes by.
            guard lua.isPattern else {
                Issue.record("Lua refuses '\(pattern)'")
                continue
            }
            let match = ours.firstCapture(in: Array(text.utf8)[...]).map {
                String(decoding: $0, as: UTF8.self)
            }
            #expect(match == lua.match, "'\(pattern)' on '\(text)'")
            if match != nil { matched += 1 }
        }
        #expect(matched > 800, "\(matched)")
    }

    @Test(
        "what is no pattern",
        arguments: [
            ("(a", "')' is missing"), ("a)", "')' without '('"), ("[a", "']' is missing"),
            ("a%", "it ends with '%'"),
            ("%b(", "%b needs two characters"), ("%fa", "'[' is missing after %f"),
            ("%1", "there is no capture %1"),
        ])
    func malformed(_ pattern: String, _ message: String) {
        #expect(throws: LuaPattern.Malformed(text: message)) { try LuaPattern(pattern) }
    }

    @Test("a hostile pattern ends")
    func hostile() throws {
        let pattern = try LuaPattern(String(repeating: "a*", count: 30) + "b")
        #expect(pattern.firstCapture(in: [UInt8](repeating: UInt8(ascii: "a"), count: 60)[...]) == nil)
    }
}
