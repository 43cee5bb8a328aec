import Engine
import LuaBridge
import Model
import Settings
import Store
import System
import Text

/// Reads an experiment for the commands that run nothing: its types, or its whole plan as a dry run.
final class PlanReader {
    let files: ExperimentFiles
    let session: PlanSession
    private(set) var planned: PlannedJobs
    var jobs: [Experiment.PlannedJob] { planned.all }

    /// How much of an experiment is read.
    enum Extent {
        /// What its script defines, whatever the configuration.
        case types
        /// Its configurations too.
        case points
        /// The tasks too, as in a dry run.
        case plan
    }

    /// Does something with an experiment, on a thread with the stack that scripts need.
    ///
    /// - Parameter leaves: of which jobs that are done nobody asks more.
    static func read(
        _ files: ExperimentFiles, _ extent: Extent,
        leaving leaves: @escaping @Sendable (Experiment.PlannedJob) -> Bool = { _ in false },
        _ body: @escaping @Sendable (PlanReader) throws -> Void
    ) throws(Failure) {
        let result = Monitor<Result<Void, Failure>?>(nil)
        try Failure.onDisk { () throws(SystemError) in
            try NewThread.start(stack: 256 << 20) {
                var outcome: Result<Void, Failure> = .success(())
                do {
                    let reader = try PlanReader(
                        files, checksConfiguration: extent != .types, PlannedJobs(leaving: leaves))
                    if extent == .plan { try reader.plan() }
                    try body(reader)
                } catch {
                    outcome = .failure(Failure(any: error))
                }
                result.change { $0 = outcome }
            }
        }
        try result.wait { $0 }.get()
    }

    private init(
        _ files: ExperimentFiles, checksConfiguration: Bool, _ planned: PlannedJobs
    ) throws(Failure) {
        self.files = files
        self.planned = planned
        // Whether it is a terminal is to be known before it is diverted.
        _ = Style.standardOutput
        // What the script prints is not what the command was asked for.
        print = StandardStream.divertOutput()
        session = PlanSession(files.input, flag: InterruptFlag()) { text in
            StandardStream.error.write("warning: \(text)\n")
        }
        for text in files.warnings { StandardStream.error.write("warning: \(text)\n") }
        do throws(PlanError) { try session.load(checksConfiguration: checksConfiguration) } catch {
            throw Failure(error)
        }
    }

    private let print: ([UInt8]) -> Void

    /// Writes to standard output.
    func write(_ text: String) { print(Array(text.utf8)) }

    private func plan() throws(Failure) {
        let experiment = Experiment(
            name: files.name, mode: .dryRun, workspace: files.workspace, run: nil, board: JobBoard(),
            inbox: nil, objects: nil, environment: files.environment, host: "", version: xpmVersion,
            admission: try files.launcherChoice(looksForGPUs: false),
            planned: { [unowned self] one in
                if case .unreadable(let error) = one.state { Unreadable.note(error) }
                planned.add(one)
            })
        do throws(PlanError) { try session.run(in: experiment) } catch { throw Failure(error) }
    }

    /// The jobs whose type, or the beginning of whose identifier, is one of the words; all without words.
    func jobs(named words: [String]) throws(Failure) -> [Experiment.PlannedJob] {
        if words.isEmpty { return jobs }
        for word in words where !jobs.contains(where: { Self.matches($0, word) }) {
            let types = TextSet(jobs.map(\.job.spec.taskID))
            throw .message(
                "no job of the plan is '\(word)'" + Suggestion.hint(for: word, among: types.ordered)
                    + ": give a type or the beginning of an identifier")
        }
        return jobs.filter { job in words.contains { Self.matches(job, $0) } }
    }

    private static func matches(_ job: Experiment.PlannedJob, _ word: String) -> Bool {
        let spec = job.job.spec
        return Glob.matches(spec.taskID, pattern: word.lowercased())
            || word.count >= 4 && spec.identifier.hex.hasPrefix(word.lowercased())
    }
}
