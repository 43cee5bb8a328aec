import Text

/// How long the rest of a run takes: a range, by what jobs of each type took before.
package struct TimeLeft: Sendable, Equatable {
    /// In seconds.
    package let least: Double
    package let most: Double
    /// What is most likely.
    package let middle: Double

    /// The jobs of one type that are left.
    package struct Work {
        /// What is known of those that were done.
        package var known: TaskDurations.Spread
        package var waiting: Int
        /// For how long those that run have run, in seconds.
        package var running: [Double]

        package init(known: TaskDurations.Spread, waiting: Int, running: [Double]) {
            (self.known, self.waiting, self.running) = (known, waiting, running)
        }
    }

    /// - Returns: nil where nothing is left, or nothing known. While nothing happens it does not rise.
    package init?(_ works: [Work]) {
        let samples = works.reduce(0) { $0 + $1.known.count }
        let slots = Double(max(1, works.reduce(0) { $0 + $1.running.count }))
        guard samples > 0 else { return nil }
        let usual = works.reduce(0) { $0 + $1.known.mean * $1.known.count } / samples
        var (work, variance, longest) = (0.0, 0.0, 0.0)
        for one in works {
            let isKnown = one.known.count > 0
            let mean = isKnown ? one.known.mean : usual
            let deviation = isKnown ? one.known.deviation : usual
            let rests = one.running.map { max(0, mean - $0) }
            let waiting = Double(one.waiting)
            work += waiting * mean + rests.reduce(0, +)
            // Those that wait differ from each other, and their mean from the one that is known.
            let open = waiting + Double(rests.count { $0 > 0 })
            variance += deviation * deviation * (open + open * open / max(1, one.known.count))
            // However many at a time, the longest takes as long as it takes.
            longest = max(longest, one.waiting > 0 ? mean : 0, rests.max() ?? 0)
        }
        guard work > 0 else { return nil }
        let time = max(work / slots, longest)
        let error = variance.squareRoot() / slots
        middle = time
        least = max(0, time - error)
        most = time + error
    }

    /// `3 min 10 s left`, `2 to 5 min left`.
    package var text: String {
        if most - least <= max(1, middle / 4) { return "\(NumberText.duration(middle)) left" }
        return "\(NumberText.duration(least)) to \(NumberText.duration(most)) left"
    }

    package static func == (left: TimeLeft, right: TimeLeft) -> Bool {
        left.least == right.least && left.most == right.most
    }
}
