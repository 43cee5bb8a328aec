import Store
import System
import Text
import Watching

/// Runs commands of xpm, one after the other, while the monitor goes on.
final class CommandRunner: Sendable {
    struct Answer: Sendable {
        let text: String
        /// Of the view that shows it; nil for one that is told in a line.
        let title: String?
    }

    private struct State {
        var answers: [(Answer, isError: Bool)] = []
    }

    private let commands: WorkspaceCommand
    private let state = Monitor(State())

    init(_ options: MonitorOptions) {
        commands = WorkspaceCommand(workspace: options.workspace.path, place: options.place)
    }

    /// A command as somebody would type it.
    func text(_ words: [String]) -> String { commands.text(words) }

    func start(_ words: [String], title: String?) {
        let work: @Sendable () -> Void = { [state, commands] in
            let answer: (Answer, isError: Bool)
            do throws(SystemError) {
                let said = try commands.run(words)
                // What it tells comes first, and then what it warns of.
                answer = (Answer(text: said.output + said.error, title: title), said.code != 0)
            } catch { answer = (Answer(text: error.text, title: nil), true) }
            state.withLock { $0.answers.append(answer) }
        }
        do throws(SystemError) { try NewThread.start(work) } catch { work() }
    }

    /// What a command has said that has ended.
    func said() -> (Answer, Bool)? {
        state.withLock { state in
            state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
    }
}
