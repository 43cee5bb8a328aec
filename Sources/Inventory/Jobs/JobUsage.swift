package import Model
import Store
package import Text

/// What the jobs of one type have used, beside what they had asked for.
package struct JobUsage {
    package let task: String
    /// How many jobs there were that were done, and of which it is known.
    package private(set) var count = 0
    /// Of the longest, in seconds.
    package private(set) var mostSeconds = 0.0
    /// Bytes of the largest.
    package private(set) var mostMemory: Int64 = 0
    /// Processors that a job kept busy, of the busiest.
    package private(set) var mostCores = 0.0
    /// What they required, if all of them the same.
    package private(set) var requirement: Requirement?

    /// The usage of each type among some jobs, in the order of their names.
    package static func all(of jobs: [JobRecord]) -> [JobUsage] {
        var found: TextMap<JobUsage> = [:]
        for job in jobs where job.state == .done {
            guard let outcome = job.outcome, let usage = outcome.usage, let seconds = outcome.duration else {
                continue
            }
            let requirement = JobScript.header(in: job.folder)?.header.requirement
            found[job.task, default: JobUsage(task: job.task, requirement: requirement)]
                .add(usage, seconds, requirement)
        }
        return found.orderedKeys.compactMap { found[$0] }
    }

    private init(task: String, requirement: Requirement?) {
        self.task = task
        self.requirement = requirement
    }

    private mutating func add(_ usage: Outcome.Usage, _ seconds: Double, _ requirement: Requirement?) {
        count += 1
        mostSeconds = max(mostSeconds, seconds)
        mostMemory = max(mostMemory, usage.peakMemory)
        // Of a moment nothing can be told.
        if seconds >= 0.1 { mostCores = max(mostCores, usage.cpu / seconds) }
        if self.requirement?.text != requirement?.text { self.requirement = nil }
    }

    /// A requirement that would have been enough, with something to spare: half of the time more, a fifth of the
    /// memory more, and as many cores as were busy.
    package var enough: String {
        "duration=\(Self.duration(mostSeconds * 1.5)) & cpu(cores=\(max(1, Int((mostCores - 0.1).rounded(.up)))), mem=\(Self.memory(mostMemory)))"
    }

    /// Up to the next number that people would write.
    private static func duration(_ seconds: Double) -> String {
        for minutes in [1.0, 2, 5, 10, 15, 20, 30, 45] where seconds <= minutes * 60 {
            return "\(Int(minutes))m"
        }
        let hours = (seconds / 3600).rounded(.up)
        return hours <= 48 ? "\(Int(hours))h" : "\(Int((hours / 24).rounded(.up)))d"
    }

    private static func memory(_ bytes: Int64) -> String {
        let wanted = Double(bytes) * 1.2
        if wanted <= 1e9 { return "\(Int((wanted / 1e8).rounded(.up)) * 100)M" }
        return "\(Int((wanted / 1e9).rounded(.up)))G"
    }

    package var json: JSON {
        [
            "task": .string(task), "jobs": .int(Int64(count)), "seconds": .float(mostSeconds),
            "peak_memory": .int(mostMemory), "cores": .float(mostCores),
            "requires": .optional(requirement?.text), "enough": .string(enough),
        ]
    }
}
