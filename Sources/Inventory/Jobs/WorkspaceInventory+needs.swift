import Store
import System
import Text

extension WorkspaceInventory {
    /// Tells those of some jobs that wait for others from those that do not: `blocked` where something that
    /// they need has failed, `ready` where a run goes on and all is done.
    ///
    /// - Parameter jobs: with their states, the last submitted first.
    package func settle(_ jobs: inout [JobRecord]) {
        guard jobs.contains(where: { $0.state == .waiting || $0.state == .notRun }) else { return }
        var known = TextMap(texts: jobs.map { ($0.identifier, $0.state) })
        lazy var types = (try? Files.list(workspace.jobs)) ?? []
        func state(of identifier: String) -> JobRecord.State {
            if let state = known[identifier] { return state }
            let found =
                types.lazy.compactMap { type -> JobRecord.State? in
                    guard Files.exists("\(workspace.jobs)/\(type)/\(identifier)") else { return nil }
                    var job = JobRecord(workspace, task: type, identifier: identifier)
                    job.readState()
                    return job.state
                }
                .first ?? .notRun
            known[identifier] = found
            return found
        }
        // What a job needs was submitted before it.
        for index in jobs.indices.reversed() {
            let job = jobs[index]
            guard job.state == .waiting || job.state == .notRun else { continue }
            let needs = job.dependencies.map(state)
            if needs.contains(where: { $0.isFailure || $0 == .blocked }) {
                jobs[index].state = .blocked
            } else if job.state == .waiting, !job.waitsForOthers, needs.allSatisfy({ $0 == .done }) {
                jobs[index].state = .ready
            }
            known[job.identifier] = jobs[index].state
        }
        explain(&jobs)
    }

    /// Says for what jobs wait that were launched: what the log of their run says of them last.
    private func explain(_ jobs: inout [JobRecord]) {
        func runs(_ job: JobRecord) -> String? {
            guard job.state == .waiting, job.waitsForOthers, let experiment = job.experiment,
                let run = job.run
            else { return nil }
            return "\(workspace.experiment(experiment))/\(run)"
        }
        for run in TextSet(jobs.compactMap(runs)).ordered {
            let last = lastEvents(inRun: run) {
                $0["state"]?.string == "waiting" ? $0["reason"]?.string : nil
            }
            for index in jobs.indices where runs(jobs[index]) == run {
                jobs[index].reason = last[jobs[index].key]
            }
        }
    }
}
