import CSystemShim
import Glibc
import Store
import System
import Text

/// A pilot: takes one job of a list after the other, as long as it has time for one.
///
/// The list is the file `.jobs` of the array, to which its run may add. A job is taken by its claim, so that two
/// pilots never have the same one, and one that was taken back is passed over. A pilot begins at a place of its
/// own, so that many do not all look at the same jobs.
struct BatchPilot {
    /// Seconds without a job after which it leaves.
    private static let patience = 60.0
    /// How often it is looked for new jobs, in milliseconds.
    private static let interval = 25

    private let host: BatchHost
    private let list: String
    private var size: Int64 = -1
    private var lines: [[UInt8]] = []
    /// The places that were taken, here or by others.
    private var over: Set<Int> = []
    private var isStopped = false
    private let workers = WorkerPlace()

    /// Its number among those of its pilot.
    private let lane: Int

    init(_ host: BatchHost, lane: Int = 0) {
        self.host = host
        self.lane = lane
        list = host.record.jobs(in: host.workspace)
    }

    mutating func run() -> (code: Int32, message: String?) {
        defer { workers.end() }
        var idleSince = Monotonic.seconds
        while Monotonic.seconds - idleSince < Self.patience {
            if isStopped || isAskedToStop { return (0, "stopped") }
            if let left = host.secondsLeft, left <= 0 { return (0, nil) }
            // Without its list its run is over.
            guard readList() else { return (0, nil) }
            if runNext() {
                idleSince = Monotonic.seconds
                continue
            }
            Clock.sleep(milliseconds: Self.interval)
        }
        return (0, nil)
    }

    private var isAskedToStop: Bool {
        var number = xsys_next_signal(host.signals)
        while number > 0 {
            if number != SIGWINCH, number != SIGUSR2 || host.record.system != "slurm" { return true }
            number = xsys_next_signal(host.signals)
        }
        return false
    }

    /// - Returns: false where there is none any more.
    private mutating func readList() -> Bool {
        guard let look = Files.look(list) else { return false }
        guard look.stamp.size != size else { return true }
        size = look.stamp.size
        lines = (try? BatchRecord.lines(of: list)) ?? lines
        return true
    }

    /// Runs the next job that nobody has.
    ///
    /// - Returns: whether there was one.
    private mutating func runNext() -> Bool {
        guard let (taken, place, lock) = take() else { return false }
        var order = taken
        let outcome = host.attempt(&order, place, holding: lock.take(), workers: workers)
        // Not by the mark of who wants this one job to stop: the system stops all of it.
        if outcome?.reason == .cancelled, !Files.exists(order.folder.stopMark) { isStopped = true }
        return true
    }

    /// Of what is left the nearest to a place of its own.
    private mutating func take() -> (JobOrder, BatchHolder, LockBox)? {
        let lanes = max(1, host.record.pilots ?? 1) * host.record.lanes
        let start = lines.count * ((host.index * host.record.lanes + lane) % lanes) / lanes
        for step in lines.indices {
            let number = (start + step) % lines.count
            guard !over.contains(number), let order = try? JobOrder(lines[number]) else { continue }
            if let left = host.secondsLeft, !fits(order, in: left) { continue }
            var place = BatchHolder(nonce: host.record.nonce, index: number)
            place.pilot = host.index
            over.insert(number)
            if let lock = try? FileLock.begin(order.folder.lock, as: place, program: order.folder.process) {
                if !host.hasEnded(order) { return (order, place, LockBox(lock)) }
                host.end(order, place, lock)
            }
        }
        return nil
    }

    /// Whether there is time for a job; one that says nothing may need all that a new pilot has.
    private func fits(_ order: JobOrder, in left: Double) -> Bool {
        order.duration.map { $0 <= left } ?? (left > (host.record.limit ?? 0) / 4)
    }

    /// No job can run here: each is told why.
    mutating func failAll(_ outcome: Outcome, _ said: String) -> (code: Int32, message: String?) {
        guard readList() else { return (0, nil) }
        while let (order, place, lock) = take() {
            _ = host.fail(order, place, outcome, said, holding: lock.take())
        }
        return (1, outcome.text)
    }

    /// A lock that is handed on once.
    private final class LockBox {
        private var lock: FileLock?

        init(_ lock: consuming FileLock) { self.lock = consume lock }

        func take() -> FileLock {
            guard let lock = lock.take() else { preconditionFailure("a lock is handed on once") }
            return lock
        }
    }
}
