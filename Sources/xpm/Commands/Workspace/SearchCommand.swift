import ArgumentParser
import Inventory
import LuaBridge
import Search
import Store
import System
import Text

/// What searches have tried, and whether each of their proposals follows from what they had seen.
struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "search",
        abstract: "Look at searches: what they tried, what they found, and whether it follows.",
        discussion: """
            Examples:
              xpm search list
              xpm search show lr
              xpm search check lr
            """,
        subcommands: [List.self, Show.self, Check.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "list", of: "search", abstract: "List the searches of a workspace.")

        @OptionGroup var workspace: WorkspaceOptions

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                let place = try ExperimentFiles.workspace(workspace)
                var rows: [[String]] = []
                let reports = try SearchReport.all(in: place, named: nil) { Unreadable.note($0) }
                for report in reports {
                    if json {
                        StandardStream.output.write(report.json.text + "\n")
                    } else {
                        rows.append(report.row)
                    }
                }
                if json { return }
                if rows.isEmpty { return StandardStream.output.write("no searches\n") }
                let table = TextTable(
                    titles: ["name", "id", "trials", "failed", "metric", "best", "trial"], leading: 2,
                    rows: rows
                ) { (2...3).contains($0) || $0 > 4 }
                StandardStream.output.write(table.text(.text))
            } catch { throw error.reported() }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "show", of: "search", abstract: "Show the trials of a search, and the best of them.")

        @Argument(help: "Its name; with /ID, one of several logs.")
        var name: String

        @OptionGroup var workspace: WorkspaceOptions

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                let place = try ExperimentFiles.workspace(workspace)
                for report in try SearchReport.all(in: place, named: name) {
                    if json {
                        for trial in report.trials { StandardStream.output.write(trial.json.text + "\n") }
                        continue
                    }
                    StandardStream.output.write(report.text)
                }
            } catch { throw error.reported() }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "check", of: "search", abstract: "Compute each proposal anew, and tell where it is another.",
            discussion: "The exit code is 1 where one differs.")

        @Argument(help: "Its name; with /ID, one of several logs.")
        var name: String

        @OptionGroup var workspace: WorkspaceOptions

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                let place = try ExperimentFiles.workspace(workspace)
                var isSame = true
                for report in try SearchReport.all(in: place, named: name) {
                    let differences = try report.differences()
                    isSame = isSame && differences.isEmpty
                    if json {
                        for one in differences { StandardStream.output.write(one.json.text + "\n") }
                        continue
                    }
                    for one in differences {
                        StandardStream.output.write(
                            "\(report.name)/\(report.id): trial \(one.trial): the log has \(one.logged.text), and it follows \(one.computed.text)\n"
                        )
                    }
                    StandardStream.error.write(
                        "\(report.name)/\(report.id): \(report.trials.count) proposals, \(differences.isEmpty ? "all follow" : "\(differences.count) differ")\n"
                    )
                }
                if !isSame { throw Failure.code(1) }
            } catch { throw error.reported() }
        }
    }
}
