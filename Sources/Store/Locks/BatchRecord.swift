import Batch
import Glibc
package import System
package import Text

/// An array of jobs that a batch system has, or is about to get.
///
///     .xpm-batches/{nonce}.json    this record: written before the array is handed in, and again with its number
///     .xpm-batches/{nonce}.jobs    the jobs, a JSON object a line: the index in the array is the number of the line
///     .xpm-batches/{nonce}.sh      what each of them runs on its node
///     .xpm-batches/{nonce}.log     what they say besides the logs of the jobs
///     .xpm-batches/ends/{name}/    an empty file {nonce}.{index} for each job that has ended, until somebody has seen it
///
/// Each job's lock is claimed for its place in the array before the array is handed in. What starts on a node
/// and does not find that claim leaves: so nothing runs twice, whatever was known of the array when.
package struct BatchRecord: Sendable {
    package let nonce: String
    /// The name of the system: `slurm`.
    package let system: String
    package let cluster: String
    /// Who handed it in.
    package let submitter: ProcessRecord
    /// The number that the system gave it; nil where nobody knows whether it has it.
    package var array: String?
    /// The folder below `ends` in which its jobs leave a word.
    package let ends: String
    /// Seconds after which the system stops each job; nil where it does not say.
    package let limit: Double?
    /// Lines of shell that run before each job.
    package let setup: String?
    /// Where its places are pilots, which take one job after the other: how many; nil where each is a job.
    package let pilots: Int?
    /// How many jobs each of them has at a time.
    package let lanes: Int
    /// Whether its one place is a run itself (`BatchRun`), that of the experiment `ends`.
    package let isRun: Bool

    package init(
        nonce: String, system: String, cluster: String, ends: String, limit: Double?, setup: String?,
        pilots: Int? = nil, lanes: Int = 1, isRun: Bool = false
    ) {
        self.isRun = isRun
        self.pilots = pilots
        self.lanes = lanes
        self.nonce = nonce
        self.system = system
        self.cluster = cluster
        self.ends = ends
        self.limit = limit
        self.setup = setup
        submitter = ProcessRecord(pid: getpid())
    }

    private static let version: Int64 = 1

    /// A nonce for a new one.
    package static func newNonce() -> String { String(UInt64.random(in: 1 << 60 ... .max), radix: 16) }

    /// A job ends so many seconds before its system would end it: long enough for its outcome to be known.
    package static func reserve(of limit: Double) -> Double { min(60, limit / 10) }

    package var json: JSON {
        [
            "version": .int(Self.version), "nonce": .string(nonce), "system": .string(system),
            "cluster": .string(cluster), "array": .optional(array), "ends": .string(ends),
            "limit": limit.map(JSON.float) ?? .null, "setup": .optional(setup),
            "pilots": pilots.map { .int(Int64($0)) } ?? .null, "lanes": .int(Int64(lanes)),
            "is_run": .bool(isRun), "submitter": submitter.json(),
        ]
    }

    /// - Returns: nil for what is none, or is of a newer version.
    init?(_ json: JSON) {
        guard json["version"]?.int == Self.version, let nonce = json["nonce"]?.string,
            let system = json["system"]?.string,
            let submitter = json["submitter"].flatMap(ProcessRecord.init),
            // It is a part of the names of files.
            !nonce.isEmpty, nonce.utf8.allSatisfy({ $0.isLetter || $0.isDigit })
        else { return nil }
        self.nonce = nonce
        self.system = system
        self.submitter = submitter
        cluster = json["cluster"]?.string ?? ""
        array = json["array"]?.string
        ends = json["ends"]?.string ?? ""
        limit = json["limit"]?.number
        setup = json["setup"]?.string
        pilots = json["pilots"]?.int.flatMap { Int(exactly: $0) }
        isRun = json["is_run"] == .bool(true)
        lanes = max(1, json["lanes"]?.int.flatMap { Int(exactly: $0) } ?? 1)
    }

    // MARK: Files

    /// The folder of a workspace with those that its batch systems have.
    package static func folder(in workspace: String) -> String { "\(workspace)/.xpm-batches" }

    private static func path(_ nonce: String, _ suffix: String, in workspace: String) -> String {
        "\(folder(in: workspace))/\(nonce).\(suffix)"
    }

    package func jobs(in workspace: String) -> String { Self.path(nonce, "jobs", in: workspace) }
    package func script(in workspace: String) -> String { Self.path(nonce, "sh", in: workspace) }
    package func log(in workspace: String) -> String { Self.path(nonce, "log", in: workspace) }
    package func path(in workspace: String) -> String { Self.path(nonce, "json", in: workspace) }

    package static func ends(_ name: String, in workspace: String) -> String {
        "\(folder(in: workspace))/ends/\(name)"
    }

    /// Writes the record: whole, or as it was.
    package func write(in workspace: String) throws(SystemError) {
        try Files.makeFolder(Self.ends(ends, in: workspace), in: workspace)
        try Files.replace(path(in: workspace), with: json.bytes)
        try Files.settle(path(in: workspace))
    }

    /// - Returns: nil where there is none, or none that can be read.
    package static func read(_ nonce: String, in workspace: String) -> BatchRecord? {
        read(path(nonce, "json", in: workspace))
    }

    /// Reads the record of a path.
    package static func read(_ path: String) -> BatchRecord? {
        (try? Files.read(path, limit: 1 << 20)).flatMap { try? JSON.parse($0) }.flatMap(BatchRecord.init)
    }

    /// The whole lines of a list of jobs; one that is being written is left out.
    package static func lines(of path: String) throws(SystemError) -> [[UInt8]] {
        let bytes = try Files.read(path)
        let end = bytes.lastIndex(of: UInt8(ascii: "\n")) ?? 0
        return bytes[..<end].split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    /// Removes its files: nothing of it is left.
    package func remove(in workspace: String) {
        for suffix in ["jobs", "sh", "log", "json"] {
            try? Files.remove(Self.path(nonce, suffix, in: workspace))
        }
    }

    /// Whether what holds a job is known to be over, or never was: its place in the array; its pilot, or all of
    /// them, where none has taken it.
    ///
    /// - Returns: nil where nobody here can say.
    func isOver(_ holder: BatchHolder) -> Bool? { isOver(pilots == nil ? holder.index : holder.pilot) }

    /// Whether the system does not know it, whoever was about to hand it in.
    var isUnknown: Bool? {
        BatchQueue.isOver(
            nonce, nil, isNumbered: false, system: system, cluster: cluster, user: submitter.user)
    }

    /// - Parameter index: in the array; nil for all of it.
    package func isOver(_ index: Int?) -> Bool? {
        if array == nil {
            // It may be about to hand it in.
            if submitter.isAlive { return false }
            if submitter.isElsewhere { return nil }
        }
        return BatchQueue.isOver(
            nonce, index, isNumbered: array != nil, system: system, cluster: cluster, user: submitter.user)
    }
}

/// The place of a job in an array that a batch system has, or in the list of its pilots: it holds the job's
/// lock.
package struct BatchHolder: Sendable, Equatable {
    /// Of the array.
    package let nonce: String
    package let index: Int
    /// Whether it has begun on its node.
    package var hasBegun: Bool
    /// The pilot that has taken it.
    package var pilot: Int?
    /// Whether it is a run, which holds what its process and those of its jobs hold.
    package var isRun: Bool

    package init(
        nonce: String, index: Int, hasBegun: Bool = false, pilot: Int? = nil, isRun: Bool = false
    ) {
        self.isRun = isRun
        self.nonce = nonce
        self.index = index
        self.hasBegun = hasBegun
        self.pilot = pilot
    }

    package static func == (left: BatchHolder, right: BatchHolder) -> Bool {
        left.nonce == right.nonce && left.index == right.index && left.hasBegun == right.hasBegun
            && left.pilot == right.pilot && left.isRun == right.isRun
    }

    func isSamePlace(as other: BatchHolder) -> Bool { nonce == other.nonce && index == other.index }

    var json: JSON {
        [
            "nonce": .string(nonce), "index": .int(Int64(index)), "begun": .bool(hasBegun),
            "pilot": pilot.map { .int(Int64($0)) } ?? .null, "is_run": .bool(isRun),
        ]
    }

    init?(_ json: JSON?) {
        guard let nonce = json?["nonce"]?.string, let index = json?["index"]?.int, index >= 0,
            // It is a part of the names of files.
            !nonce.isEmpty, nonce.utf8.allSatisfy({ $0.isLetter || $0.isDigit })
        else { return nil }
        self.init(
            nonce: nonce, index: Int(index), hasBegun: json?["begun"] == .bool(true),
            pilot: json?["pilot"]?.int.flatMap { Int(exactly: $0) }, isRun: json?["is_run"] == .bool(true))
    }
}
