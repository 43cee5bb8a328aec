import ArgumentParser
import Engine
import LuaBridge

struct DeprecatedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deprecated",
        abstract: "Find results that were made under deprecated definitions, and link them to the new ones.",
        subcommands: [List.self, Fix.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List finished jobs whose identifier is another under the new definitions.",
            discussion: """
                The script tells the types: xpm.deprecate { … } and xpm.renamed.

                Example:
                  xpm deprecated list experiment.lua
                """)

        @OptionGroup var experiment: ExperimentOptions

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                let json = json
                try PlanReader.read(experiment, isWholePlan: false) { reader in
                    let jobs = DeprecatedJobs(in: reader.files.workspace) { reader.session.type(named: $0) }
                    let (found, unreadable) = jobs.find()
                    for entry in found {
                        reader.write(json ? entry.json.text + "\n" : entry.text(entry.state.rawValue))
                    }
                    unreadable.forEach(DeprecatedCommand.tell)
                    if found.isEmpty, !json { StandardStream.error.write("no deprecated jobs\n") }
                }
            } catch { throw error.reported() }
        }
    }

    struct Fix: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Link the folders of deprecated jobs to their new identifiers, so that they count as done.",
            discussion: """
                Nothing is moved or removed: jobs/{new type}/{new identifier} becomes a link to the old folder. --undo takes the links away.

                Examples:
                  xpm deprecated fix experiment.lua
                  xpm deprecated fix experiment.lua --undo
                """)

        @OptionGroup var experiment: ExperimentOptions

        @Flag(help: "Take the links away again.")
        var undo = false

        func run() throws {
            do throws(Failure) {
                let undo = undo
                try PlanReader.read(experiment, isWholePlan: false) { reader in
                    let jobs = DeprecatedJobs(in: reader.files.workspace) { reader.session.type(named: $0) }
                    let (found, unreadable) = jobs.find()
                    var count = 0
                    for entry in found where entry.state == (undo ? .linked : .unlinked) {
                        if undo { try jobs.unlink(entry) } else { try jobs.link(entry) }
                        reader.write(entry.text(undo ? "unlinked" : "linked"))
                        count += 1
                    }
                    unreadable.forEach(DeprecatedCommand.tell)
                    let what = undo ? "unlinked" : "linked"
                    StandardStream.error.write(count == 0 ? "nothing to do\n" : "\(count) \(what)\n")
                }
            } catch { throw error.reported() }
        }
    }

    fileprivate static func tell(_ folder: String, _ why: String) {
        StandardStream.error.write("warning: \(Paths.shown(folder)): \(why)\n")
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
