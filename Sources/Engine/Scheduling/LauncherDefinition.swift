package import Model
package import System
import Text

/// A launcher of `launchers.lua`: where jobs may run.
package struct LauncherDefinition: Sendable {
    package enum Kind: Sendable, Equatable {
        /// As processes of this machine.
        case direct
        /// By a batch system, which `BatchQueue` knows by its name.
        case batch(String)
        /// By the xpm of another host, which takes whole runs: the launcher there, where it is not the usual one, and
        /// how xpm is called there.
        case remote(RemoteFolder, launcher: String?, program: String)

        package static func == (left: Kind, right: Kind) -> Bool {
            switch (left, right) {
            case (.direct, .direct): true
            case (.batch(let one), .batch(let other)): one == other
            case (.remote(let one, let launcher, let program), .remote(let other, let second, let name)):
                one == other && launcher == second && program == name
            default: false
            }
        }
    }

    /// A part of a cluster whose nodes are alike.
    package struct Partition: Sendable {
        package var name: String
        /// Of a node; nil where nobody has said.
        package var cores: Int?
        /// Bytes of a node.
        package var memory: Int64?
        /// Bytes of each GPU of a node.
        package var gpus: [Int64] = []
        /// The longest that a job may take, in seconds.
        package var duration: Double?
        /// Options for each of its jobs, as the system takes them.
        package var options: [String] = []

        package init(name: String) { self.name = name }
    }

    package let name: String
    package let kind: Kind
    package var partitions: [Partition] = []
    /// Lines of shell that run before each job.
    package var setup: String?
    /// Words before the program of each job (`ProgramFrame`).
    package var wrap: [String] = []
    /// The most jobs of this run that the system has at a time.
    package var mostSubmitted: Int?
    /// How many jobs a pilot has at a time: an allocation in which one job follows the other; 0 for no pilots.
    package var lanes = 0
    /// How many pilots there are at most for jobs with equal needs.
    package var mostPilots = 16
    /// Seconds that a pilot may take.
    package var pilotDuration = 3600.0
    /// Whether jobs get the variables of this process.
    package var exportsEnvironment = true
    /// Options for all of its jobs.
    package var options: [String] = []
    /// Seconds that a job may take which says nothing.
    package var duration: Double?
    /// What a run needs that goes on as a job (`BatchRun`).
    package var detached: Requirement?

    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }

    package static let direct = LauncherDefinition(name: "direct", kind: .direct)

    package var isBatch: Bool { if case .batch = kind { true } else { false } }
}

/// The launchers of a user, and what chooses among them.
package protocol Launchers: AnyObject {
    /// Those of the file, in its order.
    var all: [LauncherDefinition] { get }
    /// The file, for messages.
    var path: String { get }
    /// What the file's `find_launcher` chooses; nil where there is none.
    ///
    /// - Throws: where it fails, or chooses nothing.
    func find(_ requirement: Requirement?, tags: [(name: String, value: String)]) throws(ValueError)
        -> String?
}
