import Engine
import LuaBridge
import Text

/// Asks git about the script's folder while the run goes on, and does what `dirty_git` says.
final class GitWatch {
    private let context: Context
    private let folder: String
    private let answer = Monitor<GitState??>(nil)

    /// Begins to ask. Where the experiment says `dirty_git: error`, waits for the answer.
    ///
    /// - Throws: uncommitted changes that the experiment does not allow.
    init(_ context: Context) throws(Failure) {
        self.context = context
        let input = context.files.input
        folder =
            input.script.map(Paths.parent) ?? input.moduleFile.map { Paths.parent(Paths.absolute($0)) } ?? "."
        let ask: @Sendable () -> Void = { [answer, folder] in
            let state = GitState.of(folder)
            answer.change { $0 = .some(state) }
        }
        do throws(SystemError) { try NewThread.start(ask) } catch { ask() }
        guard context.files.settings.dirtyGit == .error else { return }
        if let git = answer.wait(until: { $0 }), git.isDirty {
            throw .message(
                "\(Paths.shown(folder)): uncommitted changes, and the experiment says dirty_git: error")
        }
    }

    /// Notes the commit with the run, and warns of uncommitted changes. Git that takes longer than the run gets a second more.
    func tell(_ console: any Console, in run: RunFolder?) {
        guard answer.wait(milliseconds: 1000, until: { $0 != nil }), let git = answer.withLock({ $0 ?? nil })
        else { return }
        if git.isDirty, context.files.settings.dirtyGit == .warn {
            console.observe(
                .warning("\(Paths.shown(folder)): uncommitted changes (dirty_git: ignore says nothing)"))
        }
        guard let run else { return }
        try? run.write(environment: RunEnvironment.json(of: context, run: run, git: git))
    }
}
