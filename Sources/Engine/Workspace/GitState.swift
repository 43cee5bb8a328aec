package import Text

/// The state of the git repository that a folder is in.
package struct GitState: Sendable, Equatable {
    package let commit: String?
    package let isDirty: Bool
    /// What is not committed, as `git diff` tells it; of a large one the beginning.
    package let diff: String?

    private static let mostDiff = 1 << 20

    /// Asks git; nil outside a repository, or without git.
    package static func of(_ folder: String) -> GitState? {
        let arguments = ["git", "-C", folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
        guard let (code, text) = ChildProcess.output(arguments), code == 0 else { return nil }
        let lines = text.split(separator: "\n")
        let prefix = "# branch.oid "
        let commit = lines.lazy.compactMap { $0.after(prefix) }.first.map(String.init)
        let isDirty = lines.contains { !$0.hasPrefix("#") }
        let base = commit == "(initial)" ? [] : ["HEAD"]
        let diff = ["git", "-C", folder, "diff", "--no-color", "--no-ext-diff"] + base
        return GitState(
            commit: commit == "(initial)" ? nil : commit, isDirty: isDirty,
            diff: isDirty ? ChildProcess.output(diff, limit: mostDiff)?.text : nil)
    }

    package var json: JSON {
        ["commit": .optional(commit), "dirty": .bool(isDirty), "diff": .optional(diff)]
    }
}
