import Engine
import Model
import Settings
import Store
import System
import Text

/// Tells those who want to know of the first failure of a run and of its end: by a command, or by a POST to
/// an address.
///
/// Each gets a JSON object, whose `text` and `content` say it in a line, as Slack's and Discord's webhooks
/// take it. A run waits for the last of them a while, and never fails for one.
final class Notifier: RunObserver {
    private let notifications: [Notification]
    private let tally: RunTally
    private let run: RunFolder
    private let warn: @Sendable (String) -> Void
    private let state = Monitor(State())

    private struct State {
        var hasFailed = false
        var underWay = 0
    }

    /// Milliseconds that the end of a run waits.
    private static let patience = 15_000
    /// Seconds that an address has.
    private static let timeout = 10

    /// - Returns: nil where nobody wants to know.
    init?(
        _ notifications: [Notification], of run: RunFolder, tally: RunTally,
        warn: @escaping @Sendable (String) -> Void
    ) {
        if notifications.isEmpty { return nil }
        self.notifications = notifications
        self.run = run
        self.tally = tally
        self.warn = warn
    }

    func observe(_ event: RunEvent) {
        switch event {
        case .status(let spec, .failed(let outcome)):
            let isFirst = state.withLock { state in
                defer { state.hasFailed = true }
                return !state.hasFailed
            }
            guard isFirst else { return }
            let name = "\(spec.taskID) \(spec.identifier.short)"
            tell(
                .failure, "\(name) failed: \(outcome.text)", state: "running",
                [
                    .init("task", .string(spec.taskID)), .init("id", .string(spec.identifier.hex)),
                    .init("reason", .string(outcome.text)), .init("folder", .string(spec.folder.path)),
                ])
        case .finished(let end):
            let counts = end.counts
            let state = end.state.rawValue
            tell(
                .end,
                "\(state): \(counts.done) done, \(counts.cached) cached, \(counts.failed) failed"
                    + (end.reason.map { "; \($0)" } ?? ""),
                state: state,
                [
                    .init("reason", .optional(end.reason)), .init("exit_code", .int(Int64(end.exitCode))),
                ])
            if !self.state.wait(milliseconds: Self.patience, until: { $0.underWay == 0 }) {
                warn("notify: not told after \(Self.patience / 1000) s: it goes on without xpm")
            }
        default: break
        }
    }

    private func tell(_ occasion: Notification.Occasion, _ what: String, state: String, _ more: [JSON.Member])
    {
        let counts = tally.read { $0.counts }
        let text = "\(run.experiment): \(what)"
        let message = JSON.object(
            [
                .init("event", .string(occasion.rawValue)), .init("text", .string(text)),
                .init("content", .string(text)), .init("experiment", .string(run.experiment)),
                .init("run", .string(run.run)), .init("run_folder", .string(run.path)),
                .init("state", .string(state)), .init("host", .string(Environment.hostName)),
                .init(
                    "counts",
                    [
                        "submitted": .int(Int64(counts.submitted)), "done": .int(Int64(counts.done)),
                        "cached": .int(Int64(counts.cached)), "failed": .int(Int64(counts.failed)),
                        "cancelled": .int(Int64(counts.cancelled)),
                        "blocked": .int(Int64(counts.blocked)), "not_run": .int(Int64(counts.notRun)),
                    ]),
            ] + more)
        let wanted = notifications.filter { $0.occasions.contains(occasion) }
        if wanted.isEmpty { return }
        let input = "\(run.path)/notification-\(occasion.rawValue).json"
        do throws(SystemError) { try Files.replace(input, with: message.prettyBytes) } catch {
            return warn("notify: \(error.text)")
        }
        for notification in wanted {
            self.state.withLock { $0.underWay += 1 }
            do throws(SystemError) {
                try NewThread.start { [self] in
                    send(notification.target, input, occasion, text: text, state: state)
                    self.state.change { $0.underWay -= 1 }
                }
            } catch {
                self.state.change { $0.underWay -= 1 }
                warn("notify: \(error.text)")
            }
        }
    }

    private func send(
        _ target: Notification.Target, _ input: String, _ occasion: Notification.Occasion, text: String,
        state: String
    ) {
        let arguments: [String]
        let name: String
        switch target {
        case .command(let command):
            arguments = ["/bin/sh", "-c", command]
            name = "the command"
        case .url(let url):
            arguments = [
                "curl", "--fail", "--silent", "--show-error", "--max-time", String(Self.timeout), "--header",
                "Content-Type: application/json", "--data-binary", "@-", "--", url,
            ]
            let address = url.cut(at: "?")?.before ?? url[...]
            name = address.split(separator: "/").prefix(2).joined(separator: "//")
        }
        let environment = EnvironmentBlock.current.setting(
            [
                ("XPM_EVENT", occasion.rawValue), ("XPM_EXPERIMENT", run.experiment), ("XPM_RUN", run.run),
                ("XPM_STATE", state), ("XPM_TEXT", text),
            ])
        do throws(SystemError) {
            let (code, said) = try ChildProcess.run(arguments, environment: environment, input: input)
            guard code != 0 else { return }
            let last = said.lines.last { !$0.isEmpty }.map {
                ": \(TextReport.printable(String($0)))"
            }
            warn("notify: \(name) failed with exit code \(code)\(last ?? "")")
        } catch {
            let hint = error.isMissing && arguments[0] == "curl" ? "; an address needs the program curl" : ""
            warn("notify: \(error.text)\(hint)")
        }
    }
}
