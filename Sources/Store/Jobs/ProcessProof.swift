import Glibc
import System
import Text

/// What proves that a process is the one that a record in a workspace names, before it gets a signal: whoever
/// shares the workspace can write the record, and could name any process of this user in it.
package enum ProcessProof {
    /// The program of a job, or its fork that runs a Lua task.
    case job(JobFolder)
    /// The process of a run, or of whoever else holds a lock.
    case holder(lock: String)
    /// The host of a service, which writes its log.
    case service(log: String)
}

/// Why a process is not signalled.
package enum SignalRefusal: TextualError {
    /// It lives on another machine, or in another container.
    case elsewhere(ProcessRecord)
    case otherUser(ProcessRecord, user: String)
    /// It is no process of xpm's, whatever the record says.
    case unproven(ProcessRecord, record: String)

    package var text: String {
        switch self {
        case .elsewhere(let record): "\(record.text) runs it: stop it there"
        case .otherUser(let record, let user):
            "process \(record.pid) on \(record.host) runs it, which is \(user)'s: only \(user) can stop it"
        case .unproven(let record, let path):
            "\(Paths.shown(path)) names process \(record.pid), which is not of xpm: it gets no signal"
        }
    }
}

extension ProcessRecord {
    /// Checks that the process may be signalled: it lives here, is this user's (or this user is root), and is
    /// what the record says.
    ///
    /// - Parameter path: where the record stands.
    package func check(_ proof: ProcessProof, record path: String) throws(SignalRefusal) {
        if isElsewhere {
            if isOfAnother { throw .otherUser(self, user: user) }
            throw .elsewhere(self)
        }
        if !isElsewhere, isHidden { throw .otherUser(self, user: user.isEmpty ? "another user" : user) }
        guard let owner = Files.owner("/proc/\(pid)"), isAlive else { return }
        if owner != geteuid(), geteuid() != 0 {
            throw .otherUser(self, user: Environment.name(ofUser: owner))
        }
        guard isProven(by: proof) else { throw .unproven(self, record: path) }
    }

    /// Whether it says that it is another user's, as far as this one is not root.
    package var isOfAnother: Bool { !user.isEmpty && user != Environment.userName && geteuid() != 0 }

    /// Sends SIGTERM to the process, if it lives.
    package func terminate(_ proof: ProcessProof, record path: String) throws(SignalRefusal) {
        try check(proof, record: path)
        signalProcess(SIGTERM)
    }

    /// Sends SIGINT to the process, if it lives.
    package func interrupt(_ proof: ProcessProof, record path: String) throws(SignalRefusal) {
        try check(proof, record: path)
        signalProcess(SIGINT)
    }

    private func isProven(by proof: ProcessProof) -> Bool {
        switch proof {
        case .job(let folder):
            guard FileLock.isHeld(folder.lock) else { return false }
            // A Lua task is a fork of xpm-job, which has the environment of that.
            return hasVariable(JobScript.heldVariable, folder.identifier)
                || hasLocked(folder.lock) && isProgram("xpm-job") || isWorker(of: folder)
        case .holder(let lock):
            return FileLock.isHeld(lock) && hasLocked(lock) && isProgram(Paths.name(Environment.program))
        case .service(let log):
            return isProgram("xpm-job") && descriptors(of: log).contains { $0.flags & O_ACCMODE == O_WRONLY }
        }
    }

    /// The variable that programs have which do several jobs one after the other.
    package static let workerVariable = "XPM_WORKER"

    /// Whether it is a worker whose runner holds the job.
    private func isWorker(of folder: JobFolder) -> Bool {
        guard hasVariable(Self.workerVariable, "1"), let parent = ProcessTree.parent(of: pid) else {
            return false
        }
        let runner = ProcessRecord(pid: parent)
        return runner.hasLocked(folder.lock) && runner.isProgram("xpm-job")
    }

    /// Kills what a worker that is gone has left in its session, since it would write beside the next
    /// attempt.
    package func endWorkerSession() {
        guard !isElsewhere, !isAlive, isLastOfItsNumber else { return }
        // A process that is killed takes a moment to end.
        for _ in 0..<200 {
            let left = ProcessTree.session(pid).filter {
                ProcessRecord(pid: $0).hasVariable(Self.workerVariable, "1")
            }
            if left.isEmpty { return }
            for one in left { kill(one, SIGKILL) }
            usleep(5000)
        }
    }

    /// Whether it runs a program of that name (proc(5), exe); one that was replaced since it began is marked.
    private func isProgram(_ name: String) -> Bool {
        guard let path = Files.linkTarget("/proc/\(pid)/exe") else { return false }
        return Paths.name(path.before(" (deleted)").map(String.init) ?? path) == name
    }

    /// Whether it was started with a variable (proc(5), environ).
    private func hasVariable(_ name: String, _ value: String) -> Bool {
        guard let bytes = try? Files.read("/proc/\(pid)/environ", limit: 1 << 24) else { return false }
        let wanted = Array("\(name)=\(value)".utf8)
        return bytes.split(separator: 0).contains { $0.elementsEqual(wanted) }
    }

    /// Whether it has a lock file open, and the lock with it. Where locks are claims they name their holder;
    /// then open to write counts.
    private func hasLocked(_ path: String) -> Bool {
        descriptors(of: path).contains {
            $0.hasLock || LockClaim.isInUse && $0.flags & O_ACCMODE == O_RDWR
        }
    }

    /// Its open descriptors of a file (proc(5), fd and fdinfo).
    private func descriptors(of path: String) -> [(flags: Int32, hasLock: Bool)] {
        // A link in its place may lead to anything.
        guard Files.kind(path, followingLinks: false) == .file, let file = Files.identity(path) else {
            return []
        }
        return ((try? Files.list("/proc/\(pid)/fd")) ?? []).compactMap { number in
            guard Files.identity("/proc/\(pid)/fd/\(number)") == file,
                let text = try? Files.readText("/proc/\(pid)/fdinfo/\(number)", limit: 1 << 16)
            else { return nil }
            let flags = text.lines.lazy.compactMap { $0.after("flags:") }.first
            let hasLock = text.lines.contains { $0.hasPrefix("lock:") && $0.contains("FLOCK") }
            return (flags.flatMap { Int32($0.trimmed, radix: 8) } ?? 0, hasLock)
        }
    }
}
