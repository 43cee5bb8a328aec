import Testing
import Text

@testable import Inventory

@Suite("Tables of results", .timeLimit(.minutes(20)))
struct ResultTableTests {
    @Test("a summary is what the textbook says, also of values that are large and near to each other")
    func summary() throws {
        let one = try #require(Summary([3]))
        #expect(one.mean == 3 && one.median == 3 && one.deviation == nil && one.halfInterval == nil)
        let four = try #require(Summary([4, 1, 3, 2].map { $0 + 1e9 }))
        #expect(four.mean == 1e9 + 2.5 && four.median == 1e9 + 2.5)
        #expect(four.least == 1e9 + 1 && four.greatest == 1e9 + 4)
        // The root of 5/3.
        #expect(abs((four.deviation ?? 0) - 1.290_994_448_735_806) < 1e-9)
        #expect(Summary([]) == nil)
        // In any order.
        for values in [[1, .nan, 0, 0.5], [.nan, 0.5, 1, 0]] {
            let some = try #require(Summary(values))
            #expect(some.count == 3 && some.undefined == 1 && some.least == 0 && some.greatest == 1)
            #expect(some.median == 0.5 && some.mean == 0.5)
        }
        let none = try #require(Summary([.nan]))
        #expect(none.count == 0 && none.mean.isNaN && none.least.isNaN)
        // Near to each other, and too large to be squared.
        let near = try #require(Summary([-1e-3, 0, 1e-3].map { 1e9 + $0 }))
        #expect(abs((near.deviation ?? 0) - 1e-3) < 5e-7 * 1e-3 + 2e-7, "\(near)")
        let large = try #require(Summary([1e200, 2e200, 3e200]))
        #expect(large.mean == 2e200 && large.deviation == 1e200)
        let same = try #require(Summary([0.1, 0.1, 0.1]))
        #expect(same.mean == 0.1 && same.deviation == 0)
        for values in [[.infinity, 1], [1, .infinity]] {
            #expect(Summary(values)?.mean == .infinity && Summary(values)?.deviation == nil)
        }
    }

