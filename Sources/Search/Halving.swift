package import Text

/// Successive halving without rounds (ASHA, arXiv 1810.05934): trials begin with a little of a budget, such as epochs; of
/// those that have come as far, one of `eta` goes on with `eta` times as much.
package struct Halving: Sendable, Equatable {
    /// The parameter that is the budget.
    package let way: String
    /// What it is at each rung, from the least on.
    package let rungs: [Int64]
    package let eta: Int

    /// - Throws: bounds and factors that make no two rungs.
    package init(way: String, from low: Int64, to high: Int64, eta: Int) throws(SearchSpace.Problem) {
        guard eta >= 2, eta <= 1000 else {
            throw SearchSpace.Problem(text: "halving: eta is a number from 2, not \(eta)")
        }
        guard low >= 1, low < high else {
            throw SearchSpace.Problem(
                text: "halving: \(way) = { \(low), \(high) }: the least comes first, from 1")
        }
        var rungs = [low]
        while let last = rungs.last, last < high {
            let (next, overflow) = last.multipliedReportingOverflow(by: Int64(eta))
            rungs.append(overflow ? high : min(high, next))
        }
        self.way = way
        self.rungs = rungs
        self.eta = eta
    }

    package var json: JSON {
        [
            "way": .string(way), "rungs": .array(rungs.map { .int($0) }), "eta": .int(Int64(eta)),
        ]
    }

    package init?(json: JSON) {
        guard let way = json["way"]?.string, case .array(let rungs)? = json["rungs"],
            let eta = json["eta"]?.int,
            eta >= 2, rungs.count > 1
        else { return nil }
        self.way = way
        self.rungs = rungs.compactMap(\.int)
        self.eta = Int(eta)
    }

    /// A trial at a rung.
    package struct Entry: Sendable {
        package let rung: Int
        /// Smaller is better; nil while it is not known, infinite where it failed.
        package let loss: Double?
        /// The trial that it goes on from, from 1.
        package let origin: Int?

        package init(rung: Int, loss: Double?, origin: Int?) {
            self.rung = rung
            self.loss = loss
            self.origin = origin
        }
    }

    /// The trial that goes on, from 1: of the highest rung that has one among the best of those that have come there.
    package func promoted(_ trials: [Entry]) -> Int? {
        let gone = Set(trials.compactMap(\.origin))
        for rung in (0..<(rungs.count - 1)).reversed() {
            let done = trials.indices.filter { trials[$0].rung == rung && trials[$0].loss != nil }.sorted {
                let (a, b) = (trials[$0].loss ?? .infinity, trials[$1].loss ?? .infinity)
                return a == b ? $0 < $1 : a < b
            }
            let best = done.prefix(done.count / eta).first {
                !gone.contains($0 + 1) && (trials[$0].loss ?? .infinity).isFinite
            }
            if let best { return best + 1 }
        }
        return nil
    }

    /// The rung whose results a sampler sees: the highest that has enough of them.
    package func modelled(_ trials: [Entry], least: Int) -> Int {
        rungs.indices.last { rung in trials.count { $0.rung == rung && $0.loss != nil } >= least } ?? 0
    }
}
