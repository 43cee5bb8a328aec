import Engine
import Model
import Store
import System
import Text

/// The host functions that only a plan has: submitting, and the experiment.
extension PlanSession {
    func addPlanFunctions() {
        module.addMethod("submit") { [unowned self] stack in try submit(stack) }
        addJobFunctions()
        addOutputFunctions()
        addDataFunctions()
        addActionFunctions()
        addServiceFunctions()
        addResultFunctions()
        addSearchFunctions()
        module.add("graceful_timeout") { _ in
            throw ScriptError(
                "xpm.graceful_timeout belongs to execute: a task stops itself there before its time is over")
        }
        addRunFunctions()
        addNames()
        module.add("missed") { [unowned self] stack in
            missedKeys.note(stack)
            return 0
        }
        module.add("no_run") { [unowned self] stack in throw noRun(stack) }
        module.add("setenv") { [unowned self] stack in try setVariable(stack) }
        module.add("token") { [unowned self] stack in try defineToken(stack) }
    }

    /// What a plan does with its run: goes through a sweep, waits, stops.
    private func addRunFunctions() {
        module.add("configuration_at") { [unowned self] stack in
            let place = Int(stack.int(1)) - 1
            guard points.indices.contains(place) else {
                leavePoint()
                stack.pushNil()
                return 1
            }
            go(to: points[place])
            try module.push(points[place].configuration, stack)
            return 1
        }
        module.add("wait") { [unowned self] stack in
            try wait(for: nil)
            stack.push(true)
            return 1
        }
        module.add("stop") { [unowned self] _ in
            experiment?.drain()
            return 0
        }
    }

    /// What a plan asks of its run: names and folders.
    private func addNames() {
        module.add("workdir") { [unowned self] stack in
            stack.push(experiment?.workspace.path ?? "")
            return 1
        }
        module.add("results_path") { [unowned self] stack in
            guard let experiment else { throw ScriptError("there is a results_path only inside run") }
            guard let run = experiment.run else {
                throw ScriptError("results_path: a dry run writes nothing; ask helper.run_mode first")
            }
            stack.push(try run.results())
            return 1
        }
        module.add("run_id") { [unowned self] stack in
            if let run = experiment?.run { stack.push(run.run) } else { stack.pushNil() }
            return 1
        }
        module.add("run_status") { stack in
            stack.push("running")
            return 1
        }
        module.add("submitted_jobs") { [unowned self] stack in
            let jobs = experiment?.submitted ?? []
            stack.pushTable(sequence: jobs.count)
            for (index, job) in jobs.enumerated() {
                stack.push(job, .job)
                stack.set(at: Int64(index + 1), in: -2)
            }
            return 1
        }
        module.add("submitted_tags") { [unowned self] stack in
            let all = (experiment?.submitted ?? []).map { job in
                Value.Entry(
                    key: .string(job.spec.identifier.hex),
                    value: .map(job.tags.map { .init(key: .string($0.name), value: $0.value) }))
            }
            try module.push(.map(all), stack)
            return 1
        }
        module.add("experiment_name") { [unowned self] stack in
            stack.push(experiment?.name ?? "")
            return 1
        }
    }

    /// `xp:setenv(name, value, override)`
    private func setVariable(_ stack: LuaStack) throws -> Int {
        guard let name = stack.string(1), EnvironmentVariable.isName(name), !stack.isAbsent(2) else {
            throw ScriptError("xp:setenv(name, value, override)")
        }
        guard stack.isAbsent(3) || stack.kind(3) == .bool else {
            throw ScriptError("xp:setenv(name, value, override): override is true or false")
        }
        let value = try stack.value(2).plainText
        if value.has(0) {
            throw ScriptError("xp:setenv: the value of \(name) holds a NUL byte")
        }
        let overrides = stack.isAbsent(3) || stack.bool(3)
        let isSet =
            Environment[name] != nil || experiment?.environment.contains { $0.name == name } == true
        if overrides || !isSet { experiment?.set(environment: name, to: value) }
        return 0
    }

