import Batch
import Model
import Store
import System
import Text

/// A job as a launcher hands it to a runner: which one, and what this attempt of it may use.
struct JobOrder: Equatable {
    /// Of the format. A runner refuses a newer one: xpm was upgraded while it ran.
    static let version: Int64 = 4

    var folder: JobFolder
    var language: JobScript.Language
    /// Which attempt it is; the first is 1.
    var attempt = 1
    /// Seconds until it is stopped; nil for never.
    var duration: Double?
    /// How many cores its requirement names.
    var cores: Int?
    /// How many nodes its requirement names.
    var nodes: Int?
    /// Bytes, where the requirement asks for memory.
    var memory: Int64?
    /// The nonce of the claim on its folder, where locks are claims.
    var claim: String?
    /// The process that gives the order.
    var starter: ProcessRecord.Starter?
    /// Which GPUs it may choose from; nil where it asks for none.
    var gpus: GPUs?
    /// What it takes of the machine's cores and memory; nil where it asks for none.
    var share: Share?
    /// Whether nothing has run in its folder yet.
    var isNew = false
    /// Whether its outcome counts only when it and its outputs are on the disk.
    var isDurable = true
    /// The job of a batch system that it is in; not part of the order as it is sent.
    var batch: ProcessRecord.BatchName?
    /// The nodes that it has, by their names.
    var nodeNames: [String] = []
    /// Whether a pilot has it, with others before and after.
    var isInPilot = false
    /// Seconds until that system ends it; nil for never.
    var allocation: Double?

    /// So many of these devices.
    struct GPUs: Equatable {
        var count: Int
        var devices: [String]
        /// Where their locks are.
        var folder: MachineFolder
        /// Whether those that other programs use are taken too.
        var areShared: Bool
        var areOfROCm = false
    }

    /// Cores and memory, and what they are a part of.
    struct Share: Equatable {
        var amount: MachineFolder.Amount
        var whole: MachineFolder.Amount
        var folder: MachineFolder
    }

    init(folder: JobFolder, language: JobScript.Language) {
        self.folder = folder
        self.language = language
    }

    /// An attempt of a job that takes what its demand says.
    ///
    /// - Parameter memory: what this attempt has, in bytes.
    init(_ job: JobSpec, memory: Int64?) {
        self.init(folder: job.folder, language: job.language)
        self.memory = memory
        guard let demand = job.demand else { return }
        duration = demand.duration
        cores = demand.declaresCores ? demand.cores : nil
        nodes = demand.nodes
        gpus = demand.gpus.map {
            GPUs(
                count: $0.count, devices: $0.devices, folder: $0.folder, areShared: $0.areShared,
                areOfROCm: $0.areOfROCm)
        }
        share = demand.share.map { share in
            Share(
                amount: .init(cores: cores ?? 0, memory: memory ?? 0), whole: share.whole,
                folder: share.folder)
        }
    }

    /// In a job of a batch system that somebody has submitted by hand: what the task requires holds, as that
    /// gives it.
    mutating func takeBatchJob(_ wanted: Requirement.Alternative?) {
        guard let job = Environment["SLURM_JOB_ID"], !job.isEmpty else { return }
        batch = .init(system: "slurm", job: job)
        (duration, cores, memory) = (wanted?.duration, wanted?.cores, wanted?.memory)
        nodes = wanted?.nodes
        if nodes ?? 1 > 1 { nodeNames = Slurm().nodes() }
    }

    var json: JSON {
        [
            "version": .int(Self.version),
            "language": .string(language.rawValue), "folder": .string(folder.path),
            "name": .string(folder.name), "attempt": .int(Int64(attempt)),
            "duration": duration.map(JSON.float) ?? .null,
            "cores": cores.map { .int(Int64($0)) } ?? .null, "memory": memory.map(JSON.int) ?? .null,
            "nodes": nodes.map { .int(Int64($0)) } ?? .null, "claim": .optional(claim),
            "durable": .bool(isDurable),
            "new": .bool(isNew),
            "starter": starter?.json ?? .null,
            "gpus": gpus.map { gpus in
                [
                    "count": .int(Int64(gpus.count)),
                    "devices": .array(gpus.devices.map(JSON.string)),
                    "folder": .string(gpus.folder.path), "shared": .bool(gpus.areShared),
                    "rocm": .bool(gpus.areOfROCm),
                ]
            } ?? .null,
            "share": share.map { share in
                [
                    "folder": .string(share.folder.path), "cores": .int(Int64(share.amount.cores)),
                    "memory": .int(share.amount.memory), "all_cores": .int(Int64(share.whole.cores)),
                    "all_memory": .int(share.whole.memory),
                ]
            } ?? .null,
        ]
    }

    /// Why bytes are no order.
    enum Problem: Error {
        case malformed
        case otherVersion(Int64)

        var text: String {
            switch self {
            case .malformed: "xpm-job cannot read the order of xpm"
            case .otherVersion(let version):
                "xpm-job reads orders of version \(JobOrder.version), and got one of version \(version): xpm was replaced while it ran; start it again"
            }
        }
    }

    init(_ bytes: [UInt8]) throws(Problem) {
        guard let json = try? JSON.parse(bytes) else { throw .malformed }
        let version = json["version"]?.int ?? 1
        guard version == Self.version else { throw .otherVersion(version) }
        guard let path = json["folder"]?.string, let name = json["name"]?.string,
            let language = json["language"]?.string.flatMap(JobScript.Language.init(rawValue:))
        else { throw .malformed }
        self.init(folder: JobFolder(path: path, name: name), language: language)
        attempt = json["attempt"]?.int.flatMap { Int(exactly: $0) } ?? 1
        duration = json["duration"]?.number
        cores = json["cores"]?.int.flatMap { Int(exactly: $0) }
        memory = json["memory"]?.int
        nodes = json["nodes"]?.int.flatMap { Int(exactly: $0) }
        claim = json["claim"]?.string
        isDurable = json["durable"] != .bool(false)
        isNew = json["new"] == .bool(true)
        starter = ProcessRecord.Starter(json["starter"])
        if let gpus = json["gpus"], let count = gpus["count"]?.int, let folder = gpus["folder"]?.string {
            self.gpus = GPUs(
                count: Int(count), devices: (gpus["devices"]?.array ?? []).compactMap(\.string),
                folder: MachineFolder(path: folder), areShared: gpus["shared"] == .bool(true),
                areOfROCm: gpus["rocm"] == .bool(true))
        }
        if let share = json["share"], let folder = share["folder"]?.string {
            func amount(_ cores: String, _ memory: String) -> MachineFolder.Amount {
                .init(cores: Int(share[cores]?.int ?? 0), memory: share[memory]?.int ?? 0)
            }
            self.share = Share(
                amount: amount("cores", "memory"), whole: amount("all_cores", "all_memory"),
                folder: MachineFolder(path: folder))
        }
    }
}
