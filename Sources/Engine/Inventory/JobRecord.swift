/// A job of a workspace, as the logs of its runs and its folder tell.
package struct JobRecord: Sendable {
    package let folder: JobFolder
    /// The key of its type.
    package let task: String
    package let identifier: String
    package var experiment: String?
    package var run: String?
    package var tags: [(name: String, value: JSON)]
    /// When it was submitted last.
    package var submitted: Timestamp?
    package var dependencies: [String]
    package var state: State = .unknown

    package enum State: String, Sendable, CaseIterable {
        case done, error, running
        /// Submitted, and nothing has run.
        case waiting
        case unknown
    }

    /// From the folder's place in the workspace.
    package init(_ workspace: Workspace, task: String, identifier: String) {
        self.task = task
        self.identifier = identifier
        let name = String(task[(task.lastIndex(of: ".").map(task.index(after:)) ?? task.startIndex)...])
        folder = JobFolder(path: "\(workspace.jobs)/\(task)/\(identifier)", name: name)
        tags = []
        dependencies = []
    }

    /// Looks at the folder.
    package mutating func readState() {
        state =
            switch folder.state() {
            case .done: .done
            case .failed: .error
            case .running: .running
            case .new: .waiting
            }
    }

    package var outcome: Outcome? {
        switch state {
        case .done: Outcome.read(folder.done)
        case .error: Outcome.read(folder.failed)
        default: nil
        }
    }

    /// `lr=0.1 seed=1`
    package var tagsText: String {
        tags.map { "\($0.name)=\($0.value.string ?? $0.value.text)" }.joined(separator: " ")
    }

    package var json: JSON {
        .object([
            .init("task", .string(task)), .init("id", .string(identifier)),
            .init("state", .string(state.rawValue)), .init("experiment", .optional(experiment)),
            .init("run", .optional(run)), .init("tags", .object(tags.map { .init($0.name, $0.value) })),
            .init("submitted", .optional(submitted?.iso)), .init("folder", .string(folder.path)),
            .init("depends_on", .array(dependencies.map(JSON.string))),
        ])
    }
}
