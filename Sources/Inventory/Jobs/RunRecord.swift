package import Store
import System
package import Text

/// A run of an experiment, as its folder tells.
package struct RunRecord: Sendable {
    package let experiment: String
    package let run: String
    package let path: String
    /// `running`, `done`, `failed`, `interrupted`; `generated` for one that has only written folders;
    /// `unknown` where there is no `status.json` that can be read.
    package let state: String
    /// As ISO 8601 with the zone of this process; without one where an older version has written it, in its
    /// own.
    package let started: String?
    package let ended: String?
    /// Whether it is a run of mode `generate`.
    package let onlyGenerates: Bool
    private let begin: Timestamp?
    /// Who has run it; nil where an older version has not noted it.
    package let user: String?
    package let counts: [(state: String, count: Int64)]
    /// Why it failed, where that is not only for jobs that did.
    package let reason: String?
    /// Of `xpm run`; 130 for a run that was killed.
    package let exitCode: Int32
    /// What people have named it.
    package let tags: [String]
    /// What is wrong with its `status.json`, if something is.
    package let problem: String?
    /// Whether this user may not read it.
    package let isUnreadable: Bool

    /// The runs of an experiment, the oldest first.
    package static func all(of experiment: String, in workspace: Workspace) -> [RunRecord] {
        let folder = workspace.experiment(experiment)
        let names = RunHistory(experiment: experiment, in: workspace).names
        let isHeld = FileLock.isHeld(workspace.lock(ofExperiment: experiment))
        return names.enumerated().map { index, name in
            RunRecord("\(folder)/\(name)", experiment, name, isAlive: isHeld && index == names.count - 1)
        }
    }

    /// The newest run that launched something; where none did, the newest.
    package static func newest(of experiment: String, in workspace: Workspace) -> RunRecord? {
        newest(of: all(of: experiment, in: workspace))
    }

    /// The same of some.
    package static func newest(of runs: [RunRecord]) -> RunRecord? {
        runs.last { !$0.onlyGenerates } ?? runs.last
    }

    private init(_ path: String, _ experiment: String, _ run: String, isAlive: Bool) {
        self.path = path
        self.experiment = experiment
        self.run = run
        tags = RunTags.read(path)
        let file = "\(path)/status.json"
        var json: JSON?
        do throws(SystemError) {
            let bytes = try Files.read(file, limit: 1 << 26)
            json = try? JSON.parse(bytes)
            problem = json == nil ? "\(Paths.shown(file)): it cannot be read: left out" : nil
            isUnreadable = false
        } catch {
            problem = error.isMissing ? nil : error.text
            isUnreadable = error.isDenied
        }
        let told = json?["status"]?.string ?? "unknown"
        onlyGenerates = json?["run_mode"]?.string == RunMode.generate.rawValue
        // A run that was killed could not say so.
        state =
            told == "running" && !isAlive
            ? "interrupted" : told == "done" && onlyGenerates ? "generated" : told
        reason = json?["reason"]?.string
        // Older versions did not note it.
        let guessed: Int32 = told == "done" ? 0 : state == "failed" ? 1 : 130
        exitCode = json?["exit_code"]?.int.flatMap { Int32(exactly: $0) } ?? guessed
        begin = Self.timestamp("started", json)
        user = json?["user"]?.string
        started = Self.time("started", json)
        ended = Self.time("ended", json)
        var counts: [(state: String, count: Int64)] = []
        if case .object(let members)? = json?["counts"] {
            counts = members.compactMap { member in
                member.value.int.map {
                    // Of an older version.
                    (JobRecord.State.formerly(member.name)?.rawValue ?? member.name, $0)
                }
            }
        }
        self.counts = counts
    }

    /// What it was made with: the content of its `environment.json`.
    package var environment: JSON? {
        (try? Files.read("\(path)/environment.json", limit: 1 << 26)).flatMap { try? JSON.parse($0) }
    }

    private static func timestamp(_ name: String, _ json: JSON?) -> Timestamp? {
        json?[name]?.number.flatMap { abs($0) < 1e11 ? Timestamp(microseconds: Int64($0 * 1e6)) : nil }
    }

    private static func time(_ name: String, _ json: JSON?) -> String? {
        timestamp(name, json)?.isoWithZone ?? json?["\(name)_at"]?.string
    }

    /// When it began, in seconds since 1970.
    package var seconds: Double? { begin?.seconds }

    /// How many jobs it planned.
    package var jobCount: Int64 { counts.reduce(0) { $0 + $1.count } }

    /// `20261123_101500  done  2026-11-23 10:15:00 CET  12 done, 1 error`
    package var text: String {
        let time = begin?.shown ?? started.map { $0.prefix(19).replacing("T", with: " ") } ?? "?"
        let jobs = counts.map { "\($0.count) \($0.state)" }.joined(separator: ", ")
        let others = user.flatMap { $0 == Environment.userName ? nil : "of \($0)" }
        let names = tags.map { "#\($0)" }.joined(separator: " ")
        let more = [jobs, reason ?? "", others ?? "", names].filter { !$0.isEmpty }.joined(separator: "; ")
        return "\(run)  \(state)  \(time)  \(more)"
    }

    package var json: JSON {
        [
            "experiment": .string(experiment), "run": .string(run), "state": .string(state),
            "reason": .optional(reason), "exit_code": state == "running" ? .null : .int(Int64(exitCode)),
            "user": .optional(user), "started_at": .optional(started), "ended_at": .optional(ended),
            "path": .string(path), "tags": .array(tags.map(JSON.string)),
            "counts": .object(counts.map { .init($0.state, .int($0.count)) }),
        ]
    }
}
