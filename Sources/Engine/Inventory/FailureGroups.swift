/// Failed jobs that ended for one reason, and said the same at their end.
package struct FailureGroup {
    /// `exit code 3`, with what differs from job to job taken out.
    package let reason: String
    /// The last line that they wrote, likewise; nil where they wrote nothing, or never began.
    package let message: String?
    package var jobs: [JobRecord]

    /// `exit code 3: bad value N in PATH`
    package var text: String { message.map { "\(reason): \($0)" } ?? reason }

    /// Groups failed jobs; the largest group first.
    package static func of(_ jobs: [JobRecord]) -> [FailureGroup] {
        var groups: [String: FailureGroup] = [:]
        for job in jobs where job.state == .error {
            let outcome = job.outcome
            let line = outcome?.reason == .launch ? nil : OutputTail(job.folder, count: 1).lines.last
            let group = FailureGroup(
                reason: outcome.map(reason) ?? "failed",
                message: line.map { normalised($0) }, jobs: [])
            groups[group.text, default: group].jobs.append(job)
        }
        return groups.values.sorted {
            $0.jobs.count == $1.jobs.count
                ? ByteOrder.less($0.text, $1.text) : $0.jobs.count > $1.jobs.count
        }
    }

    /// An exit code or a signal counts; sizes, and what is in messages, do not.
    private static func reason(_ outcome: Outcome) -> String {
        outcome.message == nil && outcome.reason != .memory ? outcome.text : normalised(outcome.text)
    }

    /// Numbers, hexadecimal words and paths become signs: they differ between jobs that failed for one reason.
    static func normalised(_ line: String) -> String {
        line.split(separator: " ", omittingEmptySubsequences: true).map { word in
            if word.contains("/") {
                return word.drop { $0 != "/" }.count > 1
                    ? "\(word.prefix { $0 != "/" })PATH\(suffix(of: word))" : String(word)
            }
            return replaceNumbers(String(word))
        }
        .joined(separator: " ")
    }

    private static func suffix(of word: Substring) -> String {
        String(word.reversed().prefix { ":,;)]'\"".contains($0) }.reversed())
    }

    private static func replaceNumbers(_ word: String) -> String {
        var out = ""
        var run = ""
        func flush() {
            let isHex = run.count >= 8 && run.allSatisfy(\.isHexDigit) && run.contains(where: \.isNumber)
            if isHex || run.allSatisfy({ $0.isNumber || $0 == "." }) && run.contains(where: \.isNumber) {
                out += "N"
            } else {
                out += run
            }
            run = ""
        }
        for character in word {
            if character.isLetter || character.isNumber || character == "." {
                run.append(character)
            } else {
                flush()
                out.append(character)
            }
        }
        flush()
        return out
    }
}
