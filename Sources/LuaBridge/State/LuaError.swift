import Text

/// A Lua error that reached the host.
package struct LuaError: TextualError, Equatable {
    /// The error value as text, with the position that Lua or the host put before it.
    package var message: String
    /// The Lua frames, innermost first, one a line; nil for an error of the compiler.
    package var traceback: String?

    package init(message: String, traceback: String?) {
        self.message = message
        self.traceback = traceback
    }

    /// Whether the script was interrupted.
    package var isInterrupt: Bool { message.hasSuffix("interrupted") }

    /// Lua gives an operation no place that fails inside a function in C, as `ipairs(nil)`: the innermost
    /// frame has it.
    var placed: LuaError {
        // A frame is `  file:line: in field 'run'`.
        guard message.hasPrefix("attempt to "), let frame = traceback?.split(separator: "\n").first,
            let place = frame.cut(at: ": in ")?.before.after("  ")
        else { return self }
        return LuaError(message: "\(place): \(message)", traceback: traceback)
    }

    /// For people: the message, then the frames if there is more than the one of the message.
    package var text: String {
        guard let traceback, !traceback.isEmpty else { return message }
        // One frame says what the message says, where that has a place.
        if !traceback.contains("\n"), message.contains(":") { return message }
        return "\(message)\n\(traceback)"
    }
}

/// What a host function has to say against its call. It becomes a Lua error at the user's line.
package struct ScriptError: TextualError {
    let message: String

    init(_ message: String) { self.message = message }

    package var text: String { message }
}
