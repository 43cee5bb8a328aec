import ArgumentParser
import Text

/// How a log is printed.
struct LogOptions: ParsableArguments {
    @Option(name: .joinedOrLong("n"), help: ArgumentHelp("Only the last lines.", valueName: "n"))
    var lines: Int?

    @Flag(help: "One JSON object a line of the log.")
    var json = false

    func validate() throws {
        if let lines, lines < 0 { throw ValidationError("-n needs a number from 0.") }
    }
}
