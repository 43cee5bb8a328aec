import Engine
import Inventory
import Model
import Store
import System
import Text

/// The texts of a run, for the consoles that people read.
struct TextReport {
    let style: Style

    /// `iris.train 3f2a1b9c lr=0.1 seed=1`
    func name(_ spec: JobSpec) -> String {
        name(spec.taskID, spec.identifier.short, tags: spec.tags)
    }

    func name(_ task: String, _ identifier: String, tags: String) -> String {
        [style.bold(task), style.dim(identifier), Self.printable(tags)].filter { !$0.isEmpty }
            .joined(separator: " ")
    }

    /// Text of a job on one line.
    static func printable(_ text: String) -> String { TerminalText.line(text) }

    /// Of more tasks that one needs the first are shown.
    private static let mostNeeds = 8

    /// The width of what one value may take, in bytes.
    private static let valueWidth = 60

    /// `lr = 0.1, seed = 1`, each value on one line and no longer than a part of it.
    static func values(_ values: [(name: String, value: String, json: JSON)]) -> String {
        var text = ""
        write(values: values, to: &text)
        return text
    }

    private static func write(values: [(name: String, value: String, json: JSON)], to text: inout String) {
        for (index, one) in values.enumerated() {
            if index > 0 { text += ", " }
            write(one.name, " = ", one.value, to: &text)
        }
    }

    private static func write(_ name: String, _ sign: String, _ value: String, to text: inout String) {
        text += printable(name)
        text += sign
        text += TerminalText.line(value, most: valueWidth)
    }

    /// `failed  iris.train 3f2a1b9c lr=0.1: exit code 3`
    static func line(_ word: String, _ name: String, _ reason: String? = nil) -> String {
        "\(word.padded(to: 7)) \(name)\(reason.map { ": \(printable($0))" } ?? "")"
    }

    /// Why a run does not go on.
    static func held(_ count: Int) -> String {
        "only held jobs are left (\(count)): xpm jobs release lets them go"
    }

    /// An attempt is followed by another, and why.
    static func again(_ name: String, _ reason: String, _ attempt: Int64) -> String {
        line("again", name, "\(reason); attempt \(attempt + 1) follows")
    }

    /// Planned tasks, each on a few lines.
    func planned(_ tasks: [PlannedTask]) -> String {
        var text = ""
        for task in tasks { write(task, to: &text) }
        return text
    }

    private func write(_ task: PlannedTask, to text: inout String) {
        text += style.bold(task.spec.taskID)
        text += " "
        text += task.spec.identifier.hex
        text += "  "
        text += state(task.reason)
        text += "\n"
        if !task.parameters.isEmpty {
            text += "    "
            Self.write(values: task.parameters, to: &text)
            text += "\n"
        }
        if !task.tags.isEmpty {
            text += "    tags   "
            for (index, tag) in task.tags.enumerated() {
                if index > 0 { text += " " }
                Self.write(tag.name, "=", tag.value.plainText, to: &text)
            }
            text += "\n"
        }
        for line in reason(task.reason) { text += line + "\n" }
        if let requires = task.requires {
            let problem = task.problem.map { style.yellow(": \($0)") } ?? ""
            text += "    requires \(requires)\(problem)\n"
        }
        if task.reason.state != .cached, let command = Self.command(task.arguments) {
            text += "    command \(command)\n"
        }
        for need in task.dependencies.prefix(Self.mostNeeds) {
            text += "    needs  \(need.taskID) \(need.identifier)\n"
        }
        if task.dependencies.count > Self.mostNeeds {
            text += "           and \(task.dependencies.count - Self.mostNeeds) more\n"
        }
        if task.isWritten {
            text += "    script \(Paths.shown(task.spec.folder.script(task.spec.language)))\n"
        }
    }

    /// A command on one line, as a shell would take it; nil for a Lua task.
    static func command(_ arguments: [String]) -> String? {
        if arguments.isEmpty { return nil }
        let text = ShellCommand(arguments: arguments)?.text
        return TerminalText.line(text ?? arguments.map(ShellWords.quote).joined(separator: " "))
    }

