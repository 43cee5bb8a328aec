#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The event log of a job, `.experimaestro/events/event-0.jsonl`: only appended to, by the job's own processes.
///
/// The lines are those of experimaestro: `JobStateChangedEvent`, `JobProgressEvent`; and `JobResultEvent`.
package enum JobEvents {
    static func state(_ state: String, of header: JobScript.Header, at time: Timestamp, in folder: JobFolder)
    {
        append(
            [
                "timestamp": .float(time.seconds), "job_id": .string(header.identifier),
                "task_id": .string(header.taskID), "state": .string(state), "started_time": .string(time.iso),
                "event_type": "JobStateChangedEvent",
            ], to: folder)
    }

    static func outcome(_ outcome: Outcome, in folder: JobFolder) {
        append(
            [
                "timestamp": .float((outcome.ended ?? .now).seconds),
                "job_id": .string(Paths.name(folder.path)),
                "task_id": .string(Paths.name(Paths.parent(folder.path))),
                "state": .string(outcome.isDone ? "done" : "error"),
                "failure_reason": outcome.isDone ? .null : .string(outcome.reason.rawValue),
                "exit_code": outcome.exitCode.map { .int(Int64($0)) } ?? .null,
                "ended_time": .optional(outcome.ended?.iso), "event_type": "JobStateChangedEvent",
            ], to: folder)
    }

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
        guard let tail = Files.tail(folder.events, count: 4096) else { return nil }
        for line in tail.split(separator: UInt8(ascii: "\n")).reversed() {
            guard let json = try? JSON.parse(Array(line)), let fraction = json["progress"]?.number else {
                continue
            }
            return (min(1, max(0, fraction)), (json["desc"] ?? json["text"])?.string)
        }
        return nil
    }

    private static func append(_ line: JSON, to folder: JobFolder) {
        // A log that cannot be written does not stop a job.
        guard let log = try? Descriptor(opening: folder.events, O_WRONLY | O_CREAT | O_APPEND) else { return }
        var bytes: [UInt8] = []
        line.writeLine(to: &bytes)
        try? log.write(bytes, path: folder.events)
    }
}
