package import System
import Text

/// What others want of a live run: `{run}/control.jsonl`, which they append to and the run follows.
///
///     {"task_id": "iris.train", "job_id": "3f2a…", "want": "hold"}        or "release"
///     {"task_id": "iris.train", "job_id": "3f2a…", "want": "priority", "value": 5}
///     {"task_id": "iris.train", "job_id": "3f2a…", "want": "kill"}        one that runs
///     {"service": "monitor/tensorboard", "want": "stop"}                  or "start", "restart"
///     {"want": "stop", "now": true}                                       the run; its running jobs too
package struct RunControl: Sendable {
    private let path: String
    private var lines: LineReader

    package enum Wish: Sendable, Equatable {
        case job(JobKey, JobChange)
        case service(String, ServiceWish)
        /// The run is to stop.
        case stop(now: Bool)
        /// A job that runs is to end.
        case kill(JobKey)
    }

    package enum ServiceWish: String, Sendable { case start, stop, restart }

    /// Asks something of a service.
    package static func ask(_ wish: ServiceWish, ofService id: String, run: String) throws(SystemError) {
        let line: JSON = ["service": .string(id), "want": .string(wish.rawValue)]
        try append([line], run)
    }

    /// Asks a run to stop, as Ctrl-C does.
    ///
    /// - Parameter now: whether its running jobs are to stop too.
    package static func askToStop(now: Bool, run: String) throws(SystemError) {
        let line: JSON = ["want": "stop", "now": .bool(now)]
        try append([line], run)
    }

    /// Asks a run to end a job that its host runs.
    package static func askToKill(_ job: JobKey, run: String) throws(SystemError) {
        let line: JSON = [
            "task_id": .string(job.taskID), "job_id": .string(job.identifier), "want": "kill",
        ]
        try append([line], run)
    }

    /// - Parameter run: the folder of the run.
    package init(run: String) {
        path = "\(run)/control.jsonl"
        lines = LineReader(path)
    }

    /// Asks for changes.
    package static func ask(_ change: JobChange, of jobs: [JobKey], run: String) throws(SystemError) {
        let lines = jobs.map { job -> JSON in
            var members: [JSON.Member] = [
                .init("task_id", .string(job.taskID)), .init("job_id", .string(job.identifier)),
            ]
            members += change.json
            return .object(members)
        }
        try append(lines, run)
    }

    private static func append(_ lines: [JSON], _ run: String) throws(SystemError) {
        if let failure = try LineLog(RunControl(run: run).path).append(lines) { throw failure }
    }

    /// What was asked since the last look. A line that says nothing is passed over.
    package mutating func read() -> [Wish] {
        lines.read().compactMap { line in
            guard let json = try? JSON.parse(Array(line)) else { return nil }
            if let service = json["service"]?.string {
                return json["want"]?.string.flatMap(ServiceWish.init(rawValue:)).map { .service(service, $0) }
            }
            guard let task = json["task_id"]?.string, let identifier = json["job_id"]?.string else {
                return json["want"]?.string == "stop" ? .stop(now: json["now"] == .bool(true)) : nil
            }
            let job = JobKey(taskID: task, identifier: identifier)
            if json["want"]?.string == "kill" { return .kill(job) }
            return JobChange(json).map { .job(job, $0) }
        }
    }
}
