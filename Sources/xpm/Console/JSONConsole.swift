import Engine
import Model
import Store
import System
import Text

/// One JSON object a line on standard output, for programs.
///
/// What the script prints goes to standard error, so that every line is an object.
final class JSONConsole: Console {
    /// Diverts the script's output when it is first used.
    private static let output = StandardStream.divertOutput()

    init() { _ = Self.output }

    func observe(_ event: RunEvent) {
        switch event {
        case .began(let experiment, let run, let folder):
            write([
                "event": "began", "experiment": .string(experiment), "run": .string(run),
                "folder": .string(folder),
            ])
        case .status(let spec, let status):
            if [.waiting, .ready].contains(status) { return }
            var members = Self.members(spec)
            members.append(.init("state", .string(status.name)))
            if status == .cached { members.append(.init("cached", .bool(true))) }
            if case .queued(let reason) = status { members.append(.init("reason", .string(reason))) }
            if case .failed(let outcome) = status {
                members.append(.init("reason", .string(outcome.text)))
                members.append(.init("exit_code", outcome.exitCode.map { .int(Int64($0)) } ?? .null))
                members.append(.init("signal", outcome.signal.map { .int(Int64($0)) } ?? .null))
            }
            write(.object([.init("event", "job")] + members))
        case .retrying(let spec, let outcome):
            write(
                .object(
                    [.init("event", "retry")] + Self.members(spec) + [
                        .init("reason", .string(outcome.text)),
                        .init("attempt", .int(Int64(outcome.attempt))),
                    ]))
        case .changed(let spec, let change):
            write(.object([.init("event", "change")] + Self.members(spec) + change.json))
        case .waitingForRelease(let count): write(["event": "waiting", "held": .int(Int64(count))])
        case .stopping(let count): write(["event": "stopping", "count": .int(Int64(count))])
        case .service(let id, let url):
            write(["event": "service", "service": .string(id), "url": .string(url)])
        case .warning(let text): write(["event": "warning", "message": .string(text)])
        case .planFailed(let text): Self.tell(error: text)
        case .submitted, .planned, .finished: break
        }
    }

    private static func members(_ spec: JobSpec) -> [JSON.Member] {
        [
            .init("task", .string(spec.taskID)), .init("id", .string(spec.identifier.hex)),
            .init("tags", .string(spec.tags)), .init("folder", .string(spec.folder.path)),
        ]
    }

    func planned(_ jobs: [PlannedTask]) { for job in jobs { planned(job) } }

    private func planned(_ job: PlannedTask) {
        write(
            .object(
                [.init("event", "planned")] + Self.members(job.spec) + [
                    .init("state", .string(job.reason.state.rawValue)),
                    .init("cached", .bool(job.reason.state == .cached)), .init("reason", job.reason.json),
                    .init("parameters", .object(job.parameters.map { .init($0.name, $0.json) })),
                    .init("tag_values", .object(job.tags.map { .init($0.name, JSON(plain: $0.value)) })),
                    .init("depends_on", .array(job.dependencies.map { .string($0.identifier) })),
                    .init("requires", .optional(job.requires)), .init("problem", .optional(job.problem)),
                    .init("command", .array(job.arguments.map(JSON.string))),
                ]))
    }

    func close(_ report: RunReport) {
        for failure in report.failures {
            write(
                .object(
                    [.init("event", "failure")] + Self.members(failure.spec) + [
                        .init("reason", .string(failure.outcome.text)),
                        .init("parameters", failure.task.parametersJSON),
                        .init("tag_values", failure.task.tagsJSON),
                        .init("stream", .string(failure.last.stream)),
                        .init("last_lines", .array(failure.last.lines.map(JSON.string))),
                        .init("not_run", .array(failure.blocked.map { .string($0.identifier.hex) })),
                    ]))
        }
        for result in report.results {
            write(
                .object(
                    [.init("event", "result")] + Self.members(result.spec) + [
                        .init("tag_values", result.task.tagsJSON), .init("values", result.values),
                    ]))
        }
        let counts = report.end.counts
        write([
            "event": "finished", "state": .string(report.end.state.rawValue),
            "reason": .optional(report.end.reason), "exit_code": .int(Int64(report.end.exitCode)),
            "submitted": .int(Int64(counts.submitted)), "done": .int(Int64(counts.done)),
            "cached": .int(Int64(counts.cached)), "failed": .int(Int64(counts.failed)),
            "cancelled": .int(Int64(counts.cancelled)),
            "blocked": .int(Int64(counts.blocked)), "not_run": .int(Int64(counts.notRun + counts.left)),
            "seconds": .float(report.seconds),
            "interrupted": .bool(report.end.state == .interrupted),
        ])
    }

    /// An error as an event: of the run's script, or of what comes before a run.
    static func tell(error text: String) { write(["event": "error", "message": .string(text)]) }

    private func write(_ line: JSON) { Self.write(line) }

    private static func write(_ line: JSON) {
        var bytes: [UInt8] = []
        line.writeLine(to: &bytes)
        output(bytes)
    }
}
