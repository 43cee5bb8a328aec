import Store
import Synchronization
import System
import Text

/// What is in the logs of runs. Several runs may share one file (`RepeatedLog`), which is looked at once.
final class RunLogs: Sendable {
    private let workspace: Workspace
    private let known = Mutex<[FileIdentity: Known]>([:])

    private struct Known: Sendable {
        /// How many lines have an end.
        var lines: Int?
        /// The number of the first line that cannot be read, 0 where there is none.
        var damaged: Int?
    }

    init(in workspace: Workspace) { self.workspace = workspace }

    /// What of a run's log of jobs is lost: its status counts more than the log has lines. Nil where nothing
    /// is, and for one that was killed, which could not count.
    ///
    /// - Returns: without the name of the log.
    func lostJobs(inRun path: String) -> String? {
        let log = "\(path)/jobs.jsonl"
        guard let bytes = try? Files.read("\(path)/status.json", limit: 1 << 26),
            let status = try? JSON.parse(bytes), ["done", "failed"].contains(status["status"]?.string),
            case .object(let counts)? = status["counts"],
            let told = try? look(log, \.lines, { $0[...].lineCount })
        else { return nil }
        let counted = counts.reduce(0) { $0 + ($1.value.int ?? 0) }
        return told < counted
            ? "it tells of \(told) job\(told == 1 ? "" : "s"), and status.json of \(counted)"
            : nil
    }

    /// The number of the first line that cannot be read, but a last one without an end; nil where there is none.
    func damagedLine(of path: String) throws(SystemError) -> Int? {
        let isOfJobs = Paths.name(path) == "jobs.jsonl"
        let number = try look(path, \.damaged) { [workspace] bytes in
            let lines = bytes[...].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .dropLast()
            let areWhole = Parallel.map(lines.count) { index in
                guard (try? JSON.parse(Array(lines[index]))) != nil else { return false }
                if !isOfJobs { return true }
                var reader = JobLineReader(workspace)
                return reader.record(lines[index]) != nil
            }
            return areWhole.firstIndex(of: false).map { $0 + 1 } ?? 0
        }
        return number == 0 ? nil : number
    }

    private func look(
        _ path: String, _ place: any WritableKeyPath<Known, Int?> & Sendable, _ find: ([UInt8]) -> Int
    ) throws(SystemError) -> Int {
        guard let identity = Files.identity(path) else { return find(try Files.read(path)) }
        if let found = known.withLock({ $0[identity]?[keyPath: place] }) { return found }
        let found = find(try Files.read(path))
        known.withLock { $0[identity, default: Known()][keyPath: place] = found }
        return found
    }
}
