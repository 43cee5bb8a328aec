import Engine
import LuaBridge
import Settings
import Store
import System
import Text

/// Asks git about the script's folder while the run goes on, and does what `dirty_git` says.
final class GitWatch {
    private let context: Context
    private let folder: String
    private let answer = Monitor<GitState.Answer?>(nil)

    /// Begins to ask. Where the experiment says `dirty_git: error`, waits for the answer.
    ///
    /// - Parameter files: those of the plan.
    /// - Throws: uncommitted changes that the experiment does not allow, or that nobody knows of them.
    init(_ context: Context, files: [String]) throws(Failure) {
        self.context = context
        let input = context.files.input
        folder =
            input.script.map(Paths.parent) ?? input.moduleFile.map { Paths.parent(Paths.absolute($0)) } ?? "."
        let workspace = Paths.real(context.files.workspace.path)
        let ask: @Sendable () -> Void = { [answer, folder] in
            let found = GitState.of(folder, files: files, without: workspace)
            answer.change { $0 = found }
        }
        do throws(SystemError) { try NewThread.start(ask) } catch { ask() }
        guard context.files.settings.dirtyGit == .error else { return }
        let found = answer.wait { $0 }
        if let problem = found.problem {
            throw .message("\(Paths.shown(folder)): \(problem), and the experiment says dirty_git: error")
        }
    }

    /// Notes the commit with the run, and warns of uncommitted changes. Git that takes longer than the run
    /// gets a second more.
    ///
    /// - Parameter python: what the interpreters of the run have, for the same file.
    func tell(_ console: any Console, in run: RunFolder?, python: JSON?) {
        defer {
            let git = answer.withLock { $0?.state }
            if let run, python != nil || git != nil {
                try? run.write(
                    environment: RunEnvironment.json(of: context, run: run, git: git, python: python))
            }
        }
        guard answer.wait(milliseconds: 1000, until: { $0 != nil }), let found = answer.withLock({ $0 })
        else { return }
        let settings = context.files.settings
        let problem: String? =
            switch found {
            // Not every experiment is in a repository; who asks for a warning gets one.
            case .noRepository: settings.saysDirtyGit ? found.problem : nil
            case .state, .unknown: found.problem
            }
        if let problem, settings.dirtyGit == .warn {
            console.observe(.warning("\(Paths.shown(folder)): \(problem) (dirty_git: ignore says nothing)"))
        }
    }
}
