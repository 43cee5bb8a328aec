import Model
import Text

/// Tasks whose program does many jobs one after the other.
extension XpmModule {
    /// `worker = "python3 {here}/worker.py"` is a command for all jobs of the type: a list of words.
    func takeWorker(_ stack: LuaStack, id: String) throws {
        stack.get("worker", from: 2)
        defer { stack.pop() }
        if stack.kind(-1) == .null { return }
        stack.get("command", from: 2)
        let hasCommand = stack.kind(-1) != .null
        stack.pop()
        if hasCommand { throw ScriptError("\(id): a task has one of execute, command, worker and python") }
        let usage = "\(id): worker is a program and its arguments, such as \"python3 {here}/worker.py\""
        var words: [String] = []
        if let text = stack.string(-1) {
            guard !text.utf8.contains(where: { "\"'\\$;|&<>`".utf8.contains($0) }) else {
                throw ScriptError("\(usage): no shell reads it; a word with blanks or signs stands in a list")
            }
            words = text.split(separator: " ").map(String.init)
        } else if stack.kind(-1) == .table {
            for position in 1...max(1, Int64(stack.length(-1))) {
                stack.get(at: position, from: -1)
                defer { stack.pop() }
                guard let word = stack.string(-1) else { throw ScriptError(usage) }
                words.append(word)
            }
        }
        if words.isEmpty { throw ScriptError(usage) }
        for word in words {
            for name in try CommandTemplate.parse(word).compactMap(\.way) where name != ["here"] {
                throw ScriptError(
                    "\(id): worker: {\(name.joined(separator: "."))}: it is the same for all jobs; parameters come to its function"
                )
            }
        }
        stack.pushTable(sequence: words.count)
        for (index, word) in words.enumerated() {
            stack.push(word)
            stack.set(at: Int64(index + 1), in: -2)
        }
        stack.set("command", in: 2)
    }

    /// Whether the program of a type does many jobs one after the other.
    func isWorker(_ type: ConfigType, _ stack: LuaStack) -> Bool {
        guard pushField("worker", of: type, stack) else { return false }
        stack.pop()
        return true
    }
}
