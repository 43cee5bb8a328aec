import System
import Text

/// Slurm by `sbatch`, `squeue`, `sacct`, `scancel` and `scontrol`.
///
/// The manual pages of Slurm 22.05 to 24.11 say what is relied on; recorded outputs of odd sites are in the
/// tests.
package struct Slurm: BatchSystem {
    package init() {}

    package var name: String { "slurm" }
    package var title: String { "Slurm" }

    package var words: (index: String, name: String) {
        (#""$SLURM_ARRAY_TASK_ID""#, #""${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}""#)
    }

    // MARK: Commands

    private func run(_ arguments: [String], takesErrors: Bool = false) throws(BatchError) -> String {
        try BatchCommand.run(
            arguments, environment: Self.environment, takesErrors: takesErrors, problem: SlurmText.error)
    }

    /// That of this process, without what would change what the commands do: filters and formats of the
    /// user's own, and the job that this process itself may be in.
    private static var environment: EnvironmentBlock {
        let kept: TextSet = ["SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT"]
        return EnvironmentBlock.current.removing { name in
            ["SQUEUE_", "SACCT_", "SCANCEL_", "SLURM_"].contains { name.hasPrefix($0) }
                && !kept.contains(name)
        }.setting([("LC_ALL", "C"), ("SLURM_TIME_FORMAT", "standard")])
    }

    package func site() throws(BatchError) -> BatchSite {
        SlurmText.site(try run(["scontrol", "show", "config"]))
    }

    package func partitions() throws(BatchError) -> [BatchPartition] {
        SlurmText.partitions(try run(["sinfo", "-h", "-o", SlurmText.partitionFormat]))
    }

    package func options(for need: BatchAsk) -> [String] {
        var options: [String] = []
        if let partition = need.partition { options.append("--partition=\(partition)") }
        if let cores = need.cores { options.append("--cpus-per-task=\(cores)") }
        if need.gpus > 0 { options.append("--gres=gpu:\(need.gpus)") }
        if let nodes = need.nodes, nodes > 1 { options += ["--nodes=\(nodes)", "--ntasks-per-node=1"] }
        // In minutes.
        if let limit = need.limit { options.append("--time=\(Int((limit / 60).rounded(.up)))") }
        return options + need.more
    }

    package var forgetsDeleted: Bool { false }
    package var accountLag: Double { 0 }
    package var spansNodes: Bool { true }

    package func spread(over ask: BatchAsk) -> [String] {
        // srun does not take over how many cores a task has (srun(1), --cpus-per-task).
        ["srun", "--ntasks-per-node=1", "--kill-on-bad-exit=1"]
            + (ask.cores.map { ["--cpus-per-task=\($0)"] } ?? [])
    }

    package func nodes() -> [String] {
        guard let list = Environment["SLURM_JOB_NODELIST"],
            let text = try? run(["scontrol", "show", "hostnames", list])
        else { return [] }
        return text.lines.filter { !$0.isEmpty }.map(String.init)
    }

    /// In KiB: sbatch takes no bytes.
    package func options(memory: Int64) -> [String] { ["--mem=\((memory + 1023) / 1024)K"] }

    package func options(after array: String) -> [String]? { ["--dependency=afterany:\(array)"] }

    package func owns(option: String) -> Bool {
        let name = option.cut(at: "=")?.before ?? option[...]
        return [
            "--array", "-a", "--chdir", "-D", "--comment", "--error", "-e", "--export", "--job-name", "-J",
            "--open-mode", "--output", "-o", "--parsable", "--test-only", "--wait", "-W",
            "--wrap", "--time", "-t", "--nodes", "-N", "--ntasks-per-node", "--ntasks", "-n", "--mem",
            "--cpus-per-task", "-c", "--dependency", "-d", "--input", "-i",
        ].contains(String(name))
    }

    /// Of squeue(1), job reason codes.
    package func isHopeless(_ reason: String) -> Bool {
        [
            "PartitionTimeLimit", "PartitionNodeLimit", "BadConstraints", "DependencyNeverSatisfied",
            "InvalidAccount", "InvalidQOS", "AccountNotAllowed", "QOSNotAllowed",
        ].contains(reason)
    }

    package func submit(_ array: BatchArray) throws(BatchError) -> String {
        let range = array.indices
        let arguments =
            [
                "sbatch", "--parsable", "--no-requeue", "--job-name=\(array.name)",
                "--comment=\(array.nonce)", "--array=\(range.lowerBound)-\(range.upperBound - 1)",
                "--chdir=\(array.folder)", "--output=\(SlurmText.escaped(array.log))", "--open-mode=append",
                "--export=\(array.exportsEnvironment ? "ALL" : "NONE")",
            ] + array.options + [array.script]
        let told = try run(arguments)
        guard let number = SlurmText.number(told) else {
            throw .unreachable("sbatch answered '\(told.trimmed)', which is no number of a job")
        }
        return number
    }

    package func start(of options: [String]) throws(BatchError) -> String? {
        SlurmText.start(try run(["sbatch", "--test-only", "--wrap=true"] + options, takesErrors: true))
    }

    package func queue(of user: String?) throws(BatchError) -> [BatchEntry] {
        let owner = user.map { ["-u", $0] } ?? []
        return SlurmText.queue(
            try run(["squeue", "-h", "-r", "-a", "-t", "all", "-o", SlurmText.queueFormat] + owner))
    }

    package func ended(_ jobs: [BatchJob]) throws(BatchError) -> [BatchEntry] {
        let arrays = TextSet(jobs.map(\.array)).ordered
        if arrays.isEmpty { return [] }
        let wanted = Set(jobs)
        return SlurmText.accounts(
            try run([
                "sacct", "-n", "-P", "-X", "-j", arrays.joined(separator: ","), "-o", SlurmText.accountFormat,
            ])
        ).filter { wanted.contains($0.job) }
    }

    /// So many jobs are named in one command.
    private static let mostNamed = 500

    package func cancel(_ jobs: [BatchJob]) throws(BatchError) {
        try inPieces(jobs, of: Self.mostNamed) { some throws(BatchError) in
            _ = try run(["scancel", "--quiet"] + some.map(\.text))
        }
    }
}
