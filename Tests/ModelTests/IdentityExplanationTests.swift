import Model
import Testing
import Text

@Suite("Explained identifiers", .timeLimit(.minutes(20)))
struct IdentityExplanationTests {
    @Test("the pieces are the bytes, and what is left out has its reason")
    func pieces() throws {
        var quiet = Parameter(name: "quiet", type: .bool)
        quiet.isMeta = true
        var added = Parameter(name: "added", type: .int)
        added.defaultValue = .int(0)
        added.ignoresDefault = true
        let inner = try ConfigType(
            id: "e.inner", kind: .config, parameters: [Parameter(name: "n", type: .int)])
        let type = try ConfigType(
            id: "e.Outer", kind: .config,
            parameters: [
                quiet, added, Parameter(name: "s", type: .list(.string)), Parameter(name: "m", type: .any),
                Parameter(name: "inner", type: .config(ConfigReference(inner))),
            ])
        let part = ConfigObject(inner)
        try part.set("n", to: .int(3))
        let object = ConfigObject(type)
        try object.set("quiet", to: .bool(true))
        try object.set("s", to: .list([.string("a\u{1}b"), .string("c")]))
        try object.set("m", to: .map([.init(key: .string("k"), value: .float(0.5))]))
        try object.set("inner", to: .object(part))

        let explanations = IdentityExplanation.of(object)
        #expect(explanations.map(\.type) == ["e.Outer", "e.inner"])
        let whole = try #require(explanations.first)
        #expect(whole.pieces.flatMap(\.bytes) == object.canonicalBytes)
        #expect(whole.identifier == object.identifier)
        #expect(whole.skipped.map(\.name) == ["added", "quiet"])
        #expect(whole.skipped.map(\.reason) == ["its default, with ignore_default", "meta"])
        #expect(whole.pieces.contains { $0.meaning == "type e.outer" })
        #expect(whole.pieces.contains { $0.meaning == "float 0.5" })
    }
}
