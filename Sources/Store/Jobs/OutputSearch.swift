import CSystemShim
import Glibc
import System
package import Text

extension JobLog {
    /// A result that is found in the output of a program: the last match counts.
    package struct Pattern: Sendable, Equatable {
        package let name: String
        package let text: String
        private let pattern: LuaPattern

        package init(name: String, _ text: String) throws(LuaPattern.Malformed) {
            self.name = name
            self.text = text
            pattern = try LuaPattern(text)
        }

        /// What every match has in it.
        fileprivate var required: [UInt8] { pattern.required }

        fileprivate func lastCapture(
            in line: ArraySlice<UInt8>, _ budget: inout LuaPattern.Budget
        ) -> ArraySlice<UInt8>? { pattern.lastCapture(in: line, &budget) }
    }
}

/// Looks for the last match of patterns in what a program wrote, from the end of a file to its start: most
/// logs are read no further than a block. A line ends with a line feed or, as a progress bar's, a carriage
/// return.
struct OutputSearch {
    /// Of each pattern: what was found, whether it is looked for still, and how much it has cost.
    private struct Wanted {
        let pattern: JobLog.Pattern
        var text: String?
        /// On so many lines it took too long.
        var slowLines = 0
        /// Steps of matching that are left.
        var steps = 0
        var isLeft: Bool { text == nil && slowLines < OutputSearch.mostSlowLines }

        mutating func tooSlow(_ name: String, _ warn: (String) -> Void) {
            slowLines = steps <= 0 ? OutputSearch.mostSlowLines : slowLines + 1
            // What comes before it in the file may not be the last.
            text = nil
            let what = "the pattern of '\(pattern.name)' takes too long on a line of \(name)"
            if slowLines == 1 { warn("\(what): it was not searched to its end") }
            if !isLeft { warn("\(what), and on others: there is no such result") }
        }
    }

    private var wanted: [Wanted]

    /// On so many lines a pattern may take too long before it is given up.
    private static let mostSlowLines = 20
    /// Bytes that are read at once.
    private static let block = 1 << 20
    /// Of a longer line the end is looked at by itself.
    private static let longestLine = 1 << 20

    init(_ patterns: [JobLog.Pattern]) { wanted = patterns.map { Wanted(pattern: $0) } }

    /// The patterns that fit no line.
    var unfound: [JobLog.Pattern] { wanted.filter { $0.text == nil && $0.slowLines == 0 }.map(\.pattern) }

    /// What was found, by the names of the patterns.
    var found: [(name: String, text: String)] {
        wanted.compactMap { one in one.text.map { (one.pattern.name, $0) } }
    }

    /// Searches a file; one that is not there has nothing. What was found before stays.
    ///
    /// - Returns: false where it was interrupted.
    mutating func search(
        _ path: String, isInterrupted: () -> Bool, warn: (String) -> Void
    ) throws(SystemError) -> Bool {
        let file: Descriptor
        do throws(SystemError) { file = try Descriptor(reading: path) } catch { return true }
        var position = Int(lseek(file.number, 0, SEEK_END))
        for index in wanted.indices { wanted[index].steps = 200_000_000 + min(position, 1 << 50) * 20 }
        // The beginning of a line, of which the rest was read with the block behind this one.
        var rest: [UInt8] = []
        while position > 0, wanted.contains(where: \.isLeft) {
            if isInterrupted() { return false }
            let count = min(Self.block, position)
            position -= count
            var bytes = try file.read(at: position, count: count, path: path) + rest
            rest = []
            if position > 0 {
                if let end = bytes.firstIndex(where: { $0 == 0x0a || $0 == 0x0d }) {
                    rest = Array(bytes[..<end])
                    bytes.removeSubrange(...end)
                } else if bytes.count < Self.longestLine {
                    rest = bytes
                    continue
                }
            }
            // Colours may stand between a name and its number.
            if Self.contains(0x1b, bytes) { bytes = Array(TerminalText.plain(bytes[...])) }
            for index in wanted.indices where wanted[index].isLeft {
                guard look(for: index, in: bytes, Paths.name(path), isInterrupted, warn) else { return false }
            }
        }
        return true
    }

