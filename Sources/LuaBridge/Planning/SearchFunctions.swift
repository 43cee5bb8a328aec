import Engine
import Model
import Search
import Settings
import Store
import System
import Text

/// `xpm.search { … }`: trials that are decided by the results of those before.
extension PlanSession {
    func addSearchFunctions() {
        module.add("search_unknown") { stack in
            let key = stack.string(1) ?? stack.description(1)
            throw ScriptError(
                "xpm.search has no '\(key)'\(Suggestion.hint(for: key, among: Self.searchKeys))")
        }
        module.add("search_begin") { [unowned self] stack in try beginSearch(stack) }
        module.add("search_next") { [unowned self] stack in try nextTrial(stack) }
        module.add("search_tell") { [unowned self] stack in try tellTrial(stack) }
        module.add("search_stop") { [unowned self] stack in
            try search(stack).stop()
            return 0
        }
        module.add("search_best") { [unowned self] stack in try pushBest(stack) }
    }

    private static let searchKeys = [
        "name", "seed", "minimize", "maximize", "space", "trials", "parallel", "order", "patience", "time",
        "sampler",
        "first", "failed", "prior", "halving", "budget",
    ]

    /// The search of a number.
    private func search(_ stack: LuaStack) throws -> SearchRun {
        let number = Int(stack.int(1))
        guard searches.indices.contains(number) else { throw ScriptError("not a search") }
        return searches[number]
    }

    // MARK: Beginning

    private func beginSearch(_ stack: LuaStack) throws -> Int {
        guard let experiment else { throw ScriptError("xpm.search works inside run") }
        let spec = JSON(plain: try stack.value(1))
        _ = try startSearch(spec, prior: try SearchPrior(stack, in: experiment.workspace), experiment)
        stack.push(Int64(searches.count - 1))
        return 1
    }

    /// Begins a search, or goes on with it.
    ///
    /// - Parameter spec: what `xpm.search` gets, its space as dimensions.
    func startSearch(_ spec: JSON, prior: SearchPrior?, _ experiment: Experiment) throws -> SearchRun {
        var request = try SearchRun.Request(spec)
        if searches.contains(where: { $0.request.name == request.name }) {
            throw ScriptError(
                "xpm.search: two searches are called '\(request.name)': their logs have that name")
        }
        let search: Search
        do throws(SearchSpace.Problem) { search = try Self.search(spec, request) } catch {
            throw ScriptError("xpm.search: \(error.text)")
        }
        var header = Self.header(spec, request, search)
        if let prior { header.append(.init("prior_of", prior.json)) }
        // The order of keys makes no other search.
        let id = String(Identifier(hashing: Self.sorted(.object(header)).bytes).hex.prefix(bytes: 16))
        header.append(.init("id", .string(id)))
        let folder = SearchLog.folder(request.name, in: experiment.workspace)
        let path = "\(folder)/\(id).jsonl"
        let writes = experiment.mode != .dryRun
        var lock: FileLock?
        if writes {
            try Files.makeFolder(folder, in: experiment.workspace.path)
            lock = try FileLock.take("\(path).lock")
            if lock == nil {
                throw ScriptError("xpm.search: another run goes on with the search '\(request.name)'")
            }
            try LineLog.mend(path)
        }
        var former: SearchLog?
        if (Files.stamp(path)?.size ?? 0) > 0 { former = try SearchLog(path) }
        if let former {
            request.history.prior = Self.points(former.header["prior"], search.space)
        } else if let prior {
            let found = try prior.find(search.space, metric: request.metric)
            request.history.prior = found.known
            module.warn("search '\(request.name)': \(found.text)")
        }
        let log = writes ? try LineLog(path) : nil
        if former == nil {
            let known = request.history.prior.map { one -> JSON in
                ["values": one.point.json, "value": .float(one.value)]
            }
            if let error = log?.append(JSON.object(header + [.init("prior", .array(known))])) { throw error }
        }
        let run = SearchRun(request, search, log: log, former: former, lock: lock)
        searches.append(run)
        return run
    }

