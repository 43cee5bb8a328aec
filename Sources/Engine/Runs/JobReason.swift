package import Inventory
package import Model
package import Store
package import System
import Text

/// Why a job of a plan runs, or why it does not.
package struct JobReason {
    package enum State: String, Sendable {
        case cached, running
        /// Nothing like it has been done before, or all that is like it is in the plan too.
        case new
        /// An earlier job, which is not in this plan, is nearest to it.
        case changed
        case failed = "failed before"
        /// It was done, but its temporary outputs are gone and another job needs them.
        case remade = "made again"
        /// Nobody can say: this user may not look.
        case unreadable
    }

    package var state: State
    /// The earlier job that is nearest to a new or changed one.
    package var nearest: JobFolder?
    /// How it differs from that; of a cached job what the identity leaves out.
    package var differences: [TaskDifference] = []
    /// The run that made the cached or the nearest job: `iris/20261123_101500`.
    package var run: String?
    /// Files of the plan that are others than when the cached job was made.
    package var changedFiles: [String] = []
    /// Variables that are others: `OMP_NUM_THREADS: 1 → 4`.
    package var changedVariables: [String] = []
    /// A finished job under a deprecated definition that has the result: `xpm deprecated fix` links it.
    package var formerly: JobFolder?
    /// What it needs that was made again since it was done: it is cached all the same, unless the run
    /// refreshes.
    package var newer: [JobFolder] = []
    /// The job for which it is made again.
    package var neededBy: (taskID: String, identifier: Identifier)?
    /// Why it cannot be read.
    package var problem: SystemError?
}

