import ArgumentParser
import Inventory
import System
import Text

struct CodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "code",
        abstract: "Show or restore the code that a job was submitted with.",
        discussion: """
            Without FILE, lists the kept files, and whether they are today what they were.

            Examples:
              xpm code 3f2a1b9c
              xpm code 3f2a1b9c experiment.lua
              xpm code 3f2a1b9c --diff            of all files; with FILE of that one
              xpm code 3f2a1b9c --restore then/
            """)

    @Argument(help: "The job.", completion: Completion.jobs) var job: String
    @Argument(help: "A kept file to print.") var file: String?
    @OptionGroup var workspace: WorkspaceOptions

    @Option(help: ArgumentHelp("Write the files into a folder.", valueName: "folder"), completion: .directory)
    var restore: String?

    @Flag(help: "What is different today, as diff -u tells it.")
    var diff = false

    @Flag(help: "One JSON object a line.")
    var json = false

    func validate() throws {
        if restore != nil, diff || file != nil {
            throw ValidationError("--restore restores all files: give it alone.")
        }
    }

    func run() throws {
        do throws(Failure) {
            let place = try ExperimentFiles.existingWorkspace(workspace, of: job)
            let path = try JobFinder(place).find(job)
            let record = JobRecord(place, task: Paths.name(Paths.parent(path)), identifier: Paths.name(path))
            guard let code = JobCode(of: record.folder) else {
                throw .message("\(Paths.shown(path)): its code was not kept, or is gone")
            }
            if let restore {
                for path in try Failure.onDisk({ () throws(SystemError) in
                    try code.restore(to: Paths.absolute(restore))
                }) {
                    let line: JSON = ["wrote": .string(path)]
                    StandardStream.output.write("\(json ? line.text : "wrote \(Paths.shown(path))")\n")
                }
                return
            }
            let files = try Failure.onDisk { () throws(SystemError) in try code.files() }
            guard let file else { return tell(files) }
            guard let found = files.first(where: { $0.name == file || Paths.name($0.name) == file }) else {
                let hint = Suggestion.hint(for: file, among: files.map(\.name))
                throw .message("\(file) is not among the kept files\(hint)")
            }
            if diff { return tell([found]) }
            let bytes = try Failure.onDisk { () throws(SystemError) in try Files.read(found.kept) }
            if json {
                return write(found, [.init("text", .string(String(decoding: bytes, as: UTF8.self)))])
            }
            StandardStream.output.write(bytes: bytes)
        } catch { throw error.reported() }
    }

    private func tell(_ files: [JobCode.File]) {
        let width = files.map(\.name.count).max() ?? 0
        for file in files {
            let state = file.state
            if diff {
                if state == .same { continue }
                let text = difference(of: file)
                if json {
                    write(file, [.init("diff", .optional(text))])
                } else {
                    StandardStream.output.write(text ?? "\(file.name): \(Self.gone(file))\n")
                }
            } else if json {
                write(file, [])
            } else {
                StandardStream.output.write(
                    "\(file.name.padded(to: width))  \(state.rawValue)  \(NumberText.bytes(file.bytes))\n")
            }
        }
    }

    /// nil for one that is gone.
    private func difference(of file: JobCode.File) -> String? {
        guard file.state == .changed, let now = file.original else { return nil }
        let arguments = [
            "diff", "-u", "--label", "\(file.name) (kept)", "--label", file.name, file.kept, now,
        ]
        return ChildProcess.output(arguments)?.text ?? "\(file.name) changed\n"
    }

    private static func gone(_ file: JobCode.File) -> String {
        file.original.map { "gone: there is no \(Paths.shown($0)) any more" }
            ?? "gone: its run does not tell where it was"
    }

    private func write(_ file: JobCode.File, _ more: [JSON.Member]) {
        let line: [JSON.Member] = [
            .init("name", .string(file.name)), .init("kept", .string(file.kept)),
            .init("original", .optional(file.original)), .init("bytes", .int(file.bytes)),
            .init("state", .string(file.state.rawValue)),
        ]
        StandardStream.output.write("\(JSON.object(line + more).text)\n")
    }
}
