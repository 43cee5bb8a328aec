import Batch
import Store
import Text

/// Jobs that were submitted to a batch launcher, and not yet to its system: a queue for each kind of need. A change
/// costs the same however many wait.
struct BatchWaiting {
    struct Entry {
        let request: LaunchRequest
        /// On the clock of `Monotonic`.
        let since: Double
        /// How many commands have failed to hand it in.
        var failures = 0
        /// Counts what came.
        let turn: Int
    }

    /// What the jobs of an array have in common.
    struct Need: Hashable {
        let options: [TextKey]
        let limit: Double?
        let memory: Int64?
        let lanes: Int
        var isPacked: Bool { lanes > 0 }

        init(_ request: LaunchRequest) {
            lanes = request.job.demand?.batch?.lanes ?? 0
            let ask = request.job.demand?.batch?.ask ?? BatchAsk()
            options =
                [TextKey(ask.partition ?? ""), TextKey("\(ask.cores ?? 0) \(ask.gpus) \(ask.nodes ?? 0)")]
                + ask.more.map { TextKey($0) }
            limit = ask.limit
            memory = request.memory
        }
    }

    /// An array is handed in when nothing has joined it for so long, in seconds, or when it has waited so
    /// long.
    private static let quiet = 0.25
    private static let longestWait = 1.0

    private struct Queue {
        /// Those from `first` on.
        var jobs: [Entry] = []
        var first = 0
        /// Nothing of it is handed in before.
        var notBefore = 0.0

        var waiting: ArraySlice<Entry> { jobs[first...] }

        /// When it may go.
        var time: Double {
            guard let oldest = waiting.first?.since, let newest = waiting.last?.since else {
                return .infinity
            }
            return max(min(newest + quiet, oldest + longestWait), notBefore)
        }

        mutating func take(_ count: Int) -> [Entry] {
            let taken = Array(waiting.prefix(count))
            first += taken.count
            // What is taken is let go now and then.
            if first > 1000, first * 2 > jobs.count {
                jobs.removeFirst(first)
                first = 0
            }
            return taken
        }
    }

    private var queues: [Need: Queue] = [:]
    private var turns = 0

    var isEmpty: Bool { queues.isEmpty }

    mutating func add(_ request: LaunchRequest, at now: Double) {
        turns += 1
        queues[Need(request), default: Queue()].jobs.append(Entry(request: request, since: now, turn: turns))
    }

    /// Takes jobs out of it.
    ///
    /// - Parameter wanted: nil for all.
    /// - Returns: those that were in it.
    mutating func remove(_ wanted: Set<JobNumber>?) -> [JobNumber] {
        var removed: [Entry] = []
        for (need, queue) in queues {
            var queue = queue
            removed += queue.waiting.filter { wanted?.contains($0.request.job.number) ?? true }
            queue.jobs = queue.waiting.filter { !(wanted?.contains($0.request.job.number) ?? true) }
            queue.first = 0
            queues[need] = queue.jobs.isEmpty ? nil : queue
        }
        return removed.sorted { $0.turn < $1.turn }.map(\.request.job.number)
    }

    /// Puts jobs back that were not handed in, before the others of their kind.
    mutating func putBack(_ jobs: [Entry], notBefore: Double) {
        guard let first = jobs.first else { return }
        var queue = queues[Need(first.request)] ?? Queue()
        queue.jobs = jobs + queue.waiting
        (queue.first, queue.notBefore) = (0, notBefore)
        queues[Need(first.request)] = queue
    }

    /// How many are there.
    var count: Int { queues.values.reduce(0) { $0 + $1.waiting.count } }

    /// When some may go next, on the clock of `Monotonic`.
    var nextTime: Double { queues.values.map(\.time).min() ?? .infinity }

    /// Jobs that are to be handed in together now.
    ///
    /// - Parameters:
    ///   - most: how many of a kind at most.
    ///   - areAwaited: whether pilots wait for jobs of a kind.
    mutating func next(at now: Double, most: (Need) -> Int, areAwaited: (Need) -> Bool) -> [Entry]? {
        var chosen: (need: Need, turn: Int)?
        for (need, queue) in queues where now >= queue.notBefore {
            guard let turn = queue.waiting.first?.turn, turn < chosen?.turn ?? .max else { continue }
            let most = most(need)
            guard most > 0 else { continue }
            if now >= queue.time || queue.waiting.count >= most || areAwaited(need) { chosen = (need, turn) }
        }
        guard let need = chosen?.need, let jobs = queues[need]?.take(most(need)) else { return nil }
        if queues[need]?.waiting.isEmpty ?? true { queues[need] = nil }
        return jobs
    }
}
