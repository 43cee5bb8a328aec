import CSystemShim
import Glibc
import Store
import System
import Text

/// The work of `xpm-job --batch`: hosts one job of an array that a batch system has, on its node.
///
///     xpm-job --batch RECORD INDEX NAME
///
/// `RECORD` is that of the array (`BatchRecord`), `INDEX` the place there, `NAME` what the system calls the job.
/// The process takes over the claim that was made for it, or leaves. Where the launcher has a `setup`, a shell
/// runs that in this very process, so that limits and variables hold for the job, and comes back here.
package enum BatchHost {
    package static let flag = "--batch"
    /// The variable that tells, after the setup, the claim; and after one that failed, its exit code.
    private static let claimVariable = "XPM_BATCH_CLAIM"
    private static let failureVariable = "XPM_BATCH_FAILED"

    /// - Returns: the exit code, and what to say.
    package static func run(_ arguments: [String], lua: @escaping LuaBody) -> (code: Int32, message: String?)
    {
        guard arguments.count == 3, let index = Int(arguments[1]), index >= 0 else {
            return (2, "--batch needs the record of an array, an index and a name")
        }
        let path = Paths.absolute(arguments[0])
        guard let record = BatchRecord.read(path) else {
            // Its submitter has given it up.
            return (0, "\(path): no record of an array: nothing to do")
        }
        xsys_expect_children()
        xsys_adopt_orphans()
        let workspace = Paths.parent(Paths.parent(path))
        LockChoice.follow(workspace)
        do throws(SystemError) {
            guard let line = try job(index, of: record, in: workspace) else {
                return (2, "\(record.jobs(in: workspace)) has no job \(index)")
            }
            var order: JobOrder
            do throws(JobOrder.Problem) { order = try JobOrder(line) } catch { return (2, error.text) }
            order.batch = .init(system: record.system, job: arguments[2])
            let host = BatchHost.Hosted(
                order: order, record: record, place: BatchHolder(nonce: record.nonce, index: index),
                workspace: workspace, arguments: arguments)
            return try host.run(lua: lua)
        } catch { return (2, error.text) }
    }

    private static func job(
        _ index: Int, of record: BatchRecord, in workspace: String
    ) throws(SystemError) -> [UInt8]? {
        let lines = try Files.read(record.jobs(in: workspace)).split(separator: UInt8(ascii: "\n"))
        return lines.indices.contains(index) ? Array(lines[index]) : nil
    }

    private struct Hosted {
        var order: JobOrder
        let record: BatchRecord
        let place: BatchHolder
        let workspace: String
        let arguments: [String]
        private var folder: JobFolder { order.folder }

        init(
            order: JobOrder, record: BatchRecord, place: BatchHolder, workspace: String, arguments: [String]
        ) {
            self.order = order
            self.record = record
            self.place = place
            self.workspace = workspace
            self.arguments = arguments
        }

        func run(lua: @escaping LuaBody) throws(SystemError) -> (code: Int32, message: String?) {
            if let claim = Environment[BatchHost.claimVariable] {
                Environment.remove(BatchHost.claimVariable)
                let lock = FileLock(
                    owning: try Descriptor(locking: folder.lock), path: folder.lock, claim: claim)
                if let code = Environment[BatchHost.failureVariable] {
                    return fail(code, holding: lock)
                }
                try? Files.remove(setupLog)
                return attempt(holding: lock, lua)
            }
            guard let lock = try FileLock.begin(folder.lock, as: place, program: folder.process) else {
                return (0, "\(order.folder.path): another process has this job by now: nothing to do")
            }
            guard let setup = record.setup, let claim = lock.claim else { return attempt(holding: lock, lua) }
            let failure = replace(by: setup, claim)
            lock.release()
            throw SystemError("start", Self.shell, code: failure)
        }

        private func attempt(
            holding lock: consuming FileLock, _ lua: @escaping LuaBody
        ) -> (code: Int32, message: String?) {
            var order = order
            if let limit = record.limit {
                order.allocation = limit
                // The job is ended here, and its end is known, before the system ends it.
                let own = max(1, limit - BatchRecord.reserve(of: limit))
                order.duration = min(order.duration ?? own, own)
            }
            let outcome = JobAttempt(order, lua: lua).run(holding: lock, output: .files, orders: -1)
            tell()
            guard let outcome, !outcome.isDone else { return (0, nil) }
            return (outcome.exitCode.flatMap { $0 > 0 ? $0 : nil } ?? 1, outcome.text)
        }

        /// Says that it has ended.
        private func tell() {
            let ends = BatchRecord.ends(record.ends, in: workspace)
            try? Files.write([], to: "\(ends)/\(place.nonce).\(place.index)")
        }

        // MARK: Setup

        private static var shell: String { Files.isExecutable("/bin/bash") ? "/bin/bash" : "/bin/sh" }

        /// Where its errors are until it is over.
        private var setupLog: String {
            "\(BatchRecord.folder(in: workspace))/\(place.nonce).\(place.index).setup"
        }

        /// Becomes the shell that runs the setup and then this program again.
        ///
        /// - Returns: an errno; not at all where it works.
        private func replace(by setup: String, _ claim: String) -> Int32 {
            let again = ([Environment.program, BatchHost.flag] + arguments).map(ShellWords.quote)
                .joined(separator: " ")
            let script = """
                exec 3>&2 2>\(ShellWords.quote(setupLog))
                trap '\(BatchHost.failureVariable)=$? exec \(again.replacing("'", with: "'\\''"))' EXIT
                set -e
                \(setup)
                set +e
                trap - EXIT
                exec 2>&3 3>&-
                exec \(again)
                """
            return ChildProcess.replace(
                [Self.shell, "-c", script],
                environment: EnvironmentBlock.current.setting([(BatchHost.claimVariable, claim)]))
        }

        private func fail(
            _ code: String, holding lock: consuming FileLock
        ) -> (code: Int32, message: String?) {
            let said = (try? Files.readText(setupLog, limit: 1 << 20)) ?? ""
            try? Files.remove(setupLog)
            let last = said.lines.last { !$0.isEmpty }.map { ": \($0)" } ?? ""
            var outcome = Outcome(
                .launch, message: "the setup of its launcher failed with exit code \(code)\(last)")
            (outcome.started, outcome.ended) = (.now, .now)
            outcome.attempt = order.attempt
            try? Files.write(Array("xpm: \(outcome.text)\n\(said)".utf8), to: folder.error)
            do throws(SystemError) { try folder.record(outcome, isDurable: order.isDurable) } catch {
                outcome.message = error.text
            }
            lock.release()
            tell()
            return (1, outcome.text)
        }
    }
}
