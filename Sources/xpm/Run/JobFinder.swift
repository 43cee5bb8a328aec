import Store
import System
import Text

/// Finds the folder of a job by what a user types: a path, `type/identifier`, the beginning of an
/// identifier, or a type that has one job.
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
            if parts.count == 1, let only = try onlyJob(ofType: word, among: all) { return only }
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

    /// The job of a type, by its id or the last part of it; nil for what is no type.
    ///
    /// - Throws: where it has several.
    private func onlyJob(ofType word: String, among types: [String]) throws(Failure) -> String? {
        let word = word.lowercased()
        let named = types.contains(word) ? [word] : types.filter { $0.hasSuffix(".\(word)") }
        guard named.count == 1, let type = named.first,
            let jobs = try? Files.list("\(workspace.jobs)/\(type)").filter({ !$0.hasPrefix(".") }),
            let first = jobs.first
        else { return nil }
        guard jobs.count == 1 else {
            throw .message(
                "\(type) has \(jobs.count) jobs: name one, such as \(type)/\(first.prefix(8)); xpm jobs list --filter '@name = \(type)' has them"
            )
        }
        return "\(workspace.jobs)/\(type)/\(first)"
    }
}
