package import Batch
package import Model
package import Store
import System
import Text

/// Hands in the jobs in which a run goes on (`BatchRun`).
package struct BatchRunSender: Sendable {
    package let definition: LauncherDefinition
    package let system: any BatchSystem
    private let workspace: Workspace
    /// The absolute path of `xpm`.
    private let program: String
    private let demand: JobDemand

    /// The variables that tell a job its nonce, its name in the system, the experiment, and when it began, in seconds
    /// since 1970.
    package static let variables = (
        nonce: "XPM_BATCH_RUN", job: "XPM_BATCH_JOB", name: "XPM_BATCH_EXPERIMENT", began: "XPM_BATCH_BEGAN"
    )

    /// Seconds that a job may take of which the launcher says nothing, and its bytes of memory.
    private static let usual = (duration: 86_400.0, memory: Int64(512_000_000))

    /// - Throws: a launcher that runs jobs on this machine, or what it asks for and does not have.
    package init(
        _ definition: LauncherDefinition, workspace: Workspace, program: String
    ) throws(ValueError) {
        guard case .batch(let name) = definition.kind, let system = BatchQueue.system(named: name) else {
            let place =
                if case .remote(let place, _, _) = definition.kind {
                    "takes runs to \(place.host): --launcher \(definition.name) --detach"
                } else { "runs jobs on this machine; --detach by itself starts a process here" }
            throw ValueError(.refused("--detach=\(definition.name): this launcher \(place)"))
        }
        self.definition = definition
        self.system = system
        self.workspace = workspace
        self.program = program
        var wish = BatchWish()
        // It is no job of pilots.
        wish.lanes = 0
        let longest = definition.duration ?? definition.partitions.first?.duration ?? .infinity
        let small = try? Requirement(
            "duration=\(min(Self.usual.duration, longest))s & cpu(cores=1, mem=\(Self.usual.memory))")
        demand = try BatchFit(launcher: definition, system: system).demand(
            of: definition.detached ?? small, wish)
    }

    /// How many jobs run at once beside the run.
    package var cores: Int { demand.cores }

    /// Whether jobs can be told to begin when another has ended.
    package var canFollow: Bool { system.options(after: "0") != nil }

    /// Why nothing was handed in.
    package struct Problem: TextualError {
        package let text: String
    }

    /// Hands in a job.
    ///
    /// - Parameters:
    ///   - nonce: that `run` names already.
    ///   - array: after which it begins.
    /// - Returns: the number of its array.
    package func send(_ run: BatchRun, _ nonce: String, after array: String?) throws(Problem) -> String {
        let ask = demand.batch?.ask ?? BatchAsk()
        var record = BatchRecord(
            nonce: nonce, system: system.name, cluster: BatchQueue.cluster(of: system), ends: run.experiment,
            limit: ask.limit, setup: definition.setup, isRun: true)
        let script = record.script(in: workspace.path)
        do throws(SystemError) {
            try record.write(in: workspace.path)
            try Files.write(Array(text(of: run, nonce).utf8), to: script, mode: 0o777)
        } catch {
            record.remove(in: workspace.path)
            throw Problem(text: error.text)
        }
        let after = array.flatMap { system.options(after: $0) } ?? []
        do throws(BatchError) {
            let number = try system.submit(
                BatchArray(
                    name: run.experiment, nonce: nonce, script: script, indices: 0..<1,
                    options: system.options(for: ask, memory: demand.memory) + after, folder: run.folder,
                    log: BatchRun.log(of: run.experiment, in: workspace),
                    exportsEnvironment: definition.exportsEnvironment))
            record.array = number
            try? record.write(in: workspace.path)
            return number
        } catch {
            // What it has taken all the same is not named any more, and leaves.
            record.remove(in: workspace.path)
            throw Problem(text: error.text)
        }
    }

    private func text(of run: BatchRun, _ nonce: String) -> String {
        let names = Self.variables
        let words = ([program] + run.arguments).map(ShellWords.quote).joined(separator: " ")
        return """
            #!/bin/sh
            # xpm: the run of \(ShellWords.quote(run.experiment).replacing("\n", with: " "))
            export \(names.began)=$(date +%s)
            \(definition.setup.map { "set -e\n\($0)\nset +e" } ?? "")
            export \(names.nonce)=\(nonce) \(names.job)=\(system.words.name) \(names.name)=\(ShellWords.quote(run.experiment))
            exec \(words)

            """
    }

    /// Takes the jobs of a run that is over out of the queue, and removes the records of those that are gone: by the
    /// others their locks are judged.
    ///
    /// - Parameter nonce: of one that is left as it is.
    /// - Throws: where one could not be taken out.
    package static func end(
        _ run: BatchRun, in workspace: Workspace, but nonce: String? = nil
    ) throws(BatchError) {
        var problem: BatchError?
        for one in run.nonces where one != nonce {
            guard let record = BatchRecord.read(one, in: workspace.path) else { continue }
            if one == run.next || one == run.current {
                do throws(BatchError) { try cancel(record) } catch {
                    problem = error
                    continue
                }
                // It may have begun, and holds what it holds until it ends.
                if one == run.current, record.isOver(0) != true { continue }
            }
            record.remove(in: workspace.path)
        }
        if let problem { throw problem }
    }

    private static func cancel(_ record: BatchRecord) throws(BatchError) {
        guard let system = BatchQueue.system(named: record.system) else { return }
        var jobs = record.array.map { [BatchJob(array: $0, index: 0)] } ?? []
        if jobs.isEmpty {
            jobs = try system.queue(of: Environment.userName).filter { $0.nonce == record.nonce }.map(\.job)
        }
        if !jobs.isEmpty, record.isOver(0) != true { try system.cancel(jobs) }
    }
}
