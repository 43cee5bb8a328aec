import Model
import Text

/// The jobs of a run in the order of their submission, and the last one of each identifier.
///
/// A hash table of numbers, not of jobs by identifiers: there may be very many, and each job knows its
/// identifier already.
struct SubmittedJobs {
    private(set) var all: [Job] = []
    /// Numbers of jobs, from 1, below 32 bits of their identifiers, which mostly tell whether it is another one;
    /// 0 for an empty slot. Open addressing with linear probing; a power of two in size.
    private var slots = [UInt64](repeating: 0, count: 64)

    subscript(identifier: Identifier) -> Job? {
        let slot = slots[slot(of: identifier)]
        return slot == 0 ? nil : all[Self.place(slot)]
    }

    mutating func append(_ job: Job) {
        all.append(job)
        if all.count * 4 > slots.count * 3 { grow() }
        put(job.spec.identifier, all.count)
    }

    private mutating func put(_ identifier: Identifier, _ number: Int) {
        slots[slot(of: identifier)] = Self.mark(identifier) | UInt64(number)
    }

    private static func mark(_ identifier: Identifier) -> UInt64 {
        UInt64(truncatingIfNeeded: identifier.hash) & 0xffff_ffff_0000_0000
    }

    /// Where the job of a slot is.
    private static func place(_ slot: UInt64) -> Int { Int(slot & 0xffff_ffff) - 1 }

    /// Where an identifier is, or where it would be put.
    private func slot(of identifier: Identifier) -> Int {
        let mask = slots.count - 1
        let mark = Self.mark(identifier)
        var place = identifier.hash & mask
        while slots[place] != 0 {
            let slot = slots[place]
            if slot & 0xffff_ffff_0000_0000 == mark, all[Self.place(slot)].spec.identifier == identifier {
                break
            }
            place = (place + 1) & mask
        }
        return place
    }

    private mutating func grow() {
        slots = [UInt64](repeating: 0, count: slots.count * 2)
        for (number, job) in all.enumerated() { put(job.spec.identifier, number + 1) }
    }
}
