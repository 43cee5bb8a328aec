import Store
import Text

/// Failed jobs that ended for one reason, and said the same error.
package struct FailureGroup {
    /// `exit code 3`, with what differs from job to job taken out.
    package let reason: String
    /// The line with the error that they wrote (`ErrorLine`), likewise; nil where they wrote nothing, or never began.
    package let message: String?
    package var jobs: [JobRecord]

    /// `exit code 3: bad value N in PATH`
    package var text: String { message.map { "\(reason): \($0)" } ?? reason }

    /// Groups failed jobs; the largest group first.
    package static func of(_ jobs: [JobRecord]) -> [FailureGroup] {
        var groups: TextMap<FailureGroup> = [:]
        for job in jobs where job.state == .failed {
            let outcome = job.outcome
            let line =
                outcome?.reason == .launch ? nil : ErrorLine.of(OutputTail(job.folder, count: 60).lines)
            let group = FailureGroup(
                reason: outcome.map(reason) ?? "failed",
                message: line.map { normalised(TerminalText.plain($0)) }, jobs: [])
            groups[group.text, default: group].jobs.append(job)
        }
        return groups.values.sorted {
            $0.jobs.count == $1.jobs.count
                ? ByteOrder.less($0.text, $1.text) : $0.jobs.count > $1.jobs.count
        }
    }

    /// An exit code or a signal counts; sizes, and what is in messages, do not.
    private static func reason(_ outcome: Outcome) -> String {
        outcome.message == nil && outcome.reason != .memory
            ? outcome.text : normalised(TerminalText.plain(outcome.text))
    }

    /// Numbers, hexadecimal words and paths become signs: they differ between jobs that failed for one
    /// reason.
    package static func normalised(_ line: String) -> String {
        line.split(separator: " ", omittingEmptySubsequences: true).map { word in
            if word.contains("/") {
                return word.drop { $0 != "/" }.count > 1
                    ? "\(prefix(of: word))PATH\(suffix(of: word))" : String(word)
            }
            return replaceNumbers(String(word))
        }
        .joined(separator: " ")
    }

    /// `path=` of `path=/a/b`, and nothing of `a/b`.
    private static func prefix(of word: Substring) -> Substring {
        let head = word.prefix { $0 != "/" }
        guard let last = head.lastIndex(where: { "\"'([<=:".contains($0) }) else { return "" }
        return head[...last]
    }

    private static func suffix(of word: Substring) -> String {
        String(word.reversed().prefix { ":,;)]'\"".contains($0) }.reversed())
    }

    /// Whether a word without a slash is the name of a file: `mesh1.msh`.
    private static func isFile(_ word: String) -> Bool {
        guard let (stem, suffix) = word.cut(atLast: ".") else { return false }
        return stem.contains(where: \.isNumber) && (1...5).contains(suffix.count)
            && suffix.allSatisfy(\.isLetter)
    }

    /// `meshN.msh`
    private static func withoutNumbers(_ name: String) -> String {
        var out = ""
        for character in name where !(character.isNumber && out.last == "N") {
            out.append(character.isNumber ? "N" : character)
        }
        return out
    }

    private static func replaceNumbers(_ word: String) -> String {
        var out = ""
        var run = ""
        func flush() {
            // 3f2a1b9c, 0x7f732bf10410, 12.5, 1e-07.
            let digits = run.hasPrefix("0x") || run.hasPrefix("0X") ? run.dropFirst(2) : run[...]
            let isHex =
                digits.count >= (digits.count < run.count ? 1 : 8) && digits.allSatisfy(\.isHexDigit)
                && run.contains(where: \.isNumber)
            // `1.5e`, of which the exponent follows behind its sign, and `nan` are numbers too.
            let isNumber =
                run.first?.isNumber == true && run.allSatisfy { $0.isNumber || ".eE".contains($0) }
                || run.first == "." && run.count > 1 && run.dropFirst().allSatisfy(\.isNumber)
            if isHex || isNumber || ["nan", "inf", "NaN", "Infinity"].contains(run) {
                // One number: its sign, and the exponent behind the mantissa.
                if out.hasSuffix("N-") || out.hasSuffix("N+") {
                    out.removeLast()
                } else {
                    if let sign = out.last, "-+".contains(sign), !(out.dropLast().last?.isLetter ?? false) {
                        out.removeLast()
                    }
                    out += "N"
                }
            } else {
                out += isFile(run) ? withoutNumbers(run) : run
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
