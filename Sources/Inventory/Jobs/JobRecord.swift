import Model
package import Store
package import System
package import Text

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
    package var state: State = .notRun
    /// Whether it was launched, and waits for what others hold.
    private(set) var waitsForOthers = false
    /// For what, in the words of its run; nil where that does not say.
    package var reason: String?
    /// Why nobody can say in which state it is.
    package private(set) var problem: SystemError?
    /// Whether its run goes on.
    package var isOfLiveRun = false
    /// Whether its run keeps it from starting.
    package var isHeld = false
    /// The greater starts earlier.
    package var priority = 0

    package enum State: String, Sendable, CaseIterable {
        case done, failed
        /// Somebody has stopped it.
        case cancelled
        case running
        /// Of a run that goes on; something that it needs is not done, or others have what it needs.
        case waiting
        /// Of a run that goes on; nothing but a free slot is missing.
        case ready
        /// It waits, and would after all that it needs is done.
        case held
        /// No run goes on that has submitted it, and something that it needs has failed.
        case blocked
        /// No run goes on that has submitted it, and nothing has run.
        case notRun = "not run"
        /// Nobody can say: this user may not look.
        case unreadable

        /// Whether it has neither begun nor ended.
        package var isOpen: Bool { [.waiting, .ready, .held, .blocked, .notRun].contains(self) }

        /// Whether it has ended, and not well.
        package var isFailure: Bool { [.failed, .cancelled].contains(self) }

        /// What versions before this one called it, by the words of that time.
        package static func formerly(_ word: String) -> State? { word == "error" ? .failed : nil }
    }

    /// From the folder's place in the workspace.
    package init(_ workspace: Workspace, task: String, identifier: String) {
        self.task = task
        self.identifier = identifier
        folder = JobFolder(
            path: "\(workspace.jobs)/\(task)/\(identifier)", name: ConfigType.shortName(ofKey: task))
        tags = []
        dependencies = []
    }

    /// A job of a run that goes on.
    package init(
        live folder: JobFolder, task: String, identifier: String, tags: [(name: String, value: JSON)]
    ) {
        self.task = task
        self.identifier = identifier
        self.folder = folder
        self.tags = tags
        dependencies = []
        isOfLiveRun = true
    }

    fileprivate init(folder: JobFolder, task: String, identifier: String) {
        (self.folder, self.task, self.identifier) = (folder, task, identifier)
        tags = []
        dependencies = []
    }

    /// A name from a file becomes part of a path.
    package static func isSafe(_ name: String) -> Bool {
        !name.isEmpty && !name.contains("/") && !name.hasPrefix(".")
    }

    package var key: JobKey { JobKey(taskID: task, identifier: identifier) }

    mutating func apply(_ change: JobChange) {
        switch change {
        case .hold: isHeld = true
        case .release: isHeld = false
        case .priority(let value): priority = value
        }
    }

    /// What a look at the folder has told.
    struct Look: Sendable {
        let state: State
        var waitsForOthers = false
        var problem: SystemError?
    }

    /// Looks at the folder.
    package mutating func readState() { take(look()) }

    mutating func take(_ look: Look) {
        (state, waitsForOthers, problem) = (look.state, look.waitsForOthers, look.problem)
    }

    func look() -> Look {
        switch folder.state() {
        case .done: Look(state: .done)
        // A failure of an earlier run: in this one it has not begun.
        case .failed: Look(state: isOfLiveRun && isHeld ? .held : failure)
        // One that waits for what others hold has no process yet.
        case .running:
            Files.exists(folder.process)
                ? Look(state: .running) : Look(state: .waiting, waitsForOthers: true)
        case .new: Look(state: isOfLiveRun ? isHeld ? .held : .waiting : .notRun)
        case .unreadable(let error): Look(state: .unreadable, problem: error)
        }
    }

    /// One that a run which goes on has submitted since then is to run again.
    private var failure: State {
        let outcome = Outcome.read(folder.failed)
        if isOfLiveRun, let ended = outcome.ended, let submitted, ended.seconds < submitted.seconds {
            return .waiting
        }
        return outcome.reason == .cancelled ? .cancelled : .failed
    }

    package var outcome: Outcome? {
        switch state {
        case .done: Outcome.read(folder.done)
        case .failed, .cancelled: Outcome.read(folder.failed)
        default: nil
        }
    }

    /// `lr=0.1 seed=1`
    package var tagsText: String { Self.text(ofTags: tags) }

    package static func text(ofTags tags: [(name: String, value: JSON)]) -> String {
        tags.map { "\($0.name)=\($0.value.string ?? $0.value.text)" }.joined(separator: " ")
    }

    package var json: JSON {
        .object([
            .init("task", .string(task)), .init("id", .string(identifier)),
            .init("state", .string(state.rawValue)), .init("experiment", .optional(experiment)),
            .init("run", .optional(run)), .init("tags", .object(tags.map { .init($0.name, $0.value) })),
            .init("submitted", .optional(submitted?.isoWithZone)), .init("folder", .string(folder.path)),
            .init("depends_on", .array(dependencies.map(JSON.string))),
            .init("held", .bool(state == .held)), .init("priority", .int(Int64(priority))),
            .init("reason", .optional(reason)),
        ])
    }
}

