package import Model
package import Settings
package import Store
package import System
package import Text

/// The jobs of one run, as its script submits them. Belongs to the script's thread.
package final class Experiment {
    package let name: String
    package let mode: RunMode
    package let workspace: Workspace
    /// Nil in a dry run.
    package let run: RunFolder?
    package let board: JobBoard
    /// What lives beside the run.
    package let services: ServiceRegistry
    /// The absolute path of `xpm-job`.
    package let host: String
    private let inbox: AsyncStream<Plan.Event>.Continuation?
    private let objects: ObjectLog?
    private let version: String
    private let planned: (PlannedJob) -> Void
    private let admission: any Admission
    private let secrets: Secrets
    /// Has looked at jobs before they are submitted.
    private let ahead: LookAhead?
    private var jobs = SubmittedJobs()
    private var places: TextMap<Place> = [:]
    private var lastPlace: (type: ConfigType, place: Place)?
    /// The files that the script has read as parameters, by their paths.
    package var files: (_ path: String) -> JobFile? = { _ in nil }
    /// Of jobs that are done and whose temporary outputs are gone: their scripts, to make them again.
    private var remaking: [Identifier: JobScript] = [:]
    /// The jobs by their numbers.
    private var all: [Job] { jobs.all }
    /// Jobs that are done, of which the scheduler was not told yet.
    private var cached: [JobSpec] = []
    private static let batch = 256
    /// When the run's folder was told of what is done, on the clock of `Monotonic`.
    private var lastFlush = Monotonic.seconds
    private var hasUnwritten = false
    /// Whether something was submitted since the script has waited last.
    private var hasSubmitted = true
    /// Variables that every job of this run gets.
    package private(set) var environment: [EnvironmentVariable]

    /// A job that was submitted for the first time in this run, or that has to be made again.
    package struct PlannedJob {
        package let job: Job
        package let state: JobFolder.State
        /// Whether it was done, and something that it had made is gone.
        package let wasDone: Bool
        package let dependencies: [Job]
        package let environment: [EnvironmentVariable]
        /// The argument vector of a command; empty for a Lua task.
        package let arguments: [String]
        package let requirement: Requirement?
        /// Why this machine cannot run it; told where nothing runs.
        package let problem: String?
        /// The task for which a job that was done is made again.
        package let neededBy: ConfigObject?
        /// What it needs that was made again since it was done.
        package let newer: [JobFolder]
    }

    /// - Parameters:
    ///   - inbox: where the scheduler takes events from; nil where nothing runs.
    ///   - host: the absolute path of `xpm-job`.
    ///   - version: of xpm, for `params.json`.
    ///   - admission: what jobs may ask for.
    ///   - secrets: what others are not to read.
    ///   - services: where services are added; nil where none lives.
    ///   - planned: told of each new job.
    package init(
        name: String, mode: RunMode, workspace: Workspace, run: RunFolder?, board: JobBoard,
        inbox: AsyncStream<Plan.Event>.Continuation?, objects: ObjectLog?,
        environment: [EnvironmentVariable], host: String, version: String, admission: any Admission,
        secrets: Secrets = Secrets(), services: ServiceRegistry? = nil,
        planned: @escaping (PlannedJob) -> Void
    ) {
        self.name = name
        self.mode = mode
        self.workspace = workspace
        self.run = run
        self.board = board
        self.inbox = inbox
        self.objects = objects
        self.environment = environment
        self.host = host
        self.version = version
        self.planned = planned
        self.services = services ?? ServiceRegistry(isLive: false)
        self.admission = admission
        self.secrets = secrets
        ahead = mode == .normal ? run.flatMap { LookAhead($0.earlier, in: workspace) } : nil
    }

    /// Tokens by their names, with how many there are.
    package private(set) var tokens: TextMap<Int> = [:]

    /// Says that there are so many of a token.
    ///
    /// - Returns: the experiments that run now and count fewer, or more: the smallest number holds for all.
    ///
    /// - Parameter isOfUser: whether all runs of the user on this machine share it, not those of the workspace.
    package func define(
        token name: String, count: Int, isOfUser: Bool = false
    ) throws(SystemError) -> [(experiment: String, count: Int)] {
        tokens[name] = count
        if isOfUser { tokensOfUser.insert(name) }
        guard mode.launches, let run else { return [] }
        let token = tokenFolder(name)
        if let lock = try TokenLimit.declare(count, of: token, experiment: self.name, in: workspace) {
            run.hold(lock)
        }
        return TokenLimit.all(of: token, isOfUser: !token.hasPrefix("\(workspace.path)/")).filter {
            $0.experiment != self.name && $0.count != count
        }
    }

    /// What `submit` was given for a job that was submitted before with something else, which counts; by the
    /// names of the options.
    package func ignored(_ options: JobOptions, by job: Job) -> [String] {
        options.given.isEmpty ? [] : options.differences(from: job.options?.options ?? JobOptions())
    }

    private var lastOptions: SharedOptions?

    private func shared(_ options: JobOptions) -> SharedOptions {
        if let last = lastOptions, last.options.isAlike(options) { return last }
        let new = SharedOptions(options)
        lastOptions = new
        return new
    }

    private var tokensOfUser: TextSet = []

    private func tokenFolder(_ name: String) -> String {
        tokensOfUser.contains(name) ? "\(TokenLimit.userFolder)/\(name)" : "\(workspace.tokens)/\(name)"
    }

    /// A folder as a job's script names it: within the workspace by the way from the job.
    private func scriptPath(_ folder: String, from job: String) -> String {
        folder.hasPrefix("\(workspace.path)/") ? Paths.relative(folder, from: job) : folder
    }

    /// Whether a job whose declared outputs are gone runs again.
    package var checksOutputs = false

    /// Whether a job runs again when what it needs was made again since.
    package var refreshes = false

    /// `max_retries` of resumable tasks that say nothing.
    package var mostRetries: Int?

    /// The folder that relative paths in parameters are in.
    package var base = "/"

    package func set(environment name: String, to value: String) {
        environment.removeAll { $0.name == name }
        environment.append(.init(name: name, value: value))
    }

    /// The job that a task was submitted as; nil before.
    package func job(of task: ConfigObject) -> Job? {
        task.task === task ? jobs[task.identifier] : nil
    }

    /// What was submitted so far, each job once.
    package var submitted: [Job] { all.filter { jobs[$0.spec.identifier] === $0 } }

    /// Submits a sealed task. Of two tasks with one identifier the second is the first.
    ///
    /// - Parameter program: makes what the job runs; called only where a folder is to be written, with the
    ///   task's paths in place.
    /// - Throws: what `program` throws, a requirement that this machine cannot meet, or a folder that cannot
    ///   be written.
    package func submit(
        _ task: ConfigObject, _ options: JobOptions = JobOptions(),
        program: (ProgramFrame) throws -> JobProgram
    ) throws -> Job {
        // First: the identifier of a submitted task does not depend on where it stands.
        task.task = task
        let identifier = task.identifier
        let place = place(of: task)
        let folder = JobFolder(
            path: "\(place.folder)/\(identifier.hex)", name: task.represented.type.shortName)
        task.place(in: place.folder)
        task.placePaths(PathPlaces(job: folder.path, partials: workspace.partials, base: base))
        if let known = jobs[identifier] {
            try meet(known, task)
            return known
        }
        var isSubmitted = false
        defer { if !isSubmitted { (task.task, task.jobPath) = (nil, nil) } }

        var (state, wasDone) = try state(
            of: folder, identifier, isPrepared: options.isPrepared ?? (hasLost(task, folder) ? false : nil))
        var (dependencies, needs) = try dependencies(of: task, isDone: state == .done)
        let newer = state == .done ? newer(than: folder, among: dependencies, needs) : []
        if refreshes, !newer.isEmpty, mode != .prepare {
            (state, wasDone) = try reopened(folder)
            (dependencies, needs) = try self.dependencies(of: task, isDone: false)
        }
        let claims = claims(of: task, options)
        let tags = task.allTags()
        let (admitted, problem) = try admit(task, options, tags, folder)
        let demand = admitted.demand
        let script = try script(of: task, in: folder, state, options, needs, claims) {
            try program(admitted.frame)
        }
        let isLeft = mode == .prepare && task.type.kind != .prepare
        var pending: JobFiles?
        var isNew = false
        if mode != .dryRun, !isLeft, state != .done {
            (pending, isNew) = try write(jobFiles(of: task, script), to: folder, script.language, state)
        }
        let spec = JobSpec(
            number: JobNumber(all.count), identifier: identifier, taskID: task.represented.type.key,
            folder: folder, in: place.folder,
            language: script.language, dependencies: dependencies.map(\.spec.number),
            claims: claims.shares.map { Claim($0) } + claims.tokens,
            tags: tags.map { "\($0.name)=\($0.value.plainText)" }.joined(separator: " "),
            demand: demand, retry: script.retry,
            priority: options.priority, isHeld: options.isHeld,
            files: mode.launches ? pending : nil, isNew: isNew)
        let job = Job(spec: spec, task: task, tags: tags)
        job.isDoneElsewhere = options.isPrepared == true
        job.isAsBefore = state == .done || wasDone && newer.isEmpty
        job.options = shared(options)
        if state == .done, task.type.hasTemporaryPaths, Files.exists(folder.collected) {
            remaking[identifier] = script
        }
        try register(job, script, state, wasDone: wasDone, problem: problem, newer: newer)
        isSubmitted = true
        return job
    }

    /// What a job needs that there is only so much of: folders that it shares with other jobs, and tokens.
    private func claims(of task: ConfigObject, _ options: JobOptions) -> (shares: [String], tokens: [Claim]) {
        let tokens = options.tokens.map { token in
            Claim(
                tokenFolder(token.name), count: token.count,
                of: self.tokens[token.name] ?? token.count)
        }
        return (task.partialFolders(in: workspace.partials), tokens)
    }

    private func script(
        of task: ConfigObject, in folder: JobFolder, _ state: JobFolder.State, _ options: JobOptions,
        _ needs: [String], _ claims: (shares: [String], tokens: [Claim]),
        _ program: () throws -> JobProgram
    ) throws -> JobScript {
        let made = try program()
        var script = JobScript(
            taskID: task.type.id, identifier: task.identifier.hex,
            run: place(of: task).run,
            needs: needs.map { Paths.relative($0, from: folder.path) },
            shares: claims.shares.map { Paths.relative($0, from: folder.path) },
            tokens: claims.tokens.map {
                Claim(scriptPath($0.resource, from: folder.path), count: $0.count, of: $0.capacity)
            },
            requirement: options.requirement,
            retry: RetryPolicy(
                most: options.mostRetries ?? (task.type.kind.isResumable ? mostRetries : nil),
                isResumable: task.type.kind.isResumable, rules: options.retryRules),
            results: options.results, environment: environment + options.environment, program: made.program)
        script.attachments = made.attachments
        script.worker = made.helpers.map { Paths.relative($0, from: folder.path) }
        try Self.refuseNUL(in: script)
        if mode != .dryRun, state != .done || task.type.hasTemporaryPaths {
            script.outputs = task.declaredPaths(below: folder.path)
            script.files = task.files().map { path, digest in
                files(path).flatMap { $0.digest == digest ? $0 : nil } ?? JobFile(path: path, digest: digest)
            }
        }
        return script
    }

    /// The kernel would take what is before it.
    private static func refuseNUL(in script: JobScript) throws(ValueError) {
        for (index, argument) in script.arguments.enumerated() where argument.has(0) {
            throw ValueError(
                .refused(
                    "\(script.taskID): command: argument \(index) holds a NUL byte, which no program gets; pass such data in a file"
                ))
        }
        for variable in script.environment where variable.value.has(0) {
            throw ValueError(
                .refused(
                    "\(script.taskID): the variable \(variable.name) holds a NUL byte, which no program gets")
            )
        }
    }

    /// A job that is submitted again has the tags of all its submissions.
    private func meet(_ job: Job, _ task: ConfigObject) throws(SystemError) {
        let more = task.allTags().filter { !job.tags.contains($0) }
        if more.isEmpty { return }
        job.tags += more
        try run?.add(line(of: job), canWait: true)
    }

    /// What the run notes of a job.
    private func line(of job: Job) -> JobLine {
        var line = JobLine(
            task: job.spec.taskID, identifier: job.spec.identifier, tags: masked(job.tags),
            dependencies: job.spec.dependencies.map { all[$0.index].spec.identifier })
        line.isHeld = job.spec.isHeld
        line.priority = job.spec.priority
        return line
    }

    /// The tags that a log may tell.
    private func masked(_ tags: [ConfigObject.Tag]) -> [ConfigObject.Tag] {
        if secrets.isEmpty { return tags }
        return tags.map { tag in
            secrets.areIn(Array(JSON(plain: tag.value).text.utf8))
                ? ConfigObject.Tag(name: tag.name, value: .string(Secrets.mask)) : tag
        }
    }

    /// What the jobs of a type share: one text for all of them.
    private struct Place {
        /// The folder of their folders.
        let folder: String
        /// The way from each of them to the folder of the run.
        let run: String?
    }

    private func place(of task: ConfigObject) -> Place {
        let type = task.represented.type
        // Plans submit many tasks of one type in a row.
        if let last = lastPlace, last.type === type { return last.place }
        let place = places[type.key] ?? newPlace(type.key)
        lastPlace = (type, place)
        return place
    }

    private func newPlace(_ key: String) -> Place {
        let folder = "\(workspace.jobs)/\(key)"
        let place = Place(folder: folder, run: run.map { Paths.relative($0.path, from: "\(folder)/job") })
        places[key] = place
        return place
    }

    /// Writes what a job needs to its folder, unless somebody runs it.
    ///
    /// - Returns: what is still to be written when it is launched: it runs elsewhere, or this user may not
    ///   write there; then it fails by itself. And whether the folder was made.
    private func write(
        _ files: JobFiles, to folder: JobFolder, _ language: JobScript.Language, _ state: JobFolder.State
    ) throws(SystemError) -> (pending: JobFiles?, isNew: Bool) {
        if state == .running { return (files, false) }
        do throws(SystemError) { return (nil, try files.write(to: folder, language)) } catch {
            guard mode.launches, error.isDenied else { throw error }
            return (files, false)
        }
    }

    /// Makes a job part of the run.
    private func register(
        _ job: Job, _ script: JobScript, _ state: JobFolder.State, wasDone: Bool = false,
        problem: String? = nil, neededBy: ConfigObject? = nil, newer: [JobFolder] = []
    ) throws {
        let spec = job.spec
        let dependencies = spec.dependencies.map { all[$0.index] }
        let isLeft = mode == .prepare && job.task.type.kind != .prepare
        // A job that is done is known by its folder.
        let isDone = state == .done
        try run?.add(line(of: job), canWait: isDone)
        try objects?.add(job.task, canWait: isDone)
        // Where jobs run, the run's recorder links them, on another thread.
        if inbox == nil, !isDone { try run?.link(spec.folder, task: spec.taskID) }
        jobs.append(job)
        hasSubmitted = true
        board.add()
        if isDone {
            cached.append(spec)
            if cached.count >= Self.batch { try tellSomeCached() }
        } else {
            tellScheduler()
            inbox?.yield(isLeft ? .left(spec) : .submitted(spec, isDone: false))
        }
        planned(
            PlannedJob(
                job: job, state: state, wasDone: wasDone, dependencies: dependencies,
                environment: script.environment,
                arguments: script.arguments, requirement: script.requirement, problem: problem,
                neededBy: neededBy, newer: newer))
    }

    /// The jobs that a task waits for, and the outcomes that must be there.
    ///
    /// - Parameter isDone: whether it has run: then nothing has to be made for it.
    private func dependencies(of task: ConfigObject, isDone: Bool) throws -> ([Job], needs: [String]) {
        var dependencies: [Job] = []
        var needs: [String] = []
        for other in task.taskDependencies() {
            guard let known = jobs[other.identifier] else {
                needs.append(try earlier(other, neededBy: task).done)
                continue
            }
            let job = isDone ? known : try remake(known, for: task)
            dependencies.append(job)
            if !job.isDoneElsewhere { needs.append(job.spec.folder.done) }
        }
        return (dependencies, needs)
    }

    /// What a job that is done needs, and that runs in this run, or ran after it: what is made anew. A step that
    /// prepares makes nothing else than what was there.
    private func newer(
        than folder: JobFolder, among dependencies: [Job], _ needs: [String]
    ) -> [JobFolder] {
        if dependencies.isEmpty, needs.isEmpty { return [] }
        var known = TextSet(dependencies.map(\.spec.folder.done))
        var found = dependencies.filter { $0.task.type.kind != .prepare }.filter { job in
            !job.isAsBefore || folder.isOlder(than: job.spec.folder)
        }.map(\.spec.folder)
        // Those of earlier runs.
        for need in needs where known.insert(need).inserted {
            let other = JobFolder(outcome: need)
            if folder.isOlder(than: other) { found.append(other) }
        }
        return found
    }

    /// A job that is done and runs again all the same.
    private func reopened(_ folder: JobFolder) throws(SystemError) -> (JobFolder.State, wasDone: Bool) {
        if mode.launches {
            _ = try FileLock.holding(folder.lock) { () throws(SystemError) in
                try folder.reopen(asBefore: false)
            }
        }
        return (.new, true)
    }

    /// A job that is done but whose temporary outputs are gone runs again, for one that needs them; so do
    /// those that it needs.
    private func remake(_ job: Job, for task: ConfigObject) throws -> Job {
        // A run that only prepares leaves it alone, and what needs it.
        if mode == .prepare, job.task.type.kind != .prepare { return job }
        guard let script = remaking.removeValue(forKey: job.spec.identifier) else {
            return jobs[job.spec.identifier] ?? job
        }
        let dependencies = try job.spec.dependencies.map { try remake(all[$0.index], for: job.task) }
        let spec = job.spec.again(as: JobNumber(all.count), dependencies: dependencies.map(\.spec.number))
        let again = Job(spec: spec, task: job.task, tags: job.tags)
        again.options = job.options
        again.isAsBefore = true
        var state = JobFolder.State.new
        if mode != .dryRun {
            // Somebody else may be making them. That they are gone is forgotten when they are made
            // (`JobAttempt`).
            _ = try FileLock.holding(spec.folder.lock) { () throws(SystemError) in
                try spec.folder.reopen(asBefore: true)
            }
        }
        if mode != .dryRun {
            state = spec.folder.state()
            if state != .done, state != .running {
                try jobFiles(of: job.task, script).write(to: spec.folder, spec.language)
            }
        }
        try register(again, script, state, neededBy: task)
        return again
    }

    /// Whether an output that a finished task declares is gone, where this run looks.
    private func hasLost(_ task: ConfigObject, _ folder: JobFolder) -> Bool {
        checksOutputs && !folder.missing(of: task.declaredPaths(below: folder.path)).isEmpty
    }

    /// What the folder says, unless somebody knows better: what a finished step had prepared may be gone.
    ///
    /// - Returns: the state, and whether the job was done, and is to run all the same.
    private func state(
        of folder: JobFolder, _ identifier: Identifier, isPrepared: Bool?
    ) throws(SystemError) -> (JobFolder.State, wasDone: Bool) {
        if isPrepared == true { return (.done, false) }
        let isSeen = ahead?.hasSeenDone(identifier, Paths.name(Paths.parent(folder.path))) ?? false
        let state = isSeen ? .done : folder.state()
        // Nobody takes the lock of a job that is done: a host that was killed after its last word may have
        // left it.
        if state == .done, mode.launches, let claims = LockClaim.folder {
            LockClaim.settle([folder.lock], in: claims)
        }
        if state == .new, mode.launches, Files.exists(folder.done) {
            // It cannot count, as where its parameters were lost in a power cut: these are written anew.
            _ = try FileLock.holding(folder.lock) { () throws(SystemError) in
                if !folder.isDone { try Files.removeTree(folder.done, below: folder.path) }
            }
        }
        guard isPrepared == false, state == .done else { return (state, false) }
        if mode.launches {
            _ = try FileLock.holding(folder.lock) { () throws(SystemError) in
                try folder.reopen(asBefore: true)
            }
        }
        return (.new, true)
    }

    /// What the job takes of this machine, or why it cannot have it.
    private func admit(
        _ task: ConfigObject, _ options: JobOptions, _ tags: [ConfigObject.Tag], _ folder: JobFolder
    ) throws(ValueError) -> (Admitted, problem: String?) {
        var wish = LaunchWish(options.requirement)
        (wish.launcher, wish.batch, wish.wrap) = (options.launcher, options.batch, options.wrap)
        wish.tags = { tags.map { ($0.name, $0.value.plainText) } }
        do throws(ValueError) { return (try admission.admit(wish, in: folder), nil) } catch {
            // Nothing runs, or somewhere else.
            if !mode.launches { return (Admitted(), error.text) }
            throw ValueError(.refused("\(task.type.id) requires \(error.text)"))
        }
    }

    /// The folder of a task of an earlier run, which an object that was loaded brings along.
    private func earlier(_ other: ConfigObject, neededBy task: ConfigObject) throws(ValueError) -> JobFolder {
        guard other.isLoaded else {
            throw ValueError(.refused("\(task.type.id) needs a \(other.type.id) that was not submitted"))
        }
        let folder = workspace.job(of: other)
        guard mode == .dryRun || folder.isDone else {
            throw ValueError(
                .refused(
                    "\(task.type.id) needs the \(other.type.id) \(other.identifier.short) of an earlier run, which is not done here"
                ))
        }
        return folder
    }

    /// Tells the scheduler and the run's folder of the jobs that are done and that they do not know yet:
    /// before anything that waits.
    package func tellCached() throws(SystemError) {
        tellScheduler()
        guard hasUnwritten else { return }
        hasUnwritten = false
        lastFlush = Monotonic.seconds
        try run?.flush()
        try objects?.flush()
    }

    /// The same of the scheduler; of a plan that takes long others see how far it is.
    private func tellSomeCached() throws(SystemError) {
        guard Monotonic.seconds > lastFlush + 2 else { return tellScheduler() }
        try tellCached()
    }

    private func tellScheduler() {
        if cached.isEmpty { return }
        inbox?.yield(.cached(cached))
        cached.removeAll(keepingCapacity: true)
        hasUnwritten = true
    }

    /// The script is about to wait for a job, or for all.
    package func willWait(for number: JobNumber?) throws(SystemError) {
        try tellCached()
        guard hasSubmitted, number.map({ board.status($0).isFinal }) != true else { return }
        hasSubmitted = false
        inbox?.yield(.scriptWaits)
    }

    /// The script's `run` has returned.
    ///
    /// - Parameter isLast: whether nothing is submitted after it, as by callbacks.
    package func endOfScript(isLast: Bool) throws(SystemError) {
        if isLast {
            tellScheduler()
            try endLogs()
        } else {
            try tellCached()
        }
        inbox?.yield(.scriptEnded)
    }

    /// Nothing more is submitted.
    package func close() {
        tellScheduler()
        try? endLogs()
        inbox?.yield(.closed)
    }

    private func endLogs() throws(SystemError) {
        ahead?.end()
        let failure = run?.endPlanning()
        try objects?.end()
        if let failure { throw failure }
    }

    /// Nothing more is launched.
    package func drain() { inbox?.yield(.drain) }

    /// What is written to a job's folder.
    private func jobFiles(of task: ConfigObject, _ script: JobScript) -> JobFiles {
        JobFiles(
            parameters: ParameterFile.json(of: task, workspace: workspace, version: version).bytes,
            script: Array(script.text(host: host).utf8), variables: script.environment,
            attachments: script.attachments, secrets: secrets, temporaryIn: run?.path)
    }
}
