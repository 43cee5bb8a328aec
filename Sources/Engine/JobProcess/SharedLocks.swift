import CSystemShim
import Glibc
import Store
import System
import Text

/// The locks of what a job shares with others: folders of which one job at a time has all, tokens, GPUs, and its
/// part of the machine's cores and memory.
///
/// Held by the process of the job and inherited by its program, so that they are free when nothing of the job
/// lives. Taken in the order of folders, then tokens, each by name, then GPUs, then cores and memory, and all of
/// a kind or none: no two jobs wait for each other.
struct SharedLocks {
    private var taken: [Taken] = []
    /// The names of the GPUs that are its own.
    private(set) var devices: [String] = []

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
    ///   - header: of the job, whose folder its paths are relative to.
    ///   - job: the descriptor of the job's own lock; these come behind it.
    ///   - orders: a channel on which an order ends the waiting, or -1.
    ///   - signals: where those of a batch system come from, or -1.
    ///   - report: told for what it waits, and who holds it; and when it waits no longer.
    static func take(
        for header: JobScript.Header, _ order: JobOrder, behind job: Int32, orders: Int32,
        signals: Int32 = -1, _ report: (RunnerMessage) -> Void
    ) throws(SystemError) -> Acquisition {
        var locks = SharedLocks()
        var told: String?
        /// - Returns: the end of the waiting.
        func wait(_ reason: String?, milliseconds: Int32 = 50) -> Acquisition? {
            if let reason, reason != told {
                report(.waiting(reason))
                told = reason
            }
            let wish = JobRunner.nextOrder(from: orders, milliseconds: milliseconds)
            var isStopped = order.isInPilot && Files.exists(order.folder.stopMark)
            while case let number = xsys_next_signal(signals), number > 0 {
                isStopped = isStopped || number != SIGWINCH
            }
            guard wish != nil || isStopped else { return nil }
            locks.release()
            return wish == JobRunner.Order.withdraw ? .withdrawn : .stopped
        }
        do throws(SystemError) {
            for var wanted in Wanted.all(of: header, order) {
                while true {
                    if let taken = try wanted.take(behind: job, of: order.folder) {
                        locks.taken += taken
                        if wanted.kind == .gpus { locks.devices = taken.map(\.name) }
                        break
                    }
                    if let end = wait(wanted.reasonToWait) { return end }
                }
            }
            if let share = order.share {
                let note = LockHolder.note(of: order.folder)
                var place: MachineFolder.Holder?
                var (rounds, isOver) = (0, false)
                while !isOver {
                    do throws(SystemError) {
                        if let own = try share.folder.take(
                            share.amount, of: share.whole, waiting: place, note: note)
                        {
                            let path = own.path
                            locks.taken.append(try Taken(own.taken(), path, behind: job, isRemoved: true))
                            break
                        }
                        if place == nil { place = try share.folder.wait(note: note) }
                    } catch {
                        // A home that cannot be written, or has no locks: then each run counts for itself.
                        guard share.folder.isOfUser, error.isOfPlace else { throw error }
                        isOver = true
                        continue
                    }
                    // Others change what is said of them much more often than anybody reads it.
                    let reason = rounds % 10 == 0 ? share.reasonToWait : nil
                    rounds += 1
                    if let end = wait(reason, milliseconds: rounds < 20 ? 50 : 200) {
                        if let place { place.end() }
                        return end
                    }
                }
                if let place { place.end() }
            }
        } catch {
            locks.release()
            throw error
        }
        if told != nil { report(.started) }
        return .taken(locks)
    }

    /// Gives them back, also those that a process left behind has inherited.
    func release() { for one in taken { one.release() } }

    /// So many of some lock files.
    private struct Wanted {
        enum Kind {
            case folder
            case token
            case gpus
        }

        let kind: Kind
        private(set) var folder: String
        /// The names of the files; an empty one for that of a folder.
        private let names: [String]
        let count: Int
        /// Whether it is of this machine, and of no workspace.
        private var isOfMachine: Bool
        /// Where locks of GPUs are where those of the user's own folder do not work; nil for what are none.
        private var fallback: String?
        /// Nil where GPUs are taken that other programs use.
        private var busy: BusyGPUs?

