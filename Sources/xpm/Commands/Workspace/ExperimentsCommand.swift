import ArgumentParser
import Inventory
import Store
import System
import Text

struct ExperimentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "experiments",
        abstract: "List experiments and their runs, tag, copy and remove them.",
        subcommands: [List.self, Show.self, Runs.self, Tag.self, Untag.self, Copy.self, Delete.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "list", of: "experiments", abstract: "List the experiments with their newest runs.")

        @OptionGroup var workspace: WorkspaceOptions
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            do throws(Failure) {
                let place = try ExperimentFiles.existingWorkspace(workspace)
                let names = WorkspaceInventory(place, warn: Unreadable.note).experiments
                let width = names.map(\.count).max() ?? 0
                for name in names {
                    guard let run = RunRecord.newest(of: name, in: place) else { continue }
                    Unreadable.note(run)
                    StandardStream.output.write(
                        json ? run.json.text + "\n" : "\(name.padded(to: width))  \(run.text)\n")
                }
                if names.isEmpty { StandardStream.error.write("no experiments\n") }
            } catch { throw error.reported() }
        }
    }

    struct Runs: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "runs", of: "experiments", abstract: "List the runs of an experiment, the newest last.")

        @Argument(help: "The experiment.", completion: Completion.experiments) var experiment: String
        @OptionGroup var workspace: WorkspaceOptions
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            do throws(Failure) {
                for run in try ExperimentsCommand.runs(of: experiment, workspace) {
                    StandardStream.output.write(json ? run.json.text + "\n" : run.text + "\n")
                }
            } catch { throw error.reported() }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "show", of: "experiments",
            abstract:
                "Show the newest run of an experiment: what it was made with, and its jobs by type and state."
        )

        @Argument(help: "The experiment.", completion: Completion.experiments) var experiment: String
        @OptionGroup var workspace: WorkspaceOptions
        @Flag(help: "A JSON object.") var json = false

        func run() throws {
            do throws(Failure) {
                let run = try ExperimentsCommand.newestRun(of: experiment, workspace)
                let inventory = WorkspaceInventory(
                    try ExperimentFiles.workspace(workspace, experiment: experiment),
                    warn: Unreadable.note)
                var jobs = inventory.jobs(inRun: run)
                WorkspaceInventory.readStates(&jobs)
                let report = JobReport(style: .standardOutput)
                StandardStream.output.write(
                    json
                        ? String(decoding: report.json(run, jobs).prettyBytes, as: UTF8.self)
                        : report.run(run, jobs))
            } catch { throw error.reported() }
        }
    }

    struct Copy: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "copy", of: "experiments",
            abstract: "Copy an experiment into another workspace, with its finished jobs.",
            discussion: """
                Copies the newest run, its code, the jobs of it that have ended, and the folders that these share. What is there already is left \
                alone, so a copy that was interrupted is gone on with by the same command.

                Examples:
                  xpm experiments copy iris --to /data/archive
                  xpm experiments copy iris --to /data/archive --every-run
                """)

        @Argument(help: "The experiment.", completion: Completion.experiments) var experiment: String

        @Option(
            help: ArgumentHelp(
                "The other workspace: a folder, or an id of settings.yaml.", valueName: "workspace"),
            completion: .directory)
        var to: String

        @Flag(help: "Earlier runs too.") var everyRun = false
        @OptionGroup var workspace: WorkspaceOptions
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            do throws(Failure) {
                let all = try ExperimentsCommand.runs(of: experiment, workspace)
                let runs = everyRun ? all : [RunRecord.newest(of: all)].compactMap(\.self)
                if let alive = runs.first(where: { $0.state == "running" }) {
                    throw .message(
                        "experiment '\(experiment)' is running (\(alive.run)): a copy would be half of it")
                }
                let place = try ExperimentFiles.workspace(workspace, experiment: experiment)
                let named = try ExperimentFiles.namedWorkspaces().first { $0.id == to }?.path
                let target = Workspace(path: named ?? to)
                guard RemoteFolder(named ?? to) == nil else {
                    throw .message(
                        "\(to) is on another host, and copies stay on one: mount it, or rsync the workspace")
                }
                guard Paths.real(target.path) != Paths.real(place.path) else {
                    throw .message("\(to) is the workspace that it would be copied from")
                }
                var counts = (jobs: 0, folders: 0, runs: 0)
                try Failure.onDisk { () throws(SystemError) in
                    try ExperimentCopy(from: place, to: target).copy(runs) { item in
                        tell(item)
                        switch item {
                        case .job: counts.jobs += 1
                        case .sharedFolder: counts.folders += 1
                        case .run: counts.runs += 1
                        }
                    }
                }
                func count(_ number: Int, _ word: String) -> String {
                    "\(number) \(word)\(number == 1 ? "" : "s")"
                }
                StandardStream.error.write(
                    "\(count(counts.jobs, "job")), \(count(counts.folders, "shared folder")) and \(count(counts.runs, "run")) copied\n"
                )
            } catch { throw error.reported() }
        }

        private func tell(_ item: ExperimentCopy.Item) {
            let (kind, name) =
                switch item {
                case .job(let task, let identifier): ("job", "\(task)/\(identifier)")
                case .sharedFolder(let name): ("shared folder", name)
                case .run(let run): ("run", "\(experiment)/\(run)")
                }
            let line: JSON = ["copied": .string(kind), "name": .string(name)]
            StandardStream.output.write("\(json ? line.text : "copied \(kind) \(name)")\n")
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "delete", of: "experiments", abstract: "Remove runs of an experiment; their jobs stay.",
            discussion: """
                Tells what it would remove; removes it with --perform. xpm gc then finds the jobs that no run refers to.

                Examples:
                  xpm experiments delete iris --perform
                  xpm experiments delete iris --run 20261123_101500 --perform
                """)

        @Argument(help: "The experiment.", completion: Completion.experiments) var experiment: String

        @Option(
            name: .customLong("run"),
            help: ArgumentHelp("Only this run; may be given several times.", valueName: "run"))
        var runs: [String] = []

        @OptionGroup var workspace: WorkspaceOptions
        @Flag(help: "Remove them, instead of telling only.") var perform = false
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            do throws(Failure) {
                let all = try ExperimentsCommand.runs(of: experiment, workspace)
                for name in runs { _ = try ExperimentsCommand.find(name, of: experiment, among: all) }
                let removal = RunRemoval(
                    of: experiment, in: try ExperimentFiles.workspace(workspace, experiment: experiment))
                let chosen = runs.isEmpty ? all : all.filter { runs.contains($0.run) }
                if let service = chosen.lazy.compactMap({ RunRemoval.livingServices(of: $0).first }).first {
                    throw .message(
                        "service '\(service)' is still there: xpm services stop \(experiment)/\(service) ends it"
                    )
                }
                var isIdle = false
                do throws(SystemError) {
                    isIdle = try removal.whileIdle { () throws(SystemError) in
                        for one in chosen {
                            if perform { try removal.remove(one) }
                            tell(one)
                        }
                        if perform { try removal.tidy() }
                    }
                } catch { throw Failure(error) }
                if !isIdle { throw .message("experiment '\(experiment)' is running: stop it first") }
                if !perform { StandardStream.error.write("--perform removes them\n") }
            } catch { throw error.reported() }
        }

        private func tell(_ run: RunRecord) {
            let line: JSON = [
                "experiment": .string(experiment), "run": .string(run.run), "removed": .bool(perform),
            ]
            let text = "\(perform ? "removed" : "would remove") \(experiment)/\(run.run)"
            StandardStream.output.write("\(json ? line.text : text)\n")
        }
    }

    /// The runs of an experiment, the oldest first.
    ///
    /// - Throws: an experiment that there is not.
    static func runs(of experiment: String, _ options: WorkspaceOptions) throws(Failure)
        -> [RunRecord]
    {
        let place = try ExperimentFiles.existingWorkspace(options, experiment: experiment)
        let runs = RunRecord.all(of: experiment, in: place)
        guard !runs.isEmpty else {
            if let problem = RunHistory(experiment: experiment, in: place).problem { throw Failure(problem) }
            throw Failure(noExperiment: experiment, in: WorkspaceInventory(place))
        }
        for run in runs { Unreadable.note(run) }
        return runs
    }

    /// The run of a name.
    ///
    /// - Throws: a run that there is not.
    static func find(
        _ name: String, of experiment: String, among runs: [RunRecord]
    ) throws(Failure) -> RunRecord {
        if let found = runs.first(where: { $0.run == name }) { return found }
        throw .message(
            "\(experiment) has no run '\(name)'" + Suggestion.hint(for: name, among: runs.map(\.run)))
    }

    /// The newest run of an experiment that was not only `generate`; where all were, the newest.
    ///
    /// - Throws: an experiment that there is not.
    static func newestRun(of experiment: String, _ options: WorkspaceOptions) throws(Failure) -> RunRecord {
        let runs = try runs(of: experiment, options)
        return RunRecord.newest(of: runs) ?? runs[runs.count - 1]
    }
}
