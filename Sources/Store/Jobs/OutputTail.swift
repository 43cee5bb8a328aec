import System
import Text

/// What a job wrote last: to standard error, or to standard output where it wrote nothing there.
package struct OutputTail: Sendable {
    /// `stderr` or `stdout`.
    package let stream: String
    package let lines: [String]

    /// - Parameter count: how many lines at most.
    package init(_ job: JobFolder, count: Int) {
        let errors = Self.lines(of: job.error, count)
        let output = errors.isEmpty ? Self.lines(of: job.output, count) : []
        (stream, lines) = output.isEmpty ? ("stderr", errors) : ("stdout", output)
    }

    /// Of a longer line so many characters are shown.
    private static let mostShown = 200

    /// The last lines of a file that are not empty; of a line that a progress bar overwrote, its last state.
    package static func lines(of path: String, _ count: Int) -> [String] {
        guard let tail = Files.tail(path, count: 16384) else { return [] }
        return String(decoding: tail, as: UTF8.self).split(separator: "\n")
            .compactMap { $0.split(separator: "\r").last.map { TerminalText.plain(String($0)) } }
            .map { TerminalText.shortened($0, to: mostShown) }
            .filter { !$0.isBlank }
            .suffix(count)
    }
}
