import Inventory
import Model
import Store
import System
import Text

/// Looks at the folders of jobs before the script submits them: most plans are those of an earlier run, in the same
/// order, and its log tells which jobs come next.
///
/// A thread of its own does so, as long as what it finds is asked for. What it has found is good for a moment.
final class LookAhead: Sendable {
    private let workspace: Workspace
    private let state = Monitor(State())

    private struct State: Sendable {
        /// Jobs that are done, by the keys of their types, and when that was seen.
        var done: [Identifier: (task: String, seen: Double)] = [:]
        /// How many jobs the script has asked for, and how many of them were known.
        var asked = 0
        var found = 0
        var isOver = false
    }

    /// How many jobs are looked at between two looks at what the script does.
    private static let chunk = 32
    /// So far before the script it begins: what that looks at meanwhile itself is of no use.
    private static let lead = 64
    /// Of a shorter log nothing is gained.
    private static let leastBytes: Int64 = 1 << 16
    /// Seconds for which what was seen counts.
    private static let lifetime = 0.25

    /// - Parameter runs: the folders of earlier runs of the experiment, the oldest first.
    /// - Returns: nil where nothing is gained.
    init?(_ runs: [String], in workspace: Workspace) {
        guard Environment.processors > 1,
            let log = runs.suffix(8).reversed().lazy.map({ "\($0)/jobs.jsonl" })
                .first(where: { Files.size(of: $0) >= Self.leastBytes })
        else { return nil }
        self.workspace = workspace
        do throws(SystemError) {
            try NewThread.start { [self] in follow(log) }
        } catch { return nil }
    }

    /// Nothing is asked for any more.
    func end() { state.change { $0.isOver = true } }

    /// Whether a job was seen to be done just now.
    func hasSeenDone(_ identifier: Identifier, _ task: String) -> Bool {
        let now = Monotonic.seconds
        return state.change { state -> Bool in
            state.asked += 1
            guard let known = state.done.removeValue(forKey: identifier), known.task == task,
                now - known.seen < Self.lifetime
            else { return false }
            state.found += 1
            return true
        }
    }

    private func follow(_ log: String) {
        var lines = LineReader(log)
        var reader = JobLineReader(workspace)
        var position = 0
        while case let some = lines.read(most: 1 << 18), !some.isEmpty {
            var index = some.startIndex
            while index < some.endIndex {
                guard let ahead = next(position) else { return }
                let passed = min(ahead - position, some.endIndex - index)
                (position, index) = (position + passed, index + passed)
                let end = min(index + Self.chunk, some.endIndex)
                var done: [(Identifier, String)] = []
                for line in some[index..<end] {
                    if let job = reader.record(line), let identifier = Identifier(hex: job.identifier),
                        job.folder.state() == .done
                    {
                        done.append((identifier, job.task))
                    }
                }
                (position, index) = (position + end - index, end)
                let now = Monotonic.seconds
                state.withLock { state in
                    for (identifier, task) in done { state.done[identifier] = (task, now) }
                }
            }
        }
    }

    /// Waits until the script is near.
    ///
    /// - Returns: from which job on it is worth looking; nil where it is over.
    private func next(_ position: Int) -> Int? {
        state.wait { state -> Int?? in
            if state.isOver { return .some(nil) }
            // The more of it was of use, the further.
            guard position - state.asked < min(4096, 4 * Self.lead + state.found) else { return nil }
            // Where another plan is submitted, it is of none.
            if state.asked > 4096, state.found * 4 < state.asked { return .some(nil) }
            return position < state.asked + Self.lead / 2 ? state.asked + Self.lead : position
        }
    }
}