        /// In the order in which they are taken.
        static func all(of header: JobScript.Header, _ order: JobOrder) -> [Wanted] {
            let path = order.folder.path
            let folders = header.shares.map { Wanted(folder: Paths.absolute($0, from: path)) }
            let tokens = header.tokens.map { token in
                Wanted(
                    token: token, in: Paths.absolute(token.resource, from: path),
                    of: order.folder.workspace)
            }
            let byFolder = { (a: Wanted, b: Wanted) in ByteOrder.less(a.folder, b.folder) }
            return folders.sorted(by: byFolder) + tokens.sorted(by: byFolder)
                + [order.gpus].compactMap(\.self).map { Wanted(gpus: $0, of: order.folder.workspace) }
        }

        private init(folder: String) {
            kind = .folder
            self.folder = folder
            names = [""]
            count = 1
            isOfMachine = false
        }

        private init(token: Claim, in folder: String, of workspace: String) {
            kind = .token
            self.folder = folder
            names = (0..<token.capacity).map(String.init)
            count = token.count
            isOfMachine = !folder.hasPrefix("\(workspace)/")
        }

        private init(gpus: JobOrder.GPUs, of workspace: String) {
            if gpus.folder.isOfUser { fallback = "\(workspace)/tokens/.gpus/\(Environment.hostName)" }
            kind = .gpus
            folder = gpus.folder.gpus
            names = gpus.devices
            count = gpus.count
            isOfMachine = true
            busy = gpus.areShared ? nil : BusyGPUs()
        }

        private var paths: [(name: String, path: String)] {
            // Old names of parts have slashes.
            names.map { ($0, "\(folder)/\($0.replacing("/", with: "_")).lock") }
        }

        /// What live runs count of a token.
        private var limits: [(experiment: String, count: Int)] {
            kind == .token ? TokenLimit.all(of: folder, isOfUser: isOfMachine) : []
        }

        /// For what a job waits, and who holds it.
        var reasonToWait: String {
            let what =
                switch kind {
                case .folder: "shared folder \(Paths.name(Paths.parent(folder)))"
                case .token: "token \(Paths.name(folder))"
                case .gpus: count == 1 ? "a GPU" : "\(count) GPUs"
                }
            if let fewest = limits.min(by: { $0.count < $1.count }), fewest.count < count {
                return "waits for \(what): \(fewest.experiment), which runs, has \(fewest.count) of it"
            }
            let holders = TextSet(
                paths.filter { FileLock.isHeld($0.path, isOfMachine: isOfMachine) }
                    .compactMap { LockHolder.read($0.path) })
            let held = holders.isEmpty ? nil : "held by \(LockHolder.shown(holders.ordered))"
            let used = names.compactMap { name in
                busy?.use(of: name).map { "gpu \(name) in use by \($0.text)" }
            }
            return (["waits for \(what)"] + used + [held].compactMap(\.self)).joined(separator: ", ")
        }

        /// - Parameter program: the job whose program will have a part in them.
        mutating func take(behind job: Int32, of program: JobFolder) throws(SystemError) -> [Taken]? {
            do throws(SystemError) { return try takeHere(behind: job, of: program) } catch {
                guard let place = fallback, error.isOfPlace else { throw error }
                (folder, isOfMachine, fallback) = (place, false, nil)
                return try takeHere(behind: job, of: program)
            }
        }

