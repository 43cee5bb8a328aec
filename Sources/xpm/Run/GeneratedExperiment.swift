import LuaBridge
import Text

/// An experiment whose script and configuration are no files.
struct GeneratedExperiment {
    /// The folder that the script would be in.
    let folder: String
    let script: String
    let configuration: String
    /// Values that come while the plan is made.
    var stream: ValueStream?
    /// Called when its first job is accepted, while it has the lock of its experiment.
    var begun: (@Sendable () throws(Failure) -> Void)?

    /// What messages call the files, and the run keeps them as.
    var scriptPath: String { "\(folder)/line.lua" }
    var configurationPath: String { "\(folder)/line.yaml" }
}
