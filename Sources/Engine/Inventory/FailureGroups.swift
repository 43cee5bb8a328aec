/// Failed jobs that said the same at their end.
package struct FailureGroup {
    /// The last line, with what differs from job to job taken out.
    package let message: String
    package var jobs: [JobRecord]

    /// Groups failed jobs; the largest group first.
    package static func of(_ jobs: [JobRecord]) -> [FailureGroup] {
        var groups: [String: FailureGroup] = [:]
        for job in jobs where job.state == .error {
            let message = normalised(lastLine(of: job))
            groups[message, default: FailureGroup(message: message, jobs: [])].jobs.append(job)
        }
        return groups.values.sorted {
            $0.jobs.count == $1.jobs.count
                ? ByteOrder.less($0.message, $1.message) : $0.jobs.count > $1.jobs.count
        }
    }

    /// The last line of a job's standard error, or what its outcome says.
    private static func lastLine(of job: JobRecord) -> String {
        let outcome = job.outcome
        if outcome?.reason == .launch, let message = outcome?.message { return message }
        for path in [job.folder.error, job.folder.output] {
            if let line = lastLines(of: path, 1).last { return line }
        }
        return outcome?.text ?? "no output"
    }

    /// The last lines of a file that are not empty; of a line that a progress bar overwrote, its last state.
    package static func lastLines(of path: String, _ count: Int) -> [String] {
        guard let tail = Files.tail(path, count: 16384) else { return [] }
        return String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline)
            .compactMap { $0.split(separator: "\r").last.map(String.init) }
            .filter { $0.contains { !$0.isWhitespace } }
            .suffix(count)
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
