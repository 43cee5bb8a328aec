import ArgumentParser
import LuaBridge
import Store
import System
import Text

struct DeprecatedCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "deprecated",
        abstract: "Find results that were made under deprecated definitions, and link them to the new ones.",
        subcommands: [List.self, Fix.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "list", of: "deprecated",
            abstract: "List finished jobs whose identifier is another under the new definitions.",
            discussion: """
                The script tells the types: xpm.deprecate { … } and xpm.renamed.

                Example:
                  xpm deprecated list experiment.lua
                """)

        @OptionGroup var script: ScriptOptions
        @OptionGroup var workspace: WorkspaceOptions

        @Flag(help: "One JSON object a line.")
        var json = false

        func validate() throws { try DeprecatedCommand.check(script) }

        func run() throws {
            do throws(Failure) {
                let json = json
                try PlanReader.read(ExperimentFiles(of: script, workspace: workspace), .types) { reader in
                    try ExperimentFiles.check(reader.files.workspace)
                    let jobs = DeprecatedJobs(in: reader.files.workspace) { reader.session.type(named: $0) }
                    let (found, unreadable) = jobs.find()
                    for entry in found {
                        reader.write(json ? entry.json.text + "\n" : entry.text(entry.state.rawValue))
                    }
                    for path in jobs.dangling() {
                        reader.write(
                            json
                                ? JSON.object([.init("new", .string(path)), .init("state", "dangling")]).text
                                    + "\n"
                                : "\(Paths.shown(path))  dangling: what it was linked to is gone\n")
                    }
                    if found.isEmpty, unreadable.isEmpty, !json {
                        StandardStream.error.write("no deprecated jobs\n")
                    }
                    try DeprecatedCommand.tell(unreadable)
                }
            } catch { throw error.reported() }
        }
    }

    struct Fix: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "fix", of: "deprecated",
            abstract:
                "Link the folders of deprecated jobs to their new identifiers, so that they count as done.",
            discussion: """
                Nothing is moved or removed: jobs/{new type}/{new identifier} becomes a link to the old folder. --undo takes the links away.

                Examples:
                  xpm deprecated fix experiment.lua
                  xpm deprecated fix experiment.lua --undo
                """)

        @OptionGroup var script: ScriptOptions
        @OptionGroup var workspace: WorkspaceOptions

        @Flag(help: "Take the links away again.")
        var undo = false

        @Flag(help: "One JSON object a line.")
        var json = false

        func validate() throws { try DeprecatedCommand.check(script) }

        func run() throws {
            do throws(Failure) {
                let (undo, json) = (undo, json)
                try PlanReader.read(ExperimentFiles(of: script, workspace: workspace), .types) { reader in
                    try ExperimentFiles.check(reader.files.workspace)
                    let jobs = DeprecatedJobs(in: reader.files.workspace) { reader.session.type(named: $0) }
                    let (found, unreadable) = jobs.find()
                    var count = 0
                    for path in jobs.dangling() {
                        try Files.remove(path)
                        let line: JSON = ["new": .string(path), "did": "removed"]
                        reader.write(
                            json
                                ? line.text + "\n"
                                : "\(Paths.shown(path))  removed: what it was linked to is gone\n")
                        count += 1
                    }
                    var targets: TextSet = []
                    for entry in found where entry.state == .unfinished && !undo {
                        StandardStream.error.write(
                            "warning: \(Paths.shown(entry.new.path)): an unfinished folder is there; remove it to link the old result\n"
                        )
                    }
                    for entry in found where entry.state == (undo ? .linked : .unlinked) {
                        if !undo, !targets.insert(entry.new.path).inserted {
                            StandardStream.error.write(
                                "warning: \(Paths.shown(entry.old.path)): another old job has the same new identifier already\n"
                            )
                            continue
                        }
                        if undo { try jobs.unlink(entry) } else { try jobs.link(entry) }
                        let did = undo ? "unlinked" : "linked"
                        let line: JSON = [
                            "old": .string(entry.old.path), "new": .string(entry.new.path),
                            "did": .string(did),
                        ]
                        reader.write(json ? line.text + "\n" : entry.text(did))
                        count += 1
                    }
                    let what = undo ? "unlinked" : "linked"
                    if count > 0 || unreadable.isEmpty {
                        StandardStream.error.write(count == 0 ? "nothing to do\n" : "\(count) \(what)\n")
                    }
                    try DeprecatedCommand.tell(unreadable)
                }
            } catch { throw error.reported() }
        }
    }

    fileprivate static func check(_ script: ScriptOptions) throws {
        try script.requireFiles()
        // The id may choose the workspace.
        try script.requireKeys(["id"] + ScriptOptions.keysOfCode)
    }

    /// Tells of jobs that could not be converted; then the command has not succeeded.
    fileprivate static func tell(_ unreadable: [(folder: String, why: any Error)]) throws(Failure) {
        for (folder, why) in unreadable {
            StandardStream.error.write("warning: \(Paths.shown(folder)): \(Failure(any: why).text)\n")
        }
        if !unreadable.isEmpty { throw .code(2) }
    }
}

extension DeprecatedJobs.Entry {
    fileprivate func text(_ state: String) -> String {
        func short(_ folder: JobFolder) -> String {
            "\(Paths.name(Paths.parent(folder.path))) \(Paths.name(folder.path).prefix(8))"
        }
        return "\(short(old)) → \(short(new))  \(state)\n"
    }

    fileprivate var json: JSON {
        ["old": .string(old.path), "new": .string(new.path), "state": .string(state.rawValue)]
    }
}
