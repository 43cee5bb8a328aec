/// The state of the git repository that a folder is in.
package struct GitState: Sendable, Equatable {
    package let commit: String?
    package let isDirty: Bool

    /// Asks git; nil outside a repository, or without git.
    package static func of(_ folder: String) -> GitState? {
        let arguments = ["git", "-C", folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
        guard let (code, text) = ChildProcess.output(arguments), code == 0 else { return nil }
        let lines = text.split(separator: "\n")
        let prefix = "# branch.oid "
        let commit = lines.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        return GitState(
            commit: commit == "(initial)" ? nil : commit, isDirty: lines.contains { !$0.hasPrefix("#") })
    }

    package var json: JSON { ["commit": .optional(commit), "dirty": .bool(isDirty)] }
}
