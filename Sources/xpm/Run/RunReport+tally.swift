import Engine
import Inventory
import Model
import Store
import System
import Text

extension RunReport {
    /// What a tally has counted: failures with their last lines, and results.
    mutating func add(
        _ tally: RunTally, values: (JobSpec) -> TaskValues, warn: (String) -> Void
    ) {
        let (failed, blocked, done) = tally.read { ($0.failed, $0.blocked, $0.doneJobs) }
        failures = failed.map { spec, outcome in
            FailedTask(
                spec: spec, outcome: outcome, task: values(spec),
                last: OutputTail(spec.folder, count: 10),
                blocked: blocked[spec.number] ?? [])
        }
        // Of a large run the table would be no help; its files are there.
        guard done.count <= 1000 else { return }
        var seen: Set<Identifier> = []
        for spec in done.sorted(by: { $0.number.index < $1.number.index })
        where seen.insert(spec.identifier).inserted {
            if let result = JobResult.read(spec.folder) {
                results.append((spec, values(spec), result))
            } else if Files.exists("\(spec.folder.path)/\(JobResult.name)") {
                let path = Paths.shown("\(spec.folder.path)/\(JobResult.name)")
                warn("\(path) is not a JSON object: the task has no result")
            }
        }
    }
}

extension RunReport.TaskValues {
    /// Those that a job's folder has.
    init(recordedIn folder: JobFolder, tags: [(name: String, value: JSON)]) {
        parameters = (try? RecordedTask.read(folder.path))?.flattened ?? []
        self.tags = tags
    }
}
