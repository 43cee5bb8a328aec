import Text

/// What somebody who knows another language probably meant, for an error of Lua's.
enum LuaHint {
    /// - Parameters:
    ///   - message: of the compiler: `file:3: '}' expected near 'b'`.
    ///   - source: the text that it is about.
    /// - Returns: nil where nothing is known.
    static func ofCompiler(_ message: String, in source: [UInt8]) -> String? {
        let line = line(of: message, in: source)
        if message.hasSuffix("near '!'") {
            return line.contains("!=") ? "Lua writes ~= for !=" : "Lua says not"
        }
        if message.hasSuffix("near '#'") || message.hasSuffix("near '//'") {
            return "a comment begins with --"
        }
        for sign in ["+", "-", "*", "/", ".."] where message.hasSuffix("near '\(sign)'") {
            if line.contains("\(sign)=") { return "Lua has no \(sign)=: write x = x \(sign) …" }
            if line.contains("\(sign)\(sign)"), sign == "+" || sign == "-" {
                return "Lua has no \(sign)\(sign): write x = x \(sign) 1"
            }
        }
        let word = String(line.trimmed.prefix(ofBytes: { !$0.isBlank }))
        if word == "def" { return "function name(…) … end defines a function" }
        if line.contains("lambda ") { return "function(x) return … end is a function" }
        if word == "elif" { return "Lua says elseif" }
        if word == "import" || word == "from" { return "local name = require \"module\" loads a module" }
        if message.contains("expected"), hasPythonBlock(source) {
            return "Lua says do or then, and end, where Python has a colon"
        }
        if message.contains("'then' expected near '='") { return "== compares" }
        if message.contains("'}' expected") {
            return message.hasSuffix("near ':'") || message.hasSuffix("near '='")
                ? "a table is { name = value }, or { [\"a name\"] = value }" : "is a comma missing before it?"
        }
        if message.contains("'end' expected"), message.hasSuffix("near <eof>"),
            String(decoding: source, as: UTF8.self).contains("else if ")
        {
            return "elseif is one word: else if needs an end of its own"
        }
        return nil
    }

    /// `for x in y:`, `if x:`
    private static func hasPythonBlock(_ source: [UInt8]) -> Bool {
        source.split(separator: 10).contains { line in
            let text = String(decoding: line, as: UTF8.self).trimmed
            return text.hasSuffix(":")
                && ["for ", "if ", "while ", "elif ", "else:"].contains { text.hasPrefix($0) }
        }
    }

    static func ofRuntime(_ message: String) -> String? {
        if message.contains("(for iterator 'for iterator')") {
            return
                "for _, value in ipairs(list) do goes through a list, for key, value in pairs(map) do through a map"
        }
        return nil
    }

    /// The line that a message names, and that before it where the fault shows only behind it.
    private static func line(of message: String, in source: [UInt8]) -> String {
        let lines = source.split(separator: 10, omittingEmptySubsequences: false)
        let number = message.split(separator: ":").lazy.compactMap { Int($0) }.first { _ in true } ?? 0
        func text(_ number: Int) -> String {
            lines.indices.contains(number - 1) ? String(decoding: lines[number - 1], as: UTF8.self) : ""
        }
        let before = text(number - 1)
        return before.contains("lambda ") || before.trimmed.hasPrefix("def ") ? before : text(number)
    }
}
