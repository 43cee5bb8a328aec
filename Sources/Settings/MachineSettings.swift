package import System
import Text

/// What the user says of this machine, in `settings.yaml`.
package struct MachineSettings: Sendable {
    /// Instead of what xpm finds; nil where the user says nothing of it.
    package var machine: Machine?
    /// A folder for the locks of what jobs have of the machine, where several users count together.
    package var sharedFolder: String?
    /// Whether jobs get GPUs that other programs use.
    package var usesBusyGPUs = false

    package init() {}

    /// How many cores jobs use at once where nobody says.
    package var cores: Int { machine?.cores ?? Environment.processors }
}
