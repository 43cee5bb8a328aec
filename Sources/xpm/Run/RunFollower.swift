import Engine
import Inventory
import Model
import Store
import System
import Text

/// Follows a run of any process by what it writes to its folder, and tells of it as the run itself would.
///
/// The log does not tell which of the jobs that wait miss nothing but a slot: they all wait.
struct RunFollower {
    private let run: RunRecord
    private let workspace: Workspace
    private var submitted: LineReader
    private var events: LineReader
    private var specs: [JobKey: JobSpec] = [:]
    /// The same in their order, and where each is by its identifier.
    private var order: [JobSpec] = []
    private var tags: [JobKey: [(name: String, value: JSON)]] = [:]
    /// Lines of jobs whose submission is not in the log yet.
    private var early: [JSON] = []
    private var isPlanned = false

    init(_ run: RunRecord, in workspace: Workspace) {
        self.run = run
        self.workspace = workspace
        submitted = LineReader("\(run.path)/jobs.jsonl")
        events = LineReader("\(run.path)/events.jsonl")
    }

    /// Tells what has been written since the last call.
    ///
    /// - Parameter observe: gets each event, and how many seconds ago it was.
    mutating func follow(_ observe: (RunEvent, Double) -> Void) {
        // Asked first: what is submitted before the end of the plan is told before it.
        let isPlanning = FileLock.isHeld(workspace.planning(ofExperiment: run.experiment))
        readJobs(observe)
        let waiting = early
        early = []
        for event in waiting { tell(event, observe) }
        for line in events.read() {
            guard let event = try? JSON.parse(Array(line)) else { continue }
            tell(event, observe)
        }
        if !isPlanning, !isPlanned {
            isPlanned = true
            observe(.planned, 0)
        }
    }

    private mutating func readJobs(_ observe: (RunEvent, Double) -> Void) {
        var reader = JobLineReader(workspace)
        for line in submitted.read() {
            guard let record = reader.record(line), specs[record.key] == nil,
                let identifier = Identifier(hex: record.identifier)
            else { continue }
            let spec = JobSpec(
                number: JobNumber(specs.count), identifier: identifier, taskID: record.task,
                folder: record.folder, language: .sh, dependencies: [], tags: record.tagsText,
                priority: record.priority)
            specs[record.key] = spec
            order.append(spec)
            tags[record.key] = record.tags
            observe(.submitted(spec), 0)
        }
    }

    private mutating func tell(_ event: JSON, _ observe: (RunEvent, Double) -> Void) {
        let state = event["state"]?.string
        let ago = event["timestamp"]?.number.map { max(0, Timestamp.now.seconds - $0) } ?? 0
        if let service = event["service_id"]?.string {
            if let reason = event["error"]?.string { observe(.warning("service \(service): \(reason)"), ago) }
            if state == "RUNNING", let url = event["url"]?.string {
                observe(.service(id: service, url: url), ago)
            }
            return
        }
        guard let task = event["task_id"]?.string, let identifier = event["job_id"]?.string else { return }
        guard let spec = specs[JobKey(taskID: task, identifier: identifier)] else {
            return early.append(event)
        }
        if let last = event["through"]?.string, let count = event["count"]?.int.flatMap({ Int(exactly: $0) })
        {
            return tellCached(from: spec, through: last, count, event, ago, observe)
        }
        let reason = event["reason"]?.string
        switch state {
        case nil:
            if let change = JobChange(event) { observe(.changed(spec, change), ago) }
        case "retry"?:
            let attempt = event["attempt"]?.int.flatMap { Int(exactly: $0) } ?? 1
            var outcome = Outcome(.failed, message: reason)
            outcome.attempt = attempt
            observe(.retrying(spec, outcome), ago)
            observe(.status(spec, .waiting), ago)
        case let word?:
            if let status = Self.status(word, reason, isCached: event["cached"] == .bool(true)) {
                observe(.status(spec, status), ago)
            }
        }
    }

    /// Jobs that were done already, and that follow each other.
    private mutating func tellCached(
        from first: JobSpec, through last: String, _ count: Int, _ event: JSON, _ ago: Double,
        _ observe: (RunEvent, Double) -> Void
    ) {
        let start = first.number.index
        guard count > 1, count <= order.count - start else { return early.append(event) }
        // Lines of jobs may be lost: then those between are not the ones that are meant.
        let isWhole = order[start + count - 1].identifier.hex == last
        for spec in isWhole ? order[start..<start + count] : [first] { observe(.status(spec, .cached), ago) }
    }

    private static func status(_ word: String, _ reason: String?, isCached: Bool) -> JobStatus? {
        switch word {
        case "running": .running
        case "waiting": .queued(reason ?? "")
        case "held": .held
        case "done": isCached ? .cached : .done
        // "error": of an older version.
        case "failed", "error": .failed(Outcome(.failed, message: reason))
        case "cancelled": .failed(Outcome(.cancelled, message: reason))
        case "blocked": .blocked(by: JobNumber(0))
        case "not run": .notRun
        default: nil
        }
    }

    /// What a job was run with, as its folder has it.
    func values(_ spec: JobSpec) -> RunReport.TaskValues {
        RunReport.TaskValues(recordedIn: spec.folder, tags: tags[spec.key] ?? [])
    }
}
