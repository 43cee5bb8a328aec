import ArgumentParser
import Engine

struct FailuresCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "Show failed jobs, grouped by what they said last.",
        discussion: """
            Jobs whose last line of standard error is the same, apart from numbers and paths, are one group; its first job's last lines are shown.

            Examples:
              xpm failures
              xpm jobs retry --group 1
            """)

    @OptionGroup var selection: JobSelection

    @Option(name: .shortAndLong, help: ArgumentHelp("How many last lines of each group.", valueName: "n"))
    var lines = 5

    @Flag(help: "A JSON array.")
    var json = false

    func run() throws {
        do throws(Failure) {
            let groups = FailureGroup.of(try selection.jobs())
            let report = JobReport(style: .standardOutput)
            if json {
                let array = JSON.array(
                    groups.enumerated().map { index, group in
                        [
                            "group": .int(Int64(index + 1)), "message": .string(group.message),
                            "jobs": .array(group.jobs.map(\.json)),
                        ]
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
