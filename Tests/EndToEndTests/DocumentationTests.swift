import Foundation
import System
import Testing
import Text

/// Every example of the documentation is run: a block after `<!-- file: NAME -->` is written, one after `<!--
/// run -->` goes to the shell and must succeed (`<!-- run: 1 -->`: with that exit code).
@Suite("Documentation", .timeLimit(.minutes(20)))
struct DocumentationTests {
    private struct Block {
        let language: String
        let marker: String
        let text: String
        let line: Int
    }

    private static func blocks(_ page: String) throws -> [Block] {
        var blocks: [Block] = []
        var marker = ""
        var open: (language: String, marker: String, line: Int)?
        var text = ""
        let lines = try Files.readText("\(Workbench.root)/\(page)").split(
            separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            if line.hasPrefix("```") {
                if let block = open {
                    blocks.append(
                        Block(language: block.language, marker: block.marker, text: text, line: block.line))
                    open = nil
                    marker = ""
                } else {
                    open = (String(line.dropFirst(3)), marker, number + 1)
                    text = ""
                }
            } else if open != nil {
                text += line + "\n"
            } else if line.hasPrefix("<!-- ") {
                marker = String(line.dropFirst(5).prefix { $0 != ">" }.dropLast(3))
            } else if !line.isEmpty {
                marker = ""
            }
        }
        return blocks
    }

    /// The pages for users.
    static let pages =
        ["README.md"]
        + ((try? Files.list("\(Workbench.root)/docs")) ?? []).filter { $0.hasSuffix(".md") }.map {
            "docs/\($0)"
        }

    @Test(
        "the examples run",
        arguments: Self.pages.filter { $0 != "docs/json.md" })
    func examples(_ page: String) throws {
        let bench = try Workbench()
        var count = 0
        for block in try Self.blocks(page) {
            if block.marker.hasPrefix("file: ") {
                try bench.write(block.text, to: String(block.marker.dropFirst(6)))
            } else if block.marker.hasPrefix("run") {
                let expected = Int32(block.marker.dropFirst("run: ".count)) ?? 0
                let path = "\(Workbench.programs):\(Environment["PATH"] ?? "")"
                let result = try bench.run("-ec", block.text, program: "/bin/sh", environment: ["PATH": path])
                #expect(result.code == expected, "\(page):\(block.line): \(result.error)\(result.output)")
                count += 1
            } else {
                // Only set-up commands may be shown without being run here: CI runs those.
                #expect(!["lua", "yaml"].contains(block.language), "\(page):\(block.line) is not run")
                #expect(
                    block.language != "sh" || block.text.hasPrefix("scripts/"),
                    "\(page):\(block.line) is not run")
            }
        }
        #expect(count > 0)
    }

    /// Options of other programs that the pages name.
    private static let foreign: TextSet = [
        "--nnodes", "--nproc-per-node", "--nv", "--rdzv-backend", "--rdzv-endpoint",
        "--augment", "--bind",
        "--cfg", "--help", "--array", "--bar", "--eta", "--halt", "--joblog", "--memfree", "--pipe",
        "--queue", "--results", "--resume", "--resume-failed", "--shuf", "--sshlogin", "--timeout",
        "--config", "--data", "--name", "--cpus-per-task",
        "--directory",
        "--exclude",
        "--exclusive", "--gres",
        "--mem", "--time",
        "--hidden", "--layers", "--learning-rate", "--lr",
        "--model",
        "--no-augment", "--out", "--project", "--seed", "--shift", "--every-call", "--prefix", "--with-page",
        "--generate-completion-script",
    ]

    @Test("every option of the help is in the pages, and every option of the pages in the help")
    func options() throws {
        let known = TextSet(try JSONTests.commands().flatMap(\.options)).subtracting(["--help", "--version"])
        let expression = try NSRegularExpression(pattern: "(?<![\\w-])--[a-z]([a-z-]*[a-z])?(?![\\w-])")
        var named: TextSet = []
        for page in Self.pages {
            let text = try Files.readText("\(Workbench.root)/\(page)")
            for match in expression.matches(in: text, range: NSRange(text.startIndex..., in: text)) {
                if let range = Range(match.range, in: text) { named.insert(String(text[range])) }
            }
        }
        #expect(known.subtracting(named).ordered == [], "not in the pages")
        #expect(named.subtracting(known).subtracting(Self.foreign).ordered == [], "not in the help")
    }

    // MARK: Statements

    /// The sentences of a page in which one of some words promises something without exception; code is left
    /// out.
    private static func promises(of page: String) throws -> [String] {
        var parts: [String] = []
        var current: [String] = []
        var isCode = false
        func flush() {
            if !current.isEmpty { parts.append(current.joined(separator: " ")) }
            current = []
        }
        for line in try Files.readText("\(Workbench.root)/\(page)").components(separatedBy: "\n") {
            if line.hasPrefix("```") {
                isCode.toggle()
                flush()
            } else if isCode || line.hasPrefix("<!--") {
                continue
            } else if line.hasPrefix("|") {
                flush()
                if line.contains(where: { !"|- ".contains($0) }) { parts.append(line) }
            } else if line.allSatisfy({ $0 == " " }) {
                flush()
            } else {
                let isNumbered = line.first?.isNumber == true && line.contains(". ")
                if isNumbered || line.hasPrefix("- ") || line.hasPrefix("#") { flush() }
                current.append(line.trimmingCharacters(in: .whitespaces))
            }
        }
        flush()
        let end = try NSRegularExpression(pattern: "(?<=[.!?;])\\s+(?=[A-Z`*“(-])")
        let word = try NSRegularExpression(
            pattern: "\\b(never|always|each(?! other)|only|the same)\\b", options: .caseInsensitive)
        return parts.flatMap { part in
            let range = NSRange(part.startIndex..., in: part)
            return end.stringByReplacingMatches(in: part, range: range, withTemplate: "\n")
                .components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        }.filter { word.firstMatch(in: $0, range: NSRange($0.startIndex..., in: $0)) != nil }
    }

    /// `statements.txt` has a line for each promise: the page, the test that shows it, and the sentence. Who
    /// changes the sentence looks at the test, and then changes the line.
    @Test("every promise of the pages has a test that shows it")
    func statements() throws {
        let text = try Files.readText("\(Workbench.root)/Tests/EndToEndTests/statements.txt")
        let lines = text.split(separator: "\n").map { $0.components(separatedBy: "\t") }
        var tests: TextMap<String> = [:]
        func collect(_ folder: String) throws {
            for name in try Files.list(folder) {
                let path = "\(folder)/\(name)"
                if Files.kind(path) == .folder { try collect(path) }
                guard let suite = name.cut(at: ".swift")?.before else { continue }
                tests[String(suite), default: ""] += try Files.readText(path)
            }
        }
        try collect("\(Workbench.root)/Tests")
        for line in lines {
            let parts = line[1].components(separatedBy: ".")
            #expect(tests[parts[0]]?.contains("func \(parts[1])(") == true, "there is no test \(line[1])")
        }
        for page in Self.pages where page != "README.md" {
            let listed = lines.filter { $0[0] == page }.map { $0[2] }
            let found = try Self.promises(of: page)
            for sentence in found where !listed.contains(sentence) {
                Issue.record("\(page): no line in statements.txt: \(sentence)")
            }
            for sentence in listed where !found.contains(sentence) {
                Issue.record("\(page): statements.txt has a sentence that is gone: \(sentence)")
            }
        }
    }
}
