import Engine
import Model
import Search
import Settings
import Store
import System
import Text

/// A search of a plan: its trials, their jobs and results, and its log.
final class SearchRun {
    /// What is asked of it.
    struct Request {
        var name = ""
        var metric = ""
        var history = SearchHistory()
        var trials: Int?
        var parallel = 1
        var isFixed = false
        var patience: Int?
        var seconds: Double?
        var halving: Halving?
        /// How much of what is halved may be used in all.
        var budget: Int64?
        var sampler: JSON = ["sampler": "tpe"]
    }

    struct Trial {
        let number: Int
        let point: SearchPoint
        /// nil until it is told.
        var jobs: [Job]?
        /// A number that was told in place of jobs.
        var given: Double?
        var result: SearchLog.Result?
        /// Whether these are all jobs of the trial, of which those count that give the result.
        var areAll = false
        /// Of halving: how far it goes, and the trial that it goes on from.
        var rung = 0
        var origin: Int?
    }

    let request: Request
    let search: Search
    private let log: LineLog?
    private let former: SearchLog?
    /// Of the log: held while the search goes on.
    private let lock: FileLock?
    private(set) var trials: [Trial] = []
    /// The places of trials without a result, in order: what a step costs does not grow with the trials that are over.
    private var open: [Int] = []
    /// The keys of all points that were tried, or are known.
    private var taken: TextSet
    /// Those whose results are to be written.
    private var unwritten: [Int] = []
    private var isStopped = false
    /// Whether a job was not run, and will not be: no further result comes.
    private var isCut = false
    /// Whether the last trial is over.
    private(set) var hasEnded = false
    /// Whether the script's sampler is being asked.
    private var isProposing = false
    private let began = Monotonic.seconds
    /// Of a fixed order, so many results stand in the log.
    private var written = 0

    init(_ request: Request, _ search: Search, log: LineLog?, former: SearchLog?, lock: consuming FileLock?) {
        self.request = request
        self.search = search
        self.log = log
        self.former = former
        self.lock = lock
        taken = TextSet(request.history.prior.map(\.point.key))
    }

    func stop() { isStopped = true }

    // MARK: What is known

    private var before: [SearchHistory.Trial] {
        trials.map { SearchHistory.Trial($0.point, $0.result?.outcome, rung: $0.rung, origin: $0.origin) }
    }

    /// Of a fixed order, how many trials count at a moment: at any speed the same.
    private var visible: Int {
        request.isFixed && !hasEnded ? max(0, trials.count + 1 - request.parallel) : trials.count
    }

    /// The best trial, the earlier one of equals.
    var best: (trial: Trial, value: Double)? {
        var best: (trial: Trial, value: Double)?
        // Of halving, those that have come farthest.
        let trials = trials.prefix(visible)
        let rung = trials.filter { if case .value? = $0.result { true } else { false } }.map(\.rung).max()
        for trial in trials where trial.rung == rung {
            guard case .value(let value)? = trial.result else { continue }
            if best.map({ request.history.isBetter(value, than: $0.value) }) ?? true { best = (trial, value) }
        }
        return best
    }

    var openTrials: [Trial] { open.map { trials[$0] } }

    // MARK: Results

    /// What was told of a trial.
    ///
    /// - Parameter areAll: whether jobs without the result do not count.
    func tell(_ number: Int, jobs: [Job], given: Double?, areAll: Bool = false) throws {
        trials[number - 1].areAll = areAll
        trials[number - 1].jobs = jobs
        trials[number - 1].given = given
        if let given {
            finish(number, given.isFinite ? .value(given) : .failed("the value \(NumberText.lua(given))"))
        }
        let before = former?.jobs[number]
        let names = jobs.map { "\(Paths.name(Paths.parent($0.spec.folder.path)))/\($0.spec.identifier.hex)" }
        if let before, before != names, let former {
            throw ScriptError(
                "xpm.search: trial \(number) had the job \(before.first ?? "none") and has \(names.first ?? "none") now: what the trials run was changed; give the search another name, or remove \(Paths.shown(former.path))"
            )
        }
        if before == nil, !names.isEmpty { try append(SearchLog.line(number, jobs: names)) }
    }

