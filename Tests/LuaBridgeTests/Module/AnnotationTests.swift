import Settings
import System
import Testing
import Text

@testable import LuaBridge

/// `xpm.meta.lua` against the live module: an editor knows every name, and none that is not there.
@Suite("Annotations", .timeLimit(.minutes(20)))
struct AnnotationTests {
    private let lines = String(decoding: EmbeddedText.annotations, as: UTF8.self).split(separator: "\n").map(
        String.init)

    /// The names in `TABLE.name = nil`, `function TABLE.name(` and `function TABLE:name(`.
    private func functions(of table: String) -> [String] {
        lines.compactMap { line in
            let text = line.hasPrefix("function ") ? String(line.dropFirst("function ".count)) : line
            for separator in [".", ":"] where text.hasPrefix(table + separator) {
                return String(text.dropFirst(table.count + 1).prefix { $0.isLetter || $0 == "_" })
            }
            return nil
        }
        .sorted()
    }

    /// The fields of a class.
    private func fields(of type: String) -> [String] {
        let start =
            lines.firstIndex { $0.hasPrefix("---@class \(type)") && !$0.hasPrefix("---@class \(type).") }
            ?? lines.endIndex
        return lines[start...].dropFirst().prefix { $0.hasPrefix("---") && !$0.hasPrefix("---@class") }
            .compactMap { line in
                guard line.hasPrefix("---@field ") else { return nil }
                let name = line.dropFirst("---@field ".count).prefix { $0.isLetter || $0 == "_" }
                return name.isEmpty ? nil : String(name)
            }
            .sorted()
    }

    /// The keys of a Lua table that an expression gives, sorted, as the plan sees them.
    private func keys(_ expression: String) throws -> [String] {
        let bench = try PlanBench()
        try bench.run(
            """
            local xpm = require "xpm"
            function run(helper)
              local names = {}
              for name in pairs(\(expression)) do names[#names + 1] = name end
              table.sort(names)
              local file = assert(io.open("\(bench.folder)/names", "w"))
              file:write(table.concat(names, " "))
              file:close()
            end
            """)
        return try Files.readText("\(bench.folder)/names").split(separator: " ").map(String.init)
    }

    @Test("the module's names are annotated, and no others")
    func module() throws {
        let known = functions(of: "xpm")
        #expect(TextSet(known).count == known.count)
        #expect(known == (try keys("xpm")))
    }

    @Test("so are those of the experiment and of helpers")
    func experiment() throws {
        let xp = (functions(of: "XP") + fields(of: "xpm.XP")).sorted()
        #expect(xp == (try keys("getmetatable(helper.xp).__xpm_names")))
        #expect(functions(of: "Helper") == ["configurations", "derive", "experiment"])
        #expect(fields(of: "xpm.Helper") == ["args", "configuration", "run_mode", "xp"])
        #expect(fields(of: "xpm.Helper") == (try keys("helper")))
    }

    @Test("every method of an object is annotated, and each annotated one is there")
    func objects() throws {
        let plan = PlanSession(
            PlanInput(configuration: Setting(.map([]), origin: .none)), flag: InterruptFlag())
        plan.addPlanFunctions()
        let job = try TaskSession()
        let inPlan = plan.module.methodNames
        let inJob = job.methodNames
        let annotated = TextSet(functions(of: "Object") + functions(of: "RunningTask"))
        #expect(annotated == inPlan.union(inJob))
        #expect(TextSet(functions(of: "Object")).subtracting(inPlan).isEmpty)
    }

    @Test("attributes and definition keys are annotated")
    func keys() {
        #expect(fields(of: "xpm.Attributes") == XpmModule.attributes.sorted())
        #expect(
            TextSet(fields(of: "xpm.Definition") + fields(of: "xpm.TaskDefinition"))
                == TextSet(XpmModule.definitionKeys))
    }
}
