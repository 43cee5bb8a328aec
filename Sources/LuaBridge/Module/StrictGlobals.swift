import Text

/// Reading a name that nobody has defined is an error in the user's own files. Modules from elsewhere, code
/// that `load` has compiled, and `_G.name` get nil, as in Lua.
extension XpmModule {
    /// Names of other languages, and what they are in Lua; names of xpm's, and where they come from.
    private static let elsewhere: TextMap<String> = [
        "None": "Lua says nil", "null": "Lua says nil", "NULL": "Lua says nil", "undefined": "Lua says nil",
        "True": "Lua says true", "False": "Lua says false", "TRUE": "Lua says true",
        "FALSE": "Lua says false",
        "len": "the length of a list is #list", "str": "a value becomes text by tostring(value)",
        "int": "math.tointeger(value) makes a whole number, xpm.int is a type",
        "float": "tonumber(value) makes a number, xpm.float is a type",
        "range": "for i = 1, n do … end counts; xpm.range(1, n) is a sweep",
        "enumerate": "for i, value in ipairs(list) do … end goes through a list",
        "this": "a method that is defined with a colon has self",
        "self": "define the function with a colon, or with self as its first parameter",
        "xpm": "write local xpm = require \"xpm\" at the top of the file",
        "cfg": "it is the second argument of run(helper, cfg)",
        "helper": "it is the first argument of run(helper, cfg)",
        "xp": "it is helper.xp in run(helper, cfg)",
    ]

    /// What other versions of Lua have: code that runs with all of them asks for it.
    private static let ofOthers: TextSet = [
        "unpack", "loadstring", "setfenv", "getfenv", "module", "jit", "bit", "bit32", "newproxy", "ffi",
        "utf8",
    ]

    /// Called when the module has been loaded: what it took from the globals stays as it was.
    func makeGlobalsStrict() {
        lua.stack.makeGlobalsStrict(
            lua.register { [unowned self] stack in
                guard let name = stack.string(2), !Self.ofOthers.contains(name), let caller = stack.caller(),
                    let text = ownSources[caller]
                else {
                    stack.pushNil()
                    return 1
                }
                throw ScriptError("'\(name)' is not defined (\(Self.hint(for: name, in: text, stack)))")
            })
    }

    private static func hint(for name: String, in text: [UInt8], _ stack: LuaStack) -> String {
        if let known = elsewhere[name] { return known }
        let absence = "_G.\(name) is nil where a name may be missing"
        // A name of one letter is near to everything; one in capitals is meant to be a setting.
        guard name.utf8.count > 1, name.utf8.contains(where: { (97...122).contains($0) }) else {
            return absence
        }
        var seen = stack.visibleNames()
        stack.pushGlobals()
        stack.forEachPair(of: -1) { if let global = stack.string(-2) { seen.append(global) } }
        stack.pop()
        // What the function does not use is not seen by it, in a running program.
        let nearest =
            Suggestion.nearest(to: name, among: seen.sorted(by: ByteOrder.less))
            ?? Suggestion.nearest(to: name, among: LuaSource.definedNames(in: text))
        return nearest.map { "did you mean '\($0)'?" } ?? absence
    }
}
