import Foundation
import Synchronization
import System
import Testing
import Text

@testable import LuaBridge

/// Counts how many of its kind live.
private final class Probe {
    static let living = Mutex(0)

    init() { Self.living.withLock { $0 += 1 } }
    deinit { Self.living.withLock { $0 -= 1 } }
}

extension ObjectClass where Object == Probe {
    fileprivate static var probe: Self { .init(number: 15) }
}

@Suite("Lua state", .serialized, .timeLimit(.minutes(20)))
struct LuaStateTests {
    /// A state with `make()`, which gives a userdata, and `fail()`, which throws with an object in its frame.
    private func state() -> LuaState {
        let lua = LuaState()
        let stack = lua.stack
        stack.pushGlobals()
        lua.push { stack in
            stack.push(Probe(), .probe)
            return 1
        }
        stack.set("make", in: -2)
        lua.push { stack in
            let probe = Probe()
            defer { withExtendedLifetime(probe) {} }
            throw ScriptError("it failed")
        }
        stack.set("fail", in: -2)
        lua.push { stack in
            stack.copy(1)
            try stack.call(arguments: 0, results: 0)
            return 0
        }
        stack.set("call", in: -2)
        stack.pop()
        return lua
    }

    private func run(_ lua: LuaState, _ text: String) throws {
        try lua.stack.load(Array(text.utf8), name: "@test.lua")
        try lua.stack.call(arguments: 0, results: 0)
    }

    @Test("every object is released once, after errors, in coroutines and at the end")
    func release() throws {
        do {
            let lua = state()
            try run(lua, "for _ = 1, 100 do make() end collectgarbage()")
            try run(lua, "kept = make() for _ = 1, 100 do assert(not pcall(fail)) end")
            try run(
                lua,
                "local co = coroutine.wrap(function() local p = make() coroutine.yield() fail() end) co() pcall(co)"
            )
            #expect(throws: LuaError.self) { try run(lua, "local p = make() fail()") }
            #expect(lua.stack.count == 0)
        }
        #expect(Probe.living.withLock { $0 } == 0)
    }

    @Test("an error of the host has the user's line, through pcall, coroutines and nested calls")
    func positions() throws {
        let lua = state()
        let error = #expect(throws: LuaError.self) {
            try run(lua, "local x = 1\nlocal function inner()\n  fail()\nend\ninner()")
        }
        #expect(error?.message == "test.lua:3: it failed")
        #expect(
            error?.traceback == "  test.lua:3: in upvalue 'inner'\n  test.lua:5: in the main chunk"
                || error?.traceback == "  test.lua:3: in local 'inner'\n  test.lua:5: in the main chunk")
        try run(lua, "local ok, message = pcall(fail)\nassert(message:find('it failed', 1, true))")
        try run(
            lua,
            "local ok, message = coroutine.resume(coroutine.create(function() fail() end))\nassert(message == 'test.lua:1: it failed', message)"
        )
        let nested = #expect(throws: LuaError.self) {
            try run(lua, "call(function()\n call(function()\n  fail()\n end)\nend)")
        }
        #expect(nested?.message == "test.lua:3: it failed")
    }

    @Test("error values that are no strings, and errors in __tostring, are told")
    func oddErrors() {
        let lua = state()
        #expect(throws: LuaError.self) { try run(lua, "error({})") }
        #expect(throws: LuaError.self) { try run(lua, "error(nil)") }
        #expect(throws: LuaError.self) {
            try run(lua, "error(setmetatable({}, { __tostring = function() error('no') end }))")
        }
        let custom = #expect(throws: LuaError.self) {
            try run(lua, "error(setmetatable({}, { __tostring = function() return 'mine' end }))")
        }
        #expect(custom?.message == "mine")
        #expect(lua.stack.count == 0)
    }

    @Test("an endless loop ends when another thread says so, even inside pcall")
    func interrupt() throws {
        for text in [
            "while true do end", "while true do pcall(function() while true do end end) end",
            "coroutine.wrap(function() while true do end end)()",
        ] {
            let flag = InterruptFlag()
            let lua = LuaState(flag: flag)
            try NewThread.start { flag.raise() }
            let error = #expect(throws: LuaError.self) { try run(lua, text) }
            #expect(error?.isInterrupt == true)
        }
    }

    @Test("byte code is refused, and so is a request for more memory than there is")
    func refused() throws {
        let lua = state()
        #expect(throws: LuaError.self) { try run(lua, "\u{1b}Lua") }
        let error = #expect(throws: LuaError.self) {
            try run(lua, "return io.open('/dev/zero'):read(1 << 46)")
        }
        #expect(error?.message.contains("memory") == true)
        try run(lua, "local file = io.open '/dev/zero' assert(not pcall(file.read, file, 1 << 46))")
    }

    @Test("want of memory under a frame of the host ends the program, instead of jumping over it")
    func memoryUnderHost() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            let lua = LuaState()
            lua.push { stack in
                for _ in 0..<64 { stack.pushTable(sequence: Int(Int32.max)) }
                return 0
            }
            try lua.stack.call(arguments: 0, results: 0)
        }
    }

    @Test("recursion without end is an error")
    func recursion() {
        let lua = state()
        #expect(throws: LuaError.self) { try run(lua, "local function f() return 1 + f() end f()") }
        #expect(throws: LuaError.self) { try run(lua, "local function f() call(f) end f()") }
    }

    @Test("scripts cannot take an object's metatable")
    func metatable() throws {
        let lua = state()
        try run(
            lua, "local p = make() assert(getmetatable(p) == false) assert(not pcall(setmetatable, p, {}))")
    }
}
