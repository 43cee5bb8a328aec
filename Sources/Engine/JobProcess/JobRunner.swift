import CSystemShim
import Glibc
package import Store
import System
import Text

/// The work of `xpm-job --runner`: hosts one job after the other, as a launcher sends them.
///
/// The channel is descriptor 3. A job comes as a `JobOrder` in JSON, with the lock's descriptor; an `Order`
/// asks the running one to stop. Each job is answered by a `RunnerMessage`. When the launcher is gone, the
/// runner ends its job and leaves.
package enum JobRunner {
    package static let flag = "--runner"
    static let channel: Int32 = 3

    enum Order {
        static let terminate = UInt8(ascii: "T")
        static let kill = UInt8(ascii: "K")
        /// Not to begin, where the program has not begun.
        static let withdraw = UInt8(ascii: "W")
    }

    /// Hosts jobs until the launcher is gone.
    ///
    /// - Parameter lua: runs a Lua task in a process of its own and gives the exit code.
    package static func serve(lua: @escaping LuaBody) {
        LockChoice.followStarter()
        // What a job leaves behind comes here, and can be found.
        xsys_adopt_orphans()
        var buffer = [UInt8](repeating: 0, count: 16384)
        let workers = WorkerPlace()
        defer { workers.end() }
        while true {
            var passed: Int32 = -1
            let count = unsafe xsys_receive(channel, &buffer, buffer.count, &passed, true)
            guard count > 0 else { return }
            while xsys_reap() > 0 {}
            // An order to stop that came after the end of its job.
            guard passed >= 0 else { continue }
            if !send(answer(to: Array(buffer[..<Int(count)]), Descriptor(owning: passed), workers, lua)) {
                return
            }
        }
    }

    /// The next order on a channel, waiting at most so long; nil where none came, or nobody is there any
    /// more.
    static func nextOrder(from channel: Int32, milliseconds: Int32) -> UInt8? {
        var polled = pollfd(fd: channel, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&polled, 1, milliseconds) > 0 else { return nil }
        var (order, passed): (UInt8, Int32) = (0, -1)
        // Whoever waited for this job is gone, and so is the wish that it runs.
        guard unsafe xsys_receive(channel, &order, 1, &passed, true) > 0 else { return Order.withdraw }
        return order
    }

    private static func answer(
        to order: [UInt8], _ lock: consuming Descriptor, _ workers: WorkerPlace, _ lua: @escaping LuaBody
    ) -> RunnerMessage {
        do throws(JobOrder.Problem) {
            let order = try JobOrder(order)
            let lock = FileLock(owning: lock, path: order.folder.lock, claim: order.claim)
            let attempt = JobAttempt(order, workers: workers, lua: lua)
            let outcome = attempt.run(holding: lock, output: .files, orders: channel) { send($0) }
            return outcome.map(RunnerMessage.ended) ?? .withdrawn
        } catch { return .ended(Outcome(.launch, message: error.text)) }
    }

    /// - Returns: whether somebody hears it.
    @discardableResult
    private static func send(_ message: RunnerMessage) -> Bool {
        let bytes = message.bytes
        return unsafe xsys_send(channel, bytes, bytes.count, -1) == 0
    }
}

/// A Lua task that is to run in a process of its own.
package struct LuaTask {
    /// The script after its header.
    package let script: Substring
    package let folder: JobFolder
    /// When its time is over, on the clock of `Monotonic`; nil for never.
    package let deadline: Double?
}

/// Runs a Lua task and returns the exit code. Called in a process of its own.
package typealias LuaBody = (LuaTask) -> Int32
