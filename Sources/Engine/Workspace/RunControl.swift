/// What others want of a live run: `{run}/control.jsonl`, which they append to and the run follows.
///
///     {"task_id": "iris.train", "job_id": "3f2a…", "want": "hold"}        or "release"
///     {"task_id": "iris.train", "job_id": "3f2a…", "want": "priority", "value": 5}
package struct RunControl: Sendable {
    private let path: String
    private var offset = 0

    /// - Parameter run: the folder of the run.
    package init(run: String) { path = "\(run)/control.jsonl" }

    /// Asks for changes.
    package static func ask(_ change: JobChange, of jobs: [JobKey], run: String) throws(SystemError) {
        let log = try LineLog(RunControl(run: run).path)
        let lines = jobs.map { job -> JSON in
            var members: [JSON.Member] = [
                .init("task_id", .string(job.taskID)), .init("job_id", .string(job.identifier)),
            ]
            switch change {
            case .hold: members.append(.init("want", "hold"))
            case .release: members.append(.init("want", "release"))
            case .priority(let value):
                members += [.init("want", "priority"), .init("value", .int(Int64(value)))]
            }
            return .object(members)
        }
        if let failure = log.append(lines) { throw failure }
    }

    /// What was asked since the last look. A line that is not whole yet is left for later, one that says nothing is passed over.
    package mutating func read() -> [(job: JobKey, change: JobChange)] {
        guard Files.size(of: path) > Int64(offset), let bytes = try? Files.read(path, from: offset),
            let end = bytes.lastIndex(of: UInt8(ascii: "\n"))
        else { return [] }
        offset += end + 1
        return bytes[..<end].split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let json = try? JSON.parse(Array(line)), let task = json["task_id"]?.string,
                let identifier = json["job_id"]?.string, let change = Self.change(json)
            else { return nil }
            return (JobKey(taskID: task, identifier: identifier), change)
        }
    }

    private static func change(_ json: JSON) -> JobChange? {
        switch json["want"]?.string {
        case "hold"?: .hold
        case "release"?: .release
        case "priority"?: json["value"]?.int.flatMap { Int(exactly: $0) }.map(JobChange.priority)
        default: nil
        }
    }
}
