import System
package import Text

/// The state of the git repository that a folder is in.
package struct GitState: Sendable, Equatable {
    package let commit: String?
    /// Whether something is not committed: a change, or a file of the experiment.
    package let isDirty: Bool
    /// Files of the experiment that are not in the repository, from its root.
    package let untracked: [String]
    /// What is not committed, as `git diff` tells it; of a large one the beginning.
    package let diff: String?

    /// What there is to know of a folder.
    package enum Answer: Sendable {
        case state(GitState)
        case noRepository
        /// There is one, and git does not tell: why.
        case unknown(String)

        package var state: GitState? { if case .state(let state) = self { state } else { nil } }

        /// What is not committed, or why nobody knows; nil where all is.
        package var problem: String? {
            switch self {
            case .state(let state): state.problem
            case .noRepository: "there is no git repository"
            case .unknown(let reason): reason
            }
        }
    }

    private static let mostDiff = 1 << 20

    /// Asks git.
    ///
    /// - Parameters:
    ///   - files: those of the experiment, absolute; of all others only changes count.
    ///   - workspace: what is in it does not count.
    package static func of(_ folder: String, files: [String], without workspace: String) -> Answer {
        guard let root = root(of: folder) else { return .noRepository }
        // The workspace may be the repository itself.
        let own =
            workspace == root
            ? [
                "experiments", "jobs", "sources", "partials", "tokens", ".__experimaestro__", ".xpm-cleaning",
                ".xpm-locks",
            ]
            : workspace.hasPrefix("\(root)/") ? [Paths.relative(workspace, from: root)] : []
        let paths = own.isEmpty ? [] : [":/"] + own.map { ":(top,exclude,literal)\($0)" }
        let git = ["git", "-C", folder]
        let text: String
        do throws(SystemError) {
            let arguments =
                git + ["status", "--porcelain=v2", "--branch", "--untracked-files=no", "--"] + paths
            let (code, said) = try ChildProcess.run(arguments, environment: .current, input: "/dev/null")
            guard code == 0 else {
                let line = said.split(separator: "\n").first { !$0.isBlank } ?? "exit code \(code)"
                return .unknown("git: \(line)")
            }
            text = said
        } catch { return .unknown(error.text) }
        let lines = text.split(separator: "\n")
        let commit = lines.lazy.compactMap { $0.after("# branch.oid ") }.first.map(String.init)
        // Changed, renamed and unmerged files; git may warn of other things.
        let isDirty = lines.contains { line in ["1 ", "2 ", "u "].contains { line.hasPrefix($0) } }
        let untracked: [String]?
        do throws(SystemError) { untracked = try Self.untracked(files, in: root, git) } catch {
            return .unknown(error.text)
        }
        guard let untracked else { return .unknown("git cannot list its files") }
        let base = commit == "(initial)" ? [] : ["HEAD"]
        let diff = git + ["diff", "--no-color", "--no-ext-diff"] + base + ["--"] + paths
        return .state(
            GitState(
                commit: commit == "(initial)" ? nil : commit, isDirty: isDirty || !untracked.isEmpty,
                untracked: untracked,
                diff: isDirty ? ChildProcess.output(diff, limit: mostDiff)?.text : nil))
    }

    /// Those of some files that are not in the repository, ignored ones too; nil where git fails.
    private static func untracked(
        _ files: [String], in root: String, _ git: [String]
    ) throws(SystemError) -> [String]? {
        let own = files.map { Paths.real(Paths.absolute($0)) }.filter { $0.hasPrefix("\(root)/") }
        if own.isEmpty { return [] }
        let arguments =
            git + ["ls-files", "--others", "--full-name", "-z", "--"] + own.map { ":(literal)\($0)" }
        let (code, text) = try ChildProcess.run(arguments, environment: .current, input: "/dev/null")
        return code == 0 ? text.split(separator: "\0").map(String.init) : nil
    }

    /// What is not committed, in a line; nil where all is.
    package var problem: String? {
        guard isDirty else { return nil }
        guard let first = untracked.first else { return "uncommitted changes" }
        let more = untracked.count - 1
        let files = more == 0 ? "\(first) is" : "\(first) and \(more) more file\(more == 1 ? "" : "s") are"
        return "\(files) not in the repository"
    }

    /// The folder with `.git`, at or above one; that of a repository which the environment names is anywhere.
    private static func root(of folder: String) -> String? {
        var folder = Paths.real(Paths.absolute(folder))
        if Environment["GIT_DIR"] != nil { return folder }
        while !Files.exists("\(folder)/.git") {
            if folder == "/" { return nil }
            folder = Paths.parent(folder)
        }
        return folder
    }

    package var json: JSON {
        [
            "commit": .optional(commit), "dirty": .bool(isDirty), "diff": .optional(diff),
            "untracked": .array(untracked.map(JSON.string)),
        ]
    }
}
