import ArgumentParser
import Engine
import LuaBridge
import Model
import Store
import Synchronization
import System
import Text

struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "why",
        abstract: "Tell why each job of an experiment would run, or would not.",
        discussion: """
            A job is cached (done before), new, or changed: then the nearest earlier job of its type is named, with each value that is \
            different. Jobs that are cached are counted; of the first 20 of each type those are named of which something is different \
            that does not count: code, variables, defaults with ignore_default. --all names all, and looks at each.

            Examples:
              xpm why full.yaml
              xpm why experiment.lua full.yaml --job iris.train --job 3f2a1b9c
            """)

    @OptionGroup var experiment: ExperimentOptions

    @Option(
        help: ArgumentHelp(
            "Only jobs of this type, or with this beginning of their identifier.", valueName: "job"))
    var job: [String] = []

    @Flag(help: "Jobs that are done too, with what has changed of them and does not count.")
    var all = false

    @Flag(help: "One JSON object a line.")
    var json = false

    func run() throws {
        do throws(Failure) {
            let (wanted, json) = (job, json)
            let tellsAll = all || !job.isEmpty
            let firsts = FirstJobs()
            try PlanReader.read(
                ExperimentFiles(of: experiment), .plan,
                leaving: { !tellsAll && $0.newer.isEmpty && $0.neededBy == nil && !firsts.isOne($0.job.spec) }
            ) { reader in
                let planned = reader.planned
                let reasons = JobReasons(
                    of: planned, in: reader.files.workspace, sources: reader.session.sources)
                let watch = DefaultsWatch(reader.files) { StandardStream.error.write("warning: \($0)\n") }
                for one in planned.all { watch.look(at: one.job, isDone: one.state == .done) }
                for job in planned.left { watch.look(at: job, isDone: true) }
                let renamed = Self.renamed(reader)
                let report = TextReport(style: .standardOutput)
                var counts: [JobReason.State: Int] =
                    planned.left.isEmpty ? [:] : [.cached: planned.left.count]
                var told = 0
                for planned in try reader.jobs(named: wanted) {
                    var reason = reasons.reason(for: planned)
                    reason.formerly = renamed[planned.job.spec.folder.path]
                    counts[reason.state, default: 0] += 1
                    let lines = report.reason(reason)
                    // Of those that are done only what has changed is told.
                    if !tellsAll, reason.state == .cached, lines.isEmpty { continue }
                    if reason.state == .cached { told += 1 }
                    reader.write(
                        json
                            ? Self.json(planned, reason).text + "\n"
                            : (["\(report.name(planned.job.spec))  \(report.state(reason))"] + lines)
                                .joined(separator: "\n") + "\n")
                }
                if json { return }
                let order: [JobReason.State] = [.cached, .remade, .running, .new, .changed, .failed]
                let parts = order.compactMap { state in
                    counts[state].map { "\($0) \(state.rawValue)" }
                }
                let rest = (counts[.cached] ?? 0) > told ? "; --all names what is cached" : ""
                StandardStream.error.write(
                    parts.isEmpty ? "no jobs\n" : parts.joined(separator: ", ") + rest + "\n")
            }
        } catch { throw error.reported() }
    }

    /// Tells the first jobs of each type from the others.
    private final class FirstJobs: Sendable {
        private static let most = 20
        private let seen = Mutex<TextMap<Int>>([:])

        func isOne(_ spec: JobSpec) -> Bool {
            seen.withLock { seen in
                seen[spec.taskID, default: 0] += 1
                return seen[spec.taskID, default: 0] <= Self.most
            }
        }
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
