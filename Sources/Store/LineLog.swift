import Glibc
import Synchronization
package import System
package import Text

/// A file of JSON lines that is only appended to: lines are written as wholes.
package final class LineLog: Sendable {
    private let path: String
    private let descriptor: Descriptor
    private let state: Mutex<State>

    private struct State: Sendable {
        /// Lines that can wait.
        var pending: [UInt8] = []
        /// Whether a line could not be written; said once.
        var hasFailed = false
        /// Whether the file ends with a line that was cut off: it must not run into the next one.
        var isTorn = false
    }

    /// How many bytes of lines that can wait are kept back.
    private static let most = 1 << 16

    package init(_ path: String) throws(SystemError) {
        self.path = path
        descriptor = try Descriptor(writing: path, O_APPEND)
        var state = State()
        state.isTorn = Self.isTorn(path)
        self.state = Mutex(state)
    }

    deinit { flush() }

    /// Whether a file ends in the middle of a line, as where its writer was killed.
    package static func isTorn(_ path: String) -> Bool {
        Files.tail(path, count: 1).flatMap(\.last).map { $0 != UInt8(ascii: "\n") } ?? false
    }

    /// Cuts a torn line off. Nobody may be writing the file.
    package static func mend(_ path: String) throws(SystemError) {
        guard isTorn(path) else { return }
        let bytes = try Files.read(path)
        let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        try Files.replace(path, with: Array(bytes[..<end]), mode: Files.permissions(path) ?? 0o666)
    }

    /// Appends a line.
    ///
    /// - Returns: the error of the first line that could not be written; nil for those after it.
    @discardableResult
    package func append(_ line: JSON, canWait: Bool = false) -> SystemError? {
        append([line], canWait: canWait)
    }

    /// Appends lines, together.
    ///
    /// - Parameter canWait: whether they may be lost with this process: what they tell is known elsewhere.
    ///   Lines stay in order.
    @discardableResult
    package func append(_ lines: [JSON], canWait: Bool = false) -> SystemError? {
        state.withLock { state in
            for line in lines { line.writeLine(to: &state.pending) }
            return canWait && state.pending.count < Self.most ? nil : write(&state)
        }
    }

    /// Appends a line whose bytes are known.
    func append(bytes: [UInt8], canWait: Bool) -> SystemError? {
        state.withLock { state in
            state.pending += bytes
            state.pending.append(UInt8(ascii: "\n"))
            return canWait && state.pending.count < Self.most ? nil : write(&state)
        }
    }

    /// Appends bytes of another log, with the ends of their lines.
    func append(whole bytes: [UInt8]) -> SystemError? {
        state.withLock { state in
            state.pending += bytes
            return write(&state)
        }
    }

    /// Writes the lines that were kept back.
    @discardableResult
    package func flush() -> SystemError? { state.withLock { write(&$0) } }

    private func write(_ state: inout State) -> SystemError? {
        if state.pending.isEmpty { return nil }
        defer { state.pending.removeAll(keepingCapacity: true) }
        do throws(SystemError) {
            let start: [UInt8] = state.isTorn ? [UInt8(ascii: "\n")] : []
            try descriptor.write(start + state.pending, path: path)
            state.isTorn = false
            return nil
        } catch {
            state.isTorn = true
            defer { state.hasFailed = true }
            return state.hasFailed ? nil : error
        }
    }
}
