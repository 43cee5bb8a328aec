import System
import Text

/// Where the user is who has this command done: `RemoteCommand` on another machine says so.
enum CallerHost {
    /// The variable that tells by which name that machine reaches this one.
    static let variable = "XPM_REMOTE_HOST"

    /// The variable that tells at which port of that machine a page of this one is reached.
    static let portVariable = "XPM_REMOTE_PORT"

    /// Whether the command comes from another machine.
    static var isElsewhere: Bool { Environment[variable] != nil }

    /// A workspace as it is named where the user is.
    static func shown(_ workdir: String) -> String {
        Environment[variable].map { "\($0):\(Paths.absolute(workdir))" } ?? workdir
    }
}
