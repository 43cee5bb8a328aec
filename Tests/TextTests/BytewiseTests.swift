import Testing
import Text

/// é as one scalar, and as e with a combining accent: canonically equivalent, and other bytes.
private let composed = "caf\u{e9}"
private let decomposed = "cafe\u{301}"

@Suite("Text is bytes", .timeLimit(.minutes(20)))
struct BytewiseTests {
    /// Outside of the testing macros, which call functions in other ways.
    private static func comparisons() -> [(what: String, isRight: Bool)] {
        let (a, b) = (composed, decomposed)
        let (optional, other): (String?, String?) = (a, b)
        let part: Substring? = a[...]
        var found: [(String, Bool)] = [
            ("==", !(a == b) && a == composed), ("!=", a != b && !(a != composed)),
            ("parts ==", !(a[...] == b[...]) && a[...] == composed[...]), ("parts !=", a[...] != b[...]),
            ("text and part", a[...] != b && !(a == b[...]) && a == composed[...]),
            ("optional ==", !(optional == other) && !(optional == b) && optional == a && optional != nil),
            ("optional !=", optional != other && optional != b && !(optional != a)),
            ("optional part", part != b[...] && part == a[...]),
            ("arrays", [a] != [b] && [a] == [composed] && !([a] == [b]) && [a[...]] != [b[...]]),
            ("contains", ![a].contains(b) && [a, b].contains(b) && ![a[...]].contains(b[...])),
            ("contains part", ![a].contains(b[...]) && [a].contains(a[...])),
            ("contains in others", !ArraySlice([a]).contains(b) && ![a].lazy.map { $0 }.contains(b)),
            ("firstIndex", [b, a].firstIndex(of: a) == 1 && [a, b, b].lastIndex(of: a) == 0),
            ("sorted", [a, b].sorted() == [b, a] && Set([a]).union([a]).sorted() == [a]),
            ("less", b < a && a > b && b <= a && a >= b && !(a < b) && "Z" < "a"),
        ]
        switch a {
        case "cafe\u{301}": found.append(("switch", false))
        case "caf\u{e9}": found.append(("switch", true))
        default: found.append(("switch", false))
        }
        switch optional {
        case "cafe\u{301}": found.append(("optional switch", false))
        default: found.append(("optional switch", true))
        }
        if case b = a { found.append(("if case", false)) }
        return found
    }

    @Test("canonically equivalent texts are two texts, whatever compares them")
    func comparing() {
        for (what, isRight) in Self.comparisons() { #expect(isRight, "\(what)") }
        let keys: TextSet = [TextKey(composed), TextKey(decomposed)]
        #expect(keys.count == 2 && keys.contains(composed))
        var map: TextMap<Int> = [:]
        map[composed] = 1
        map[decomposed] = 2
        #expect(map[composed] == 1 && map[decomposed] == 2)
    }

    /// What is found of texts that begin with a sign before a mark.
    private static func searches(_ mark: String) -> [(what: String, isRight: Bool)] {
        let (quoted, path) = ("a'\(mark)b", "/\(mark)x/")
        return [
            ("contains", quoted.contains("'") && quoted[...].contains("'") && !"ab".contains("'")),
            ("hasPrefix", path.hasPrefix("/") && path[...].hasPrefix("/") && !path.hasPrefix("//")),
            (
                "hasSuffix",
                "x\(mark)".hasSuffix(mark) && "x\(mark)"[...].hasSuffix(mark) && !path.hasSuffix(mark)
            ),
            ("split", "a/\(mark)b".split(separator: "/") == ["a"[...], "\(mark)b"[...]]),
            ("cut", "a=\(mark)b".cut(at: "=")?.after == "\(mark)b"[...]),
            ("after", "..\(mark)/x".after("..") == "\(mark)/x"[...]),
            ("replacing", quoted.replacing("'", with: "\"") == "a\"\(mark)b"),
            ("firstIndex", quoted.firstIndex(of: "'").map { quoted[$0...] == "'\(mark)b"[...] } == true),
            ("lastIndex", path.lastIndex(of: "/").map { path[$0...] == "/"[...] } == true),
        ]
    }

    @Test(
        "a sign is found where its bytes are, also before a combining mark, a joiner or a variation selector")
    func searching() {
        for mark in ["\u{301}", "\u{200d}", "\u{fe0f}", "\u{338}"] {
            for (what, isRight) in Self.searches(mark) { #expect(isRight, "\(what)") }
        }
        #expect("a\r\nb\nc".lines == ["a"[...], "b"[...], "c"[...]])
        #expect("a,,b,".split(separator: ",") == ["a"[...], "b"[...]])
        #expect(
            "a,,b,".split(separator: ",", omittingEmptySubsequences: false)
                == ["a"[...], ""[...], "b"[...], ""[...]])
        #expect("a,b,c".split(separator: ",", maxSplits: 1) == ["a"[...], "b,c"[...]])
        #expect("x".firstRange(of: "xy") == nil && "".split(separator: "/").isEmpty)
        #expect("aXbX".before("X") == "aXb"[...] && "aXb".before("X") == nil)
    }

    @Test("patterns of names go by scalars: a mark is not a part of the letter before it")
    func globs() {
        #expect(Glob.matches("a\u{301}", pattern: "a?") && !Glob.matches("a\u{301}", pattern: "a"))
        #expect(!Glob.matches(composed, pattern: decomposed) && Glob.matches(composed, pattern: "*\u{e9}"))
    }
}
