import ArgumentParser
import Inventory
import Store
import System
import Text

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "diff",
        abstract: "Tell what two jobs have different.",
        discussion: """
            A job is named by its folder, by the beginning of its identifier, or by type/identifier. The jobs may be of different runs; \
            those of experimaestro can be compared too.

            Examples:
              xpm diff 3f2a1b9c 07c59004
              xpm diff iris.train/3f2a iris.train/07c5
              xpm diff workspace/jobs/iris.train/3f2a… other/jobs/iris.train/07c5…

            Exit code 0: no differences, 1: some, 2: an error.
            """)

    @Argument(help: "The earlier job.", completion: .directory)
    var old: String

    @Argument(help: "The later job.", completion: .directory)
    var new: String

    @OptionGroup var workspace: WorkspaceOptions

    @Flag(help: "A JSON array.")
    var json = false

    func run() throws {
        do throws(Failure) {
            let finder = JobFinder(
                try ExperimentFiles.workspace(workspace, of: old), takesOthers: true)
            let (before, after) = (try finder.find(old), try finder.find(new))
            let differences: [TaskDifference]
            do {
                differences = try RecordedTask.read(after).differences(
                    from: try RecordedTask.read(before), throughEqual: true)
            } catch { throw Failure(any: error) }
            if json {
                StandardStream.output.write(
                    String(decoding: JSON.array(differences.map(\.json)).prettyBytes, as: UTF8.self))
            } else {
                for difference in differences {
                    StandardStream.output.write(TextReport.printable(difference.text) + "\n")
                }
                if differences.isEmpty { StandardStream.error.write("no differences\n") }
            }
            if !differences.isEmpty { throw Failure.code(1) }
        } catch { throw error.reported() }
    }
}
