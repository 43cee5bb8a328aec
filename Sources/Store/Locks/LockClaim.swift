import CSystemShim
import Glibc
import Synchronization
package import System
import Text

/// A lock by the exclusive creation of a file, for disks on which flock(2) does not work: `{lock}.claim` says
/// who has it.
///
/// The file appears with its whole content, by link(2), which only one of several succeeds with; where there
/// are no hard links, as a symbolic link whose target is the content. It is removed by its owner, or by who
/// finds its owner dead: of several who find that, one wins the file `.xpm-locks/{nonce}.{n}`, which only who
/// may remove that very claim can have. Nothing is decided by a clock. An owner on another host counts as
/// alive: only there it can be seen to be dead, after a restart too, since the boot is part of the claim;
/// `xpm doctor --mend --gone HOST` settles what a host left that never comes back.
package struct LockClaim {
    private let path: String
    private let owner: ProcessRecord
    /// Who is about to have it: it holds while either lives.
    private var heir: ProcessRecord?
    /// Tells this claim from every other.
    private let nonce: String
    /// The `.pid` of a program that has a part in the claim: while that one lives, the claim holds.
    private let program: String?
    /// The workspace as its owner named it; nil in claims of older versions.
    private let workspace: String?
    /// What tells that workspace's `.xpm-locks` from every other folder where its owner is.
    private let identity: String?
    /// The batch job that has it: its owner is who hands that in, and then its process.
    private var batch: BatchHolder?

    private var json: JSON {
        guard case .object(let members) = owner.json() else { return .null }
        return .object(
            members + [
                .init("nonce", .string(nonce)), .init("program", .optional(program)),
                .init("heir", heir?.json() ?? .null), .init("workspace", .optional(workspace)),
                .init("identity", .optional(identity)),
            ] + (batch.map { [JSON.Member("batch", $0.json)] } ?? []))
    }

    private static func path(of lock: String) -> String { "\(lock).claim" }

    // MARK: Taking

    /// Claims a lock for a process.
    ///
    /// - Parameters:
    ///   - owner: who has it, of this machine.
    ///   - program: the `.pid` of a program that has a part in it.
    ///   - batch: the job of a batch system for which it is.
    ///   - folder: the workspace's `.xpm-locks`.
    /// - Returns: the nonce of the claim; nil if somebody has it.
    static func take(
        _ lock: String, owner: Int32, program: String?, batch: BatchHolder? = nil, in folder: String
    ) throws(SystemError) -> String? {
        let path = path(of: lock)
        let own = LockClaim(path: path, owner: owner, program: program, batch: batch ?? ofRun, in: folder)
        // Each round meets a claim that lives, removes one that does not, or one that has just gone. What is
        // there and cannot be read holds.
        for _ in 0..<mostRounds {
            if try own.place(at: path, by: folder) { return own.nonce }
            guard let other = read(path) else { continue }
            guard other.isStale, try other.remove(as: own, by: folder) else { return nil }
        }
        return nil
    }

    private static let mostRounds = 100

    /// The same of its process alone: a right goes with that one.
    private var bare: LockClaim {
        LockClaim(
            path: path, owner: owner, heir: nil, nonce: nonce, program: nil, workspace: workspace,
            identity: identity, batch: nil)
    }

    /// A new claim.
    private init(path: String, owner: Int32, program: String?, batch: BatchHolder?, in folder: String) {
        self.init(
            path: path, owner: ProcessRecord(pid: owner), heir: nil,
            nonce: String(UInt64.random(in: .min ... .max), radix: 16), program: program,
            workspace: Paths.parent(folder), identity: OtherWorkspace.identity(of: folder), batch: batch)
    }

    private init(
        path: String, owner: ProcessRecord, heir: ProcessRecord?, nonce: String, program: String?,
        workspace: String?, identity: String?, batch: BatchHolder?
    ) {
        self.path = path
        self.owner = owner
        self.heir = heir
        self.nonce = nonce
        self.program = program
        self.workspace = workspace
        self.identity = identity
        self.batch = batch
    }

    /// Makes the file with its content in one step; false if there is one.
    private func place(at path: String, by folder: String) throws(SystemError) -> Bool {
        // What is left of it where this is killed is found there by the next run.
        let temporary = "\(folder)/\(nonce).\(Environment.hostName).\(getpid()).tmp"
        try Files.write(json.bytes, to: temporary)
        // After a power cut it is whole, or not there.
        try Files.settle(temporary)
        defer { unsafe _ = unlink(temporary) }
        if unsafe link(temporary, path) == 0 { return true }
        if [EPERM, ENOSYS, EOPNOTSUPP, EMLINK].contains(errno) {
            if unsafe symlink(json.text, path) == 0 { return true }
        }
        // Over a network the answer may have been lost and the question asked again: then it is there, and
        // ours.
        if errno == EEXIST { return Self.read(path)?.nonce == nonce }
        throw SystemError("create", path, code: errno)
    }

    /// Removes a claim whose owner is dead, unless somebody else does.
    ///
    /// - Returns: whether it is worth trying again.
    private func remove(as own: LockClaim, by folder: String) throws(SystemError) -> Bool {
        var number = 0
        while true {
            let right = "\(folder)/\(nonce).\(number)"
            if try own.place(at: right, by: folder) {
                // The claim itself may be gone already, by one who had this right before.
                if let now = Self.read(path), now.nonce == nonce, now.isStale { try Files.remove(path) }
                for used in 0...number { try Files.remove("\(folder)/\(nonce).\(used)") }
                return true
            }
            guard let other = Self.read(right) else { return true }
            guard other.isStale else { return false }
            number += 1
        }
    }

    // MARK: Looking

    static func isHeld(_ lock: String) -> Bool { (try? look(lock)) ?? false }

    /// Whether somebody has a lock.
    ///
    /// - Throws: where that cannot be seen.
    static func look(_ lock: String) throws(SystemError) -> Bool {
        if let claim = read(path(of: lock)) { return !claim.isStale }
        do throws(SystemError) { _ = try Files.read(path(of: lock), limit: 1 << 16) } catch {
            if error.isDenied { throw error }
        }
        return false
    }

    private var isStale: Bool {
        if isOfCopied { return true }
        if owner.isAlive || heir?.isAlive ?? false { return false }
        if program.flatMap(ProcessRecord.read)?.isAlive == true { return false }
        if let batch {
            // A process of a run is judged by itself where it can be seen.
            return batch.isRun && !owner.isElsewhere || isOver(batch) == true
        }
        return !owner.isElsewhere
    }

    /// Whether a batch job is known to be over, or was never handed in.
    private func isOver(_ batch: BatchHolder) -> Bool? {
        guard let workspace = Self.folder.map(Paths.parent) else { return nil }
        // Its record goes when all of its jobs have ended.
        guard let record = BatchRecord.read(batch.nonce, in: workspace) else {
            return batch.isRun || !owner.isElsewhere
        }
        return record.isOver(batch)
    }

    /// Whether it came along when the workspace was copied: its owner holds that of the original.
    private var isOfCopied: Bool {
        guard let workspace, let folder = Self.folder, !owner.isElsewhere,
            workspace != Paths.parent(folder),
            // The path may lead elsewhere here than where its owner is.
            identity != nil, OtherWorkspace.identity(of: "\(workspace)/\(Paths.name(folder))") == identity
        else { return false }
        return OtherWorkspace.isOriginal(workspace, of: folder)
    }

    /// Whether the claim on a lock is of a process that is dead.
    package static func isAbandoned(_ lock: String) -> Bool { read(path(of: lock))?.isStale ?? false }

    /// Whether there is a claim that nobody can read: it would hold for ever.
    package static func isDamaged(_ lock: String) -> Bool {
        Files.kind(path(of: lock)) == .file && (try? Files.read(path(of: lock), limit: 1 << 16)) != nil
            && read(path(of: lock)) == nil
    }

    /// Removes a claim that nobody can read.
    package static func removeDamaged(_ lock: String) throws(SystemError) {
        if isDamaged(lock) { try Files.remove(path(of: lock)) }
    }

    /// Who has a lock, or had it last.
    package static func owner(of lock: String) -> ProcessRecord? { read(path(of: lock))?.owner }

    private static func read(_ path: String) -> LockClaim? {
        let content = (try? Files.read(path, limit: 1 << 16)) ?? Files.linkTarget(path).map { Array($0.utf8) }
        guard let bytes = content, let json = try? JSON.parse(bytes),
            let owner = ProcessRecord(json), let nonce = json["nonce"]?.string
        else { return nil }
        return LockClaim(
            path: path, owner: owner, heir: json["heir"].flatMap(ProcessRecord.init), nonce: nonce,
            program: json["program"]?.string, workspace: json["workspace"]?.string,
            identity: json["identity"]?.string, batch: BatchHolder(json["batch"]))
    }

    // MARK: Giving on and giving back

    /// Says which process of this machine is about to have a claim of this one.
    static func bequeath(_ lock: String, _ nonce: String, to pid: Int32, in folder: String)
        throws(SystemError)
    {
        let path = path(of: lock)
        guard var claim = read(path), claim.nonce == nonce else {
            throw SystemError("lock", lock, code: EWOULDBLOCK)
        }
        claim.heir = ProcessRecord(pid: pid)
        try Files.replace(path, with: claim.json.bytes, temporaryIn: folder)
    }

    /// Takes over a claim that was bequeathed to this process.
    static func inherit(_ lock: String, _ nonce: String, in folder: String) throws(SystemError) {
        let path = path(of: lock)
        guard let claim = read(path), claim.nonce == nonce else {
            throw SystemError("lock", lock, code: EWOULDBLOCK)
        }
        let own = LockClaim(
            path: path, owner: ProcessRecord(pid: getpid()), heir: nil, nonce: nonce, program: claim.program,
            workspace: claim.workspace, identity: claim.identity, batch: claim.batch)
        try Files.replace(path, with: own.json.bytes, temporaryIn: folder)
    }

    /// On its node: takes over the claim that was made for a batch job.
    ///
    /// The right to change that very claim comes first, as for one whose owner is dead: who finds it dead
    /// meanwhile, and this, do not both have it.
    ///
    /// - Parameter onlyIfNew: whether one that has begun before is left.
    /// - Returns: the nonce of the claim; nil where it is another's by now.
    package static func begin(
        _ lock: String, as batch: BatchHolder, program: String, onlyIfNew: Bool = false, in folder: String
    ) throws(SystemError) -> String? {
        let path = path(of: lock)
        var holder = batch
        holder.hasBegun = true
        let own = LockClaim(path: path, owner: getpid(), program: program, batch: holder, in: folder)
        var number = 0
        for _ in 0..<mostRounds {
            guard let claim = read(path), let now = claim.batch, now.isSamePlace(as: batch) else {
                return nil
            }
            // A former life of the job that still goes on, as where the batch system lost sight of it; or another
            // pilot's, of which only the system knows whether it lives.
            if now.hasBegun,
                onlyIfNew || claim.owner.isAlive || batch.pilot != nil && batch.pilot != now.pilot
                    || claim.program.flatMap(ProcessRecord.read)?.isAlive == true
            {
                return nil
            }
            let right = "\(folder)/\(claim.nonce).\(number)"
            if try own.bare.place(at: right, by: folder) {
                defer { for used in 0...number { try? Files.remove("\(folder)/\(claim.nonce).\(used)") } }
                guard read(path)?.nonce == claim.nonce else { return nil }
                try Files.replace(path, with: own.json.bytes, temporaryIn: folder)
                return own.nonce
            }
            if read(right)?.isStale ?? false {
                number += 1
            } else {
                // Somebody looks whether it is dead.
                Clock.sleep(milliseconds: 50)
            }
        }
        return nil
    }

    /// The batch job whose lock it is.
    package static func batch(of lock: String) -> BatchHolder? {
        read(path(of: lock))?.batch.flatMap { $0.isRun ? nil : $0 }
    }

    /// The run as a batch job that holds a lock, or whose processes do.
    package static func run(of lock: String) -> BatchHolder? {
        read(path(of: lock))?.batch.flatMap { $0.isRun ? $0 : nil }
    }

    /// Gives a claim back that this process has; one that somebody else has by now is left alone.
    package static func release(_ lock: String, _ nonce: String) {
        let path = path(of: lock)
        if read(path)?.nonce == nonce { unsafe _ = unlink(path) }
    }

    /// Gives back what this process had bequeathed to one that died before it took over.
    package static func releaseBequeathed(_ lock: String) {
        let path = path(of: lock)
        guard let claim = read(path), claim.heir != nil, claim.owner == ProcessRecord(pid: getpid()) else {
            return
        }
        unsafe _ = unlink(path)
    }

    /// Removes the claims of dead processes on some locks.
    package static func settle(_ locks: [String], in folder: String) {
        for lock in locks where isAbandoned(lock) {
            if let nonce = try? take(lock, owner: getpid(), program: nil, in: folder) { release(lock, nonce) }
        }
    }

    /// Removes a claim of a host that never comes back.
    ///
    /// - Returns: whether there was one.
    package static func forget(_ lock: String, ofHost host: String) throws(SystemError) -> Bool {
        guard let claim = read(path(of: lock)), claim.owner.host == host, !claim.owner.isAlive else {
            return false
        }
        try Files.remove(claim.path)
        return true
    }
}

