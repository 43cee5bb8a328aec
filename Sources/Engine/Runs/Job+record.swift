package import Inventory
import Model
import Text

extension Job {
    /// As an inventory has it: a job of a run that goes on, and where its folder says that it stands.
    package var record: JobRecord {
        var record = JobRecord(
            live: spec.folder, task: spec.taskID, identifier: spec.identifier.hex,
            tags: tags.map { ($0.name, JSON(plain: $0.value)) })
        record.readState()
        return record
    }
}
