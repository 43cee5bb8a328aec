import Batch
import Engine
import Store
import System
import Text

/// Tries a launcher of a batch system: a tiny job in each partition.
struct SiteCheck {
    /// What came of one.
    struct Finding {
        let partition: String
        /// The node that ran it; nil where none did.
        let host: String?
        /// Seconds until it was there.
        let seconds: Double?
        let problems: [String]
    }

    let launcher: LauncherDefinition
    let system: any BatchSystem
    let workspace: Workspace
    /// Seconds that a job may take to come.
    let patience: Double

    /// Clocks that differ by more seconds are told.
    private static let mostDrift = 5.0

    /// Hands the jobs in, and waits for them.
    ///
    /// - Parameter report: told of each when it is known.
    func run(_ report: (Finding) -> Void) throws(Failure) {
        let host = try ScriptRun.jobProgram()
        let folder =
            "\(BatchRecord.folder(in: workspace.path))/check-\(Environment.hostName)-\(Environment.processID)"
        try Failure.onDisk { () throws(SystemError) in
            try workspace.createForHosts()
            try Files.makeFolder(folder, in: workspace.path)
        }
        defer { try? Files.removeTree(folder, below: workspace.path) }
        let partitions = launcher.partitions.isEmpty ? [nil] : launcher.partitions.map(Optional.some)
        var waiting: [(name: String, array: String)] = []
        for (number, partition) in partitions.enumerated() {
            let name = partition?.name ?? "(default)"
            do throws(BatchError) {
                waiting.append((name, try submit(String(number), partition, host, folder)))
            } catch {
                waiting.append((name, ""))
                report(Finding(partition: name, host: nil, seconds: nil, problems: [error.text]))
            }
        }
        let start = Monotonic.seconds
        var open = Set(waiting.indices.filter { !waiting[$0].array.isEmpty })
        while !open.isEmpty, Monotonic.seconds - start < patience {
            for number in open.sorted() {
                guard let probe = BatchProbe("\(folder)/\(number).json") else { continue }
                open.remove(number)
                report(finding(waiting[number].name, probe, after: Monotonic.seconds - start))
            }
            if !open.isEmpty { Clock.sleep(milliseconds: 100) }
        }
        let entries = open.isEmpty ? [] : (try? system.queue(of: Environment.userName)) ?? []
        for number in open.sorted() {
            let job = BatchJob(array: waiting[number].array, index: 0)
            report(
                Finding(
                    partition: waiting[number].name, host: nil, seconds: nil,
                    problems: [silence(entries.first { $0.job == job }, folder, number)]))
            try? system.cancel([job])
        }
    }

    private func submit(
        _ number: String, _ partition: LauncherDefinition.Partition?, _ host: String, _ folder: String
    ) throws(BatchError) -> String {
        var ask = BatchAsk()
        ask.partition = partition?.name
        ask.limit = 60
        ask.more = launcher.options + (partition?.options ?? [])
        let script = "\(folder)/\(number).sh"
        let setup = launcher.setup.map { "set -e\n\($0)\n" } ?? ""
        let text =
            "#!/bin/bash\n\(setup)exec \(ShellWords.quote(host)) \(BatchProbe.flag) \(ShellWords.quote(folder)) \(number)\n"
        do throws(SystemError) { try Files.write(Array(text.utf8), to: script, mode: 0o777) } catch {
            throw .refused(error.text)
        }
        return try system.submit(
            BatchArray(
                name: "xpm-check", nonce: "check\(Environment.processID)x\(number)", script: script,
                indices: 0..<1, options: system.options(for: ask), folder: workspace.path,
                log: "\(folder)/\(number).log", exportsEnvironment: launcher.exportsEnvironment))
    }

    private func finding(_ name: String, _ probe: BatchProbe, after seconds: Double) -> Finding {
        var problems: [String] = []
        if probe.version != BatchProbe.currentVersion {
            problems.append(
                "xpm-job there is of another version (\(probe.version), here \(BatchProbe.currentVersion))")
        }
        let drift = probe.time - Timestamp.now.seconds
        if abs(drift) > Self.mostDrift {
            problems.append(
                "its clock is \(NumberText.duration(abs(drift))) \(drift > 0 ? "ahead" : "behind")")
        }
        if probe.user != Environment.userName { problems.append("it ran as \(probe.user)") }
        return Finding(partition: name, host: probe.host, seconds: seconds, problems: problems)
    }

    /// Why nothing came.
    private func silence(_ entry: BatchEntry?, _ folder: String, _ number: Int) -> String {
        let said = Files.tail("\(folder)/\(number).log", count: 2000).map {
            String(decoding: $0, as: UTF8.self)
        }
        let last = said?.lines.last { !$0.isEmpty }.map { ": \($0)" } ?? ""
        switch entry?.state {
        case .waiting?:
            let reason = entry?.reason ?? ""
            return
                "it still waits after \(NumberText.duration(patience))\(reason.isEmpty ? "" : " (\(reason))"); taken back"
        case .running?: return "it runs, and nothing of it is seen here\(last)"
        default:
            return said == nil
                ? "it ended, and nothing of it is seen here: does the node see \(Paths.shown(workspace.path)) and xpm-job under the same paths?"
                : "it failed\(last)"
        }
    }
}
