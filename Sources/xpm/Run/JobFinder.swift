import Store
import System
import Text

/// Finds the folder of a job by what a user types: a path, `type/identifier`, or the beginning of an
/// identifier.
struct JobFinder {
    private let workspace: Workspace
    private let takesOthers: Bool

    /// - Parameter takesOthers: whether a path may lead to a job of another workspace.
    init(_ workspace: Workspace, takesOthers: Bool = false) {
        self.workspace = workspace
        self.takesOthers = takesOthers
    }

    /// - Throws: a job that is not there, or a beginning that several have.
    func find(_ word: String) throws(Failure) -> String {
        if Files.exists("\(word)/params.json") {
            let path = Paths.absolute(word)
            let isOwn = Paths.real(Paths.parent(Paths.parent(path))) == Paths.real(workspace.jobs)
            guard isOwn || takesOthers else {
                throw .message("\(word) is no job of the workspace \(Paths.shown(workspace.path))")
            }
            return path
        }
        let parts = word.split(separator: "/")
        guard let beginning = parts.last, parts.count <= 2, !word.hasPrefix("/"), !word.hasPrefix(".") else {
            throw .message("\(word): there is no job in that folder")
        }
        let shown = Paths.shown(workspace.path)
        guard Files.exists(workspace.jobs) else {
            throw .message("\(shown): there are no jobs; name the workspace with --workdir")
        }
        let all = try Failure.onDisk { () throws(SystemError) in try Files.list(workspace.jobs) }
        let types = parts.count == 2 ? [parts[0].lowercased()] : all
        var found: [String] = []
        for type in types {
            let folder = "\(workspace.jobs)/\(type)"
            var identifiers: [String] = []
            do throws(SystemError) { identifiers = try Files.list(folder) } catch {
                if !error.isMissing { Unreadable.note(error) }
            }
            for identifier in identifiers
            where identifier.hasPrefix(beginning.lowercased()) {
                found.append("\(folder)/\(identifier)")
            }
        }
        guard let first = found.first else {
            let hint = parts.count == 2 ? Suggestion.hint(for: String(parts[0]), among: all) : ""
            throw .message("no job '\(word)' in \(shown)\(hint)")
        }
        if found.count > 1 {
            let names = found.prefix(3).map {
                "\(Paths.name(Paths.parent($0)))/\(Paths.name($0).prefix(beginning.count + 6))"
            }
            throw .message("\(found.count) jobs begin with '\(word)': \(names.joined(separator: ", "))…")
        }
        return first
    }
}
