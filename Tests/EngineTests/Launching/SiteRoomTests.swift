import Testing

@testable import Engine

@Suite("Room at a site", .timeLimit(.minutes(20)))
struct SiteRoomTests {
    /// Hands in jobs of a site that lets in so many, each of which ends after a second.
    ///
    /// - Returns: how often it was asked, and how often it refused.
    private func simulate(jobs: Int, cap: Int, array: Int) -> (calls: Int, refused: Int, seconds: Double) {
        var room = SiteRoom()
        var (waiting, calls, refused, now) = (jobs, 0, 0, 0.0)
        var ends: [Double] = []
        while waiting > 0, calls < 100_000 {
            ends.removeAll { $0 <= now }
            let count = min(waiting, array, room.room(live: ends.count, waiting: waiting, at: now))
            guard count > 0 else {
                now += 0.2
                continue
            }
            calls += 1
            if ends.count + count <= cap {
                waiting -= count
                // Not all at once.
                ends += (0..<count).map { now + 1 + Double(($0 * 7) % 10) / 10 }
                room.taken(live: ends.count, at: now)
            } else {
                refused += 1
                room.refused(count, live: ends.count, at: now)
            }
        }
        return (calls, refused, now)
    }

    @Test("few calls find how many a site lets in, and then jobs go in waves")
    func waves() {
        for (jobs, cap, array) in [
            (40, 15, 10), (1000, 15, 1000), (1000, 100, 1000), (50, 1, 10), (1000, 1, 10),
        ] {
            let (calls, refused, seconds) = simulate(jobs: jobs, cap: cap, array: array)
            // As long as it takes with that many at a time, and some.
            #expect(seconds <= Double(jobs) / Double(cap) * 3 + 5, "\(jobs), \(cap): \(seconds)")
            #expect(calls <= jobs * 5 / cap + 20 + refused, "\(jobs), \(cap): \(calls)")
            #expect(Double(refused) <= 12 + seconds / 30 * 12, "\(jobs), \(cap): \(refused)")
        }
    }

    @Test("a site that lets in all is never waited for; room that others leave is found after a while")
    func free() {
        #expect(simulate(jobs: 1000, cap: .max, array: 1000) == (1, 0, 0))
        var room = SiteRoom()
        room.refused(1, live: 3, at: 0)
        #expect(room.room(live: 3, waiting: 10, at: 1) == 0)
        #expect(room.nextTime(live: 3) == 30)
        #expect(room.room(live: 3, waiting: 10, at: 31) == 4)
        // Taken though it was thought not to be.
        room.refused(1, live: 3, at: 62)
        room.taken(live: 4, at: 63)
        #expect(!room.isKnown)
    }
}