    /// Failures, of those that are alike the first: what else they are is in xpm failures.
    func failures(_ failures: [RunReport.FailedTask]) -> String {
        var groups: TextMap<[RunReport.FailedTask]> = [:]
        var order: [String] = []
        for failure in failures {
            let line = failure.outcome.reason == .launch ? nil : ErrorLine.of(failure.last.lines)
            let key =
                "\(failure.spec.taskID) \(FailureGroup.normalised(failure.outcome.text)) \(line.map(FailureGroup.normalised) ?? "")"
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(failure)
        }
        return order.map { key in
            let group = groups[key] ?? []
            return failure(group[0]) + others(group.dropFirst())
        }.joined()
    }

    /// Failures that are like one that was shown: the first by name.
    private func others(_ group: ArraySlice<RunReport.FailedTask>) -> String {
        if group.isEmpty { return "" }
        let rest = group.count - Self.mostNamed
        let more = rest > 0 ? " and \(rest) more: xpm failures lists them" : ""
        return
            "    also so     \(group.prefix(Self.mostNamed).map { name($0.spec) }.joined(separator: ", "))\(more)\n"
    }

    private static let mostNamed = 3

    /// A failure: what, with which values, what it said last, and where to look.
    func failure(_ failure: RunReport.FailedTask) -> String {
        var lines = ["\(style.red("failed")) \(name(failure.spec)): \(Self.printable(failure.outcome.text))"]
        if !failure.task.parameters.isEmpty {
            lines.append("    parameters  \(Self.values(failure.task.parameters))")
        }
        for (index, line) in failure.last.lines.enumerated() {
            lines.append(
                "    \(index == 0 ? failure.last.stream + "    " : "          ")  \(Self.printable(line))")
        }
        lines.append("    folder      \(Paths.shown(failure.spec.folder.path))")
        if !failure.blocked.isEmpty {
            let names = failure.blocked.prefix(3).map { "\($0.taskID) \($0.identifier.short)" }.joined(
                separator: ", ")
            let more = failure.blocked.count > 3 ? " and \(failure.blocked.count - 3) more" : ""
            lines.append("    not run     \(names)\(more): they need it")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `12 tasks: 8 done, 3 cached, 1 failed in 4.2 s`
    func summary(_ report: RunReport) -> String {
        let counts = report.end.counts
        var parts: [String] = []
        func add(_ count: Int, _ word: String, _ colour: (String) -> String) {
            if count > 0 { parts.append(colour("\(count) \(word)")) }
        }
        add(counts.done, "done", style.green)
        add(counts.cached, "cached", style.green)
        add(counts.failed, "failed", style.red)
        add(counts.cancelled, "cancelled", style.yellow)
        add(counts.blocked, "blocked", style.yellow)
        add(counts.notRun + counts.left, "not run", style.yellow)
        if report.isPlanOnly { add(counts.waiting, "to run", style.cyan) }
        let what = parts.isEmpty ? "nothing to do" : parts.joined(separator: ", ")
        let total = "\(counts.submitted) task\(counts.submitted == 1 ? "" : "s")"
        let head = report.end.state == .interrupted ? style.yellow("interrupted: ") : ""
        return "\(head)\(total): \(what) in \(NumberText.duration(report.seconds))\n"
    }

    /// The results of the tasks, a line each, values aligned.
    func results(_ results: [RunReport.TaskResult]) -> String {
        let rows = results.map { result -> [String] in
            var values = ""
            if case .object(let members) = result.values {
                values = members.map { Self.printable("\($0.name)=\($0.value.string ?? $0.value.text)") }
                    .joined(
                        separator: " ")
            }
            return [
                result.spec.taskID, result.spec.identifier.short, Self.printable(result.spec.tags), values,
            ]
        }
        let widths = (0..<3).map { column in rows.map { $0[column].columns }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).compactMap { text, width in
                width == 0 ? nil : text.padded(to: width)
            }
            return (cells + [row[3]]).joined(separator: "  ") + "\n"
        }.joined()
    }
}
