import Model
import Text

/// The jobs of a run in the order of their submission, and the last one of each identifier.
///
/// A hash table of numbers, not of jobs by identifiers: there may be very many, and each job knows its
/// identifier already.
struct SubmittedJobs {
    private(set) var all: [Job] = []
    /// Numbers of jobs, from 1; 0 for an empty slot. Open addressing with linear probing; a power of two in
    /// size.
    private var slots = [UInt32](repeating: 0, count: 64)

    subscript(identifier: Identifier) -> Job? {
        let slot = slots[slot(of: identifier)]
        return slot == 0 ? nil : all[Int(slot) - 1]
    }

    mutating func append(_ job: Job) {
        all.append(job)
        if all.count * 4 > slots.count * 3 { grow() }
        slots[slot(of: job.spec.identifier)] = UInt32(all.count)
    }

    /// Where an identifier is, or where it would be put.
    private func slot(of identifier: Identifier) -> Int {
        let mask = slots.count - 1
        var place = identifier.hash & mask
        while slots[place] != 0, all[Int(slots[place]) - 1].spec.identifier != identifier {
            place = (place + 1) & mask
        }
        return place
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for (number, job) in all.enumerated() { slots[slot(of: job.spec.identifier)] = UInt32(number + 1) }
    }
}
