import Glibc
package import System
import Text

/// Where the locks of this machine's GPUs, cores and memory are: those of all workspaces, and of all users that
/// share it.
///
///     gpus/{name}.lock                       who has it, has the GPU
///     uses.lock                              held for a moment by who changes what follows
///     uses/{nonce}.{cores}.{memory}.lock     held by a job that has so many cores and bytes
///     uses/{time}.{nonce}.waits.lock         held by a job that waits for some; the earliest comes first
///
/// Locks are flock(2) here, whatever they are in a workspace: the folder is this machine's alone.
package struct MachineFolder: Sendable, Equatable {
    package let path: String

    package init(path: String) { self.path = path }

    /// What is the user's and of no workspace: `$XDG_STATE_HOME/xpm`, or `~/.local/state/xpm`.
    package static var ofUser: String {
        let folder =
            Environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(Paths.home)/.local/state"
        return "\(folder)/xpm"
    }

    /// That of the user, or within a folder that several users share.
    package static func of(_ shared: String?) -> MachineFolder {
        MachineFolder(path: "\(shared ?? "\(ofUser)/machines")/\(Environment.hostName)")
    }

    /// Whether it is one user's own: there where nobody has said otherwise.
    package var isOfUser: Bool { path.hasPrefix("\(Self.ofUser)/") }

    package var gpus: String { "\(path)/gpus" }
    private var uses: String { "\(path)/uses" }

    /// So many cores, and so many bytes of memory.
    package struct Amount: Sendable, Equatable {
        package var cores: Int
        package var memory: Int64

        package init(cores: Int = 0, memory: Int64 = 0) {
            self.cores = cores
            self.memory = memory
        }

        fileprivate static func + (left: Amount, right: Amount) -> Amount {
            Amount(
                cores: left.cores.addingReportingOverflow(right.cores).partialValue,
                memory: left.memory.addingReportingOverflow(right.memory).partialValue)
        }

        /// Whether there is so much besides what others have; of what is not asked for, others may have any.
        fileprivate func fits(in whole: Amount, besides held: Amount) -> Bool {
            let sum = self + held
            return (cores == 0 || sum.cores <= whole.cores) && (memory == 0 || sum.memory <= whole.memory)
        }
    }

    /// What a job has, or what it waits for.
    package struct Holder: ~Copyable, Sendable {
        package let lock: FileLock
        package let path: String

        /// Gives it back.
        package consuming func end() { lock.retire() }

        /// The lock, of whose file the caller takes care.
        package consuming func taken() -> FileLock { lock }
    }

    // MARK: Files that several users share

    /// Makes a folder of it, which others may use as far as they may use what it is in.
    package func make(_ folder: String) throws(SystemError) {
        var missing: [String] = []
        var at = folder
        while !Files.exists(at), at != Paths.parent(at) {
            missing.append(at)
            at = Paths.parent(at)
        }
        for one in missing.reversed() {
            try Files.makeFolder(one)
            // What the process's mask has taken.
            if !isOfUser { try? Files.takeMode(of: at, for: one) }
        }
    }

    // MARK: Cores and memory

    /// Takes so much, where it is left.
    ///
    /// - Parameters:
    ///   - whole: what there is, as this user counts.
    ///   - waiting: the job's place among those that wait.
    ///   - note: what the file says of who has it.
    /// - Returns: nil where it has to wait.
    package func take(
        _ amount: Amount, of whole: Amount, waiting: borrowing Holder?, note: String
    ) throws(SystemError) -> Holder? {
        try make(uses)
        // Of many that wait the first alone looks at all.
        let isBehind =
            switch waiting {
            case .some(let holder): isBehind(holder.path)
            case .none: false
            }
        if isBehind { return nil }
        guard let lock = try FileLock.takeShared("\(path)/uses.lock", milliseconds: 1000) else { return nil }
        let taken: Holder?
        do throws(SystemError) {
            taken = try isFree(amount, of: whole, waiting) ? hold(named: Self.name(of: amount), note) : nil
        } catch {
            lock.release()
            throw error
        }
        lock.release()
        return taken
    }

    /// A place among those that wait.
    package func wait(note: String) throws(SystemError) -> Holder {
        try make(uses)
        let time = String(Int64(Timestamp.now.seconds * 1e6))
        let zeros = String(repeating: "0", count: max(0, 20 - time.utf8.count))
        return try hold(named: "\(zeros)\(time).\(Self.nonce).waits", note)
    }

    private static var nonce: String { String(UInt64.random(in: .min ... .max), radix: 16) }

    private static func name(of amount: Amount) -> String { "\(nonce).\(amount.cores).\(amount.memory)" }

    private func hold(named name: String, _ note: String) throws(SystemError) -> Holder {
        let path = "\(uses)/\(name).lock"
        // Whoever looks whether it is held, holds it for a moment.
        guard let lock = try FileLock.takeShared(path, milliseconds: 1000) else {
            throw SystemError("lock", path, code: EBUSY)
        }
        // The lock counts, not what it says.
        try? lock.descriptor.write(Array("\(note)\n".utf8), path: path)
        return Holder(lock: lock, path: path)
    }

    /// Whether the one that waits next before another still does.
    private func isBehind(_ own: String) -> Bool {
        let own = Paths.name(own)
        let before = ((try? Files.list(uses)) ?? []).filter {
            $0.hasSuffix(".waits.lock") && ByteOrder.less($0, own)
        }
        guard let last = before.max(by: ByteOrder.less) else { return false }
        return (try? FileLock.lookShared("\(uses)/\(last)")) ?? true
    }

    private func isFree(_ amount: Amount, of whole: Amount, _ waiting: borrowing Holder?) -> Bool {
        let (held, waits) = live()
        let own =
            switch waiting {
            case .some(let holder): Paths.name(holder.path)
            case .none: "~"
            }
        guard !waits.contains(where: { ByteOrder.less($0, own) }) else { return false }
        return held.isEmpty || amount.fits(in: whole, besides: held.reduce(Amount()) { $0 + $1.amount })
    }

    /// What jobs have, and the names of those that wait. What dead ones have left is removed.
    private func live() -> (held: [(amount: Amount, path: String)], waits: [String]) {
        var held: [(Amount, String)] = []
        var waits: [String] = []
        for name in (try? Files.list(uses)) ?? [] {
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.last == "lock", parts.count == 4 else { continue }
            let path = "\(uses)/\(name)"
            // One that cannot be looked at counts as held.
            guard (try? FileLock.lookShared(path)) ?? true else {
                // Another user's stays where the folder is sticky.
                try? Files.remove(path)
                continue
            }
            if parts[2] == "waits" {
                waits.append(name)
            } else if let cores = Int(parts[1]), let memory = Int64(parts[2]), cores >= 0, memory >= 0 {
                held.append((Amount(cores: cores, memory: memory), path))
            }
        }
        return (held, waits)
    }

    /// Who has how much.
    package func holders() -> (amount: Amount, notes: [String]) {
        let held = live().held
        let notes = held.compactMap { holder in
            (try? Files.readText(holder.path, limit: 4096))?.lines.first.map(String.init)
        }
        return (held.reduce(Amount()) { $0 + $1.amount }, notes)
    }
}
