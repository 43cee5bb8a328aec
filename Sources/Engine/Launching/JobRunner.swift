import CSystemShim
import Text

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The work of `xpm-job --runner`: hosts one job after the other, as a launcher sends them.
///
/// The channel is descriptor 3. A job comes as a `JobOrder` in JSON, with the lock's descriptor; `T` and `K` ask the running one to stop. Each job is answered by its outcome as JSON. When the launcher is gone, the
/// runner ends its job and leaves.
package enum JobRunner {
    package static let flag = "--runner"
    static let channel: Int32 = 3

    enum Order {
        static let terminate = UInt8(ascii: "T")
        static let kill = UInt8(ascii: "K")
    }

    /// Hosts jobs until the launcher is gone.
    ///
    /// - Parameter lua: runs a Lua task in a process of its own and gives the exit code.
    package static func serve(lua: @escaping LuaBody) {
        LockChoice.followStarter()
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            var passed: Int32 = -1
            let count = unsafe xsys_receive(channel, &buffer, buffer.count, &passed, true)
            guard count > 0 else { return }
            guard passed >= 0, let order = JobOrder(Array(buffer[..<Int(count)])) else { continue }
            let lock = FileLock(
                owning: Descriptor(owning: passed), path: order.folder.lock, claim: order.claim)
            let attempt = JobAttempt(order, lua: lua)
            let outcome = attempt.run(holding: lock, output: .files, orders: channel)
            let answer = outcome.json.bytes
            if unsafe xsys_send(channel, answer, answer.count, -1) < 0 { return }
        }
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
