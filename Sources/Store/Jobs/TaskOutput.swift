package import Model
package import System
package import Text

/// A line of `task-outputs.jsonl`: something that a resumable task made while it ran, as experimaestro's
/// `register_task_output` writes it.
package struct TaskOutput: Sendable, Equatable {
    /// The object's identifier and the output's name, with `/` between them.
    package let key: String
    /// `kwargs`, with `args` before them by their positions.
    package let values: JSON

    /// Appends a line.
    package static func append(
        _ name: String, of object: Identifier, values: JSON, to folder: JobFolder
    ) throws(SystemError) {
        try Files.makeFolder(Paths.parent(folder.outputs), below: folder.path)
        var (arguments, named) = (JSON.array([]), JSON.object([]))
        switch values {
        case .array: arguments = values
        default: named = values
        }
        let line: JSON = ["key": .string("\(object.hex)/\(name)"), "args": arguments, "kwargs": named]
        if let failure = try LineLog(folder.outputs).append(line) { throw failure }
    }

    /// The lines from an offset on; the offset moves past them. A line that is not whole yet is left for
    /// later, one that is no output is passed over.
    package static func read(_ folder: JobFolder, from offset: inout Int) -> [TaskOutput] {
        guard let bytes = try? Files.read(folder.outputs, from: offset) else { return [] }
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        offset += end + 1
        return bytes[..<end].split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let json = try? JSON.parse(Array(line)), let key = json["key"]?.string else { return nil }
            var members: [JSON.Member] = []
            if case .object(let named)? = json["kwargs"] { members = named }
            guard let arguments = json["args"]?.array, !arguments.isEmpty else {
                return TaskOutput(key: key, values: .object(members))
            }
            if members.isEmpty { return TaskOutput(key: key, values: .array(arguments)) }
            for (index, value) in arguments.enumerated() {
                members.append(.init(String(index + 1), value))
            }
            return TaskOutput(key: key, values: .object(members))
        }
    }
}
