package import Batch
import Text

/// What a job asks of a batch system: one object for all jobs that ask for the same.
package final class BatchNeed: Sendable, Equatable {
    /// The name of its launcher.
    package let launcher: String
    package let ask: BatchAsk
    /// How many such jobs a pilot has at a time, each followed by the next; 0 where no pilots take it.
    package let lanes: Int
    package var isPacked: Bool { lanes > 0 }

    package init(launcher: String, ask: BatchAsk, lanes: Int = 0) {
        self.launcher = launcher
        self.ask = ask
        self.lanes = lanes
    }

    package static func == (left: BatchNeed, right: BatchNeed) -> Bool {
        left === right
            || left.launcher == right.launcher && left.ask == right.ask
                && left.lanes == right.lanes
    }
}

/// What a job takes of the machine while it runs: its requirement, fitted to what there is.
package struct JobDemand: Sendable, Equatable {
    /// At least 1.
    package var cores = 1
    /// Whether the task says how many: then its program is told.
    package var declaresCores = false
    /// Bytes; nil where the task says nothing.
    package var memory: Int64?
    /// How far it may grow, in bytes.
    package var mostMemory: Int64?
    /// What the machine has, in bytes.
    package var memoryCapacity: Int64 = 0
    package var gpus: GPUs?
    /// How many nodes; nil where the task says nothing.
    package var nodes: Int?
    /// What its cores and its memory are a part of; nil where the task asks for neither.
    package var share: Share?
    /// Seconds until the job is stopped.
    package var duration: Double?
    /// Where a batch system runs it: what it asks of that, and nothing of this machine.
    package var batch: BatchNeed?

    /// What jobs of all workspaces have together of this machine.
    package struct Share: Sendable, Equatable {
        package var folder: MachineFolder
        /// What there is.
        package var whole: MachineFolder.Amount

        package init(folder: MachineFolder, whole: MachineFolder.Amount) {
            self.folder = folder
            self.whole = whole
        }
    }

    /// So many of some GPUs.
    package struct GPUs: Sendable, Equatable {
        package var count: Int
        /// The names of those that have enough memory, those with the least first.
        package var devices: [String]
        /// How many GPUs have at least as much memory, for each size up to the one that is asked for: so many
        /// may be taken together by jobs that ask for it or for more.
        package var classes: [Claim]
        /// Where their locks are.
        package var folder: MachineFolder
        /// Whether those that other programs use are taken too.
        package var areShared: Bool
        /// Whether they are AMD's.
        package var areOfROCm = false

        package init(
            count: Int, devices: [String], classes: [Claim], folder: MachineFolder, areShared: Bool = false
        ) {
            self.count = count
            self.devices = devices
            self.classes = classes
            self.folder = folder
            self.areShared = areShared
        }
    }

    package init() {}

    /// The claims of an attempt with so much memory.
    package func claims(memory: Int64?) -> [Claim] {
        var claims = gpus?.classes ?? []
        if let memory, memoryCapacity > 0 {
            claims.append(Claim("memory", count: Self.units(memory), of: Self.units(memoryCapacity)))
        }
        return claims
    }

    /// Memory in MiB, so that sums stay small.
    private static func units(_ bytes: Int64) -> Int { Int(max(1, bytes >> 20)) }

    /// The memory of the next attempt of a job that was killed for it; nil if it has the most already.
    package func memory(after last: Int64) -> Int64? {
        guard let most = mostMemory, last > 0, last < most else { return nil }
        return last > most / 2 ? most : last * 2
    }
}
