import Inventory
import Store
import Text

/// What is shown of a job beyond its row, of the rows that somebody sees: how far it is, and which line of its
/// output says why it failed.
///
/// Belongs to one thread.
package struct RowDetails {
    private var progress: [Int: (fraction: Double, text: String?)] = [:]
    /// With when the job began: a later attempt fails for a reason of its own.
    private var failures: [Int: (began: Double, line: String)] = [:]

    package init() {}

    /// How far a running job is, from 0 to 1, and what it says of it.
    package func progress(_ row: Int) -> (fraction: Double, text: String?)? { progress[row] }

    /// Empty where nothing says why.
    private func failure(_ row: Int) -> String { failures[row]?.line ?? "" }

    /// Looks at some rows.
    ///
    /// - Returns: whether anything is new.
    package mutating func refresh(_ rows: some Sequence<Int>, of run: RunWatch) -> Bool {
        var isNew = false
        var now: [Int: (fraction: Double, text: String?)] = [:]
        for row in rows {
            if run.states[row] == .running { now[row] = JobEvents.lastProgress(in: run.folder(row)) }
            if run.states[row] != .failed {
                failures[row] = nil
            } else if failures[row].map({ $0.began.bitPattern != run.began(row).bitPattern }) ?? true {
                let line = ErrorLine.of(OutputTail(run.folder(row), count: 60).lines) ?? ""
                failures[row] = (run.began(row), line)
                isNew = true
            }
        }
        let isSame =
            now.count == progress.count && now.allSatisfy { progress[$0]?.fraction == $1.fraction }
        progress = now
        return isNew || !isSame
    }

    /// What is told of a row in a line: its state's reason, with the line of its output that says more.
    package func told(_ row: Int, of run: RunWatch) -> String? {
        let failure = failure(row)
        let told =
            [.failed, .waiting, .cancelled].contains(run.states[row]) ? run.reason(row) : progress[row]?.text
        return failure.isEmpty ? told : "\(told.map { "\($0): " } ?? "")\(failure)"
    }
}