    /// What decides about its points.
    private static func search(
        _ spec: JSON, _ request: SearchRun.Request
    ) throws(SearchSpace.Problem) -> Search {
        func fail(_ problem: String) -> SearchSpace.Problem { SearchSpace.Problem(text: problem) }
        let space = try SearchRun.Request.space(spec["dimensions"] ?? .null)
        if let halving = request.halving, space.dimensions.contains(where: { $0.way == halving.way }) {
            throw fail("halving: '\(halving.way)' is in the space: its value is that of the rung")
        }
        if request.sampler["sampler"] == "function", spec["has_function"] != .bool(true) {
            throw fail("sampler is a function itself, not the word")
        }
        if request.sampler["sampler"] == "sobol", space.dimensions.count > SobolSampler.most {
            throw fail(
                "sobol has \(SobolSampler.most) dimensions at most, and the space \(space.dimensions.count)")
        }
        if let seed = spec["seed"], seed != .null, seed.int == nil { throw fail("seed is a whole number") }
        var first: [SearchPoint] = []
        if case .array(let points)? = spec["first"] {
            for point in points {
                guard let own = space.point(point), space.contains(own) else {
                    throw fail("first: \(point.text) is no point of the space")
                }
                first.append(own)
            }
        }
        return Search(
            space: space, sampler: try SamplerChoice.sampler(request.sampler),
            seed: UInt64(bitPattern: spec["seed"]?.int ?? 0), first: first)
    }

    /// What makes one search another.
    private static func header(_ spec: JSON, _ request: SearchRun.Request, _ search: Search) -> [JSON.Member]
    {
        var header: [JSON.Member] = [
            .init("search", .int(SearchLog.version)), .init("name", .string(request.name)),
            .init("space", search.space.json), .init("sampler", request.sampler),
            .init("seed", .int(Int64(bitPattern: search.seed))), .init("metric", .string(request.metric)),
            .init("goal", request.history.isMaximized ? "max" : "min"),
            .init("failed", spec["failed"] ?? "worst"), .init("first", .array(search.first.map(\.json))),
        ]
        if let halving = request.halving { header.append(.init("halving", halving.json)) }
        if let context = spec["context"] { header.append(.init("context", context)) }
        // The same search sees other results where it waits for others.
        if request.isFixed {
            header.append(.init("order", .object([.init("fixed", .int(Int64(request.parallel)))])))
        }
        return header
    }

    private static func sorted(_ json: JSON) -> JSON {
        switch json {
        case .object(let members):
            .object(
                members.map { .init($0.name, sorted($0.value)) }.sorted { ByteOrder.less($0.name, $1.name) })
        case .array(let values): .array(values.map(sorted))
        default: json
        }
    }

    private static func points(_ json: JSON?, _ space: SearchSpace) -> [(point: SearchPoint, value: Double)] {
        guard case .array(let all)? = json else { return [] }
        return all.compactMap { one in
            guard let point = one["values"].flatMap(space.point), let value = one["value"]?.number else {
                return nil
            }
            return (point, value)
        }
    }

    // MARK: Trials

    /// `search_next(id, propose) -> number, point`, or nothing at the end.
    private func nextTrial(_ stack: LuaStack) throws -> Int {
        guard let experiment else { throw ScriptError("a search goes on inside run") }
        let run = try search(stack)
        var propose: ((Int, [Observation]) throws -> SearchPoint)?
        if stack.kind(2) == .function {
            propose = { [unowned self] number, seen in try self.propose(number, seen, run, stack) }
        }
        guard let trial = try nextTrial(of: run, experiment, propose: propose) else { return 0 }
        stack.push(Int64(trial.number))
        stack.pushTable(fields: trial.point.values.count + 1)
        if let halving = run.request.halving {
            stack.push(halving.rungs[trial.rung])
            stack.set(halving.way, in: -2)
        }
        for (way, value) in trial.point.values {
            try module.push(value.value, stack)
            stack.set(way, in: -2)
        }
        return 2
    }

    /// The next trial, once there is room for it; nil at the end.
    func nextTrial(
        of run: SearchRun, _ experiment: Experiment, propose: ((Int, [Observation]) throws -> SearchPoint)?
    ) throws -> SearchRun.Trial? {
        while true {
            try settle(run, experiment)
            switch try run.next(waits: experiment.mode.launches, propose: propose) {
            case .trial(let trial): return trial
            case .wait(let trial): try wait(forAny: trial.jobs ?? [], experiment)
            case .over(let reason):
                if let reason { module.warn("search '\(run.request.name)': \(reason)") }
                return nil
            }
        }
    }

