import Settings
import Testing
import Text

@Suite("JSON", .timeLimit(.minutes(20)))
struct JSONTests {
    @Test(
        "what is written is read back",
        arguments: [
            #"{"a": 1, "b": 1.0, "c": [true, false, null], "d": "\u0001\"\\\n é 🚀", "e": {}, "f": []}"#,
            "-9223372036854775808", "1e+308", "[Infinity, -Infinity]", #""\ud83d\ude80""#,
        ])
    func roundTrip(_ text: String) throws {
        let value = try JSON.parse(Array(text.utf8))
        #expect(try JSON.parse(value.bytes) == value)
        #expect(try JSON.parse(value.prettyBytes) == value)
    }

    @Test("ints and floats stay apart")
    func numbers() throws {
        #expect(try JSON.parse(Array("1".utf8)) == .int(1))
        #expect(try JSON.parse(Array("1.0".utf8)) == .float(1))
        #expect(JSON.float(1).text == "1.0")
    }

    @Test(
        "what is not JSON is refused at its place",
        arguments: [
            ("", 0), ("{", 1), ("[1,]", 3), ("{\"a\" 1}", 5), ("tru", 0), ("1 2", 2), ("\"a", 2),
            ("\"\\x\"", 3), ("01x", 2),
        ])
    func bad(_ text: String, _ offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(Array(text.utf8)) }
        #expect(error?.offset == offset)
    }

    @Test("deep nesting is an error, not a crash")
    func deep() {
        #expect(throws: JSONError.self) {
            try JSON.parse(Array(repeating: UInt8(ascii: "["), count: 1_000_000))
        }
    }

    @Test("every cut of a document is refused, and random bytes never crash")
    func fuzz() {
        let text = Array(#"{"objects": [{"id": 1, "fields": {"x": -1.5e3, "s": "\u00e9"}}], "t": true}"#.utf8)
        for end in 0..<text.count {
            #expect(throws: JSONError.self) { try JSON.parse(Array(text[..<end])) }
        }
        var generator = SplitMix(seed: 1)
        for _ in 0..<20_000 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            _ = try? JSON.parse(bytes)
        }
    }
}
