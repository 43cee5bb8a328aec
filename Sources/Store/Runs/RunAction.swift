package import System
import Text

/// Something that can be done with what a run has made, when somebody asks for it: `{run}/actions/{name}/`.
///
/// The folder has the action's object (`SavedObject`) and `action.json`, version 1: its type, what it says of
/// itself, and how to load the files that define it. `action.json` is written last: a folder that has it is
/// whole.
package struct RunAction: Sendable, Equatable {
    package let name: String
    package let typeID: String
    package let description: String
    /// A Lua text that returns the kept files, as in the script of a Lua task.
    package let script: String

    package init(name: String, typeID: String, description: String, script: String) {
        self.name = name
        self.typeID = typeID
        self.description = description
        self.script = script
    }

    private static let version: Int64 = 1
    private static let fileName = "action.json"

    package static func folder(_ name: String, in run: String) -> String { "\(run)/actions/\(name)" }

    package func write(in run: String) throws(SystemError) {
        let json: JSON = [
            "version": .int(Self.version), "type": .string(typeID), "description": .string(description),
            "script": .string(script),
        ]
        try Files.replace("\(Self.folder(name, in: run))/\(Self.fileName)", with: json.prettyBytes)
    }

    /// Those of a run, by name; what cannot be read is left out.
    package static func all(in run: String) -> [RunAction] {
        ((try? Files.list("\(run)/actions")) ?? []).compactMap { read($0, in: run) }
    }

    private static func read(_ name: String, in run: String) -> RunAction? {
        guard let bytes = try? Files.read("\(folder(name, in: run))/\(fileName)", limit: 1 << 26),
            let json = try? JSON.parse(bytes), let type = json["type"]?.string,
            let script = json["script"]?.string, (json["version"]?.int ?? 0) <= version
        else { return nil }
        return RunAction(
            name: name, typeID: type, description: json["description"]?.string ?? "",
            script: moved(script, to: run))
    }

    /// The script with the place where the kept files are now: the workspace may have been copied or moved.
    private static func moved(_ script: String, to run: String) -> String {
        let experiment = Paths.parent(run)
        let sources = "/sources/\(Paths.name(experiment))/\(Paths.name(run))"
        guard let before = script.cut(at: sources)?.before, let former = before.cut(atLast: "\"")?.after
        else { return script }
        let workspace = LuaText.inside(Paths.parent(Paths.parent(experiment)))
        return JobRelocation.moved(script, String(former), workspace)
    }
}
