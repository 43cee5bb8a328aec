import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file of JSON lines that is only appended to: a line is written at once, as a whole.
package final class LineLog: Sendable {
    private let path: String
    private let descriptor: Descriptor
    /// Whether a line could not be written; said once.
    private let hasFailed = Mutex(false)

    package init(_ path: String) throws(SystemError) {
        self.path = path
        descriptor = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_APPEND)
    }

    /// Appends a line.
    ///
    /// - Returns: the error of the first line that could not be written; nil for those after it.
    @discardableResult
    package func append(_ line: JSON) -> SystemError? { append([line]) }

    /// Appends lines, together.
    @discardableResult
    package func append(_ lines: [JSON]) -> SystemError? {
        if lines.isEmpty { return nil }
        var bytes: [UInt8] = []
        for line in lines { line.writeLine(to: &bytes) }
        do throws(SystemError) {
            try descriptor.write(bytes, path: path)
            return nil
        } catch {
            let isFirst = hasFailed.withLock { failed in
                defer { failed = true }
                return !failed
            }
            return isFirst ? error : nil
        }
    }
}
