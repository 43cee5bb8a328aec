import System
import Text

/// The batch systems that there are, and what their queues say of this user's jobs: asked seldom, whoever wants
/// to know.
package enum BatchQueue {
    /// Their names.
    package static let names = ["slurm", "sge"]

    /// - Returns: nil for a name that none has.
    package static func system(named name: String) -> (any BatchSystem)? {
        switch name {
        case "slurm": Slurm()
        case "sge": GridEngine()
        default: isTrusted(name) ? ProgramBatch(named: name) : nil
        }
    }

    /// The nodes of the job that this process is in.
    package static func nodes(of name: String) -> [String] {
        (system(named: name) ?? ProgramBatch(named: name))?.nodes() ?? []
    }

    /// Systems of the user's own: their names are commands, and may stand in files that others have written.
    private struct Trust {
        var names: TextSet = []
        var find: (@Sendable () -> Void)?
    }

    private static let trust = Monitor(Trust())

    /// Says that a name comes from a file of the user's own.
    package static func trust(_ name: String) { trust.withLock { _ = $0.names.insert(name) } }

    /// Says how such names are found: by what calls `trust(_:)` with each.
    package static func findTrusted(_ find: @escaping @Sendable () -> Void) {
        trust.withLock { $0.find = find }
    }

    private static func isTrusted(_ name: String) -> Bool {
        if trust.withLock({ $0.names.contains(name) }) { return true }
        // Once.
        let find = trust.withLock { trust in
            defer { trust.find = nil }
            return trust.find
        }
        find?()
        return trust.withLock { $0.names.contains(name) }
    }

    /// What a queue said.
    private struct Look {
        /// When it was asked, on the clock of `Monotonic`.
        let began: Double
        /// By nonce and index.
        let entries: TextMap<[Int: BatchEntry.State]>
        /// Whether it answered.
        let isKnown: Bool
    }

    private struct State {
        var looks: TextMap<Look> = [:]
        /// When each array was asked for first, on the clock of `Monotonic`.
        var firstAsked: TextMap<Double> = [:]
        var clusters: TextMap<String> = [:]
    }

    private static let state = Monitor(State())
    /// Seconds for which an answer counts.
    private static let lifetime = 5.0

    /// Whether a job of an array is known to be over, or was never handed in.
    ///
    /// - Parameters:
    ///   - index: nil for all of the array.
    ///   - isNumbered: whether the system has given the array a number: before, it may not know it yet.
    ///   - cluster: where the array was handed in.
    ///   - user: whose it is.
    /// - Returns: nil where nobody here can say.
    package static func isOver(
        _ nonce: String, _ index: Int?, isNumbered: Bool, system name: String, cluster: String, user: String
    ) -> Bool? {
        // Sites may hide the jobs of others.
        guard user == Environment.userName, let system = system(named: name),
            cluster.isEmpty || self.cluster(of: system) == cluster
        else { return nil }
        let now = Monotonic.seconds
        let (known, asked) = state.withLock { state in
            // A look from before it had its number says nothing of it after that.
            let key = isNumbered ? nonce : "\(nonce)?"
            let asked = state.firstAsked[key] ?? now
            state.firstAsked[key] = asked
            return (state.looks[name], asked)
        }
        func states(_ look: Look) -> [BatchEntry.State] {
            guard let index else { return Array((look.entries[TextKey(nonce)] ?? [:]).values) }
            return [look.entries[TextKey(nonce)]?[index]].compactMap(\.self)
        }
        var look = known
        // One that was asked before the array was handed in does not know it.
        if look.map({ now - $0.began > lifetime || states($0).isEmpty && $0.began < asked }) ?? true {
            look = ask(system)
        }
        guard let look, look.isKnown else { return nil }
        return !states(look).contains { $0 == .waiting || $0 == .running }
    }

    private static func ask(_ system: any BatchSystem) -> Look {
        let began = Monotonic.seconds
        var entries: TextMap<[Int: BatchEntry.State]> = [:]
        var isKnown = true
        do throws(BatchError) {
            for entry in try system.queue(of: Environment.userName) where !entry.nonce.isEmpty {
                entries[entry.nonce, default: [:]][entry.job.index] = entry.state
            }
        } catch { isKnown = false }
        let look = Look(began: began, entries: entries, isKnown: isKnown)
        state.withLock { $0.looks[system.name] = look }
        return look
    }

    /// The cluster that commands of this process reach; empty where nobody says.
    package static func cluster(of system: any BatchSystem) -> String {
        if let known = state.withLock({ $0.clusters[system.name] }) { return known }
        let found = (try? system.site())?.cluster ?? ""
        state.withLock { $0.clusters[system.name] = found }
        return found
    }
}
