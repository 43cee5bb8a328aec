import System
import Text

/// A batch system that xpm does not know, by three commands that its users write.
///
/// Each is a text for `/bin/sh`. The one that submits gets what a job needs in variables and prints the number of
/// the array, the one that asks prints a line for each job, the one that cancels gets jobs as arguments. The texts
/// are a part of the name (`named`), so that whoever has the record of an array can ask.
package struct ProgramBatch: BatchSystem {
    private let submitCommand: String
    private let statusCommand: String
    private let cancelCommand: String
    /// Words of shell that give a job its place in its array, from 0.
    private let index: String
    private let longest: Int
    package let title: String

    /// - Parameters:
    ///   - title: how messages name it.
    ///   - longest: the most jobs of an array.
    package init(
        title: String, submit: String, status: String, cancel: String, index: String, longest: Int
    ) {
        self.title = title
        submitCommand = submit
        statusCommand = status
        cancelCommand = cancel
        self.index = index
        self.longest = longest
    }

    private static let prefix = "batch:"

    /// - Returns: nil for a name that is none of these.
    init?(named name: String) {
        guard let text = name.after(Self.prefix), let json = try? JSON.parse(Array(text.utf8)),
            let title = json["title"]?.string, let submit = json["submit"]?.string,
            let status = json["status"]?.string, let cancel = json["cancel"]?.string,
            let index = json["index"]?.string, let longest = json["array"]?.int, longest > 0
        else { return nil }
        self.init(
            title: title, submit: submit, status: status, cancel: cancel, index: index,
            longest: Int(longest))
    }

    package var name: String {
        let json: JSON = [
            "title": .string(title), "submit": .string(submitCommand), "status": .string(statusCommand),
            "cancel": .string(cancelCommand), "index": .string(index), "array": .int(Int64(longest)),
        ]
        return Self.prefix + json.text
    }

    package var words: (index: String, name: String) { (index, index) }
    package var forgetsDeleted: Bool { true }
    package var accountLag: Double { 0 }
    package var spansNodes: Bool { true }
    package func spread(over _: BatchAsk) -> [String] { [] }
    package func options(after _: String) -> [String]? { nil }

    /// The launcher's `setup` may say them: `export XPM_BATCH_NODES=n1,n2`.
    package func nodes() -> [String] {
        (Environment["XPM_BATCH_NODES"] ?? "").split(separator: ",").map(String.init)
    }

    package func site() throws(BatchError) -> BatchSite {
        var site = BatchSite()
        site.longestArray = longest
        return site
    }

    /// It does not tell.
    package func partitions() throws(BatchError) -> [BatchPartition] { [] }
    package func start(of _: [String]) throws(BatchError) -> String? { nil }
    package func ended(_: [BatchJob]) throws(BatchError) -> [BatchEntry] { [] }

    // MARK: What a job needs

    /// `cores=4`: a variable each; what is the user's own comes behind `--`.
    package func options(for need: BatchAsk) -> [String] {
        let known: [(String, String?)] = [
            ("partition", need.partition), ("cores", need.cores.map(String.init)),
            ("gpus", need.gpus > 0 ? String(need.gpus) : nil), ("nodes", need.nodes.map(String.init)),
            ("seconds", need.limit.map { String(Int($0.rounded(.up))) }),
        ]
        return known.compactMap { name, value in value.map { "\(name)=\($0)" } } + need.more
    }

    package func options(memory: Int64) -> [String] { ["memory=\(memory)"] }
    package func owns(option _: String) -> Bool { false }
    package func isHopeless(_ reason: String) -> Bool { reason.hasPrefix("never") }

    // MARK: Commands

    private func run(
        _ command: String, of what: String, _ arguments: [String] = [],
        _ variables: [(name: String, value: String)] = []
    ) throws(BatchError) -> String {
        let answer: Command.Answer
        do throws(SystemError) {
            answer = try Command(
                ["/bin/sh", "-c", command, "sh"] + arguments,
                environment: EnvironmentBlock.current.setting(variables), patience: BatchCommand.patience
            ).run()
        } catch { throw .unreachable(error.text) }
        let said = (answer.error.isEmpty ? answer.output : answer.error).lines.last { !$0.isBlank } ?? ""
        if answer.isLate {
            throw .unreachable("\(what) of \(title) did not end within \(Int(BatchCommand.patience)) s")
        }
        switch answer.code {
        case 0: return answer.output
        case 2: throw .refused("\(what) of \(title): \(said)")
        case 3: throw .full("\(what) of \(title): \(said)")
        case 126, 127: throw .refused("\(what) of \(title): \(said)")
        default: throw .unreachable("\(what) of \(title) failed with exit code \(answer.code): \(said)")
        }
    }

    package func submit(_ array: BatchArray) throws(BatchError) -> String {
        var variables: [(name: String, value: String)] = [
            ("XPM_BATCH_SCRIPT", array.script), ("XPM_BATCH_COUNT", String(array.indices.count)),
            ("XPM_BATCH_LAST", String(array.indices.upperBound - 1)),
            ("XPM_BATCH_NAME", "xpm-\(array.nonce)"), ("XPM_BATCH_LOG", array.log),
            ("XPM_BATCH_FOLDER", array.folder),
            ("XPM_BATCH_EXPORT", array.exportsEnvironment ? "all" : "none"),
        ]
        for name in ["partition", "cores", "gpus", "nodes", "seconds", "memory"] {
            let value = array.options.lazy.compactMap { $0.after("\(name)=") }.first.map(String.init) ?? ""
            variables.append(("XPM_BATCH_\(name.uppercased())", value))
        }
        let own = array.options.filter { $0.hasPrefix("-") }
        variables.append(("XPM_BATCH_OPTIONS", own.map(ShellWords.quote).joined(separator: " ")))
        let told = try run(submitCommand, of: "submit", [], variables)
        guard let number = told.lines.last(where: { !$0.isBlank })?.trimmed,
            number.utf8.allSatisfy({ $0.isLetter || $0.isDigit || ".-[]".utf8.contains($0) })
        else {
            throw .unreachable("submit of \(title) printed '\(told.trimmed)', which is no number of a job")
        }
        return String(number)
    }

    package func queue(of user: String?) throws(BatchError) -> [BatchEntry] {
        Self.queue(
            try run(statusCommand, of: "status", [], [("XPM_BATCH_USER", user ?? "")]))
    }

    /// Lines `NUMBER INDEX NAME STATE [REASON …]`; others are left out.
    static func queue(_ text: String) -> [BatchEntry] {
        text.lines.compactMap { line in
            let words = line.split(separator: " ", maxSplits: 4)
            guard words.count >= 4, let index = Int(words[1]), index >= 0, let nonce = words[2].after("xpm-"),
                let state = state(words[3])
            else { return nil }
            return BatchEntry(
                job: BatchJob(array: String(words[0]), index: index), nonce: String(nonce), state: state,
                reason: words.count > 4 ? String(words[4].trimmed) : "")
        }
    }

    private static func state(_ word: Substring) -> BatchEntry.State? {
        switch word {
        case "waiting": .waiting
        case "running": .running
        case "done", "failed": .ended(BatchEnd(.ended, String(word)))
        case "cancelled": .ended(BatchEnd(.cancelled, "cancelled"))
        case "timeout": .ended(BatchEnd(.timeout, "timeout"))
        case "memory": .ended(BatchEnd(.memory, "memory"))
        case "lost": .ended(BatchEnd(.lost, "lost"))
        default: nil
        }
    }

    package func cancel(_ jobs: [BatchJob]) throws(BatchError) {
        try inPieces(jobs, of: 200) { some throws(BatchError) in
            _ = try run(cancelCommand, of: "cancel", some.map { "\($0.array) \($0.index)" })
        }
    }
}
