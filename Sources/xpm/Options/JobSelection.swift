import ArgumentParser
import Inventory
import Store
import System
import Text

/// Which jobs of a workspace a command means.
struct JobSelection: ParsableArguments {
    @OptionGroup var newest: NewestJobs

    @Flag(help: "Jobs of earlier runs too.")
    var everyRun = false
}

/// Which jobs of the newest runs a command means.
struct NewestJobs: ParsableArguments {
    @OptionGroup var workspace: WorkspaceOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only jobs of this experiment's newest run that has any.", valueName: "name"),
        completion: Completion.experiments)
    var experiment: String?

    @Option(
        help: ArgumentHelp(
            "Only jobs that fit: @state = \"failed\" and lr in [0.1, 0.2] and not (@name ~ \"eval\").",
            valueName: "filter"))
    var filter: String?
}