/// Finds the reasons of the jobs of one plan.
package final class JobReasons {
    private let workspace: Workspace
    private let sources: SourceTree
    private let jobs: PlannedJobs
    private let planned: Set<Identifier>
    private var histories: TextMap<(others: JobHistory, own: JobHistory?)> = [:]
    private var changedFiles: TextMap<[String]> = [:]
    /// The tasks of the plan by their folders, for those that others come from.
    private lazy var tasks = TextMap(texts: jobs.jobs.map { ($0.spec.folder.path, $0.task) })
    private lazy var files = AncestorFiles { [unowned self] folder in
        tasks[folder].flatMap { RecordedTask($0, workspace: workspace) }
    }

    /// - Parameters:
    ///   - jobs: all jobs of the plan.
    ///   - sources: the files of the plan.
    package init(of jobs: PlannedJobs, in workspace: Workspace, sources: SourceTree) {
        self.workspace = workspace
        self.sources = sources
        self.jobs = jobs
        planned = Set(jobs.jobs.map(\.spec.identifier))
    }

    package func reason(for job: Experiment.PlannedJob) -> JobReason {
        var reason = state(of: job)
        reason.newer = job.newer
        return reason
    }

    private func state(of job: Experiment.PlannedJob) -> JobReason {
        if let task = job.neededBy {
            var reason = JobReason(state: .remade)
            reason.neededBy = (task.represented.type.key, task.identifier)
            return reason
        }
        switch job.state {
        case .done: return cached(job)
        case .running: return JobReason(state: .running)
        case .unreadable(let error):
            var reason = JobReason(state: .unreadable)
            reason.problem = error
            return reason
        case .failed:
            var reason = changed(job)
            reason.state = .failed
            return reason
        case .new: return job.wasDone ? JobReason(state: .remade) : changed(job)
        }
    }

    // MARK: What is done

    private func cached(_ planned: Experiment.PlannedJob) -> JobReason {
        let spec = planned.job.spec
        var reason = JobReason(state: .cached)
        if planned.job.task.hasIgnoredDefaults {
            reason.differences = Self.drift(of: planned.job, workspace: workspace)
        }
        guard let origin = JobOrigin(spec.folder) else { return reason }
        reason.run = origin.shortRun
        let files: [String]
        if let known = changedFiles[origin.run] {
            files = known
        } else {
            files = origin.changedFiles(of: sources)
            changedFiles[origin.run] = files
        }
        // The plan's own files are the code of a Lua task, and of no other.
        reason.changedFiles = files.filter { $0.hasSuffix(".lua") == (spec.language == .lua) }
        if spec.language == .sh {
            if origin.hasOtherCommand(than: planned.arguments, of: sources) {
                reason.changedFiles.insert("its command", at: 0)
            }
            if let former = origin.environment {
                reason.changedVariables = Self.changes(from: former, to: planned.environment)
            }
        }
        return reason
    }

    /// What a cached job has different although its identifier is the same: defaults that the identity leaves
    /// out.
    package static func drift(of job: Job, workspace: Workspace) -> [TaskDifference] {
        guard let old = try? RecordedTask.read(job.spec.folder.path),
            let new = RecordedTask(job.task, workspace: workspace)
        else { return [] }
        return new.differences(from: old, throughEqual: true).compactMap { difference in
            // A parameter that there was not, and whose default does not count, is as it should be.
            guard difference.note != .outsideIdentity, difference.note != .otherType, difference.old != nil,
                difference.new != nil
            else {
                return nil
            }
            var difference = difference
            difference.note = .defaultChanged
            return difference
        }
    }

    private static func changes(from old: [EnvironmentVariable], to new: [EnvironmentVariable]) -> [String] {
        let before = TextMap(texts: old.map { ($0.name, $0.value) })
        let after = TextMap(texts: new.map { ($0.name, $0.value) })
        return TextSet(before.orderedKeys + after.orderedKeys).ordered.compactMap { name in
            before[name] == after[name]
                ? nil : "\(name): \(before[name] ?? "(not set)") → \(after[name] ?? "(not set)")"
        }
    }

    // MARK: What is to be done

    private func changed(_ planned: Experiment.PlannedJob) -> JobReason {
        let histories = histories(of: planned.job.spec)
        guard !histories.others.isEmpty || histories.own != nil,
            let task = RecordedTask(planned.job.task, workspace: workspace)
        else { return JobReason(state: .new) }
        let other = histories.others.nearest(to: task, files: files)
        let own = histories.own?.nearest(
            to: task, tokens: planned.job.task.plainTokens, files: files)
        // A sweep that has grown is near to its own points; an edited value is near to what is not in the
        // plan any more.
        let isChanged = other.map { $0.differences.count <= own?.differences.count ?? .max } ?? false
        guard let nearest = isChanged ? other : own ?? other else { return JobReason(state: .new) }
        var reason = JobReason(state: isChanged ? .changed : .new)
        reason.nearest = nearest.folder
        reason.differences = nearest.differences
        reason.run = JobOrigin(nearest.folder)?.shortRun
        return reason
    }

    private func histories(of spec: JobSpec) -> (others: JobHistory, own: JobHistory?) {
        if let known = histories[spec.taskID] { return known }
        func isPlanned(_ name: String) -> Bool { Identifier(hex: name).map(planned.contains) ?? false }
        let others = JobHistory(of: spec.taskID, name: spec.folder.name, in: workspace) { !isPlanned($0) }
        // The plan knows their values: no file is read.
        let mine = jobs.done.filter { $0.spec.taskID == spec.taskID }
        let own = JobHistory(
            count: mine.count, folder: { mine[$0].spec.folder }, tokens: { mine[$0].task.plainTokens })
        let found = (others, own.isEmpty ? nil : own)
        histories[spec.taskID] = found
        return found
    }
}

extension ConfigObject {
    /// A number for each parameter that counts and holds a plain value, and that value.
    fileprivate var plainTokens: [UInt64] {
        zip(type.parameters, values).enumerated().compactMap { index, pair in
            guard let value = pair.1, IdentityComputer.reasonToSkip(pair.0, value) == nil else { return nil }
            var hasher = Hasher()
            hasher.combine(index)
            switch value {
            case .bool(let value): hasher.combine(value)
            case .int(let value): hasher.combine(value)
            case .float(let value): hasher.combine(value)
            case .string(let text): TextKey(text).hash(into: &hasher)
            default: return nil
            }
            return UInt64(bitPattern: Int64(hasher.finalize()))
        }
    }

    /// Whether a default that does not count is somewhere in it.
    package var hasIgnoredDefaults: Bool {
        var visited: Set<ObjectIdentifier> = []
        func check(_ object: ConfigObject) -> Bool {
            guard visited.insert(ObjectIdentifier(object)).inserted else { return false }
            if object.type.hasIgnoredDefaults { return true }
            var found = false
            // What a task needed is its own affair.
            object.forEachObject { if !found, $0.task == nil { found = check($0) } }
            return found
        }
        return check(self)
    }
}