    /// The last line of a block in which a pattern is found.
    ///
    /// - Returns: false where it was interrupted.
    private mutating func look(
        for index: Int, in bytes: [UInt8], _ name: String, _ isInterrupted: () -> Bool,
        _ warn: (String) -> Void
    ) -> Bool {
        var one = wanted[index]
        defer { wanted[index] = one }
        let (pattern, required) = (one.pattern, one.pattern.required)
        var (end, count) = (bytes.count, 0)
        while one.isLeft, let line = Self.lastLine(in: bytes, before: end, with: required) {
            end = line.lowerBound
            var budget = LuaPattern.Budget(for: line.count)
            let most = budget.steps
            if let capture = pattern.lastCapture(in: bytes[line], &budget) {
                one.text = String(decoding: capture, as: UTF8.self)
                if let whole = Self.numberAround(capture, in: bytes[line]) {
                    warn(
                        "the pattern of '\(pattern.name)' takes '\(one.text ?? "")' of '\(whole)': \(LuaPattern.number) takes a whole number"
                    )
                }
            }
            one.steps -= most - budget.steps
            if budget.isSpent || one.steps <= 0 { one.tooSlow(name, warn) }
            count += 1
            if count % 256 == 0 || budget.isSpent, isInterrupted() { return false }
        }
        return true
    }

    /// The number of which a capture has only a part.
    private static func numberAround(_ capture: ArraySlice<UInt8>, in line: ArraySlice<UInt8>) -> String? {
        let hasSign = capture.first.map { "+-".utf8.contains($0) } ?? false
        let capture = capture.dropFirst(hasSign ? 1 : 0)
        guard let first = capture.first, let last = capture.last, first.isDigit || first == 0x2e,
            last.isDigit,
            capture.allSatisfy({ $0.isDigit || $0 == 0x2e })
        else { return nil }
        var start = capture.startIndex
        let isSign = !hasSign && start > line.startIndex && line[start - 1] == UInt8(ascii: "-")
        // `fold-3` has a hyphen, `loss -3` a sign.
        if isSign,
            start - 1 == line.startIndex
                || !(line[start - 2].isDigit || (0x61...0x7a).contains(line[start - 2] | 0x20))
        {
            start -= 1
        }
        guard let end = LuaPattern.endOfNumber(in: line, from: start) else { return nil }
        if end > capture.endIndex || start < capture.startIndex {
            return String(decoding: line[start..<end], as: UTF8.self)
        }
        return longerNumber(around: capture, in: line)
    }

    /// What a program may have meant as one number: `1,234.5`, `1_000`, `1.0D+05`, `0x10`, `3.2.1`; or the
    /// number of which only the end was taken. `12ms` is a number with a unit.
    private static func longerNumber(around capture: ArraySlice<UInt8>, in line: ArraySlice<UInt8>) -> String?
    {
        func at(_ place: Int) -> UInt8 { line.indices.contains(place) ? line[place] : 0 }
        let (start, end) = (capture.startIndex, capture.endIndex)
        let follows: Bool
        switch at(end) {
        case UInt8(ascii: ","): follows = (1...3).allSatisfy { at(end + $0).isDigit } && !at(end + 4).isDigit
        case UInt8(ascii: "_"), UInt8(ascii: "."): follows = at(end + 1).isDigit
        case UInt8(ascii: "d"), UInt8(ascii: "D"):
            let next = at(end + 1)
            follows = next.isDigit || "+-".utf8.contains(next) && at(end + 2).isDigit
        case UInt8(ascii: "x"), UInt8(ascii: "X"): follows = capture.elementsEqual("0".utf8)
        default: follows = false
        }
        let precedes = at(start - 1).isDigit || at(start - 1) == UInt8(ascii: ".") && at(start - 2).isDigit
        guard follows || precedes else { return nil }
        func isOfNumber(_ byte: UInt8) -> Bool {
            byte.isDigit || (0x61...0x7a).contains(byte | 0x20) || "._,+-".utf8.contains(byte)
        }
        let left = line[..<start].reversed().prefix { $0.isDigit || "._,".utf8.contains($0) }.count
        let right = line[end...].prefix(while: isOfNumber).count
        return String(decoding: line[(start - left)..<(end + right)], as: UTF8.self)
    }

    private static func contains(_ byte: UInt8, _ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe memchr(start, Int32(byte), buffer.count) != nil
        }
    }

    /// The last line before a position that has some bytes in it.
    private static func lastLine(
        in bytes: [UInt8], before end: Int, with required: [UInt8]
    ) -> Range<Int>? {
        var (start, stop) = (0, end)
        let isFound = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe required.withUnsafeBufferPointer { required in
                guard let text = bytes.baseAddress else { return false }
                return unsafe xsys_last_line(text, end, required.baseAddress, required.count, &start, &stop)
            }
        }
        return isFound ? start..<stop : nil
    }
}
