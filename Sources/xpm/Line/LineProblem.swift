import System
import Text

/// What is wrong with a command line, shown at its place.
struct LineProblem: TextualError {
    private let problem: String
    private let line: String
    private let place: Range<Int>?

    /// - Parameters:
    ///   - line: as it was typed.
    ///   - place: the bytes of it that the problem is about; nil for all of it.
    init(_ problem: String, in line: String = "", at place: Range<Int>? = nil) {
        self.problem = problem
        self.line = line
        self.place = place
    }

    var text: String {
        guard var place, !line.isEmpty else { return problem }
        let bytes = Array(line.utf8)
        place = place.clamped(to: 0..<bytes.count)
        func shown(_ range: Range<Int>) -> String {
            TerminalText.line(String(decoding: bytes[range], as: UTF8.self))
        }
        // Of a long line the part around the place.
        var start = max(0, place.lowerBound - Self.around)
        var end = min(bytes.count, place.upperBound + Self.around)
        while start > 0, bytes[start] & 0xc0 == 0x80 { start -= 1 }
        while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
        let before = (start > 0 ? "…" : "") + shown(start..<place.lowerBound)
        let marked = shown(place)
        let after = shown(place.upperBound..<end) + (end < bytes.count ? "…" : "")
        let marks = String(repeating: "^", count: max(1, min(marked.columns, Self.around)))
        return
            "\(problem)\n  \(before)\(marked)\(after)\n  \(String(repeating: " ", count: before.columns))\(marks)"
    }

    /// So many bytes are shown before and after the place.
    private static let around = 60
}
