import Inventory
import Store
import System
import Text

/// Jobs and runs of a workspace as people read them.
struct JobReport {
    let style: Style

    /// `iris.train 3f2a1b9c lr=0.1`
    func name(_ job: JobRecord) -> String {
        TextReport(style: style).name(job.task, String(job.identifier.prefix(8)), tags: job.tagsText)
    }

    private static let stateWidth = JobRecord.State.allCases.map(\.rawValue.count).max() ?? 0

    private func state(_ job: JobRecord) -> String {
        let name = job.state.rawValue.padded(to: Self.stateWidth)
        return switch job.state {
        case .done: style.green(name)
        case .failed: style.red(name)
        case .running: style.cyan(name)
        default: style.yellow(name)
        }
    }

    /// A line each: state, type, identifier, experiment, tags.
    func table(_ jobs: [JobRecord]) -> String {
        let widths = (jobs.map(\.task.count).max() ?? 0, jobs.map { ($0.experiment ?? "").count }.max() ?? 0)
        return jobs.map { job in
            let cells = [
                state(job), job.task.padded(to: widths.0), String(job.identifier.prefix(8)),
                (job.experiment ?? "").padded(to: widths.1), job.submitted?.format("%Y-%m-%d %H:%M") ?? "",
                TextReport.printable(job.tagsText),
            ]
            let priority = job.priority != 0 && job.state.isOpen ? "  priority \(job.priority)" : ""
            let reason = job.reason.map { "  \(TextReport.printable($0))" } ?? ""
            return cells.joined(separator: "  ") + style.dim(priority + progress(job) + reason) + "\n"
        }.joined()
    }

    /// How far a running job is, and how long the rest takes if it goes on so: `  45 %, 3 s left`.
    private func progress(_ job: JobRecord) -> String {
        guard job.state == .running, let progress = JobEvents.lastProgress(in: job.folder) else { return "" }
        var text = "  \(Int((progress.fraction * 100).rounded())) %"
        if progress.fraction > 0, let began = ProcessRecord.began(job.folder.process) {
            let elapsed = max(0, Timestamp.now.seconds - began)
            text += ", \(NumberText.duration(elapsed / progress.fraction * (1 - progress.fraction))) left"
        }
        return text
    }

