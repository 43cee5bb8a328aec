import System
import Text

/// Finds Lua files for `require` along `package.path`, and loads them with the name that messages show.
enum ModuleFinder {
    /// The file of a module along a path such as `./?.lua;lib/?/init.lua`; its absolute path, or nil.
    static func find(_ name: String, along path: String) -> String? {
        let part = name.replacing(".", with: "/")
        return path.split(separator: ";").lazy
            .map { Paths.absolute(String($0.replacing("?", with: part))) }
            .first { Files.kind($0) == .file }
    }

    /// `package.path` as the script has set it.
    static func path(_ stack: LuaStack, _ field: String = "path") -> String {
        stack.pushGlobals()
        stack.get("package", from: -1)
        stack.get(field, from: -1)
        defer { stack.pop(3) }
        return stack.string(-1) ?? ""
    }

    /// What `package.path` is in a new interpreter, without what is in the current folder: where the machine
    /// has modules.
    private static func systemPath(_ stack: LuaStack) -> String { path(stack, systemField) }

    /// Whether a file is what a module is in a new interpreter: Lua's own, or one of the machine.
    static func isOfMachine(_ name: String, at path: String, _ stack: LuaStack) -> Bool {
        find(name, along: systemPath(stack)) == path
    }

    /// Notes `systemPath`; called before the path is set.
    static func noteSystemPath(_ stack: LuaStack) {
        let own = path(stack).split(separator: ";").filter { $0.hasPrefix("/") }.joined(separator: ";")
        setPath(stack, systemField, own)
    }

    private static let systemField = "xpm_system_path"

    static func setPath(_ stack: LuaStack, _ field: String = "path", _ value: String) {
        stack.pushGlobals()
        stack.get("package", from: -1)
        stack.push(value)
        stack.set(field, in: -2)
        stack.pop(2)
    }

    /// Puts a searcher before Lua's own, which would read files that are not kept.
    static func install(_ function: @escaping LuaState.Function, in lua: LuaState) {
        let stack = lua.stack
        stack.pushGlobals()
        stack.get("package", from: -1)
        stack.get("searchers", from: -1)
        for position in stride(from: Int64(stack.length(-1)), through: 2, by: -1) {
            stack.get(at: position, from: -1)
            stack.set(at: position + 1, in: -2)
        }
        lua.push(function)
        stack.set(at: 2, in: -2)
        stack.pop(3)
    }
}
