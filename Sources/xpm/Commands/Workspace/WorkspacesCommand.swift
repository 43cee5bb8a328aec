import ArgumentParser
import Settings
import Store
import System
import Text

struct WorkspacesCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "workspaces", abstract: "List the workspaces of settings.yaml.",
        subcommands: [List.self],
        defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "list", of: "workspaces",
            abstract: "List the workspaces of settings.yaml, and whether they are there."
        )

        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            do throws(Failure) {
                let all = try ExperimentFiles.namedWorkspaces()
                let width = all.map(\.id.count).max() ?? 0
                for one in all {
                    let isElsewhere = RemoteFolder(one.path) != nil
                    let isThere = !isElsewhere && Files.exists(Workspace(path: one.path).jobs)
                    let note = isElsewhere ? "  (on another host)" : isThere ? "" : "  (not made yet)"
                    let line: JSON = [
                        "id": .string(one.id), "path": .string(one.path),
                        "exists": isElsewhere ? .null : .bool(isThere),
                    ]
                    StandardStream.output.write(
                        json
                            ? line.text + "\n"
                            : "\(one.id.padded(to: width))  \(one.path)\(note)\n"
                    )
                }
                if all.isEmpty {
                    StandardStream.error.write("no workspaces in \(Paths.shown(UserSettings.path))\n")
                }
            } catch { throw error.reported() }
        }
    }
}
