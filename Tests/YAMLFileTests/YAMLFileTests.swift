import Foundation
import Settings
import System
import Testing
import Text
import YAMLFile

@Suite("YAML", .timeLimit(.minutes(20)))
struct YAMLFileTests {
    private func parse(_ text: String) throws -> Setting {
        try YAMLFile.parse(text) { .file("/f.yaml", line: $0, column: $1) }
    }

    /// The problem and its line and column.
    private func failure(_ text: String) -> (problem: String, line: Int, column: Int)? {
        do {
            _ = try parse(text)
            return nil
        } catch let error as SettingError {
            if case .file(_, let line, let column) = error.origin {
                return (error.problem, Int(line), Int(column))
            }
            return (error.problem, 0, 0)
        } catch { return nil }
    }

    @Test("errors name the line that began them, the second of two keys, and tags of lists and maps")
    func placesOfErrors() throws {
        for (text, line, column) in [
            ("a: 1\nb: 2\nlearning_rate:1e-4\n", 3, 1), ("a: 1\nl: [1, 2\n", 2, 4),
            ("s: \"abc\nb: 2\n", 1, 4),
            ("a: 1\nb: 2\na: 3\n", 3, 1), ("a: !!set {x}\n", 1, 4), ("a: !mine [1]\n", 1, 4),
            ("a: 1\n---\nb: 2\n", 2, 1), ("x: 1e-400\n", 1, 4),
        ] {
            let found = try #require(failure(text), "\(text)")
            #expect(found.line == line && found.column == column, "\(text): \(found)")
        }
        #expect(try parse("\u{feff}a: 1\n").json.text == #"{"a": 1}"#)
        #expect(try parse("a: !!map {x: 1}\nb: !!seq [1]\n").json.text == #"{"a": {"x": 1}, "b": [1]}"#)
    }

    @Test("values, anchors, aliases and merge keys")
    func values() throws {
        let setting = try parse(
            """
            lr: 1e-4
            names: [a, "1", 'true', 2]
            base: &base {x: 1, y: 2}
            derived:
              <<: *base
              y: 3
            again: *base
            text: !!str 12
            """)
        #expect(
            setting.json.text
                == #"{"lr": 0.0001, "names": ["a", "1", "true", 2], "base": {"x": 1, "y": 2}, "#
                + #""derived": {"y": 3, "x": 1}, "again": {"x": 1, "y": 2}, "text": "12"}"#)
        #expect(setting["lr"]?.origin == .file("/f.yaml", line: 1, column: 5))
    }

    @Test("errors have a place")
    func places() throws {
        let duplicate = try #require(failure("a: 1\nb: 2\na: 3\n"))
        #expect(duplicate.problem.contains("'a' is there twice"))
        let syntax = try #require(failure("a: [1, 2\nb: 3\n"))
        #expect(syntax.problem.hasPrefix("not YAML") && syntax.line >= 1)
        let large = try #require(failure("a: 1\nb: 99999999999999999999\n"))
        #expect(large.line == 2 && large.column == 4)
        #expect(
            try #require(failure("a: *nothing\n")).problem.contains("an alias without its anchor: 'nothing'"))
        #expect(try #require(failure("a: 1\n---\nb: 2\n")).problem.contains("document"))
        #expect(try #require(failure("a: !!python/object:os.system x\n")).problem.contains("unknown tag"))
        #expect(try #require(failure("? [a]\n: 1\n")).problem.contains("key"))
    }

