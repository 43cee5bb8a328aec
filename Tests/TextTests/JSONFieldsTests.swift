import Testing
import Text

@Suite("Fields of JSON", .timeLimit(.minutes(20)))
struct JSONFieldsTests {
    private func members(_ text: String) -> [(String, String)] {
        var fields = JSONFields(Array(text.utf8)[...])
        var found: [(String, String)] = []
        while let (name, value) = fields.next() {
            found.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return found
    }

    @Test("members as they are written, nested ones whole")
    func whole() {
        let found = members(#" { "a" : 1 , "b":"x, \"}" ,"c": {"d": [1, "]"]}, "e":[ ], "f":true,"g":null }"#)
        #expect(found.map(\.0) == ["a", "b", "c", "e", "f", "g"])
        #expect(found.map(\.1) == ["1", #""x, \"}""#, #"{"d": [1, "]"]}"#, "[ ]", "true", "null"])
    }

    @Test("what is no object has none, and what is broken ends")
    func broken() {
        for text in [
            "", "1", "[1]", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\": \"x", "{\"a\": {", "{a: 1}",
            "{\"a\\",
        ] {
            #expect(members(text).isEmpty, "\(text)")
        }
    }

    @Test("the same as the whole reader finds, for objects that it takes; others do not crash it")
    func random() {
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "a", "1", " ", "\"k\": ", "\"x\"", "null", "-2.5e3",
        ]
        for _ in 0..<20_000 {
            let body = (0..<Int.random(in: 0...12)).map { _ in pieces.randomElement() ?? "" }.joined()
            let text = Bool.random() ? "{\(body)}" : body
            let found = members(text)
            guard case .object(let known)? = try? JSON.parse(Array(text.utf8)) else { continue }
            #expect(found.count == known.count, "\(text)")
            for (one, other) in zip(found, known) {
                #expect((try? JSON.parse(Array(one.1.utf8)).text) == other.value.text, "\(text)")
            }
        }
    }

    @Test("texts and numbers; words of a shell")
    func values() {
        func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }
        #expect(JSONFields.text(bytes(#""a\u0062""#)) == "ab" && JSONFields.text(bytes("1")) == nil)
        #expect(JSONFields.number(bytes("-2.5")) == -2.5 && JSONFields.number(bytes("\"1\"")) == nil)
        #expect(JSONFields.isName(bytes("id"), "id") && !JSONFields.isName(bytes("ids"), "id"))
        #expect(
            ShellWords.split(#"  jobs list  --filter '@state = "x"' a\ b "c \"d\"" '' "#) == [
                "jobs", "list", "--filter", "@state = \"x\"", "a b", "c \"d\"", "",
            ])
        for _ in 0..<500 {
            let words = (0..<3).map { _ in
                String(
                    decoding: (0..<Int.random(in: 0...6)).map { _ in "a '\"\\\n$é".utf8.randomElement() ?? 0 }
                        .filter { $0 < 128 }, as: UTF8.self)
            }
            #expect(ShellWords.split(words.map(ShellWords.quote).joined(separator: " ")) == words)
        }
    }

    @Test("a number is what JSON's reader takes for one, and nothing else")
    func numbers() throws {
        for text in [
            "1", "-1", "0", "12345678901234567", "1.5", "-2.5e-3", "1e999", "NaN", "Infinity", "-Infinity",
            "\"NaN\"",
            "-inf", "-nan", "0x10", "1_000", "-", "\"1\"", "true", "null", "[1]", "1e", "--1", "+1", "1.2.3",
            "",
        ] {
            let read = try? JSON.parse(Array(text.utf8)).measured
            let found = JSONFields.measured(Array(text.utf8)[...])
            #expect(read == found || read?.isNaN == true && found?.isNaN == true, "\(text)")
        }
    }
}
