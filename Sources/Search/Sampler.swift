import Settings
package import Text

/// What is known of a point: how large its loss is, or that it is not known yet.
package struct Observation: Sendable {
    package let point: SearchPoint
    /// The smaller the better; nil while it is open.
    package let loss: Double?

    package init(_ point: SearchPoint, loss: Double?) {
        self.point = point
        self.loss = loss
    }
}

/// Chooses the next point: the same for the same arguments, whatever was asked before.
package protocol Sampler: Sendable {
    /// - Parameters:
    ///   - trial: the number of the trial, from 1.
    ///   - seed: of the search.
    ///   - seen: what is known, in the order of the trials.
    func propose(in space: SearchSpace, trial: Int, seed: UInt64, seen: [Observation]) -> SearchPoint
}

extension SplitMix {
    /// The random numbers of a trial.
    init(seed: UInt64, trial: Int, attempt: Int = 0) {
        var mix = SplitMix(seed: seed)
        let first = mix.next()
        var own = SplitMix(seed: first ^ UInt64(bitPattern: Int64(trial)) &* 0x9e37_79b9_7f4a_7c15)
        self.init(seed: own.next() ^ UInt64(bitPattern: Int64(attempt)) &* 0xd1b5_4a32_d192_ed03)
    }

    /// A normal number (Box and Muller).
    mutating func normal() -> Double {
        let radius = Math.sqrt(-2 * Math.log(1 - fraction()))
        return radius * Math.cosine(2 * .pi * fraction())
    }
}

/// Any point, each as likely as another.
package struct RandomSampler: Sampler {
    package init() {}

    package func propose(in space: SearchSpace, trial: Int, seed: UInt64, seen: [Observation]) -> SearchPoint
    {
        var random = SplitMix(seed: seed, trial: trial)
        return Self.point(in: space) { _ in random.fraction() }
    }

    /// The point whose parameters lie at some parts of their ranges.
    static func point(in space: SearchSpace, _ part: (Int) -> Double) -> SearchPoint {
        var point = SearchPoint()
        for (place, dimension) in space.dimensions.enumerated() {
            let part = part(place)
            guard space.isActive(place, in: point) else { continue }
            if case .choice(let values) = dimension.kind {
                point[dimension.way] = values[RandomDraw.index(below: values.count, part)]
            } else {
                point[dimension.way] = space.value(at: part, of: place)
            }
        }
        return point
    }
}

/// The points of Sobol's sequence, which fill the space evenly.
package struct SobolSampler: Sampler {
    package init() {}

    /// The most parameters that a space may have.
    package static let most = SobolSequence.most

    package func propose(in space: SearchSpace, trial: Int, seed: UInt64, seen: [Observation]) -> SearchPoint
    {
        let sequence = SobolSequence(
            dimensions: min(Self.most, space.dimensions.count), seed: Int64(bitPattern: seed))
        let parts = sequence.point(trial)
        return RandomSampler.point(in: space) { $0 < parts.count ? parts[$0] : 0.5 }
    }
}

/// A search: which point comes next, none of them twice.
package struct Search: Sendable {
    package let space: SearchSpace
    package let sampler: any Sampler
    package let seed: UInt64
    /// Points that come before all others.
    package let first: [SearchPoint]

    package init(space: SearchSpace, sampler: any Sampler, seed: UInt64, first: [SearchPoint] = []) {
        self.space = space
        self.sampler = sampler
        self.seed = seed
        self.first = first
    }

    /// The point of a trial.
    ///
    /// - Parameters:
    ///   - seen: what is known of points, those of trials that are open and those of earlier jobs too.
    ///   - taken: the keys of the points of all trials before.
    /// - Returns: nil where every point was taken.
    package func propose(trial: Int, seen: [Observation], taken: TextSet) -> SearchPoint? {
        if trial <= first.count, !taken.contains(first[trial - 1].key) { return first[trial - 1] }
        let point = sampler.propose(in: space, trial: trial, seed: seed, seen: seen)
        if !taken.contains(point.key) { return point }
        // As the sampler would like it, but for what was tried: beside it, then anywhere.
        for attempt in 1...Self.attempts {
            var random = SplitMix(seed: seed, trial: trial, attempt: attempt)
            let other =
                attempt.isMultiple(of: 2)
                ? RandomSampler.point(in: space) { _ in random.fraction() }
                : beside(point, &random)
            if !taken.contains(other.key) { return other }
        }
        guard space.count != nil else { return nil }
        let left = space.all.filter { !taken.contains($0.key) }
        if left.isEmpty { return nil }
        var random = SplitMix(seed: seed, trial: trial, attempt: -1)
        return left[RandomDraw.index(below: left.count, random.fraction())]
    }

    private static let attempts = 64

    /// A point near another: one of its parameters has another value.
    private func beside(_ point: SearchPoint, _ random: inout SplitMix) -> SearchPoint {
        let changed = RandomDraw.index(below: space.dimensions.count, random.fraction())
        var parts = space.dimensions.map { _ in random.fraction() }
        let step = 0.1 * (random.fraction() - 0.5)
        for (place, dimension) in space.dimensions.enumerated() where place != changed {
            guard let value = point[dimension.way], let known = space.coordinate(of: value, at: place) else {
                continue
            }
            if case .choice(let values) = dimension.kind {
                parts[place] = (known + 0.5) / Double(values.count)
            } else {
                parts[place] = known
            }
        }
        if case .choice = space.dimensions[changed].kind {
        } else if let value = point[space.dimensions[changed].way],
            let known = space.coordinate(of: value, at: changed)
        {
            parts[changed] = min(1 - 1e-12, max(0, known + step))
        }
        return RandomSampler.point(in: space) { parts[$0] }
    }
}
