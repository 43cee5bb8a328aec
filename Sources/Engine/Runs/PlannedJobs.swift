import Model
package import Store
import Text

/// The jobs of a plan of which none runs, each once.
package struct PlannedJobs {
    /// In the order of their submission.
    package private(set) var all: [Experiment.PlannedJob] = []
    /// Where each is, once one of them has to be made again.
    private var places: [Identifier: Int]?

    package init() {}

    /// Takes a job; one that has to be made again takes the place of what it was.
    package mutating func add(_ planned: Experiment.PlannedJob) {
        let identifier = planned.job.spec.identifier
        if planned.neededBy != nil, places == nil {
            places = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1.job.spec.identifier, $0) })
        }
        if let place = places?[identifier] {
            all[place] = planned
        } else {
            places?[identifier] = all.count
            all.append(planned)
        }
    }

    package var counts: JobCounts {
        var counts = JobCounts()
        counts.submitted = all.count
        counts.cached = all.count { $0.state == .done }
        return counts
    }
}
