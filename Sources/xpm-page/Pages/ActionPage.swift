import HTTPTypes
import Inventory
import Store
import System
import Text
import Watching

/// A change that the page can make: always a command of xpm, which is shown before.
struct PageAction: Sendable {
    /// The command that does it.
    let words: [String]
    /// Where the way back leads.
    let back: Route
    let title: String

    /// - Returns: nil where the fields name no change.
    init?(_ fields: Query) {
        guard let what = fields["what"] else { return nil }
        if let experiment = fields["experiment"], what == "stop", JobRecord.isSafe(experiment) {
            words = ["stop", "--"] + [experiment]
            back = .experiment(.init(experiment: experiment, run: nil), .jobs)
            title = "Stop the run of \(experiment)"
            return
        }
        if let service = fields["service"] {
            guard let (experiment, _) = service.cut(at: "/"), JobRecord.isSafe(String(experiment)) else {
                return nil
            }
            switch what {
            case "start-service": words = ["services", "start", "--", service]
            case "stop-service": words = ["services", "stop", "--", service]
            default: return nil
            }
            back = .experiment(.init(experiment: String(experiment), run: nil), .services)
            title = "\(what == "start-service" ? "Start" : "Stop") the service \(service)"
            return
        }
        let command: [String]
        switch what {
        case "kill": command = ["jobs", "kill", "--perform"]
        case "retry": command = ["jobs", "retry"]
        case "hold": command = ["jobs", "hold"]
        case "release": command = ["jobs", "release"]
        case "sooner": command = ["jobs", "priority", "1"]
        case "later": command = ["jobs", "priority", "-1"]
        default: return nil
        }
        let verb = ["sooner": "Begin sooner:", "later": "Begin later:"][what] ?? what.capitalisedFirst
        if let text = fields["job"] {
            guard let (task, identifier) = text.cut(atLast: "/"),
                let job = Route.JobName(String(task), String(identifier))
            else { return nil }
            words = command + (what == "sooner" || what == "later" ? [] : ["--"]) + [job.text]
            back = .job(job, .overview)
            title = "\(verb) \(job.task) \(job.short)"
        } else if let experiment = fields["experiment"], JobRecord.isSafe(experiment),
            let filter = fields["filter"], what != "sooner", what != "later"
        {
            words = command + ["--experiment=\(experiment)", "--filter=\(filter)"]
            back = .experiment(.init(experiment: experiment, run: nil), .jobs, Query([("filter", filter)]))
            title = "\(verb) the jobs of \(experiment) that fit: \(filter)"
        } else {
            return nil
        }
    }

    /// Seconds that the answer is waited for: a retry goes on as long as the jobs do.
    private static let patience = 10.0

    /// Does it.
    ///
    /// - Returns: nil where it goes on.
    func perform(_ commands: WorkspaceCommand) async throws(Refusal) -> Command.Answer? {
        let answer: Result<Command.Answer, SystemError>
        do throws(Refusal) {
            answer = try await Patience.wait(Self.patience) { await run(commands) }
        } catch { return nil }
        switch answer {
        case .success(let said): return said
        case .failure(let error): throw Refusal(.internalServerError, error.text)
        }
    }

    private func run(_ commands: WorkspaceCommand) async -> Result<Command.Answer, SystemError> {
        await withCheckedContinuation { continuation in
            let work: @Sendable () -> Void = {
                do throws(SystemError) {
                    continuation.resume(returning: .success(try commands.run(words)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            do throws(SystemError) { try NewThread.start(work) } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
}

extension String {
    /// Of an English word in ASCII.
    fileprivate var capitalisedFirst: String { prefix(bytes: 1).uppercased() + dropFirst() }
}

/// The question whether something is to be done, with the command that does it.
struct ActionPage {
    private let action: PageAction
    private let fields: Query
    private let formToken: String
    private let commands: WorkspaceCommand

    init(_ action: PageAction, _ fields: Query, formToken: String, _ commands: WorkspaceCommand) {
        self.action = action
        self.fields = fields
        self.formToken = formToken
        self.commands = commands
    }

    var html: HTML {
        let hidden = fields.with("token", formToken).fields.map { field -> HTML in
            "<input type=\"hidden\" name=\"\(field.name)\" value=\"\(field.value)\">"
        }
        return """
            <h1>\(action.title)?</h1><p>The command that does the same:</p><pre class="log">\(commands.text(action.words))</pre>
            <form method="post" action="\(Route.action(Query()))">\(hidden)<button class="strong">Do it</button> \
            <a class="button" href="\(action.back)">Leave it</a></form>
            """
    }

    /// What a command has said; it goes on where it has not ended.
    static func result(
        _ action: PageAction, _ answer: Command.Answer?, _ commands: WorkspaceCommand
    ) -> HTML {
        let told: HTML
        if let answer {
            let failed: HTML =
                answer.code == 0
                ? .none
                : Part.alert("It ended with exit code \(Int(answer.code)).")
            let said = answer.output + answer.error
            told = "\(failed)<pre class=\"log\" tabindex=\"0\">\(said.isEmpty ? "It is done." : said)</pre>"
        } else {
            told = "<p role=\"status\">It goes on; this page does not wait for it.</p>"
        }
        return """
            <h1>\(action.title)</h1><p><code>\(commands.text(action.words))</code></p>\(told)
            <p><a class="button" href="\(action.back)">Back</a></p>
            """
    }
}
