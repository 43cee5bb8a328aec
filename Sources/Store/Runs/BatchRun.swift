import Glibc
package import System
import Text

/// A run that goes on as a job of a batch system, in `experiments/{experiment}/detached.json`.
///
/// A run may take longer than a job of the system may. So each job hands in the one after it as soon as it begins;
/// that one begins when the job has ended, however it did, and goes on with what is not done. The file names the
/// jobs by the nonces of their records (`BatchRecord`), before the system hears of them: a job that it does not
/// name leaves. When the run is over the file is removed.
package struct BatchRun: Sendable {
    package let experiment: String
    /// The launcher by whose system it goes on.
    package let launcher: String
    /// Where `xpm` is called, and what with.
    package let folder: String
    package let arguments: [String]
    /// The job that has the run, or had it last; and the one that follows.
    package private(set) var current: String?
    package var next: String?
    /// Those before.
    package private(set) var past: [String] = []
    /// How many jobs in a row have begun and not lasted.
    private var short = 0

    package init(experiment: String, launcher: String, folder: String, arguments: [String], next: String) {
        self.experiment = experiment
        self.launcher = launcher
        self.folder = folder
        self.arguments = arguments
        self.next = next
    }

    /// All of its jobs.
    package var nonces: [String] { past + [current, next].compactMap(\.self) }

    // MARK: Going on

    /// So many jobs in a row that do not last are the last.
    private static let mostShort = 3

    package enum Turn { case go, leave, tooOften }

    /// A job begins.
    package mutating func begin(_ nonce: String) -> Turn {
        // Begun again by the system.
        if current == nonce { return .go }
        guard next == nonce else { return .leave }
        if let current { past.append(current) }
        (current, next) = (nonce, nil)
        short += 1
        return short <= Self.mostShort ? .go : .tooOften
    }

    /// The job that has the run has lasted a while.
    package mutating func lasts() { short = 0 }

    /// Whether none of its jobs is left, as after somebody has taken them out of the queue.
    ///
    /// - Returns: nil where nobody here can say.
    package func isOver(in workspace: Workspace) -> Bool? {
        // Of one without a record nothing can be known; it is removed after what names it, and made before the job is.
        let current: Bool?
        if let record = self.current.flatMap({ BatchRecord.read($0, in: workspace.path) }) {
            current = record.isOver(0)
        } else {
            current = true
        }
        guard current != false else { return false }
        guard let next, let record = BatchRecord.read(next, in: workspace.path) else { return current }
        switch record.isOver(0) {
        case true?: return current
        case false?: return false
        // It was about to be handed in by the one before, which is over.
        case nil: return current == true ? record.isUnknown : nil
        }
    }

    // MARK: The file

    private static let version: Int64 = 1

    private static func path(_ experiment: String, _ workspace: Workspace) -> String {
        "\(workspace.experiment(experiment))/detached.json"
    }

    /// The messages of a run that has no terminal.
    package static func log(of experiment: String, in workspace: Workspace) -> String {
        "\(workspace.experiment(experiment))/detached.log"
    }

    private var json: JSON {
        [
            "version": .int(Self.version), "experiment": .string(experiment), "launcher": .string(launcher),
            "folder": .string(folder), "arguments": .array(arguments.map(JSON.string)),
            "current": .optional(current), "next": .optional(next), "past": .array(past.map(JSON.string)),
            "short": .int(Int64(short)),
        ]
    }

    private init?(_ json: JSON) {
        guard json["version"]?.int == Self.version, let experiment = json["experiment"]?.string,
            let launcher = json["launcher"]?.string, let folder = json["folder"]?.string,
            let arguments = json["arguments"]?.array
        else { return nil }
        self.experiment = experiment
        self.launcher = launcher
        self.folder = folder
        self.arguments = arguments.compactMap(\.string)
        current = json["current"]?.string
        next = json["next"]?.string
        past = json["past"]?.array?.compactMap(\.string) ?? []
        short = json["short"]?.int.flatMap { Int(exactly: $0) } ?? 0
    }

    /// - Returns: nil where the experiment has none.
    /// - Throws: a file that is there and cannot be read.
    package static func read(
        _ experiment: String, in workspace: Workspace
    ) throws(SystemError) -> BatchRun? {
        let path = path(experiment, workspace)
        var problem: SystemError?
        // Over a network a file that is replaced may be gone for a moment.
        for _ in 0..<5 {
            do throws(SystemError) {
                let bytes = try Files.read(path, limit: 1 << 24)
                guard let run = (try? JSON.parse(bytes)).flatMap(BatchRun.init) else {
                    throw SystemError("understand (it is damaged, or of a newer version)", path, code: EINVAL)
                }
                return run
            } catch {
                if error.isMissing { return nil }
                problem = error
                Clock.sleep(milliseconds: 50)
            }
        }
        throw problem ?? SystemError("read", path, code: EIO)
    }

    /// Changes the file, while nobody else does.
    ///
    /// - Parameter body: gets what it says, nil for none, and leaves what it is to say.
    package static func change<Result>(
        _ experiment: String, in workspace: Workspace, _ body: (inout BatchRun?) -> Result
    ) throws(SystemError) -> Result {
        let path = path(experiment, workspace)
        try Files.makeFolder(Paths.parent(path), in: workspace.path)
        while true {
            let changed = try FileLock.holding("\(path).lock") { () throws(SystemError) in
                var run = try read(experiment, in: workspace)
                let wasThere = run != nil
                let result = body(&run)
                if let run {
                    try Files.replace(path, with: run.json.prettyBytes)
                    try Files.settle(path)
                } else if wasThere {
                    try Files.remove(path)
                }
                return result
            }
            if let changed { return changed }
            Clock.sleep(milliseconds: 20)
        }
    }
}
