import Settings
import Text

/// A Gaussian process with a Matérn 5/2 kernel and a length for each dimension, over points from 0 to 1 in each.
struct GaussianProcess {
    private let points: [[Double]]
    private let lengths: [Double]
    /// The lower triangle of the Cholesky factor of the kernel's matrix, by rows.
    private let factor: [Double]
    /// The inverse of the matrix times the values.
    private let weights: [Double]
    /// What the values were moved by, and divided by.
    private let mean: Double
    private let scale: Double
    /// The variance of the process, for values that were scaled.
    let variance: Double
    /// The logarithm of the marginal likelihood, up to a constant.
    let likelihood: Double

    /// - Parameters:
    ///   - noise: the variance of an observation, as a part of the process's.
    /// - Returns: nil where the matrix has no factor.
    init?(_ points: [[Double]], _ values: [Double], lengths: [Double], noise: Double) {
        let count = points.count
        let mean = values.reduce(0, +) / Double(count)
        let spread = Math.sqrt(values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count))
        let scale = spread > 0 && spread.isFinite ? spread : 1
        let scaled = values.map { ($0 - mean) / scale }
        var matrix = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0...row {
                matrix[row * count + column] =
                    row == column ? 1 + noise : Self.kernel(points[row], points[column], lengths)
            }
        }
        guard Self.factorise(&matrix, count) else { return nil }
        let half = Self.solveLower(matrix, scaled)
        let quadratic = half.reduce(0) { $0 + $1 * $1 }
        let variance = max(quadratic / Double(count), 1e-12)
        var determinant = 0.0
        for row in 0..<count { determinant += Math.log(matrix[row * count + row]) }
        self.points = points
        self.lengths = lengths
        self.mean = mean
        self.scale = scale
        self.variance = variance
        factor = matrix
        weights = Self.solveUpper(matrix, half)
        likelihood = -0.5 * Double(count) * Math.log(variance) - determinant
    }

    /// What is expected at a point, and its standard deviation, in the units of the values.
    func predict(_ point: [Double]) -> (mean: Double, deviation: Double) {
        let near = points.map { Self.kernel($0, point, lengths) }
        var sum = 0.0
        for (one, weight) in zip(near, weights) { sum += one * weight }
        let half = Self.solveLower(factor, near)
        let left = max(0, 1 - half.reduce(0) { $0 + $1 * $1 })
        return (mean + scale * sum, scale * Math.sqrt(variance * left))
    }

    /// How much better than `best` a point is expected to be; smaller is better.
    func improvement(_ point: [Double], over best: Double) -> Double {
        let (mean, deviation) = predict(point)
        guard deviation > 0 else { return max(0, best - mean) }
        let z = (best - mean) / deviation
        return (best - mean) * Math.normalBelow(z) + deviation * Math.normalDensity(z)
    }

    // MARK: Linear algebra

    private static func kernel(_ a: [Double], _ b: [Double], _ lengths: [Double]) -> Double {
        var square = 0.0
        for index in lengths.indices {
            let distance = (a[index] - b[index]) / lengths[index]
            square += distance * distance
        }
        let r = Math.sqrt(5 * square)
        return (1 + r + r * r / 3) * Math.exp(-r)
    }

    /// Cholesky's factor, in place.
    private static func factorise(_ matrix: inout [Double], _ count: Int) -> Bool {
        for row in 0..<count {
            for column in 0...row {
                var sum = matrix[row * count + column]
                for index in 0..<column {
                    sum -= matrix[row * count + index] * matrix[column * count + index]
                }
                if row == column {
                    guard sum > 1e-12 else { return false }
                    matrix[row * count + row] = Math.sqrt(sum)
                } else {
                    matrix[row * count + column] = sum / matrix[column * count + column]
                }
            }
        }
        return true
    }

    private static func solveLower(_ factor: [Double], _ values: [Double]) -> [Double] {
        let count = values.count
        var result = values
        for row in 0..<count {
            var sum = result[row]
            for column in 0..<row { sum -= factor[row * count + column] * result[column] }
            result[row] = sum / factor[row * count + row]
        }
        return result
    }

    private static func solveUpper(_ factor: [Double], _ values: [Double]) -> [Double] {
        let count = values.count
        var result = values
        for row in (0..<count).reversed() {
            var sum = result[row]
            for column in (row + 1)..<max(row + 1, count) {
                sum -= factor[column * count + row] * result[column]
            }
            result[row] = sum / factor[row * count + row]
        }
        return result
    }
}

