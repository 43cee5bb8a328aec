import Plot
import Testing
import Text

@Suite("Thinned pictures", .timeLimit(.minutes(20)))
struct ThinningTests {
    @Test("of a column the first, the last, the least and the greatest are kept, in their order")
    func columns() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let points = (0..<Int.random(in: 1..<60, using: &random)).map {
                LineChart.Point(x: Double($0), y: Double(Int.random(in: 0..<9, using: &random)))
            }
            let width = Int.random(in: 1..<20, using: &random)
            let kept = Thinning.thin(points[...], column: { Int($0.x) / width }, [{ $0.y }])
            #expect(kept.map(\.x) == kept.map(\.x).sorted())
            for (column, group) in Dictionary(grouping: points, by: { Int($0.x) / width }) {
                let mine = kept.filter { Int($0.x) / width == column }
                #expect(mine.count <= 4 && mine.first == group.first && mine.last == group.last)
                #expect(
                    mine.map(\.y).min() == group.map(\.y).min() && mine.map(\.y).max() == group.map(\.y).max()
                )
            }
        }
    }

    @Test(
        "lines of very many values, gaps and dots keep their peaks, and are no longer than the picture is wide"
    )
    func chart() {
        func svg(_ style: LineChart.Style, _ y: (Int) -> Double) -> String {
            let points = (0..<20_000).map { (k: Int) -> LineChart.Point in
                LineChart.Point(x: Double(k), y: y(k), gap: .undefined)
            }
            let chart = LineChart(
                [.init(name: "s", points: points)], Labels(title: "t", x: "x", y: "y"), x: nil, style)
            return chart.drawing(PictureSize(width: 640, height: 400)).svg
        }
        func wave(_ k: Int) -> Double { k == 12_345 ? 50 : Double(k * 7919 % 101) / 100 }
        #expect(svg(.init(), wave).utf8.count < 60_000)
        // Every other value is not there: dots, and marks for the gaps.
        #expect(svg(.init()) { $0 % 2 == 0 ? .nan : wave($0) }.utf8.count < 400_000)
        var dots = LineChart.Style()
        dots.hasLines = false
        let flat = svg(dots) { $0 == 12_345 ? 50 : 1 }
        #expect(flat.split(separator: "\n").count { $0.hasPrefix("<circle") } < 1000)
        // Far beyond the ends of the axis.
        (dots.least, dots.most) = (0, 1e-9)
        #expect(svg(dots) { $0 % 3 == 0 ? 1e300 : $0 % 3 == 1 ? -1e299 : 0.5e-9 }.contains("<circle"))
        var lines = LineChart.Style()
        (lines.least, lines.most) = (0, 1e-9)
        #expect(svg(lines) { $0 % 3 == 0 ? 1e300 : $0 % 3 == 1 ? -1e299 : 0.5e-9 }.contains("<polyline"))
    }

    @Test("of very many jobs as lines each value has its best and its worst")
    func parallel() {
        let lines = (0..<50_000).map { (number: Int) -> [Double] in
            let result = number == 777 ? 1000 : Double(number % 13)
            return [Double(number % 100), Double(number % 7), result]
        }
        let axes = [0, 1, 2].map { place in
            ParallelChart.Axis(name: "a\(place)", scale: Scale(lines.map { $0[place] }, isTight: true))
        }
        let chart = ParallelChart(axes, lines: lines, title: "t")
        #expect(chart.count < 500 && chart.count >= 100)
        #expect(ParallelChart(axes, lines: Array(lines.prefix(900)), title: "t").count == 900)
        #expect(chart.drawing(PictureSize(width: 640, height: 400)).svg.utf8.count < 200_000)
    }
}
