import Settings
import System
import Testing
import Text

@Suite("Settings", .timeLimit(.minutes(20)))
struct SettingTests {
    private func map(_ pairs: (String, Setting.Content)..., from origin: String = "a") -> Setting {
        Setting(
            .map(pairs.map { .init(key: $0.0, value: Setting($0.1, origin: .option(origin))) }),
            origin: .option(origin))
    }

    @Test(
        "the one rule for plain words",
        arguments: [
            ("1e-4", .float(1e-4)), ("1", .int(1)), ("1.0", .float(1)), ("1.", .float(1)),
            (".5", .float(0.5)),
            ("-1_000", .int(-1000)), ("0x1F", .int(31)), ("0o17", .int(15)), ("0b101", .int(5)),
            (".inf", .float(.infinity)),
            ("-.inf", .float(-.infinity)), ("1e5", .float(1e5)), ("+3", .int(3)), ("1.e3", .float(1000)),
            ("1_0.5", .float(10.5)),
            ("yes", .string("yes")), ("true", .bool(true)), ("~", .null), ("1e", .string("1e")),
            ("1.2.3", .string("1.2.3")),
            ("0x", .string("0x")), ("-", .string("-")), ("2026-11-23", .string("2026-11-23")),
            ("nan", .string("nan")),
            ("inf", .string("inf")), ("e5", .string("e5")), (".", .string(".")), ("٣", .string("٣")),
            ("007", .int(7)),
        ] as [(String, Setting.Content)])
    func scalars(_ text: String, _ expected: Setting.Content) throws {
        #expect(try Setting.Content(plain: text, at: .none) == expected)
    }

    @Test("an int beyond 64 bits, and a float beyond the largest, are errors")
    func tooLarge() {
        #expect(throws: SettingError.self) { try Setting.Content(plain: "9223372036854775808", at: .none) }
        #expect(throws: SettingError.self) { try Setting.Content(plain: "1e999", at: .none) }
    }

    @Test("maps merge key by key, the later value wins and keeps its origin")
    func merge() {
        let merged = map(("x", .int(1)), ("y", .int(2))).merged(
            with: map(("y", .int(3)), ("z", .int(4)), from: "b"))
        #expect(merged["x"]?.content == .int(1))
        #expect(merged["y"]?.content == .int(3))
        #expect(merged["y"]?.origin == .option("b"))
    }

    @Test("a dotted path sets a value in maps and lists")
    func set() throws {
        var setting = map(("list", .list([map(("name", .string("a")))])))
        try setting.set("list.0.name", to: Setting(.string("b"), origin: .option("-c")))
        try setting.set("new.deep", to: Setting(.int(1), origin: .option("-c")))
        #expect(setting.json.text == #"{"list": [{"name": "b"}], "new": {"deep": 1}}"#)
        #expect(throws: SettingError.self) {
            try setting.set("list.5.name", to: Setting(.null, origin: .none))
        }
        #expect(throws: SettingError.self) {
            try setting.set("new.deep.er", to: Setting(.null, origin: .none))
        }
        #expect(throws: SettingError.self) { try setting.set("a..b", to: Setting(.null, origin: .none)) }
        #expect(setting.origin(at: ".list[1].name") == .option("-c"))
        #expect(setting.origin(at: ".list[1].other") == .option("a"))
    }

    @Test("environment variables are filled in, or said to be missing")
    func environment() throws {
        let setting = map(("a", .string("${env:HOST}/x/${env:NO:-d}")), ("b", .string("$5")))
        let resolved = try setting.resolvingEnvironment { $0 == "HOST" ? "h" : nil }
        #expect(resolved["a"]?.content == .string("h/x/d"))
        #expect(resolved["b"]?.content == .string("$5"))
        #expect(throws: SettingError.self) { try setting.resolvingEnvironment { _ in nil } }
    }

    @Test(
        "patterns",
        arguments: [
            ("bert-large", "bert-*", true), ("bert", "bert-*", false), ("a.py", "[a-c].p?", true),
            ("d.py", "[!a-c]*", true),
            ("abc", "*", true), ("aab", "*ab", true), ("", "*", true), ("x", "", false),
        ])
    func glob(_ name: String, _ pattern: String, _ matches: Bool) {
        #expect(Glob.matches(name, pattern: pattern) == matches)
    }

    @Test("paths")
    func paths() {
        #expect(Paths.absolute("../b/./c//d", from: "/a/x") == "/a/b/c/d")
        #expect(Paths.relative("/a/b/c", from: "/a/d/e") == "../../b/c")
        #expect(Paths.relative("/a", from: "/a") == ".")
        #expect(Paths.stem("conf/full.yaml") == "full" && Paths.stem(".hidden") == ".hidden")
        #expect(Paths.parent("/x") == "/" && Paths.parent("x") == ".")
    }

    @Test("the nearest name is suggested, a far one is not")
    func suggestion() {
        #expect(Suggestion.nearest(to: "epoch", among: ["epochs", "batch"]) == "epochs")
        #expect(Suggestion.nearest(to: "dve", among: ["dev"]) == "dev")
        #expect(Suggestion.nearest(to: "optimizer", among: ["seed", "lr"]) == nil)
    }
}
