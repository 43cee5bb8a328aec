import System
import Text

/// Where the user is who has this command done: `RemoteCommand` on another machine says so.
enum CallerHost {
    /// The variable that tells by which name that machine reaches this one.
    static let variable = "XPM_REMOTE_HOST"

    /// Whether the command comes from another machine.
    static var isElsewhere: Bool { Environment[variable] != nil }

    /// A workspace as it is named where the user is.
    static func shown(_ workdir: String) -> String {
        Environment[variable].map { "\($0):\(Paths.absolute(workdir))" } ?? workdir
    }
}
