import Settings
import Testing
import Text
import YAMLFile

/// Cases after the examples of the YAML specification 1.2.2 (https://yaml.org/spec/1.2.2), whose numbers
/// stand beside them, as far as a configuration may have them.
@Suite("YAML by its specification", .timeLimit(.minutes(20)))
struct SpecificationTests {
    private static func parse(_ text: String) throws -> Setting {
        try YAMLFile.parse(text) { .file("/f.yaml", line: $0, column: $1) }
    }

    private static let valid: [(String, String, String)] = [
        ("2.1 sequence of scalars", "- Mark McGwire\n- Sammy Sosa\n", #"["Mark McGwire", "Sammy Sosa"]"#),
        ("2.2 scalars to scalars", "hr:  65    # Home runs\navg: 0.278\n", #"{"hr": 65, "avg": 0.278}"#),
        (
            "2.3 scalars to sequences", "american:\n  - Boston\n  - Detroit\n",
            #"{"american": ["Boston", "Detroit"]}"#
        ),
        (
            "2.4 sequence of mappings", "-\n  name: Mark\n  hr:   65\n-\n  name: Sammy\n  hr:   63\n",
            #"[{"name": "Mark", "hr": 65}, {"name": "Sammy", "hr": 63}]"#
        ),
        ("2.5 sequence of sequences", "- [name, hr]\n- [Mark, 65]\n", #"[["name", "hr"], ["Mark", 65]]"#),
        (
            "2.6 mapping of mappings",
            "Mark: {hr: 65, avg: 0.278}\nSammy: {\n    hr: 63,\n    avg: 0.288,\n  }\n",
            #"{"Mark": {"hr": 65, "avg": 0.278}, "Sammy": {"hr": 63, "avg": 0.288}}"#
        ),
        (
            "2.10 anchors", "hr:\n  - &SS Sammy Sosa\nrbi:\n  - *SS\n",
            #"{"hr": ["Sammy Sosa"], "rbi": ["Sammy Sosa"]}"#
        ),
        (
            "2.12 compact nested mapping",
            "- item    : Hoop\n  quantity: 1\n- item    : Ball\n  quantity: 4\n",
            #"[{"item": "Hoop", "quantity": 1}, {"item": "Ball", "quantity": 4}]"#
        ),
        ("2.13 literal", "--- |\n  \\//||\\/||\n  // ||  ||__\n", #""\\//||\\/||\n// ||  ||__\n""#),
        ("2.14 folded", "--- >\n  Mark's\n  year\n  was crippled\n", #""Mark's year was crippled\n""#),
        (
            "2.15 folded with more indented",
            ">\n Sammy completed\n season.\n\n   63 Home Runs\n   0.288 Average\n\n What a year!\n",
            #""Sammy completed season.\n\n  63 Home Runs\n  0.288 Average\n\nWhat a year!\n""#
        ),
        (
            "2.16 indentation determines scope",
            "name: Mark\naccomplishment: >\n  Mark set\n  a record.\nstats: |\n  65 Home Runs\n",
            #"{"name": "Mark", "accomplishment": "Mark set a record.\n", "stats": "65 Home Runs\n"}"#
        ),
        (
            "2.17 quoted",
            #"unicode: "Sosa did fine.\u263A""# + "\n" + #"control: "\b1998\t1999\t2000\n""# + "\n"
                + #"single: '"Howdy!" he cried.'"# + "\n" + "quoted: ' # Not a ''comment''.'\n",
            "{\"unicode\": \"Sosa did fine.☺\", \"control\": \"\\u00081998\\t1999\\t2000\\n\", "
                + #""single": "\"Howdy!\" he cried.", "quoted": " # Not a 'comment'."}"#
        ),
        (
            "2.18 multi-line flow scalars",
            "plain:\n  This unquoted scalar\n  spans many lines.\nquoted: \"So does this\n  quoted scalar.\\n\"\n",
            #"{"plain": "This unquoted scalar spans many lines.", "quoted": "So does this quoted scalar.\n"}"#
        ),
        (
            "2.19 integers", "canonical: 12345\ndecimal: +12345\noctal: 0o14\nhexadecimal: 0xC\n",
            #"{"canonical": 12345, "decimal": 12345, "octal": 12, "hexadecimal": 12}"#
        ),
        (
            "2.20 floating point", "canonical: 1.23015e+3\nexponential: 12.3015e+02\nfixed: 1230.15\n",
            #"{"canonical": 1230.15, "exponential": 1230.15, "fixed": 1230.15}"#
        ),
        (
            "2.21 miscellaneous", "null:\nbooleans: [ true, false ]\nstring: '012345'\n",
            #"{"null": null, "booleans": [true, false], "string": "012345"}"#
        ),
        ("2.22 timestamps are texts", "date: 2002-12-14\n", #"{"date": "2002-12-14"}"#),
        (
            "5.3 block structure", "sequence:\n- one\n- two\nmapping:\n  ? sky\n  : blue\n  sea : green\n",
            #"{"sequence": ["one", "two"], "mapping": {"sky": "blue", "sea": "green"}}"#
        ),
        ("5.5 comment only", "# Comment only.\n", "{}"),
        (
            "5.7 block scalars", "literal: |\n  some\n  text\nfolded: >\n  some\n  text\n",
            #"{"literal": "some\ntext\n", "folded": "some text\n"}"#
        ),
        (
            "5.8 quoted scalars", "single: 'text'\ndouble: \"text\"\n",
            #"{"single": "text", "double": "text"}"#
        ),
        (
            "5.13 escapes", #""Fun with \\ \" \0 \a \e \x41 \u0041 \U00000041""#,
            #""Fun with \\ \" \u0000 \u0007 \u001b A A A""#
        ),
        (
            "6.1 indentation", "Not indented:\n By one space: |\n    By four\n      spaces\n",
            #"{"Not indented": {"By one space": "By four\n  spaces\n"}}"#
        ),
        ("6.9 separated comment", "key:    # Comment\n  value\n", #"{"key": "value"}"#),
        ("6.28 non-specific tag", "- \"12\"\n- 12\n- ! 12\n", #"["12", 12, "12"]"#),
        ("7.3 empty nodes", "{\n  foo : ,\n  bar: x,\n}\n", #"{"foo": null, "bar": "x"}"#),
        (
            "7.5 double quoted line breaks",
            "\"folded \nto a space,\t\n \nto a line feed, or \t\\\n \\ \tnon-content\"\n",
            #""folded to a space,\nto a line feed, or \t \tnon-content""#
        ),
        (
            "7.9 single quoted lines", "' 1st non-empty\n\n 2nd non-empty \n\t3rd non-empty '\n",
            #"" 1st non-empty\n2nd non-empty 3rd non-empty ""#
        ),
        (
            "7.10 plain characters",
            "- ::vector\n- \": - ()\"\n- Up, up, and away!\n- -123\n- http://example.com/foo#bar\n",
            #"["::vector", ": - ()", "Up, up, and away!", -123, "http://example.com/foo#bar"]"#
        ),
        (
            "7.12 plain lines", "1st non-empty\n\n 2nd non-empty \n\t3rd non-empty\n",
            #""1st non-empty\n2nd non-empty 3rd non-empty""#
        ),
        ("7.13 flow sequence", "- [ one, two, ]\n- [three ,four]\n", #"[["one", "two"], ["three", "four"]]"#),
        (
            "7.15 flow mappings", "- { one : two , three: four , }\n- {five: six,seven : eight}\n",
            #"[{"one": "two", "three": "four"}, {"five": "six", "seven": "eight"}]"#
        ),
        ("7.20 single pair", "[\nfoo: bar\n]\n", #"[{"foo": "bar"}]"#),
        (
            "8.2 indentation indicator", "- |\n detected\n- >\n \n  \n  # detected\n- |1\n  explicit\n",
            #"["detected\n", "\n\n# detected\n", " explicit\n"]"#
        ),
        (
            "8.4 chomping", "strip: |-\n  text\nclip: |\n  text\nkeep: |+\n  text\n",
            #"{"strip": "text", "clip": "text\n", "keep": "text\n"}"#
        ),
        (
            "8.6 empty scalars chomped", "strip: >-\n\nclip: >\n\nkeep: |+\n\n",
            #"{"strip": "", "clip": "", "keep": "\n"}"#
        ),
        (
            "8.14 block sequence", "block sequence:\n  - one\n  - two : three\n",
            #"{"block sequence": ["one", {"two": "three"}]}"#
        ),
        (
            "8.15 entries of a sequence",
            "- # Empty\n- |\n block node\n- - one # Compact\n  - two # sequence\n- one: two # Compact mapping\n",
            #"[null, "block node\n", ["one", "two"], {"one": "two"}]"#
        ),
        (
            "8.22 nodes", "sequence: !!seq\n- entry\n- !!seq\n - nested\nmapping: !!map\n foo: bar\n",
            #"{"sequence": ["entry", ["nested"]], "mapping": {"foo": "bar"}}"#
        ),
        ("9.2 document markers", "%YAML 1.2\n---\nDocument\n... # Suffix\n", #""Document""#),
        ("10.3 string tag", "- Literal\n- !!str \"Quoted\"\n- !!str 12\n", #"["Literal", "Quoted", "12"]"#),
        (
            "10.9 core schema", "- null\n- ~\n- True\n- FALSE\n- 0o7\n- 0x3A\n- -19\n- 0.\n- .5\n- -1e3\n",
            "[null, null, true, false, 7, 58, -19, 0.0, 0.5, -1000.0]"
        ),
        ("line ends of Windows", "a: 1\r\nb:\r\n  - 2\r\n", #"{"a": 1, "b": [2]}"#),
    ]

    @Test("what the specification allows is read as it says", arguments: valid)
    func reads(_ name: String, _ text: String, _ json: String) throws {
        #expect(try Self.parse(text).json.text == json, "\(name)")
    }

    @Test(
        "what the specification forbids has an error with a place",
        arguments: [
            "a: b: c\n", "a: [1, 2\n", "a: {b: 1\n", "a: ]\n", "a: \"no end\n", "a: 'no end\n",
            "a: \"\\q\"\n", "a: \"\\xG1\"\n",
            "- a\nb: 1\n", "a: 1\n b: 2\n", "a:\n  - 1\n - 2\n", "a:\n\t- 1\n", "a: @at\n", "a: `tick\n",
            "a: *\n", "a: &\n",
            "a: *unknown\n", "%FOO bar\n--- 1\n", "%YAML 1.2\n%YAML 1.2\n---\na: 1\n", "a: |x\n  b\n",
            "a: |0\n  b\n",
            "[a, b]: [\n", "? a\n? a\n",
            "a: 1\n...\nb: 2\n", "a: !<tag:x> 1\n", "a: !!float x\n", "a: %x\n", "--- a\n--- b\n",
            "a: 1\na: 2\n", "{a: 1, a: 2}\n",
            "a: [1]]\n", "a: \u{1}\n", "key\nb: 1\n", "- - - 1\n  2: 3\n",
        ])
    func refuses(_ text: String) throws {
        let error = #expect(throws: SettingError.self) { try Self.parse(text) }
        guard case .file(_, let line, let column)? = error?.origin else {
            Issue.record("\(text): \(String(describing: error)) has no place")
            return
        }
        #expect(line >= 1 && column >= 1)
    }

    @Test("whatever is written as YAML reads back as the same", arguments: 1...40)
    func writesBack(_ seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        let words = [
            "", "a", "null", "~", "true", "1", "1.5", "-", "- a", "a: b", "a #b", "#", "'", "\"", "\\", "\n",
            "a\nb\n", " a ", "\t", "<<",
            "*a", "&a", "!a", "%a", "@a", "`a", "{", "[", "]", ",", "?", ": ", "0x1F", "1_000", ".inf",
            "2026-11-28", "é", "e\u{301}", "日本",
            "\u{7f}", "\u{85}", "\u{2028}", "\u{feff}", "\u{1}", "a\r\nb", "---", "...", "yes", "😀",
        ]
        func word() -> String { (0...number(3)).map { _ in words[number(words.count)] }.joined() }
        func value(_ depth: Int) -> Setting {
            switch number(depth > 3 ? 6 : 8) {
            case 0: Setting(.null, origin: .none)
            case 1: Setting(.bool(number(2) == 0), origin: .none)
            case 2: Setting(.int(Int64(bitPattern: random.next())), origin: .none)
            case 3: Setting(.float(Double(number(1000)) / 7), origin: .none)
            case 4, 5: Setting(.string(word()), origin: .none)
            case 6: Setting(.list((0..<number(4)).map { _ in value(depth + 1) }), origin: .none)
            default:
                Setting(
                    .map(
                        TextSet((0..<number(4)).map { _ in word() }).ordered.map {
                            .init(key: $0, value: value(depth + 1))
                        }), origin: .none)
            }
        }
        for _ in 0..<25 {
            let setting = Setting(.map([.init(key: word(), value: value(0))]), origin: .none)
            let text = try YAMLText.write(setting)
            #expect(try Self.parse(text).json == setting.json, "\(text)")
        }
    }
}
