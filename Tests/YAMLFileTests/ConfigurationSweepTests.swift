import Settings
import Testing
import Text
import YAMLFile

@Suite("Sweeps of configurations", .timeLimit(.minutes(20)))
struct ConfigurationSweepTests {
    /// The points of a `grid_search`, in words.
    private func points(_ yaml: String) throws -> [String] {
        let setting = try YAMLFile.parse(yaml) { .file("/s.yaml", line: $0, column: $1) }
        let sweep = try ConfigurationSweep(setting)
        return try sweep.points().map { point in
            point.map { "\($0.path)=\($0.value.json.text)" }.joined(separator: " ")
        }
    }

    @Test("forms of many values, in every combination, the last name fastest; of equal values one stays")
    func forms() throws {
        #expect(
            try points("b: [x, y, x]\na: {closed_range: [1, 5, 2]}")
                == [1, 3, 5].flatMap { n in ["x", "y"].map { "a=\(n) b=\"\($0)\"" } })
        #expect(
            try points("m: {lr: {range_mult: [1e-4, 3, 10]}}") == ["m.lr=0.0001", "m.lr=0.001", "m.lr=0.01"])
        #expect(
            try points("a.b: {linspace: [0, 1, 5]}")
                == [0, 0.25, 0.5, 0.75, 1].map { "a.b=\($0)" })
        #expect(
            try points("n: {range_mult: [16, 3, 2]}\none: 7") == ["n=16 one=7", "n=32 one=7", "n=64 one=7"])
        #expect(try points("n: {closed_range: [3, 1, -1]}") == ["n=3", "n=2", "n=1"])
        #expect(try points("n: {closed_range: [0, 0.3, 0.1]}") == ["n=0.0", "n=0.1", "n=0.2", "n=0.3"])
        #expect(try points("n: {linspace: [0, 1, 11]}")[3] == "n=0.3")
        // As experimaestro means them.
        #expect(try points("n: {range: [1, 5]}") == ["n=1", "n=2", "n=3", "n=4"])
        #expect(try points("n: {values_range: [0, 10, 4]}") == ["n=0", "n=4", "n=8"])
        #expect(try points("n: {range: [3]}") == ["n=0", "n=1", "n=2"])
        #expect(try points("n: {range: [5, 1, -2]}") == ["n=5", "n=3"])
        #expect(try points("n: {values_list: [a, 2]}") == ["n=\"a\"", "n=2"])
        #expect(try points("n: {values_mult: [1e-4, 2, 10]}") == ["n=0.0001", "n=0.001"])
        #expect(
            try points("n: {closed_range: [9223372036854775805, 9223372036854775807]}").last
                == "n=9223372036854775807")
        // Pairs stay pairs, also where a list repeats a value.
        #expect(
            try points("zip: {a: [1, 1, 2], b: [3, 4, 4]}") == ["a=1 b=3", "a=1 b=4", "a=2 b=4"])
        #expect(
            try points("zip: {a: [1, 2], b: [3, 4]}\nc: [5, 6]") == [
                "a=1 b=3 c=5", "a=1 b=3 c=6", "a=2 b=4 c=5", "a=2 b=4 c=6",
            ])
        #expect(try points("zip: [{a: [1, 2], b: [3, 4]}, {c: [5], d: [6]}]").count == 2)
    }

    @Test(
        "a sample is picked without repetition, the same for a seed, in the order of the points; a larger one has the smaller one's"
    )
    func samples() throws {
        func sample(_ count: Int, _ seed: Int) throws -> [String] {
            try points(
                "a: {closed_range: [1, 1000]}\nb: {closed_range: [1, 1000]}\nc: {closed_range: [1, 1000]}\nrandom: {n: \(count), seed: \(seed)}"
            )
        }
        let (twenty, again, other) = (try sample(20, 7), try sample(20, 7), try sample(20, 8))
        #expect(TextSet(twenty).count == 20 && twenty == again && twenty != other)
        #expect(TextSet(try sample(10, 7)).isSubset(of: TextSet(twenty)))
        #expect(try points("a: [1, 2]\nrandom: {n: 5}") == ["a=1", "a=2"])
    }

    @Test("what is drawn lies within its bounds, is the same for a seed, and is crossed with the rest")
    func draws() throws {
        let yaml =
            "s: [1, 2]\nrandom: {n: 50, seed: 3, lr: {loguniform: [1e-5, 1]}, w: {integers: [1, 4]}, u: {uniform: [2, 3]}, k: [a, b]}"
        let drawn = try points(yaml)
        let again = try points(yaml)
        #expect(drawn.count == 100 && drawn == again)
        let values = drawn.map { line in
            Dictionary(
                line.split(separator: " ").map { $0.split(separator: "=") }.map {
                    (String($0[0]), String($0[1]))
                }
            ) { $1 }
        }
        let rates = values.compactMap { $0["lr"].flatMap(Double.init) }
        #expect(
            rates.count == 100 && rates.allSatisfy { (1e-5...1).contains($0) } && rates.contains { $0 < 1e-3 }
        )
        #expect(Set(values.compactMap { $0["w"] }) == ["1", "2", "3", "4"])
        #expect(values.allSatisfy { (2.0...3.0).contains($0["u"].flatMap(Double.init) ?? 0) })
        #expect(Set(values.compactMap { $0["k"] }) == ["\"a\"", "\"b\""])
    }

    @Test(
        "what is wrong is told at its place",
        arguments: [
            ("a: []", "s.yaml:1:4: a: there are no values"),
            (
                "a: [1]\nb: {closed_range: [1, 2, 0]}",
                "s.yaml:2:19: b: closed_range: a step of 0 leads nowhere"
            ),
            (
                "a: {closed_range: [1, 5, -1]}",
                "s.yaml:1:19: a: closed_range: a step of -1 does not lead from 1 to 5"
            ),
            ("a: {closed_range: [1]}", "a: closed_range: expected [first, last] or [first, last, step]"),
            (
                "a: {closed_range: [1, x]}",
                "s.yaml:1:23: a: closed_range: expected a number, got string \"x\""
            ),
            ("a: {range_mult: [1, 5, 1]}", "a: range_mult: all its values would be the same"),
            ("a: {range_mult: [1, 400, 10]}", "a: range_mult: its values are too large"),
            (
                "a: {loguniform: [1, 5]}",
                "s.yaml:1:4: a: 'loguniform' draws at random: it stands in random: { n: 20, … }"
            ),
            (
                "a: {range: [1, 5], linspace: [0, 1, 2]}",
                "s.yaml:1:4: a: a parameter has one form of values: range or linspace"
            ),
            ("a: {rnge: [1, 5]}", "s.yaml:1:4: a: there is no 'rnge' (did you mean 'range'?)"),
            ("a: {linspace: [1, 5, 1]}", "a: linspace: expected [first, last, n], with n from 2"),
            ("zip: {a: [1, 2], b: [1]}", "s.yaml:1:21: zip: 'b' has 1 values and 'a' 2"),
            ("zip: 3", "s.yaml:1:6: zip: expected names and lists"),
            ("a: [1]\nzip: {a: [1, 2]}", "'a' is swept twice"),
            ("a: [1]\na.b: [2]", "'a.b' and 'a' are one below the other"),
            ("a..b: [1]", "'a..b' names no parameter"),
            ("random: {seed: 1}", "s.yaml:1:9: random: how many? n: 20"),
            ("random: {n: 0}", "s.yaml:1:13: random: n: expected a number from 1, got int 0"),
            (
                "random: {n: 2, lr: {normal: [0, 1]}}",
                "lr: there is no 'normal': uniform, loguniform, integers"
            ),
            ("random: {n: 2, lr: {loguniform: [0, 1]}}", "lr: loguniform: expected [low, high], above 0"),
            ("[1]", "s.yaml:1:1: grid_search: expected names and their values"),
            ("a: {closed_range: [1, 2000]}\nb: {closed_range: [1, 2000]}", "the sweep has 4000000 points"),
        ])
    func wrong(_ yaml: String, _ message: String) {
        do {
            _ = try points(yaml)
            Issue.record("nothing was said of \(yaml)")
        } catch {
            let text = (error as? SettingError)?.text ?? "\(error)"
            #expect(
                text.contains(message),
                "\(text)")
        }
    }
}
