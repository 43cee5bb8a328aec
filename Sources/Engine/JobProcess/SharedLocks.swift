import Glibc
import Store
import System
import Text

/// The locks of what a job shares with others: folders of which one job at a time has all, tokens, and GPUs.
///
/// Held by the process of the job and inherited by its program, so that they are free when nothing of the job
/// lives. Taken in the order of folders, then tokens, each by name, then GPUs, and all of a kind or none: no
/// two jobs wait for each other.
struct SharedLocks {
    private var taken: [Taken] = []
    /// The numbers of the GPUs that are its own.
    private(set) var devices: [Int] = []

    /// The highest descriptor, or -1.
    var last: Int32 { taken.map(\.descriptor).max() ?? -1 }

    enum Acquisition {
        case taken(SharedLocks)
        /// It was to wait no longer.
        case withdrawn
        /// It was to stop.
        case stopped
    }

    /// Waits until all are taken.
    ///
    /// - Parameters:
    ///   - program: the job, whose folder the header's paths are relative to.
    ///   - job: the descriptor of the job's own lock; these come behind it.
    ///   - orders: a channel on which an order ends the waiting, or -1.
    ///   - report: told for what it waits, and who holds it; and when it waits no longer.
    static func take(
        for header: JobScript.Header, _ gpus: JobOrder.GPUs?, of program: JobFolder, behind job: Int32,
        orders: Int32, _ report: (RunnerMessage) -> Void
    ) throws(SystemError) -> Acquisition {
        let folder = program.path
        let folders = header.shares.map { Wanted(folder: Paths.absolute($0, from: folder)) }
        let tokens = header.tokens.map { Wanted(token: $0, in: Paths.absolute($0.resource, from: folder)) }
        let order = { (a: Wanted, b: Wanted) in ByteOrder.less(a.folder, b.folder) }
        var locks = SharedLocks()
        var told: String?
        let all =
            folders.sorted(by: order) + tokens.sorted(by: order) + [gpus].compactMap(\.self).map(Wanted.init)
        for wanted in all {
            while true {
                do throws(SystemError) {
                    if let taken = try wanted.take(behind: job, of: program) {
                        locks.taken += taken
                        if wanted.kind == .gpus { locks.devices = taken.map(\.number) }
                        break
                    }
                } catch {
                    locks.release()
                    throw error
                }
                let reason = wanted.reasonToWait
                if reason != told { report(.waiting(reason)) }
                told = reason
                if let order = JobRunner.nextOrder(from: orders, milliseconds: 50) {
                    locks.release()
                    return order == JobRunner.Order.withdraw ? .withdrawn : .stopped
                }
            }
        }
        if told != nil { report(.started) }
        return .taken(locks)
    }

    /// Gives them back, also those that a process left behind has inherited.
    func release() { for one in taken { one.release() } }

    /// So many of some lock files.
    private struct Wanted {
        enum Kind: String {
            case folder = "shared folder"
            case token
            case gpus = "GPU"
        }

        let kind: Kind
        let folder: String
        /// The numbers of the files; none for the one of a folder.
        private let numbers: [Int]
        let count: Int
        /// How many of them all jobs may hold together, by what other live runs count.
        private var limit: Int {
            kind == .token ? TokenLimit.all(of: folder).map(\.count).min() ?? .max : .max
        }

        init(folder: String) {
            kind = .folder
            self.folder = folder
            numbers = []
            count = 1
        }

        init(token: Claim, in folder: String) {
            kind = .token
            self.folder = folder
            numbers = Array(0..<token.capacity)
            count = token.count
        }

        init(gpus: JobOrder.GPUs) {
            kind = .gpus
            folder = gpus.folder
            numbers = gpus.devices
            count = gpus.count
        }

        private var paths: [(number: Int, path: String)] {
            (numbers.isEmpty ? [-1] : numbers).map { ($0, "\(folder)/\($0 < 0 ? "" : String($0)).lock") }
        }

