import ArgumentParser
import Inventory
import Store
import System
import Text

/// What is asked of live runs about the jobs that wait in them.
extension JobsCommand {
    struct Hold: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "hold", of: "jobs",
            abstract: "Keep waiting jobs of a live run from starting, until they are released.")

        @Argument(help: "The jobs.", completion: Completion.jobs) var jobs: [String] = []
        @OptionGroup var selection: NewestJobs
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws { try JobsCommand.ask(.hold, of: jobs, selection.query, json: json) }
    }

    struct Release: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "release", of: "jobs", abstract: "Let jobs go that were held.")

        @Argument(help: "The jobs.", completion: Completion.jobs) var jobs: [String] = []
        @OptionGroup var selection: NewestJobs
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws { try JobsCommand.ask(.release, of: jobs, selection.query, json: json) }
    }

    struct Priority: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "priority", of: "jobs", abstract: "Let waiting jobs of a live run start earlier or later.",
            discussion: """
                The greater number starts earlier; 0 is usual.

                Examples:
                  xpm jobs priority 5 3f2a1b9c
                  xpm jobs priority -1 --filter 'model = large'
                """)

        // One array: -1 is no option.
        @Argument(
            parsing: .allUnrecognized,
            help: ArgumentHelp("The priority, and the jobs.", valueName: "priority-and-jobs"))
        var words: [String]
        @OptionGroup var selection: NewestJobs
        @Flag(help: "One JSON object a line.") var json = false

        private var priority: Int? { words.first.flatMap(Int.init) }

        func validate() throws {
            if let option = words.first(where: { $0.hasPrefix("-") && Int($0) == nil }) {
                throw ValidationError("Unknown option '\(option)'.")
            }
            if priority == nil { throw ValidationError("The priority is a whole number, and comes first.") }
        }

        func run() throws {
            guard let priority else { return }
            try JobsCommand.ask(
                .priority(priority), of: Array(words.dropFirst()), selection.query, json: json)
        }
    }

    /// Asks every live run that has submitted them about jobs that wait in it.
    private static func ask(
        _ change: JobChange, of words: [String], _ query: JobQuery, json: Bool
    ) throws {
        do throws(Failure) {
            let place = try query.place(of: words)
            let chosen = try query.chosen(words)
            let report = JobReport(style: .standardOutput)
            var count = 0
            let inventory = WorkspaceInventory(place)
            for (run, folders) in inventory.liveRuns() {
                let own = chosen.filter { folders.contains($0.folder) }
                let jobs = inventory.waiting(own, inRun: run).filter { job in
                    switch change {
                    case .hold: !job.isHeld
                    case .release: job.isHeld
                    case .priority: true
                    }
                }
                // In the order in which they were submitted: among equals the first stays the first.
                .reversed()
                if jobs.isEmpty { continue }
                do throws(SystemError) {
                    try RunControl.ask(change, of: jobs.map(\.key), run: run.path)
                } catch { throw Failure(error) }
                count += jobs.count
                for job in jobs {
                    let line: JSON = [
                        "id": .string(job.identifier), "task": .string(job.task),
                        "experiment": .string(run.experiment), "asked": .string(change.text),
                    ]
                    StandardStream.output.write(
                        json
                            ? line.text + "\n" : "\(change.text)  \(report.name(job))  in \(run.experiment)\n"
                    )
                }
            }
            if count == 0 {
                let what = if case .release = change { "is held" } else { "waits" }
                throw .message("none of these jobs \(what) in a run that goes on")
            }
        } catch { throw error.reported() }
    }
}
