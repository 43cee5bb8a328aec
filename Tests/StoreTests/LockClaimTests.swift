import Foundation
import Synchronization
import TestSupport
import Testing
import Text

@testable import Store
@testable import System

@Suite("Claims, where flock does not work", .serialized, .timeLimit(.minutes(20)))
struct LockClaimTests {
    private let folder: TemporaryFolder
    private var lock: String { "\(folder.path)/t.lock" }

    private let locks: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        locks = try TemporaryFolder()
    }

    private final class Counts: Sendable {
        let holders = Atomic(0)
        let taken = Atomic(0)
    }

    private func take() throws -> Bool {
        try LockClaim.take(lock, owner: Environment.processID, program: nil, in: locks.path) != nil
    }

    /// A claim of a process that is dead, or lives on another host.
    private func writeClaim(host: String = Environment.hostName, boot: String? = nil, nonce: String = "a1")
        throws
    {
        var record = ProcessRecord(pid: Environment.processID)
        record.startTime += 1
        record.host = host
        if let boot { record.boot = boot }
        guard case .object(let members) = record.json() else { return }
        try Files.write(
            JSON.object(members + [.init("nonce", .string(nonce))]).bytes, to: "\(lock).claim")
    }

    /// Gives back whatever claim is there.
    private func release() {
        let nonce = (try? JSON.parse(Files.read("\(lock).claim")))?["nonce"]?.string
        LockClaim.release(lock, "another")
        LockClaim.release(lock, nonce ?? "")
    }

    @Test("a process that has ended, and that nobody has waited for, is not alive")
    func zombie() throws {
        let pid = ChildProcess.spawn(["/bin/sh", "-c", "exit 0"], environment: .current, as: NewProcess())
        #expect(pid > 0)
        let record = ProcessRecord(pid: pid)
        for _ in 0..<500 where record.isAlive { usleep(10_000) }
        #expect(!record.isAlive && ProcessRecord.exists(pid))
        _ = ChildProcess.wait(for: pid)
    }

    @Test("one has it, until it gives it back")
    func exclusive() throws {
        #expect(!LockClaim.isHeld(lock))
        #expect(try take())
        #expect(try !take() && LockClaim.isHeld(lock))
        release()
        #expect(try !LockClaim.isHeld(lock) && take())
        #expect(try Files.list(folder.path) == ["t.lock.claim"])
    }

    @Test(
        "what a dead process has is taken over; what one of another host has is not, unless the host is given up"
    )
    func stale() throws {
        try writeClaim()
        #expect(try !LockClaim.isHeld(lock) && take())
        release()
        try writeClaim(host: "elsewhere")
        #expect(try LockClaim.isHeld(lock) && !take())
        #expect(try !LockClaim.forget(lock, ofHost: "other") && LockClaim.forget(lock, ofHost: "elsewhere"))
        #expect(try take())
        #expect(try Files.list(folder.path) == ["t.lock.claim"])
    }

    @Test("a program that lives keeps the claim of its dead host")
    func program() throws {
        let pid = try folder.write(ProcessRecord(pid: Environment.processID).json().text, to: "t.pid")
        #expect(try LockClaim.take(lock, owner: 1, program: pid, in: locks.path) != nil)
        var text = try Files.readText("\(lock).claim")
        text = text.replacing(#/"start_time": \d+/#, with: "\"start_time\": 1")
        try Files.write(Array(text.utf8), to: "\(lock).claim")
        #expect(LockClaim.isHeld(lock))
        try Files.remove(pid)
        #expect(!LockClaim.isHeld(lock))
    }

    @Test(
        "an heir holds a claim with its owner, and has it alone when it takes over; nobody else's is touched")
    func heirs() throws {
        let nonce = try #require(
            try LockClaim.take(lock, owner: Environment.processID, program: nil, in: locks.path))
        try LockClaim.bequeath(lock, nonce, to: Environment.processID, in: locks.path)
        #expect(throws: SystemError.self) { try LockClaim.bequeath(lock, "other", to: 1, in: locks.path) }
        #expect(throws: SystemError.self) { try LockClaim.inherit(lock, "other", in: locks.path) }
        // Its owner dies; the heir lives.
        let text = try Files.readText("\(lock).claim")
        let heir = try #require(text.range(of: "\"heir\""))
        let dead = text[..<heir.lowerBound].replacing(#/"start_time": \d+/#, with: "\"start_time\": 1")
        try Files.write(Array((dead + text[heir.lowerBound...]).utf8), to: "\(lock).claim")
        #expect(try LockClaim.isHeld(lock) && !take())
        try LockClaim.inherit(lock, nonce, in: locks.path)
        #expect(LockClaim.isHeld(lock))
        LockClaim.releaseBequeathed(lock)
        #expect(LockClaim.isHeld(lock))
        LockClaim.release(lock, nonce)
        #expect(!LockClaim.isHeld(lock))
    }

    @Test("one that died while it took over leaves the right to another")
    func twiceStale() throws {
        try writeClaim(nonce: "a1")
        let content = try Files.read("\(lock).claim")
        try Files.write(content, to: "\(locks.path)/a1.0")
        try Files.write(content, to: "\(locks.path)/a1.1")
        #expect(try take())
        #expect(try Files.list(folder.path) == ["t.lock.claim"] && Files.list(locks.path).isEmpty)
        // And what was left without its claim goes with the next run.
        try Files.write(content, to: "\(locks.path)/b2.0")
        try Files.write([], to: "\(locks.path)/b2.\(Environment.hostName).4194304.tmp")
        LockClaim.removeAbandoned(in: locks.path)
        #expect(try Files.list(locks.path).isEmpty)
    }

    @Test("of many threads that find a stale claim, one has it at a time")
    func race() async throws {
        let (lock, folder) = (lock, locks.path)
        let counts = Counts()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    for round in 0..<60 {
                        guard
                            let own = try LockClaim.take(
                                lock, owner: Environment.processID, program: nil, in: folder)
                        else {
                            continue
                        }
                        #expect(counts.holders.add(1, ordering: .sequentiallyConsistent).newValue == 1)
                        counts.taken.add(1, ordering: .relaxed)
                        counts.holders.subtract(1, ordering: .sequentiallyConsistent)
                        if round % 3 == 0 {
                            // As if it had died: the claim is a dead process's in one step.
                            var record = ProcessRecord(pid: Environment.processID)
                            record.startTime = 1
                            guard case .object(let members) = record.json() else { return }
                            let nonce = JSON.string("\(worker)-\(round)")
                            try Files.replace(
                                "\(lock).claim", with: JSON.object(members + [.init("nonce", nonce)]).bytes)
                        } else {
                            LockClaim.release(lock, own)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counts.taken.load(ordering: .relaxed) > 0)
    }

    @Test(
        "mounts whose locks other hosts do not see",
        arguments: [
            ("nfs4 h:/x rw,vers=4.2,local_lock=none", false), ("nfs h:/x rw,nolock,local_lock=all", true),
            ("nfs h:/x rw,local_lock=flock", true), ("lustre h:/x rw,flock", false), ("lustre h:/x rw", true),
            ("lustre h:/x rw,localflock", true), ("ext4 /dev/sda rw", false),
        ])
    func mounts(_ mount: String, _ forgets: Bool) {
        let text = """
            22 1 8:1 / / rw - ext4 /dev/root rw,nolock
            30 22 0:40 / /data rw,relatime shared:1 - \(mount)
            31 22 0:41 / /database rw - nfs h:/y rw,nolock
            """
        #expect(LockChoice.forgetsLocks(path: "/data/ws", mounts: text) == forgets)
        #expect(!LockChoice.forgetsLocks(path: "/home/ws", mounts: text))
    }
}