    @Test("an alias bomb, a deep nest and a huge file end in an error, soon")
    func hostile() throws {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let refs = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(refs)]\n"
        }
        #expect(try #require(failure(bomb)).problem.contains("aliases"))
        #expect(failure(String(repeating: "[", count: 100_000)) != nil)
        #expect(failure(String(repeating: "{a: ", count: 100_000)) != nil)
        #expect(failure(String(repeating: "- ", count: 100_000) + "x") != nil)
        #expect(
            failure((0..<300).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")) != nil
        )

        let path = NSTemporaryDirectory() + "/xpm-huge-\(UUID().uuidString).yaml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Files.write([], to: path)
        try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: 100 << 20)
        let error = #expect(throws: SettingError.self) { try YAMLFile.read(path) }
        #expect(error?.problem.contains("larger than") == true)
    }

    @Test("random damage never crashes")
    func fuzz() {
        let text = Array("a: &x [1, {b: 'c', <<: *x}]\nd: |\n  text\ne: !!int 3 # c\n? f\n: - 1\n".utf8)
        var seed: UInt64 = 7
        func random(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((seed >> 33) % UInt64(bound))
        }
        for _ in 0..<5000 {
            var bytes = text
            for _ in 0...random(4) { bytes[random(bytes.count)] = UInt8(random(128)) }
            _ = failure(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("what is written as YAML reads back")
    func write() throws {
        let setting = try parse("a: '1'\nb: 1.0\nc: [x, 'true', null]\nd: {e: '~', f: 'x: y'}\ng: .inf\n")
        #expect(try parse(YAMLText.write(setting)).json == setting.json)
    }
}

@Suite("Configuration files", .timeLimit(.minutes(20)))
struct ConfigurationFilesTests {
    private let folder = NSTemporaryDirectory() + "/xpm-yaml-\(UUID().uuidString)"

    private func write(_ files: [String: String]) throws {
        for (name, text) in files {
            let path = Paths.absolute("\(folder)/\(name)")
            try Files.makeFolder(Paths.parent(path))
            try Files.write(Array(text.utf8), to: path)
        }
    }

    @Test("imports are merged below the file, options above")
    func merge() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write([
            "base.yaml": "model: {hidden: 1, depth: 2}\nlr: 1\n",
            "sub/full.yaml": "imports: [../base]\nmodel: {hidden: 3}\nfile: exp\n",
        ])
        var files = ConfigurationFiles()
        try files.add("\(folder)/sub/full")
        try files.set("model.depth=9")
        try files.set("tags=[a, b]")
        try files.set("empty=")
        let merged = files.merged
        #expect(merged["model"]?.json.text == #"{"hidden": 3, "depth": 9}"#)
        #expect(merged["file"]?.content == .string(Paths.absolute("\(folder)/sub/exp")))
        #expect(merged["tags"]?.json.text == #"["a", "b"]"#)
        #expect(merged["empty"]?.content == .null)
        #expect(merged.origin(at: ".model.depth") == .option("-c model.depth=9"))
        #expect(throws: SettingError.self) { try files.set("novalue") }
        #expect(throws: SettingError.self) { try files.set("a=[1") }
    }

    @Test("a cycle of imports, a missing one, and parent with imports are refused")
    func refused() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write([
            "a.yaml": "imports: [b.yaml]\n", "b.yaml": "imports: [a.yaml]\n",
            "c.yaml": "imports: [nowhere]\n",
            "d.yaml": "parent: a\nimports: [b]\n", "e.yaml": "- 1\n", "f.yaml": "parent: g\nx: 1\n",
            "g.yaml": "y: 2\n",
        ])
        func problem(_ name: String) -> String {
            var files = ConfigurationFiles()
            let error = #expect(throws: SettingError.self) { try files.add("\(folder)/\(name)") }
            return error?.problem ?? ""
        }
        #expect(problem("a.yaml").contains("a.yaml → ") || problem("a.yaml").contains("→"))
        #expect(problem("c.yaml").contains("nowhere"))
        #expect(problem("d.yaml").contains("exclude each other"))
        #expect(problem("e.yaml").contains("expected names and values"))
        var files = ConfigurationFiles()
        try files.add("\(folder)/f.yaml")
        #expect(files.warnings.count == 1 && files.merged["y"]?.content == .int(2))
    }
}
