import ArgumentParser
import Store
import System
import Text

struct PartialsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "partials",
        abstract: "List and clean the folders that several jobs share (xpm.partial).",
        subcommands: [List.self, Clean.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "list", of: "partials",
            abstract: "List the shared folders, their sizes, and how many jobs refer to each.")

        @OptionGroup var workspace: WorkspaceOptions

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                for entry in PartialFolders(in: try ExperimentFiles.existingWorkspace(workspace)).entries {
                    StandardStream.output.write(json ? entry.json.text + "\n" : entry.text)
                }
            } catch { throw error.reported() }
        }
    }

    struct Clean: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "clean", of: "partials", abstract: "Remove the shared folders that no job refers to any more.",
            discussion: """
                Tells what would be removed; removes it with --perform. A folder that a running job uses is left alone.

                Example:
                  xpm partials clean --perform
                """)

        @OptionGroup var workspace: WorkspaceOptions

        @Flag(help: "Remove them, instead of telling only.")
        var perform = false

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                let place = try ExperimentFiles.existingWorkspace(workspace)
                var (unused, count) = ([PartialFolders.Entry](), 0)
                func sweep() throws(CleaningError) {
                    var folders = PartialFolders(in: place)
                    count = folders.entries.count
                    do throws(SystemError) {
                        try folders.sweep(perform: perform) { unused.append($0) }
                    } catch { throw .system(error) }
                }
                do throws(CleaningError) {
                    if perform { try Cleaning.holding(place, sweep) } else { try sweep() }
                } catch { throw .message(error.text) }
                for entry in unused {
                    let line: JSON = [
                        "path": .string(entry.path), "bytes": .int(entry.bytes), "removed": .bool(perform),
                    ]
                    StandardStream.output.write(
                        json ? line.text + "\n" : (perform ? "removed " : "would remove ") + entry.text)
                }
                let bytes = NumberText.bytes(unused.reduce(0) { $0 + $1.bytes })
                let hint = perform || unused.isEmpty ? "" : "; --perform removes them"
                StandardStream.error.write(
                    "\(unused.count) of \(count) unused, \(bytes)\(hint)\n")
            } catch { throw error.reported() }
        }
    }
}

extension PartialFolders.Entry {
    fileprivate var text: String {
        "\(name)  \(NumberText.bytes(bytes))  \(jobs.count) job\(jobs.count == 1 ? "" : "s")\(isHeld ? ", in use" : "")\n"
    }

    fileprivate var json: JSON {
        [
            "path": .string(path), "bytes": .int(bytes), "jobs": .array(jobs.map(JSON.string)),
            "in_use": .bool(isHeld),
        ]
    }
}
