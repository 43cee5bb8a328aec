import Inventory
import Store
import System
import Text
import Watching

/// How much of a run is done, has failed and runs, in hundredths.
struct RunShares: Sendable {
    let good: Double
    let bad: Double
    let live: Double

    init(done: Int, failed: Int, running: Int, total: Int) {
        func part(_ count: Int) -> Double { Double(count) / Double(max(1, total)) * 100 }
        // What has failed is seen, however little it is.
        bad = failed > 0 ? max(1, part(failed)) : 0
        good = min(part(done), 100 - bad)
        live = min(part(running), 100 - bad - good)
    }

    init(_ counts: JobTally) {
        self.init(
            done: counts[.done], failed: counts[.failed] + counts[.cancelled], running: counts[.running],
            total: counts.total)
    }
}

/// Jobs that a job needs, and those that need it.
struct JobRelatives: Sendable {
    /// The row of the job itself.
    let row: Int
    let needs: [JobRow]
    let needCount: Int
    let dependants: [JobRow]
    let dependantCount: Int

    /// So many of each are shown.
    static let most = 50
}

/// Which types of tasks need which.
struct TaskGraph: Sendable {
    let nodes: [(task: String, counts: JobTally)]
    /// How many jobs of one type need jobs of another.
    let edges: [(from: Int, to: Int, count: Int)]

    /// How far each is from those that need nothing: what it needs stands left of it.
    var depths: [Int] {
        var depths = [Int](repeating: 0, count: nodes.count)
        // As often as a way can be long: types that need each other in a circle stop there.
        for _ in nodes {
            var hasChanged = false
            for edge in edges where edge.from != edge.to && depths[edge.to] < depths[edge.from] + 1 {
                guard depths[edge.from] + 1 < nodes.count else { continue }
                depths[edge.to] = depths[edge.from] + 1
                hasChanged = true
            }
            if !hasChanged { break }
        }
        return depths
    }
}

/// When the jobs of a run ran, in lanes of which each has one job at a time: as many as ran at once.
struct RunTimeline: Sendable {
    struct Bar: Sendable {
        let lane: Int
        /// Seconds since 1970.
        let start: Double
        var end: Double
        var state: JobRecord.State
    }

    private(set) var bars: [Bar] = []
    /// The lanes that are drawn, and how many jobs ran at once at most.
    private(set) var lanes = 0
    private(set) var most = 0
    /// Of all jobs, in seconds.
    private(set) var work = 0.0
    private(set) var start = 0.0
    private(set) var end = 0.0

    /// The narrowest that is drawn of its own: a part of the whole time.
    private static let parts = 1000.0
    private static let mostLanes = 200

    init(_ run: RunWatch, at now: Double) {
        let ran = run.states.indices.compactMap { row -> (row: Int, start: Double, end: Double)? in
            // What is no time of day stands in a log that is damaged.
            guard let seconds = run.duration(row, at: now), abs(run.began(row)) < 1e11, seconds < 1e11 else {
                return nil
            }
            return (row, run.began(row), run.began(row) + seconds)
        }.sorted { ($0.start, $0.row) < ($1.start, $1.row) }
        guard let first = ran.first else { return }
        start = first.start
        end = ran.map(\.end).max() ?? start
        let least = max(1e-6, end - start) / Self.parts
        var ends: [Double] = []
        /// The last bar of each lane.
        var last: [Int] = []
        for job in ran {
            let state = run.states[job.row]
            let lane = ends.firstIndex { $0 <= job.start + 1e-3 } ?? ends.count
            work += job.end - job.start
            guard lane < Self.mostLanes else { continue }
            if lane == ends.count {
                ends.append(job.end)
                last.append(-1)
            }
            ends[lane] = job.end
            // Jobs that are too short to be seen are one bar.
            if last[lane] >= 0, bars[last[lane]].end - bars[last[lane]].start < least,
                job.end - job.start < least
            {
                bars[last[lane]].end = job.end
                if state == .failed { bars[last[lane]].state = .failed }
                continue
            }
            last[lane] = bars.count
            bars.append(Bar(lane: lane, start: job.start, end: job.end, state: state))
        }
        lanes = ends.count
        most = Self.mostAtOnce(ran.map { ($0.start, $0.end) })
    }

    /// How many of some times overlap at most.
    private static func mostAtOnce(_ times: [(start: Double, end: Double)]) -> Int {
        // One that took no time was there all the same.
        let ends = times.map { max($0.end, $0.start + 1.1e-3) }.sorted()
        var (count, most, over) = (0, 0, 0)
        for start in times.map(\.start).sorted() {
            while over < ends.count, ends[over] <= start + 1e-3 {
                over += 1
                count -= 1
            }
            count += 1
            most = max(most, count)
        }
        return most
    }
}
