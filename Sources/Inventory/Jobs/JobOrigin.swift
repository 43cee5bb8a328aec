package import Store
package import System
import Text

/// What a job was made with: the run that wrote its script, the files that it kept, the variables it set.
package struct JobOrigin {
    /// The folder of the run.
    package let run: String
    package let environment: [EnvironmentVariable]?
    /// Of a command.
    private let arguments: [String]
    /// The folder of the job.
    private let job: String

    /// From a job's script; nil where it does not tell.
    package init?(_ folder: JobFolder) {
        for (_, header) in JobScript.headers(in: folder) {
            guard let run = header.run else { continue }
            self.run = Paths.absolute(run, from: folder.path)
            let command = JobScript.command(of: header.body)
            environment =
                header.variables.isEmpty
                ? command?.environment ?? [] : try? JobScript.variables(in: folder)
            arguments = command?.arguments ?? []
            job = folder.path
            return
        }
        return nil
    }

    /// `iris/20261123_101500`
    package var shortRun: String { "\(Paths.name(Paths.parent(run)))/\(Paths.name(run))" }

    /// The folder of the files that the run kept.
    package var sources: String { RunFolder.sources(of: run) }

    /// Whether its command was another than one of a plan now, apart from where the kept files lie.
    package func hasOtherCommand(than now: [String], of sources: SourceTree) -> Bool {
        let kept = self.sources
        func original(_ argument: String) -> String {
            argument.replacing("\(kept)/_/", with: "/").replacing(kept, with: sources.root)
        }
        let arguments = Self.plain(arguments)
        let now = Self.plain(now)
        if arguments.map(original) == now { return false }
        // The workspace may have been moved since.
        let workspace = Paths.parent(Paths.parent(Paths.parent(job)))
        guard let bytes = try? Files.read("\(job)/params.json", limit: 1 << 28),
            let former = ParameterFile.workspace(in: bytes), former != workspace
        else { return true }
        return arguments.map { original(JobRelocation.moved($0, former, workspace)) } != now
    }

    /// With one shell for all: the text counts, not how an older version ran it.
    ///
    /// What runs a Python class is xpm's affair too.
    private static func plain(_ arguments: [String]) -> [String] {
        if arguments.count > 1, arguments[1].hasSuffix("/xpm_python.py") { return ["python"] }
        if arguments.last?.contains("from experimaestro.run import run") == true { return ["python"] }
        return ShellCommand(arguments: arguments)?.arguments(isStrict: false) ?? arguments
    }

    /// The files of a plan that are not what the run kept of them, by the names in it.
    package func changedFiles(of sources: SourceTree) -> [String] {
        let before = SourceTree(root: sources.root, folder: self.sources)
        return sources.files.filter { path in
            guard let kept = try? Files.read(before.place(of: path), limit: 1 << 28),
                let now = try? Files.read(path, limit: 1 << 28)
            else { return false }
            return kept != now
        }
        .map { $0.after(sources.root + "/").map(String.init) ?? $0 }
    }
}
