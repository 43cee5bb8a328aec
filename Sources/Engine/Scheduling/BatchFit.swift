import Batch
import Model
import Store
import Text

/// Fits requirements to the partitions of a batch system.
struct BatchFit {
    let launcher: LauncherDefinition
    let system: any BatchSystem

    /// Jobs of fewer seconds are packed.
    private static let short = 60.0

    /// What a job asks of the system: in the first partition that can give one of its alternatives.
    ///
    /// - Throws: why none can.
    func demand(
        of requirement: Requirement?, _ wish: BatchWish
    ) throws(ValueError) -> JobDemand {
        let (demand, problems) = try look(requirement, wish)
        if let demand { return demand }
        throw ValueError(
            .refused(
                "what the launcher '\(launcher.name)' does not have: \(problems.joined(separator: "; "))"))
    }

    /// The same, with the reasons why those before it cannot give it.
    ///
    /// - Throws: a partition that there is not.
    func look(
        _ requirement: Requirement?, _ wish: BatchWish
    ) throws(ValueError) -> (demand: JobDemand?, problems: [String]) {
        var problems: [String] = []
        for alternative in requirement?.alternatives ?? [Requirement.Alternative()] {
            if let nodes = alternative.nodes, nodes > 1, !system.spansNodes {
                problems.append("\(nodes) nodes: xpm makes no such jobs for \(system.title)")
                continue
            }
            for candidate in try candidates(wish.partition) {
                let lanes = lanes(for: alternative, wish)
                if let problem = candidate.flatMap({ self.problem(alternative.times(lanes), $0) }) {
                    problems.append(problem)
                } else {
                    return (
                        demand(of: alternative, in: candidate, wish), problems
                    )
                }
            }
        }
        return (nil, problems)
    }

    /// The partitions that may be taken; nil for the one that the system takes by itself.
    private func candidates(_ name: String?) throws(ValueError) -> [LauncherDefinition.Partition?] {
        if launcher.partitions.isEmpty { return [nil] }
        guard let name else { return launcher.partitions }
        guard let found = launcher.partitions.first(where: { $0.name == name }) else {
            let names = launcher.partitions.map(\.name)
            throw ValueError(
                .refused(
                    "the launcher '\(launcher.name)' has no partition '\(name)'\(Suggestion.hint(for: name, among: names)): \(names.joined(separator: ", "))"
                ))
        }
        return [found]
    }

    /// How many such jobs a pilot is to have at a time; 0 for no pilots.
    private func lanes(for wanted: Requirement.Alternative, _ wish: BatchWish) -> Int {
        if wanted.nodes ?? 1 > 1 { return 0 }
        return wish.lanes
            ?? (launcher.lanes > 0
                ? launcher.lanes : wanted.duration.map { $0 < Self.short } ?? false ? 1 : 0)
    }

    /// Why a partition cannot give what is wanted.
    private func problem(
        _ wanted: Requirement.Alternative, _ partition: LauncherDefinition.Partition
    ) -> String? {
        if let cores = wanted.cores, let most = partition.cores, cores > most {
            return "\(partition.name): \(cores) cores, of which a node has \(most)"
        }
        if let memory = wanted.memory, let most = partition.memory, memory > most {
            return
                "\(partition.name): \(NumberText.bytes(memory)) of memory, of which a node has \(NumberText.bytes(most))"
        }
        if let duration = wanted.duration, let most = partition.duration, duration > most {
            return
                "\(partition.name): \(NumberText.duration(duration)), where a job may take \(NumberText.duration(most))"
        }
        guard wanted.gpus > 0 else { return nil }
        let least = wanted.gpuMemory ?? 0
        let fitting = partition.gpus.count { $0 >= least }
        if fitting < wanted.gpus {
            return "\(partition.name): \(wanted.gpusText), of which a node has \(fitting)"
        }
        return nil
    }

    private func demand(
        of wanted: Requirement.Alternative, in candidate: LauncherDefinition.Partition?, _ wish: BatchWish
    ) -> JobDemand {
        var demand = JobDemand()
        demand.duration = wanted.duration
        demand.memory = wanted.memory
        demand.mostMemory = wanted.mostMemory.map { most in min(most, candidate?.memory ?? most) }
        if let cores = wanted.cores { (demand.cores, demand.declaresCores) = (cores, true) }
        var ask = BatchAsk()
        ask.partition = candidate?.name ?? wish.partition
        ask.cores = wanted.cores
        ask.gpus = wanted.gpus
        ask.nodes = wanted.nodes
        demand.nodes = wanted.nodes
        let lanes = lanes(for: wanted, wish)
        // With a while for its outcome; systems count in minutes.
        let own =
            wanted.duration.map { min($0 + 60, max($0, candidate?.duration ?? .infinity)) }
            ?? launcher.duration ?? candidate?.duration
        let pilot = max(min(launcher.pilotDuration, candidate?.duration ?? .infinity), own ?? 0)
        let limit = lanes > 0 ? pilot : own
        ask.limit = limit.map { ($0 / 60).rounded(.up) * 60 }
        ask.more = launcher.options + (candidate?.options ?? []) + wish.options
        demand.batch = BatchNeed(launcher: launcher.name, ask: ask, lanes: lanes)
        return demand
    }
}

extension Requirement.Alternative {
    /// What so many jobs need together.
    fileprivate func times(_ count: Int) -> Requirement.Alternative {
        guard count > 1 else { return self }
        var whole = self
        whole.cores = (cores ?? 1).timesOrMost(count)
        whole.memory = memory?.timesOrMost(Int64(count))
        whole.gpus = gpus.timesOrMost(count)
        return whole
    }
}