/// The point of which a Gaussian process expects the most improvement. For up to 500 observations; above that, TPE.
package struct GPSampler: Sampler {
    /// So many trials are random.
    package let startup: Int

    package init(startup: Int = 8) { self.startup = startup }

    private static let most = 500
    /// Lengths are fitted to so many observations.
    private static let mostFitted = 120

    package func propose(in space: SearchSpace, trial: Int, seed: UInt64, seen: [Observation]) -> SearchPoint
    {
        let known = seen.filter { $0.loss != nil }
        guard known.count >= startup else {
            return RandomSampler().propose(in: space, trial: trial, seed: seed, seen: seen)
        }
        let finite = known.compactMap(\.loss).filter(\.isFinite)
        guard known.count <= Self.most, let worst = finite.max(), let best = finite.min() else {
            return TPESampler().propose(in: space, trial: trial, seed: seed, seen: seen)
        }
        var random = SplitMix(seed: seed, trial: trial)
        var points = known.map { Self.vector(of: $0.point, in: space) }
        var values = known.map { $0.loss.map { $0.isFinite ? $0 : worst } ?? worst }
        let lengths = Self.fit(points, values)
        guard var process = GaussianProcess(points, values, lengths: lengths.lengths, noise: lengths.noise)
        else {
            return TPESampler().propose(in: space, trial: trial, seed: seed, seen: seen)
        }
        // What is open is believed to give what is expected of it.
        for open in seen where open.loss == nil {
            let point = Self.vector(of: open.point, in: space)
            points.append(point)
            values.append(process.predict(point).mean)
        }
        if points.count > known.count,
            let more = GaussianProcess(points, values, lengths: lengths.lengths, noise: lengths.noise)
        {
            process = more
        }
        func score(_ point: SearchPoint) -> Double {
            process.improvement(Self.vector(of: point, in: space), over: best)
        }
        let leader = known.min { ($0.loss ?? .infinity) < ($1.loss ?? .infinity) }?.point ?? known[0].point
        var candidates: [(score: Double, point: SearchPoint)] = []
        for number in 0..<600 {
            let point =
                number.isMultiple(of: 3)
                ? Self.beside(leader, space, width: 0.1, &random)
                : RandomSampler.point(in: space) { _ in random.fraction() }
            candidates.append((score(point), point))
        }
        candidates.sort { $0.score > $1.score }
        // The best of them climb.
        var chosen = candidates[0]
        for start in candidates.prefix(4) {
            var (own, width) = (start, 0.05)
            for _ in 0..<80 {
                let next = Self.beside(own.point, space, width: width, &random)
                let value = score(next)
                if value > own.score { own = (value, next) } else { width = max(0.001, width * 0.93) }
            }
            if own.score > chosen.score { chosen = own }
        }
        return chosen.point
    }

    /// Lengths and noise of the greatest likelihood, found by steps along each.
    private static func fit(
        _ points: [[Double]], _ values: [Double]
    ) -> (lengths: [Double], noise: Double) {
        let count = min(points.count, mostFitted)
        let (points, values) = (Array(points.suffix(count)), Array(values.suffix(count)))
        func likelihood(_ lengths: [Double], _ noise: Double) -> Double {
            guard let process = GaussianProcess(points, values, lengths: lengths, noise: noise) else {
                return -.infinity
            }
            // Lengths of about a half are the usual ones.
            let prior = lengths.reduce(0) { $0 + Math.log($1 / 0.5) * Math.log($1 / 0.5) }
            return process.likelihood - 0.25 * prior
        }
        var lengths = [Double](repeating: 0.5, count: points[0].count)
        var noise = 1e-6
        var best = likelihood(lengths, noise)
        var step = 2.0
        for _ in 0..<6 {
            var isBetter = false
            for index in lengths.indices {
                for factor in [step, 1 / step] {
                    var other = lengths
                    other[index] = min(10, max(0.02, other[index] * factor))
                    let value = likelihood(other, noise)
                    if value > best {
                        (best, lengths, isBetter) = (value, other, true)
                        break
                    }
                }
            }
            for factor in [100.0, 0.01] {
                let other = min(1, max(1e-8, noise * factor))
                let value = likelihood(lengths, other)
                if value > best {
                    (best, noise, isBetter) = (value, other, true)
                    break
                }
            }
            if !isBetter { step = Math.sqrt(step) }
            if step < 1.1 { break }
        }
        return (lengths, noise)
    }

    /// A point as numbers from 0 to 1: of a choice one for each value; half of what is not there.
    static func vector(of point: SearchPoint, in space: SearchSpace) -> [Double] {
        var all: [Double] = []
        for (place, dimension) in space.dimensions.enumerated() {
            let value = point[dimension.way].flatMap { space.coordinate(of: $0, at: place) }
            if case .choice(let values) = dimension.kind {
                for index in values.indices { all.append(value == Double(index) ? 0.7 : 0) }
            } else {
                all.append(value ?? 0.5)
            }
        }
        return all
    }

    /// A point near another: numbers a little beside, a choice another one now and then.
    private static func beside(
        _ point: SearchPoint, _ space: SearchSpace, width: Double, _ random: inout SplitMix
    ) -> SearchPoint {
        var parts: [Double] = []
        for (place, dimension) in space.dimensions.enumerated() {
            let value = point[dimension.way].flatMap { space.coordinate(of: $0, at: place) }
            let (other, shift, choice) = (random.fraction(), random.normal(), random.fraction())
            guard let value else {
                parts.append(other)
                continue
            }
            if case .choice(let values) = dimension.kind {
                parts.append(choice < 0.1 ? other : (value + 0.5) / Double(values.count))
            } else {
                parts.append(min(1 - 1e-12, max(0, value + width * shift)))
            }
        }
        return RandomSampler.point(in: space) { parts[$0] }
    }
}
