package import Model
package import Store
package import System
import Text

/// Fits requirements to this machine. Belongs to one thread.
package final class MachineFit {
    private var machine: Machine
    private var hasLooked: Bool
    private let looksForGPUs: Bool
    /// The folder with the locks of this machine's GPUs.
    private let gpuFolder: String

    /// - Parameters:
    ///   - known: the machine as the settings describe it; nil looks for itself, for GPUs when a job asks for
    ///     one.
    ///   - looksForGPUs: whether it does that; else those that the settings do not describe are as any job
    ///     wants them.
    package init(_ known: Machine?, in workspace: Workspace, looksForGPUs: Bool) {
        machine = known ?? .withoutGPUs
        hasLooked = known != nil
        self.looksForGPUs = looksForGPUs
        gpuFolder = "\(workspace.tokens)/.gpus/\(Environment.hostName)"
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
        if wanted.gpus > 0, hasLooked || looksForGPUs { demand.gpus = try gpus(wanted) }
        return demand
    }

    private func gpus(_ wanted: Requirement.Alternative) throws(ValueError) -> JobDemand.GPUs {
        if !hasLooked {
            hasLooked = true
            machine.gpus = Machine.findGPUs()
        }
        let least = wanted.gpuMemory ?? 0
        let all = machine.gpus.sorted { ($0.memory, $0.number) < ($1.memory, $1.number) }
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
        return JobDemand.GPUs(
            count: wanted.gpus, devices: fitting.map(\.number), classes: classes, folder: gpuFolder)
    }
}
