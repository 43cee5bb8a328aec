import System
import Testing
import Text

@testable import LuaBridge

@Suite("Sweeps", .timeLimit(.minutes(20)))
struct SweepTests {
    /// What a plan writes with `out(…)`, a line each.
    private func lines(_ body: String) throws -> [String] {
        let bench = try PlanBench()
        try bench.run(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "w.t", params = { a = xpm.int { default = 0 }, b = xpm.float { default = 0 } }, command = "true" }
            local file = assert(io.open("\(bench.folder)/out", "w"))
            local function out(...)
              local parts = { ... }
              for i = 1, #parts do parts[i] = tostring(parts[i]) end
              file:write(table.concat(parts, " "), "\\n")
            end
            -- A point on one line, its names in order.
            local show
            function show(p)
              local parts = {}
              for k, v in pairs(p) do
                parts[#parts + 1] = k .. "=" .. (type(v) == "table" and "{" .. show(v) .. "}" or tostring(v))
              end
              table.sort(parts)
              return table.concat(parts, " ")
            end
            function run(helper, cfg)
            \(body)
            file:close()
            end
            """)
        return try Files.readText("\(bench.folder)/out").split(separator: "\n").map(String.init)
    }

    private func points(_ sweep: String) throws -> [String] {
        try lines("for p in \(sweep) do out(show(p)) end")
    }

    @Test("values are plain; a parameter of the name of what varies, with its value, is tagged")
    func tags() throws {
        #expect(
            try lines(
                "local l = xpm.linspace(1234567890123450, 1234567890123454, 3) out(l[1] < l[2], l[2] < l[3], xpm.logspace(307, 309, 3)[3] == math.huge)"
            ) == ["true true true"])
        func tags(_ sweep: String, _ object: String) throws -> [String] {
            try lines("for p in \(sweep) do out(xpm.tagspath(\(object))) end")
        }
        let two = "xpm.grid { a = { 1, 2 }, b = 0.5 }"
        #expect(try tags(two, "T(p)") == ["a=1", "a=2"])
        #expect(try tags(two, "T { a = p.a, b = p.b }") == ["a=1", "a=2"])
        #expect(try tags(two, "T { a = p.a + 1 }").isEmpty)
        #expect(try tags("xpm.grid { ['m.a'] = { 1, 2 } }", "T(p.m)") == ["m.a=1", "m.a=2"])
        // What is set later, or under another name.
        #expect(
            try lines(
                "for p in \(two) do local t = T {} t.a = p.a local u = T { b = xpm.tag('size', p.a) } out(xpm.tagspath(t), xpm.tagspath(u)) end"
            ) == ["a=1 size=1.0", "a=2 size=2.0"])
        // Loops in loops; behind them nothing is tagged.
        #expect(
            try lines(
                """
                for p in xpm.grid { a = { 1, 2 } } do
                  for q in xpm.grid { b = { 3, 4 } } do out(xpm.tagspath(T { a = p.a, b = q.b })) end
                end
                out("after", xpm.tagspath(T { a = 2, b = 4 }))
                """) == ["a=1_b=3.0", "a=1_b=4.0", "a=2_b=3.0", "a=2_b=4.0", "after "])
        #expect(
            try lines(
                """
                for p in xpm.grid { a = { 1, 2 }, s = { "x", "y" } } do
                  if p.a == 2 and p.s == "y" then out(p.a + 1, p.s .. "z", p.s:upper()) end
                end
                """) == ["3 yz Y"])
    }

    @Test("a point has its tags also outside its loop; loops that were left early give none to others")
    func tagsElsewhere() throws {
        #expect(
            try lines(
                """
                local all = {}
                for p in xpm.grid { a = { 1, 2 }, ["m.b"] = { 3, 4 } } do all[#all + 1] = p end
                for _, p in ipairs(all) do out(xpm.tagspath(T { a = p.a }), xpm.tagspath(T(p.m))) end
                local p = all[1]
                p.m = nil
                out(xpm.tagspath(T(p)))
                """) == [" m.b=3.0", " m.b=4.0", " m.b=3.0", " m.b=4.0", "a=1"])
        let left = try lines(
            """
            local inner = xpm.grid { b = { 1, 2 } }
            for p in xpm.grid { a = xpm.range(1, 40) } do
              for q in inner do out(xpm.tagspath(T { a = p.a, b = q.b })) break end
            end
            """)
        #expect(left == (1...40).map { "a=\($0)_b=1.0" }, "\(left)")
        // Who gives another table of each point.
        #expect(
            try lines(
                """
                local s = xpm.grid { a = { 1, 2, 3 } }
                local function wrapped(...)
                  local p = s(...)
                  return p and { b = p.a } or nil
                end
                for p in wrapped do out(p.b) end
                """) == ["1", "2", "3"])
    }

    @Test("a part of a point may be a part of another sweep, each time as it was")
    func parts() throws {
        #expect(
            try lines(
                """
                for p in xpm.grid { ["model.depth"] = { 1 }, b = { 1, 2 } } do
                  for q in xpm.grid { model = p.model, ["model.width"] = { 3, 4 }, seed = { 1 } } do
                    q.model.depth = q.model.depth * 10
                    out(q.model.depth, q.model.width, p.model.depth)
                  end
                end
                """) == ["10 3 1", "10 4 1", "10 3 1", "10 4 1"])
        // Iterations by hand beside each other.
        #expect(
            try lines(
                """
                local s, t = xpm.grid { a = { 1, 2 } }, xpm.grid { b = { 7, 8 } }
                local p, q = s(), t()
                while p do out(xpm.tagspath(T { a = p.a, b = q.b })) p = s() end
                """) == ["a=1_b=7.0", "a=2_b=7.0"])
    }

    @Test("each loop over a sweep begins anew; what is changed in a point stays in it")
    func iterations() throws {
        let three = "local s = xpm.grid { a = { 1, 2, 3 } }\n"
        #expect(
            try lines(three + "for p in s do if p.a == 2 then break end end for p in s do out(p.a) end") == [
                "1", "2", "3",
            ])
        #expect(try lines(three + "for p in s do for q in s do out(p.a, q.a) end end").count == 9)
        #expect(
            try lines(three + "local p = s() while p do out(p.a) p = s() end out(s().a)") == [
                "1", "2", "3", "1",
            ])
        let model = "xpm.grid { model = { kind = 'tree' }, ['model.depth'] = { 1, 2 }, a = { 5, 6 } }"
        let points = (5...6).flatMap { a in (1...2).map { "a=\(a) model={depth=\($0) kind=tree}" } }
        #expect(try self.points(model).sorted() == points)
        #expect(
            try lines(
                "local c = { kind = 'x', list = { 1 } } for p in xpm.grid { c = c, a = { 1, 2 } } do p.c.list[1] = p.c.list[1] + 1 out(p.c.list[1]) end out(c.list[1])"
            ) == ["2", "2", "1"])
    }

    @Test("a grid has every combination")
    func grid() throws {
        #expect(
            try points("xpm.grid { a = { 1, 2 }, b = { 0.5, 1.5 }, c = 'x' }") == [
                "a=1 b=0.5 c=x", "a=1 b=1.5 c=x", "a=2 b=0.5 c=x", "a=2 b=1.5 c=x",
            ])
        #expect(try points("xpm.grid { a = { 7 } }") == ["a=7"])
        #expect(try lines("for p in xpm.grid {} do out('one', show(p)) end") == ["one "])
    }

    @Test("sweeps nest: below a name, and beside the others, for parameters that go together")
    func nested() throws {
        #expect(
            try points(
                "xpm.grid { model = xpm.chain(xpm.grid { kind = 'a', depth = { 1, 2 } }, xpm.grid { kind = 'b', width = 8 }), seed = { 1, 2 } }"
            )
                == [
                    "model={depth=1 kind=a} seed=1", "model={depth=1 kind=a} seed=2",
                    "model={depth=2 kind=a} seed=1",
                    "model={depth=2 kind=a} seed=2", "model={kind=b width=8} seed=1",
                    "model={kind=b width=8} seed=2",
                ])
        #expect(
            try points("xpm.grid { a = { 1, 2 }, xpm.zip { b = { 3, 4 }, c = { 5, 6 } } }") == [
                "a=1 b=3 c=5", "a=1 b=4 c=6", "a=2 b=3 c=5", "a=2 b=4 c=6",
            ])
        #expect(
            try points("xpm.grid { ['model.size'] = { 1, 2 } }") == ["model={size=1}", "model={size=2}"])
    }

    @Test("zip goes through lists together, chain one after the other, where picks")
    func combined() throws {
        #expect(
            try points("xpm.zip { a = { 1, 2 }, b = { 3, 4 }, c = 5 }") == ["a=1 b=3 c=5", "a=2 b=4 c=5"])
        #expect(
            try points("xpm.chain(xpm.grid { a = 1 }, xpm.grid { a = 2 }, xpm.grid { a = 1, b = 3 })") == [
                "a=1", "a=2", "a=1 b=3",
            ])
        #expect(
            try points(
                "xpm.where(xpm.grid { a = { 1, 2, 3 }, b = { 1, 2, 3 } }, function(p) return p.a < p.b end)")
                == [
                    "a=1 b=2", "a=1 b=3", "a=2 b=3",
                ])
        // A sweep may be gone through again, and within itself.
        #expect(
            try lines("local s = xpm.grid { a = { 1, 2 } } for p in s do end for p in s do out(show(p)) end")
                .count == 2)
    }

    @Test("what is drawn is the same for a seed, and another for another")
    func random() throws {
        let random = { (seed: Int) in
            "xpm.random { n = 5, seed = \(seed), lr = xpm.loguniform(1e-4, 1), k = xpm.integers(1, 3), kind = { 'a', 'b' } }"
        }
        let once = try points(random(1))
        #expect(try once.count == 5 && once == points(random(1)) && once != points(random(2)))
        let picked = try points("xpm.sample(xpm.grid { a = xpm.range(1, 100) }, 10, 3)")
        #expect(TextSet(picked).count == 10)
        #expect(try points("xpm.sample(xpm.grid { a = { 1, 2 } }, 10)") == ["a=1", "a=2"])
        let numbers = try lines(
            "for p in xpm.random { n = 2000, a = xpm.integers(1, 3), b = xpm.uniform(2, 3) } do out(p.a, p.b) end"
        )
        var counts: [String: Int] = [:]
        for line in numbers {
            let words = line.split(separator: " ")
            counts[String(words[0]), default: 0] += 1
            #expect((2.0..<3.0).contains(Double(words[1]) ?? 0))
        }
        #expect(
            counts.keys.sorted() == ["1", "2", "3"] && counts.values.allSatisfy { (580...760).contains($0) },
            "\(counts)")
    }

    private static let sobol: [[Double]] = [
        // The first points in six dimensions, as scipy.stats.qmc.Sobol(d=6, scramble=False) gives them with
        // the same direction numbers.
        [0, 0, 0, 0, 0, 0], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [0.75, 0.25, 0.25, 0.25, 0.75, 0.75],
        [0.25, 0.75, 0.75, 0.75, 0.25, 0.25], [0.375, 0.375, 0.625, 0.875, 0.375, 0.125],
        [0.875, 0.875, 0.125, 0.375, 0.875, 0.625], [0.625, 0.125, 0.875, 0.625, 0.625, 0.875],
        [0.125, 0.625, 0.375, 0.125, 0.125, 0.375], [0.1875, 0.3125, 0.9375, 0.4375, 0.5625, 0.3125],
        [0.6875, 0.8125, 0.4375, 0.9375, 0.0625, 0.8125],
    ]

    /// Points of a design in some dimensions, as numbers.
    private func numbers(_ word: String, _ count: Int, dimensions: Int, seed: Int = 0) throws -> [[Double]] {
        let axes = (1...dimensions).map { "x\($0) = xpm.uniform(0, 1)" }.joined(separator: ", ")
        let names = (1...dimensions).map { "p.x\($0)" }.joined(separator: ", ")
        return try lines(
            "for p in xpm.\(word) { n = \(count), seed = \(seed), \(axes) } do out(\(names)) end"
        ).map {
            $0.split(separator: " ").compactMap { Double($0) }
        }
    }

    @Test("Sobol's first points in one to six dimensions", arguments: 1...6)
    func sobolPoints(_ dimensions: Int) throws {
        let expected = Self.sobol.map { Array($0.prefix(dimensions)) }
        #expect(try numbers("sobol", 10, dimensions: dimensions) == expected)
    }

    /// The centred L2 discrepancy (Hickernell 1998).
    private static func discrepancy(_ points: [[Double]]) -> Double {
        let (n, d) = (Double(points.count), Double(points[0].count))
        let second = points.reduce(0) { sum, x in
            sum + x.reduce(1) { $0 * (1 + 0.5 * abs($1 - 0.5) - 0.5 * ($1 - 0.5) * ($1 - 0.5)) }
        }
        var third = 0.0
        for x in points {
            for y in points {
                third += zip(x, y).reduce(1) { product, pair in
                    product
                        * (1 + 0.5 * abs(pair.0 - 0.5) + 0.5 * abs(pair.1 - 0.5) - 0.5 * abs(pair.0 - pair.1))
                }
            }
        }
        var first = 1.0
        for _ in 0..<Int(d) { first *= 13.0 / 12 }
        return first - 2 / n * second + third / (n * n)
    }

    @Test("Sobol's points, shifted or not, and latin ones are more even than random ones")
    func even() throws {
        for dimensions in [2, 5, 10] {
            let random = try Self.discrepancy(numbers("random", 128, dimensions: dimensions, seed: 4))
            #expect(try Self.discrepancy(numbers("sobol", 128, dimensions: dimensions)) < random / 2)
            #expect(try Self.discrepancy(numbers("sobol", 128, dimensions: dimensions, seed: 4)) < random)
            #expect(try Self.discrepancy(numbers("latin", 128, dimensions: dimensions, seed: 4)) < random)
        }
        // In each of 16 parts of each dimension one point, also in the last dimension that there is.
        for word in ["sobol", "latin"] {
            let points = try numbers(word, 16, dimensions: 21, seed: 9)
            for dimension in 0..<21 {
                #expect(Set(points.map { Int($0[dimension] * 16) }).count == 16, "\(word) \(dimension)")
            }
        }
    }

    @Test(
        "lists of numbers",
        arguments: [
            ("xpm.linspace(0, 1, 5)", "0.0 0.25 0.5 0.75 1.0"), ("xpm.linspace(3, 9, 1)", "3.0"),
            ("xpm.geomspace(1, 1000, 4)", "1.0 10.0 100.0 1000.0"),
            ("xpm.logspace(-3, 0, 4)", "0.001 0.01 0.1 1.0"),
            ("xpm.range(1, 5)", "1 2 3 4 5"), ("xpm.range(0, 1, 0.25)", "0.0 0.25 0.5 0.75 1.0"),
            ("xpm.range(5, 1, -2)", "5 3 1"),
            ("xpm.range(0, 0.3, 0.1)", "0.0 0.1 0.2 0.3"),
            ("xpm.geomspace(1, 1000, 4)", "1.0 10.0 100.0 1000.0"),
        ])
    func lists(_ expression: String, _ expected: String) throws {
        let told = try lines(
            "local t = \(expression) for i = 1, #t do t[i] = tostring(tonumber(('%.12g'):format(t[i]))) if math.type(\(expression)[i]) == 'float' and not t[i]:find('[.]') then t[i] = t[i] .. '.0' end end out('>', table.concat(t, ' '))"
        )
        #expect(told.first == "> \(expected)")
    }

    @Test("points that are equal are one job, and ten thousand are no matter")
    func jobs() throws {
        let bench = try PlanBench()
        try bench.run(
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "w.t", params = { a = xpm.int, b = xpm.float }, command = "true" }
            function run()
              for p in xpm.chain(xpm.grid { a = { 1, 2 }, b = 1 }, xpm.grid { a = { 2, 3 }, b = { 1.0, 2.0 } }) do T(p):submit() end
              for p in xpm.grid { a = xpm.range(101, 200), b = xpm.linspace(0, 1, 100) } do T(p):submit() end
            end
            """)
        #expect(bench.planned.count == 5 + 10_000)
    }

    @Test(
        "what is wrong is told at its line",
        arguments: [
            ("xpm.grid { a = {} }", "xpm.grid: 'a' has no values"),
            ("xpm.grid(3)", "xpm.grid takes lists by name"),
            ("xpm.grid { { 1 } }", "xpm.grid takes lists by name"),
            ("xpm.grid { ['a..b'] = 1 }", "'a..b' names no parameter"),
            ("xpm.zip { a = { 1, 2 }, b = { 1, 2, 3 } }", "xpm.zip: lists of 2 and of 3 values"),
            ("xpm.chain(xpm.grid {}, {})", "xpm.chain: argument 2 is no sweep"),
            ("xpm.where(xpm.grid {}, 3)", "needs a function"),
            ("xpm.random { a = { 1 } }", "xpm.random: n needs a whole number from 1"),
            ("xpm.latin { n = 0 }", "n needs a whole number from 1"),
            ("xpm.sobol { n = 2, a = xpm.grid {} }", "xpm.sobol: 'a' cannot be a sweep"),
            ("xpm.uniform(2, 1)", "the lower one first"),
            ("xpm.loguniform(0, 1)", "more than 0"), ("xpm.integers(1, 2.5)", "two whole numbers"),
            ("xpm.range(1, 2, 0)", "a step of 0"),
            ("xpm.range(5, 1)", "a step of 1 does not lead from 5 to 1; one of -1 does"),
            ("xpm.range(0.1, 0.5, -0.1)", "a step of -0.1 does not lead from 0.1 to 0.5"),
            ("xpm.integers(0, math.maxinteger)", "more than 2^53"),
            ("xpm.zip { a = { 1, 2 }, b = { 3 } }", "lists of"),
            (
                "xpm.grid { a = { 1, 2 }, xpm.zip { a = { 3 }, b = { 4 } } }",
                "'a' has its values from two places"
            ),
            ("xpm.grid { a = xpm.uniform(0, 1) }", "'a' is drawn at random: xpm.random"),
            ("xpm.linspace(0, 1, 0)", "n needs a whole number from 1"),
            ("xpm.geomspace(-1, 1, 3)", "one sign"),
            ("xpm.sample(xpm.grid {}, 1.5)", "a whole number from 1"),
        ])
    func wrong(_ expression: String, _ message: String) throws {
        let text = try PlanBench().failure(
            "local xpm = require \"xpm\"\nfunction run()\n  local x = \(expression)\nend\n")
        #expect(
            text?.hasPrefix("experiment.lua:3: ") == true && text?.contains(message) == true,
            "\(text ?? "no error")")
    }
}
