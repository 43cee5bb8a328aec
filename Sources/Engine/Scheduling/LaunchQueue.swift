import HeapModule
import Store
import Text

/// The jobs that may start, in their order, and what running ones hold of the things that there is only so
/// much of.
///
/// Jobs start by priority, and among equals as they came. One that lacks something is parked with that thing
/// and lets others pass, but none that claims the same. One that needs more slots than are free is waited
/// for: it would never start otherwise.
struct LaunchQueue: Sendable {
    /// What a job takes while it runs.
    struct Need: Sendable {
        var priority = 0
        /// Of this machine; none for a job that runs elsewhere.
        var slots = 1
        var claims: [Claim] = []
    }

    /// The place of a job in the order.
    private struct Place: Comparable, Sendable {
        let priority: Int
        /// Counts what came. A job has only its last place; older ones are passed over.
        let turn: Int
        let job: JobNumber

        /// The greatest starts first.
        static func < (left: Place, right: Place) -> Bool {
            left.priority == right.priority ? left.turn > right.turn : left.priority < right.priority
        }
    }

    private struct Entry {
        var need: Need
        /// -1 for one that runs.
        var turn: Int
        var holdsSlots = false
    }

    private let slots: Int
    private var slotsLeft: Int
    private var turns = 0
    private var entries: [JobNumber: Entry] = [:]
    private var ready = Heap<Place>()
    /// Those that wait for one resource.
    private var parked: TextMap<Heap<Place>> = [:]
    private var taken: TextMap<Int> = [:]

    /// - Parameter slots: how many jobs of one core may run at once; at least 1.
    init(slots: Int) {
        self.slots = max(1, slots)
        slotsLeft = self.slots
    }

    /// Whether no job waits in it or runs.
    var isEmpty: Bool { entries.isEmpty }

    // MARK: Jobs that come and go

    /// A job may start. One that needs more slots than there are gets all of them.
    ///
    /// - Parameter comesBack: whether it had started, and comes before its equals that have not.
    mutating func add(_ job: JobNumber, _ need: Need, comesBack: Bool = false) {
        turns += 1
        var need = need
        need.slots = min(max(0, need.slots), slots)
        let turn = comesBack ? .min / 2 + job.index : turns
        entries[job] = Entry(need: need, turn: turn)
        ready.insert(Place(priority: need.priority, turn: turn, job: job))
    }

    /// The greatest priority among the jobs that wait for what a job claims; nil where none does.
    mutating func greatestPriority(waitingFor claims: [Claim]) -> Int? {
        var greatest: Int?
        for claim in claims {
            if let first = firstParked(claim.resource) { greatest = max(greatest ?? .min, first.priority) }
        }
        return greatest
    }

    /// A job that has not started leaves the queue.
    mutating func remove(_ job: JobNumber) {
        guard let entry = entries.removeValue(forKey: job) else { return }
        // It may have been the one that was to have something.
        for claim in entry.need.claims { unpark(claim.resource) }
    }

    /// A job starts elsewhere in the order, as the last of its new equals.
    mutating func move(_ job: JobNumber, to priority: Int) {
        guard var need = entries[job]?.need else { return }
        need.priority = priority
        add(job, need)
        for claim in need.claims { unpark(claim.resource) }
    }

    /// The next job that can start now; it holds its slots and claims from here on.
    mutating func next() -> JobNumber? {
        while let place = ready.max {
            guard isCurrent(place), let need = entries[place.job]?.need else {
                _ = ready.popMax()
                continue
            }
            if let lacking = need.claims.first(where: { !canHave($0, place) }) {
                _ = ready.popMax()
                parked[lacking.resource, default: Heap()].insert(place)
                // It may have been the one that was to have another.
                for claim in need.claims where claim.resource != lacking.resource { unpark(claim.resource) }
                continue
            }
            guard need.slots <= slotsLeft else { return nil }
            _ = ready.popMax()
            slotsLeft -= need.slots
            for claim in need.claims { taken[claim.resource, default: 0] += claim.count }
            entries[place.job]?.turn = -1
            entries[place.job]?.holdsSlots = true
            for claim in need.claims { unpark(claim.resource) }
            return place.job
        }
        return nil
    }

    /// A job runs, but not in our slots.
    mutating func giveBackSlots(of job: JobNumber) {
        guard let entry = entries[job], entry.holdsSlots else { return }
        entries[job]?.holdsSlots = false
        slotsLeft += entry.need.slots
    }

    /// A job runs no more.
    mutating func end(_ job: JobNumber) {
        giveBackSlots(of: job)
        guard let entry = entries.removeValue(forKey: job) else { return }
        for claim in entry.need.claims {
            let left = taken[claim.resource, default: 0] - claim.count
            taken[claim.resource] = left > 0 ? left : nil
        }
        for claim in entry.need.claims { unpark(claim.resource) }
    }

    // MARK: Resources

    private func isCurrent(_ place: Place) -> Bool { entries[place.job]?.turn == place.turn }

    private func fits(_ claim: Claim) -> Bool {
        taken[claim.resource, default: 0] + claim.count <= claim.capacity
    }

    /// Whether there is enough, and nobody waits who comes first.
    private mutating func canHave(_ claim: Claim, _ place: Place) -> Bool {
        guard fits(claim) else { return false }
        return firstParked(claim.resource).map { $0 < place } ?? true
    }

    private mutating func firstParked(_ resource: String) -> Place? {
        while let first = parked[resource]?.max {
            if isCurrent(first) { return first }
            _ = parked[resource]?.popMax()
        }
        parked[resource] = nil
        return nil
    }

    /// Lets the first job that waits for a resource try again, if there is enough of it now. The next one
    /// follows when that one has started, so an event costs the same however many wait.
    private mutating func unpark(_ resource: String) {
        guard let first = firstParked(resource),
            let claim = entries[first.job]?.need.claims.first(where: { $0.resource == resource }), fits(claim)
        else { return }
        _ = parked[resource]?.popMax()
        ready.insert(first)
    }
}
