import CLuaShim
import Text

/// The stack of a running Lua thread, as the shim lets Swift see it: no call here can raise a Lua error.
///
/// Valid only during the call that it was given to. Indices count from 1 at the bottom of the call, or from
/// -1 at the top.
@safe struct LuaStack {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    enum Kind {
        case none, null, bool, int, float, string, table, function, object, other
    }

    var count: Int32 { unsafe xlua_top(pointer) }

    func kind(_ index: Int32) -> Kind {
        switch unsafe xlua_type(pointer, index) {
        case XLUA_NONE: .none
        case XLUA_NIL: .null
        case XLUA_BOOLEAN: .bool
        case XLUA_INTEGER: .int
        case XLUA_FLOAT: .float
        case XLUA_STRING: .string
        case XLUA_TABLE: .table
        case XLUA_FUNCTION: .function
        case XLUA_OBJECT: .object
        default: .other
        }
    }

    /// What Lua calls the type of a value.
    func typeName(_ index: Int32) -> String { unsafe String(cString: xlua_type_name(pointer, index)) }

    func isAbsent(_ index: Int32) -> Bool { [.none, .null].contains(kind(index)) }

    // MARK: Reading

    func bool(_ index: Int32) -> Bool { unsafe xlua_boolean(pointer, index) }
    func int(_ index: Int32) -> Int64 { unsafe xlua_integer(pointer, index) }
    /// A whole number, `8` or `8.0`; nil for anything else.
    func whole(_ index: Int32) -> Int64? {
        switch kind(index) {
        case .int: int(index)
        case .float: Int64(exactly: float(index))
        default: nil
        }
    }

    func float(_ index: Int32) -> Double { unsafe xlua_number(pointer, index) }

