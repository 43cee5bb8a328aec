import Glibc
import Model
import System
import Text

/// The event log of a job, `.experimaestro/events/event-0.jsonl`: only appended to, by the job's own
/// processes.
///
/// The lines are experimaestro's `JobProgressEvent`; a program writes `{"progress": 0.5, "text": "…"}` to
/// `events.jsonl`, `$XPM_EVENTS`. Start and end are told by `{name}.pid` and the outcome.
package enum JobEvents {
    /// Progress of the running job.
    ///
    /// - Parameter fraction: from 0 to 1.
    package static func progress(_ fraction: Double, text: String?, in folder: JobFolder) {
        append(
            [
                "timestamp": .float(Timestamp.now.seconds), "job_id": .string(Paths.name(folder.path)),
                "task_id": .string(Paths.name(Paths.parent(folder.path))), "level": 0,
                "progress": .float(fraction),
                "desc": .optional(text), "event_type": "JobProgressEvent",
            ], to: folder)
    }

    /// The last progress of a job, for the console; looks at the end of the log only.
    package static func lastProgress(in folder: JobFolder) -> (fraction: Double, text: String?)? {
        guard
            let tail = Files.tail(folder.events, count: 4096)
                ?? Files.tail(folder.programEvents, count: 4096) ?? Files.tail(live(folder), count: 4096)
        else { return nil }
        for line in tail.split(separator: UInt8(ascii: "\n")).reversed() {
            guard let json = try? JSON.parse(Array(line)), let fraction = json["progress"]?.number else {
                continue
            }
            return (min(1, max(0, fraction)), (json["desc"] ?? json["text"])?.string)
        }
        return nil
    }

    /// Where experimaestro's classes tell events while they run, and its monitors look for them.
    static func live(_ folder: JobFolder) -> String {
        let task = Paths.name(Paths.parent(folder.path))
        let hash = Identifier(hashing: Array(task.utf8)).short
        return "\(folder.workspace)/.events/jobs/\(hash)-\(folder.identifier)-0.jsonl"
    }

    /// Makes the log's folder.
    private static func makeFolder(in folder: JobFolder) throws(SystemError) {
        try Files.makeFolder(Paths.parent(folder.events), below: folder.path)
    }

    private static func append(_ line: JSON, to folder: JobFolder) {
        // A log that cannot be written does not stop a job.
        guard let log = open(folder) else { return }
        var bytes: [UInt8] = []
        line.writeLine(to: &bytes)
        try? log.write(bytes, path: folder.events)
    }

    /// - Returns: nil also where a link is in the place of its folder.
    private static func open(_ folder: JobFolder) -> Descriptor? {
        guard (try? makeFolder(in: folder)) != nil else { return nil }
        return try? Descriptor(writing: folder.events, O_APPEND)
    }
}
