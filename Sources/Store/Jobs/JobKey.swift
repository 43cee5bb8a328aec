import Text

/// A job as others name it: its type's key and its identifier.
package struct JobKey: Hashable, Sendable {
    package let taskID: String
    package let identifier: String

    package static func == (left: JobKey, right: JobKey) -> Bool {
        left.identifier == right.identifier && left.taskID == right.taskID
    }

    /// Of two types one identifier has the same hash; that is rare.
    package func hash(into hasher: inout Hasher) { TextKey(identifier).hash(into: &hasher) }

    package init(taskID: String, identifier: String) {
        self.taskID = taskID
        self.identifier = identifier
    }
}
