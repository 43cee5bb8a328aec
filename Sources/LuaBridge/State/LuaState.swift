import CLuaShim
import Model
import Settings
import Store
import System
import Text

/// A Lua interpreter and the functions that the host gives it. Belongs to one thread.
///
/// Lua → Swift: one C trampoline calls `call`; a Swift error is caught here, pushed as a value and raised by
/// C when this frame is gone. Swift → Lua: everything that can raise runs under `lua_pcall` in the shim.
final class LuaState {
    typealias Function = (LuaStack) throws -> Int

    let stack: LuaStack
    let flag: InterruptFlag
    private var functions: [Function] = []
    /// The stack of the host function that runs now, or the main one: where Swift code that has none may call
    /// Lua.
    private(set) var current: LuaStack

    init(flag: InterruptFlag = InterruptFlag()) {
        self.flag = flag
        let pointer = unsafe xlua_new(
            nil,
            { context, pointer, function in
                unsafe Unmanaged<LuaState>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().call(
                    LuaStack(pointer), function)
            },
            { object in unsafe Unmanaged<AnyObject>.fromOpaque(object).release() },
            flag.pointer)
        stack = unsafe LuaStack(pointer)
        current = stack
        // Unretained: the state lives as long as this object and no longer.
        unsafe xlua_set_context(pointer, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { unsafe xlua_close(stack.pointer) }

    /// Gives a host function a number.
    func register(_ function: @escaping Function) -> Int32 {
        functions.append(function)
        return Int32(functions.count - 1)
    }

    /// Pushes a new function of the host.
    func push(_ function: @escaping Function) { stack.push(function: register(function)) }

    private func call(_ stack: LuaStack, _ function: Int32) -> Int32 {
        let outer = current
        current = stack
        defer { current = outer }
        do {
            return Int32(try functions[Int(function)](stack))
        } catch let error as LuaError {
            stack.push(error.message)
        } catch let error as SettingError {
            // It names its own place.
            stack.push(error.text)
        } catch let error as any TextualError {
            stack.push(Self.positioned(error.text, stack))
        } catch {
            stack.push(Self.positioned("internal error: \(error)", stack))
        }
        return XLUA_RAISE
    }

    private static func positioned(_ message: String, _ stack: LuaStack) -> String {
        stack.place().map { "\($0.source):\($0.line): \(message)" } ?? message
    }
}
