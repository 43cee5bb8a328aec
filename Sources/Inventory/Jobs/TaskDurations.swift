package import Store
import System
import Text

/// How long the jobs of each type took that were done.
package struct TaskDurations: Sendable {
    /// Of one type, in seconds.
    package struct Spread: Sendable {
        package private(set) var count = 0.0
        private var sum = 0.0
        private var squares = 0.0

        package init() {}

        package var mean: Double { count > 0 ? sum / count : 0 }

        /// How far single ones are from the mean; of one alone nobody knows.
        package var deviation: Double {
            guard count > 1 else { return mean * 0.3 }
            return max(0, squares / count - mean * mean).squareRoot()
        }

        package mutating func add(_ seconds: Double) {
            guard seconds.isFinite, seconds >= 0 else { return }
            count += 1
            sum += seconds
            squares += seconds * seconds
        }

        /// With what is known from before, which counts as a few: what is seen now says more.
        package func after(_ earlier: Spread?) -> Spread {
            guard let earlier, earlier.count > 0 else { return self }
            let weight = min(earlier.count, Self.mostEarlier)
            var both = self
            both.count += weight
            both.sum += weight * earlier.mean
            let spread = earlier.deviation * earlier.deviation + earlier.mean * earlier.mean
            both.squares += weight * spread
            return both
        }

        private static let mostEarlier = 3.0
    }

    private var spreads: TextMap<Spread> = [:]

    package init() {}

    package subscript(task: String) -> Spread? { spreads[task] }

    package mutating func add(_ seconds: Double, of task: String) {
        spreads[task, default: Spread()].add(seconds)
    }

    /// So many runs are looked at, and so many bytes of the end of the log of each.
    private static let (mostRuns, mostBytes) = (3, 4 << 20)

    /// Those of the last runs of an experiment before one.
    package static func beforeRun(
        _ run: String, of experiment: String, in workspace: Workspace
    ) -> TaskDurations {
        var found = TaskDurations()
        let names = RunHistory(experiment: experiment, in: workspace).names
        let earlier = names.prefix { $0 != run }.suffix(mostRuns)
        for name in earlier {
            let log = "\(workspace.experiment(experiment))/\(name)/events.jsonl"
            guard let bytes = Files.tail(log, count: mostBytes) else { continue }
            var began: TextMap<Double> = [:]
            for line in bytes[...].lines {
                found.read(line, &began)
            }
        }
        return found
    }

    private mutating func read(_ line: ArraySlice<UInt8>, _ began: inout TextMap<Double>) {
        let event = JobEventLine(line)
        guard let job = event.job, let task = event.task, !event.time.isNaN else { return }
        let key = String(decoding: job, as: UTF8.self)
        if event.word == "running" { began[key] = event.time }
        if event.word == "done", let start = began[key] {
            add(event.time - start, of: task)
        }
    }
}
