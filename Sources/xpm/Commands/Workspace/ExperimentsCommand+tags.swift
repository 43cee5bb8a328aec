import ArgumentParser
import Inventory
import Store
import System
import Text

/// Which run is tagged, and how.
struct RunTagOptions: ParsableArguments {
    @Argument(help: "The experiment.", completion: Completion.experiments) var experiment: String
    @Argument(help: "The tags.") var tags: [String]

    @Option(
        name: .customLong("run"), help: ArgumentHelp("The run (default: the newest).", valueName: "run"))
    var run: String?

    @OptionGroup var workspace: WorkspaceOptions
    @Flag(help: "A JSON object.") var json = false

    func validate() throws {
        if let tag = tags.first(where: { !RunTags.isTag($0) }) {
            throw ValidationError("'\(tag)' is no tag: it has no blanks, and at most 200 bytes.")
        }
    }

    /// Changes the tags of the run, and tells them.
    func change(_ change: (String) throws(SystemError) -> [String]) throws(Failure) {
        let chosen =
            if let run {
                try ExperimentsCommand.find(
                    run, of: experiment, among: try ExperimentsCommand.runs(of: experiment, workspace))
            } else { try ExperimentsCommand.newestRun(of: experiment, workspace) }
        let path = chosen.path
        let tags = try Failure.onDisk { () throws(SystemError) in try change(path) }
        let line: JSON = [
            "experiment": .string(experiment), "run": .string(chosen.run),
            "tags": .array(tags.map(JSON.string)),
        ]
        StandardStream.output.write(
            json
                ? line.text + "\n"
                : "\(experiment)/\(chosen.run): \(tags.isEmpty ? "no tags" : tags.joined(separator: " "))\n")
    }
}

extension ExperimentsCommand {
    struct Tag: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "tag", of: "experiments", abstract: "Name a run: for a paper, as a baseline.",
            discussion: """
                Examples:
                  xpm experiments tag iris baseline
                  xpm experiments tag iris paper v2 --run 20261123_101500
                """)

        @OptionGroup var options: RunTagOptions

        func run() throws {
            do throws(Failure) {
                try options.change { run throws(SystemError) in
                    try RunTags.change(run, adding: options.tags)
                }
            } catch { throw error.reported() }
        }
    }

    struct Untag: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "untag", of: "experiments", abstract: "Take tags from a run.")

        @OptionGroup var options: RunTagOptions

        func run() throws {
            do throws(Failure) {
                try options.change { run throws(SystemError) in
                    try RunTags.change(run, removing: options.tags)
                }
            } catch { throw error.reported() }
        }
    }
}
