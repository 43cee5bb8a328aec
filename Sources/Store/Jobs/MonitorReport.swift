import Glibc
package import System
import Text

/// What experimaestro's monitors read of a job: `.experimaestro/status.json` in its folder, and while it runs
/// `WORKSPACE/.events/jobs/{hash of the type}-{identifier}-0.jsonl`.
///
/// Only of jobs that run for a while: the rest is told by `{name}.pid` and the outcome, and costs nothing.
package struct MonitorReport {
    private let folder: JobFolder
    private let task: String
    private let started: Timestamp
    private let attempt: Int
    private var last: (fraction: Double, text: String?)?
    private var isBegun = false
    /// Whether the program tells its own events, as experimaestro's classes do.
    private var tellsItself = false

    /// How long a job runs before it is reported, and between two looks, in seconds.
    package static let delay = 1.0
    package static let interval = 3.0

    package init(of folder: JobFolder, started: Timestamp, attempt: Int) {
        self.folder = folder
        self.started = started
        self.attempt = attempt
        task = Paths.name(Paths.parent(folder.path))
    }

    private var status: String { "\(folder.path)/.experimaestro/status.json" }

    private var events: String { JobEvents.live(folder) }

    /// Tells how far the job is, where that is news. What cannot be written is not told: the job goes on.
    package mutating func update() {
        let now = JobEvents.lastProgress(in: folder)
        let isNews = now?.fraction != last?.fraction || now?.text != last?.text
        if isBegun, !isNews { return }
        last = now
        if !isBegun {
            // What an attempt before this one has left, where nobody could take it away, is not its own.
            if let modified = Files.modified(events), Double(modified) / 1e6 < started.seconds - 1 {
                try? Files.remove(events)
            }
            tellsItself = Files.exists(events)
            if !tellsItself { append(state("running", nil)) }
        }
        isBegun = true
        try? write("running", nil)
        guard isNews, !tellsItself, let now else { return }
        append([
            .init("level", 0), .init("progress", .float(now.fraction)), .init("desc", .optional(now.text)),
            .init("event_type", "JobProgressEvent"),
        ])
    }

    /// Tells how it ended. The file of what was told while it ran goes.
    package mutating func end(_ outcome: Outcome) {
        guard isBegun || Files.exists(status) else { return }
        last = JobEvents.lastProgress(in: folder) ?? last
        let name = outcome.isDone ? "done" : "error"
        try? write(name, outcome)
        guard isBegun, !tellsItself else { return }
        append(state(name, outcome))
        try? Files.remove(events)
    }

    private var progress: JSON {
        guard let last else { return .array([]) }
        return .array([["level": 0, "desc": .optional(last.text), "progress": .float(last.fraction)]])
    }

    private static func reason(_ outcome: Outcome?) -> JSON {
        guard let outcome, !outcome.isDone else { return .null }
        return .string(outcome.reason.monitorName)
    }

    private func members(_ state: String, _ outcome: Outcome?) -> [JSON.Member] {
        [
            .init("state", .string(state)), .init("failure_reason", Self.reason(outcome)),
            .init("started_time", .string(started.iso)), .init("ended_time", .optional(outcome?.ended?.iso)),
            .init("exit_code", outcome?.exitCode.map { .int(Int64($0)) } ?? .null),
            .init("retry_count", .int(Int64(attempt - 1))), .init("progress", progress),
        ]
    }

    private func state(_ state: String, _ outcome: Outcome?) -> [JSON.Member] {
        members(state, outcome) + [.init("event_type", "JobStateChangedEvent")]
    }

    private func write(_ state: String, _ outcome: Outcome?) throws(SystemError) {
        try Files.makeFolder(Paths.parent(status), below: folder.path)
        let whole: [JSON.Member] = [
            .init("job_id", .string(folder.identifier)), .init("task_id", .string(task)),
            .init("path", .string(folder.path)),
        ]
        try Files.replace(status, with: JSON.object(whole + members(state, outcome)).bytes)
    }

    private func append(_ members: [JSON.Member]) {
        let path = events
        guard (try? Files.makeFolder(Paths.parent(path), in: folder.workspace)) != nil,
            let log = try? Descriptor(writing: path, O_APPEND)
        else { return }
        var bytes: [UInt8] = []
        let head: [JSON.Member] = [
            .init("timestamp", .float(Timestamp.now.seconds)), .init("job_id", .string(folder.identifier)),
        ]
        JSON.object(head + members).writeLine(to: &bytes)
        try? log.write(bytes, path: path)
    }
}

extension Outcome.Reason {
    /// Why it failed, in experimaestro's words.
    package var monitorName: String {
        switch self {
        case .timeout: "TIMEOUT"
        case .memory: "MEMORY"
        case .cancelled: "CANCELLED"
        default: "FAILED"
        }
    }
}