    private func settle(_ run: SearchRun, _ experiment: Experiment) throws {
        try run.settle { job in
            guard experiment.mode.launches else { return job.spec.folder.isDone ? .done : .open }
            let status = experiment.board.status(job.spec.number)
            return switch status {
            case .done, .cached: .done
            case .failed(let outcome): .failed(outcome.text)
            case .blocked: .failed(status.name)
            case .left, .notRun: .notRun
            case .waiting, .ready, .held, .queued, .running: .open
            }
        }
    }

    /// Waits until something has ended that may be a trial's.
    private func wait(forAny jobs: [Job], _ experiment: Experiment) throws {
        guard let job = jobs.first(where: { !experiment.board.status($0.spec.number).isFinal }) else {
            return
        }
        try experiment.willWait(for: job.spec.number)
        switch experiment.board.wait(for: job.spec.number) {
        case .ended(let numbers):
            try pollOutputs()
            for number in numbers { try callBack(number) }
        case .over, .timeout: break
        case .interrupted: throw ScriptError("interrupted")
        }
    }

    /// Asks the script's own sampler: `propose(history, number)`, a list of `{ values…, loss = … }`.
    private func propose(
        _ number: Int, _ seen: [Observation], _ run: SearchRun, _ stack: LuaStack
    ) throws -> SearchPoint {
        stack.copy(2)
        let history = seen.map { one -> Value in
            var members = one.point.values.map { Value.Entry(key: .string($0.way), value: $0.value.value) }
            if let loss = one.loss, loss.isFinite {
                members.append(
                    .init(
                        key: .string(run.request.metric),
                        value: .float(run.request.history.isMaximized ? -loss : loss)))
            }
            return .map(members)
        }
        try module.push(.list(history), stack)
        stack.push(Int64(number))
        try stack.call(arguments: 2, results: 1)
        defer { stack.pop() }
        guard let point = run.search.space.point(JSON(plain: try stack.value(-1))) else {
            throw ScriptError("xpm.search: the sampler gives no table of values")
        }
        return point
    }

    /// `search_tell(id, number, { output, … })`
    private func tellTrial(_ stack: LuaStack) throws -> Int {
        guard let experiment else { return 0 }
        let run = try search(stack)
        var jobs: [Job] = []
        var sum: Double?
        let count = Int64(stack.length(3))
        if count == 0 { throw ScriptError("trial:tell needs what submit has returned, or a number") }
        for place in 1...count {
            stack.get(at: place, from: 3)
            defer { stack.pop() }
            if stack.kind(-1) == .int || stack.kind(-1) == .float,
                let number = JSON(plain: try stack.value(-1)).number
            {
                sum = (sum ?? 0) + number / Double(count)
            } else if let object = stack.object(-1, .configObject), let task = object.task,
                let job = experiment.job(of: task)
            {
                jobs.append(job)
            } else if let job = stack.object(-1, .job) {
                jobs.append(job)
            } else {
                throw ScriptError(
                    "trial:tell needs what submit has returned, or a number, not \(stack.description(-1))")
            }
        }
        if sum != nil, !jobs.isEmpty { throw ScriptError("trial:tell takes jobs or numbers, not both") }
        try run.tell(Int(stack.int(2)), jobs: jobs, given: sum)
        return 0
    }

    /// `search_best(id) -> { point, value, metric, trial }, job`
    private func pushBest(_ stack: LuaStack) throws -> Int {
        guard let experiment else { return 0 }
        let run = try search(stack)
        try settle(run, experiment)
        guard let (trial, value) = run.best else { return 0 }
        var point = trial.point.values.map { Value.Entry(key: .string($0.way), value: $0.value.value) }
        if let halving = run.request.halving {
            point.append(.init(key: .string(halving.way), value: .int(halving.rungs[trial.rung])))
        }
        try module.push(
            .map([
                .init(key: .string("point"), value: .map(point)),
                .init(key: .string("value"), value: .float(value)),
                .init(key: .string("metric"), value: .string(run.request.metric)),
                .init(key: .string("trial"), value: .int(Int64(trial.number))),
            ]), stack)
        guard let job = trial.jobs?.first else { return 1 }
        stack.push(job, .job)
        return 2
    }
}
