import Batch
package import Model
import Settings
package import Store
import System
import Text

/// Which launcher a job goes to, and what it takes there.
///
/// What `submit` names counts most, then what the user has chosen for the run (`--launcher`, or the workspace's
/// `launcher`), then the file's `find_launcher`; else this machine runs it.
package final class LauncherChoice: Admission {
    private let machine: MachineFit
    private let launchers: (any Launchers)?
    /// What the user has chosen for all jobs that name none.
    private let chosen: LauncherDefinition?
    private var fits: TextMap<BatchFit> = [:]

    /// This machine only.
    package init(_ machine: MachineFit) {
        self.machine = machine
        (launchers, chosen) = (nil, nil)
    }

    /// - Parameters:
    ///   - launchers: those of the user's file; nil where there is none.
    ///   - name: of the launcher that the user has chosen.
    /// - Throws: a name that none has.
    package init(
        _ machine: MachineFit, _ launchers: (any Launchers)?, chosen name: String?
    ) throws(ValueError) {
        self.machine = machine
        self.launchers = launchers
        if let name {
            chosen = try Self.find(name, in: launchers)
        } else {
            chosen = nil
        }
    }

    /// The launchers that jobs may go to besides this machine.
    package var batch: [LauncherDefinition] { launchers?.all.filter(\.isBatch) ?? [] }

    private func find(_ name: String) throws(ValueError) -> LauncherDefinition {
        let found = try Self.find(name, in: launchers)
        guard case .remote(let place, _, _) = found.kind else { return found }
        throw ValueError(
            .refused(
                "the launcher '\(name)' takes whole runs to \(place.host), not single jobs: xpm run --launcher \(name)"
            ))
    }

    /// A launcher by its name.
    ///
    /// - Throws: a name that none has.
    package static func find(
        _ name: String, in launchers: (any Launchers)?
    ) throws(ValueError) -> LauncherDefinition {
        if let found = launchers?.all.first(where: { $0.name == name }) { return found }
        if name == LauncherDefinition.direct.name { return .direct }
        guard let launchers else {
            throw ValueError(
                .refused(
                    "there is no launcher '\(name)': there is no \(Paths.shown(Self.path)), where launchers are described; `xpm launchers generate slurm` writes one"
                ))
        }
        let names = TextSet(launchers.all.map(\.name) + [LauncherDefinition.direct.name]).ordered
        throw ValueError(
            .refused(
                "\(Paths.shown(launchers.path)) has no launcher '\(name)'\(Suggestion.hint(for: name, among: names)); there are \(names.joined(separator: ", "))"
            ))
    }

    /// `launchers.lua`, in the folder of settings.yaml.
    package static var path: String { "\(Paths.parent(UserSettings.path))/launchers.lua" }

    package func admit(_ wish: LaunchWish, in folder: JobFolder) throws(ValueError) -> Admitted {
        let launcher = try launcher(for: wish)
        var admitted = Admitted(demand: try demand(of: wish, launcher, folder))
        admitted.frame.isAsked = wish.wrap != nil
        admitted.frame.wrap = wish.wrap ?? launcher.wrap
        if let ask = admitted.demand?.batch?.ask, ask.nodes ?? 1 > 1 {
            admitted.frame.spread = try fit(launcher, wish.batch).system.spread(over: ask)
        }
        return admitted
    }

    private func demand(
        of wish: LaunchWish, _ launcher: LauncherDefinition, _ folder: JobFolder
    ) throws(ValueError) -> JobDemand? {
        guard launcher.isBatch else {
            if let system = wish.batch.system, wish.launcher != nil {
                throw ValueError(
                    .refused(
                        "options for \(system), but its launcher '\(launcher.name)' runs jobs on this machine"
                    ))
            }
            guard let requirement = wish.requirement else { return nil }
            return try raised(machine.demand(of: requirement), after: folder)
        }
        return try raised(
            fit(launcher, wish.batch).demand(of: wish.requirement, wish.batch), after: folder)
    }

    /// Where a job would go that requires something, and why not elsewhere.
    ///
    /// - Throws: where the choice itself fails.
    package func place(
        of requirement: Requirement, tags: [(name: String, value: String)]
    ) throws(ValueError) -> LaunchPlace {
        var wish = LaunchWish(requirement)
        wish.tags = { tags }
        let launcher = try launcher(for: wish)
        guard launcher.isBatch else {
            do throws(ValueError) {
                _ = try machine.demand(of: requirement)
                return LaunchPlace(launcher: launcher.name)
            } catch { return LaunchPlace(launcher: launcher.name, isFound: false, problems: [error.text]) }
        }
        let fit = try fit(launcher, wish.batch)
        let (demand, problems) = try fit.look(requirement, wish.batch)
        guard let demand, let ask = demand.batch?.ask else {
            return LaunchPlace(launcher: launcher.name, isFound: false, problems: problems)
        }
        return LaunchPlace(
            launcher: launcher.name, partition: ask.partition,
            options: fit.system.options(for: ask, memory: demand.memory), problems: problems)
    }

    private func launcher(for wish: LaunchWish) throws(ValueError) -> LauncherDefinition {
        if let name = wish.launcher { return try find(name) }
        if let chosen { return chosen }
        guard let launchers, let name = try launchers.find(wish.requirement, tags: wish.tags()) else {
            return .direct
        }
        return try find(name)
    }

    private func fit(_ launcher: LauncherDefinition, _ wish: BatchWish) throws(ValueError) -> BatchFit {
        guard case .batch(let name) = launcher.kind, let system = BatchQueue.system(named: name) else {
            throw ValueError(.refused("the launcher '\(launcher.name)' is of no batch system that xpm knows"))
        }
        if let other = wish.system, other != name {
            throw ValueError(
                .refused("options for \(other), but its launcher '\(launcher.name)' is \(system.title)'s"))
        }
        if let known = fits[launcher.name] { return known }
        let fit = BatchFit(launcher: launcher, system: system)
        fits[launcher.name] = fit
        return fit
    }

    /// One that was killed for its memory begins with more, as far as its requirement goes.
    private func raised(_ demand: JobDemand, after folder: JobFolder) -> JobDemand {
        guard demand.mostMemory != nil, Files.exists(folder.failed) else { return demand }
        var demand = demand
        let last = Outcome.read(folder.failed)
        if last.reason == .memory, let memory = last.memory {
            let raised = demand.memory(after: memory) ?? min(memory, demand.mostMemory ?? memory)
            demand.memory = max(demand.memory ?? 0, raised)
        }
        return demand
    }
}

/// Where a job would go.
package struct LaunchPlace {
    package let launcher: String
    package var partition: String?
    /// What the batch system would be asked for.
    package var options: [String] = []
    package var isFound = true
    /// Why it cannot be had elsewhere, or at all.
    package var problems: [String] = []
}
