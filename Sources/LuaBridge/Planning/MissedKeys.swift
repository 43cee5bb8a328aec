import Settings
import System
import Text

/// What a script has asked its configuration for in vain. That is no error where there is no schema, but it
/// is why the line fails that does something with the nil.
struct MissedKeys {
    private struct Miss {
        let owner: String
        let key: String
        let hint: String
    }

    /// By their lines; of each the first few.
    private var misses: [LuaStack.Line: (place: String, keys: [Miss])] = [:]

    /// `missed(owner, key, table of known names)`
    mutating func note(_ stack: LuaStack) {
        guard let owner = stack.string(1), let key = stack.string(2), let line = stack.line() else { return }
        if let known = misses[line], known.keys.count >= 4 || known.keys.contains(where: { $0.key == key }) {
            return
        }
        guard let place = stack.place() else { return }
        var names: [String] = []
        stack.forEachPair(of: 3) { if let name = stack.string(-2) { names.append(name) } }
        let miss = Miss(
            owner: owner, key: key, hint: Suggestion.hint(for: key, among: names.sorted(by: ByteOrder.less)))
        misses[line, default: ("\(place.source):\(place.line):", [])].keys.append(miss)
    }

    /// The error with what is missing in the configuration, where that explains it.
    func explaining(_ error: any Error, in input: PlanInput) -> any Error {
        guard let error = error as? LuaError, let miss = cause(of: error.message) else { return error }
        let files = input.configurationFiles.map { Paths.shown($0.path) }
        let source = files.isEmpty ? "no YAML file was given" : "in \(files.joined(separator: ", "))"
        return LuaError(
            message: "\(error.message): \(miss.owner) has no '\(miss.key)', \(source)\(miss.hint)",
            traceback: error.traceback)
    }

    private func cause(of message: String) -> Miss? {
        for (place, keys) in misses.values where message.hasPrefix(place) && message.contains("nil") {
            return keys.first { message.contains("'\($0.key)'") } ?? keys.first
        }
        return misses.values.flatMap(\.keys).first { message.hasSuffix("missing parameter '\($0.key)'") }
    }
}
