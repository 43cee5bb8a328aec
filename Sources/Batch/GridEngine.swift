import System
import Text

/// Sun Grid Engine, and what came of it, by `qsub`, `qstat`, `qacct`, `qdel` and `qconf`.
///
/// Its arrays count from 1, xpm's places from 0. The manual pages of 8.1.9 say what is relied on.
package struct GridEngine: BatchSystem {
    package init() {}

    package var name: String { "sge" }
    package var title: String { "Grid Engine" }

    package var words: (index: String, name: String) {
        (#""$((SGE_TASK_ID - 1))""#, #""${JOB_ID}_$((SGE_TASK_ID - 1))""#)
    }

    package var forgetsDeleted: Bool { true }
    /// It writes what it accounts for every 15 s (sge_conf(5), flush_time).
    package var accountLag: Double { 30 }

    /// Its jobs of several hosts are started by parallel environments, which each site makes its own way.
    package var spansNodes: Bool { false }
    package func spread(over _: BatchAsk) -> [String] { [] }
    package func options(after array: String) -> [String]? { ["-hold_jid", array] }
    package func nodes() -> [String] { [] }

    // MARK: Commands

    private func run(_ arguments: [String]) throws(BatchError) -> String {
        // What this process has of a job that it may be in is none of xpm's.
        let environment = EnvironmentBlock.current.removing { $0.hasPrefix("JOB_") || $0 == "SGE_TASK_ID" }
        return try BatchCommand.run(
            arguments, environment: environment.setting([("LC_ALL", "C")]), problem: GridEngineText.error)
    }

    package func site() throws(BatchError) -> BatchSite {
        var site = BatchSite()
        for line in try run(["qconf", "-sconf"]).lines {
            let words = line.split(separator: " ")
            guard words.first == "max_aj_tasks", let most = words.last.flatMap({ Int($0) }), most > 0 else {
                continue
            }
            site.longestArray = most
        }
        return site
    }

    package func partitions() throws(BatchError) -> [BatchPartition] {
        GridEngineText.queues(try run(["qstat", "-f"]))
    }

    package func options(for need: BatchAsk) -> [String] {
        var options: [String] = []
        if let partition = need.partition { options += ["-q", partition] }
        if need.gpus > 0 { options += ["-l", "gpu=\(need.gpus)"] }
        if let limit = need.limit { options += ["-l", "h_rt=\(Int(limit.rounded(.up)))"] }
        // Its slots of one host have a name that each site chooses.
        var environment = "smp"
        for option in need.more {
            guard let option = option.after("--") else {
                options.append(option)
                continue
            }
            let (word, value) = option.cut(at: "=").map { ($0.before, [String($0.after)]) } ?? (option, [])
            let name = Self.flag(word)
            if name == "pe", let own = value.first {
                environment = own
            } else {
                options += ["-\(name)"] + value
            }
        }
        if let cores = need.cores, cores > 1 { options += ["-pe", environment, String(cores)] }
        return options
    }

    /// What it asks for is looked at by xpm itself: a limit of the system's counts memory that nobody uses.
    package func options(memory: Int64) -> [String] { ["-l", "mem_free=\((memory + 1023) / 1024)K"] }

    package func owns(option: String) -> Bool {
        let name = Self.flag((option.cut(at: "=")?.before ?? option[...]).drop { $0 == "-" })
        return ["t", "N", "wd", "cwd", "o", "e", "j", "S", "notify", "terse", "sync", "hold_jid", "V"]
            .contains(name)
    }

    /// As qsub writes it: `hold_jid`.
    private static func flag(_ word: Substring) -> String { word.replacing("-", with: "_") }

    /// The error state, from which only somebody's `qmod -cj` leads.
    package func isHopeless(_ reason: String) -> Bool { reason.hasPrefix("Eqw") }

    package func submit(_ array: BatchArray) throws(BatchError) -> String {
        let range = array.indices
        let arguments =
            [
                "qsub", "-terse", "-t", "\(range.lowerBound + 1)-\(range.upperBound)", "-N",
                GridEngineText.name(ofNonce: array.nonce), "-wd", array.folder, "-o", array.log, "-j", "y",
                // A signal comes before the end; nothing is begun again by itself.
                "-S", "/bin/sh", "-notify", "-r", "n",
            ] + (array.exportsEnvironment ? ["-V"] : []) + array.options + [array.script]
        let told = try run(arguments)
        guard let number = GridEngineText.number(told) else {
            throw .unreachable("qsub answered '\(told.trimmed)', which is no number of a job")
        }
        return number
    }

    /// It does not tell.
    package func start(of _: [String]) throws(BatchError) -> String? { nil }

    package func queue(of user: String?) throws(BatchError) -> [BatchEntry] {
        GridEngineText.queue(try run(["qstat", "-xml", "-g", "d", "-u", user ?? "*"]))
    }

    package func ended(_ jobs: [BatchJob]) throws(BatchError) -> [BatchEntry] {
        let wanted = Set(jobs)
        var found: [BatchEntry] = []
        for array in TextSet(jobs.map(\.array)).ordered {
            // It knows nothing of jobs that ended a moment ago, and at some sites of none.
            guard let text = try? run(["qacct", "-j", array]) else { continue }
            found += GridEngineText.accounts(text, array).filter { wanted.contains($0.job) }
        }
        return found
    }

    package func cancel(_ jobs: [BatchJob]) throws(BatchError) {
        try inPieces(jobs, of: 200) { some throws(BatchError) in
            do throws(BatchError) {
                _ = try run(["qdel"] + some.map { "\($0.array).\($0.index + 1)" })
            } catch {
                // What has ended meanwhile is an error of qdel's.
                guard case .refused = error else { throw error }
            }
        }
    }
}

/// What Grid Engine's commands print.
enum GridEngineText {
    private static let prefix = "xpm-"

    /// The name of an array: the queue tells nothing else of xpm's.
    static func name(ofNonce nonce: String) -> String { prefix + nonce }

    /// `5.1-3:1` is array 5.
    static func number(_ text: String) -> String? {
        guard let line = text.lines.last(where: { !$0.isBlank })?.trimmed else { return nil }
        let digits = line.prefix(ofBytes: \.isDigit)
        let rest = line.dropFirst(digits.utf8.count)
        return digits.isEmpty || !(rest.isEmpty || rest.hasPrefix(".")) ? nil : String(digits)
    }

    /// The tasks of `qstat -xml -g d`, an element a line.
    static func queue(_ text: String) -> [BatchEntry] {
        var found: [BatchEntry] = []
        var fields: TextMap<String> = [:]
        for line in text.lines {
            let line = line.trimmed
            if line.hasPrefix("<job_list") {
                fields = [:]
            } else if line == "</job_list>" {
                if let entry = entry(fields) { found.append(entry) }
            } else if let (name, rest) = line.after("<").flatMap({ $0.cut(at: ">") }),
                let value = rest.cut(at: "</")?.before
            {
                fields[name] = String(value)
            }
        }
        return found
    }

    private static func entry(_ fields: TextMap<String>) -> BatchEntry? {
        guard let array = fields["JB_job_number"], array.utf8.allSatisfy(\.isDigit), !array.isEmpty,
            let task = fields["tasks"].flatMap({ Int($0) }), task > 0, let word = fields["state"]
        else { return nil }
        let nonce = fields["JB_name"].flatMap { $0.after(prefix) } ?? ""
        let isWaiting = word.contains("q") || word.contains("w")
        let reason = word.contains("E") ? "\(word), the error state: qstat -j \(array) tells why" : word
        return BatchEntry(
            job: BatchJob(array: array, index: task - 1), nonce: String(nonce),
            state: isWaiting ? .waiting : .running, reason: isWaiting && word != "qw" ? reason : "")
    }

    /// Of `qacct -j` the ends that a job does not tell itself.
    static func accounts(_ text: String, _ array: String) -> [BatchEntry] {
        var found: [BatchEntry] = []
        var fields: TextMap<String> = [:]
        func close() {
            guard let task = fields["taskid"].flatMap({ Int($0) }), task > 0,
                let failed = fields["failed"], let code = Int(failed.prefix(ofBytes: \.isDigit))
            else { return }
            let reason: BatchEnd.Reason
            switch code {
            // Of its limits xpm sets one.
            case 37: reason = .timeout
            default: reason = .ended
            }
            let text = code == 0 ? "ended" : "failed \(failed.trimmed)"
            found.append(
                BatchEntry(
                    job: BatchJob(array: array, index: task - 1),
                    state: .ended(
                        BatchEnd(reason, text, exitCode: fields["exit_status"].flatMap { Int32($0) }))))
        }
        for line in text.lines {
            if line.hasPrefix("=====") {
                close()
                fields = [:]
            } else if let (name, value) = line.cut(at: " ") {
                fields[name] = String(value.trimmed)
            }
        }
        close()
        return found
    }

    /// The queues of `qstat -f`, with the slots of the host that has the most: `all.q@host BIP 0/0/4 …`.
    static func queues(_ text: String) -> [BatchPartition] {
        var found: [BatchPartition] = []
        for line in text.lines {
            let words = line.split(separator: " ")
            guard words.count >= 3, let name = words[0].cut(at: "@")?.before,
                let slots = words[2].split(separator: "/").last.flatMap({ Int($0) })
            else { continue }
            if let index = found.firstIndex(where: { $0.name == name }) {
                found[index].cores = max(found[index].cores, slots)
            } else {
                found.append(
                    BatchPartition(name: String(name), cores: slots, memory: 0, gpus: 0, duration: nil))
            }
        }
        return found
    }

    static func error(_ text: String, of program: String) -> BatchError {
        let told = text.lines.map { ($0.after("Unable to run job: ") ?? $0[...]).trimmed }
            .filter { !$0.isEmpty && $0 != "Exiting." }.map(String.init)
        let message =
            "\(program): \(told.isEmpty ? "it failed without a word" : told.joined(separator: "; "))"
        func says(_ words: [String]) -> Bool { words.contains { message.contains($0) } }
        if says(["jobs are allowed per user", "max_u_jobs", "max_jobs", "job rejected: Only"]) {
            return .full(message)
        }
        if says(["commlib error", "unable to send message", "got no connection", "unable to contact qmaster"])
        {
            return .unreachable(message)
        }
        if says([
            "rejected", "denied", "unknown", "Unknown", "not a valid", "invalid", "does not exist", "must",
        ]) {
            return .refused(message)
        }
        return .unreachable(message)
    }
}
