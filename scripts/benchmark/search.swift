import Glibc
import Search
import Text

/// How good the best of 60 trials is, over seeds, on functions whose least values are known: Branin's (0.3979) and
/// Hartmann's of six parameters (-3.3224). A line each: function, sampler, trials at once, the best of each seed.
enum SearchBenchmark {
    private static func branin(_ point: SearchPoint) -> Double {
        let (x, y) = (point["x"]?.number ?? 0, point["y"]?.number ?? 0)
        let b = 5.1 / (4 * Double.pi * Double.pi)
        let inner = y - b * x * x + 5 / Double.pi * x - 6
        return inner * inner + 10 * (1 - 1 / (8 * Double.pi)) * cos(x) + 10
    }

    private static let factors: [[Double]] = [
        [10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
    private static let centres: [[Double]] = [
        [1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381],
    ]

    private static func hartmann(_ point: SearchPoint) -> Double {
        let x = (1...6).map { point["x\($0)"]?.number ?? 0 }
        var sum = 0.0
        for (row, weight) in [1.0, 1.2, 3.0, 3.2].enumerated() {
            var exponent = 0.0
            for column in 0..<6 {
                let distance = x[column] - centres[row][column] * 1e-4
                exponent += factors[row][column] * distance * distance
            }
            sum -= weight * exp(-exponent)
        }
        return sum
    }

    static func run(seeds: Int, trials: Int = 60) throws {
        let plane = try SearchSpace([
            .init(way: "x", kind: .float(low: -5, high: 10, isLog: false)),
            .init(way: "y", kind: .float(low: 0, high: 15, isLog: false)),
        ])
        let cube = try SearchSpace(
            (1...6).map { .init(way: "x\($0)", kind: .float(low: 0, high: 1, isLog: false)) })
        let samplers: [(String, any Sampler)] = [
            ("random", RandomSampler()), ("tpe", TPESampler()), ("gp", GPSampler()),
        ]
        for (name, space, function) in [("branin", plane, branin), ("hartmann6", cube, hartmann)] {
            for (sampler, own) in samplers {
                for parallel in sampler == "random" ? [1] : [1, 4] {
                    let bests = (0..<seeds).map { seed in
                        best(
                            Search(space: space, sampler: own, seed: UInt64(seed)), function, parallel, trials
                        )
                    }
                    let text = bests.map { NumberText.lua($0) }.joined(separator: " ")
                    print(name, sampler, parallel, text)
                }
            }
        }
    }

    private static func best(
        _ search: Search, _ function: (SearchPoint) -> Double, _ parallel: Int, _ trials: Int
    ) -> Double {
        var seen: [Observation] = []
        var taken: TextSet = []
        for trial in 1...trials {
            let known = seen.enumerated().map { index, one in
                index < trial - parallel ? one : Observation(one.point, loss: nil)
            }
            guard let point = search.propose(trial: trial, seen: known, taken: taken) else { break }
            taken.insert(point.key)
            seen.append(Observation(point, loss: function(point)))
        }
        return seen.compactMap(\.loss).min() ?? .infinity
    }
}
