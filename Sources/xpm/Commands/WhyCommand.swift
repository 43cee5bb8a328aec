import ArgumentParser
import Engine
import LuaBridge
import Model
import Store
import System
import Text

struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "why",
        abstract: "Tell why each job of an experiment would run, or would not.",
        discussion: """
            A job is cached (done before), new, or changed: then the nearest earlier job of its type is named, with each value that is \
            different. For a cached job it tells what is different but does not count: code, variables, defaults with ignore_default.

            Examples:
              xpm why full.yaml
              xpm why experiment.lua full.yaml --job iris.train --job 3f2a1b9c
            """)

    @OptionGroup var experiment: ExperimentOptions

    @Option(
        help: ArgumentHelp(
            "Only jobs of this type, or with this beginning of their identifier.", valueName: "job"))
    var job: [String] = []

    @Flag(help: "One JSON object a line.")
    var json = false

    func run() throws {
        do throws(Failure) {
            let (wanted, json) = (job, json)
            try PlanReader.read(ExperimentFiles(of: experiment), .plan) { reader in
                let reasons = JobReasons(
                    of: reader.jobs, in: reader.files.workspace, sources: reader.session.sources)
                let watch = DefaultsWatch(reader.files) { StandardStream.error.write("warning: \($0)\n") }
                for planned in reader.jobs { watch.look(at: planned) }
                let renamed = Self.renamed(reader)
                let report = TextReport(style: .standardOutput)
                var counts: [JobReason.State: Int] = [:]
                for planned in try reader.jobs(named: wanted) {
                    var reason = reasons.reason(for: planned)
                    reason.formerly = renamed[planned.job.spec.folder.path]
                    counts[reason.state, default: 0] += 1
                    reader.write(
                        json
                            ? Self.json(planned, reason).text + "\n"
                            : (["\(report.name(planned.job.spec))  \(report.state(reason))"]
                                + report.reason(reason))
                                .joined(separator: "\n") + "\n")
                }
                if json { return }
                let order: [JobReason.State] = [.cached, .remade, .running, .new, .changed, .failed]
                let parts = order.compactMap { state in
                    counts[state].map { "\($0) \(state.rawValue)" }
                }
                StandardStream.error.write(parts.isEmpty ? "no jobs\n" : parts.joined(separator: ", ") + "\n")
            }
        } catch { throw error.reported() }
    }

    /// The finished jobs under deprecated definitions, by the folder in which the new ones look for them.
    private static func renamed(_ reader: PlanReader) -> TextMap<JobFolder> {
        let types = reader.session.types
        guard types.contains(where: { $0.deprecation != nil || $0.hasRenames }) else { return [:] }
        let jobs = DeprecatedJobs(in: reader.files.workspace) { reader.session.type(named: $0) }
        // Of several old jobs for one new identifier the first counts.
        let unlinked = jobs.find().found.filter { $0.state == .unlinked }.reversed()
        return TextMap(texts: unlinked.map { ($0.new.path, $0.old) })
    }

    private static func json(_ planned: Experiment.PlannedJob, _ reason: JobReason) -> JSON {
        let spec = planned.job.spec
        return [
            "task": .string(spec.taskID), "id": .string(spec.identifier.hex), "tags": .string(spec.tags),
            "folder": .string(spec.folder.path), "reason": reason.json,
        ]
    }
}
