import ArgumentParser
import Inventory
import Store
import System
import Text

struct GCCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "gc",
        abstract: "Remove what nobody needs any more.",
        discussion: """
            That is: jobs that no run refers to, shared folders and kept code that no job refers to, and temporary outputs \
            (xpm.job_path { "name", temporary = true }) of jobs whose dependants are all done.

            Tells what it would remove, with sizes; removes it with --perform. What runs is left alone; while a script may still submit jobs nothing is removed, and a run that begins meanwhile waits.
            """)

    @OptionGroup var workspace: WorkspaceOptions
    @Flag(help: "Remove them, instead of telling only.") var perform = false
    @Flag(help: "One JSON object a line.") var json = false

    func run() throws {
        do throws(Failure) {
            let place = try ExperimentFiles.existingWorkspace(workspace)
            var bytes: Int64 = 0
            var count = 0
            do throws(CleaningError) {
                let progress = WorkProgress()
                defer { progress.clear() }
                let collection = GarbageCollection(place) { step in progress.tell(step.rawValue) }
                try collection.collect(perform: perform) { item in
                    progress.clear()
                    bytes += item.bytes
                    count += 1
                    tell(item)
                }
            } catch { throw .message(error.text) }
            for name in perform ? [] : Cleaning.planning(in: place) {
                Failure.warn("\(name) may still need some of it: nothing is removed before its end")
            }
            let hint = perform || count == 0 ? "" : "; --perform removes them"
            StandardStream.error.write("\(count) not needed, \(NumberText.bytes(bytes))\(hint)\n")
        } catch { throw error.reported() }
    }

    private func tell(_ item: GarbageCollection.Item) {
        let line: JSON = [
            "path": .string(item.path), "bytes": .int(item.bytes), "removed": .bool(perform),
        ]
        let what = perform ? "removed" : "would remove"
        let text = "\(what) \(Paths.shown(item.path))  \(NumberText.bytes(item.bytes))"
        StandardStream.output.write((json ? line.text : text) + "\n")
    }
}
