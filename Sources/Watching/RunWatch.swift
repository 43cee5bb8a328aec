package import Inventory
package import Model
package import Store
import System
package import Text

/// The jobs of one run, as its logs and the folders of its jobs tell: columns, one entry a job, which follow what is
/// written. Each line of the logs is read once.
///
/// Belongs to one thread.
package final class RunWatch {
    package let experiment: String
    package let run: String
    private let workspace: Workspace
    private var submissions: LineReader
    private var events: LineReader

    // The columns.
    private var tasks: [Int32] = []
    private var identifiers: [Identifier] = []
    /// The tags of each as JSON, one after the other, and where those of each begin.
    private var tagStarts: [Int] = [0]
    private var tagBytes: [UInt8] = []
    package private(set) var states: [JobRecord.State] = []
    /// When its state began, in seconds since 1970; for one that has ended, when it began to run.
    private var since: [Double] = []
    /// How long it ran, in seconds; NaN for one that has not ended, or that did not run.
    private var seconds: [Double] = []
    private var cached: [Bool] = []
    private var reasons: [Int: String] = [:]
    /// The rows that each needs, one after the other, and where those of each begin.
    private var needStarts: [Int] = [0]
    private var needRows: [Int32] = []

    private var taskNames: [String] = []
    /// Of each type: how many are to run and are not held, and how long those took that were done.
    private var open: [Int] = []
    private var durations: [TaskDurations.Spread] = []
    private var running: Set<Int> = []
    /// What jobs took in earlier runs; read when somebody asks for the time left.
    private lazy var earlier = TaskDurations.beforeRun(run, of: experiment, in: workspace)
    private var taskNumbers: TextMap<Int32> = [:]
    private var rows: [Identifier: Int] = [:]
    /// Lines of jobs whose submission is not read yet.
    private var early: [[UInt8]] = []
    /// When it is looked again what became of jobs of a run that is over, on the clock of `Monotonic`.
    private var nextSettling = 0.0
    private static let mostEarly = 100_000
    /// Bytes of a log that are read at once.
    private static let piece = 1 << 20
    /// What is a tag of some job, and so no parameter.
    private var tagNames: TextSet = []
    private var lastNames: [[UInt8]] = []
    private var tally = JobTally()
    /// The rows that have changed, where somebody asks for them.
    private var changed: Set<Int>?
    /// When the run was seen to go on last; what has no end after that never gets one.
    private var isLive = true

    package init(experiment: String, run: String, in workspace: Workspace) {
        self.experiment = experiment
        self.run = run
        self.workspace = workspace
        let folder = "\(workspace.experiment(experiment))/\(run)"
        submissions = LineReader("\(folder)/jobs.jsonl")
        events = LineReader("\(folder)/events.jsonl")
    }

    /// How many jobs there are.
    package var count: Int { states.count }

    /// How many are in each state.
    package var counts: JobTally { tally }

    /// The rows that have changed since the last call, in their order; at the first all.
    package func takeChanges() -> [Int] {
        defer { changed = [] }
        return changed?.sorted() ?? Array(states.indices)
    }

    /// Reads what is new.
    ///
    /// - Parameter isLive: whether the run goes on.
    /// - Returns: whether anything is.
    package func refresh(isLive: Bool) -> Bool {
        var hasChanged = false
        while case let lines = submissions.read(most: Self.piece), !lines.isEmpty {
            for line in lines { add(line) }
            hasChanged = true
        }
        let waiting = early
        early = []
        for event in waiting { apply(event[...]) }
        while case let lines = events.read(most: Self.piece), !lines.isEmpty {
            for line in lines { apply(line) }
            hasChanged = true
        }
        if !isLive, settle() { hasChanged = true }
        if self.isLive != isLive { hasChanged = true }
        self.isLive = isLive
        return hasChanged
    }

    private func add(_ line: ArraySlice<UInt8>) {
        var fields = JSONFields(line)
        var (task, identifier): (Int32?, Identifier?) = (nil, nil)
        var (tags, needs): (ArraySlice<UInt8>, ArraySlice<UInt8>) = ([], [])
        var (time, isHeld) = (Double.nan, false)
        while let (name, value) = fields.next() {
            if JSONFields.isName(name, "task_id") {
                task = JSONFields.text(value).flatMap { JobRecord.isSafe($0) ? number(of: $0) : nil }
            } else if JSONFields.isName(name, "job_id") {
                identifier = JSONFields.plainText(value).flatMap(Identifier.init(hexBytes:))
            } else if JSONFields.isName(name, "tags") {
                tags = value
            } else if JSONFields.isName(name, "timestamp") {
                time = JSONFields.number(value) ?? .nan
            } else if JSONFields.isName(name, "depends_on") {
                needs = value
            } else if JSONFields.isName(name, "held") {
                isHeld = value.first == UInt8(ascii: "t")
            }
        }
        // A line that is written again has more tags: the first counts here.
        guard let task, let identifier, rows[identifier] == nil else { return }
        rows[identifier] = states.count
        tasks.append(task)
        identifiers.append(identifier)
        tagBytes += tags
        tagStarts.append(tagBytes.count)
        note(tags)
        noteNeeds(needs)
        let state: JobRecord.State = isHeld ? .held : .waiting
        states.append(state)
        since.append(time)
        seconds.append(.nan)
        cached.append(false)
        tally.add(state)
        if state == .waiting { open[Int(task)] += 1 }
        changed?.insert(states.count - 1)
    }

    /// The rows of an array of identifiers; those of other runs are left out.
    private func noteNeeds(_ array: ArraySlice<UInt8>) {
        defer { needStarts.append(needRows.count) }
        guard array.count > 2 else { return }
        for part in array.split(separator: UInt8(ascii: "\"")) where part.count == 64 {
            if let row = Identifier(hexBytes: part).flatMap({ rows[$0] }) { needRows.append(Int32(row)) }
        }
    }

    /// The names of tags that some job has.
    private func note(_ tags: ArraySlice<UInt8>) {
        var fields = JSONFields(tags)
        var index = 0
        while let (name, _) = fields.next() {
            defer { index += 1 }
            // Most jobs have the tags of the one before.
            if lastNames.indices.contains(index), lastNames[index].elementsEqual(name) { continue }
            tagNames.insert(JSONFields.text(ofName: name))
            lastNames = Array(lastNames.prefix(index)) + [Array(name)]
        }
    }

    private func number(of task: String) -> Int32 {
        if let known = taskNumbers[task] { return known }
        let number = Int32(taskNames.count)
        taskNames.append(task)
        open.append(0)
        durations.append(TaskDurations.Spread())
        taskNumbers[task] = number
        return number
    }

    private func apply(_ line: ArraySlice<UInt8>) {
        let event = JobEventLine(line)
        guard let word = event.word, let found = event.job.flatMap(Identifier.init(hexBytes:)) else { return }
        let last = event.through.flatMap(Identifier.init(hexBytes:)) ?? found
        guard let row = rows[found], let through = rows[last] else {
            if early.count < Self.mostEarly { early.append(Array(line)) }
            return
        }
        // Lines of jobs may be lost: then those between are not the ones that are meant.
        let range = through >= row && through - row + 1 == event.count ? row...through : row...row
        guard let state = Self.state(word) else { return }
        let reason = event.reason
        for row in range {
            changed?.insert(row)
            if state == .done { cached[row] = event.isCached }
            move(row, to: state, at: event.time)
            if reason != nil || reasons[row] != nil { reasons[row] = reason }
        }
    }

    /// By the words of `events.jsonl`, and of changes that somebody wanted.
    private static func state(_ word: String) -> JobRecord.State? {
        switch word {
        case "running": .running
        case "done": .done
        case "failed", "error": .failed
        case "waiting", "retry", "release": .waiting
        case "held", "hold": .held
        case "cancelled": .cancelled
        case "blocked": .blocked
        case "not run": .notRun
        default: nil
        }
    }

    private func move(_ row: Int, to state: JobRecord.State, at time: Double) {
        let old = states[row]
        if [.done, .failed, .cancelled].contains(state) {
            if old == .running {
                seconds[row] = max(0, time - since[row])
                if state == .done { durations[Int(tasks[row])].add(seconds[row]) }
            } else {
                since[row] = time
            }
        } else if old != state {
            since[row] = time
            seconds[row] = .nan
        }
        guard old != state else { return }
        tally.remove(old)
        tally.add(state)
        states[row] = state
        if old == .waiting { open[Int(tasks[row])] -= 1 }
        if state == .waiting { open[Int(tasks[row])] += 1 }
        if old == .running { running.remove(row) }
        if state == .running { running.insert(row) }
    }

    /// The run is over: what its log leaves open has ended since then, or lives on by itself, or never began.
    ///
    /// - Returns: whether that has changed something.
    private func settle() -> Bool {
        guard tally[.running] + tally[.waiting] + tally[.held] > 0, Monotonic.seconds >= nextSettling else {
            return false
        }
        let began = Monotonic.seconds
        // Each costs some calls to the disk: at most a tenth of the time.
        defer { nextSettling = Monotonic.seconds + max(1, (Monotonic.seconds - began) * 10) }
        var hasChanged = false
        for row in states.indices where [.running, .waiting, .held].contains(states[row]) {
            var record = record(row)
            record.readState()
            let state = record.state == .waiting ? .running : record.state
            guard state != states[row] else { continue }
            move(row, to: state, at: record.outcome?.ended?.seconds ?? .nan)
            changed?.insert(row)
            hasChanged = true
        }
        return hasChanged
    }

    /// How long the rest of a run takes that goes on; nil where nothing is known.
    package func timeLeft(at now: Double) -> TimeLeft? {
        guard isLive, tally[.running] + tally[.waiting] > 0 else { return nil }
        var elapsed = [[Double]](repeating: [], count: taskNames.count)
        for row in running { elapsed[Int(tasks[row])].append(max(0, now - since[row])) }
        return TimeLeft(
            taskNames.indices.map { task in
                TimeLeft.Work(
                    known: durations[task].after(earlier[taskNames[task]]), waiting: open[task],
                    running: elapsed[task])
            })
    }

    // MARK: Rows

    package func task(_ row: Int) -> String { taskNames[Int(tasks[row])] }
    package func identifier(_ row: Int) -> String { identifiers[row].hex }
    package func short(_ row: Int) -> String { identifiers[row].short }
    package func isCached(_ row: Int) -> Bool { cached[row] }
    package func reason(_ row: Int) -> String? { reasons[row] }

    /// `lr=0.1 seed=1`
    package func tags(_ row: Int) -> String { record(row).tagsText }

    package func tagValues(_ row: Int) -> [(name: String, value: JSON)] {
        let bytes = tagBytes[tagStarts[row]..<tagStarts[row + 1]]
        guard !bytes.isEmpty, case .object(let members)? = try? JSON.parse(Array(bytes)) else { return [] }
        return members.map { ($0.name, $0.value) }
    }

    package func folder(_ row: Int) -> JobFolder {
        JobRecord(workspace, task: task(row), identifier: identifier(row)).folder
    }

    /// How long it runs, or ran, in seconds; nil for one that has not.
    package func duration(_ row: Int, at now: Double) -> Double? {
        if states[row] == .running { return max(0, now - since[row]) }
        return seconds[row].isNaN ? nil : seconds[row]
    }

    /// When a row began to run, or ended if it did not run; seconds since 1970, NaN where nobody knows.
    package func began(_ row: Int) -> Double { since[row] }

    /// The row of a job; nil for one that the run does not have.
    package func row(of identifier: Identifier) -> Int? { rows[identifier] }

    /// The rows that a row needs.
    package func needs(_ row: Int) -> [Int] { needRows[needStarts[row]..<needStarts[row + 1]].map(Int.init) }

    /// The rows that need a row.
    package func dependants(_ row: Int) -> [Int] {
        // Who needs it was submitted later.
        (row..<states.count).filter { needRows[needStarts[$0]..<needStarts[$0 + 1]].contains(Int32(row)) }
    }

    /// The types of tasks in the order in which they came, with how many jobs of each are in each state, and how many
    /// jobs of one need some of another.
    package func graph() -> (
        nodes: [(task: String, counts: JobTally)], edges: [(from: Int, to: Int, count: Int)]
    ) {
        var tallies = [JobTally](repeating: JobTally(), count: taskNames.count)
        var edges: [Int64: Int] = [:]
        for row in states.indices {
            tallies[Int(tasks[row])].add(states[row])
            var seen: Set<Int32> = []
            for need in needRows[needStarts[row]..<needStarts[row + 1]] {
                let from = tasks[Int(need)]
                if seen.insert(from).inserted {
                    edges[Int64(from) << 32 | Int64(tasks[row]), default: 0] += 1
                }
            }
        }
        return (
            zip(taskNames, tallies).map { ($0, $1) },
            edges.keys.sorted().map { (Int($0 >> 32), Int($0 & 0xffff_ffff), edges[$0] ?? 0) }
        )
    }

    /// A row for programs.
    package func json(_ row: Int, at now: Double) -> JSON {
        [
            "event": "job", "experiment": .string(experiment), "run": .string(run),
            "task": .string(task(row)), "id": .string(identifier(row)),
            "state": .string(states[row].rawValue), "cached": .bool(cached[row]),
            "seconds": duration(row, at: now).map(JSON.float) ?? .null,
            "reason": .optional(reasons[row]),
            "tags": .object(tagValues(row).map { .init($0.name, $0.value) }),
        ]
    }

    private func record(_ row: Int) -> JobRecord {
        var record = JobRecord(workspace, task: task(row), identifier: identifier(row))
        (record.experiment, record.run) = (experiment, run)
        record.state = states[row]
        record.isHeld = states[row] == .held
        record.tags = tagValues(row)
        return record
    }

    /// A row as a filter asks for it: of its tags only those that are asked for are read.
    private struct Subject: JobFilter.Subject {
        let run: RunWatch
        let row: Int

        func values(_ name: String) -> [JSON] {
            switch name {
            case "@state": return [.string(run.states[row].rawValue)]
            case "@name": return [.string(run.task(row))]
            case "@id": return [.string(run.identifier(row))]
            case "@experiment": return [.string(run.experiment)]
            case "@run": return [.string(run.run)]
            default: break
            }
            guard run.tagNames.contains(name) else {
                return [RecordedTask.parameters(of: run.folder(row))[name]].compactMap(\.self)
            }
            var found: [JSON] = []
            var fields = JSONFields(run.tagBytes[run.tagStarts[row]..<run.tagStarts[row + 1]])
            let wanted = name.utf8
            while let (key, value) = fields.next() {
                let hasEscape = key.contains(UInt8(ascii: "\\"))
                let isThis = hasEscape ? JSONFields.text(ofName: key) == name : key.elementsEqual(wanted)
                if isThis, let json = try? JSON.parse(Array(value)) { found.append(json) }
            }
            return found
        }
    }

    /// How rows are ordered.
    package enum Order: Sendable, CaseIterable {
        /// As they were submitted.
        case submitted
        /// What needs a look first: failed, running, waiting, done.
        case state
        /// The longest first.
        case duration
        case task

        package var text: String {
            switch self {
            case .submitted: "submitted"
            case .state: "state"
            case .duration: "duration"
            case .task: "task"
            }
        }
    }

    /// The rows that a filter takes, in an order.
    package func rows(_ filter: JobFilter?, by order: Order, at now: Double) -> [Int] {
        var found = Array(states.indices)
        if let filter {
            found = found.filter { filter.accepts(Subject(run: self, row: $0)) }
        }
        switch order {
        case .submitted: break
        case .state:
            found.sort { (Self.rank(states[$0]), $0) < (Self.rank(states[$1]), $1) }
        case .duration:
            let durations = states.indices.map { duration($0, at: now) ?? -1 }
            found.sort { (-durations[$0], $0) < (-durations[$1], $1) }
        case .task:
            let ranks = taskNames.indices.sorted { ByteOrder.less(taskNames[$0], taskNames[$1]) }
            var rank = [Int](repeating: 0, count: ranks.count)
            for (place, number) in ranks.enumerated() { rank[number] = place }
            found.sort { (rank[Int(tasks[$0])], $0) < (rank[Int(tasks[$1])], $1) }
        }
        return found
    }

    private static func rank(_ state: JobRecord.State) -> Int {
        switch state {
        case .failed: 0
        case .cancelled: 1
        case .unreadable: 2
        case .running: 3
        case .ready: 4
        case .waiting: 5
        case .held: 6
        case .blocked: 7
        case .notRun: 8
        case .done: 9
        }
    }
}

/// How many jobs are in each state.
package struct JobTally: Sendable, Equatable {
    private var counts = [Int](repeating: 0, count: JobRecord.State.allCases.count)

    package init() {}

    private static func index(_ state: JobRecord.State) -> Int {
        JobRecord.State.allCases.firstIndex(of: state) ?? 0
    }

    mutating func add(_ state: JobRecord.State) { counts[Self.index(state)] += 1 }
    mutating func remove(_ state: JobRecord.State) { counts[Self.index(state)] -= 1 }

    package subscript(state: JobRecord.State) -> Int { counts[Self.index(state)] }
    package var total: Int { counts.reduce(0, +) }
}
