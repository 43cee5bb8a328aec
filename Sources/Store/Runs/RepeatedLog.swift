import Glibc
import Synchronization
import System
import Text

/// A log of a run that may say what that of an earlier run says, as where all was done before: as long as it does,
/// nothing is written, and in the end both are one file with two names.
///
/// A file with two names is never changed in place: it is copied before a line follows.
final class RepeatedLog: Sendable {
    private let path: String
    private let state: Mutex<State>

    /// A line: what it says, and when that was said, which makes no difference.
    struct Line {
        /// The bytes before the time; without a time, all.
        let head: [UInt8]
        var time: Timestamp?
        /// The bytes after the time.
        var tail: [UInt8] = []

        /// As it is written.
        var bytes: [UInt8] {
            guard let time else { return head }
            return head + JSON.float(time.seconds).bytes + tail
        }

        /// Whether a line of an earlier log says this at any time.
        func isSaid(by other: ArraySlice<UInt8>) -> Bool {
            guard other.count >= head.count + tail.count, other.has(head, at: other.startIndex),
                other.has(tail, at: other.endIndex - tail.count)
            else { return false }
            return time == nil
                ? other.count == head.count
                : other[(other.startIndex + head.count)..<(other.endIndex - tail.count)].allSatisfy {
                    $0.isDigit || $0 == UInt8(ascii: ".")
                }
        }
    }

    private struct State: Sendable {
        var log: LineLog
        /// The earlier logs that have said the same so far.
        var earlier: [EarlierLog]
        /// How much of what they say is in the file by now.
        var written = 0
        /// Whether the file has the name of an earlier one.
        var isShared = false

        /// Passes a line in the earlier logs; those that say something else are left out, but for the first where
        /// all do.
        mutating func pass(_ line: Line) -> Bool {
            var fits = 0
            for place in earlier.indices where earlier[place].nextIs(line) {
                earlier.swapAt(fits, place)
                fits += 1
            }
            if fits == 0 { return false }
            if fits < earlier.count { earlier.removeLast(earlier.count - fits) }
            return true
        }
    }

    /// How many earlier runs are looked at, and how many logs of theirs that are not one.
    private static let (mostRuns, mostLogs) = (16, 3)

    /// - Parameter runs: the folders of the earlier runs, the oldest first.
    init(_ path: String, runs: [String]) throws(SystemError) {
        self.path = path
        var found: [EarlierLog] = []
        // A file that has something in it already is written on.
        if Files.size(of: path) == 0 {
            for run in runs.suffix(Self.mostRuns).reversed() where found.count < Self.mostLogs {
                guard let log = EarlierLog("\(run)/\(Paths.name(path))"),
                    !found.contains(where: { $0.identity == log.identity })
                else { continue }
                found.append(log)
            }
        }
        state = Mutex(State(log: try LineLog(path), earlier: found))
    }

    deinit { _ = end() }

    /// Appends a line.
    ///
    /// - Parameter canWait: whether it may be lost with this process.
    /// - Returns: the error of the first line that could not be written; nil for those after it.
    func append(_ line: Line, canWait: Bool) -> SystemError? {
        state.withLock { state -> SystemError? in
            if !state.earlier.isEmpty {
                if canWait, state.pass(line) { return nil }
                // Those that say something else are where they were before this line.
                let before = state.earlier[0]
                state.earlier = []
                if let failure = copy(before, &state) { return failure }
            }
            if state.isShared, let failure = detach(&state) { return failure }
            return state.log.append(bytes: line.bytes, canWait: canWait)
        }
    }

    /// Brings the file up to what was said. Where an earlier log says all of that, and no more, the file becomes a
    /// name of it.
    func flush() -> SystemError? { state.withLock { bringUp(&$0) } }

    /// Nothing follows.
    func end() -> SystemError? {
        state.withLock { state -> SystemError? in
            defer { state.earlier = [] }
            return bringUp(&state)
        }
    }