        /// For what a job waits, and who holds it.
        var reasonToWait: String {
            let what =
                switch kind {
                case .folder: "shared folder \(Paths.name(Paths.parent(folder)))"
                case .token: "token \(Paths.name(folder))"
                case .gpus: count == 1 ? "a GPU" : "\(count) GPUs"
                }
            let holders = TextSet(
                paths.filter { FileLock.isHeld($0.path) }.compactMap { LockHolder.read($0.path) })
            if let fewest = kind == .token
                ? TokenLimit.all(of: folder).min(by: { $0.count < $1.count }) : nil,
                fewest.count < count
            {
                return "waits for \(what): \(fewest.experiment), which runs, has \(fewest.count) of it"
            }
            return "waits for \(what)"
                + (holders.isEmpty ? "" : ", held by \(holders.ordered.prefix(3).joined(separator: " and "))")
        }

        /// - Parameter program: the job whose program will have a part in them.
        func take(behind job: Int32, of program: JobFolder) throws(SystemError) -> [Taken]? {
            if folder.hasPrefix("\(program.workspace)/") {
                try Files.makeFolder(folder, in: program.workspace)
            } else {
                // A token of the user.
                try Files.makeFolder(folder)
            }
            var taken: [Taken] = []
            do throws(SystemError) {
                for (number, path) in paths.prefix(limit) {
                    guard let lock = try FileLock.take(path, program: program.process) else { continue }
                    // A folder that was removed meanwhile had another file of that name.
                    guard lock.isAt(path) else {
                        lock.release()
                        continue
                    }
                    taken.append(try Taken(lock, path, number, behind: job))
                    LockHolder.write(program, to: path)
                    guard taken.count == count else { continue }
                    // Looked at now: who has begun to count fewer sees these, or is seen here.
                    if isWithinLimit(taken) { return taken }
                    break
                }
            } catch {
                for one in taken { one.release() }
                throw error
            }
            for one in taken { one.release() }
            return nil
        }

        /// Whether no more are held than the live runs count, these among them.
        private func isWithinLimit(_ taken: [Taken]) -> Bool {
            let limit = limit
            if limit >= numbers.count { return true }
            let own = Set(taken.map(\.number))
            let others = Files.locks(below: folder).filter { path in
                guard let number = Int(Paths.name(path).dropLast(".lock".count)) else { return false }
                return !own.contains(number) && FileLock.isHeld(path)
            }
            return own.count + others.count <= limit
        }
    }

    private struct Taken {
        let descriptor: Int32
        let path: String
        let claim: String?
        let number: Int

        /// Without close-on-exec: the lock lives as long as the program.
        init(_ lock: consuming FileLock, _ path: String, _ number: Int, behind job: Int32) throws(SystemError)
        {
            descriptor = fcntl(lock.descriptor.number, F_DUPFD, job + 1)
            self.path = path
            self.number = number
            claim = lock.claim
            if descriptor < 0 {
                let code = errno
                lock.release()
                throw SystemError("lock", path, code: code)
            }
        }

        func release() {
            if claim == nil { FileLock.unlock(descriptor) }
            close(descriptor)
            if let claim { LockClaim.release(path, claim) }
        }
    }
}

/// Who holds a lock that jobs share: the content of its file, for people. It stays when the lock is given
/// back.
private enum LockHolder {
    static func write(_ job: JobFolder, to path: String) {
        let record = ProcessRecord(pid: getpid())
        let name = "\(Paths.name(Paths.parent(job.path))) \(job.identifier.prefix(8))"
        let text = "\(name), \(record.text)\n"
        // The lock counts, not what it says.
        guard let file = try? Descriptor(writing: path, O_TRUNC) else { return }
        try? file.write(Array(text.utf8), path: path)
    }

    static func read(_ path: String) -> String? {
        (try? Files.readText(path, limit: 4096))?.lines.first.map(String.init)
    }
}
