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
    var line: RepeatedLog.Line {
        // The members of an object, without its braces.
        func members(_ members: [JSON.Member]) -> ArraySlice<UInt8> {
            JSON.object(members).bytes.dropFirst().dropLast()
        }
        let head = members([
            .init("job_id", .string(identifier.hex)), .init("task_id", .string(task)),
            .init("tags", .object(tags.map { .init($0.name, JSON(plain: $0.value)) })),
        ])
        var rest: [JSON.Member] = [.init("depends_on", .array(dependencies.map { .string($0.hex) }))]
        if isHeld { rest.append(.init("held", .bool(true))) }
        if priority != 0 { rest.append(.init("priority", .int(Int64(priority)))) }
        return RepeatedLog.Line(
            head: [UInt8(ascii: "{")] + head + Array(", \"timestamp\": ".utf8),
            time: JSON.float(Timestamp.now.seconds).bytes,
            tail: Array(", ".utf8) + members(rest) + [UInt8(ascii: "}")])
    }
}