    /// Notes the results of trials whose jobs are over.
    ///
    func settle(_ verdict: (Job) -> Verdict) throws {
        for trial in openTrials {
            guard let jobs = trial.jobs, !jobs.isEmpty else { continue }
            let verdicts = jobs.map(verdict)
            if verdicts.contains(.notRun) { isCut = true }
            guard verdicts.allSatisfy({ $0 != .open && $0 != .notRun }) else { continue }
            let failures = verdicts.compactMap { if case .failed(let reason) = $0 { reason } else { nil } }
            if let failure = failures.first {
                finish(trial.number, .failed(failure))
                continue
            }
            var counted = jobs
            if trial.areAll {
                let those = jobs.filter { JobResult.read($0.spec.folder)?[request.metric] != nil }
                counted = those.isEmpty ? jobs.suffix(1) : those
            }
            var mean = 0.0
            for job in counted { mean += try value(of: job) / Double(counted.count) }
            finish(
                trial.number,
                mean.isFinite ? .value(mean) : .failed("\(request.metric) is \(NumberText.lua(mean))"))
        }
    }

    /// What is known of a job.
    enum Verdict: Equatable {
        case open, done
        case failed(String)
        /// It is left to another run.
        case notRun
    }

    /// - Throws: where a job has no such result.
    private func value(of job: Job) throws -> Double {
        let result = JobResult.read(job.spec.folder)
        if let number = result?[request.metric]?.number { return number }
        if let text = result?[request.metric]?.string, let number = Double(text) { return number }
        var names: [String] = []
        if case .object(let members)? = result { names = members.map(\.name) }
        if let odd = result?[request.metric] {
            throw ScriptError(
                "xpm.search: \(job.spec.taskID) \(job.spec.identifier.short): \(request.metric) is \(TerminalText.line(odd.text, most: 60)), no number"
            )
        }
        let known = names.isEmpty ? "it has no results" : "it has \(names.joined(separator: ", "))"
        throw ScriptError(
            "xpm.search: \(job.spec.taskID) \(job.spec.identifier.short) gave no '\(request.metric)'\(Suggestion.hint(for: request.metric, among: names)): \(known)"
        )
    }

    private func finish(_ number: Int, _ result: SearchLog.Result) {
        // What was decided by stays; but a job that had failed may be done now.
        var result = result
        if case .value? = former?.results[number] { result = former?.results[number] ?? result }
        trials[number - 1].result = result
        open.removeAll { $0 == number - 1 }
        if !request.isFixed { unwritten.append(number) }
    }

    /// Writes results that the log does not have: of a fixed order in that of the trials.
    ///
    /// - Parameter isOver: whether no further trial begins.
    private func writeResults(isOver: Bool = false) throws {
        if request.isFixed {
            // Those that the next proposal sees, and no other: a log is the same at any speed.
            let end = isOver ? trials.count : max(0, trials.count + 1 - request.parallel)
            while written < end, let result = trials[written].result {
                try note(written + 1, result)
                written += 1
            }
            return
        }
        for number in unwritten { if let result = trials[number - 1].result { try note(number, result) } }
        unwritten = []
    }

    private func note(_ number: Int, _ result: SearchLog.Result) throws {
        guard former?.results[number] != result else { return }
        try append(SearchLog.line(number, result))
    }

    private func append(_ line: JSON) throws {
        if let error = log?.append(line) { throw error }
    }

    // MARK: The next trial

    /// What is to happen now.
    enum Step {
        case trial(Trial)
        /// One of these is waited for, or of a fixed order the first.
        case wait(Trial)
        case over(String?)
    }

    /// - Parameter waits: whether jobs are run, so that results may come.
    func next(waits: Bool, propose: ((Int, [Observation]) throws -> SearchPoint)?) throws -> Step {
        if let last = trials.last, last.jobs == nil, last.given == nil {
            throw ScriptError(
                "xpm.search: trial \(last.number) was not told: trial:tell(Train { … }:submit()) belongs into the loop"
            )
        }
        guard !isProposing else {
            throw ScriptError("xpm.search: a sampler is asked for a point, and asks for the next trial")
        }
        try writeResults()
        let open = openTrials
        if isCut { return finished("some of its jobs are left to another run") }
        if let reason = end(open) { return try finishing(open, waits, reason) }
        let number = trials.count + 1
        if request.isFixed {
            // Trial k sees those up to k − parallel, and no other.
            if let first = open.first, first.number <= number - request.parallel {
                return waits ? .wait(first) : finished("results are not there yet")
            }
        } else if open.count >= request.parallel {
            return waits ? .wait(open[0]) : finished("results are not there yet")
        }
        if let step = try replayed(number) { return step }
        let seen = Set(
            request.isFixed
                ? Array(1..<max(1, number - request.parallel + 1))
                : trials.filter { $0.result != nil }.map(\.number))
        if let halving = request.halving, let step = try advanced(number, seen, halving, open, waits) {
            return step
        }
        let known = request.history.observations(
            before, seen: seen, halving: request.halving, dimensions: search.space.dimensions.count)
        let point: SearchPoint
        if let propose, number > search.first.count {
            point = try asked(propose, number, known)
            if taken.contains(point.key) {
                return try finishing(open, waits, "its sampler proposes \(point.key) again")
            }
        } else if let next = search.propose(trial: number, seen: known, taken: taken) {
            point = next
        } else {
            return try finishing(
                open, waits,
                search.space.count == nil ? "no new point was found" : "every point of the space was tried")
        }
        try append(SearchLog.line(.init(trial: number, values: point.json, seen: seen.sorted())))
        return add(number, point, from: nil)
    }

