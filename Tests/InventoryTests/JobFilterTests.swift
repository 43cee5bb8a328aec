import Inventory
import Settings
import Store
import Testing
import Text

@Suite("Job filters", .timeLimit(.minutes(20)))
struct JobFilterTests {
    private func job(_ state: JobRecord.State = .done, _ tags: [(String, JSON)] = []) -> JobRecord {
        var job = JobRecord(Workspace(path: "/ws"), task: "iris.train", identifier: "3f2a")
        job.state = state
        job.tags = tags.map { (name: $0.0, value: $0.1) }
        job.experiment = "iris"
        return job
    }

    @Test(
        "what they accept",
        arguments: [
            ("'lr' = 0.1", true), ("lr = 0.1", true), ("lr = 1e-1", true), ("lr = '0.1'", true),
            ("lr = '0.10'", false), ("sub = '007'", true), ("sub = '7'", false),
            ("sub = 007", true), ("sub = 7", false), ("seed = '3'", true), ("seed = 3.0", true),
            ("seed = 0x3", true), ("seed = '3.0'", false),
            ("sub > '006'", true), ("sub > '01'", false), ("sub > 6", false), ("no = null", true),
            ("no = 'null'", true), ("gone = null", false),
            ("twice = 1 and twice = 2", true),
            ("lr != 0.1", false),
            ("lr < 0.2 and lr > 0.05", true), ("lr >= 0.1 and lr <= 0.1", true), ("model = \"bm25\"", true),
            ("model ~ \"^bm\"", true), ("model ~ '^x'", false), ("model in [\"a\", \"bm25\"]", true),
            ("model not in [a, b]", true), ("not model = bm25", false), ("model in []", false),
            ("@state = \"DONE\"", true), ("@state != done", false), ("@name = iris.train", true),
            ("@experiment = iris and (model = x or seed = 3)", true),
            ("seed = 3 or model = x and lr = 9", true),
            ("none = 1", false), ("none != 1", true), ("none < 1", false), ("@id ~ '^3f'", true),
        ])
    func accepts(_ text: String, _ expected: Bool) throws {
        let job = job(
            .done,
            [
                ("lr", .float(0.1)), ("model", "bm25"), ("seed", .int(3)), ("sub", "007"), ("no", "null"),
                ("twice", .int(1)), ("twice", .int(2)),
            ])
        #expect(try !JobFilter(text).select(from: [job]).isEmpty == expected)
    }

    @Test(
        "what is wrong with them, and where",
        arguments: [
            ("", 1, "it is empty"), ("lr", 3, "expected =, !="), ("lr = ", 6, "expected a value"),
            ("lr < fast", 6, "'fast' is no number"),
            ("lr = 0.1 seed = 2", 10, "expected 'and', 'or' or the end"), ("(lr = 1", 8, "expected ')'"),
            ("@stat = done", 1, "unknown name '@stat' (did you mean '@state'?)"),
            ("@state = don", 10, "no state 'don' (did you mean 'done'?)"), ("a in b", 6, "expected a list"),
            ("a in [b", 8, "expected ',' or ']'"), ("a ~ '('", 5, "is no regular expression"),
            ("a = 'x", 5, "a text without an end"), ("kind=“py”", 6, "is no quotation mark here"),
            ("a ! b", 3, "'!' alone"),
            ("a not b", 7, "expected 'in'"),
        ])
    func wrong(_ text: String, _ column: Int, _ problem: String) {
        #expect { try JobFilter(text) } throws: { error in
            guard let error = error as? JobFilterError else { return false }
            return error.column == column && error.problem.contains(problem)
        }
    }

    @Test("random texts are filters or errors, never a crash", arguments: 0..<10)
    func fuzz(_ seed: Int) {
        var random = SplitMix(seed: UInt64(seed))
        let parts = [
            "lr", "@state", "=", "!=", "~", "in", "not", "and", "or", "(", ")", "[", "]", ",", "'a'", "\"b\"",
            "'", "0.1",
            " ", "done", "<", ">=", "!", "@", "é", "\u{0}", "not (", "[[",
        ]
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                parts.randomElement(using: &random) ?? ""
            }.joined(separator: Bool.random(using: &random) ? " " : "")
            if let filter = try? JobFilter(text) { _ = filter.select(from: [job()]) }
        }
        let deep = String(repeating: "(", count: 100_000)
        #expect(throws: JobFilterError.self) { try JobFilter(deep) }
    }
}
