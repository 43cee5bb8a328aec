import Glibc
package import Model
package import System
import Text

/// The folder of one job, and the name of everything in it.
///
///     params.json              the parameters (`ParameterFile`)
///     {name}.sh or .lua        the generated script (`JobScript`): the last file written when the folder is made
///     {name}.env               the values of its variables, for its owner only
///     {name}.out .err          output; empty ones go when the job is done
///     {name}.lock              held by the job's process while it lives; goes when it is done
///     {name}.pid               how to find that process (`ProcessRecord`)
///     {name}.done .failed      the outcome (`Outcome`)
///     {name}.collected         says that temporary outputs were removed (`TemporaryOutputs`)
///     {name}.former            the outcome that it had, of a job that is done again for what it had made
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

    /// The job whose outcome is, or would be, a file `…/{name}.done`.
    package init(outcome path: String) {
        self.init(path: Paths.parent(path), name: Paths.stem(path))
    }

    /// Whether xpm itself writes a file of that name in the folder, or keeps it: programs must not.
    package func isOwn(_ entry: String) -> Bool { Self.isOwn(entry, name: name) }

    /// - Parameter name: of the job.
    package static func isOwn(_ entry: String, name: String) -> Bool {
        if ["params.json", ".experimaestro"].contains(entry) { return true }
        guard let rest = entry.after("\(name).") else { return false }
        if ownSuffixes.contains(rest) { return true }
        // Logs of earlier attempts: `train.20261123192722.1.out`.
        let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count >= 2 && ["out", "err"].contains(parts.last ?? "")
            && parts.dropLast().allSatisfy { $0.utf8.allSatisfy(\.isDigit) && !$0.isEmpty }
    }

    private static let ownSuffixes = [
        "sh", "lua", "py", "env", "command", "out", "err", "lock", "lock.claim", "pid", "done", "failed",
        "collected", "former", "stop",
    ]

    package var parameters: String { "\(path)/params.json" }
    package var output: String { "\(path)/\(name).out" }
    package var error: String { "\(path)/\(name).err" }
    package var lock: String { "\(path)/\(name).lock" }
    package var process: String { "\(path)/\(name).pid" }
    package var done: String { "\(path)/\(name).done" }
    package var failed: String { "\(path)/\(name).failed" }
    package var variables: String { "\(path)/\(name).env" }
    package var collected: String { "\(path)/\(name).collected" }
    package var former: String { "\(path)/\(name).former" }
    /// Written before a job is stopped from outside: its end is no failure then.
    package var stopMark: String { "\(path)/\(name).stop" }
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
        /// Nobody can say: this user may not look.
        case unreadable(SystemError)
    }

    /// The workspace that it is in.
    package var workspace: String { Paths.parent(Paths.parent(Paths.parent(path))) }

    /// Removes the folder. Its parameters go last: what is left of it where that fails is still known for a
    /// job's.
    package func remove(below root: String) throws(SystemError) {
        for name in try Files.list(path) where name != "params.json" {
            try Files.removeTree("\(path)/\(name)", below: root)
        }
        try Files.removeTree(path, below: root)
    }

    /// Checks that the folder is there by itself, or as a link of `DeprecatedJobs`: nothing is written behind
    /// another one.
    package func checkPlace() throws(SystemError) {
        guard Files.kind(Paths.parent(path), followingLinks: false) != .link,
            Files.kind(path, followingLinks: false) != .link || DeprecatedJobs.isLink(path)
        else { throw SystemError("run a job in", path, code: ELOOP) }
    }

    /// The job's identifier: the folder's name.
    package var identifier: String { Paths.name(path) }

    /// Whether xpm, or experimaestro, has made the folder: its name is an identifier, it has the job's
    /// parameters or nothing yet, and no link is on the way to it. Only such folders are removed.
    package func isMade(in workspace: Workspace) -> Bool {
        Identifier(hex: identifier) != nil && Files.isFolder(path, below: workspace.path)
            && (Files.kind(parameters, followingLinks: false) == .file
                || (try? Files.entries(path)).map(isMade(with:)) ?? false)
    }

    /// The same of a folder that no link leads to.
    ///
    /// - Parameter entries: what is in it.
    package func isMade(with entries: [Files.Entry]) -> Bool {
        Identifier(hex: identifier) != nil
            && (entries.contains { $0.name == "params.json" && $0.kind == .file }
                || entries.allSatisfy { isOwn($0.name) || Files.isTemporary($0.name) })
    }

    /// Whether the job has finished well. A file of that name counts only where xpm wrote it, for this job;
    /// an empty one where experimaestro ran the job, which keeps its script `{name}.py` there.
    package var isDone: Bool { (try? lookWhetherDone()) ?? false }

    /// The same.
    ///
    /// - Throws: where this user may not look.
    private func lookWhetherDone() throws(SystemError) -> Bool {
        switch try doneMark() {
        case .none: false
        case .foreign: true
        case .own: try hasParameters()
        }
    }

    /// Who says that the job has finished well.
    package enum DoneMark: Sendable {
        case none
        /// xpm does: where its parameters are there too, it counts.
        case own
        /// experimaestro does.
        case foreign
    }

    /// - Throws: where this user may not look.
    package func doneMark() throws(SystemError) -> DoneMark {
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try Files.readSmall(done, limit: 1 << 16) } catch {
            if error.isDenied { throw error }
            return .none
        }
        if bytes.isEmpty { return Files.kind("\(path)/\(name).py") == .file ? .foreign : .none }
        // A job under a former definition is a link to the folder of the old one.
        let isDone =
            Outcome.isOfDone(bytes) { [identifier] }
            || Outcome.isOfDone(bytes) { [Paths.name(Paths.real(path))] }
        return isDone ? .own : .none
    }

    /// Whether there is something like a `params.json`: after a power cut it may be empty, or full of zeros.
    /// Without it nobody knows what was done.
    private func hasParameters() throws(SystemError) -> Bool {
        do throws(SystemError) {
            let (first, last) = try Files.ends(of: parameters)
            return first == UInt8(ascii: "{") && last == UInt8(ascii: "}")
        } catch {
            // A secret in them is for their owner; that they are there can be seen.
            return error.isDenied && Files.size(of: parameters) > 0
        }
    }

    /// Writes the outcome into the process record and gives that its final name: one rename makes it known.
    /// For who holds the lock.
    ///
    /// - Parameter isDurable: whether it is on the disk when this returns.
    package func record(_ outcome: Outcome, isDurable: Bool = true) throws(SystemError) {
        let target = outcome.isDone ? done : failed
        let log = try Descriptor(writing: process, O_TRUNC)
        try log.write(outcome.json(of: identifier).bytes, path: process)
        // One sync for content and name: what was settled before is there too.
        do throws(SystemError) { try Files.rename(process, to: target) } catch {
            guard error.code == EISDIR else { throw error }
            try Files.removeTree(target, below: path)
            try Files.rename(process, to: target)
        }
        if isDurable { try log.sync(path: target) }
        // A program of the job may have made one: it is none.
        if !outcome.isDone { try Files.removeTree(done, below: path) }
    }

    /// The same for who does not hold the lock: nothing is written where somebody does, or where it is done.
    package func recordUnlessRun(_ outcome: Outcome, isDurable: Bool = true) throws(SystemError) {
        var outcome = outcome
        outcome.ended = .now
        _ = try FileLock.holding(lock) { () throws(SystemError) in
            if !isDone { try record(outcome, isDurable: isDurable) }
        }
    }

    /// Those of some outputs, relative to the folder, that are not there, but for temporary ones that were
    /// removed.
    package func missing(of outputs: [String]) -> [String] {
        let missing = outputs.filter {
            Files.kind(Paths.absolute($0, from: path), followingLinks: false) == nil
        }
        guard !missing.isEmpty, let bytes = try? Files.read(collected, limit: 1 << 20),
            let removed = (try? JSON.parse(bytes))?["removed"]?.array?.compactMap(\.string)
        else { return missing }
        return missing.filter { !removed.contains($0) }
    }

    /// Removes the logs of a job that has printed nothing. For who holds the lock, after the outcome.
    package func removeEmptyLogs() {
        for log in [output, error] where Files.isEmpty(log) { try? Files.remove(log) }
    }

    /// Puts an empty log where a job that is done has none, for who is to read it.
    package func restoreLogs() {
        guard isDone else { return }
        for log in [output, error] { _ = try? Files.create(log, with: []) }
    }

    /// Makes a job that is done one that is to run again. For who holds the lock.
    ///
    /// - Parameter asBefore: whether it runs for what it had made already: what was made from that does not
    ///   become older than it.
    package func reopen(asBefore: Bool) throws(SystemError) {
        guard asBefore, Files.exists(done) else { return try Files.remove(done) }
        try Files.rename(done, to: former)
    }

    /// Whether what the job has made is older than what it needs has made: that was made again since.
    ///
    /// Times of change of the outcomes tell mostly; where these do not, the times in them.
    package func isOlder(than need: JobFolder) -> Bool {
        guard let own = Files.stamp(done), let other = Files.stamp(need.done), own.modified < other.modified,
            let ended = Outcome.read(done).ended
        else { return false }
        let outcome = Outcome.read(need.done)
        return (outcome.made ?? outcome.started).map { ended.seconds < $0.seconds } ?? false
    }

    /// The state on disk. Whoever holds the lock is asked only if there is no outcome, or the record of a
    /// process.
    package func state() -> State {
        do throws(SystemError) {
            // Most jobs of an old plan. A program that is still running may have written such a file itself.
            if try lookWhetherDone() {
                guard Files.exists(process) else { return .done }
                return try FileLock.look(lock) ? .running : .done
            }
            // Most jobs of a new one.
            guard Files.exists(path) else { return .new }
            if try FileLock.look(lock) { return .running }
            // The job may have ended between the two looks.
            if try lookWhetherDone() { return .done }
            return Files.exists(failed) ? .failed(Outcome.read(failed)) : .new
        } catch { return .unreadable(error) }
    }
}

extension Workspace {
    /// The folder of a task; of a deprecated one that of what took its place.
    package func job(of task: ConfigObject) -> JobFolder {
        let type = task.represented.type
        return JobFolder(path: "\(jobs)/\(type.key)/\(task.identifier.hex)", name: type.shortName)
    }
}
