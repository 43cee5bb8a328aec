import ArgumentParser
import Engine
import Text

struct CodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "code",
        abstract: "Show or restore the code that a job was submitted with.",
        discussion: """
            Without FILE, lists the kept files, and whether they are today what they were.

            Examples:
              xpm code 3f2a1b9c
              xpm code 3f2a1b9c experiment.lua
              xpm code 3f2a1b9c --diff            of all files; with FILE of that one
              xpm code 3f2a1b9c --restore then/
            """)

    @Argument(help: "The job.") var job: String
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
                    StandardStream.output.write("wrote \(Paths.shown(path))\n")
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
            StandardStream.output.write(
                bytes: try Failure.onDisk { () throws(SystemError) in try Files.read(found.kept) })
        } catch { throw error.reported() }
    }

    private func tell(_ files: [JobCode.File]) {
        let width = files.map(\.name.count).max() ?? 0
        for file in files {
            let state = file.state
            if diff {
                guard state == .changed, let now = file.original else { continue }
                let arguments = [
                    "diff", "-u", "--label", "\(file.name) (kept)", "--label", file.name, file.kept, now,
                ]
                StandardStream.output.write(ChildProcess.output(arguments)?.text ?? "\(file.name) changed\n")
                continue
            }
            let line: JSON = [
                "name": .string(file.name), "kept": .string(file.kept), "original": .optional(file.original),
                "bytes": .int(file.bytes), "state": .string(state.rawValue),
            ]
            let text = "\(file.name.padded(to: width))  \(state.rawValue)  \(NumberText.bytes(file.bytes))"
            StandardStream.output.write("\(json ? line.text : text)\n")
        }
    }
}
