import Model
package import Store
import Text

/// The jobs of a plan of which none runs, each once.
package struct PlannedJobs {
    /// In the order of their submission, but those that are left out.
    package private(set) var all: [Experiment.PlannedJob] = []
    /// Those that are done and of which nobody asks more: there may be very many.
    package private(set) var left: [Job] = []
    /// Where each is, once one of them has to be made again.
    private var places: [Identifier: Int]?
    private let leaves: (Experiment.PlannedJob) -> Bool

    /// - Parameter leaves: which of those that are done are left out.
    package init(leaving leaves: @escaping (Experiment.PlannedJob) -> Bool = { _ in false }) {
        self.leaves = leaves
    }

    /// Takes a job; one that has to be made again takes the place of what it was.
    package mutating func add(_ planned: Experiment.PlannedJob) {
        let identifier = planned.job.spec.identifier
        if planned.neededBy != nil {
            left.removeAll { $0.spec.identifier == identifier }
            if places == nil {
                places = Dictionary(
                    uniqueKeysWithValues: all.enumerated().map { ($1.job.spec.identifier, $0) })
            }
        }
        if let place = places?[identifier] {
            all[place] = planned
        } else if planned.state == .done, leaves(planned) {
            left.append(planned.job)
        } else {
            places?[identifier] = all.count
            all.append(planned)
        }
    }

    /// All of them, in no order.
    var jobs: [Job] { all.map(\.job) + left }

    /// Those that are done, in no order.
    var done: [Job] { all.filter { $0.state == .done }.map(\.job) + left }

    package var counts: JobCounts {
        var counts = JobCounts()
        counts.submitted = all.count + left.count
        counts.cached = all.count { $0.state == .done } + left.count
        return counts
    }
}
