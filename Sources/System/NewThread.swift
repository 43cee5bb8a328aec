import CSystemShim
import Text

/// A thread of its own, for what blocks: the interpreter, and the wait for descriptors.
package enum NewThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Tells this thread from every other that lives.
    package static var currentNumber: UInt { xsys_thread_number() }

    /// Finds out now whether so many threads can run at once, where a limit may not allow it: the runtime of
    /// Swift waits for ever for those that it does not get.
    package static func require(_ count: Int) throws(SystemError) {
        let limit = xsys_process_limit()
        guard limit >= 0, limit < 4096 else { return }
        let isOver = Monitor(false)
        defer { isOver.change { $0 = true } }
        for _ in 0..<count { try start { _ = isOver.wait { $0 ? true : nil } } }
    }

    /// Starts a thread.
    ///
    /// - Parameter stack: its stack in bytes.
    /// - Throws: EAGAIN or ENOMEM where a limit on threads or on memory does not allow it.
    package static func start(
        stack: Int = 1 << 20, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let context = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
        let failure = unsafe xsys_thread(
            { context in
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
            }, context, stack)
        if failure < 0 {
            unsafe Unmanaged<Body>.fromOpaque(context).release()
            throw SystemError("start a thread (see ulimit -u and ulimit -v)", "", code: -failure)
        }
    }
}