    /// The text of a string; nil for another kind. Bytes that are not UTF-8 are replaced.
    func string(_ index: Int32) -> String? {
        var count = 0
        guard let bytes = unsafe xlua_string(pointer, index, &count) else { return nil }
        return unsafe bytes.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
            unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
        }
    }

    /// The text of a string that is UTF-8; nil for any other value.
    func text(_ index: Int32) -> String? {
        var count = 0
        guard let bytes = unsafe xlua_string(pointer, index, &count) else { return nil }
        return unsafe bytes.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
            unsafe String(validating: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
        }
    }

    /// The host's object of a class, or nil.
    func object<Object: AnyObject>(_ index: Int32, _ class: ObjectClass<Object>) -> Object? {
        guard let box = unsafe xlua_object(pointer, index, `class`.number) else { return nil }
        // The metatable, which no script can take or set, says that it is one.
        return unsafe Unmanaged<Object>.fromOpaque(box).takeUnretainedValue()
    }

    // MARK: Pushing

    func pushNil() { unsafe xlua_push_nil(pointer) }
    func push(_ value: Bool) { unsafe xlua_push_boolean(pointer, value) }
    func push(_ value: Int64) { unsafe xlua_push_integer(pointer, value) }
    func push(_ value: Double) { unsafe xlua_push_number(pointer, value) }
    func push(function: Int32) { unsafe xlua_push_function(pointer, function) }

    func push(_ value: String) {
        var value = value
        value.withUTF8 { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else {
                return unsafe xlua_push_string(pointer, "", 0)
            }
            unsafe start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                unsafe xlua_push_string(pointer, $0, bytes.count)
            }
        }
    }

    /// Pushes a new userdata that keeps the object alive until it is collected.
    func push<Object: AnyObject>(_ object: Object, _ class: ObjectClass<Object>) {
        unsafe xlua_push_object(pointer, `class`.number, Unmanaged.passRetained(object).toOpaque())
    }

    /// Pushes the value attached to an object of the host.
    func getAttached(to index: Int32) { unsafe xlua_get_attached(pointer, index) }
    /// Attaches the value on top to an object of the host, and pops it.
    func setAttached(to index: Int32) { unsafe xlua_set_attached(pointer, index) }

    func pushTable(sequence: Int = 0, fields: Int = 0) {
        unsafe xlua_push_table(pointer, Int32(clamping: sequence), Int32(clamping: fields))
    }

    func copy(_ index: Int32) { unsafe xlua_copy(pointer, index) }
    func pop(_ count: Int32 = 1) { unsafe xlua_pop(pointer, count) }
    func insert(_ index: Int32) { unsafe xlua_insert(pointer, index) }
    /// Moves the value on top to an index, in place of what is there.
    func replace(_ index: Int32) { unsafe xlua_replace(pointer, index) }
    func absolute(_ index: Int32) -> Int32 { unsafe xlua_absolute(pointer, index) }

    /// Makes room, or says that nesting is too deep.
    func reserve(_ count: Int32) throws {
        guard unsafe xlua_reserve(pointer, count) else { throw ScriptError("values nested too deep") }
    }

    // MARK: Tables, without metamethods

    func length(_ index: Int32) -> Int { unsafe xlua_count(pointer, index) }

    /// Pushes the value of a key.
    func get(_ name: String, from table: Int32) {
        let table = absolute(table)
        push(name)
        unsafe xlua_get(pointer, table)
    }

    /// Pushes the element at a position.
    func get(at position: Int64, from table: Int32) { unsafe xlua_get_at(pointer, table, position) }

    /// Gives a key the value on top, and pops it.
    func set(_ name: String, in table: Int32) {
        let table = absolute(table)
        push(name)
        unsafe xlua_insert(pointer, -2)
        unsafe xlua_set(pointer, table)
    }

    func set(at position: Int64, in table: Int32) { unsafe xlua_set_at(pointer, table, position) }

    /// Gives the key below the top the value on top, and pops both.
    func setPair(in table: Int32) { unsafe xlua_set(pointer, table) }

    func get(pointer key: UnsafeRawPointer, from table: Int32) {
        unsafe xlua_get_pointer(pointer, table, key)
    }
    func set(pointer key: UnsafeRawPointer, in table: Int32) { unsafe xlua_set_pointer(pointer, table, key) }

    /// Calls `body` for each pair, the key at -2 and the value at -1. The body leaves the stack as it was and
    /// does not change the table.
    func forEachPair(of table: Int32, _ body: () throws -> Void) rethrows {
        let table = absolute(table)
        pushNil()
        while unsafe xlua_next(pointer, table) {
            do {
                try body()
            } catch {
                pop(2)
                throw error
            }
            pop()
        }
    }

    /// Pushes the metatable, if there is one.
    func pushMetatable(of index: Int32) -> Bool { unsafe xlua_get_metatable(pointer, index) }
    func setMetatable(of index: Int32) { unsafe xlua_set_metatable(pointer, index) }
    func pushClass(_ number: Int32) { unsafe xlua_push_class(pointer, number) }
    func pushGlobals() { unsafe xlua_globals(pointer) }

    // MARK: References

    /// Takes the value on top off the stack and keeps it alive.
    func keep() -> LuaReference { LuaReference(number: unsafe xlua_keep(pointer)) }
    func push(_ reference: LuaReference) { unsafe xlua_fetch(pointer, reference.number) }
    /// Pushes a field of a table that is kept, unless it is nil.
    func pushField(_ name: String, of table: LuaReference) -> Bool {
        var name = name
        return name.withUTF8 { bytes in
            guard let start = bytes.baseAddress else { return false }
            return unsafe start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                unsafe xlua_fetch_field(pointer, table.number, $0, bytes.count)
            }
        }
    }
    func drop(_ reference: LuaReference) { unsafe xlua_drop(pointer, reference.number) }

    // MARK: Running

    /// Compiles source text and pushes the function.
    ///
    /// - Parameter name: `@file` or `=name`, as Lua's `load` takes it.
    func load(_ source: [UInt8], name: String) throws {
        let source = source.withoutByteOrderMark
        let isLoaded = unsafe source.withUnsafeBytes { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                guard let start = bytes.baseAddress else { return unsafe xlua_load(pointer, "", 0, name) }
                return unsafe xlua_load(pointer, start, bytes.count, name)
            }
        }
        if isLoaded { return }
        var message = string(-1) ?? "cannot be compiled"
        pop()
        if let hint = LuaHint.ofCompiler(message, in: source) { message += " (\(hint))" }
        throw LuaError(message: message, traceback: nil)
    }

    /// Calls the function below its arguments.
    ///
    /// - Parameter results: how many results stay on the stack; -1 for all.
    func call(arguments: Int32, results: Int32) throws {
        if unsafe xlua_call(pointer, arguments, results) { return }
        let traceback = string(-1)
        pop()
        // A string says it itself, and so does an object that has a text.
        let hasText = kind(-1) == .string || pushMetatable(of: -1)
        if hasText, kind(-1) != .string { pop() }
        let error = LuaError(
            message: hasText ? description(-1) : "error value: \(description(-1))", traceback: traceback)
        pop()
        var placed = error.placed
        if let hint = LuaHint.ofRuntime(placed.message) { placed.message += " (\(hint))" }
        throw placed
    }

    /// What `tostring` gives.
    func description(_ index: Int32) -> String {
        _ = unsafe xlua_describe(pointer, index)
        defer { pop() }
        return string(-1) ?? "an error that is a \(typeName(-1))"
    }

    // MARK: Places

    /// The innermost place in the user's code: file and line.
    func place() -> (source: String, line: Int)? {
        var line: Int32 = 0
        var buffer = [CChar](repeating: 0, count: 1024)
        let isFound = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe xlua_where(pointer, start, buffer.count, &line)
        }
        return isFound ? (Self.text(buffer), Int(line)) : nil
    }

    /// A line of the user's code, told by where Lua has the name of its file.
    struct Line: Hashable {
        let source: UInt
        let number: Int32
    }

    /// The innermost line of the user's code, without its text: what `place` tells at more cost.
    func line() -> Line? {
        var number: Int32 = 0
        guard let source = unsafe xlua_line(pointer, &number) else { return nil }
        return Line(source: UInt(bitPattern: source), number: number)
    }

    /// The source of the Lua function that called the host's one, if one did.
    func caller() -> String? {
        var buffer = [CChar](repeating: 0, count: 1024)
        let isFound = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe xlua_caller(pointer, start, buffer.count)
        }
        return isFound ? Self.text(buffer) : nil
    }

    /// The local names that the function which called the host's one sees.
    func visibleNames() -> [String] {
        unsafe xlua_visible_names(pointer)
        defer { pop() }
        var names: [String] = []
        forEachPair(of: -1) { if let name = string(-2) { names.append(name) } }
        return names
    }

    /// Has a function of the host called when a global is read that nobody has defined.
    func makeGlobalsStrict(_ function: Int32) { unsafe xlua_make_strict(pointer, function) }

    /// Whether the user's frame that called into the module is gone: a tail call.
    var hasReplacedCaller: Bool { unsafe xlua_replaced_caller(pointer) }

    /// Where the function at an index was written.
    func definition(_ index: Int32) -> (source: String, line: Int)? {
        var line: Int32 = 0
        var buffer = [CChar](repeating: 0, count: 1024)
        let isFound = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe xlua_definition(pointer, index, start, buffer.count, &line)
        }
        return isFound ? (Self.text(buffer), Int(line)) : nil
    }

    private static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A Lua value that the host keeps alive.
struct LuaReference: Equatable {
    let number: Int32
}

/// A class of host objects in Lua, told apart by their metatables.
struct ObjectClass<Object: AnyObject> {
    let number: Int32
}
