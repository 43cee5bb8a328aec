import Settings
import Testing
import Text

@testable import Search

@Suite("Search", .timeLimit(.minutes(20)))
struct SearchTests {
    private func space() throws -> SearchSpace {
        try SearchSpace([
            .init(way: "lr", kind: .float(low: 1e-5, high: 1, isLog: true)),
            .init(way: "optimizer", kind: .choice([.string("adam"), .string("sgd")])),
            .init(
                way: "momentum", kind: .float(low: 0, high: 0.99, isLog: false),
                conditions: [.init(way: "optimizer", values: [.string("sgd")])]),
            .init(way: "layers", kind: .int(low: 1, high: 4)),
        ])
    }

    /// A loss that is known: small for a rate of 0.01, and for sgd with much momentum.
    private func loss(_ point: SearchPoint) -> Double {
        let rate = Math.log(point["lr"]?.number ?? 1) - Math.log(0.01)
        return rate * rate + (point["momentum"]?.number.map { 1 - $0 } ?? 1.5)
    }

    @Test("values have six digits, and are within their bounds")
    func rounding() throws {
        for (number, rounded) in [
            (0.123456789, 0.123457), (1234567.8, 1234570), (-1.0000004, -1), (0, 0), (9.9999999e-300, 1e-299),
            (1e308, 1e308),
        ] { #expect(Math.rounded(number) == rounded, "\(number)") }
        let space = try SearchSpace([
            .init(way: "x", kind: .float(low: 0.12345678, high: 0.12345679, isLog: false))
        ])
        for part in [0, 0.3, 1.0] {
            #expect(space.contains(SearchPoint([("x", space.value(at: part, of: 0))])))
        }
    }

    @Test(
        "what a space cannot be is said",
        arguments: [
            ([], "no parameters"), ([("a", .float(low: 1, high: 1, isLog: false), [])], "lower bound"),
            ([("a", .float(low: 0, high: 1, isLog: true), [])], "log of 0"),
            ([("a", .choice([]), [])], "no values"),
            ([("a", .int(low: 2, high: 1), [])], "integers from 2 to 1"),
            ([("a", .int(low: 1, high: 2), [("b", .string("x"))])], "not in the space"),
            ([("a", .choice([.string("x")]), [("a", .string("x"))])], "depends on itself"),
            (
                [("a", .int(low: 1, high: 2), [("b", .string("y"))]), ("b", .choice([.string("x")]), [])],
                "cannot have"
            ),
        ] as [([(String, SearchSpace.Kind, [(String, JSON)])], String)])
    func problems(_ given: [(String, SearchSpace.Kind, [(String, JSON)])], _ message: String) {
        let dimensions = given.map { way, kind, conditions in
            SearchSpace.Dimension(
                way: way, kind: kind, conditions: conditions.map { .init(way: $0.0, values: [$0.1]) })
        }
        do throws(SearchSpace.Problem) {
            _ = try SearchSpace(dimensions)
            Issue.record("\(message): it was taken")
        } catch { #expect(error.text.contains(message), "\(error.text)") }
    }

    @Test("each proposal is a point of the space, a function of what was seen, and none comes twice")
    func proposals() throws {
        let space = try space()
        for sampler in [RandomSampler(), TPESampler(), TPESampler(startup: 3), GPSampler(), SobolSampler()]
            as [any Sampler]
        {
            let search = Search(space: space, sampler: sampler, seed: 7)
            var seen: [Observation] = []
            var taken: TextSet = []
            for trial in 1...80 {
                let point = try #require(search.propose(trial: trial, seen: seen, taken: taken))
                #expect(search.propose(trial: trial, seen: seen, taken: taken) == point)
                #expect(space.contains(point), "\(point.key)")
                #expect((point["momentum"] != nil) == (point["optimizer"] == .string("sgd")))
                #expect(taken.insert(point.key).inserted)
                seen.append(Observation(point, loss: trial.isMultiple(of: 7) ? nil : loss(point)))
            }
        }
    }

    @Test("a space of 64 points is gone through, each once, and then it is over")
    func exhausted() throws {
        let space = try SearchSpace([
            .init(way: "a", kind: .int(low: 1, high: 8)),
            .init(way: "b", kind: .choice((1...8).map { .int($0) })),
        ])
        #expect(space.count == 64)
        for sampler in [RandomSampler(), TPESampler(), GPSampler()] as [any Sampler] {
            let search = Search(space: space, sampler: sampler, seed: 1)
            var seen: [Observation] = []
            var taken: TextSet = []
            for trial in 1...64 {
                let point = try #require(search.propose(trial: trial, seen: seen, taken: taken))
                #expect(taken.insert(point.key).inserted)
                seen.append(Observation(point, loss: Double(trial % 5)))
            }
            #expect(search.propose(trial: 65, seen: seen, taken: taken) == nil)
        }
    }

    @Test("a monotone change of the loss leaves the points as they are")
    func monotone() throws {
        let space = try space()
        let search = Search(space: space, sampler: TPESampler(), seed: 3)
        func points(_ change: (Double) -> Double) -> [String] {
            var seen: [Observation] = []
            var taken: TextSet = []
            return (1...40).map { trial in
                guard let point = search.propose(trial: trial, seen: seen, taken: taken) else { return "" }
                taken.insert(point.key)
                seen.append(Observation(point, loss: change(loss(point))))
                return point.key
            }
        }
        #expect(points { $0 } == points { Math.exp($0) * 3 - 7 })
    }

    @Test("the densities of the Parzen estimator integrate to 1, and its draws follow them")
    func densities() throws {
        let space = try SearchSpace([
            .init(way: "c", kind: .choice([.int(1), .int(2), .int(3)])),
            .init(way: "x", kind: .float(low: 0, high: 1, isLog: false)),
        ])
        let points = [(1, 0.1), (1, 0.12), (3, 0.9), (2, 0.999)].map { choice, x in
            SearchPoint([("c", .int(Int64(choice))), ("x", .float(x))])
        }
        let parzen = Parzen(space, [0, 1], points)
        var sum = 0.0
        let steps = 4000
        for choice in 0..<3 {
            for step in 0..<steps {
                sum +=
                    Math.exp(parzen.logDensity([Double(choice), (Double(step) + 0.5) / Double(steps)]))
                    / Double(steps)
            }
        }
        #expect(abs(sum - 1) < 1e-3, "\(sum)")
        var random = SplitMix(seed: 1)
        let near = (0..<2000).count { _ in
            let place = parzen.draw(&random)
            return place[0] == 0 && place[1] < 0.3
        }
        #expect((500...1100).contains(near), "\(near)")
    }

    @Test("quantiles of the normal law are the inverse of its distribution")
    func quantiles() {
        for p in [1e-12, 1e-4, 0.02, 0.3, 0.5, 0.77, 0.99, 1 - 1e-9] {
            #expect(abs(Math.normalBelow(Math.normalQuantile(p)) - p) < 1e-12, "\(p)")
        }
    }

    @Test(
        "what a Gaussian process expects is what scikit-learn 1.7 expects: Matern(nu=2.5), alpha=1e-6, normalize_y"
    )
    func posterior() throws {
        let points = [[0.1, 0.2], [0.4, 0.9], [0.8, 0.3], [0.55, 0.5], [0.95, 0.95]]
        let values = [1.5, -0.3, 2.2, 0.1, 4.0]
        let process = try #require(GaussianProcess(points, values, lengths: [0.3, 0.7], noise: 1e-6))
        for (point, mean, deviation) in [
            ([0.3, 0.3], 0.5147409243, 0.824074875906), ([0.5, 0.5], -0.121348054049, 0.247160566971),
            ([0.05, 0.99], 0.993942714038, 1.27509170226), ([0.9, 0.6], 3.3612529367, 0.537277001357),
        ] {
            let own = process.predict(point)
            #expect(abs(own.mean - mean) < 1e-6, "\(point)")
            // There the variance of the process is 1; here it is that of the greatest likelihood.
            #expect(abs(own.deviation / process.variance.squareRoot() - deviation) < 1e-6, "\(point)")
        }
        #expect(GaussianProcess([[0.5], [0.5]], [1, 2], lengths: [1], noise: 0) == nil)
    }

    @Test(
        "odd results and spaces: constants, 1e308, failures alone, one value, 40 dimensions, values that are equal"
    )
    func odd() throws {
        let wide = try SearchSpace(
            (1...40).map { .init(way: "x\($0)", kind: .float(low: -1e300, high: 1e300, isLog: false)) })
        let narrow = try SearchSpace([
            .init(way: "a", kind: .int(low: 7, high: 7)), .init(way: "b", kind: .choice([.string("only")])),
            .init(way: "c", kind: .float(low: 1e-300, high: 1e300, isLog: true)),
        ])
        for sampler in [RandomSampler(), TPESampler(), GPSampler()] as [any Sampler] {
            for space in [wide, narrow, try self.space()] {
                for loss in [
                    { _ in 1.0 }, { _ in .infinity }, { Double($0) * 1e307 }, { $0 == 3 ? -1e308 : 1e308 },
                ] as [(Int) -> Double] {
                    let search = Search(space: space, sampler: sampler, seed: 5)
                    var seen: [Observation] = []
                    var taken: TextSet = []
                    for trial in 1...14 {
                        let point = try #require(search.propose(trial: trial, seen: seen, taken: taken))
                        #expect(space.contains(point), "\(point.key)")
                        taken.insert(point.key)
                        seen.append(Observation(point, loss: loss(trial)))
                    }
                }
            }
        }
    }

    @Test("promotions are those of a plain transcription of ASHA")
    func promotions() throws {
        let halving = try Halving(way: "epochs", from: 1, to: 20, eta: 3)
        #expect(halving.rungs == [1, 3, 9, 20])
        var random = SplitMix(seed: 11)
        for _ in 0..<50 {
            var trials: [Halving.Entry] = []
            for _ in 0..<60 {
                let expected = asha(trials, halving)
                #expect(halving.promoted(trials) == expected)
                let loss =
                    random.fraction() < 0.2 ? nil : random.fraction() < 0.1 ? .infinity : random.fraction()
                trials.append(
                    Halving.Entry(
                        rung: expected.map { trials[$0 - 1].rung + 1 } ?? 0, loss: loss, origin: expected))
            }
        }
        for (low, high, eta) in [(1, 27, 1), (0, 9, 3), (9, 9, 3), (9, 1, 3)] {
            #expect(throws: SearchSpace.Problem.self) {
                try Halving(way: "e", from: Int64(low), to: Int64(high), eta: eta)
            }
        }
    }

    /// Algorithm 2 of arXiv 1810.05934, `get_job`.
    private func asha(_ trials: [Halving.Entry], _ halving: Halving) -> Int? {
        for k in stride(from: halving.rungs.count - 2, through: 0, by: -1) {
            let candidates = trials.enumerated().compactMap { index, trial in
                trial.rung == k ? trial.loss.map { (loss: $0, index: index) } : nil
            }
            let top = candidates.sorted { ($0.loss, $0.index) < ($1.loss, $1.index) }.prefix(
                candidates.count / halving.eta)
            let promotable = top.filter { one in
                one.loss < .infinity && !trials.contains { $0.origin == one.index + 1 }
            }
            if let first = promotable.first { return first.index + 1 }
        }
        return nil
    }
}
