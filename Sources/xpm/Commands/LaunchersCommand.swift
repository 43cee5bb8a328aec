import ArgumentParser
import Batch
import Engine
import LuaBridge
import Model
import Settings
import Store
import System
import Text

struct LaunchersCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "launchers",
        abstract: "List, write and try the launchers of launchers.lua.",
        subcommands: [List.self, Generate.self, Check.self], defaultSubcommand: List.self)

    /// The user's launchers.
    static func file() throws(Failure) -> LauncherFile? {
        do { return try LauncherFile.ofUser() } catch { throw Failure(any: error) }
    }

    /// What limits jobs in a partition, for people.
    static func limits(of partition: LauncherDefinition.Partition) -> String {
        [
            partition.cores.map { "\($0) cores" }, partition.memory.map(NumberText.bytes),
            partition.gpus.isEmpty ? nil : "\(partition.gpus.count) GPUs",
            partition.duration.map { "at most \(NumberText.duration($0))" },
        ].compactMap(\.self).joined(separator: ", ")
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "list", of: "launchers", abstract: "List the launchers and their partitions.")

        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            do throws(Failure) {
                guard let file = try LaunchersCommand.file() else {
                    if !json {
                        StandardStream.error.write(
                            "no \(Paths.shown(LauncherChoice.path)): jobs run on this machine; xpm launchers generate slurm writes one\n"
                        )
                    }
                    return
                }
                for launcher in file.all {
                    let kind =
                        switch launcher.kind {
                        case .direct: "direct"
                        case .batch(let name): name
                        case .remote(let place, _, _): "ssh \(place.text)"
                        }
                    if json {
                        let line: JSON = [
                            "name": .string(launcher.name), "kind": .string(kind),
                            "partitions": .array(launcher.partitions.map(Self.json)),
                        ]
                        StandardStream.output.write(line.text + "\n")
                        continue
                    }
                    StandardStream.output.write(
                        launcher.name + (launcher.name == kind ? "" : " (\(kind))") + "\n")
                    let width = launcher.partitions.map(\.name.count).max() ?? 0
                    for one in launcher.partitions {
                        StandardStream.output.write(
                            "  \(one.name.padded(to: width))  \(LaunchersCommand.limits(of: one))\n")
                    }
                }
            } catch { throw error.reported() }
        }

        private static func json(_ partition: LauncherDefinition.Partition) -> JSON {
            [
                "name": .string(partition.name),
                "cores": partition.cores.map { .int(Int64($0)) } ?? .null,
                "memory": partition.memory.map(JSON.int) ?? .null,
                "gpus": .int(Int64(partition.gpus.count)),
                "duration": partition.duration.map(JSON.float) ?? .null,
            ]
        }
    }

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "generate", of: "launchers",
            abstract: "Write a first launchers.lua, from what the batch system tells.",
            discussion: """
                A file that is there is left as it is: --print writes to standard output instead.

                Example:
                  xpm launchers generate slurm
                """)

        @Argument(help: "slurm.") var system: String

        @Flag(help: "Write it to standard output instead.")
        var print = false

        @Flag(help: "A JSON object: which file.")
        var json = false

        func validate() throws {
            if print, json { throw ValidationError("--print and --json exclude each other.") }
        }

        func run() throws {
            do throws(Failure) {
                let path = LauncherChoice.path
                guard let system = BatchQueue.system(named: system) else {
                    throw .message("xpm knows no batch system '\(self.system)': slurm")
                }
                if !print, Files.exists(path) {
                    throw .message(
                        "\(Paths.shown(path)) is there, and left as it is: --print writes to standard output")
                }
                let partitions: [BatchPartition]
                do throws(BatchError) { partitions = try system.partitions() } catch { throw Failure(error) }
                let text = Self.text(system, partitions)
                if print { return StandardStream.output.write(text) }
                try Failure.onDisk { () throws(SystemError) in
                    try Files.makeFolder(Paths.parent(path))
                    try Files.replace(path, with: Array(text.utf8))
                }
                if json {
                    let line: JSON = ["file": .string(path), "partitions": .int(Int64(partitions.count))]
                    return StandardStream.output.write(line.text + "\n")
                }
                StandardStream.output.write(
                    "wrote \(Paths.shown(path)); xpm launchers check \(system.name) tries it\n")
            } catch { throw error.reported() }
        }

        private static func text(_ system: any BatchSystem, _ partitions: [BatchPartition]) -> String {
            let lines = partitions.map { one in
                let duration = one.duration.map { ", duration = \"\(Int($0 / 60))m\"" } ?? ""
                let gpus = one.gpus > 0 ? ", gpus = \(one.gpus)" : ""
                return
                    "    { name = \(LuaText.quote(one.name)), cores = \(one.cores), memory = \"\(one.memory)MiB\"\(gpus)\(duration) },\n"
            }
            return """
                -- Where jobs may run: docs/clusters.md. Of a partition's nodes the largest is given; gpus may be a list of
                -- their memories, { "80G", "80G" }.
                local xpm = require "xpm"
                local here = xpm.launchers.direct {}
                local \(system.name) = xpm.launchers.\(system.name) {
                  partitions = {
                \(lines.joined())  },
                  -- setup = "module load cuda",
                }

                --- Which job runs where: by what it requires (duration in seconds, cores, memory in bytes, gpus) and its tags.
                function find_launcher(requirement, tags)
                  return requirement.duration and \(system.name) or here
                end

                """
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "check", of: "launchers", abstract: "Try a launcher: a tiny job in each of its partitions.",
            discussion: """
                Tells for each partition which node ran the job and how soon, and what is wrong: paths that the node does not see, another \
                version, a clock that differs. Exit code 1 where something is.

                Example:
                  xpm launchers check slurm --workdir /scratch/ana/xpm
                """)

        @Argument(help: "A launcher of launchers.lua.", completion: Completion.launchers) var launcher: String
        @OptionGroup var workspace: WorkspaceOptions

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("How long each job may take to come (default: 60).", valueName: "seconds"))
        var wait: Double = 60

        @Flag(help: "One JSON object a line.")
        var json = false

        func validate() throws {
            guard wait >= 1, wait <= 86_400 else {
                throw ValidationError("--wait needs seconds, from 1 to 86400.")
            }
        }

        func run() throws {
            do throws(Failure) {
                let definition: LauncherDefinition
                do { definition = try LauncherChoice.find(launcher, in: try LaunchersCommand.file()) } catch {
                    throw Failure(any: error)
                }
                if case .remote(let place, let there, _) = definition.kind {
                    throw .message(
                        "the launcher '\(launcher)' takes whole runs to \(place.host): xpm launchers check \(there ?? "NAME") --workdir \(place.text) tries one there"
                    )
                }
                guard case .batch(let name) = definition.kind, let system = BatchQueue.system(named: name)
                else {
                    throw .message(
                        "the launcher '\(launcher)' runs jobs on this machine: there is nothing to try")
                }
                var isFine = true
                try SiteCheck(
                    launcher: definition, system: system, workspace: ExperimentFiles.workspace(workspace),
                    patience: wait
                ).run { finding in
                    isFine = isFine && finding.problems.isEmpty
                    tell(finding)
                }
                if !isFine { throw Failure.code(1) }
            } catch { throw error.reported() }
        }

        private func tell(_ finding: SiteCheck.Finding) {
            if json {
                let line: JSON = [
                    "partition": .string(finding.partition), "host": .optional(finding.host),
                    "seconds": finding.seconds.map(JSON.float) ?? .null,
                    "problems": .array(finding.problems.map(JSON.string)),
                ]
                return StandardStream.output.write(line.text + "\n")
            }
            let style = Style.standardOutput
            let mark = finding.problems.isEmpty ? style.green("ok") : style.red("failed")
            let place = finding.host.map { "  on \($0)" } ?? ""
            let time = finding.seconds.map { " after \(NumberText.duration($0))" } ?? ""
            StandardStream.output.write("\(mark)  \(finding.partition)\(place)\(time)\n")
            for problem in finding.problems { StandardStream.output.write("    \(problem)\n") }
        }
    }
}