/// Other names of a workspace, and copies of it.
private enum OtherWorkspace {
    private static let known = Mutex<TextMap<Bool>>([:])

    static func identity(of folder: String) -> String? {
        Files.identity(folder).map { "\($0.device):\($0.inode)" }
    }

    /// Whether another workspace of this machine is not this one under another path: a file that is made here
    /// does not appear there.
    ///
    /// - Parameter folder: this one's `.xpm-locks`.
    static func isOriginal(_ workspace: String, of folder: String) -> Bool {
        if let known = known.withLock({ $0[workspace] }) { return known }
        let name = "\(UInt64.random(in: .min ... .max)).\(Environment.hostName).\(getpid()).tmp"
        let other = "\(workspace)/\(Paths.name(folder))"
        guard Files.kind(other) == .folder, (try? Files.create("\(folder)/\(name)", with: [])) == true else {
            return false
        }
        let isOther = !Files.exists("\(other)/\(name)")
        try? Files.remove("\(folder)/\(name)")
        known.withLock { $0[workspace] = isOther }
        return isOther
    }
}

extension LockClaim {
    private static let place = Mutex<String?>(nil)
    private static let run = Mutex<BatchHolder?>(nil)

    /// The run as a batch job that this process belongs to (`BatchRun`): its claims hold as long as that job.
    package static var ofRun: BatchHolder? {
        get { run.withLock { $0 } }
        set { run.withLock { $0 = newValue } }
    }

    /// The workspace's `.xpm-locks`, where this process takes locks by claims.
    package static var folder: String? {
        get { place.withLock { $0 } }
        set { place.withLock { $0 = newValue } }
    }

    /// Whether this process takes locks by claims.
    package static var isInUse: Bool { folder != nil }

    /// Removes what killed processes of this host left of their claims, but the claims themselves.
    static func removeAbandoned(in folder: String) {
        Files.removeAbandoned(in: folder)
        for name in (try? Files.list(folder)) ?? [] where !name.hasSuffix(".tmp") {
            // Who has a right and is dead does nothing with it any more.
            if read("\(folder)/\(name)")?.isStale ?? false { try? Files.remove("\(folder)/\(name)") }
        }
    }
}