    /// Everything about one.
    func whole(_ job: JobRecord) -> String {
        var lines = ["\(style.bold(job.task)) \(job.identifier)  \(state(job))"]
        func add(_ name: String, _ text: String?) {
            if let text, !text.isEmpty {
                lines.append("    \(name.padded(to: 12))\(TextReport.printable(text))")
            }
        }
        add("folder", Paths.shown(job.folder.path))
        add("experiment", job.experiment.map { "\($0)/\(job.run ?? "")" })
        add("submitted", job.submitted?.shown)
        add("tags", job.tagsText)
        if job.isOfLiveRun, job.state.isOpen || job.state.isFailure {
            add("held", job.isHeld ? "until xpm jobs release" : nil)
            add("priority", job.priority == 0 ? nil : String(job.priority))
        }
        add("reason", job.reason)
        if let outcome = job.outcome {
            add("outcome", outcome.text)
            add("started", outcome.started?.shown)
            add("ended", outcome.ended?.shown)
            add("took", outcome.duration.map(NumberText.duration))
            add(
                "used",
                outcome.usage.map {
                    "\(NumberText.bytes($0.peakMemory)) of memory, \(NumberText.duration($0.cpu)) of processors"
                })
        }
        if job.state == .running {
            add("process", ProcessRecord.read(job.folder.process)?.text)
            add(
                "progress",
                JobEvents.lastProgress(in: job.folder).map { "\(Int($0.fraction * 100)) % \($0.text ?? "")" })
        }
        do {
            let task = try RecordedTask.read(job.folder.path)
            for (name, value, json) in task.flattened {
                add("parameter", "\(name) = \(Self.shortened(value, of: json))")
            }
        } catch let error as SystemError where error.isMissing {
            // There is no such folder any more.
        } catch { add("parameter", "they cannot be read: \(Failure(any: error).text)") }
        add("command", TextReport.command(JobScript.arguments(in: job.folder)))
        for need in job.dependencies { add("needs", String(need.prefix(16))) }
        if let result = JobResult.read(job.folder) { add("result", Self.shortened(result.text, of: result)) }
        for stream in [("stderr", job.folder.error), ("stdout", job.folder.output)] {
            for line in OutputTail.lines(of: stream.1, 5) { add(stream.0, line) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The start of a long value, and how long it is.
    private static func shortened(_ text: String, of value: JSON) -> String {
        guard text.utf8.count > mostOfValue else { return text }
        let length =
            switch value {
            case .array(let values): "\(values.count) values"
            default: NumberText.bytes(Int64(text.utf8.count))
            }
        return "\(text.prefix(bytes: mostOfValue))… (\(length))"
    }

    /// In bytes.
    private static let mostOfValue = 400

    func json(_ job: JobRecord) -> JSON {
        guard case .object(var members) = job.json else { return job.json }
        let task = try? RecordedTask.read(job.folder.path)
        let progress = job.state == .running ? JobEvents.lastProgress(in: job.folder) : nil
        let process = job.state == .running ? ProcessRecord.read(job.folder.process) : nil
        members += [
            .init("outcome", Self.json(of: job.outcome)),
            .init("process", .optional(process?.text)),
            .init("progress", progress.map { .float($0.fraction) } ?? .null),
            .init("progress_text", .optional(progress?.text)),
            .init("parameters", .object((task?.flattened ?? []).map { .init($0.name, $0.json) })),
            .init("values", task?.tree(in: job.folder) ?? .null),
            .init("command", .array(JobScript.arguments(in: job.folder).map(JSON.string))),
            .init("result", JobResult.read(job.folder) ?? .null),
            .init("stderr", .array(OutputTail.lines(of: job.folder.error, 5).map(JSON.string))),
            .init("stdout", .array(OutputTail.lines(of: job.folder.output, 5).map(JSON.string))),
        ]
        return .object(members)
    }

    func group(_ group: FailureGroup, number: Int, lines count: Int) -> String {
        let jobs = group.jobs
        var lines = [
            "\(style.bold("\(number)"))  \(jobs.count) job\(jobs.count == 1 ? "" : "s")  \(style.red(TextReport.printable(group.text)))"
        ]
        for job in jobs.prefix(3) { lines.append("    \(name(job))") }
        if jobs.count > 3 { lines.append("    and \(jobs.count - 3) more") }
        if let first = jobs.first {
            for line in OutputTail(first.folder, count: count).lines {
                lines.append("      \(style.dim(TextReport.printable(line)))")
            }
            lines.append("      \(Paths.shown(first.folder.path))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func json(of outcome: Outcome?) -> JSON {
        guard let outcome else { return .null }
        return [
            "reason": .string(outcome.reason.rawValue), "text": .string(outcome.text),
            "exit_code": outcome.exitCode.map { .int(Int64($0)) } ?? .null,
            "signal": outcome.signal.map { .int(Int64($0)) } ?? .null,
            "started_at": .optional(outcome.started?.isoWithZone),
            "ended_at": .optional(outcome.ended?.isoWithZone),
            "seconds": outcome.duration.map(JSON.float) ?? .null,
            "attempt": .int(Int64(outcome.attempt)),
            "peak_memory": outcome.usage.map { .int($0.peakMemory) } ?? .null,
            "cpu_seconds": outcome.usage.map { .float($0.cpu) } ?? .null,
        ]
    }

    func json(_ group: FailureGroup, number: Int, lines count: Int) -> JSON {
        let last = group.jobs.first.map { OutputTail($0.folder, count: count).lines } ?? []
        return [
            "group": .int(Int64(number)), "reason": .string(group.reason),
            "message": .optional(group.message), "count": .int(Int64(group.jobs.count)),
            "last_lines": .array(last.map(JSON.string)),
            "jobs": .array(group.jobs.map(\.json)),
        ]
    }

    /// What a run was made with: the lines of its `environment.json` that people ask for.
    private func origin(_ run: RunRecord) -> [(String, String)] {
        guard let made = run.environment else { return [] }
        let configuration = made["configuration"]
        var lines = ["title", "subtitle", "description", "paper"].compactMap { key in
            configuration?[key]?.string.map { (key, $0) }
        }
        if let words = made["command_line"]?.array?.compactMap(\.string), !words.isEmpty {
            lines.append(("command", words.map(ShellWords.quote).joined(separator: " ")))
        }
        if let git = made["git"], git != .null {
            let commit = git["commit"]?.string ?? "no commit yet"
            let more = git["dirty"] == .bool(true) ? ", with changes that are not in it" : ""
            lines.append(("git", commit + more))
        }
        if let version = made["xpm_version"]?.string { lines.append(("xpm", version)) }
        return lines
    }

    /// A run, with its jobs counted by type and state.
    func run(_ run: RunRecord, _ jobs: [JobRecord]) -> String {
        var lines = ["\(style.bold(run.experiment)) \(run.text)", "    folder  \(Paths.shown(run.path))"]
        for (name, text) in origin(run) {
            let parts = text.split(separator: "\n").map { TextReport.printable(String($0)) }
            lines.append("    \(name)  \(parts.joined(separator: "\n" + " ".padded(to: name.count + 6)))")
        }
        for (task, states) in Self.counts(jobs) {
            let told = states.map { "\($0.count) \($0.state)" }.joined(separator: ", ")
            lines.append("    \(task)  \(told)")
        }
        for folder in ServiceFolder.all(in: run.path) {
            guard let record = ServiceRecord.read(folder) else { continue }
            let state = record.actualState
            let url = state.isUp ? record.url.map { "  \($0)" } ?? "" : ""
            lines.append("    service \(folder.id)  \(state.name)\(url)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    func json(_ run: RunRecord, _ jobs: [JobRecord]) -> JSON {
        guard case .object(var members) = run.json else { return run.json }
        members.append(.init("made_with", run.environment ?? .null))
        members.append(
            .init(
                "services",
                .object(
                    ServiceFolder.all(in: run.path).map { folder in
                        .init(folder.id, .string(ServiceRecord.read(folder)?.actualState.name ?? "?"))
                    })))
        members.append(
            .init(
                "jobs",
                .object(
                    Self.counts(jobs).map { task, states in
                        .init(task, .object(states.map { .init($0.state, .int(Int64($0.count))) }))
                    })))
        return .object(members)
    }

    private static func counts(_ jobs: [JobRecord]) -> [(String, [(state: String, count: Int)])] {
        var counts: TextMap<TextMap<Int>> = [:]
        for job in jobs { counts[job.task, default: [:]][job.state.rawValue, default: 0] += 1 }
        return counts.orderedKeys.map { task in
            let states = counts[task] ?? [:]
            return (task, states.orderedKeys.map { ($0, states[$0] ?? 0) })
        }
    }
}