struct FindLauncherCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "find-launcher",
        abstract: "Tell where a job would run that requires something, and why not elsewhere.",
        discussion: """
            Example:
              xpm find-launcher 'cuda(mem=40G) * 2 & duration=3d'
            """)

    @Argument(help: "What it requires.") var requirement: String

    @Option(
        help: ArgumentHelp("A launcher, instead of what find_launcher returns.", valueName: "name"),
        completion: Completion.launchers)
    var launcher: String?

    @Option(help: ArgumentHelp("A tag of the job.", valueName: "name=value"))
    var tag: [String] = []

    @Flag(help: "A JSON object.") var json = false

    func validate() throws {
        for text in tag where text.cut(at: "=") == nil {
            throw ValidationError("--tag needs name=value, not '\(text)'.")
        }
    }

    func run() throws {
        do throws(Failure) {
            let requirement: Requirement
            do throws(RequirementError) { requirement = try Requirement(self.requirement) } catch {
                throw .message("\"\(self.requirement)\": \(error.text)")
            }
            let tags = tag.compactMap { $0.cut(at: "=") }.map { (String($0.before), String($0.after)) }
            let choice = try LauncherChoice.ofUser(
                ExperimentFiles.user(), looksForGPUs: true, chosen: launcher)
            let place: LaunchPlace
            do throws(ValueError) { place = try choice.place(of: requirement, tags: tags) } catch {
                throw Failure(error)
            }
            tell(place)
            if !place.isFound { throw Failure.code(1) }
        } catch { throw error.reported() }
    }

    private func tell(_ place: LaunchPlace) {
        if json {
            let line: JSON = [
                "launcher": .string(place.launcher), "partition": .optional(place.partition),
                "options": .array(place.options.map(JSON.string)), "found": .bool(place.isFound),
                "problems": .array(place.problems.map(JSON.string)),
            ]
            return StandardStream.output.write(line.text + "\n")
        }
        if place.isFound {
            let partition = place.partition.map { ", partition \($0)" } ?? ""
            StandardStream.output.write("\(place.launcher)\(partition)\n")
            if !place.options.isEmpty {
                StandardStream.output.write("  \(place.options.joined(separator: " "))\n")
            }
        } else {
            StandardStream.output.write("nowhere: \(place.launcher) cannot give it\n")
        }
        for problem in place.problems { StandardStream.output.write("  not \(problem)\n") }
    }
}
