import CSystemShim
import Glibc
import Model
package import System
package import Text

/// How to find the process of a job: the content of `{name}.pid`.
///
/// A pid alone may be given to another process later; with its start time, the boot and the PID namespace it
/// cannot be mistaken. Who can write the file can write anything: before such a process gets a signal it is
/// asked for a proof (`ProcessProof`).
package struct ProcessRecord: Sendable, Equatable {
    /// The leader of the job's session.
    package var pid: Int32
    /// In clock ticks since the boot.
    package var startTime: Int64
    package var boot: String
    package var host: String
    /// The PID namespace, pid_namespaces(7), as `/proc/self/ns/pid` names it; empty where that is not known.
    package var space: String
    /// The name of the user; empty in records of older versions.
    package var user: String
    /// Of the program of a job: the xpm whose run started it, in the same PID namespace.
    package var starter: Starter?
    /// Of the program of a job: the job of a batch system that it is in.
    package var batch: BatchName?

    /// A job of a batch system by its names.
    package struct BatchName: Sendable, Equatable {
        /// `slurm`.
        package var system: String
        /// `12_3`.
        package var job: String

        package init(system: String, job: String) {
            self.system = system
            self.job = job
        }

        package static func == (left: BatchName, right: BatchName) -> Bool {
            left.system == right.system && left.job == right.job
        }
    }

    /// A process by its pid and start time.
    package struct Starter: Sendable, Equatable {
        package var pid: Int32
        package var startTime: Int64

        package init(pid: Int32) {
            self.pid = pid
            startTime = ProcessRecord.stat(of: pid)?.startTime ?? 0
        }

        /// - Returns: nil for what is none.
        package init?(_ json: JSON?) {
            guard let pid = json?["pid"]?.int.flatMap({ Int32(exactly: $0) }), pid > 0,
                let startTime = json?["start_time"]?.int
            else { return nil }
            (self.pid, self.startTime) = (pid, startTime)
        }

        package var json: JSON { ["pid": .int(Int64(pid)), "start_time": .int(startTime)] }

        fileprivate var isAlive: Bool {
            ProcessRecord.stat(of: pid).map { $0.startTime == startTime && !"ZX".contains($0.state) } ?? false
        }
    }

    /// The record of a process of this machine and of this user.
    package init(pid: Int32) {
        self.pid = pid
        startTime = Self.stat(of: pid)?.startTime ?? 0
        boot = Self.currentBoot
        host = Environment.hostName
        space = Self.currentSpace
        user = Environment.userName
    }

    /// - Parameter started: when the job's attempt began.
    package func json(started: Timestamp = .now) -> JSON {
        var members: [JSON.Member] = [
            .init("version", 1), .init("type", "local"), .init("pid", .int(Int64(pid))),
            .init("start_time", .int(startTime)), .init("boot_id", .string(boot)),
            .init("host", .string(host)), .init("pid_namespace", .string(space)),
            .init("user", .string(user)), .init("started", .float(started.seconds)),
        ]
        if let starter { members.append(.init("starter", starter.json)) }
        guard let batch else { return .object(members) }
        // As experimaestro finds the job (its `fromspec`), and beside it the process.
        return [
            "version": 1, "type": .string(batch.system), "pid": .string(batch.job), "options": .object([]),
            "process": .object(members), "started": .float(started.seconds),
        ]
    }

    /// What a process writes of itself, as `json` does.
    package static func note(
        at path: String, started: Timestamp, starter: Starter?, batch: BatchName? = nil
    ) -> NewProcess.Record {
        // Numbers that no text contains stand for those that only the process knows.
        var record = ProcessRecord(pid: 1)
        (record.pid, record.startTime) = (Int32.max, Int64.max)
        record.starter = starter
        record.batch = batch
        let text = record.json(started: started).text
        let (head, rest) = text.cut(at: String(Int32.max)) ?? (text[...], "")
        let (middle, tail) = rest.cut(at: String(Int64.max)) ?? (rest, "")
        return NewProcess.Record(path: path, head: String(head), middle: String(middle), tail: String(tail))
    }

    /// When the attempt began whose process a file tells of, in seconds since 1970.
    package static func began(_ path: String) -> Double? {
        (try? Files.read(path, limit: 1 << 16)).flatMap { try? JSON.parse($0) }?["started"]?.number
    }

    /// Reads a record; nil if there is none or it is torn.
    package static func read(_ path: String) -> ProcessRecord? {
        guard let bytes = try? Files.read(path, limit: 1 << 16), let json = try? JSON.parse(bytes) else {
            return nil
        }
        return ProcessRecord(json)
    }

    /// - Returns: nil for what is no record.
    init?(_ json: JSON) {
        let (outer, json) = (json, json["process"] ?? json)
        guard let pid = json["pid"]?.int.flatMap({ Int32(exactly: $0) }), pid > 0 else { return nil }
        self.pid = pid
        startTime = json["start_time"]?.int ?? 0
        boot = json["boot_id"]?.string ?? ""
        host = json["host"]?.string ?? ""
        space = json["pid_namespace"]?.string ?? ""
        user = json["user"]?.string ?? ""
        starter = Starter(json["starter"])
        if let system = outer["type"]?.string, let job = outer["pid"]?.string {
            batch = BatchName(system: system, job: job)
        }
    }

    /// For people: `process 12 of ana on gpu1`.
    package var text: String {
        let owner = user.isEmpty ? "" : " of \(user)"
        let container = host == Environment.hostName && isElsewhere ? ", in another container" : ""
        let job = batch.map { ", job \($0.job) of \($0.system)" } ?? ""
        return "process \(pid)\(owner) on \(host)\(container)\(job)"
    }

    /// Whether it is of another machine or of another container, so that nobody here can say whether it
    /// lives.
    package var isElsewhere: Bool {
        if host != Environment.hostName { return true }
        return boot == Self.currentBoot && !space.isEmpty && !Self.currentSpace.isEmpty
            && space != Self.currentSpace
    }

    /// Whether the run that started it is gone: whoever watches it now has taken it over. A job that was
    /// started by its script alone has no run.
    package var isOrphan: Bool {
        !isElsewhere && boot == Self.currentBoot && starter.map { !$0.isAlive } ?? false
    }

    /// Whether that very process lives on this machine. One that has ended, and that its parent has not
    /// waited for, does not.
    package var isAlive: Bool { found.map { !"ZX".contains($0) } ?? false }

    /// The state of that very process, see proc(5); nil where its number is nobody's, or another's.
    private var found: Character? {
        guard !isElsewhere, boot == Self.currentBoot else { return nil }
        guard let stat = Self.stat(of: pid) else {
            // Another user's, which /proc may hide (proc(5), hidepid).
            return isHidden ? "S" : nil
        }
        return stat.startTime == startTime ? stat.state : nil
    }

    /// Whether no other process has got its number.
    var isLastOfItsNumber: Bool {
        boot == Self.currentBoot
            && (Self.stat(of: pid).map { $0.startTime == startTime } ?? !Self.exists(pid))
    }

    /// Whether a process has that number which this user may neither look at nor signal.
    var isHidden: Bool { Self.stat(of: pid) == nil && kill(pid, 0) != 0 && errno == EPERM }

    /// Whether any process of this machine has that number.
    static func exists(_ pid: Int32) -> Bool { kill(pid, 0) == 0 || errno != ESRCH }

    /// The process group that a process leads. It keeps its number, which nobody else gets, as long as one of
    /// it is left.
    package struct Group {
        let number: Int32

        /// Whether one of it is left.
        package var isThere: Bool { kill(-number, 0) == 0 || errno == EPERM }

        package func signal(_ signal: Int32) { kill(-number, signal) }
    }

    /// The group that it leads; nil where it is gone, or lives elsewhere.
    package var group: Group? { found != nil && getpgid(pid) == pid ? Group(number: pid) : nil }

    /// Sends a signal to that one process, if it lives.
    package func signalProcess(_ number: Int32) { if isAlive { kill(pid, number) } }

    /// A descriptor that becomes readable when the process ends; nil if it has ended or lives elsewhere.
    package func watch() -> Descriptor? {
        let number = xsys_process_descriptor(pid)
        guard number >= 0 else { return nil }
        let descriptor = Descriptor(owning: number)
        // Looked at after the descriptor was opened, so that both mean the same process.
        guard isAlive else { return nil }
        return descriptor
    }

    /// `pid:[4026531836]`; a process that was moved into another namespace names that of its children.
    private static let currentSpace = Files.linkTarget("/proc/self/ns/pid") ?? ""

    private static let currentBoot: String = {
        let text = (try? Files.readText("/proc/sys/kernel/random/boot_id", limit: 256)) ?? ""
        return String(text.lines.first ?? "")
    }()

    /// Whether a process takes no notice of SIGTERM: `SigIgn` in `/proc/PID/status`, see proc(5).
    package static func ignoresTermination(_ pid: Int32) -> Bool {
        let text = (try? Files.readText("/proc/\(pid)/status", limit: 16384)) ?? ""
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("SigIgn:") }),
            let mask = line.after("SigIgn:").flatMap({ UInt64($0.trimmed, radix: 16) })
        else { return false }
        return mask & (1 << (UInt64(SIGTERM) - 1)) != 0
    }

    /// Fields 3 and 22 of `/proc/PID/stat`, see proc(5).
    fileprivate static func stat(of pid: Int32) -> (state: Character, startTime: Int64)? {
        guard let text = try? Files.readText("/proc/\(pid)/stat", limit: 4096),
            let rest = text.cut(atLast: ")")?.after
        else { return nil }
        let fields = rest.split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let time = Int64(fields[19]) else { return nil }
        return (state, time)
    }
}