    /// A trial that the log has.
    private func replayed(_ number: Int) throws -> Step? {
        guard let former, number <= former.proposals.count else { return nil }
        let proposal = former.proposals[number - 1]
        let last = (request.halving?.rungs.count ?? 1) - 1
        guard let point = search.space.point(proposal.values), search.space.contains(point),
            proposal.origin.map({ (1..<number).contains($0) && trials[$0 - 1].rung < last }) ?? true
        else { throw ScriptError("\(Paths.shown(former.path)): trial \(number) is no point of the space") }
        return add(number, point, from: proposal.origin)
    }

    /// Of halving: a trial that goes on, or why none begins; nil for a new point.
    private func advanced(
        _ number: Int, _ seen: Set<Int>, _ halving: Halving, _ open: [Trial], _ waits: Bool
    ) throws -> Step? {
        if let origin = request.history.promoted(before, seen: seen, halving: halving) {
            let point = trials[origin - 1].point
            let rung = trials[origin - 1].rung + 1
            guard isPaid(halving.rungs[rung] - halving.rungs[rung - 1]) else {
                return try finishing(open, waits, "its budget is used")
            }
            try append(
                SearchLog.line(.init(trial: number, values: point.json, seen: seen.sorted(), origin: origin)))
            return add(number, point, from: origin)
        }
        if let most = request.trials, trials.count(where: { $0.origin == nil }) >= most {
            return try finishing(open, waits, "")
        }
        return isPaid(halving.rungs[0]) ? nil : try finishing(open, waits, "its budget is used")
    }

    /// What the script's own sampler proposes.
    private func asked(
        _ propose: (Int, [Observation]) throws -> SearchPoint, _ number: Int, _ known: [Observation]
    ) throws -> SearchPoint {
        isProposing = true
        defer { isProposing = false }
        let point = try propose(number, known)
        guard search.space.contains(point) else {
            throw ScriptError("xpm.search: the sampler proposes \(point.key), which is no point of the space")
        }
        return point
    }

    private func add(_ number: Int, _ point: SearchPoint, from origin: Int?) -> Step {
        var trial = Trial(number: number, point: point)
        trial.origin = origin
        trial.rung = origin.map { trials[$0 - 1].rung + 1 } ?? 0
        trials.append(trial)
        open.append(number - 1)
        taken.insert(point.key)
        return .trial(trial)
    }

    /// Whether the budget has so much left. What a trial goes on from is paid already.
    private func isPaid(_ cost: Int64) -> Bool {
        guard let budget = request.budget, let halving = request.halving else { return true }
        let used = trials.reduce(Int64(0)) { sum, trial in
            sum + halving.rungs[trial.rung] - (trial.origin == nil ? 0 : halving.rungs[trial.rung - 1])
        }
        return used + cost <= budget
    }

    /// Why no further trial begins; nil where one does.
    private func end(_ open: [Trial]) -> String? {
        if isStopped { return "" }
        // Of halving, trials are new points; those that are there may go on.
        if let most = request.trials, request.halving == nil, trials.count >= most { return "" }
        // What the log has was decided.
        if let former, trials.count < former.proposals.count { return nil }
        if let seconds = request.seconds, Monotonic.seconds - began > seconds { return "its time is over" }
        let seen = trials.prefix(visible)
        if let patience = request.patience, let best = best {
            let later = seen.count { $0.number > best.trial.number && $0.result != nil }
            if later >= patience {
                return "\(patience) trials have not been better than trial \(best.trial.number)"
            }
        }
        let failures = seen.prefix(10).count { if case .failed? = $0.result { true } else { false } }
        if failures > 5 { return "\(failures) of its first ten trials failed" }
        return nil
    }

    private func finished(_ reason: String?) -> Step {
        hasEnded = true
        return .over(reason)
    }

    private func finishing(_ open: [Trial], _ waits: Bool, _ reason: String) throws -> Step {
        try writeResults(isOver: true)
        if waits, let first = open.first { return .wait(first) }
        return finished(reason.isEmpty ? nil : reason)
    }
}

extension SearchLog.Result {
    var outcome: SearchHistory.Outcome {
        if case .value(let value) = self { .value(value) } else { .failed }
    }
}