/// Reads lines of `jobs.jsonl`. What those of one type have in common is made once.
package struct JobLineReader {
    private let workspace: Workspace
    private var type: (bytes: ArraySlice<UInt8>, key: String, folder: String, name: String)?

    package init(_ workspace: Workspace) { self.workspace = workspace }

    /// The job of a line; nil where it is none.
    package mutating func record(_ line: ArraySlice<UInt8>) -> JobRecord? {
        var fields = JSONFields(line)
        var identifier: String?
        var isTyped = false
        var (tags, needs): (ArraySlice<UInt8>, ArraySlice<UInt8>) = ([], [])
        var time: Double?
        var (isHeld, priority) = (false, 0)
        while let (name, value) = fields.next() {
            if JSONFields.isName(name, "task_id") {
                isTyped = read(type: value)
            } else if JSONFields.isName(name, "job_id") {
                identifier = JSONFields.text(value)
            } else if JSONFields.isName(name, "tags") {
                tags = value
            } else if JSONFields.isName(name, "timestamp") {
                guard let number = JSONFields.number(value) else { return nil }
                time = number
            } else if JSONFields.isName(name, "depends_on") {
                needs = value
            } else if JSONFields.isName(name, "held") {
                isHeld = value.elementsEqual("true".utf8)
            } else if JSONFields.isName(name, "priority") {
                priority = Int(String(decoding: value, as: UTF8.self)) ?? 0
            }
        }
        guard fields.isWhole, isTyped, let type, let identifier, JobRecord.isSafe(identifier) else {
            return nil
        }
        let folder = JobFolder(path: "\(type.folder)\(identifier)", name: type.name)
        var record = JobRecord(folder: folder, task: type.key, identifier: identifier)
        guard tags.count > 2 || tags.isEmpty || tags.elementsEqual("{}".utf8),
            needs.count > 2 || needs.isEmpty || needs.elementsEqual("[]".utf8)
        else { return nil }
        if tags.count > 2 {
            guard case .object(let members)? = try? JSON.parse(Array(tags)) else { return nil }
            record.tags = members.map { ($0.name, $0.value) }
        }
        if needs.count > 2 {
            guard let array = (try? JSON.parse(Array(needs)))?.array else { return nil }
            record.dependencies = array.compactMap(\.string)
        }
        if let time, abs(time) < 1e11 { record.submitted = Timestamp(microseconds: Int64(time * 1e6)) }
        (record.isHeld, record.priority) = (isHeld, priority)
        return record
    }

    private mutating func read(type value: ArraySlice<UInt8>) -> Bool {
        if let type, type.bytes.elementsEqual(value) { return true }
        guard let key = JSONFields.text(value), JobRecord.isSafe(key) else { return false }
        type = (value, key, "\(workspace.jobs)/\(key)/", ConfigType.shortName(ofKey: key))
        return true
    }
}
