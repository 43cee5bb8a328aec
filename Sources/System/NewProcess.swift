import CSystemShim
import Text

/// What a process is started with: these descriptors and no others. -1 is `/dev/null`.
package struct NewProcess: Sendable {
    package var input: Int32 = -1
    package var output: Int32 = -1
    package var error: Int32 = -1
    /// A descriptor that stays open in it, and its number there (-1: the same).
    var kept: Int32 = -1
    var keptAs: Int32 = -1
    /// Up to here, descriptors that are not close-on-exec stay open too.
    var keptLast: Int32 = -1
    /// Whether it starts a session of its own.
    var startsSession = false
    var diesWithParent = false
    /// Where it notes itself before it runs anything.
    var record: Record?

    package init(
        input: Int32 = -1, output: Int32 = -1, error: Int32 = -1, kept: Int32 = -1, keptAs: Int32 = -1,
        keptLast: Int32 = -1, startsSession: Bool = false, diesWithParent: Bool = false, record: Record? = nil
    ) {
        self.input = input
        self.output = output
        self.error = error
        self.kept = kept
        self.keptAs = keptAs
        self.keptLast = keptLast
        self.startsSession = startsSession
        self.diesWithParent = diesWithParent
        self.record = record
    }

    /// A file, and what is written to it: `head`, the pid, `middle`, the start time, `tail`.
    package struct Record: Sendable {
        let path: String
        let head: String
        let middle: String
        let tail: String

        package init(path: String, head: String, middle: String, tail: String) {
            self.path = path
            self.head = head
            self.middle = middle
            self.tail = tail
        }
    }

    /// Calls a function with the same as C has it.
    ///
    /// - Returns: what it gives, and whether the record could not be written.
    func call(
        _ start: (inout xsys_process) -> Int32
    ) -> (result: Int32, recordFailed: Bool) {
        var process = unsafe xsys_process(
            input: input, output: output, error: error, kept: kept, kept_as: keptAs, kept_last: keptLast,
            session: startsSession, dies_with_parent: diesWithParent, record: nil, head: nil, middle: nil,
            tail: nil, record_failed: false)
        guard let record else { return unsafe (start(&process), false) }
        let result = unsafe record.path.withCString { path in
            unsafe record.head.withCString { head in
                unsafe record.middle.withCString { middle in
                    unsafe record.tail.withCString { tail in
                        unsafe process.record = path
                        unsafe (process.head, process.middle, process.tail) = (head, middle, tail)
                        return unsafe start(&process)
                    }
                }
            }
        }
        return unsafe (result, process.record_failed)
    }
}
