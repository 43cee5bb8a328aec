import Batch
import Engine
import Store
import Text

/// What a plan would send to batch systems: which arrays, how much they may take, and when they may begin.
struct BatchForecast {
    private struct Group {
        let need: BatchNeed
        let memory: Int64?
        /// Seconds that each job may take.
        let duration: Double?
        var count = 0
    }

    private var groups: [Group] = []

    init(_ planned: [Experiment.PlannedJob]) {
        for one in planned where one.state != .done && one.state != .running {
            guard let demand = one.job.spec.demand, let need = demand.batch else { continue }
            let place = groups.firstIndex { group in
                group.need == need && group.memory == demand.memory && group.duration == demand.duration
            }
            if let place {
                groups[place].count += 1
            } else {
                groups.append(
                    Group(need: need, memory: demand.memory, duration: demand.duration, count: 1))
            }
        }
    }

    /// A line for each kind of job.
    ///
    /// - Parameter launchers: those that jobs may go to.
    func lines(_ launchers: [LauncherDefinition]) -> [String] {
        var sites: TextMap<BatchSite> = [:]
        return groups.compactMap { group in
            guard let launcher = launchers.first(where: { $0.name == group.need.launcher }),
                case .batch(let name) = launcher.kind, let system = BatchQueue.system(named: name)
            else { return nil }
            if sites[name] == nil { sites[name] = (try? system.site()) ?? BatchSite() }
            return line(group, launcher, system, longest: sites[name]?.longestArray ?? 1000)
        }
    }

    private func line(
        _ group: Group, _ launcher: LauncherDefinition, _ system: any BatchSystem, longest: Int
    ) -> String {
        let ask = group.need.ask
        let jobs = "\(group.count) job\(group.count == 1 ? "" : "s")"
        let arrays = (group.count + longest - 1) / longest
        let lanes = max(1, group.need.lanes)
        let pilots = min((group.count + lanes - 1) / lanes, launcher.mostPilots)
        let way =
            group.need.isPacked
            ? "by at most \(pilots) pilot\(pilots == 1 ? "" : "s")\(lanes > 1 ? " of \(lanes) jobs at a time" : "")"
            : "in \(arrays) array\(arrays == 1 ? "" : "s")"
        let each = group.need.isPacked ? group.duration : ask.limit
        let needs = [
            ask.partition, ask.nodes.map { "\($0) node\($0 == 1 ? "" : "s") each" },
            ask.cores.map { "\($0) core\($0 == 1 ? "" : "s")" },
            group.memory.map(NumberText.bytes),
            ask.gpus > 0 ? "\(ask.gpus) GPU\(ask.gpus == 1 ? "" : "s")" : nil,
            each.map { "at most \(NumberText.duration($0)) each" },
        ].compactMap(\.self).joined(separator: ", ")
        var text = "\(launcher.name): \(jobs) \(way)\(needs.isEmpty ? "" : " (\(needs))")"
        if let each {
            let hours = each / 3600 * Double((ask.cores ?? 1) * (ask.nodes ?? 1)) * Double(group.count)
            text += "; at most \(NumberText.significant(hours, digits: 3)) core-hours"
        }
        if let start = try? system.start(of: system.options(for: ask, memory: group.memory, times: lanes)) {
            text += "; the first may start \(start)"
        }
        return text
    }
}
