/// A job as others name it: its type's key and its identifier.
package struct JobKey: Hashable, Sendable {
    package let taskID: String
    package let identifier: String

    package init(taskID: String, identifier: String) {
        self.taskID = taskID
        self.identifier = identifier
    }
}

extension JobSpec {
    package var key: JobKey { JobKey(taskID: taskID, identifier: identifier.hex) }
}

/// What somebody wants of a job that waits.
package enum JobChange: Sendable, Equatable {
    /// It does not start until it is released.
    case hold
    case release
    /// The greater starts earlier; 0 where nothing is said.
    case priority(Int)
}
