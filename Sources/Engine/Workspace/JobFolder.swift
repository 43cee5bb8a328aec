import Text

/// The folder of one job, and the name of everything in it.
///
///     params.json              the parameters (`ParameterFile`)
///     {name}.sh or .lua        the generated script (`JobScript`): the last file written when the folder is made
///     {name}.out .err          output
///     {name}.lock              held by the job's process while it lives
///     {name}.pid               how to find that process (`ProcessRecord`)
///     {name}.done .failed      the outcome (`Outcome`)
///     {name}.collected         says that temporary outputs were removed (`TemporaryOutputs`)
///     events.jsonl             progress, one JSON object a line, as a program tells it
///     .experimaestro/events/   progress, as Lua and Python tasks tell it
///     .experimaestro/task-outputs.jsonl   what a resumable task made while it ran
package struct JobFolder: Sendable, Hashable {
    package let path: String
    /// The last part of the task's id.
    package let name: String

    package init(path: String, name: String) {
        self.path = path
        self.name = name
    }

    package static func == (left: JobFolder, right: JobFolder) -> Bool {
        left.path == right.path && left.name == right.name
    }

    package func hash(into hasher: inout Hasher) { TextKey(path).hash(into: &hasher) }

    package var parameters: String { "\(path)/params.json" }
    package var output: String { "\(path)/\(name).out" }
    package var error: String { "\(path)/\(name).err" }
    package var lock: String { "\(path)/\(name).lock" }
    package var process: String { "\(path)/\(name).pid" }
    package var done: String { "\(path)/\(name).done" }
    package var failed: String { "\(path)/\(name).failed" }
    package var collected: String { "\(path)/\(name).collected" }
    package var events: String { "\(path)/\(Self.eventsName)" }
    /// What a program writes: `$XPM_EVENTS`. In the folder itself, so that nothing has to be made for it.
    package var programEvents: String { "\(path)/events.jsonl" }

    /// What a resumable task makes while it runs, a JSON object a line (`TaskOutput`).
    package var outputs: String { "\(path)/.experimaestro/task-outputs.jsonl" }

    package static let eventsName = ".experimaestro/events/event-0.jsonl"

    package func script(_ language: JobScript.Language) -> String { "\(path)/\(name).\(language.rawValue)" }

    /// What is known of the job from its files.
    package enum State: Equatable, Sendable {
        /// No folder, or nothing has run in it.
        case new
        case done
        case failed(Outcome)
        /// A process holds its lock.
        case running
    }

    /// Whether the job has finished well: one look-up.
    package var isDone: Bool { Files.exists(done) }

    /// Writes the outcome into the process record and gives that its final name: one rename makes it known. For who holds the lock.
    func record(_ outcome: Outcome) throws(SystemError) {
        try Files.write(outcome.json.bytes, to: process)
        try Files.rename(process, to: outcome.isDone ? done : failed)
    }

    /// The state on disk. Whoever holds the lock is asked only if there is no outcome.
    package func state() -> State {
        if isDone { return .done }
        guard Files.exists(path) else { return .new }
        if FileLock.isHeld(lock) { return .running }
        // The job may have ended between the two looks.
        if isDone { return .done }
        return Files.exists(failed) ? .failed(Outcome.read(failed)) : .new
    }
}
