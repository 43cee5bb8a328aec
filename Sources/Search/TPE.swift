import Settings
import Text

/// The tree-structured Parzen estimator (Bergstra et al. 2011), with the parameters that are there together as one
/// distribution: of the best points, and of the others. The next point is the most likely one of the former, against
/// the latter, of some that are drawn from the former.
package struct TPESampler: Sampler {
    /// So many trials are random.
    package let startup: Int
    /// Of how many candidates the best is taken.
    package let candidates: Int

    package init(startup: Int = 10, candidates: Int = 24) {
        self.startup = startup
        self.candidates = candidates
    }

    package func propose(in space: SearchSpace, trial: Int, seed: UInt64, seen: [Observation]) -> SearchPoint
    {
        let known = seen.filter { $0.loss != nil }
        guard known.count >= startup else {
            return RandomSampler().propose(in: space, trial: trial, seed: seed, seen: seen)
        }
        var random = SplitMix(seed: seed, trial: trial)
        // By rank: a monotone change of the loss leaves the points as they are. Of equals the earlier one is the better.
        let order = known.indices.sorted {
            let (a, b) = (known[$0].loss ?? .infinity, known[$1].loss ?? .infinity)
            return a == b ? $0 < $1 : a < b
        }
        let count = Self.best(of: known.count)
        let best = order.prefix(count).map { known[$0].point }
        // What is open counts as bad, so that others are not sent to the same place.
        let rest =
            order.dropFirst(count).map { known[$0].point } + seen.filter { $0.loss == nil }.map(\.point)
        var point = SearchPoint()
        for group in space.groups {
            guard space.isActive(group[0], in: point) else { continue }
            let good = Parzen(space, group, best)
            let bad = Parzen(space, group, rest)
            var chosen: (score: Double, place: [Double])?
            for _ in 0..<candidates {
                let place = good.draw(&random)
                let score = good.logDensity(place) - bad.logDensity(place)
                if chosen.map({ score > $0.score }) ?? true { chosen = (score, place) }
            }
            for (index, dimension) in group.enumerated() {
                guard let place = chosen?.place[index] else { continue }
                point[space.dimensions[dimension].way] = space.value(at: place, of: dimension)
            }
        }
        return point
    }

    /// How many of some observations are good.
    static func best(of count: Int) -> Int { min(25, Int((0.07 * Double(count)).rounded(.up))) }
}

/// A mixture of kernels, one around each of some points and a wide one for everything else, over the parameters of a
/// group.
struct Parzen {
    /// How wide a kernel is, as a part of the range, before there are more.
    private static let factor = 0.08
    private enum Axis {
        /// From 0 to 1: the centres, and how wide each kernel is.
        case range(centres: [Double], widths: [Double])
        /// The probabilities of the choices, by kernels.
        case choice([[Double]])
    }

    private let axes: [Axis]
    private let count: Int

    /// - Parameter points: those that lack a parameter of the group do not count.
    init(_ space: SearchSpace, _ group: [Int], _ points: [SearchPoint]) {
        let places = points.compactMap { point -> [Double]? in
            let own = group.compactMap { dimension in
                point[space.dimensions[dimension].way].flatMap { space.coordinate(of: $0, at: dimension) }
            }
            return own.count == group.count ? own : nil
        }
        count = places.count + 1
        axes = group.enumerated().map { index, dimension in
            let values = places.map { $0[index] }
            if case .choice(let choices) = space.dimensions[dimension].kind {
                let prior = 1 / Double(choices.count)
                // A little of everything in each kernel.
                let spread = 1 / Double(values.count + 1)
                let kernels = values.map { value in
                    choices.indices.map { (Double($0) == value ? 1 : 0) * (1 - spread) + spread * prior }
                }
                return .choice(kernels + [choices.map { _ in prior }])
            }
            return Self.range(values, dimensions: group.count)
        }
    }

    private static func range(_ values: [Double], dimensions: Int) -> Axis {
        let all = values + [0.5]
        let width = Parzen.factor * Math.pow(Double(max(1, values.count)), -1 / Double(dimensions + 4))
        let least = 1 / min(100, Double(values.count) + 2)
        return .range(centres: all, widths: values.map { _ in max(width, least * 0.1) } + [1])
    }

    /// A point of the mixture.
    func draw(_ random: inout SplitMix) -> [Double] {
        let kernel = RandomDraw.index(below: count, random.fraction())
        return axes.map { axis in
            switch axis {
            case .range(let centres, let widths):
                return Self.truncated(centres[kernel], widths[kernel], random.fraction())
            case .choice(let kernels):
                var part = random.fraction()
                for (index, probability) in kernels[kernel].enumerated() {
                    part -= probability
                    if part < 0 { return Double(index) }
                }
                return Double(kernels[kernel].count - 1)
            }
        }
    }

    /// The logarithm of the density at a point.
    func logDensity(_ place: [Double]) -> Double {
        Math.logOfSum(
            (0..<count).map { kernel in
                var sum = -Math.log(Double(count))
                for (index, axis) in axes.enumerated() {
                    switch axis {
                    case .range(let centres, let widths):
                        sum += Self.logTruncated(place[index], centres[kernel], widths[kernel])
                    case .choice(let kernels): sum += Math.log(kernels[kernel][Int(place[index])])
                    }
                }
                return sum
            })
    }

    /// A number of the normal law between 0 and 1.
    private static func truncated(_ centre: Double, _ width: Double, _ part: Double) -> Double {
        let low = Math.normalBelow(-centre / width)
        let high = Math.normalBelow((1 - centre) / width)
        return min(1, max(0, centre + width * Math.normalQuantile(low + part * (high - low))))
    }

    private static func logTruncated(_ x: Double, _ centre: Double, _ width: Double) -> Double {
        let mass = Math.normalBelow((1 - centre) / width) - Math.normalBelow(-centre / width)
        let z = (x - centre) / width
        return -0.5 * z * z - 0.9189385332046727 - Math.log(width) - Math.log(mass)
    }
}
