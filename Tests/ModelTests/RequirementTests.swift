import Model
import Settings
import Testing
import Text

@Suite("Requirements", .timeLimit(.minutes(20)))
struct RequirementTests {
    @Test("all of it, with any blanks")
    func whole() throws {
        let requirement = try Requirement(
            "duration=2h & cpu(cores=4, mem=8G..16GiB) & cuda(mem=24G) * 2|gpu( ) & duration = 90 min")
        var first = Requirement.Alternative()
        first.duration = 7200
        first.cores = 4
        first.memory = 8_000_000_000
        first.mostMemory = 16 << 30
        first.gpus = 2
        first.gpuMemory = 24_000_000_000
        var second = Requirement.Alternative()
        second.gpus = 1
        second.duration = 5400
        #expect(requirement.alternatives == [first, second])
    }

    @Test(
        "sizes",
        arguments: [("1K", 1000), ("1.5MB", 1_500_000), ("2gib", 2 << 30), ("3 T", 3_000_000_000_000)])
    func sizes(_ text: String, _ bytes: Int64) throws { #expect(try Requirement.bytes(text) == bytes) }

    @Test(
        "what is wrong, and where",
        arguments: [
            ("", 1, "expected duration=…"), ("cpu(mem=8)", 9, "a memory size needs a unit, as in 8G"),
            ("cpu(mem=8X)", 9, "unknown unit 'X'"), ("cpu(core=2)", 5, "did you mean 'cores'"),
            ("cpu(cores=0)", 11, "whole number from 1"), ("cpu(cores=1.5)", 11, "whole number from 1"),
            ("duration=2", 10, "a duration needs a unit"), ("duration=2y", 10, "unknown unit 'y'"),
            ("duration=0h", 10, "more than nothing"), ("cdua(mem=8G)", 1, "did you mean 'cuda'?"),
            ("cpu(mem=8G) cuda()", 13, "expected '&', '|' or the end"),
            ("cpu(mem=8G", 11, "expected ',' or ')'"),
            ("cpu(mem=8G, mem=9G)", 13, "'mem' is given twice"),
            ("cuda() & gpu()", 10, "'gpu' is given twice"),
            ("cpu(mem=8G..4G)", 13, "from less to more"), ("cpu(mem=8G.4G)", 12, "expected '..'"),
            ("cpu", 4, "expected '('"),
            ("cuda() * 0", 10, "the number of GPUs"), ("cpu() |", 8, "expected duration"),
            ("mps()", 1, "macOS"),
        ])
    func wrong(_ text: String, _ column: Int, _ problem: String) {
        #expect {
            try Requirement(text)
        } throws: { error in
            guard let error = error as? RequirementError else { return false }
            if error.column != column || !error.problem.contains(problem) {
                Issue.record("\(text): \(error)")
            }
            return true
        }
    }

    @Test("random texts are requirements or errors, never a crash", arguments: 0..<10)
    func fuzz(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        let parts = [
            "cpu", "cuda", "gpu", "duration", "mem", "cores", "(", ")", "=", ",", "&", "|", "*", "..", ".",
            "8G",
            "2h", "1e999", "99999999999999999999", "-1", "é", "\u{0}", " ", "\n", "0", "4GiB..",
        ]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 0...14, using: &random)).map { _ in
                parts.randomElement(using: &random) ?? ""
            }.joined(separator: Bool.random(using: &random) ? " " : "")
            if let requirement = try? Requirement(text) {
                // What a script keeps is read back.
                #expect((try? Requirement(requirement.text)) == requirement)
            }
        }
    }
}