    /// `xp:token(name, n)`
    private func defineToken(_ stack: LuaStack) throws -> Int {
        guard let experiment else { throw ScriptError("xp:token works inside run") }
        guard let name = stack.string(1), Partial.isName(name), let whole = stack.whole(2),
            (1...1 << 20).contains(whole)
        else {
            if let long = LongName.problem(stack.string(1) ?? "", "the name of a token") {
                throw ScriptError("xp:token: \(long)")
            }
            throw ScriptError(
                "xp:token(name, n): a name of letters, digits, '_', '-' and '.', and how many there are")
        }
        var isOfUser = false
        if !stack.isAbsent(3) {
            guard stack.kind(3) == .table else {
                throw ScriptError("xp:token: options are a table: { scope = \"user\" }")
            }
            try stack.forEachPair(of: 3) {
                guard stack.string(-2) == "scope", let scope = stack.string(-1),
                    ["user", "workspace"].contains(scope)
                else { throw ScriptError("xp:token: the option is scope = \"user\" or \"workspace\"") }
                isOfUser = scope == "user"
            }
        }
        if let known = experiment.tokens[name], known != Int(whole) {
            throw ScriptError("xp:token: of '\(name)' there are \(known) already")
        }
        if experiment.tokens[name] != nil { return 0 }
        let count = Int(whole)
        for other in try experiment.define(token: name, count: count, isOfUser: isOfUser) {
            module.warn(
                at: stack,
                "xp:token: of '\(name)' there are \(count) here and \(other.count) in '\(other.experiment)', which runs: \(min(count, other.count)) counts for both"
            )
        }
        return 0
    }

    // MARK: Submitting

    private func submit(_ stack: LuaStack) throws -> Int {
        var task = try XpmModule.object(stack, 1, "submit")
        guard let experiment else { throw ScriptError("\(task.type.id): submit only inside run") }
        var steps = 0
        // What stands for another object is submitted as that one.
        while let convert = task.type.deprecation?.convert {
            try module.takeBackTables(of: task, stack)
            let converted = try convert(task)
            converted.takeOver(from: task)
            task = converted
            steps += 1
            guard steps < ParameterType.deepest else {
                throw ScriptError("\(task.type.id): its deprecated types are converted into each other")
            }
        }
        let type = task.type
        guard type.kind.isTask, let definition = module.definition(of: type) else {
            let hint = type.kind == .lightweight ? "; give it to another in init_tasks" : ""
            throw ScriptError("\(type.id) is a config: only a task can be submitted\(hint)")
        }
        var options = try SubmitOptions(stack, of: type, in: module, tokens: experiment.tokens)
        if options.job.mostRetries != nil, options.job.retryRules.isEmpty, !type.kind.isResumable,
            options.job.requirement == nil, retryWarnings.insert(type.key).inserted
        {
            module.warn(
                at: stack,
                "\(type.id): max_retries counts the attempts that follow a time limit, want of memory or a lost process; for a program that fails say retry = { failed = \(options.job.mostRetries ?? 1) }"
            )
        }
        if let initTasks = options.initTasks {
            guard module.runsLua(type) || type.python != nil else {
                throw ScriptError(
                    "\(type.id): init_tasks run in the task's own process: it needs execute or python, not command"
                )
            }
            if let other = initTasks.first(where: { ($0.type.python == nil) != (type.python == nil) }) {
                throw ScriptError(
                    "\(type.id): submit: init_tasks: \(other.type.id) is \(type.python == nil ? "a Python class" : "a Lua function"): it cannot run in this task's process"
                )
            }
            if let other = initTasks.first(where: { $0.type.python == nil && !module.runsLua($0.type) }) {
                throw ScriptError(
                    "\(type.id): submit: init_tasks: \(other.type.id) is a program: it cannot run in this task's process"
                )
            }
            if task.isSealed { throw ScriptError("\(type.id) is sealed: it was submitted") }
            task.initTasks = initTasks
        }
        try module.takeBackTables(of: task, stack)
        for initTask in task.initTasks { try module.takeBackTables(of: initTask, stack) }
        try refuseCycles(task)
        try submitPreparations(of: task, stack)
        let job = try submit(task, definition, &options, stack)
        let ignored = experiment.ignored(options.job, by: job)
        if !ignored.isEmpty {
            module.warn(
                at: stack,
                "submit: \(type.id) \(job.spec.identifier.short) was submitted before: its first \(ignored.joined(separator: ", ")) count\(ignored.count == 1 ? "s" : "")"
            )
        }
        return try pushOutput(of: job, task, definition, stack)
    }

    private func submit(
        _ task: ConfigObject, _ definition: TypeDefinition, _ options: inout SubmitOptions, _ stack: LuaStack
    ) throws -> Job {
        guard let experiment else { throw ScriptError("\(task.type.id): submit only inside run") }
        task.separatePaths()
        do {
            try task.seal { [unowned self] object in try validate(object, stack) }
        } catch let error as ValueError {
            throw XpmModule.sealingError(error, of: task.type)
        }
        let environment = options.job.environment
        options.job.isPrepared = try isPrepared(task, stack)
        let job = try experiment.submit(task, options.job) { [unowned self] frame in
            try program(of: task, definition, environment, frame, stack)
        }
        collected?.append(job)
        return job
    }

    // MARK: Preparing

