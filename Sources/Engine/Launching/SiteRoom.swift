import Text

/// How many jobs of this run a site lets in at a time: it says so only by refusing more.
///
/// A refusal bounds the number from above, what the site takes from below; what is tried next lies between them, so
/// that few calls find it. From then on jobs go in waves, as others end. After a while it is looked anew: what else
/// the user had there may be gone.
struct SiteRoom {
    /// At most so many of this run are there at a time, as far as is known.
    private var ceiling = Int.max
    /// The most that are tried together, while it is looked for.
    private var most = Int.max
    /// When more is tried, on the clock of `Monotonic`.
    private var end = Double.infinity
    private var lastSent = 0.0

    /// Seconds until it is looked anew.
    private static let lifetime = 30.0
    /// Seconds after which a wave goes, however small.
    private static let longestWait = 1.0

    /// Whether the site has said that it takes no more, a while ago at most.
    var isKnown: Bool { ceiling < .max }

    /// The site has taken jobs.
    ///
    /// - Parameter live: how many of this run it has now.
    mutating func taken(live: Int, at time: Double) {
        lastSent = time
        if live > ceiling { (ceiling, most) = (.max, .max) }
        if most < .max { most = max(1, (ceiling - live + 1) / 2) }
        if live == ceiling { most = .max }
    }

    /// The site has refused jobs.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - live: how many of this run it has.
    mutating func refused(_ count: Int, live: Int, at time: Double) {
        ceiling = live + count - 1
        most = count > 1 ? count / 2 : .max
        end = time + Self.lifetime
    }

    /// How many may be tried now.
    ///
    /// - Parameter waiting: how many there are.
    mutating func room(live: Int, waiting: Int, at time: Double) -> Int {
        // A little more is tried, and more the next time.
        if time >= end {
            (ceiling, most, end) = (ceiling.timesOrMost(2).addingOrMost(1), .max, time + Self.lifetime)
        }
        guard isKnown else { return .max }
        let room = ceiling - live
        guard most == .max, room > 0 else { return min(room, most) }
        let wave = min(waiting, max(1, ceiling / 4))
        return room >= wave || time >= lastSent + Self.longestWait ? room : 0
    }

    /// When there may be room again without the end of a job, on the clock of `Monotonic`.
    func nextTime(live: Int) -> Double {
        guard isKnown else { return 0 }
        return live < ceiling ? lastSent + Self.longestWait : end
    }
}