    @Test(
        "Student's quantiles are those of the tables (NIST/SEMATECH e-Handbook, 1.3.6.7.2)",
        arguments: [
            (1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (10, 2.228), (29, 2.045),
            (30, 2.042),
            (99, 1.984), (100, 1.984), (2001, 1.9611), (3000, 1.9608),
        ])
    func quantiles(_ degrees: Int, _ expected: Double) {
        #expect(abs(StudentT.quantile(degrees: degrees) - expected) < 0.0006)
    }

    @Test("numbers have as many digits as tell something")
    func digits() {
        #expect(
            NumberText.fixed(0.95, decimals: 3) == "0.950" && NumberText.fixed(-0.0004, decimals: 2) == "0.00"
        )
        #expect(NumberText.fixed(12.5, decimals: 0) == "13" || NumberText.fixed(12.5, decimals: 0) == "12")
        #expect(NumberText.significant(0.953333, digits: 4) == "0.9533")
        #expect(
            NumberText.significant(1.25e-7, digits: 2) == "1.3e-07"
                || NumberText.significant(1.25e-7, digits: 2) == "1.2e-07")
        #expect(NumberText.significant(4, digits: 4) == "4" && NumberText.significant(0, digits: 4) == "0")
        #expect(NumberText.significant(9.999999999999998e-15, digits: 4) == "1.000e-14")
        #expect(NumberText.exponent(0.00999999, digits: 2) == -2)
        #expect(NumberText.uncertain(0.9533, 0.012) == "0.953 ± 0.012")
        #expect(NumberText.uncertain(1.2346e-7, 1.2e-10) == "(1.2346 ± 0.0012)e-07")
        #expect(NumberText.uncertain(12345, 1234) == "12345 ± 1234")
        #expect(NumberText.uncertain(1.234e12, 3.4e10) == "(1.234 ± 0.034)e+12")
        #expect(NumberText.uncertain(0, 0.5) == "0.00 ± 0.50")
        #expect(NumberText.uncertain(1e-9, 2.5e-7) == "(0.0 ± 2.5)e-07")
        #expect(
            NumberText.distinct([1234567.81, 1234568.12, 3], digits: 4) == ["1234567.8", "1234568.1", "3"])
        #expect(NumberText.distinct([0.3, 0.1 + 0.2], digits: 4) == ["0.3", "0.30000000000000004"])
        for exponent in -320...308 {
            let power = NumberText.power(exponent)
            #expect(
                NumberText.exponent(power) == exponent && NumberText.exponent(power.nextDown) == exponent - 1
                    || exponent < -307)
        }
        #expect(NumberText.exponent(345) == 2 && NumberText.exponent(-0.00345) == -3)
    }

    /// A job with results that are not on any disk.
    private func point(
        _ task: String, _ tags: [(String, JSON)], _ metrics: [(String, Double)],
        _ state: JobRecord.State = .done
    ) -> ResultPoint {
        ResultPoint(task: task, state: state, tags: tags, metrics: metrics)
    }

    private var points: [ResultPoint] {
        [0.1, 0.01].flatMap { lr in
            (1...3).flatMap { seed -> [ResultPoint] in
                let tags: [(String, JSON)] = [("lr", .float(lr)), ("seed", .int(Int64(seed)))]
                let isDone = !(lr == 0.01 && seed == 3)
                return [
                    point("t.train", tags, [("loss", lr)]),
                    point(
                        "t.test", tags, isDone ? [("accuracy", lr + Double(seed))] : [],
                        isDone ? .done : .running),
                    point("t.other", tags, []),
                ]
            }
        }
    }

    private func table(_ change: (inout ResultTable.Request) -> Void) throws -> ResultTable {
        var request = ResultTable.Request()
        change(&request)
        return try ResultTable(points, request) { _ in ["depth": 3, "seed": 9] }
    }

    @Test("cells sum up the jobs of their values, each metric those of the types that have it")
    func cells() throws {
        let table = try table { $0.over = ["seed"] }
        #expect(table.rowNames == ["lr"] && table.metrics == ["loss", "accuracy"])
        #expect(table.rows.map(\.keys) == [[.float(0.01)], [.float(0.1)]])
        let (loss, accuracy) = (table.rows[0].cells[0][0], table.rows[0].cells[0][1])
        #expect(loss.summary?.count == 3 && loss.missing.isEmpty)
        #expect(accuracy.summary?.count == 2 && accuracy.missing.count == 1)
        #expect(accuracy.missing[0].state == .running && abs((accuracy.summary?.mean ?? 0) - 1.51) < 1e-12)
        // Without --over every tag has its rows.
        #expect(try self.table { _ in }.rows.count == 6)
    }

    @Test("columns have the values of their parameters in order, with holes where there is no job")
    func columns() throws {
        let table = try table {
            $0.columns = ["seed"]
            $0.metrics = ["accuracy"]
        }
        #expect(table.columnKeys == [[.int(1)], [.int(2)], [.int(3)]] && table.rowNames == ["lr"])
        #expect(table.rows[0].cells[2][0] == .init(missing: [(.running, 1)]))
        // A parameter that is no tag.
        let deep = try self.table {
            $0.rows = ["depth"]
            $0.metrics = ["loss"]
        }
        #expect(deep.rows.map(\.keys) == [[.int(3)]] && deep.rows[0].cells[0][0].summary?.count == 6)
    }

    @Test("rows are sorted by a parameter or a result; what is missing comes last")
    func order() throws {
        var table = try table { $0.metrics = ["accuracy"] }
        try table.sort(by: "accuracy", descending: true, \.mean)
        #expect(table.rows.first?.keys == [.float(0.1), .int(3)])
        #expect(table.rows.last?.keys == [.float(0.01), .int(3)])
        try table.sort(by: "accuracy", descending: false, \.mean)
        #expect(table.rows.first?.keys == [.float(0.01), .int(1)])
        #expect(table.rows.last?.keys == [.float(0.01), .int(3)])
        try table.sort(by: "seed", descending: true, \.mean)
        #expect(table.rows.first?.keys[1] == .int(3))
        table.cut(to: 2)
        #expect(table.rows.count == 2)
        #expect(throws: ResultTable.Problem(text: "the table has no 'sed' to sort by (did you mean 'seed'?)"))
        {
            try table.sort(by: "sed", descending: true, \.mean)
        }
    }

    @Test("1 and 1.0 are one value; what is summed up without a name is told")
    func values() throws {
        let mixed = [
            point("t.a", [("lr", .int(1)), ("m", "x")], [("a", 1)]),
            point("t.a", [("lr", .float(1)), ("m", "y")], [("a", 3)]),
            point("t.a", [("lr", .float(.infinity)), ("m", "x")], [("a", .infinity)]),
            point("t.a", [("lr", .float(0.5)), ("m", "x")], [("a", -.infinity)]),
        ]
        var request = ResultTable.Request()
        request.rows = ["lr"]
        var table = try ResultTable(mixed, request) { _ in [:] }
        #expect(table.rows.map { $0.keys[0]?.number } == [0.5, 1, .infinity])
        #expect(table.rows[1].cells[0][0].summary?.count == 2)
        #expect(table.notes == ["cells sum up over m too: --rows, --cols or --over says what becomes of it"])
        try table.sort(by: "a", descending: true, \.mean)
        #expect(table.rows.map { $0.keys[0]?.number } == [.infinity, 1, 0.5])
    }

    @Test("wrong names are told, with what was probably meant")
    func wrong() {
        func problem(_ change: (inout ResultTable.Request) -> Void) -> String? {
            do { _ = try table(change) } catch { return (error as? ResultTable.Problem)?.text }
            return nil
        }
        #expect(
            problem { $0.metrics = ["acuracy"] }?.hasPrefix(
                "no job has a result 'acuracy' (did you mean 'accuracy'?)") == true)
        #expect(
            problem { $0.rows = ["lrr"] }
                == "these jobs have no tag and no parameter 'lrr' (did you mean 'lr'?): depth, lr, seed")
        #expect(problem { ($0.rows, $0.over) = (["lr"], ["lr"]) } == "'lr' is named twice")
        #expect(throws: ResultTable.Problem(text: "no job has a result")) {
            try ResultTable([point("t", [], [])], .init()) { _ in [:] }
        }
    }

    @Test("what has no value comes behind what has one")
    func absentLast() {
        let keys: [Int64?] = [nil, 2, nil, 1]
        #expect(ResultTable.sorted(keys) { [$0.map { JSON.int($0) }] } == [1, 2, nil, nil])
    }
}
