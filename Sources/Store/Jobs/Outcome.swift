package import System
package import Text

/// How an attempt of a job ended: the content of `{name}.done` and `{name}.failed`.
///
/// Version 2: `{"version": 2, "reason": …, "job": …, "code": …, "signal": …, "message": …, "attempt": …,
/// "memory": …, "made": …, "notes": […], "peak_memory": …, "cpu_seconds": …, "started": …, "ended": …, "seconds": …, "host": …, "user": …}`; `job` is the
/// identifier, which version 1 did not have. An empty file, as experimaestro writes for `.done`, is read as an outcome
/// without facts.
package struct Outcome: Sendable, Equatable {
    package enum Reason: String, Sendable {
        case done = "DONE"
        /// The program gave an exit code other than 0, or a signal ended it.
        case failed = "FAILED"
        /// Its time was over.
        case timeout = "TIMEOUT"
        /// The kernel killed it for its memory.
        case memory = "MEMORY"
        /// The program could not be started.
        case launch = "LAUNCH"
        /// It was told to stop.
        case cancelled = "CANCELLED"
        /// Its process vanished without a word.
        case lost = "LOST"
    }

    package var reason: Reason
    package var exitCode: Int32?
    package var signal: Int32?
    /// What more there is to say, for people.
    package var message: String?
    package var started: Timestamp?
    package var ended: Timestamp?
    /// How long it took, in seconds that the machine was awake, by a clock that nobody sets.
    package var seconds: Double?
    /// Which attempt it was, of those that followed each other because of time or memory; the first is 1.
    package var attempt = 1
    /// The memory of the attempt in bytes, where its requirement says some.
    package var memory: Int64?
    /// What its reader should know besides, for people.
    package var notes: [String] = []
    /// What its program has used; nil where nobody has seen it.
    package var usage: Usage?

    /// What a program has used, with those that it has waited for.
    package struct Usage: Sendable, Equatable {
        /// Bytes of the largest of its processes; at least what its runner had when it began.
        package var peakMemory: Int64
        /// Seconds of processors.
        package var cpu: Double

        package init(peakMemory: Int64, cpu: Double) {
            self.peakMemory = peakMemory
            self.cpu = cpu
        }
    }
    /// Of a job that was done again for what it had made: when it was done first.
    package var made: Timestamp?

    package init(
        _ reason: Reason, exitCode: Int32? = nil, signal: Int32? = nil, message: String? = nil,
        started: Timestamp? = nil, ended: Timestamp? = nil
    ) {
        self.reason = reason
        self.exitCode = exitCode
        self.signal = signal
        self.message = message
        self.started = started
        self.ended = ended
    }

    package static let version: Int64 = 2

    package var isDone: Bool { reason == .done }

    /// Seconds from start to end, where that is known; of an outcome of an older version by the time of day.
    package var duration: Double? {
        if let seconds { return seconds }
        guard let started, let ended else { return nil }
        return ended.seconds - started.seconds
    }

    /// For people: `exit code 3`, `killed by signal 9 (SIGKILL)`.
    package var text: String {
        if let message { return message }
        if reason == .memory {
            return "killed for its memory\(memory.map { " (\(NumberText.bytes($0)))" } ?? "")"
        }
        if let signal, signal > 0, reason != .timeout {
            return "killed by signal \(signal)\(Self.name(signal).map { " (\($0))" } ?? "")"
        }
        if let exitCode, reason != .timeout { return "exit code \(exitCode)" }
        return switch reason {
        case .done: "done"
        case .failed: "failed"
        case .timeout: "its time was over"
        case .memory: "killed for its memory"
        case .launch: "could not be started"
        case .cancelled: "stopped"
        case .lost: "its process vanished without an outcome"
        }
    }

    private static func name(_ signal: Int32) -> String? {
        [
            1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
            9: "SIGKILL",
            11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
        ][signal]
    }

    package var json: JSON { json(of: nil) }

    /// - Parameter job: the identifier of the job.
    package func json(of job: String?) -> JSON {
        let more = attempt > 1 ? [JSON.Member("attempt", .int(Int64(attempt)))] : []
        return .object(
            [
                .init("version", .int(Self.version)),
                .init("reason", .string(reason.rawValue)), .init("job", .optional(job)),
                .init("code", exitCode.map { .int(Int64($0)) } ?? .null),
                .init("signal", signal.map { .int(Int64($0)) } ?? .null),
                .init("message", .optional(message)),
                .init("started", started.map { .float($0.seconds) } ?? .null),
                .init("ended", ended.map { .float($0.seconds) } ?? .null),
                .init("seconds", seconds.map(JSON.float) ?? .null),
                .init("host", .string(Environment.hostName)), .init("user", .string(Environment.userName)),
            ] + more + (memory.map { [JSON.Member("memory", .int($0))] } ?? [])
                + (made.map { [JSON.Member("made", .float($0.seconds))] } ?? [])
                + (notes.isEmpty ? [] : [JSON.Member("notes", .array(notes.map(JSON.string)))])
                + (usage.map {
                    [
                        JSON.Member("peak_memory", .int($0.peakMemory)),
                        JSON.Member("cpu_seconds", .float($0.cpu)),
                    ]
                } ?? []))
    }

    /// Whether bytes are what xpm wrote when a job was done.
    ///
    /// A program may have a file of that name itself, or may have copied that of another job.
    static func isOfDone(_ bytes: [UInt8], job: () -> [String]) -> Bool {
        guard bytes.last == UInt8(ascii: "}") || bytes.last == UInt8(ascii: "\n"),
            bytes.first == UInt8(ascii: "{")
        else { return false }
        // As all of them begin: nothing has to be parsed.
        if bytes.starts(with: doneStart) {
            let rest = bytes.dropFirst(doneStart.count)
            if job().contains(where: {
                rest.starts(with: $0.utf8) && rest.dropFirst($0.utf8.count).first == 0x22
            }) {
                return true
            }
        }
        guard let json = try? JSON.parse(bytes), let version = json["version"]?.int, version >= 1,
            json["reason"]?.string == Reason.done.rawValue
        else { return false }
        guard let owner = json["job"]?.string else { return true }
        return job().contains(owner)
    }

    private static let doneStart = Array(#"{"version": 2, "reason": "DONE", "job": ""#.utf8)

    /// Reads an outcome file. One that cannot be understood is still an outcome: the file's name says which.
    package static func read(_ path: String) -> Outcome {
        let named: Reason = Paths.hasExtension(path, "done") ? .done : .failed
        let bytes = (try? Files.read(path, limit: 1 << 20)) ?? []
        if bytes.isEmpty { return Outcome(named) }
        guard let json = try? JSON.parse(bytes) else {
            return Outcome(named, message: "\(Paths.name(path)) cannot be read: what it says is left out")
        }
        var outcome = read(json, named: named)
        if named == .done { outcome.reason = .done }
        return outcome
    }

    /// - Parameter named: the reason where the JSON tells none that is known.
    package static func read(_ json: JSON, named: Reason) -> Outcome {
        func time(_ key: String) -> Timestamp? {
            guard let seconds = json[key]?.number, abs(seconds) < 1e11 else { return nil }
            return Timestamp(microseconds: Int64((seconds * 1e6).rounded()))
        }
        var outcome = Outcome(
            json["reason"]?.string.flatMap(Reason.init(rawValue:)) ?? named,
            exitCode: json["code"]?.int.flatMap { Int32(exactly: $0) },
            signal: json["signal"]?.int.flatMap { Int32(exactly: $0) }, message: json["message"]?.string,
            started: time("started"), ended: time("ended"))
        outcome.attempt = json["attempt"]?.int.map { Int(min(max(1, $0), 1 << 30)) } ?? 1
        outcome.memory = json["memory"]?.int
        outcome.made = time("made")
        outcome.notes = json["notes"]?.array?.compactMap(\.string) ?? []
        if let memory = json["peak_memory"]?.int, let cpu = json["cpu_seconds"]?.number {
            outcome.usage = Usage(peakMemory: memory, cpu: cpu)
        }
        outcome.seconds = json["seconds"]?.number.flatMap { $0 >= 0 && $0.isFinite ? $0 : nil }
        return outcome
    }
}
