import Engine
import Model
import Store
import Text

/// Words before the program of a job: `wrap = { "apptainer", "exec", "--bind", "{workspace}", "lab.sif" }`.
enum WrapWords {
    private static let names = ["here", "folder", "workspace"]

    /// - Returns: the words, with their names in braces; none for `false`.
    static func read(_ value: Value) throws -> [String] {
        if value == .bool(false) { return [] }
        guard case .list(let values) = value, !values.isEmpty else {
            throw ScriptError(
                "a list of words, such as { \"apptainer\", \"exec\", \"lab.sif\" }, or false, not \(value.told)"
            )
        }
        let words = try values.map { word in
            guard case .string(let text) = word, !text.has(0) else {
                throw ScriptError("a list of words, in which \(word.told) is none")
            }
            return text
        }
        for word in words {
            for case .name(let name) in try BraceText.parse(word) where !names.contains(String(name)) {
                let hint = Suggestion.hint(for: String(name), among: names)
                throw ScriptError(
                    "{\(name)}\(hint): {here}, {folder} and {workspace} are known; a brace is written '{{'")
            }
        }
        return words
    }

    /// The words of a job.
    ///
    /// - Parameters:
    ///   - here: the folder of the task's Lua file, as it is kept.
    ///   - folder: of the job.
    static func words(
        of frame: ProgramFrame, here: String, folder: String, workspace: String
    ) throws -> [String] {
        let places = ["here": here, "folder": folder, "workspace": workspace]
        return try frame.wrap.map { word in
            try BraceText.parse(word).map { piece in
                switch piece {
                case .text(let text): text
                case .name(let name): places[String(name)] ?? ""
                }
            }.joined()
        }
    }
}
