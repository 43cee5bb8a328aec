import Testing
import Text

@testable import Plot

@Suite("Scales", .timeLimit(.minutes(20)))
struct ScaleTests {
    @Test("extreme values have places too, or none; nothing is marked between whole numbers")
    func extremes() {
        for value in [1e308, .leastNonzeroMagnitude, 1, 1e-300] {
            for isLogarithmic in [true, false] {
                let scale = Scale([value], logarithmic: isLogarithmic)
                for tick in scale.ticks() { #expect(tick.place.isFinite) }
                if let place = scale.place(value) { #expect((0...1).contains(place), "\(value): \(place)") }
            }
        }
        for tick in Scale([-1e308, 1e308]).ticks() { #expect(tick.place.isFinite) }
        #expect(Scale([1, 2, 3]).ticks().map(\.label) == ["1", "2", "3"])
        #expect(
            Scale([2.5e7, 3.5e7], isTight: true).ticks(about: 2).map(\.label) == ["2.5e7", "3e7", "3.5e7"])
        #expect(Drawing.fit("a long name of number 7", 90).hasSuffix("7"))
        #expect(Drawing.fit(String(repeating: "x", count: 1_000_000), 90).count < 40)
    }

    @Test(
        "ticks are round numbers within the axis",
        arguments: [
            ([0.0, 1.0], false, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            ([0.61, 0.97], false, ["0.6", "0.7", "0.8", "0.9"]),
            ([-3, 3], false, ["-3", "-2", "-1", "0", "1", "2", "3"]),
            ([0, 12345], false, ["0", "2000", "4000", "6000", "8000", "10000", "12000"]),
            ([1e-5, 1e-1], true, ["1e-5", "1e-4", "0.001", "0.01", "0.1"]),
            ([1, 1000], true, ["1", "10", "100", "1000"]),
            ([2, 30], true, ["2", "5", "10", "20"]),
            ([1e-12, 1e12], true, ["1e-10", "1e-5", "1", "1e5", "1e10"]),
        ])
    func ticks(_ values: [Double], _ isLogarithmic: Bool, _ labels: [String]) {
        let ticks = Scale(values, logarithmic: isLogarithmic).ticks()
        #expect(ticks.map(\.label) == labels, "\(ticks.map(\.label))")
        #expect(ticks.allSatisfy { (-1e-9...1 + 1e-9).contains($0.place) })
    }

    @Test("far from 0 the axis has an offset; powers of ten are their own; ints have whole ticks")
    func offsets() {
        let far = Scale([1e9, 1e9 + 3], isTight: true)
        #expect(
            far.ticks(about: 4).map(\.label) == ["0", "1", "2", "3"] && far.offsetText == " − 1e9", "\(far)")
        #expect(
            Scale([5e-13, 2e-12], isTight: true).ticks(about: 4).map(\.label) == [
                "5e-13", "1e-12", "1.5e-12", "2e-12",
            ])
        #expect(Scale([1, 2], isTight: true, isWhole: true).ticks().map(\.label) == ["1", "2"])
        #expect(Scale([3, 4], from: 0, to: 10).ticks().map(\.label) == ["0", "2", "4", "6", "8", "10"])
    }

    @Test("names that are cut still differ")
    func names() {
        let names = ["one", "two", "three", "four"].map {
            "category-\(String(repeating: "x", count: 30))-\($0)-and-the-same-end"
        }
        let fitted = Drawing.fit(names, 100)
        #expect(TextSet(fitted).count == 4 && fitted.allSatisfy { Drawing.width(of: $0) < 130 }, "\(fitted)")
        #expect(Drawing.fit(["a", "b"], 100) == ["a", "b"])
    }

    @Test("places go from 0 to 1; a value that the axis cannot have has none")
    func places() {
        let linear = Scale([10, 20], isTight: true)
        #expect(linear.place(10) == 0 && linear.place(20) == 1 && linear.place(15) == 0.5)
        #expect(linear.place(.nan) == nil && linear.place(.infinity) == nil)
        let logarithmic = Scale([1, 100], logarithmic: true, isTight: true)
        #expect(logarithmic.place(10) == 0.5 && logarithmic.place(0) == nil && logarithmic.place(-1) == nil)
        let names = Scale(categories: ["a", "b"])
        #expect(names.place(0) == 0.25 && names.place(1) == 0.75 && names.ticks().map(\.label) == ["a", "b"])
    }

    @Test("nothing, one value, and values without a place make an axis all the same")
    func odd() {
        for values in [[], [5], [0], [.nan, .infinity], [-1e300, 1e300], [1e-300, 2e-300], [7, 7, 7]]
            as [[Double]]
        {
            for isLogarithmic in [false, true] {
                let scale = Scale(values, logarithmic: isLogarithmic)
                #expect(scale.ticks().count < 40)
                for tick in scale.ticks() { #expect(tick.place.isFinite) }
            }
        }
    }

    @Test("an axis begins and ends where it is asked to, also beyond all values")
    func ends() {
        for isLogarithmic in [false, true] {
            for (from, to) in [(100, nil), (nil, 0.01), (100, 1000), (0.001, 0.01)] as [(Double?, Double?)] {
                let scale = Scale([1, 2, 3], logarithmic: isLogarithmic, from: from, to: to)
                if let from { #expect(abs(scale.place(from) ?? 9) < 1e-9, "\(from) \(isLogarithmic)") }
                if let to { #expect(abs((scale.place(to) ?? 9) - 1) < 1e-9, "\(to) \(isLogarithmic)") }
                #expect(scale.ticks().allSatisfy { $0.place.isFinite })
            }
        }
    }

    @Test("a logarithm is suggested where values lie far apart")
    func suggestion() {
        #expect(Scale.suggestsLogarithm([1e-4, 1e-3, 1e-2]) && !Scale.suggestsLogarithm([1, 2, 3]))
        #expect(
            !Scale.suggestsLogarithm([0, 1, 100]) && !Scale.suggestsLogarithm([-1, 1, 100])
                && !Scale.suggestsLogarithm([]))
    }
}
