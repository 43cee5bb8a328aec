import ArgumentParser
import Engine
import Inventory
import Store
import System
import Text

struct ServicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "services",
        abstract: "List, start and stop what lives beside a run: TensorBoard, file servers, your own.",
        discussion: """
            A service is named as EXPERIMENT/SERVICE, a part of one as EXPERIMENT/SERVICE/PART; EXPERIMENT alone means all services of its newest \
            run. Of a run that goes on they are the run's; of one that is over they can be started again, and stay until they are stopped.

            Examples:
              xpm services list iris
              xpm services start iris/tensorboard
              xpm services open iris/tensorboard
              xpm services log -f iris/tensorboard
            """,
        subcommands: [List.self, Start.self, Stop.self, Restart.self, Log.self, Open.self])

    struct Selection: ParsableArguments {
        @Argument(help: "EXPERIMENT or EXPERIMENT/SERVICE.") var name: String

        @Option(help: ArgumentHelp("The run (default: the newest that has services).", valueName: "run"))
        var run: String?

        @OptionGroup var workspace: WorkspaceOptions

        /// The services that are meant, those of a service behind it; and whether their run goes on.
        func services() throws(Failure) -> (folders: [ServiceFolder], isLive: Bool) {
            try Self.services(name, run: run, workspace)
        }

        static func services(
            _ name: String, run: String?, _ workspace: WorkspaceOptions
        ) throws(Failure) -> (folders: [ServiceFolder], isLive: Bool) {
            let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
            guard let experiment = parts.first else { throw .message("which experiment?") }
            var runs = try ExperimentsCommand.runs(of: experiment, workspace)
            if let run {
                runs = runs.filter { $0.run == run }
                if runs.isEmpty { throw .message("\(experiment) has no run '\(run)'") }
            }
            guard let chosen = runs.last(where: { !ServiceFolder.all(in: $0.path).isEmpty }) else {
                if parts.count > 1 { throw .message("\(experiment) has no services") }
                return ([], false)
            }
            let all = ServiceFolder.all(in: chosen.path)
            // By the lock: a run that is done still has its services for a moment.
            let place = try ExperimentFiles.workspace(workspace, experiment: experiment)
            let isNewest = chosen.run == runs.last?.run
            let isLive = isNewest && FileLock.isHeld(place.lock(ofExperiment: experiment))
            guard parts.count > 1 else { return (all, isLive) }
            let wanted = all.filter { $0.id == parts[1] || $0.id.hasPrefix("\(parts[1])/") }
            if wanted.isEmpty {
                let hint = Suggestion.hint(for: parts[1], among: all.map(\.id))
                throw .message("\(experiment) has no service '\(parts[1])'\(hint)")
            }
            return (wanted, isLive)
        }

        /// One service.
        func one() throws(Failure) -> ServiceFolder {
            let (folders, _) = try services()
            guard let first = folders.first else { throw .message("\(name) has no services") }
            let isPlain = !name.contains("/")
            if isPlain, folders.count > 1 {
                throw .message("which of them? \(folders.map { "\(name)/\($0.id)" }.joined(separator: ", "))")
            }
            return first
        }

        /// Does something with each, and tells where it stands then.
        fileprivate func each(
            json: Bool, _ body: (ServiceControl) throws(ServiceControl.Problem) -> Void
        ) throws {
            do throws(Failure) { try perform(json: json, body) } catch { throw error.reported() }
        }

        private func perform(
            json: Bool, _ body: (ServiceControl) throws(ServiceControl.Problem) -> Void
        ) throws(Failure) {
            let program = try ScriptRun.jobProgram()
            let (folders, isLive) = try services()
            if folders.isEmpty { StandardStream.error.write("\(name) has no services\n") }
            var hasFailed = false
            for folder in folders {
                let control = ServiceControl(folder, isLive: isLive, program: program)
                do throws(ServiceControl.Problem) { try body(control) } catch {
                    hasFailed = true
                    StandardStream.error.write(
                        "\(Style.standardError.red("error:")) \(folder.id): \(error.text)\n")
                }
                ServicesCommand.tell(folder, json: json)
            }
            if hasFailed { throw Failure.code(1) }
        }
    }

    /// - Parameter name: what it is called, among others in a column of some width.
    fileprivate static func tell(
        _ folder: ServiceFolder, as name: String? = nil, json: Bool, width: Int = 0
    ) {
        guard let record = ServiceRecord.read(folder) else { return }
        let state = record.actualState
        let line: JSON = [
            "id": .string(folder.id), "experiment": .string(folder.experiment),
            "run": .string(Paths.name(folder.run)), "description": .string(record.description),
            "state": .string(state.name),
            "url": .optional(state.isUp ? record.url : nil), "error": .optional(state.error),
            "log": .string(folder.log), "dir": .string(folder.dir),
            "pid": state.isUp ? record.host.map { .int(Int64($0.pid)) } ?? .null : .null,
        ]
        if json { return StandardStream.output.write(line.text + "\n") }
        let style = Style.standardOutput
        let word = state.name.padded(to: 8)
        let shown = state == .running ? style.green(word) : state.error != nil ? style.red(word) : word
        let rest = state.error ?? (state.isUp ? record.url : nil) ?? record.description
        StandardStream.output.write(
            "\((name ?? folder.id).padded(to: width))  \(shown)  \(TextReport.printable(rest))\n")
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "list", of: "services", abstract: "List services with their states and addresses.",
            discussion: """
                Without an experiment: those of the newest run of each, and those of earlier runs that still live.
                """)

        @Argument(help: "EXPERIMENT or EXPERIMENT/SERVICE; all of the workspace without it.")
        var name: String?

        @Option(
            name: .customLong("run"),
            help: ArgumentHelp("The run (default: the newest that has services).", valueName: "run"))
        var chosenRun: String?

        @OptionGroup var workspace: WorkspaceOptions
        @Flag(help: "One JSON object a line.") var json = false

        func validate() throws {
            if chosenRun != nil, name == nil { throw ValidationError("--run needs an experiment.") }
        }

        func run() throws {
            do throws(Failure) {
                let all: [ServiceFolder]
                if let name {
                    all = try Selection.services(name, run: chosenRun, workspace).folders
                } else {
                    all = try ofAllExperiments()
                }
                let titles = all.map { name == nil ? "\($0.experiment)/\($0.id)" : $0.id }
                let width = titles.map(\.columns).max() ?? 0
                for (folder, title) in zip(all, titles) {
                    ServicesCommand.tell(folder, as: title, json: json, width: width)
                }
                if all.isEmpty, !Unreadable.wasMet {
                    StandardStream.error.write("\(name ?? "the workspace") has no services\n")
                }
            } catch { throw error.reported() }
        }

        private func ofAllExperiments() throws(Failure) -> [ServiceFolder] {
            let place = try ExperimentFiles.existingWorkspace(workspace)
            return WorkspaceInventory(place, warn: Unreadable.note).experiments.flatMap { experiment in
                let runs = RunRecord.all(of: experiment, in: place).map { run in
                    Unreadable.note(run)
                    return ServiceFolder.all(in: run.path)
                }
                let newest = runs.last { !$0.isEmpty } ?? []
                let living = runs.joined().filter {
                    $0.run != newest.first?.run && ServiceRecord.read($0)?.actualState.isUp == true
                }
                return newest + living
            }
        }
    }

    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "start", of: "services", abstract: "Start services, and wait until they are ready.")

        @OptionGroup var selection: Selection
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            try selection.each(json: json) { control throws(ServiceControl.Problem) in
                try control.start()
            }
        }
    }

    struct Stop: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "stop", of: "services", abstract: "Stop services, and wait for their ends.")

        @OptionGroup var selection: Selection
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            try selection.each(json: json) { control throws(ServiceControl.Problem) in
                try control.stop()
            }
        }
    }

    struct Restart: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "restart", of: "services", abstract: "Stop services and start them again.")

        @OptionGroup var selection: Selection
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            try selection.each(json: json) { control throws(ServiceControl.Problem) in
                try control.stop()
                try control.start()
            }
        }
    }

    struct Log: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "log", of: "services", abstract: "Print what a service wrote, and follow it.")

        @OptionGroup var selection: Selection

        @Flag(name: .shortAndLong, help: "Go on while the service lives.")
        var follow = false

        @OptionGroup var log: LogOptions

        func run() throws {
            do throws(Failure) {
                let folder = try selection.one()
                let members: [JSON.Member] = [
                    .init("experiment", .string(folder.experiment)), .init("service", .string(folder.id)),
                ]
                try LogFollower(
                    path: folder.log, json: log.json ? members : nil, lines: log.lines, follows: follow
                ) {
                    ServiceRecord.read(folder)?.actualState.isUp == true
                }.run()
            } catch { throw error.reported() }
        }
    }

    struct Open: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "open", of: "services",
            abstract: "Print the address of a service, and open it in a browser where there is a screen.")

        @OptionGroup var selection: Selection
        @Flag(help: "A JSON object.") var json = false

        func run() throws {
            do throws(Failure) {
                let folder = try selection.one()
                guard let record = ServiceRecord.read(folder), record.actualState == .running else {
                    throw .message(
                        "\(folder.id) does not run: xpm services start \(selection.name) starts it")
                }
                guard let url = record.url else { throw .message("\(folder.id) has no address") }
                let line: JSON = ["id": .string(folder.id), "url": .string(url)]
                StandardStream.output.write("\(json ? line.text : url)\n")
                guard Environment["DISPLAY"] != nil || Environment["WAYLAND_DISPLAY"] != nil else { return }
                _ = ChildProcess.output(["xdg-open", url])
            } catch { throw error.reported() }
        }
    }
}
