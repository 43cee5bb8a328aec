import Synchronization
import TestSupport
import Testing

@testable import Store
@testable import System

@Suite("Locks by flock", .timeLimit(.minutes(20)))
struct FileLockTests {
    private final class Counts: Sendable {
        let holders = Atomic(0)
        let taken = Atomic(0)
        let most = Atomic(0)
        let left = Atomic(8)
    }

    @Test("a lock has one holder, also where holders remove its file before they give it back")
    func retired() throws {
        let folder = try TemporaryFolder()
        let lock = "\(folder.path)/t.lock"
        let counts = Counts()
        for number in 0..<8 {
            try NewThread.start {
                for turn in 0..<3000 {
                    guard let held = try? FileLock.take(lock) else { continue }
                    let now = counts.holders.add(1, ordering: .sequentiallyConsistent).newValue
                    counts.most.max(now, ordering: .sequentiallyConsistent)
                    counts.taken.add(1, ordering: .sequentiallyConsistent)
                    counts.holders.subtract(1, ordering: .sequentiallyConsistent)
                    if (turn + number) % 3 == 0 { held.release() } else { held.retire() }
                }
                counts.left.subtract(1, ordering: .sequentiallyConsistent)
            }
        }
        while counts.left.load(ordering: .sequentiallyConsistent) > 0 { Clock.sleep(milliseconds: 5) }
        #expect(counts.most.load(ordering: .sequentiallyConsistent) == 1)
        #expect(counts.taken.load(ordering: .sequentiallyConsistent) > 100)
    }

    @Test(
        "cores and memory of a machine: never more than there is, the first that waits first, none left behind"
    )
    func machine() throws {
        let folder = try TemporaryFolder()
        let machine = MachineFolder(path: folder.path)
        func take(_ cores: Int, _ memory: Int64, _ waiting: borrowing MachineFolder.Holder?) throws
            -> MachineFolder.Holder?
        {
            try machine.take(
                .init(cores: cores, memory: memory), of: .init(cores: 4, memory: 8), waiting: waiting,
                note: "job")
        }
        func refuses(_ cores: Int, _ memory: Int64) throws -> Bool {
            guard let taken = try take(cores, memory, nil) else { return true }
            taken.end()
            return false
        }
        func must(_ holder: consuming MachineFolder.Holder?) throws -> MachineFolder.Holder {
            guard let holder else { throw CancellationError() }
            return holder
        }
        let first = try must(try take(3, 2, nil))
        #expect(try refuses(2, 1))
        #expect(try refuses(1, 7))
        // It waits for two: who comes later does not pass it.
        let place: MachineFolder.Holder? = try machine.wait(note: "waits")
        #expect(try refuses(1, 1))
        first.end()
        let its = try must(try take(2, 1, place))
        if let place { place.end() }
        let next = try must(try take(2, 7, nil))
        let (amount, notes) = machine.holders()
        #expect(amount == .init(cores: 4, memory: 8) && notes == ["job", "job"])
        its.end()
        next.end()
        // Of what a job does not ask for others may have any.
        let cores = try must(try take(9, 0, nil))
        #expect(try !refuses(0, 8) && refuses(1, 1))
        cores.end()
        // Of who was killed nothing but a file is left; one that needs more than there is has all.
        try folder.write("", to: "uses/1f.4.8.lock")
        try must(try take(9, 99, nil)).end()
        #expect(try Files.list("\(folder.path)/uses").isEmpty)
    }
}
