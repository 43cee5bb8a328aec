import Inventory
import Model
import Store
import System
import Text
import Watching

/// Which rows of a run are asked for.
struct RowQuery: Sendable {
    let filter: String
    let order: RunWatch.Order
    let start: Int
    let count: Int

    static let page = 40
    private static let most = 300

    init(_ query: Query) {
        filter = query["filter"] ?? ""
        order = RunWatch.Order.allCases.first { $0.text == query["order"] } ?? .submitted
        start = max(0, query.number("from") ?? 0)
        count = min(Self.most, max(1, query.number("count") ?? Self.page))
    }
}

/// A job as a table shows it.
struct JobRow: Sendable {
    /// Its place in the run, from 0.
    let number: Int
    let task: String
    let identifier: String
    let state: JobRecord.State
    let isCached: Bool
    /// Seconds that it runs, or ran.
    let seconds: Double?
    /// From 0 to 1.
    let progress: Double?
    let tags: [(name: String, value: JSON)]
    let told: String?

    init(_ row: Int, of run: RunWatch, _ details: RowDetails, at now: Double) {
        number = row
        task = run.task(row)
        identifier = run.identifier(row)
        state = run.states[row]
        isCached = run.isCached(row)
        seconds = run.duration(row, at: now)
        progress = details.progress(row)?.fraction
        tags = run.tagValues(row)
        told = details.told(row, of: run)
    }
}

/// A run, and a window of its jobs.
struct RunPicture: Sendable {
    let experiment: String
    let run: String
    let isLive: Bool
    let counts: JobTally
    let left: TimeLeft?
    /// How many jobs fit the filter.
    let fitting: Int
    /// Where the window begins among these.
    let start: Int
    let rows: [JobRow]
}

/// What has changed in a run.
struct RunChanges: Sendable {
    let run: String
    let revision: Int
    let isLive: Bool
    let counts: JobTally
    let left: TimeLeft?
    /// The rows; nil where it is not known which.
    let rows: [Int]?
}

/// A run that somebody looks at, with the rows that filters have chosen. Belongs to the thread of its hub.
final class FollowedRun {
    private let watch: RunWatch
    private var details = RowDetails()
    var lastAsked = Monotonic.seconds
    /// The number of the last change.
    private(set) var revision = 0
    /// The rows of the last changes, the newest last: all since the number `known`.
    private var recent: [(revision: Int, rows: [Int])] = []
    private var known = Int.max
    private var wasLive: Bool?
    private var chosen: [Choice] = []

    private static let mostRecent = 256
    /// So many filters and orders are remembered.
    private static let mostChosen = 8
    /// More changed rows are not listed one by one.
    private static let mostListed = 1000

    private struct Choice {
        let filter: String
        let order: RunWatch.Order
        let rows: [Int]
        let revision: Int
        /// On the clock of `Monotonic`: not chosen anew before.
        let until: Double
    }

    init(_ watch: RunWatch) { self.watch = watch }

    var experiment: String { watch.experiment }
    var run: String { watch.run }

    /// - Parameter number: of what is new, greater than all before.
    func refresh(isLive: Bool, as number: Int) {
        guard watch.refresh(isLive: isLive) || wasLive != isLive else { return }
        wasLive = isLive
        revision = number
        let rows = watch.takeChanges()
        if known == Int.max || rows.count > Self.mostListed {
            (recent, known) = ([], number)
            return
        }
        recent.append((number, rows))
        if recent.count > Self.mostRecent { known = recent.removeFirst().revision }
    }

    func changes(since number: Int?, isLive: Bool) -> RunChanges {
        var rows: [Int]?
        if let number, number >= known, number <= revision {
            rows = Set(recent.filter { $0.revision > number }.flatMap(\.rows)).sorted()
        }
        return RunChanges(
            run: run, revision: revision, isLive: isLive, counts: watch.counts,
            left: watch.timeLeft(at: Timestamp.now.seconds), rows: rows)
    }

    func picture(_ query: RowQuery, isLive: Bool) throws(JobFilterError) -> RunPicture {
        let now = Timestamp.now.seconds
        let chosen = try chosenRows(query, now)
        let fitting = chosen?.count ?? watch.count
        // The last window where there are fewer by now.
        let start = query.start < fitting ? query.start : max(0, fitting - query.count)
        let end = min(fitting, start + query.count)
        let rows = chosen.map { Array($0[start..<end]) } ?? Array(start..<end)
        _ = details.refresh(rows, of: watch)
        return RunPicture(
            experiment: experiment, run: run, isLive: isLive, counts: watch.counts,
            left: watch.timeLeft(at: now), fitting: fitting, start: start,
            rows: rows.map { JobRow($0, of: watch, details, at: now) })
    }

    /// A job with those that it needs and those that need it; nil where the run does not have it.
    func relatives(of identifier: Identifier) -> JobRelatives? {
        guard let row = watch.row(of: identifier) else { return nil }
        let (needs, dependants) = (watch.needs(row), watch.dependants(row))
        func shown(_ rows: [Int]) -> [JobRow] {
            let now = Timestamp.now.seconds
            return rows.prefix(JobRelatives.most).map { JobRow($0, of: watch, RowDetails(), at: now) }
        }
        return JobRelatives(
            row: row, needs: shown(needs), needCount: needs.count, dependants: shown(dependants),
            dependantCount: dependants.count)
    }

    func graph() -> TaskGraph {
        let (nodes, edges) = watch.graph()
        return TaskGraph(nodes: nodes, edges: edges)
    }

    func timeline() -> RunTimeline { RunTimeline(watch, at: Timestamp.now.seconds) }

    /// - Returns: nil for all in their order.
    private func chosenRows(_ query: RowQuery, _ now: Double) throws(JobFilterError) -> [Int]? {
        if query.filter.isBlank, query.order == .submitted { return nil }
        let known = chosen.firstIndex { $0.filter == query.filter && $0.order == query.order }
        if let known {
            let choice = chosen[known]
            if choice.revision == revision || choice.until > Monotonic.seconds { return choice.rows }
        }
        let filter = query.filter.isBlank ? nil : try JobFilter(query.filter)
        let began = Monotonic.seconds
        let rows = watch.rows(filter, by: query.order, at: now)
        if let known { chosen.remove(at: known) }
        if chosen.count >= Self.mostChosen { chosen.removeFirst() }
        // At most a tenth of the time.
        chosen.append(
            Choice(
                filter: query.filter, order: query.order, rows: rows, revision: revision,
                until: Monotonic.seconds + (Monotonic.seconds - began) * 10))
        return rows
    }
}
