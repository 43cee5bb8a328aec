import Plot
import Testing
import Text

@Suite("Boxes", .timeLimit(.minutes(20)))
struct BoxTests {
    @Test(
        "quartiles as NumPy's, whiskers to the last values within, those beyond",
        arguments: [
            ([1, 2, 3, 4], 1.75, 2.5, 3.25, 1, 4, []), ([5, 1, 3], 2, 3, 4, 1, 5, []),
            ([7], 7, 7, 7, 7, 7, []),
            ([1, 2, 3, 4, 100], 2, 3, 4, 1, 4, [100]), ([-50, 1, 2, 3, 4], 1, 2, 3, 1, 4, [-50]),
            ([2, 2, 2, 9], 2, 2, 3.75, 2, 2, [9]), ([1, 2], 1.25, 1.5, 1.75, 1, 2, []),
        ] as [([Double], Double, Double, Double, Double, Double, [Double])])
    func quartiles(
        _ values: [Double], _ lower: Double, _ median: Double, _ upper: Double, _ low: Double, _ high: Double,
        _ outliers: [Double]
    ) throws {
        let box = try #require(Box(values))
        #expect(box.lower == lower && box.median == median && box.upper == upper)
        #expect(box.low == low && box.high == high && box.outliers == outliers && box.count == values.count)
    }

    @Test("none of nothing; a box is a polygon, one or two values are dots, outliers are on the axis")
    func drawing() {
        #expect(Box([]) == nil)
        func svg(_ values: [Double]) -> String {
            var point = LineChart.Point(x: 0, y: 2)
            point.box = Box(values)
            let chart = LineChart(
                [.init(name: "a", points: [point])], Labels(title: "t", x: "x", y: "y"),
                x: Scale(categories: ["p"]))
            #expect(chart.empty.isEmpty)
            return chart.drawing(PictureSize(width: 400, height: 300)).svg
        }
        let whole = svg([1, 2, 3, 4, 100])
        #expect(whole.contains("<polygon") && whole.contains("<circle") && whole.contains(">100<"))
        let few = svg([1, 3])
        #expect(!few.contains("<polygon") && few.split(separator: "<circle").count == 3)
    }
}