    /// From the first byte that is written, or linked, on, one earlier log counts: what is in the file is of that.
    private func bringUp(_ state: inout State) -> SystemError? {
        guard let first = state.earlier.first else { return state.log.flush() }
        if state.isShared { return nil }
        for log in state.earlier where log.isAtEnd && log.takeName(path) {
            (state.isShared, state.written, state.earlier) = (true, log.offset, [log])
            return nil
        }
        state.earlier = [first]
        return copy(first, &state) ?? state.log.flush()
    }

    /// Writes what an earlier log has said for this one, and that is not in the file yet. Where that fails, nothing
    /// is taken from earlier logs any more.
    private func copy(_ earlier: EarlierLog, _ state: inout State) -> SystemError? {
        while state.written < earlier.offset {
            let count = min(1 << 20, earlier.offset - state.written)
            let bytes: [UInt8]
            do throws(SystemError) { bytes = try earlier.bytes(at: state.written, count: count) } catch {
                state.earlier = []
                return error
            }
            if let failure = state.log.append(whole: bytes) {
                state.earlier = []
                return failure
            }
            state.written += bytes.count
        }
        return nil
    }

    /// Makes the file one that only its owner may read, and that has one name.
    func makePrivate() throws(SystemError) {
        let failure = state.withLock { state in state.isShared ? detach(&state) : nil }
        if let failure { throw failure }
        try Files.setPermissions(0o600, of: path)
    }

    /// Makes the file one of its own again.
    private func detach(_ state: inout State) -> SystemError? {
        do throws(SystemError) {
            try Files.replace(path, with: try Files.read(path), mode: Files.permissions(path) ?? 0o666)
            state.log = try LineLog(path)
        } catch { return error }
        state.isShared = false
        return nil
    }
}

/// The log of an earlier run, and how much of it was said again. It is open: the run may be removed meanwhile.
private struct EarlierLog: Sendable {
    private final class File: Sendable {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    private let file: File
    private let path: String
    let identity: FileIdentity
    /// Behind the last line that was said again.
    private(set) var offset = 0
    /// Bytes from a place on.
    private var window: [UInt8] = []
    private var start = 0

    private static let piece = 1 << 18

    /// Nil where there is none, or nothing in it.
    init?(_ path: String) {
        guard Files.kind(path, followingLinks: false) == .file else { return nil }
        do throws(SystemError) {
            let descriptor = try Descriptor(reading: path)
            guard descriptor.byteCount() > 0, let identity = descriptor.identity() else { return nil }
            self.identity = identity
            self.path = path
            file = File(descriptor)
        } catch { return nil }
    }

    var isAtEnd: Bool { offset == file.descriptor.byteCount() }

    func bytes(at place: Int, count: Int) throws(SystemError) -> [UInt8] {
        let bytes = try file.descriptor.read(at: place, count: count, path: path)
        // It was as long before.
        if bytes.isEmpty { throw SystemError("read", path, code: EIO) }
        return bytes
    }

    /// Whether the next line is this one, which is passed then.
    mutating func nextIs(_ line: RepeatedLog.Line) -> Bool {
        guard let next = nextLine(), line.isSaid(by: next) else { return false }
        offset += next.count + 1
        return true
    }

    private mutating func nextLine() -> ArraySlice<UInt8>? {
        var size = Self.piece
        while true {
            let rest = window[min(offset - start, window.count)...]
            if let end = rest.lineEnd { return rest[..<end] }
            // The last line of a log that was cut off is none.
            if !rest.isEmpty, start + window.count >= file.descriptor.byteCount() { return nil }
            guard let bytes = try? file.descriptor.read(at: offset, count: size, path: path), !bytes.isEmpty
            else { return nil }
            (window, start) = (bytes, offset)
            size *= 2
        }
    }

    /// Gives the file one more name, which takes the place of what has it.
    ///
    /// - Returns: false where that cannot be: on another disk, of another user, or with other permissions.
    func takeName(_ name: String) -> Bool {
        guard Files.identity(path) == identity, Files.permissions(path) == Files.permissions(name) else {
            return false
        }
        do throws(SystemError) { try Files.replaceByLink(name, to: path) } catch { return false }
        return true
    }
}