    /// What a task has among its parameters that is to be prepared becomes jobs before it, as if it had been
    /// submitted.
    private func submitPreparations(of task: ConfigObject, _ stack: LuaStack) throws {
        if task.isFlat { return }
        var visited: Set<ObjectIdentifier> = [ObjectIdentifier(task)]
        func visit(_ object: ConfigObject) throws {
            guard visited.insert(ObjectIdentifier(object)).inserted, object.task == nil else { return }
            // What is in it comes first.
            try object.forEachObject(visit)
            guard object.type.kind == .prepare, let definition = module.definition(of: object.type) else {
                return
            }
            try module.takeBackTables(of: object, stack)
            var options = try SubmitOptions(of: object.type, in: module, stack)
            _ = try submit(object, definition, &options, stack)
        }
        try task.forEachObject(visit)
    }

    /// What `is_prepared` of a step says; nil where it has none.
    private func isPrepared(_ task: ConfigObject, _ stack: LuaStack) throws -> Bool? {
        guard task.type.kind == .prepare, module.pushField("is_prepared", of: task.type, stack) else {
            return nil
        }
        module.push(task, stack)
        try stack.call(arguments: 1, results: 1)
        defer { stack.pop() }
        return stack.kind(-1) == .bool && stack.bool(-1)
    }

    /// A task that needs itself would wait for ever, and a config that contains itself cannot be written
    /// down.
    private func refuseCycles(_ task: ConfigObject) throws {
        if task.isFlat, task.extraDependencies.isEmpty { return }
        var path: [ConfigObject] = []
        var finished: Set<ObjectIdentifier> = []
        func visit(_ object: ConfigObject) throws {
            if finished.contains(ObjectIdentifier(object)) || object.isSealed { return }
            if let start = path.firstIndex(where: { $0 === object }) {
                let way = (path[start...] + [object]).map(\.type.id).joined(separator: " → ")
                let isOfTasks = path[start...].contains { $0.type.kind == .task }
                throw ScriptError(
                    "\(task.type.id): \(isOfTasks ? "a dependency cycle" : "a config that contains itself"): \(way)"
                )
            }
            guard path.count < ParameterType.deepest else {
                throw ScriptError("\(task.type.id): configs nested more than \(ParameterType.deepest) levels")
            }
            path.append(object)
            try object.forEachObject(visit)
            for other in object.extraDependencies where other.task !== other { try visit(other) }
            path.removeLast()
            finished.insert(ObjectIdentifier(object))
        }
        try visit(task)
    }

    /// Calls the `validate` of a type, its base's first.
    private func validate(_ object: ConfigObject, _ stack: LuaStack) throws {
        guard let definition = module.definition(of: object.type) else { return }
        try validate(object, as: definition, stack)
    }

    private func validate(_ object: ConfigObject, as definition: TypeDefinition, _ stack: LuaStack) throws {
        if let base = definition.base { try validate(object, as: base, stack) }
        guard stack.pushField("validate", of: definition.table) else { return }
        guard stack.kind(-1) == .function else { return stack.pop() }
        module.push(object, stack)
        do {
            try stack.call(arguments: 1, results: 0)
        } catch let error as LuaError {
            throw ScriptError("\(object.type.id): \(error.message)")
        }
    }

    /// What `submit` gives: the task, or what its `outputs` makes of it.
    private func pushOutput(
        of job: Job, _ task: ConfigObject, _ definition: TypeDefinition, _ stack: LuaStack
    ) throws -> Int {
        guard module.pushField("outputs", of: task.type, stack) else {
            module.push(task, stack)
            return 1
        }
        let outer = producing
        producing = job
        defer { producing = outer }
        let before = stack.count - 1
        module.push(task, stack)
        pushDep(stack)
        // All that it returns.
        try stack.call(arguments: 2, results: -1)
        return Int(stack.count - before)
    }

    /// Pushes `dep`, which marks what the task makes.
    func pushDep(_ stack: LuaStack) {
        pushCached("dep", stack) { [unowned self] stack in try markOutput(stack) }
    }

    /// Where the paths of what a job makes lie.
    func places(of job: Job) -> PathPlaces {
        PathPlaces(
            job: job.spec.folder.path, partials: experiment?.workspace.partials ?? "",
            base: module.baseFolder)
    }

    /// `dep(object)`: the object is made by the task whose `outputs` runs.
    private func markOutput(_ stack: LuaStack) throws -> Int {
        let object = try XpmModule.object(stack, 1, "dep")
        guard let job = producing else { throw ScriptError("dep works only while outputs runs") }
        guard object.task == nil || object.task === job.task else {
            throw ScriptError("dep: \(object.type.id) is the output of another task already")
        }
        if object !== job.task {
            object.task = job.task
            if isProducingWhileRunning { object.isDynamic = true }
            try module.takeBackTables(of: object, stack)
            try object.seal()
            object.placePaths(places(of: job))
        }
        stack.copy(1)
        return 1
    }
}
