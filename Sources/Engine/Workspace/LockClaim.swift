import CSystemShim
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A lock by the exclusive creation of a file, for disks on which flock(2) does not work: `{lock}.claim` says who has it.
///
/// The file appears with its whole content, by link(2), which only one of several succeeds with. It is removed by its owner, or by who finds
/// its owner dead: of several who find that, one wins the file `.xpm-locks/{nonce}.{n}`, which only who may remove that very claim can
/// have. Nothing is decided by a clock. An owner on another host counts as alive: only there it can be seen to be dead, after a restart
/// too, since the boot is part of the claim; `xpm doctor --mend --gone HOST` settles what a host left that never comes back.
struct LockClaim {
    private let path: String
    private let owner: ProcessRecord
    /// Tells this claim from every other.
    private let nonce: String
    /// The `.pid` of a program that has a part in the claim: while that one lives, the claim holds.
    private let program: String?

    private var json: JSON {
        guard case .object(let members) = owner.json() else { return .null }
        return .object(members + [.init("nonce", .string(nonce)), .init("program", .optional(program))])
    }

    private static func path(of lock: String) -> String { "\(lock).claim" }

    // MARK: Taking

    /// Claims a lock for a process.
    ///
    /// - Parameters:
    ///   - owner: who has it, of this machine.
    ///   - program: the `.pid` of a program that has a part in it.
    ///   - folder: the workspace's `.xpm-locks`.
    /// - Returns: false if somebody has it.
    static func take(
        _ lock: String, owner: Int32, program: String?, in folder: String
    ) throws(SystemError) -> Bool {
        let path = path(of: lock)
        let own = LockClaim(
            path: path, owner: ProcessRecord(pid: owner),
            nonce: String(UInt64.random(in: .min ... .max), radix: 16),
            program: program)
        // Each round meets a claim that lives, removes one that does not, or one that has just gone. What is there and cannot be read holds.
        for _ in 0..<mostRounds {
            if try own.place(at: path, by: folder) { return true }
            guard let other = read(path) else { continue }
            guard other.isStale, try other.remove(as: own, by: folder) else { return false }
        }
        return false
    }

    private static let mostRounds = 100

    /// Makes the file with its content in one step; false if there is one.
    private func place(at path: String, by folder: String) throws(SystemError) -> Bool {
        // What is left of it where this is killed is found there by the next run.
        let temporary = "\(folder)/\(nonce).\(Environment.hostName).\(getpid()).tmp"
        try Files.write(json.bytes, to: temporary)
        defer { unsafe _ = unlink(temporary) }
        if unsafe link(temporary, path) == 0 { return true }
        if errno == EEXIST { return false }
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
                if Self.read(path)?.nonce == nonce { try Files.remove(path) }
                for used in 0...number { try Files.remove("\(folder)/\(nonce).\(used)") }
                return true
            }
            guard let other = Self.read(right) else { return true }
            guard other.isStale else { return false }
            number += 1
        }
    }

    // MARK: Looking

    static func isHeld(_ lock: String) -> Bool { read(path(of: lock)).map { !$0.isStale } ?? false }

    private var isStale: Bool {
        if owner.isElsewhere || owner.isAlive { return false }
        return program.flatMap(ProcessRecord.read)?.isAlive != true
    }

    /// Who has a lock, or had it last.
    static func owner(of lock: String) -> ProcessRecord? { read(path(of: lock))?.owner }

    private static func read(_ path: String) -> LockClaim? {
        guard let bytes = try? Files.read(path, limit: 1 << 16), let json = try? JSON.parse(bytes),
            let owner = ProcessRecord(json), let nonce = json["nonce"]?.string
        else { return nil }
        return LockClaim(path: path, owner: owner, nonce: nonce, program: json["program"]?.string)
    }

    // MARK: Giving on and giving back

    /// Gives the claim, which this process has, to another of this machine.
    static func assign(_ lock: String, to pid: Int32) throws(SystemError) {
        let path = path(of: lock)
        guard let claim = read(path), let folder else { return }
        let new = LockClaim(
            path: path, owner: ProcessRecord(pid: pid), nonce: claim.nonce, program: claim.program)
        try Files.replace(path, with: new.json.bytes, temporaryIn: folder)
    }

    /// Gives a lock back that this process, or one that it has given it to, has.
    static func release(_ lock: String) { unsafe _ = unlink(path(of: lock)) }

    /// Removes a claim of a host that never comes back.
    ///
    /// - Returns: whether there was one.
    static func forget(_ lock: String, ofHost host: String) throws(SystemError) -> Bool {
        guard let claim = read(path(of: lock)), claim.owner.host == host else { return false }
        try Files.remove(claim.path)
        return true
    }
}

extension LockClaim {
    private static let place = Mutex<String?>(nil)

    /// The workspace's `.xpm-locks`, where this process takes locks by claims.
    static var folder: String? {
        get { place.withLock { $0 } }
        set { place.withLock { $0 = newValue } }
    }

    /// Whether this process takes locks by claims.
    static var isInUse: Bool { folder != nil }

    /// Removes what killed processes of this host left of their claims, but the claims themselves.
    static func removeAbandoned(in folder: String) {
        Files.removeAbandoned(in: folder)
        for name in (try? Files.list(folder)) ?? [] where !name.hasSuffix(".tmp") {
            // Who has a right and is dead does nothing with it any more.
            if read("\(folder)/\(name)")?.isStale ?? false { try? Files.remove("\(folder)/\(name)") }
        }
    }
}
