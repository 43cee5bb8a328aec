import Text

/// What Slurm's commands print.
enum SlurmText {
    // MARK: Queue

    /// Array, index, state, reason, expected start, comment: of `squeue -o`. The comment is last, as it may
    /// hold anything.
    static let queueFormat = "%F|%K|%T|%r|%S|%k"

    static func queue(_ text: String) -> [BatchEntry] {
        text.lines.compactMap { line in
            let parts = line.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false)
            guard parts.count == 6, let job = job(parts[0], parts[1]) else { return nil }
            let state = state(String(parts[2]), exit: "")
            let reason = ["None", "(null)", ""].contains(parts[3]) ? "" : String(parts[3])
            let start = ["N/A", "(null)", ""].contains(parts[4]) ? nil : String(parts[4])
            return BatchEntry(
                job: job, nonce: parts[5] == "(null)" ? "" : String(parts[5]), state: state, reason: reason,
                start: state == .waiting ? start : nil)
        }
    }

    /// - Returns: nil for what is no job of an array: those are none of xpm's.
    private static func job(_ array: Substring, _ index: Substring) -> BatchJob? {
        guard !array.isEmpty, array.utf8.allSatisfy(\.isDigit), let index = Int(index), index >= 0 else {
            return nil
        }
        return BatchJob(array: String(array), index: index)
    }

    // MARK: Accounting

    /// Job, state, exit code: of `sacct -P -o`.
    static let accountFormat = "JobID,State,ExitCode"

    /// Of several lives of one job the last counts.
    static func accounts(_ text: String) -> [BatchEntry] {
        var found: [BatchJob: BatchEntry] = [:]
        for line in text.lines {
            let parts = line.split(separator: "|", omittingEmptySubsequences: false)
            guard parts.count >= 3, let (array, index) = parts[0].cut(at: "_"), let job = job(array, index)
            else { continue }
            found[job] = BatchEntry(job: job, state: state(String(parts[1]), exit: parts[2]))
        }
        return found.values.sorted { ($0.job.array, $0.job.index) < ($1.job.array, $1.job.index) }
    }

    // MARK: States

    /// The states of squeue(1) and sacct(1). One that is not known, of a version to come, is of a job that
    /// goes on: its end will be told otherwise.
    ///
    /// - Parameter exit: `3:0`, exit code and signal.
    static func state(_ text: String, exit: Substring) -> BatchEntry.State {
        let word = text.split(separator: " ").first.map(String.init) ?? ""
        let parts = exit.split(separator: ":").map { Int32($0) }
        let (code, signal) = parts.count == 2 ? (parts[0], parts[1]) : (nil, nil)
        func ended(_ reason: BatchEnd.Reason) -> BatchEntry.State {
            .ended(BatchEnd(reason, text, exitCode: code, signal: signal.flatMap { $0 > 0 ? $0 : nil }))
        }
        // `sacct` marks what it has cut with a plus.
        return switch word.before("+").map(String.init) ?? word {
        case "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT",
            "RESV_DEL_HOLD":
            .waiting
        case "COMPLETED", "FAILED": ended(.ended)
        case "CANCELLED": ended(.cancelled)
        case "TIMEOUT", "DEADLINE": ended(.timeout)
        case "OUT_OF_MEMORY", "OUT_OF_ME": ended(.memory)
        case "NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "REVOKED", "LAUNCH_FAILED": ended(.lost)
        default: .running
        }
    }

    // MARK: Site and errors

    /// Of `scontrol show config`.
    static func site(_ text: String) -> BatchSite {
        var site = BatchSite()
        for line in text.lines {
            guard let (key, value) = line.cut(at: "=") else { continue }
            switch key.trimmed {
            case "ClusterName": site.cluster = String(value.trimmed)
            // The highest index is one less, and the first is 0.
            case "MaxArraySize": site.longestArray = max(1, Int(value.trimmed) ?? 1000)
            default: continue
            }
        }
        return site
    }

    /// Of `sbatch --parsable`: `12`, or `12;cluster`. A site's own filter may print more.
    static func number(_ text: String) -> String? {
        for line in text.lines.reversed() {
            let number = line.trimmed.split(separator: ";").first ?? ""
            if !number.isEmpty, number.utf8.allSatisfy(\.isDigit) { return String(number) }
        }
        return nil
    }

    /// Of `sbatch --test-only`: `Job 12 to start at 2026-11-29T16:00:00 using 1 processors on nodes n1 …`.
    static func start(_ text: String) -> String? {
        text.cut(at: " to start at ")?.after.split(separator: " ").first.map(String.init)
    }

    /// A path as `--output` takes it: a percent sign would begin a pattern (sbatch(1), filename pattern).
    static func escaped(_ path: String) -> String { path.replacing("%", with: "%%") }

    /// Partition, cores, MiB, other resources, time limit, availability: of `sinfo -o`, a line for nodes that are
    /// alike.
    static let partitionFormat = "%P|%c|%m|%G|%l|%a"

    static func partitions(_ text: String) -> [BatchPartition] {
        var found: [BatchPartition] = []
        for line in text.lines {
            let parts = line.split(separator: "|", omittingEmptySubsequences: false)
            // What is down takes no jobs.
            guard parts.count == 6, !parts[0].isEmpty, parts[5] == "up" else { continue }
            let isUsual = parts[0].hasSuffix("*")
            let one = BatchPartition(
                name: String(isUsual ? parts[0].dropLast() : parts[0]), cores: count(parts[1]),
                memory: count(parts[2]), gpus: gpus(parts[3]), duration: seconds(parts[4]))
            if let index = found.firstIndex(where: { $0.name == one.name }) {
                found[index].cores = max(found[index].cores, one.cores)
                found[index].memory = max(found[index].memory, one.memory)
                found[index].gpus = max(found[index].gpus, one.gpus)
            } else {
                found.insert(one, at: isUsual ? 0 : found.count)
            }
        }
        return found
    }

    /// `64`, or `64+` where some have more.
    private static func count(_ text: Substring) -> Int { Int(text.prefix(ofBytes: \.isDigit)) ?? 0 }

    /// `gpu:a100:4(S:0-1),gpu:t4:2`: how many of all kinds.
    static func gpus(_ text: Substring) -> Int {
        text.split(separator: ",").reduce(0) { sum, one in
            guard one.hasPrefix("gpu:") else { return sum }
            let plain = one.cut(at: "(")?.before ?? one
            return sum + (plain.split(separator: ":").last.flatMap { Int($0) } ?? 0)
        }
    }

    /// `2-12:00:00`, `12:00:00`, `30:00`; nil for `infinite`.
    static func seconds(_ text: Substring) -> Double? {
        let (days, clock) = text.cut(at: "-").map { (Int($0.before), $0.after) } ?? (0, text)
        let parts = clock.split(separator: ":").map { Int($0) }
        guard let days, parts.count >= 2, parts.allSatisfy({ $0 != nil }) else { return nil }
        let seconds = parts.reduce(0) { $0 * 60 + ($1 ?? 0) }
        return Double(days * 86_400 + seconds)
    }

    /// What went wrong, by the words of the command.
    static func error(_ text: String, of program: String) -> BatchError {
        let told = text.lines.map { line in
            (line.after("\(program): error: ") ?? line.after("\(program): ") ?? line[...]).trimmed
        }.filter { !$0.isEmpty }.map(String.init)
        let message =
            "\(program): \(told.isEmpty ? "it failed without a word" : told.joined(separator: "; "))"
        func says(_ words: [String]) -> Bool { words.contains { message.contains($0) } }
        if says(full) { return .full(message) }
        if says(unreachable) { return .unreachable(message) }
        if says(refused) { return .refused(message) }
        // What nobody has heard of may pass.
        return .unreachable(message)
    }

    /// Of the limits on how many jobs a user may have (sacctmgr(1), MaxSubmitJobs; slurm.conf(5),
    /// MaxJobCount).
    private static let full = [
        "MaxSubmitJob", "MaxSubmitPU", "MaxSubmitPA", "GrpSubmitJob", "job submit limit",
        "Slurm temporarily unable to accept job", "JobSubmitLimit",
    ]
    private static let unreachable = [
        "Socket timed out", "Unable to contact slurm controller", "Connection refused", "Zero Bytes",
        "Unable to establish", "temporarily unavailable",
    ]
    private static let refused = [
        "nvalid", "not available", "not permitted", "Access/permission denied", "violates", "nrecognized",
        "exceed", "Unable to open file", "Memory specification can not be satisfied", "ambiguous",
        "requires an argument", "Could not establish a configuration source",
    ]
}
