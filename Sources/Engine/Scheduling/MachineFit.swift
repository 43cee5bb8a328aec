package import Model
package import Settings
package import Store
import System
import Text

/// Fits requirements to this machine. Belongs to one thread.
package final class MachineFit {
    private var machine: Machine
    private let looksForGPUs: Bool
    private let slots: Int
    private let usesBusyGPUs: Bool
    /// The locks of what jobs have of this machine, whatever their workspace.
    private let folder: MachineFolder

    /// - Parameters:
    ///   - settings: the machine as the user describes it; for the rest it is looked at, for GPUs when a job asks
    ///     for one.
    ///   - slots: how many cores jobs of the run may use at once.
    ///   - looksForGPUs: whether it is looked for GPUs; else those that the settings do not describe are as any
    ///     job wants them.
    package init(_ settings: MachineSettings, slots: Int, looksForGPUs: Bool) {
        machine = settings.machine ?? .found
        self.slots = slots
        self.looksForGPUs = looksForGPUs
        usesBusyGPUs = settings.usesBusyGPUs
        folder = .of(settings.sharedFolder)
    }

    /// What a job with a requirement takes: that of the first alternative that the machine can give.
    ///
    /// - Throws: why it can give none.
    package func demand(of requirement: Requirement) throws(ValueError) -> JobDemand {
        var problems: [String] = []
        for alternative in requirement.alternatives {
            do throws(ValueError) { return try demand(of: alternative) } catch { problems.append(error.text) }
        }
        throw ValueError(.refused(problems.joined(separator: "; ")))
    }

    private func demand(of wanted: Requirement.Alternative) throws(ValueError) -> JobDemand {
        var demand = JobDemand()
        demand.duration = wanted.duration
        if let nodes = wanted.nodes, nodes > 1 {
            throw ValueError(.refused("\(nodes) nodes, where this machine is one"))
        }
        demand.nodes = wanted.nodes
        if let cores = wanted.cores {
            guard cores <= machine.cores else {
                throw ValueError(.refused("\(cores) cores, of which this machine has \(machine.cores)"))
            }
            demand.cores = cores
            demand.declaresCores = true
        }
        if let memory = wanted.memory {
            guard memory <= machine.memory else {
                throw ValueError(
                    .refused(
                        "\(NumberText.bytes(memory)) of memory, of which this machine has \(NumberText.bytes(machine.memory))"
                    ))
            }
            demand.memory = memory
            demand.mostMemory = wanted.mostMemory.map { min($0, machine.memory) }
            demand.memoryCapacity = machine.memory
        }
        if demand.declaresCores || demand.memory != nil {
            // Who asks for more at once than the machine has cores, by `-j`, means it.
            demand.share = JobDemand.Share(
                folder: folder, whole: .init(cores: max(machine.cores, slots), memory: machine.memory))
        }
        if wanted.gpus > 0, machine.gpus != nil || looksForGPUs { demand.gpus = try gpus(wanted) }
        return demand
    }

    private func gpus(_ wanted: Requirement.Alternative) throws(ValueError) -> JobDemand.GPUs {
        let known = machine.gpus ?? GPU.all()
        machine.gpus = known
        let least = wanted.gpuMemory ?? 0
        let all = known.enumerated().sorted { ($0.1.memory, $0.0) < ($1.1.memory, $1.0) }.map(\.1)
        let fitting = all.filter { $0.memory >= least }
        guard fitting.count >= wanted.gpus else {
            throw ValueError(
                .refused("\(wanted.gpusText), of which this machine has \(fitting.count)"))
        }
        // However jobs choose, those that ask for some size or more find a GPU each as long as they are no
        // more than such GPUs.
        let sizes = Set(all.map(\.memory)).sorted().filter { $0 <= fitting[0].memory }
        let classes = sizes.map { size in
            Claim("gpu \(size)", count: wanted.gpus, of: all.count { $0.memory >= size })
        }
        var found = JobDemand.GPUs(
            count: wanted.gpus, devices: fitting.map(\.name), classes: classes, folder: folder,
            areShared: usesBusyGPUs)
        found.areOfROCm = fitting[0].isOfROCm
        return found
    }
}
