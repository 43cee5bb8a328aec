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

    /// As it is written now. Without building it as JSON: there is one for each job, each time.
    var line: RepeatedLog.Line {
        var head = Array("{\"job_id\": \"".utf8)
        head.reserveCapacity(256)
        head += identifier.hex.utf8
        head += "\", \"task_id\": ".utf8
        JSON.string(task).write(to: &head)
        head += ", \"tags\": {".utf8
        for (place, tag) in tags.enumerated() {
            if place > 0 { head += ", ".utf8 }
            JSON.string(tag.name).write(to: &head)
            head += ": ".utf8
            JSON(plain: tag.value).write(to: &head)
        }
        head += "}, \"timestamp\": ".utf8
        var tail = Array(", \"depends_on\": [".utf8)
        for (place, dependency) in dependencies.enumerated() {
            tail += place > 0 ? ", \"".utf8 : "\"".utf8
            tail += dependency.hex.utf8
            tail.append(UInt8(ascii: "\""))
        }
        tail.append(UInt8(ascii: "]"))
        if isHeld { tail += ", \"held\": true".utf8 }
        if priority != 0 { tail += ", \"priority\": \(priority)".utf8 }
        tail.append(UInt8(ascii: "}"))
        return RepeatedLog.Line(head: head, time: .now, tail: tail)
    }
}
