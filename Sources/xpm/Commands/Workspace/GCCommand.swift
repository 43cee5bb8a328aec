import ArgumentParser
import Engine

struct GCCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove what nobody needs any more.",
        discussion: """
            That is: jobs that no run refers to, shared folders and kept code that no job refers to, and temporary outputs \
            (xpm.job_path { "name", temporary = true }) of jobs whose dependants are all done.

            Tells what it would remove, with sizes; removes it with --perform. What runs is left alone.
            """)

    @OptionGroup var workspace: WorkspaceOptions
    @Flag(help: "Remove them, instead of telling only.") var perform = false
    @Flag(help: "One JSON object a line.") var json = false

    func run() throws {
        do throws(Failure) {
            let place = try ExperimentFiles.existingWorkspace(workspace)
            var bytes: Int64 = 0
            var count = 0
            func tell(_ path: String, _ size: Int64) {
                bytes += size
                count += 1
                let line: JSON = ["path": .string(path), "bytes": .int(size), "removed": .bool(perform)]
                StandardStream.output.write(
                    json
                        ? line.text + "\n"
                        : "\(perform ? "removed" : "would remove") \(Paths.shown(path))  \(NumberText.bytes(size))\n"
                )
            }
            do throws(SystemError) {
                for job in WorkspaceInventory(place).orphans() {
                    let size = Files.size(of: job.folder.path)
                    let isFree: Void? = try FileLock.holding(job.folder.lock) { () throws(SystemError) in
                        if perform { try Files.removeTree(job.folder.path) }
                    }
                    if isFree != nil { tell(job.folder.path, size) }
                }
                for entry in TemporaryOutputs.list(in: place) {
                    if perform, try !TemporaryOutputs.remove(entry, in: place) { continue }
                    for (name, size) in entry.outputs { tell("\(entry.job.folder.path)/\(name)", size) }
                }
                for path in WorkspaceInventory(place).orphanedSources() {
                    let size = Files.size(of: path)
                    if perform { try Files.removeTree(path) }
                    tell(path, size)
                }
                for entry in PartialFolders.list(in: place) where entry.jobs.isEmpty && !entry.isHeld {
                    if perform, try !PartialFolders.remove(entry, in: place) { continue }
                    tell(entry.path, entry.bytes)
                }
            } catch { throw Failure(error) }
            let hint = perform || count == 0 ? "" : "; --perform removes them"
            StandardStream.error.write("\(count) not needed, \(NumberText.bytes(bytes))\(hint)\n")
        } catch { throw error.reported() }
    }
}
