package import Model
import System
import Text

/// A line of a run's `jobs.jsonl`: a job that was submitted.
package struct JobLine {
    /// The key of its type.
    package var task: String
    package var identifier: Identifier
    package var tags: [ConfigObject.Tag]
    package var dependencies: [Identifier]
    package var isHeld = false
    /// The greater starts earlier.
    package var priority = 0

    package init(
        task: String, identifier: Identifier, tags: [ConfigObject.Tag], dependencies: [Identifier]
    ) {
        self.task = task
        self.identifier = identifier
        self.tags = tags
        self.dependencies = dependencies
    }

    /// As it is written now.
    var json: JSON {
        var line: [JSON.Member] = [
            .init("job_id", .string(identifier.hex)), .init("task_id", .string(task)),
            .init("tags", .object(tags.map { .init($0.name, JSON(plain: $0.value)) })),
            .init("timestamp", .float(Timestamp.now.seconds)),
            .init("depends_on", .array(dependencies.map { .string($0.hex) })),
        ]
        if isHeld { line.append(.init("held", .bool(true))) }
        if priority != 0 { line.append(.init("priority", .int(Int64(priority)))) }
        return .object(line)
    }
}