        private mutating func takeHere(
            behind job: Int32, of program: JobFolder
        ) throws(SystemError) -> [Taken]? {
            if !isOfMachine {
                try Files.makeFolder(folder, in: program.workspace)
            } else if kind == .gpus {
                try MachineFolder(path: Paths.parent(folder)).make(folder)
            } else {
                try Files.makeFolder(folder)
            }
            var taken: [Taken] = []
            do throws(SystemError) {
                let most = limits.map(\.count).min() ?? .max
                for (name, path) in paths.prefix(most) where busy?.use(of: name) == nil {
                    let free =
                        isOfMachine
                        ? try FileLock.takeShared(path) : try FileLock.take(path, program: program.process)
                    guard let lock = free else { continue }
                    // A folder that was removed meanwhile had another file of that name.
                    guard lock.isAt(path) else {
                        lock.release()
                        continue
                    }
                    // The lock counts, not what it says.
                    let note = "\(LockHolder.note(of: program))\n"
                    try? lock.descriptor.rewrite(Array(note.utf8), path: path)
                    taken.append(try Taken(lock, path, name, behind: job))
                    guard taken.count == count else { continue }
                    // Looked at now: who has begun to count fewer sees these, or is seen here.
                    if isWithinLimit(taken), busy?.look(at: taken.map(\.name)) ?? true { return taken }
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
            let limit = limits.map(\.count).min() ?? .max
            if limit >= names.count { return true }
            let own = TextSet(taken.map(\.path))
            let others = Files.locks(below: folder).filter { path in
                Int(Paths.name(path).dropLast(".lock".utf8.count)) != nil && !own.contains(path)
                    && FileLock.isHeld(path, isOfMachine: isOfMachine)
            }
            return own.count + others.count <= limit
        }
    }

    private struct Taken {
        let descriptor: Int32
        let path: String
        let name: String
        private let claim: String?
        /// Whether its file goes with it.
        private let isRemoved: Bool

        /// Without close-on-exec: the lock lives as long as the program.
        init(
            _ lock: consuming FileLock, _ path: String, _ name: String = "", behind job: Int32,
            isRemoved: Bool = false
        ) throws(SystemError) {
            descriptor = fcntl(lock.descriptor.number, F_DUPFD, job + 1)
            self.path = path
            self.name = name
            self.isRemoved = isRemoved
            claim = lock.claim
            if descriptor < 0 {
                let code = errno
                lock.release()
                throw SystemError("lock", path, code: code)
            }
        }

        func release() {
            if isRemoved { try? Files.remove(path) }
            if claim == nil { FileLock.unlock(descriptor) }
            close(descriptor)
            if let claim { LockClaim.release(path, claim) }
        }
    }
}

/// GPUs that were found in use by other programs while this process had their locks.
private struct BusyGPUs {
    /// So long, in seconds, they are not looked at again.
    private static let patience = 5.0

    private var seen: TextMap<(use: GPU.Use, time: Double)> = [:]

    /// What a program did with a GPU a moment ago; nil where nobody was seen.
    func use(of name: String) -> GPU.Use? {
        seen[name].flatMap { Monotonic.seconds - $0.time < Self.patience ? $0.use : nil }
    }

    /// Looks at some, whose locks this process has.
    ///
    /// - Returns: whether nobody uses them.
    mutating func look(at names: [String]) -> Bool {
        let uses = GPU.uses()
        for name in names { seen[name] = uses[name].map { ($0, Monotonic.seconds) } }
        return !names.contains { uses[$0] != nil }
    }
}

extension SystemError {
    /// Whether it tells that files cannot be made, or locked, in a place.
    fileprivate var isOfPlace: Bool {
        [EACCES, EPERM, EROFS, ENOSPC, EDQUOT, ENOSYS, ENOLCK, EOPNOTSUPP, ENOTDIR, ENOENT].contains(code)
    }
}

extension JobOrder.Share {
    /// Why a job waits for its part.
    fileprivate var reasonToWait: String {
        let cores = amount.cores > 0 ? "\(amount.cores) core\(amount.cores == 1 ? "" : "s")" : nil
        let memory = amount.memory > 0 ? "\(NumberText.bytes(amount.memory)) of memory" : nil
        let (held, notes) = folder.holders()
        let taken = [
            amount.cores > 0 ? "\(held.cores) of \(whole.cores) cores" : nil,
            amount.memory > 0
                ? "\(NumberText.bytes(held.memory)) of \(NumberText.bytes(whole.memory))" : nil,
        ].compactMap(\.self).joined(separator: " and ")
        let what = [cores, memory].compactMap(\.self).joined(separator: " and ")
        return notes.isEmpty
            ? "waits for \(what)" : "waits for \(what): \(taken) held by \(LockHolder.shown(notes))"
    }
}

/// Who holds a lock that jobs share: the content of its file, for people. It stays when the lock is given
/// back.
private enum LockHolder {
    static func note(of job: JobFolder) -> String {
        let name = "\(Paths.name(Paths.parent(job.path))) \(job.identifier.prefix(8))"
        return "\(name), \(ProcessRecord(pid: getpid()).text)"
    }

    static func read(_ path: String) -> String? {
        (try? Files.readText(path, limit: 4096))?.lines.first.map(String.init)
    }

    static func shown(_ holders: [String]) -> String { holders.prefix(3).joined(separator: " and ") }
}
