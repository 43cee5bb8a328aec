import Batch
import Store
import System
import Text

/// What the queue of a batch system says of the job in which a run is to go on (`BatchRun`).
struct RunQueue {
    enum Look {
        /// - Parameter text: what is new about it.
        case waits(text: String?)
        /// There is none, or none is left.
        case over
    }

    private let experiment: String
    private let workspace: Workspace
    private var told: String?
    private var next = 0.0
    private var last = Look.waits(text: nil)

    /// The queue is asked so seldom, in seconds.
    private static let interval = 5.0

    init(_ experiment: String, in workspace: Workspace) {
        self.experiment = experiment
        self.workspace = workspace
    }

    /// Looks whether the job still waits, and why.
    mutating func look() -> Look {
        let found: BatchRun?
        do throws(SystemError) { found = try BatchRun.read(experiment, in: workspace) } catch {
            return .waits(text: nil)
        }
        guard let run = found else { return .over }
        if case .over = last { return .over }
        guard Monotonic.seconds >= next else { return .waits(text: nil) }
        next = Monotonic.seconds + Self.interval
        if run.isOver(in: workspace) == true {
            last = .over
            return .over
        }
        let text = text(of: run)
        if text == told { return .waits(text: nil) }
        told = text
        return .waits(text: text)
    }

    private func text(of run: BatchRun) -> String? {
        // The one that follows waits for the end of the one before, which may be over.
        let records = [run.next, run.current].compactMap {
            $0.flatMap { BatchRecord.read($0, in: workspace.path) }
        }
        guard let record = records.first, let system = BatchQueue.system(named: record.system),
            let entries = try? system.queue(of: Environment.userName),
            let entry = entries.first(where: { entry in
                records.contains { $0.nonce == entry.nonce }
                    && (entry.state == .waiting || entry.state == .running)
            })
        else { return nil }
        if entry.state == .running { return "job \(entry.job.array) of \(system.title) begins" }
        let reason = entry.reason.isEmpty ? "" : ": \(entry.reason)"
        let start = entry.start.map { ", expected to start \($0)" } ?? ""
        return "waits in the queue of \(system.title) as job \(entry.job.array)\(reason)\(start)"
    }
}
