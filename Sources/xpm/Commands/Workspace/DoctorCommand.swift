import ArgumentParser
import Inventory
import Store
import System
import Text

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "doctor",
        abstract: "Check a workspace, and mend what is safe to mend.",
        discussion: """
            Looks for what dead processes left: runs that seem to go on, records of processes that are gone, temporary files, torn last lines, \
            links that lead nowhere; and for finished jobs whose parameters cannot be read. Mends with --mend what nobody can miss. What lies \
            in the folders of jobs and of kept code and is not of xpm's make is named too; no command removes it.

            Exit code 0: nothing found, or all mended, or only notes: what needs nobody's care; 1: something is left; 2: something cannot be read.
            """)

    @OptionGroup var workspace: WorkspaceOptions
    @Flag(help: "Mend what is safe.") var mend = false

    @Option(
        help: ArgumentHelp(
            "A host that never comes back: what it has locked, where locks are files, is free again.",
            valueName: "host"))
    var gone: String?

    @Flag(help: "Count files, folders and links too, as quotas do, and what xpm gc would free of them.")
    var inodes = false

    @Flag(help: "One JSON object a line.") var json = false

    func run() throws {
        do throws(Failure) {
            var left = 0
            var count = 0
            let place = try ExperimentFiles.existingWorkspace(workspace)
            let progress = WorkProgress()
            let doctor = WorkspaceDoctor(place, gone: gone) { error in
                progress.clear()
                Unreadable.note(error)
            }
            let findings = doctor.findings { progress.tell("\($0) of \($1) jobs looked at") }
            progress.clear()
            for finding in findings {
                if !finding.isNote { count += 1 }
                var isMended = false
                if mend, let cure = finding.cure {
                    do throws(SystemError) {
                        try cure()
                        isMended = true
                    } catch { StandardStream.error.write("warning: \(error.text)\n") }
                }
                if !isMended, !finding.isNote { left += 1 }
                let line: JSON = [
                    "path": .string(finding.path), "problem": .string(finding.problem),
                    "can_mend": .bool(finding.cure != nil), "mended": .bool(isMended),
                    "note": .bool(finding.isNote),
                ]
                let word = finding.isNote ? "note: " : ""
                let state = isMended ? "  mended" : finding.cure != nil ? "  (--mend)" : ""
                StandardStream.output.write(
                    json
                        ? line.text + "\n"
                        : "\(word)\(Paths.shown(finding.path)): \(finding.problem)\(state)\n")
            }
            if inodes { try countInodes(of: place) }
            if count == 0, !Unreadable.wasMet { StandardStream.error.write("nothing found\n") }
            if left > 0, !Unreadable.wasMet { throw Failure.code(1) }
        } catch { throw error.reported() }
    }

    private func countInodes(of place: Workspace) throws(Failure) {
        let count: InodeCount
        do throws(CleaningError) { count = try InodeCount(of: place) } catch { throw .message(error.text) }
        let line: JSON = [
            "inodes": .int(Int64(count.all)), "in_jobs": .int(Int64(count.jobs)),
            "jobs": .int(Int64(count.jobFolders)), "in_runs": .int(Int64(count.runs)),
            "gc_frees": .int(Int64(count.free)),
        ]
        let jobs = count.jobFolders == 1 ? "1 job" : "\(count.jobFolders) jobs"
        StandardStream.output.write(
            json
                ? line.text + "\n"
                : "\(count.all) files, folders and links: \(count.jobs) in \(jobs), \(count.runs) in runs, \(count.rest) elsewhere; xpm gc would free \(count.free)\n"
        )
    }
}
