import Model
import Settings
import Testing
import Text
import YAMLFile

/// `${model.hidden}` in the texts of settings.
@Suite("References", .timeLimit(.minutes(20)))
struct ReferenceTests {
    private func resolve(
        _ yaml: String, _ schema: Setting.Schema? = Setting.Schema.none
    ) throws(SettingError) -> Setting {
        let read = try YAMLFile.parse(yaml) { .file("/f.yaml", line: $0, column: $1) }
        return try read.resolvingEnvironment(namesKeys: true) { $0 == "NAME" ? "large" : nil }
            .resolvingReferences(schema)
    }

    private func text(_ yaml: String, _ schema: Setting.Schema? = Setting.Schema.none) throws -> String {
        try resolve(yaml, schema).json.text
    }

    @Test(
        "a text that is a reference has that value, whatever it is; within a text it is a text",
        arguments: [
            ("a: 1\nb: ${a}", #"{"a": 1, "b": 1}"#), ("a: 1\nb: '${a}'", #"{"a": 1, "b": 1}"#),
            ("b: ${a.c}\na: { c: 1.5 }", #"{"b": 1.5, "a": {"c": 1.5}}"#),
            ("a: [1, 2]\nb: ${a}\nc: ${a.1}", #"{"a": [1, 2], "b": [1, 2], "c": 2}"#),
            ("a: { c: [x] }\nb: ${a}", #"{"a": {"c": ["x"]}, "b": {"c": ["x"]}}"#),
            ("a: 1\nb: run-${a}-${a}", #"{"a": 1, "b": "run-1-1"}"#),
            ("a: 1\nb: 2${a}", #"{"a": 1, "b": 21}"#),
            ("a: 1\nb: '2${a}'", #"{"a": 1, "b": "21"}"#), ("a: yes\nb: ${a}", #"{"a": "yes", "b": "yes"}"#),
            ("a: '1'\nb: ${a}", #"{"a": "1", "b": "1"}"#), ("a: null\nb: ${a}", #"{"a": null, "b": null}"#),
            ("a: ${b}\nb: ${c}\nc: 3", #"{"a": 3, "b": 3, "c": 3}"#),
            ("m: { large: 9 }\na: ${m.${env:NAME}}", #"{"m": {"large": 9}, "a": 9}"#),
            ("m: { large: 9 }\nn: large\na: ${m.${n}}", #"{"m": {"large": 9}, "n": "large", "a": 9}"#),
            ("m: { x: { h: 9 } }\nn: ${m.x}\na: ${n.h}", #"{"m": {"x": {"h": 9}}, "n": {"h": 9}, "a": 9}"#),
            ("a: 1\nb: $${a}", #"{"a": 1, "b": "${a}"}"#),
            ("a: [x, { b: 2, c: '${a.0}' }]", #"{"a": ["x", {"b": 2, "c": "x"}]}"#),
            ("\"x.y\": 1\na: ${\"x.y\"}", #"{"x.y": 1, "a": 1}"#), ("é: 1\na: ${é}", #"{"é": 1, "a": 1}"#),
        ])
    func values(_ yaml: String, _ json: String) throws { #expect(try text(yaml) == json) }

    @Test(
        "what has no value is told at its line",
        arguments: [
            ("a: 1\nb: ${aa}", "/f.yaml:2:4: there is no key 'aa' for '${aa}' (did you mean 'a'?)"),
            (
                "a: { b: 1 }\nc: ${a.d}",
                "/f.yaml:2:4: there is no key 'a.d' for '${a.d}' (did you mean 'a.b'?)"
            ),
            ("a: [1]\nc: ${a.1}", "/f.yaml:2:4: there is no key 'a.1' for '${a.1}'"),
            ("a: ${a}", "/f.yaml:1:4: a key that needs its own value: a → a"),
            ("a: ${b}\nb: ${c}\nc: ${b}", "/f.yaml:3:4: a key that needs its own value: b → c → b"),
            ("a: { b: '${a}' }\n", "/f.yaml:1:9: a key that needs its own value: a → a"),
            (
                "a: [1]\nb: x${a}",
                "/f.yaml:2:4: '${a}' is a list of 1: it stands by itself, not within a text"
            ),
            ("a: ${}", "/f.yaml:1:4: nothing is known for '${}'"),
            ("a: x${b", "/f.yaml:1:4: '${' without '}'"),
            ("a: ${b c}", "/f.yaml:1:4: nothing is known for '${b c}'"),
            ("a: ${b..c}", "/f.yaml:1:4: nothing is known for '${b..c}'"),
            ("a: ${now:%Y}", "/f.yaml:1:4: nothing is known for '${now:%Y}'"),
            ("a: ${oc.env:X}", "/f.yaml:1:4: nothing is known for '${oc.env:X}': write ${env:X}"),
            ("a: ${oc.env:X,3}", "write ${env:X:-3}"),
            ("b: X\na: ${env:${b}}", "/f.yaml:2:4: '${env:': the name of a variable cannot be"),
            (
                "a: " + String(repeating: "${", count: 30) + "b" + String(repeating: "}", count: 30),
                "nested more than 20"
            ),
        ])
    func wrong(_ yaml: String, _ message: String) {
        do throws(SettingError) {
            _ = try resolve(yaml)
            Issue.record("no error for \(yaml)")
        } catch { #expect(error.text.contains(message), "\(error.text)") }
    }

    @Test("the schema has what the file has not; before it is known such a text waits")
    func schema() throws {
        var hidden = Parameter(name: "hidden", type: .int)
        hidden.defaultValue = .int(3)
        var name = Parameter(name: "name", type: .string)
        name.defaultValue = .string("x")
        let record = Record([Parameter(name: "model", type: .record(Record([hidden]))), name])
        let waiting = try resolve("a: ${name}\nb: ${model.hidden}\nc: ${a}\nd: 1\ne: ${d}", nil)
        #expect(waiting.isUnresolved && waiting["e"]?.isUnresolved == false)
        #expect(waiting["e"]?.content == .int(1) && waiting["a"]?.content == .string("${name}"))
        let told = try waiting.resolvingReferences(.record(record))
        #expect(!told.isUnresolved)
        #expect(told.json.text == #"{"a": "x", "b": 3, "c": "x", "d": 1, "e": 1}"#)
        #expect(
            try text("model: { other: 1 }\nb: ${model.hidden}", .record(record))
                == #"{"model": {"other": 1}, "b": 3}"#)
        #expect(try text("b: ${model}", .record(record)) == #"{"b": {"hidden": 3}}"#)
    }

    @Test("a reference follows what is laid over the key that it names; its place and the other's are known")
    func follows() throws {
        var setting = try resolve("a: 1\nb: ${a}\nc: x${b}")
        #expect(setting["b"]?.origin.text == "/f.yaml:2:4" && setting["b"]?.referent?.text == "/f.yaml:1:4")
        try setting.set("a", to: Setting(.int(7), origin: .option("a=7")))
        let again = try setting.resolvingReferences(Setting.Schema.none)
        #expect(again.json.text == #"{"a": 7, "b": 7, "c": "x7"}"#)
        #expect(again["b"]?.referent?.text == "a=7")
    }

    @Test("references that grow with each other end in an error, not in all of memory")
    func growth() {
        let names = (0..<40).map { "k\($0)" }
        for (last, form) in [("[x, x]", "[\"${NEXT}\", \"${NEXT}\"]"), ("xx", "${NEXT}${NEXT}")] {
            let lines = zip(names, names.dropFirst()).map { "\($0): \(form.replacing("NEXT", with: $1))" }
            let yaml = (lines + ["k39: \(last)"]).joined(separator: "\n")
            #expect(throws: SettingError.self) { try resolve(yaml) }
        }
        let chain = (0..<50_000).map { "k\($0): [\"${k\($0 + 1)}\"]" } + ["k50000: 1"]
        #expect(throws: SettingError.self) { try resolve(chain.joined(separator: "\n")) }
    }

    @Test("variables have defaults after ':' or ':-'; keys are refused where they mean nothing")
    func variables() throws {
        #expect(
            try text("a: ${env:NO:3}\nb: ${env:NO:-x y}\nc: ${env:NAME:3}\nd: ${env:NO:}\ne: ${env:NO:--1}")
                == #"{"a": 3, "b": "x y", "c": "large", "d": null, "e": -1}"#)
        let read = try YAMLFile.parse("a: 1\nb: ${a}") { .file("/f.yaml", line: $0, column: $1) }
        #expect(throws: SettingError.self) { try read.resolvingEnvironment { _ in nil } }
    }
}
