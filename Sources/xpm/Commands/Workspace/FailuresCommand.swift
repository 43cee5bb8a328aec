import ArgumentParser
import Inventory
import System
import Text

struct FailuresCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "failures",
        abstract: "Show failed jobs, grouped by what they said last.",
        discussion: """
            Jobs that ended for one reason, and whose last line is the same apart from numbers and paths, are one group; the last lines of \
            its first job are shown. They are those of standard error, or of standard output where that is empty.

            Examples:
              xpm failures
              xpm jobs retry --group 1
            """)

    @OptionGroup var selection: JobSelection

    @Option(
        name: .joinedOrLong("n"), help: ArgumentHelp("How many last lines of each group.", valueName: "n"))
    var lines = 5

    @Flag(help: "A JSON array.")
    var json = false

    func run() throws {
        do throws(Failure) {
            let groups = FailureGroup.of(try selection.query.jobs())
            let report = JobReport(style: .standardOutput)
            if json {
                let array = JSON.array(
                    groups.enumerated().map { index, group in
                        report.json(group, number: index + 1, lines: max(0, lines))
                    })
                return StandardStream.output.write(String(decoding: array.prettyBytes, as: UTF8.self))
            }
            for (index, group) in groups.enumerated() {
                StandardStream.output.write(report.group(group, number: index + 1, lines: max(0, lines)))
            }
            if groups.isEmpty { StandardStream.error.write("no job has failed\n") }
        } catch { throw error.reported() }
    }
}
