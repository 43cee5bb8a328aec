import CLuaShim
import Text

/// Tells a running script, from any thread, to stop: the next instructions raise "interrupted".
@safe package final class InterruptFlag: @unchecked Sendable {
    // @unchecked Sendable because the flag behind the pointer is an atomic, and the pointer never changes.
    let pointer: OpaquePointer

    package init() { unsafe pointer = xlua_flag_new() }

    deinit { unsafe xlua_flag_free(pointer) }

    package func raise() { unsafe xlua_flag_raise(pointer) }

    /// The script has been stopped: what tidies up after it may run.
    func lower() { unsafe xlua_flag_lower(pointer) }

    package var isRaised: Bool { unsafe xlua_flag_is_raised(pointer) }
}
